# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a rotation is about and what forbids it, from the declaration and what was read. Pure."""

from __future__ import annotations

import datetime
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root, fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem, with_changes
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import (
    normalise_bundle,
    read_roots,
    select_roots,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.trust import judge_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import build_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.roots import choose_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import Request, Roots, RotationPlan
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.view import (
    peer_sides,
    read_marks,
    trusted_by_peers,
    trusted_pem,
)

MESH, FILE, RESTART, CONFIRM = (
    "federation_rotate_mesh",
    "federation_rotate_root",
    "federation_rotate_restart",
    "federation_confirm",
)
#: What the accounts are used for: a file of docs/rbac.
PURPOSE = "rotate"
#: Reads a file on the controller; None where there is none. OSError or ValueError where it is no text.
ReadFile = Callable[[str], Optional[str]]


def plan_rotation(
    declaration: Declaration, facts: Mapping[str, Json], read_file: ReadFile, now: datetime.datetime
) -> RotationPlan:
    """Find the roots of a rotation. ``facts`` are MeshFacts by host; a mesh that was not read keeps its objects."""
    plan = build_plan(declaration, facts, now)
    request, problems = _read_request(declaration, read_file)
    rotation: RotationPlan = {
        "plan": plan,
        "request": request,
        "roots": None,
        "outside": {host: facts[host] for host in declaration["outside"] if host in facts},
        "problems": [*plan["problems"], *problems],
        "warnings": [],
    }
    if problems:
        return rotation
    rotation["problems"] += _mesh_problems(plan, request["host"]) + _judge_file(declaration, request, now)
    if not rotation["problems"]:
        _choose(rotation, facts)
        rotation["problems"] += _missing_rights(plan, request["host"], facts)
        rotation["warnings"] += _unread(plan, request["host"], facts)
    return rotation


def _read_request(declaration: Declaration, read_file: ReadFile) -> Tuple[Request, List[Problem]]:
    """What the variables ask for."""
    options, group = declaration["options"], declaration["group"]
    name = str(options.get(MESH) or "")
    hosts = [host for host, mesh in declaration["meshes"].items() if name and name in (host, mesh["mesh"])]
    mesh = declaration["meshes"][hosts[0]]["mesh"] if hosts else name
    text, problems = _read_root(group, options.get(FILE), read_file)
    request: Request = {
        "mesh": mesh,
        "host": hosts[0] if hosts else "",
        "file": text,
        "restart": bool(options.get(RESTART)),
        "confirmed": str(options.get(CONFIRM) or "") in (mesh, *hosts),
    }
    if not hosts:
        meshes = ", ".join(sorted(one["mesh"] for one in declaration["meshes"].values()))
        given = shown(name) if name else "nothing"
        message = f"must be a mesh of the inventory, not {given}; its meshes are {meshes}"
        problems.append(problem("rotation-target", group, MESH, message))
    return request, problems


def _read_root(group: str, path: Optional[str], read_file: ReadFile) -> Tuple[str, List[Problem]]:
    """The coming root as PEM in its normal form; empty without a file."""
    if not path:
        return "", []
    try:
        text = read_file(path)
        if text is None:
            return "", [problem("rotation-root", group, FILE, f"{path} does not exist")]
        if "PRIVATE KEY" in text:
            return "", [problem("rotation-root", group, FILE, f"{path} has a private key, which is not needed")]
        return normalise_bundle(text), []
    except (OSError, ValueError) as error:
        return "", [problem("rotation-root", group, FILE, f"{path} cannot be used: {error}")]


def _mesh_problems(plan: Plan, host: str) -> List[Problem]:
    """Why the root of a mesh cannot be rotated."""
    mesh = plan["meshes"][host]
    if not mesh["by_file"] and (not mesh["readable"] or mesh["root_error"]):
        found = [one for one in mesh["problems"] if one["severity"] == "error"]
        return found or [problem("rotation-target", mesh["mesh"], MESH, f"{mesh['mesh']} could not be read")]
    shared = sorted(
        side["peer"] for side in plan["sides"][host].values() if _shares_root(plan, host, side["peer_host"])
    )
    if not shared:
        return []
    message = (
        f"{mesh['mesh']} has one trust domain and one root with {', '.join(shared)}, so istiod reads no root of a peer"
    )
    fix = "Give each mesh a trust domain of its own with trust_domain.yml first"
    return [problem("rotation-target", mesh["mesh"], MESH, message, fix)]


def _shares_root(plan: Plan, host: str, peer: str) -> bool:
    return plan["sides"][peer][host]["config_map"] is None


def _judge_file(declaration: Declaration, request: Request, now: datetime.datetime) -> List[Problem]:
    """What is wrong with the coming root."""
    if not request["file"]:
        return []
    declared = declaration["meshes"][request["host"]]
    roots: Sequence[Root] = read_roots(request["file"])
    found = judge_roots(request["mesh"], declared["namespace"], roots, now, warning_days=0, pins=declared["pins"])
    placed: List[Problem] = []
    for one in found:
        copied = with_changes(one)
        copied["where"] = FILE
        placed.append(copied)
    return [one for one in placed if one["severity"] == "error"]


def _choose(rotation: RotationPlan, facts: Mapping[str, Json]) -> None:
    """Set the roots of the rotation."""
    plan, request = rotation["plan"], rotation["request"]
    host = request["host"]
    mesh = plan["meshes"][host]
    chosen = choose_roots(
        mesh["fingerprints"],
        fingerprints_in(request["file"]),
        trusted_by_peers(plan, host, facts),
        read_marks(plan, host, facts),
    )
    if chosen is None:
        return
    if chosen.conflict:
        rotation["problems"].append(problem("rotation-other", mesh["mesh"], FILE, chosen.conflict))
        return
    live = [trusted_pem(side, facts.get(side["host"]) or {}) for side in peer_sides(plan, host, facts)]
    pem = select_roots("\n".join([mesh["root"], request["file"], *live]), [*chosen.old, *chosen.new])
    roots: Roots = {"old": chosen.old, "new": chosen.new, "pem": pem}
    rotation["roots"] = roots


def _missing_rights(plan: Plan, host: str, facts: Mapping[str, Json]) -> List[Problem]:
    """The rights that accounts lack, where the API servers list them."""
    found: List[Problem] = []
    for side in peer_sides(plan, host, facts):
        mesh, rules = plan["meshes"][side["host"]], (facts.get(side["host"]) or {}).get("rights")
        if mesh["in_play"] and mesh["readable"] and rules is not None:
            lacking = permissions.missing(rules, permissions.writing("ConfigMap", side["config_map"] or "", new=False))
            lacking += permissions.missing(rules, permissions.writing("ServiceMeshPeer", side["peer_name"], new=False))
            found += permissions.missing_problems(mesh["mesh"], mesh["namespace"], lacking, PURPOSE)
    return found


def _unread(plan: Plan, host: str, facts: Mapping[str, Json]) -> List[Problem]:
    """The problems of peers that could not be read: they are errors, and the others go on."""
    return [
        found
        for side in peer_sides(plan, host, facts)
        for found in plan["meshes"][side["host"]]["problems"]
        if not plan["meshes"][side["host"]]["readable"] and not plan["meshes"][side["host"]]["by_file"]
    ]
