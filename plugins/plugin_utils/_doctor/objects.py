# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about declaration, objects, control planes and pods. Pure."""

from __future__ import annotations

import re
from typing import Dict, List

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import EGRESS, INGRESS, ROOT_KEY
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.fixes import FEDERATE, patch
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link, certificates_in, unreadable
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Direction

#: Findings that are judged by a later rung, where their evidence is.
ELSEWHERE = (
    "gateway-shared",
    "identity-kept",
    "network-view",
    "export-collision",
    "export-ports",
    "namespace-not-member",
)


def declared(link: Link) -> List[Outcome]:
    """Contradictions of the declaration, and what keeps the pair from being written."""
    return [
        Outcome(
            "failed",
            found["message"],
            found["code"],
            found["mesh"],
            found["where"],
            remedy=found["remedy"],
            is_symptom=link.watching.is_connected,
        )
        for found in link.findings
        if found["severity"] == "error" and found["code"] not in ELSEWHERE
    ] or [passed()]


def applied(link: Link) -> List[Outcome]:
    """The objects of the pair in both meshes, and the gateways that the peers name."""
    found: List[Outcome] = []
    for end, direction in link.gateways:
        if end.is_readable:
            found += _missing_objects(end) + (_wrong_gateway(end, direction) if end.peer is not None else [])
    if found:
        return found
    reason = unreadable(link)
    return [unknown(reason)] if reason else [passed()]


def _missing_objects(end: End) -> List[Outcome]:
    if end.peer is None:
        return [
            Outcome(
                "failed",
                f"{end.name} has no ServiceMeshPeer for {end.side['peer']}",
                "absent",
                end.name,
                end.place("ServiceMeshPeer"),
                remedy=FEDERATE,
            )
        ]
    return _missing_root(end)


def _missing_root(end: End) -> List[Outcome]:
    """The ConfigMap that the peer names, and its key: without it istiod does not accept a new peer."""
    chain = dig(end.peer, "spec", "security", "certificateChain") or {}
    if not end.side["config_map"] or end.peer is None:
        return []
    name = str(chain.get("name") or conventions.config_map_name(end.side["peer_name"]))
    if chain.get("kind") not in (None, "", "ConfigMap"):
        return [
            _no_root(
                end,
                "ServiceMeshPeer",
                end.side["peer_name"],
                "spec.security.certificateChain.kind",
                str(chain["kind"]),
                "ConfigMap",
            )
        ]
    live = end.live("config_maps", name)
    if live is None:
        return [_no_root(end, "ConfigMap", name, "", None, None)]
    if not certificates_in(live):
        return [
            _no_root(end, "ConfigMap", name, f"data.{ROOT_KEY}", "no certificate", f"the root of {end.side['peer']}")
        ]
    return []


def _no_root(end: End, kind: str, name: str, field: str, value: object, expected: object) -> Outcome:
    message = f"istiod of {end.name} cannot read the root of {end.side['peer']}"
    return Outcome(
        "failed", message, "root-config-map", end.name, end.place(kind, name), field, value, expected, FEDERATE
    )


#: The codes of a gateway that does not exist, and of one that is for another pair.
_MISSING: Dict[Direction, str] = {"egress": "egress-missing", "ingress": "ingress-missing"}
_DIFFERS: Dict[Direction, str] = {"egress": "egress-differs", "ingress": "ingress-differs"}


def _wrong_gateway(end: End, direction: Direction) -> List[Outcome]:
    """A peer that names a gateway which does not exist, or which is for another pair."""
    name, right = end.named_gateway(direction), end.right_gateway(direction)
    kind = EGRESS if direction == "egress" else INGRESS
    if end.peer is None or right == name:
        return []
    field = f"spec.gateways.{direction}.name"
    if right is None:
        message = f"the control plane of {end.name} has no {direction} gateway {name}, which the peer names"
        place = f"ServiceMeshControlPlane {end.mesh['namespace']}/{end.mesh['control_plane']}"
        where = f"spec.gateways.{kind}.{name}"
        return [Outcome("failed", message, _MISSING[direction], end.name, place, where, remedy=FEDERATE)]
    return [
        Outcome(
            "failed",
            f"{name} is not the {direction} gateway of {end.name} for {end.side['peer']}",
            _DIFFERS[direction],
            end.name,
            end.place("ServiceMeshPeer"),
            field,
            name,
            right,
            patch(end, end.peer, field.split("."), right),
        )
    ]


def control_plane_ready(link: Link) -> List[Outcome]:
    """Both control planes."""
    found = [
        Outcome(
            "failed",
            end.control_plane["message"],
            "control-plane-not-ready",
            end.name,
            f"ServiceMeshControlPlane {end.mesh['namespace']}/{end.control_plane['name']}",
            "status.conditions[Ready]",
            "False",
            "True",
        )
        for end in link.ends
        if end.is_readable and end.control_plane is not None and not _is_ready(end.control_plane)
    ]
    reason = unreadable(link)
    return found or [unknown(reason) if reason else passed()]


def _is_ready(control_plane: Json) -> bool:
    """Whether a control plane is ready but for additional gateways: these have a rung of their own, for the links through them."""
    names = re.findall(r"\[([^\]]*)\]", control_plane["message"])
    unready = set(re.findall(r"[\w.-]+", names[-1])) if names else set()
    gateways = dig(control_plane, "object", "spec", "gateways") or {}
    return bool(control_plane["ready"]) or (
        bool(unready) and unready <= {*(gateways.get(INGRESS) or {}), *(gateways.get(EGRESS) or {})}
    )


def gateway_pods_ready(link: Link) -> List[Outcome]:
    """A ready pod of the gateway that each end needs."""
    found: List[Outcome] = []
    for end, direction in link.gateways:
        found += _pods(end, direction)
    return found or [passed()]


def _pods(end: End, direction: Direction) -> List[Outcome]:
    name = end.right_gateway(direction) if end.is_readable else None
    pods = end.facts.get("gateway_pods")
    if name is None or pods is None:
        return [unknown(unreadable_pods(end, direction))]
    own = pods.get(name) or []
    if any(pod["ready"] for pod in own):
        return []
    if not own:
        # The pods of a gateway beside the control plane may have other labels.
        return [unknown(f"no pod of {name} was found")]
    reasons = "; ".join(sorted({pod["message"] for pod in own if pod["message"]}))
    return [
        Outcome(
            "failed",
            f"no pod of the {direction} gateway {name} is ready{f': {reasons}' if reasons else ''}",
            "gateway-not-ready",
            end.name,
            end.place("Pod", own[0]["name"]),
            "status.conditions[Ready]",
            "False",
            "True",
            f"oc -n {end.mesh['namespace']} describe pod {own[0]['name']}, and correct what its events report",
        )
    ]


def unreadable_pods(end: End, direction: Direction) -> str:
    """Why the pods of a gateway are not known."""
    if not end.is_readable:
        return f"{end.name} could not be read"
    return f"the pods of the {direction} gateway of {end.name} could not be read"
