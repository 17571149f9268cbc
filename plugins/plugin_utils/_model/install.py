# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the declared installation of a mesh by install.yml. Pure."""

from __future__ import annotations

from typing import Any, List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import rejection, shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import SUBSCRIPTION as SUBSCRIPTION_KEYS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Installation
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import unknown_keys

OPERATOR_NAMESPACE = "openshift-operators"
#: The Subscription as the product's documentation writes it.
SUBSCRIPTION: Json = {
    "name": "servicemeshoperator",
    "channel": "stable",
    "source": "redhat-operators",
    "sourceNamespace": "openshift-marketplace",
}
#: maistra/istio-operator pkg/apis/maistra/v2/servicemeshcontrolplane_types.go, ControlPlaneSpec.
_SPEC_KEYS = (
    "addons",
    "cluster",
    "extensionProviders",
    "gateways",
    "general",
    "meshConfig",
    "mode",
    "policy",
    "profiles",
    "proxy",
    "runtime",
    "security",
    "techPreview",
    "telemetry",
    "tracing",
    "version",
)


def installation(values: Mapping[str, Any]) -> Installation:
    """The installation in one host's variables, with defaults."""
    return {
        "wanted": bool(values.get("mesh_install", False)),
        "operator": values.get("mesh_install_operator"),
        "operator_namespace": values.get("mesh_install_operator_namespace", OPERATOR_NAMESPACE),
        "subscription": {**SUBSCRIPTION, **values.get("mesh_install_subscription", {})},
        "spec": values.get("mesh_control_plane_spec", {}),
        "members": values.get("mesh_members"),
    }


def check_installation(declared: Installation, mesh: str, namespace: str) -> List[Problem]:
    """Find what is wrong with it as far as that is visible without a cluster."""
    problems = _check_subscription(declared["subscription"], mesh)
    problems += unknown_keys(declared["spec"], _SPEC_KEYS, mesh, "mesh_control_plane_spec")
    if declared["wanted"] and namespace == declared["operator_namespace"]:
        message = f"must be another namespace than the operator's, {shown(namespace)}: the operator rejects that"
        problems.append(problem("install-namespace", mesh, "mesh_namespace", message, ""))
    domain = dig(declared["spec"], "security", "trust", "domain")
    if domain is not None:
        message, remedy = f"{shown(domain)} must be in mesh_trust_domain", "Set mesh_trust_domain, and remove it here"
        problems.append(problem("install-spec", mesh, "mesh_control_plane_spec.security.trust.domain", message, remedy))
    if dig(declared["spec"], "runtime", "defaults", "deployment", "autoScaling") is not None:
        # Seen on a running 2.5: pruned silently.
        message = "the product drops it silently; accepted under runtime.components and in mesh_ingress.runtime"
        remedy = "Set it by component, under runtime.components, and for the gateways in mesh_ingress.runtime"
        where = "mesh_control_plane_spec.runtime.defaults.deployment.autoScaling"
        problems.append(problem("install-spec", mesh, where, message, remedy))
    return problems


def _check_subscription(subscription: Mapping[str, Any], mesh: str) -> List[Problem]:
    where = "mesh_install_subscription"
    problems = unknown_keys(subscription, SUBSCRIPTION_KEYS, mesh, where)
    for key, shape in SUBSCRIPTION_KEYS.items():
        value, domain = subscription.get(key), shape.domain
        if value is not None and not domain.accepts(value):
            problems.append(rejection(domain.code, mesh, f"{where}.{key}", domain.accepted, value))
    return problems


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> Json:
    """Two dictionaries as one, ``more`` winning; a list is one value."""
    both: Json = dict(base)
    for key, value in more.items():
        both[key] = merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return both
