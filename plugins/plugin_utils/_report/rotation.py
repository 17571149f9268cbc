# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of a rotation, as data and text: the stage, what is next, and a proof per link. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, Mapping, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import istiod_name
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._report import changes as change_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import (
    distinct,
    failures,
    has_errors,
    paragraphs,
    task_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count, listed, wrapped
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, Change
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.stage import find_unpublished
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.tasks import (
    BOTH,
    GATEWAYS,
    ISTIOD,
    NEW,
    TASKS,
    State,
    restart_forbidden,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import STAGES, Proof, Stage

RotationVerdict = Literal["ROTATED", "WAITING", "PLANNED", "NOTHING TO ROTATE", "INCOMPLETE", "FAILED"]
#: The stages in words.
_STAGES: Dict[str, str] = {
    "prepare": "the peers get both roots",
    "rotate": "the mesh gets its new root",
    "verify": "every link connects with the new root",
    "finish": "the peers drop the old root",
}
_NOTHING = "{mesh} publishes one root, and its peers trust that alone. To rotate it, set federation_rotate_root to a file with the coming root."


class RotationReport(TypedDict):
    """All facts of a rotation. ``stage`` is the one that is reached, ``next`` what is to be done then, and by whom. ``failures``
    are messages by host."""

    verdict: RotationVerdict
    headline: str
    check_mode: bool
    mesh: str
    stage: Stage
    old: List[str]
    new: List[str]
    causes: List[Cause]
    problems: List[Problem]
    changes: List[Change]
    proofs: List[Proof]
    next: List[str]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def announcement(state: State) -> List[str]:
    """The stage before the first write."""
    if state.progress is None:
        return []
    return wrapped(f"{_mesh(state)}: {_stage_text(state.progress['stage'])}.")


def report(state: State, check_mode: bool = False) -> RotationReport:
    """Judge a rotation by what its tasks have registered, and by the last reading."""
    progress, roots = state.progress, state.roots
    stage: Stage = progress["stage"] if progress else "none"
    meshes = {host: mesh["mesh"] for host, mesh in state.rotation["plan"]["meshes"].items()}
    changes = _changes(state, meshes)
    problems = _problems(state, check_mode)
    is_failed = has_errors(problems)
    verdict = _verdict(stage, changes, is_failed, check_mode)
    sentence = change_report.count_sentence(change_report.count_objects(changes), check_mode)
    headline = f"{_headline(state, verdict)} {sentence}"
    following = _next(state, is_failed)
    grouped = causes(problems, [])
    following_lines = [line for text in following for line in wrapped(text)]
    blocks = (following_lines, _proof_lines(state), _summary(state, changes, check_mode))
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "mesh": _mesh(state),
        "stage": stage,
        "old": roots["old"] if roots else [],
        "new": roots["new"] if roots else [],
        "causes": grouped,
        "problems": problems,
        "changes": changes,
        "proofs": progress["proofs"] if progress else [],
        "next": following,
        "failures": failures(meshes, problems),
        "lines": [*wrapped(f"{verdict}  {headline}"), *paragraphs(grouped, blocks)],
        "details": change_report.object_details(changes, check_mode),
    }


def stats(report: RotationReport) -> Json:
    """What a workflow gets of a rotation, by name."""
    whole: Json = {**report}
    keys = ("verdict", "headline", "mesh", "stage", "old", "new", "causes", "problems", "changes", "proofs", "next")
    return {"federation_rotation": {key: whole[key] for key in keys}}


def _mesh(state: State) -> str:
    return state.rotation["request"]["mesh"]


def _stage_text(stage: str) -> str:
    """A stage with its number.

    >>> _stage_text("rotate")
    'stage 2 of 4, the mesh gets its new root'
    """
    if stage == "done":
        return f"all {len(STAGES)} stages are complete"
    return f"stage {[*_STAGES].index(stage) + 1} of {len(STAGES)}, {_STAGES[stage]}"


def _root_lines(state: State) -> List[str]:
    roots = state.roots
    if roots is None:
        return []
    named = [(which, one) for which in ("old", "new") for one in (roots["old"] if which == "old" else roots["new"])]
    return [line for which, one in named for line in wrapped(f"{which} root: SHA-256 {colons(one)}", "    ")]


def _changes(state: State, meshes: Mapping[str, str]) -> List[Change]:
    written = [
        result
        for task in (BOTH, ISTIOD, GATEWAYS, NEW)
        for _host, result in sorted(state.results.get(task, {}).items())
    ]
    return change_report.read_changes(written, meshes)


def _problems(state: State, check_mode: bool) -> List[Problem]:
    """Every problem once: of the plan, of the tasks, of the last reading, and what the stage lacks."""
    problems = list(state.rotation["warnings"])
    for task in TASKS:
        for host in sorted(state.results.get(task, {})):
            problems += task_problems(state.results, [task], host)
    for host in sorted(state.facts):
        if state.peer(host) is not None and not state.facts[host].get("readable"):
            problems += state.facts[host].get("problems") or []
    if not check_mode:
        problems += _unprepared(state) + _unchanged(state) + _unproven(state)
    return distinct(problems)


def _unprepared(state: State) -> List[Problem]:
    """The peers that are not known to trust both roots, without those that could not be read: that is a problem already."""
    if state.progress is None:
        return []
    reasons = state.progress["unprepared"]
    peers = [peer for peer in state.view["peers"] if peer["mesh"] in reasons and peer["access"] != "unreadable"]
    return [
        problem("rotation-unprepared", peer["mesh"], peer["config_map"], reasons[peer["mesh"]], peer=_mesh(state))
        for peer in peers
    ]


def _unchanged(state: State) -> List[Problem]:
    """An istiod that was restarted in this run and does not publish the new root alone."""
    restarted = state.results.get(ISTIOD, {}).get(state.host) or {}
    if state.progress is None or not restarted.get("restarted") or state.stage != "rotate":
        return []
    unpublished = _unpublished(state)
    mesh = state.rotation["plan"]["meshes"][state.host]
    where = f"ConfigMap {mesh['namespace']}/istio-ca-root-cert"
    return [problem("rotation-unchanged", mesh["mesh"], where, unpublished)] if unpublished else []


def _unpublished(state: State) -> str:
    """Why the mesh does not publish the new root alone; empty where it does."""
    return find_unpublished(state.roots, state.view["mesh"]) if state.roots else ""


def _unproven(state: State) -> List[Problem]:
    """The links that have not connected with the new root, without those of meshes that could not be read."""
    if state.progress is None or state.stage != "verify":
        return []
    unread = {peer["mesh"] for peer in state.view["peers"] if peer["access"] == "unreadable"}
    broken = {peer["mesh"] for peer in state.view["peers"] if peer["watches"]["root_not_loaded"]}
    return [
        problem(
            "rotation-unproven",
            proof["source"],
            f"link to {proof['target']}",
            proof["message"],
            _restart_fix(proof["source"]) if proof["source"] in broken else None,
            peer=proof["target"],
        )
        for proof in state.progress["proofs"]
        if not proof["proven"] and proof["source"] not in unread
    ]


def _restart_fix(mesh: str) -> str:
    return f"Run federate.yml with federation_restart_control_plane: [{mesh}], then rotate_trust.yml again"


def _verdict(stage: Stage, changes: List[Change], is_failed: bool, check_mode: bool) -> RotationVerdict:
    if is_failed:
        return "INCOMPLETE" if changes else "FAILED"
    if stage == "none":
        return "NOTHING TO ROTATE"
    if check_mode:
        return "PLANNED"
    return "ROTATED" if stage == "done" else "WAITING"


def _headline(state: State, verdict: RotationVerdict) -> str:
    unread = [peer["mesh"] for peer in state.view["peers"] if peer["access"] == "unreadable"]
    if state.progress is None and unread:
        return f"It is not known which roots of {_mesh(state)} {listed(unread)} trusts."
    if state.progress is None:
        return _NOTHING.format(mesh=_mesh(state))
    if verdict == "ROTATED":
        return f"{_mesh(state)} uses its new root, and its peers trust that alone."
    return f"{_mesh(state)}: {_stage_text(state.stage)}."


def _next(state: State, is_failed: bool) -> List[str]:
    """What is to be done now, and by whom."""
    lines: List[str] = []
    if state.progress is None:
        return lines
    if state.stage == "rotate" and not is_failed:
        lines += _rotate_next(state)
    elif state.stage in ("prepare", "verify", "finish"):
        lines.append("Next: run rotate_trust.yml again, which continues here.")
    return lines + _elsewhere(state)


def _rotate_next(state: State) -> List[str]:
    """What the administrator of the rotating mesh does."""
    progress, view = state.progress, state.view["mesh"]
    mesh = state.rotation["plan"]["meshes"][state.host]
    if progress is None:
        return []
    if _unpublished(state):
        names = " ".join(f"deployment/{name}" for name in view["gateways"])
        forbidden = restart_forbidden(state)
        reason = f" (not done by this run: {forbidden})" if state.rotation["request"]["restart"] and forbidden else ""
        return [
            f"Next, by the administrator of {mesh['mesh']}: replace its CA certificate in {mesh['namespace']} (Secret cacerts, with the new "
            f"root alone in root-cert.pem). Then run again with federation_rotate_restart: true{reason}, or restart in this order and wait "
            f"for each: deployment/{istiod_name(mesh['control_plane'] or '')}; {names}; all workloads. Then run again."
        ]
    reasons = "; ".join(progress["unrotated"])
    return [f"Next, for {mesh['mesh']}: {reasons}. Restart them, or run again with federation_rotate_restart: true."]


def _elsewhere(state: State) -> List[str]:
    """What other administrators do."""
    others = [peer["mesh"] for peer in state.view["peers"] if peer["access"] == "by file"]
    if not others or state.roots is None:
        return []
    when = "before the mesh gets its new root, and again when all links have connected with it"
    return [
        f"{mesh}: another administrator manages it, who runs rotate_trust.yml there with federation_rotate_mesh: {_mesh(state)} and "
        f"federation_rotate_root: a file with the new root; {when}."
        for mesh in others
    ]


def _proof_lines(state: State) -> List[str]:
    """The proof of each link, or how far each peer is."""
    if state.progress is None or state.roots is None:
        return []
    lines = _root_lines(state)
    if state.stage in ("prepare", "rotate"):
        for peer in state.view["peers"]:
            if peer["mesh"] in state.progress["unprepared"]:
                lines += wrapped(f"{peer['mesh']}: not prepared: {state.progress['unprepared'][peer['mesh']]}", "    ")
            elif peer["access"] != "by file":
                lines += wrapped(f"{peer['mesh']}: trusts both roots, and its istiod has read them", "    ")
        return ["Proof", *lines]
    for proof in state.progress["proofs"]:
        mark = "proven" if proof["proven"] else "not proven"
        lines += wrapped(f"{proof['source']} -> {proof['target']}: {mark}: {proof['message']}", "    ")
    return ["Proof", *lines]


def _summary(state: State, changes: List[Change], check_mode: bool) -> List[str]:
    """What was changed in each mesh, and what still has certificates of the old root."""
    objects = [one for one in changes if one["kind"] in ("ConfigMap", "ServiceMeshPeer")]
    lines = change_report.summary_lines(objects, check_mode)
    restarted = [f"{one['kind']} {one['name']}" for one in changes if one not in objects]
    if restarted:
        word = "would be restarted" if check_mode else "restarted"
        lines += wrapped(f"{_mesh(state)}: {listed(restarted, most=12)} {word}")
    mesh = state.view["mesh"]
    if state.progress is not None and not _unpublished(state):
        old = [f"{one['kind']} {one['namespace']}/{one['name']}" for one in mesh["old_workloads"]] + mesh["unowned"]
        if old:
            lines += wrapped(
                f"{_mesh(state)}: {count(len(old), 'workload')} with certificates of the old root until they are restarted: "
                f"{listed(old, most=12)}"
            )
    return lines
