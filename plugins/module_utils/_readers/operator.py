# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Subscription, ClusterServiceVersions and CRD of an operator to facts. Pure.

Fields: operator-framework/api pkg/operators/v1alpha1, SubscriptionStatus and ClusterServiceVersionStatus.
"""

from __future__ import annotations

from typing import Mapping, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import DEFINITION
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Conditions of a Subscription that say why nothing happens.
_FAILURES = (
    "ResolutionFailed",
    "BundleUnpackFailed",
    "InstallPlanFailed",
    "CatalogSourcesUnhealthy",
    "InstallPlanMissing",
)


class OperatorFacts(TypedDict):
    """How far the installation of an operator has come.

    ``ready``: the version has succeeded and its kind is served; ``version``: name of the ClusterServiceVersion that the
    Subscription has installed, or is installing, empty without one; ``message``: what is missing, or which version is ready.
    """

    ready: bool
    version: str
    message: str


def read_operator(
    subscription: Optional[Json], versions: Mapping[str, Json], definition: Optional[Json]
) -> OperatorFacts:
    """Facts of an operator by its Subscription, the ClusterServiceVersions of its namespace by name, and the
    CustomResourceDefinition of its first kind (``conventions.DEFINITION``); None for what does not exist."""
    version = installed_version(subscription)
    csv = versions.get(version) or {}
    succeeded = dig(csv, "status", "phase") == "Succeeded"
    is_served = _has_condition(definition, "Established")
    if subscription is None:
        message = "the Subscription does not exist"
    elif succeeded:
        message = f"{version} is ready" if is_served else f"the kind {DEFINITION} is not served yet"
    else:
        message = _reason(subscription, csv, version)
    return {"ready": succeeded and is_served, "version": version, "message": message}


def installed_version(subscription: Optional[Json]) -> str:
    """Name of the ClusterServiceVersion that a Subscription has installed, or is installing; empty without one."""
    status = dig(subscription, "status") or {}
    return str(status.get("installedCSV") or status.get("currentCSV") or "")


def _reason(subscription: Json, csv: Json, version: str) -> str:
    """Why the version has not succeeded: by its own status, else by the Subscription's."""
    status, csv_status = subscription.get("status") or {}, csv.get("status") or {}
    if csv_status.get("phase"):
        return ": ".join(str(part) for part in (version, csv_status["phase"], csv_status.get("message")) if part)
    for condition in status.get("conditions") or []:
        if condition.get("type") in _FAILURES and condition.get("status") == "True":
            detail = condition.get("message") or condition.get("reason")
            return ": ".join(str(part) for part in (condition["type"], detail) if part)
    if status.get("state") == "UpgradePending":
        install_plan = dig(status, "installPlanRef", "name") or "of the Subscription"
        return f"the install plan {install_plan} waits for approval"
    return f"{version} does not exist yet" if version else "no version has been found yet"


def _has_condition(obj: Optional[Json], kind: str) -> bool:
    """Whether a condition of an object is true."""
    conditions = dig(obj, "status", "conditions") or []
    return any(condition.get("type") == kind and condition.get("status") == "True" for condition in conditions)
