# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what is declared of a mesh that install.yml is to make. Pure."""

from __future__ import annotations

from typing import Any, List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Installation
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import unknown_keys

OPERATOR_NAMESPACE = "openshift-operators"
#: The Subscription as the product's documentation writes it.
SUBSCRIPTION: Json = {
    "name": "servicemeshoperator",
    "channel": "stable",
    "source": "redhat-operators",
    "sourceNamespace": "openshift-marketplace",
}
_SUBSCRIPTION_KEYS = (*SUBSCRIPTION, "installPlanApproval", "startingCSV", "config")
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
    """What one host's variables say, with defaults."""
    return {
        "wanted": bool(values.get("mesh_install", False)),
        "operator": values.get("mesh_install_operator"),
        "operator_namespace": values.get("mesh_install_operator_namespace", OPERATOR_NAMESPACE),
        "subscription": {**SUBSCRIPTION, **values.get("mesh_install_subscription", {})},
        "spec": values.get("mesh_control_plane_spec", {}),
        "members": values.get("mesh_members"),
    }


def check_installation(wish: Installation, mesh: str, namespace: str) -> List[Problem]:
    """What is wrong with it as far as that can be seen without a cluster."""
    found = unknown_keys(wish["subscription"], _SUBSCRIPTION_KEYS, mesh, "mesh_install_subscription")
    found += unknown_keys(wish["spec"], _SPEC_KEYS, mesh, "mesh_control_plane_spec")
    for fault in conventions.label_faults(wish["operator_namespace"]):
        remedy = "Set mesh_install_operator_namespace to a DNS label that fits"
        found.append(problem("name-invalid", mesh, "mesh_install_operator_namespace", fault, remedy))
    if wish["wanted"] and namespace == wish["operator_namespace"]:
        message = "the control plane would be in the operator's namespace, which the operator refuses"
        found.append(problem("install-namespace", mesh, "mesh_namespace", message, "Give the mesh a namespace of its own"))
    if dig(wish["spec"], "security", "trust", "domain") is not None:
        message, remedy = "the trust domain has a variable of its own", "Set mesh_trust_domain, and take it out here"
        found.append(problem("install-spec", mesh, "mesh_control_plane_spec.security.trust.domain", message, remedy))
    if dig(wish["spec"], "runtime", "defaults", "deployment", "autoScaling") is not None:
        # Seen on a running 2.5: pruned without a message.
        message = "the product drops it without a message"
        remedy = "Set it by component, under runtime.components, and for the gateways in mesh_ingress.runtime"
        where = "mesh_control_plane_spec.runtime.defaults.deployment.autoScaling"
        found.append(problem("install-spec", mesh, where, message, remedy))
    return found


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> Json:
    """Two dictionaries as one, ``more`` winning; lists count as one value."""
    both: Json = dict(base)
    for key, value in more.items():
        both[key] = merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return both
