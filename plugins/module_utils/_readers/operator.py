# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How far the installation of an operator has come, from events of watches. Private to this collection; pure.

Fields: operator-framework/api pkg/operators/v1alpha1, SubscriptionStatus and ClusterServiceVersionStatus.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Event
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CSV, DEFINITION, SUBSCRIPTION
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Conditions of a Subscription that say why nothing happens.
_BAD = ("ResolutionFailed", "BundleUnpackFailed", "InstallPlanFailed", "CatalogSourcesUnhealthy", "InstallPlanMissing")


class Operator:
    """What is known of an operator at a moment: its Subscription, its installed version, and whether its kind is served."""

    def __init__(self, mesh: str, namespace: str, name: str) -> None:
        self.mesh, self.namespace, self.name = mesh, namespace, name
        self.subscription: Optional[Json] = None
        self.versions: Dict[str, Json] = {}
        self.served = False
        self._told = ""

    def take(self, event: Event) -> None:
        """Take in one event of a watch."""
        gone = event.type in ("DELETED", "RESET")
        if event.kind == SUBSCRIPTION:
            self.subscription = None if gone else event.object
        elif event.kind == "CustomResourceDefinition":
            self.served = not gone and _is_true(event.object, "Established")
        elif event.kind == CSV and event.type == "RESET":
            self.versions = {}
        elif event.kind == CSV:
            name = event.object["metadata"]["name"]
            self.versions.pop(name, None)
            if not gone:
                self.versions[name] = event.object

    @property
    def version(self) -> str:
        """Name of the ClusterServiceVersion that the Subscription has installed, or is installing; empty when there is none."""
        status = (self.subscription or {}).get("status") or {}
        return str(status.get("installedCSV") or status.get("currentCSV") or "")

    def complete(self) -> bool:
        """Whether the operator works and its kind is served."""
        return self.served and self._phase() == "Succeeded"

    def missing(self) -> List[str]:
        """What is still waited for, in words."""
        if self.complete():
            return []
        if self.subscription is None:
            return ["the Subscription is not there"]
        if self._phase() == "Succeeded":
            return [f"the kind {DEFINITION} is not served yet"]
        return [self._why()]

    def news(self) -> Iterator[str]:
        """One line when it is another than last time."""
        message = "; ".join(self.missing()) or f"{self.version} is there"
        if message != self._told:
            yield f"{self.mesh}: operator: {message}"
        self._told = message

    def _phase(self) -> str:
        csv = self.versions.get(self.version) or {}
        return str((csv.get("status") or {}).get("phase") or "")

    def _why(self) -> str:
        """Why the version has not succeeded: by its own status, else by the Subscription's."""
        status = (self.subscription or {}).get("status") or {}
        csv = (self.versions.get(self.version) or {}).get("status") or {}
        if csv.get("phase"):
            return ": ".join(str(one) for one in (self.version, csv["phase"], csv.get("message")) if one)
        for one in status.get("conditions") or []:
            if one.get("type") in _BAD and one.get("status") == "True":
                return ": ".join(str(part) for part in (one["type"], one.get("message") or one.get("reason")) if part)
        if status.get("state") == "UpgradePending":
            plan = ((status.get("installPlanRef") or {}).get("name")) or "of the Subscription"
            return f"the install plan {plan} waits for somebody to approve it"
        return f"{self.version} is not there yet" if self.version else "no version has been found yet"


def _is_true(obj: Json, kind: str) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(one.get("type") == kind and one.get("status") == "True" for one in conditions)
