# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a removal does in each mesh, from the declaration and what was read. Pure."""

from __future__ import annotations

import os
from typing import Dict, List, Mapping, Optional, Set

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem, with_changes
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.read import file_name
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import build_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.pairs import removable_pairs
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.references import find_references
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.request import read_request
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.survivors import survivors
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import (
    LivePair,
    RemovalPlan,
    RemovedMesh,
    Request,
    Verb,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.undeclared import undeclared_pairs

FORCE = "federation_force_removal"
#: What the accounts are used for: a file of docs/rbac.
PURPOSE = "remove"


def plan_removal(declaration: Declaration, facts: Mapping[str, Json], verb: Verb) -> RemovalPlan:
    """Find the pairs that go and the links that stay, and what forbids the removal.

    ``facts`` are MeshFacts by host. A mesh that was not read, or that this run must not write, keeps its objects; the other
    side is removed all the same.
    """
    request, problems = read_request(declaration, verb)
    plan: RemovalPlan = {
        "group": declaration["group"],
        "options": declaration["options"],
        "request": request,
        "meshes": {},
        "control_planes": {},
        "pairs": {},
        "survivors": {},
        "problems": problems,
        "warnings": [],
        "elsewhere": [],
        "identity_files": [],
        "still_declared": _still_declared(declaration, request),
    }
    if problems:
        return plan
    going = _undeclared(declaration, facts) if verb == "prune" else _named(declaration, facts, request)
    for host in declaration["hosts"]:
        _add_mesh(plan, declaration, facts.get(host) or {}, host, going.get(host))
    _keep_unmanaged_exports(plan, facts)
    plan["elsewhere"] = _elsewhere(plan)
    plan["identity_files"] = _identity_files(plan)
    plan["problems"] += _unknown_mesh(plan, declaration)
    _judge_references(plan, facts)
    return plan


def _undeclared(declaration: Declaration, facts: Mapping[str, Json]) -> Dict[str, List[LivePair]]:
    """The pairs that the inventory does not declare, by host."""
    return undeclared_pairs(build_plan(declaration, facts), facts)


def _named(declaration: Declaration, facts: Mapping[str, Json], request: Request) -> Dict[str, List[LivePair]]:
    """The pairs that a request names, by host, for every mesh that has a part in it."""
    going = {}
    for host in declaration["hosts"]:
        concerned = _concerns(request, declaration["meshes"][host]["mesh"])
        if concerned is not None:
            going[host] = [
                pair for pair in removable_pairs(facts.get(host) or {}) if not concerned or pair["peer"] in concerned
            ]
    return going


def _add_mesh(
    plan: RemovalPlan, declaration: Declaration, facts: Json, host: str, going: Optional[List[LivePair]]
) -> None:
    """Add one mesh with its pairs that go and its links that stay; ``going`` is None where it has no part in the removal."""
    mesh = removed_mesh(declaration, facts, host)
    plan["meshes"][host] = mesh
    plan["pairs"][host], plan["survivors"][host] = going or [], []
    if mesh["control_plane"] is not None:
        plan["survivors"][host] = survivors(facts, {pair["peer_name"] for pair in going or []})
    if going is None:
        return
    if not mesh["by_file"]:
        found = facts.get("problems") or []
        is_read = facts.get("readable")
        plan["warnings"] += [with_changes(one, severity="warning") for one in found] if is_read else found
    if any(pair["applied"] for pair in going):
        plan["control_planes"][host] = dig(facts, "control_plane", "object")
    if mesh["writable"]:
        plan["problems"] += _missing_rights(mesh, going, facts)
        plan["warnings"] += [_stays(mesh, pair) for pair in going if pair["unmanaged"]]


def removed_mesh(declaration: Declaration, facts: Json, host: str) -> RemovedMesh:
    """One mesh of a removal, as it was read."""
    declared = declaration["meshes"][host]
    is_outside = host in declaration["outside"]
    return {
        "mesh": declared["mesh"],
        "namespace": facts.get("namespace") or declared["namespace"],
        "control_plane": dig(facts, "control_plane", "name"),
        "uid": dig(facts, "control_plane", "uid"),
        "writable": bool(facts.get("readable")) and not is_outside and not declared["by_file"],
        "by_file": declared["by_file"],
        "message": _not_written(facts, is_outside, declared["by_file"]),
    }


def _not_written(facts: Json, is_outside: bool, by_file: bool) -> str:
    """Why nothing is written to a mesh; empty where it is."""
    if by_file:
        return "another administrator manages it"
    if is_outside:
        return "it is outside the limit of this run"
    return "" if facts.get("readable") else "it could not be read"


def _concerns(request: Request, mesh: str) -> Optional[Set[str]]:
    """The peers with which the pairs of a mesh go: none of them (None), all (empty), or those named."""
    if request["verb"] == "prune":
        return None
    if request["verb"] == "leave":
        return set()
    if request["verb"] == "remove_mesh":
        return set() if mesh in request["meshes"] else set(request["meshes"])
    return {name for name in request["meshes"] if name != mesh} if mesh in request["meshes"] else None


def _keep_unmanaged_exports(plan: RemovalPlan, facts: Mapping[str, Json]) -> None:
    """Keep both sides of the pairs of which a peer still exports by an unmanaged set; where nothing else goes, that ends the run."""
    found = [
        problem
        for host, pairs in by_host(plan).items()
        for pair in pairs
        for problem in _unmanaged_exports(plan["meshes"][host], pair, facts[host])
    ]
    kept = [{one["mesh"], one["peer"]} for one in found]
    for host, pairs in plan["pairs"].items():
        mesh = plan["meshes"][host]["mesh"]
        plan["pairs"][host] = [pair for pair in pairs if {mesh, pair["peer"]} not in kept]
    plan["warnings" if by_host(plan) else "problems"] += found


def _unmanaged_exports(mesh: RemovedMesh, pair: LivePair, facts: Json) -> List[Problem]:
    """A peer of ours whose export set others manage: it must not be deleted while that exports."""
    found = [obj for obj in facts.get("exports") or [] if dig(obj, "metadata", "name") == pair["peer_name"]]
    if mesh["control_plane"] is None:
        return []  # no istiod, which could deadlock
    if pair["export_set"] is not None or pair["peer_object"] is None or not any(map(read_exports, found)):
        return []
    return [
        problem(
            "exports-unmanaged",
            mesh["mesh"],
            f"ExportedServiceSet {mesh['namespace']}/{pair['peer_name']}",
            f"it does not have our label and exports services to {pair['peer']}; istiod deadlocks when a peer is deleted "
            "that still exports",
            peer=pair["peer"],
        )
    ]


def _missing_rights(mesh: RemovedMesh, going: List[LivePair], facts: Json) -> List[Problem]:
    """The rights that the account lacks for the removal, where the API server lists them."""
    rules = facts.get("rights")
    lacking = permissions.missing(rules, permissions.beyond_reading(PURPOSE)) if rules is not None and going else []
    return permissions.missing_problems(mesh["mesh"], mesh["namespace"], lacking, PURPOSE)


def _stays(mesh: RemovedMesh, pair: LivePair) -> Problem:
    """A warning about unmanaged objects that belong to a pair that goes."""
    return problem(
        "unmanaged-stays",
        mesh["mesh"],
        f"namespace {mesh['namespace']}",
        f"{', '.join(pair['unmanaged'])} does not have our label and stays",
        peer=pair["peer"],
    )


def _unknown_mesh(plan: RemovalPlan, declaration: Declaration) -> List[Problem]:
    """A mesh that is neither in the inventory nor in any cluster is misspelled, unless it is gone already."""
    request = plan["request"]
    known = {mesh["mesh"] for mesh in declaration["meshes"].values()}
    unknown = [name for name in request["meshes"] if name not in known]
    if not unknown or any(plan["pairs"].values()):
        return []
    return [
        problem(
            "removal-nothing",
            declaration["group"],
            f"federation_{request['verb']}",
            f"no mesh of the group has anything of {', '.join(unknown)}, and the inventory has no such mesh; its "
            f"meshes are {', '.join(sorted(known))}",
        )
    ]


def _elsewhere(plan: RemovalPlan) -> List[str]:
    """What is left to others: the sides of meshes that this run does not write."""
    request, lines = plan["request"], []
    for host, mesh in sorted(plan["meshes"].items()):
        concerned = _concerns(request, mesh["mesh"])
        if mesh["writable"] or concerned is None:
            continue
        peers = sorted(
            {other["mesh"] for one, other in plan["meshes"].items() if one != host and _goes(request, mesh, other)}
        )
        if peers:
            lines.append(
                f"{mesh['mesh']}: {mesh['message']}, so its side stays. Its administrator removes "
                f"{', '.join(peers)} there: unlink.yml with federation_unlink: {mesh['mesh']},{peers[0]}"
            )
    return lines


def _identity_files(plan: RemovalPlan) -> List[str]:
    """The files with our identity for meshes without access that are removed; they are withdrawn."""
    with_access = {mesh["mesh"] for mesh in plan["meshes"].values() if not mesh["by_file"]}
    folder = str(plan["options"]["federation_identity_dir"])
    return [
        os.path.join(folder, file_name(plan["meshes"][host]["mesh"], pair["peer"]))
        for host, pairs in by_host(plan).items()
        for pair in pairs
        if pair["peer"] not in with_access
    ]


def _goes(request: Request, mesh: RemovedMesh, other: RemovedMesh) -> bool:
    """Whether the pair of two meshes goes."""
    concerned = _concerns(request, mesh["mesh"])
    return concerned is not None and (not concerned or other["mesh"] in concerned)


def _still_declared(declaration: Declaration, request: Request) -> List[List[str]]:
    """The declared pairs that go: the next federate.yml would connect them again."""
    if request["verb"] == "prune":
        return []
    names = [[declaration["meshes"][host]["mesh"] for host in pair] for pair in declaration["pairs"]]
    if request["verb"] == "leave":
        return names
    if request["verb"] == "remove_mesh":
        return [pair for pair in names if set(request["meshes"]) & set(pair)]
    return [pair for pair in names if set(request["meshes"]) == set(pair)]


def _judge_references(plan: RemovalPlan, facts: Mapping[str, Json]) -> None:
    """Objects of users that name imported hosts stop the removal, unless it is forced."""
    is_forced = bool(plan["options"].get(FORCE))
    for host, pairs in by_host(plan).items():
        for found in find_references(plan["meshes"][host]["mesh"], pairs, facts[host]):
            if is_forced:
                plan["warnings"].append(with_changes(found, severity="warning"))
            else:
                plan["problems"].append(found)


def by_host(plan: RemovalPlan) -> Dict[str, List[LivePair]]:
    """The pairs that this run removes, by host and sorted, without those of meshes that it must not write."""
    return {host: pairs for host, pairs in sorted(plan["pairs"].items()) if pairs and plan["meshes"][host]["writable"]}
