# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the stage of a root rotation, from what the clusters show. Pure.

The order is that of the product. A peer reads the ConfigMap of a root when it reconciles the peer, and a link that is up keeps its
connection with any root (observed on 2.3 and 2.5). So the peers get both roots first, the mesh is rotated when they have read them,
and the old root goes when every link has connected to gateways that began with the new one. No stage is remembered: each is what
the clusters show, so that a run can be repeated from any state.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Set

from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import (
    LinkView,
    MeshView,
    PeerView,
    Progress,
    Proof,
    Roots,
    Stage,
    View,
)

#: Peers whose ConfigMap another administrator writes.
ELSEWHERE = ("by file",)


def find_progress(mesh: str, roots: Roots, view: View) -> Progress:
    """The stage of the rotation of a mesh, with the reasons and proofs for it."""
    unrotated = find_unrotated(roots, view["mesh"])
    unprepared = find_unprepared(roots, view["peers"], is_rotated=not unrotated)
    proofs = [proof for peer in view["peers"] for proof in _proofs(mesh, view["mesh"], peer)]
    return {
        "stage": _stage(roots, view, unprepared, unrotated, proofs),
        "unprepared": unprepared,
        "unrotated": unrotated,
        "proofs": proofs,
    }


def _stage(roots: Roots, view: View, unprepared: Dict[str, str], unrotated: List[str], proofs: List[Proof]) -> Stage:
    if unprepared:
        return "prepare"
    if unrotated:
        return "rotate"
    if not all(proof["proven"] for proof in proofs):
        return "verify"
    return "finish" if any(needs_finish(roots, peer) for peer in view["peers"]) else "done"


def needs_finish(roots: Roots, peer: PeerView) -> bool:
    """Whether a peer still trusts the old root, or is marked."""
    return peer["marked"] or bool(set(peer["trusted"]) & set(roots["old"]))


def find_unpublished(roots: Roots, mesh: MeshView) -> str:
    """Why a mesh does not publish the new root, or not alone; empty where it does."""
    published = set(mesh["published"])
    if not set(roots["new"]) <= published:
        return "it does not publish the new root"
    return "it publishes the old root beside the new one" if published & set(roots["old"]) else ""


def find_unrotated(roots: Roots, mesh: MeshView) -> List[str]:
    """Why a mesh does not use the new root yet, or not alone; empty where it does."""
    unpublished = find_unpublished(roots, mesh)
    reasons = [unpublished] if unpublished else []
    if not mesh["istiod_ready"]:
        reasons.append("its istiod is being restarted")
    if mesh["old_gateways"]:
        names = ", ".join(workload["name"] for workload in mesh["old_gateways"])
        reasons.append(f"gateways with pods that are older than the new root: {names}")
    return reasons


def find_unprepared(roots: Roots, peers: List[PeerView], *, is_rotated: bool) -> Dict[str, str]:
    """By mesh why a peer is not known to trust what it has to trust: both roots until the mesh is rotated, then the new one.

    Whether istiod has read the ConfigMap matters before the rotation only: after it the links show that.
    """
    needed = set(roots["new"]) if is_rotated else {*roots["old"], *roots["new"]}
    reasons: Dict[str, str] = {}
    for peer in peers:
        if peer["access"] in ELSEWHERE:
            continue
        if peer["access"] == "unreadable":
            # After the rotation its links are not proven, and that says the same.
            if not is_rotated:
                reasons[peer["mesh"]] = peer["message"]
        elif not needed <= set(peer["trusted"]):
            reasons[peer["mesh"]] = _lacking(roots, peer, needed)
        elif not is_rotated and not peer["reconciled"]:
            reasons[peer["mesh"]] = (
                f"its istiod has not shown that it has read {peer['config_map']}: {_down(peer['watches'])}"
            )
    return reasons


def _lacking(roots: Roots, peer: PeerView, needed: Set[str]) -> str:
    lacking = needed - set(peer["trusted"])
    which = " and ".join(name for name in ("old", "new") if lacking & set(roots["new" if name == "new" else "old"]))
    reason = f": {peer['message']}" if peer["message"] else ""
    return f"{peer['config_map']} does not have the {which} root{reason}"


def _proofs(mesh: str, view: MeshView, peer: PeerView) -> List[Proof]:
    """A proof for each direction of the links with one peer. What another administrator watches is not shown here."""
    there: Proof = _proof(peer["mesh"], mesh, peer["watches"], peer["ingress_started"], view)
    back: Proof = _proof(mesh, peer["mesh"], peer["watched"], peer["egress_started"], view)
    proofs = [] if peer["access"] in ELSEWHERE else [there]
    return proofs + ([back] if view["read"] else [])


def _proof(source: str, target: str, link: LinkView, started: Optional[str], mesh: MeshView) -> Proof:
    proof: Proof = {"source": source, "target": target, "proven": False, "message": ""}
    if link["connected"] is None:
        proof["message"] = link["message"]
    elif not link["connected"]:
        proof["message"] = _down(link)
    elif started is None:
        proof["message"] = mesh["message"] or "its gateway has no pod that is ready"
    elif (link["last_attempt"] or "") < started:
        proof["message"] = f"connected at {link['last_attempt']}, before the new gateway started at {started}"
    else:
        proof.update(
            {
                "proven": True,
                "message": f"connected at {link['last_attempt']} with the gateway that started at {started}",
            }
        )
    return proof


def _down(link: LinkView) -> str:
    if link["connected"]:
        return "it has not connected since"
    loaded = "; istiod does not load a changed root while the link is down" if link["root_not_loaded"] else ""
    return f"not connected: {link['message']}{loaded}"
