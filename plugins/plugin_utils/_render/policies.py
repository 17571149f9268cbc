# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: rendered objects as Policies of Open Cluster Management. Pure.

The API: open-cluster-management.io/docs, Policy API concepts, ConfigurationPolicy and Placement. A Policy for the control plane and one for
each peer, so that the one of a peer that could not be read stays as it was.
"""

from __future__ import annotations

from typing import Collection, Dict, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import distinct
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._render.files import document
from ansible_collections.ossm.federation.plugins.plugin_utils._render.objects import CONTROL_PLANE, Rendered

_POLICY = "policy.open-cluster-management.io"
_PLACEMENT = "cluster.open-cluster-management.io"
#: The longest namespace and name of a Policy together (governance-policy-propagator, api/v1/policy_webhook.go).
_NAME_MAX = 62
#: What the names of files with Policies begin with.
PREFIX = "policy-"
_CONTROL_PLANE = "control-plane"


def policy_files(mesh: str, objects: List[Rendered], cluster: str, namespace: str) -> Dict[str, str]:
    """Policies in the namespace of a hub by name of the file, and a Placement that selects the managed cluster."""
    files = {"placement.yaml": document(mesh, _placement(mesh, cluster, namespace))}
    for peer_name in sorted({one.peer_name or "" for one in objects}):
        own = [one for one in objects if (one.peer_name or "") == peer_name]
        pinned = [line for one in own if one.definition["kind"] != CONTROL_PLANE for line in one.pinned]
        policy = _policy(mesh, peer_name or None, own, namespace)
        files[f"{PREFIX}{peer_name or _CONTROL_PLANE}.yaml"] = document(mesh, policy, peer_name or None, pinned)
    return files


def binding_file(mesh: str, names: Collection[str], namespace: str) -> Dict[str, str]:
    """The binding of the Policies in these files with the Placement, by name of the file."""
    policies = [name[len(PREFIX) : -len(".yaml")] for name in sorted(names) if name.startswith(PREFIX)]
    return {"placement-binding.yaml": document(mesh, _binding(mesh, policies, namespace))}


def _name(mesh: str, part: str, namespace: str) -> str:
    """The name of a Policy."""
    return distinct(f"federation-{mesh}", part, _NAME_MAX - len(namespace))


def _metadata(mesh: str, part: str, namespace: str) -> Json:
    return {"name": _name(mesh, part, namespace), "namespace": namespace}


def _policy(mesh: str, peer_name: Optional[str], objects: List[Rendered], namespace: str) -> Json:
    part = peer_name or _CONTROL_PLANE
    name = _name(mesh, part, namespace)
    waves = sorted({one.wave for one in objects})
    templates: List[Json] = []
    previous: Optional[str] = None
    if peer_name is None:
        # A Policy would create a control plane that does not exist, with nothing but our gateways.
        previous = f"{name}-exists"
        templates.append(_template(previous, [_existing(one.definition) for one in objects], "inform", None))
    for wave in waves:
        current = f"{name}-{wave}"
        templates.append(
            _template(current, [_object(one.definition) for one in objects if one.wave == wave], "enforce", previous)
        )
        previous = current
    return {
        "apiVersion": f"{_POLICY}/v1",
        "kind": "Policy",
        "metadata": _metadata(mesh, part, namespace),
        "spec": {"disabled": False, "policy-templates": templates},
    }


def _template(name: str, objects: List[Json], remediation: str, after: Optional[str]) -> Json:
    """One step: the objects of a wave, once the step before is compliant."""
    template: Json = {
        "objectDefinition": {
            "apiVersion": f"{_POLICY}/v1",
            "kind": "ConfigurationPolicy",
            "metadata": {"name": name},
            "spec": {
                "object-templates": objects,
                "pruneObjectBehavior": "None",
                "remediationAction": remediation,
                "severity": "medium",
            },
        }
    }
    if after is not None:
        template["extraDependencies"] = [
            {
                "apiVersion": f"{_POLICY}/v1",
                "kind": "ConfigurationPolicy",
                "name": after,
                "compliance": "Compliant",
            }
        ]
    return template


def _object(definition: Json) -> Json:
    """An object that must be so. Of a control plane only our fields count, of all others the whole content; labels and annotations
    that others have added stay.

    Of the metadata a ConfigurationPolicy compares labels and annotations only (config-policy-controller, handleKeys), so there is no
    UID in it.
    """
    if definition["kind"] == CONTROL_PLANE:
        meta = {key: value for key, value in definition["metadata"].items() if key != "uid"}
        return {"complianceType": "musthave", "objectDefinition": {**definition, "metadata": meta}}
    return {"complianceType": "mustonlyhave", "metadataComplianceType": "musthave", "objectDefinition": definition}


def _existing(definition: Json) -> Json:
    meta = {key: definition["metadata"][key] for key in ("name", "namespace")}
    identity = {"apiVersion": definition["apiVersion"], "kind": definition["kind"], "metadata": meta}
    return {"complianceType": "musthave", "objectDefinition": identity}


def _placement(mesh: str, cluster: str, namespace: str) -> Json:
    """The managed cluster by the label that its name has."""
    selector = {"matchLabels": {"name": cluster}}
    return {
        "apiVersion": f"{_PLACEMENT}/v1beta1",
        "kind": "Placement",
        "metadata": _metadata(mesh, "placement", namespace),
        "spec": {"predicates": [{"requiredClusterSelector": {"labelSelector": selector}}]},
    }


def _binding(mesh: str, policies: List[str], namespace: str) -> Json:
    return {
        "apiVersion": f"{_POLICY}/v1",
        "kind": "PlacementBinding",
        "metadata": _metadata(mesh, "binding", namespace),
        "placementRef": {
            "apiGroup": _PLACEMENT,
            "kind": "Placement",
            "name": _name(mesh, "placement", namespace),
        },
        "subjects": [
            {"apiGroup": _POLICY, "kind": "Policy", "name": _name(mesh, part, namespace)} for part in sorted(policies)
        ],
    }
