# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the causes of what is wrong: problems and links by what corrects them. Pure.

One cause has one fix, however many objects and links it affects. A link that is down because of a problem is listed with the
problem and is no cause of its own.
"""

from __future__ import annotations

import re
from typing import Collection, Dict, Iterable, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._report.links import ROOT_NOT_VERIFIED
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import shown_state
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import INDENT, arrows, listed, wrapped
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import (
    AffectedLink,
    Cause,
    CauseSeverity,
    Finding,
    Link,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run.restarts import RESTART_CODES, restart_fix

_ORDER: Tuple[CauseSeverity, ...] = ("error", "pending", "warning", "info")
_SEVERITIES: Dict[str, CauseSeverity] = {"error": "error", "warning": "warning"}

#: What only a restart of istiod corrects, in a few words, the gravest first.
_SUMMARIES = {
    "deadlock": "istiod of {mesh} is deadlocked",
    "peer-lost": "istiod of {mesh} has lost its peer {peer}",
    "root-not-loaded": "istiod of {mesh} has not loaded the new root of {peer}",
    "identity-kept": "istiod of {mesh} keeps a former identity of {peer}",
    "imports-stale": "istiod of {mesh} keeps former import rules",
    "sync-lock": "istiod of {mesh} ignores changes of its peers",
}

#: States in which a link says nothing of its own: what keeps a run from its objects is a problem of one of the meshes.
_DERIVED = ("skipped", "unknown", "pending")
#: Warnings about what the links of a mesh wait for: where a link fails because of them, they are its cause.
_AWAITED = ("no-address", "control-plane-not-ready")
#: The code of a changed root, which all peers of its mesh have to load.
_ROOT = "root-not-loaded"
#: How a statement names the links of one mesh.
_TO = "link to "
#: Stands for the name of the watching mesh where the texts of several links are compared.
_WATCHING = "\0"


def causes(problems: Sequence[Problem], links: Sequence[Link], unreadable: Collection[str] = ()) -> List[Cause]:
    """The causes, errors first, then by mesh. ``unreadable`` are the names of the meshes that could not be read."""
    groups: Dict[Tuple[str, ...], List[Problem]] = {}
    restarted = {problem["mesh"] for problem in problems if _is_restart(problem) and problem["code"] != _ROOT}
    for problem in problems:
        key = _key(problem) if problem["mesh"] in restarted else _root_key(problem) or _key(problem)
        groups.setdefault(key, []).append(problem)
    by_problem = [(_problem_cause(group, unreadable), group) for group in groups.values()]
    unexplained: Dict[Tuple[str, ...], List[Link]] = {}
    for link in links:
        if link["state"] == "excluded" or (link["healthy"] and not link["unverified"]):
            continue
        cause = _cause_of(link, by_problem)
        if cause is None:
            unexplained.setdefault(_link_key(link), []).append(link)
        else:
            cause["links"].append(_affected(link))
            cause["severity"] = "error" if link["failed"] else cause["severity"]
    found = [cause for cause, _group in by_problem] + [_link_cause(group) for group in unexplained.values()]
    return sorted(found, key=lambda cause: (_ORDER.index(cause["severity"]), cause["mesh"]))


def _cause_of(link: Link, by_problem: Sequence[Tuple[Cause, List[Problem]]]) -> Optional[Cause]:
    """The cause that explains a link: what could not be done before what is only awaited, and of that what the watched
    mesh lacks."""

    def rank(pair: Tuple[Cause, List[Problem]]) -> Tuple[bool, bool]:
        problem = pair[1][0]
        is_awaited = problem["severity"] != "error"
        return is_awaited, is_awaited and problem["mesh"] != link["to"]

    explaining = [pair for pair in by_problem if _explains(pair[1], link)]
    return min(explaining, key=rank)[0] if explaining else None


def _key(problem: Problem) -> Tuple[str, ...]:
    """What the problems of one cause have in common: the mesh and the fix."""
    subject = "wait" if problem["code"] in _AWAITED else problem["code"]
    return (
        problem["severity"],
        problem["mesh"],
        "restart" if _is_restart(problem) else subject,
        problem["remedy"],
    )


def _is_restart(problem: Problem) -> bool:
    return problem["code"] in RESTART_CODES and problem["severity"] == "error"


def _root_key(problem: Problem) -> Optional[Tuple[str, ...]]:
    """What a new root that its peers have not loaded is grouped by: the mesh of the root, whichever peers have to be
    restarted for it. None for all other problems."""
    if problem["code"] != _ROOT:
        return None
    fix = "restart" if problem["remedy"] == restart_fix(problem["mesh"]) else problem["remedy"]
    return (problem["severity"], _ROOT, problem.get("peer") or "", fix)


def _problem_cause(group: Sequence[Problem], unreadable: Collection[str]) -> Cause:
    first = group[0]
    # Of what one restart corrects the summary names the gravest.
    gravest = min(
        group, key=lambda problem: list(_SUMMARIES).index(problem["code"]) if problem["code"] in _SUMMARIES else 0
    )
    meshes = list(dict.fromkeys(problem["mesh"] for problem in group))
    return {
        "severity": _SEVERITIES.get(first["severity"], "info"),
        "mesh": listed(meshes),
        "codes": list(dict.fromkeys(problem["code"] for problem in group)),
        "summary": _problem_summary(gravest, listed(meshes), unreadable),
        "findings": _findings(group),
        "remedy": restart_fix(*meshes)
        if len(meshes) > 1 and first["remedy"] == restart_fix(meshes[0])
        else first["remedy"],
        "links": [],
    }


def _problem_summary(problem: Problem, mesh: str, unreadable: Collection[str]) -> str:
    code = problem["code"]
    if problem["mesh"] in unreadable:
        return f"{mesh} cannot be read"
    if code in _SUMMARIES:
        return _SUMMARIES[code].format(mesh=mesh, peer=problem.get("peer") or "a peer")
    meaning = CODES[code].meaning
    return f"{mesh}: {meaning[0].lower()}{meaning[1:]}"


def _findings(group: Sequence[Problem]) -> List[Finding]:
    """The statements of a group: each message once with all its places. What only a restart heals is one statement a code."""
    by_message: Dict[str, Finding] = {}
    for problem in group:
        key = problem["code"] if problem["code"] in RESTART_CODES else problem["message"]
        finding = by_message.setdefault(key, {"where": [], "message": problem["message"]})
        if problem["where"] not in finding["where"]:
            finding["where"].append(problem["where"])
    return list(by_message.values())


def _explains(group: Sequence[Problem], link: Link) -> bool:
    """Whether a link is as it is because of the problems of one cause.

    A problem with a peer explains the links between the two, in both directions where a restart is the fix. A problem of a
    whole mesh explains what could not be read or written because of it. A warning explains the links that wait for it.
    """
    return any(_explains_alone(problem, link) for problem in group)


def _explains_alone(problem: Problem, link: Link) -> bool:
    if problem["severity"] == "error":
        is_derived = link["state"] in _DERIVED or bool(link["unverified"])
    else:
        is_derived = problem["code"] in _AWAITED and _waits(link)
    for mesh, peer, host in (
        (link["from"], link["to"], link["to_host"]),
        (link["to"], link["from"], link["from_host"]),
    ):
        if problem["mesh"] != mesh:
            continue
        # A module names the peer by its host.
        if problem.get("peer") in (peer, host) and (is_derived or _is_about_traffic(problem)):
            return True
        if problem.get("peer") is None and is_derived:
            return True
    return False


def _waits(link: Link) -> bool:
    """Whether a link waits for what its two meshes do in this run, and not for another administrator."""
    if link["state"] == "pending":
        return link["failed"]
    return link["unverified"] not in ("", ROOT_NOT_VERIFIED)


def _is_about_traffic(problem: Problem) -> bool:
    """Whether a problem is one of the connection or the requests, and not only of an object."""
    return problem["severity"] == "error" and problem["code"] in (*RESTART_CODES, "network-view")


def _reason(link: Link) -> str:
    return link["unverified"] or link["message"]


def _link_key(link: Link) -> Tuple[str, ...]:
    """What the links of one cause have in common: state and fix, whichever mesh watches; without a fix the reason."""
    return (_link_severity(link), shown_state(link), _pattern(link, link["remedy"] or _reason(link)))


def _link_severity(link: Link) -> CauseSeverity:
    if link["healthy"]:
        return "info"
    return "error" if link["failed"] else "pending"


def _pattern(link: Link, text: str) -> str:
    """A text with the place of the watching mesh's name open. A name that is part of another one, such as a gateway's,
    stays: it is another object."""
    return re.sub(rf"(?<![\w./-]){re.escape(link['from'])}(?![\w/-]|\.\w)", _WATCHING, text)


def _common_text(group: Sequence[Link], text: str) -> str:
    """A text that links have in common up to the names of the watching meshes, with all of these names."""
    return _pattern(group[0], text).replace(_WATCHING, listed(_watching(group)))


def _watching(group: Sequence[Link]) -> List[str]:
    return sorted({link["from"] for link in group})


def _link_cause(group: Sequence[Link]) -> Cause:
    """The cause that links of one fix have in common."""
    state, severity = shown_state(group[0]), _link_severity(group[0])
    by_reason: Dict[str, List[Link]] = {}
    for link in group:
        by_reason.setdefault(_pattern(link, _reason(link)), []).append(link)
    prefix = "" if severity == "pending" else f"{state}: "
    return {
        "severity": severity,
        "mesh": listed(_watching(group)),
        "codes": list(dict.fromkeys(link["code"] for link in group if link["code"])),
        "summary": f"{arrows(_ends(group))} {state}",
        "findings": [
            {
                "where": [_links_place(links, is_only=len(by_reason) == 1)],
                "message": prefix + _common_text(links, _reason(links[0])),
            }
            for links in by_reason.values()
        ],
        "remedy": _common_text(group, group[0]["remedy"]),
        "links": [_affected(link) for link in group],
    }


def _links_place(group: Sequence[Link], *, is_only: bool) -> str:
    """The links of one statement. What is the only one names no watching meshes, since its paragraph begins with them."""
    targets = sorted({link["to"] for link in group})
    if not is_only:
        return arrows(_ends(group))
    return f"{_TO}{listed(targets)}" if 1 in (len(_watching(group)), len(targets)) else "several links"


def _ends(group: Sequence[Link]) -> List[Tuple[str, str]]:
    return [(link["from"], link["to"]) for link in group]


def _affected(link: Link) -> AffectedLink:
    return {"from": link["from"], "to": link["to"], "state": shown_state(link)}


def cause_lines(cause: Cause) -> List[str]:
    """A cause as one paragraph: mesh, objects, what is wrong, the fix, and the links that it affects."""
    head = f"{cause['severity'].upper()} {cause['mesh']}:"
    codes = f"[{', '.join(cause['codes'])}]" if cause["codes"] else ""
    fix = " ".join(part for part in (f"Fix: {cause['remedy'].rstrip('.')}." if cause["remedy"] else "", codes) if part)
    statements = [
        f"{listed(finding['where'], most=3)}: {finding['message'].rstrip('.')}." for finding in cause["findings"]
    ]
    if len(statements) == 1:
        lines = wrapped(f"{head} {statements[0]} {fix}")
        if len(lines) > 1:
            lines = [*wrapped(f"{head} {statements[0]}"), *wrapped(fix, INDENT)]
    else:
        lines = [f"{head} {len(statements)} problems with one fix:"]
        lines += [line for statement in statements for line in wrapped(f"- {statement}", INDENT, "  ")] + wrapped(
            fix, INDENT
        )
    affected = _affected_text(cause["links"]) if _names_more_links(cause) else ""
    return lines + (wrapped(f"Links: {affected}.", INDENT) if affected else [])


def _names_more_links(cause: Cause) -> bool:
    """Whether the links say more than the paragraph: a cause that is a link names it already."""
    places = [finding["where"][0] for finding in cause["findings"]]
    return not all(place.startswith(_TO) or " -> " in place for place in places)


def _affected_text(links: Iterable[AffectedLink]) -> str:
    by_state: Dict[str, List[Tuple[str, str]]] = {}
    for link in links:
        by_state.setdefault(link["state"], []).append((link["from"], link["to"]))
    return "; ".join(f"{arrows(ends)} ({state})" for state, ends in by_state.items())
