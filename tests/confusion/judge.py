# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what the doctor says about the links of a slot with the faults of the slot."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from confusion.batches import Case
from confusion.faults import FAULTS, SYMPTOMS, Fault
from confusion.slots import Object, Slot

#: ``right``: at least one fault has its code, and no other code is given. ``silent``: nothing was found, which is right where nothing is
#: broken. ``unknown``: nothing was found, and a rung says that it is unknown. ``missed``: nothing was found, and it should have been.
#: ``wrong``: a code that is right for none of the faults on that link.
Result = Literal["right", "silent", "unknown", "missed", "wrong"]
FROM_WORST: tuple[Result, ...] = ("wrong", "missed", "unknown", "silent", "right")
#: Rungs that are unknown where nobody looks: they explain nothing.
OTHER_PLACES = ("controller", "probe")
Link = tuple[str, str]


@dataclass
class Verdict:
    """The judgement of one case: ``given`` are the codes by link, ``named`` the faults that have one, ``errors`` the wrong codes."""

    case: Case
    result: Result
    given: dict[str, list[str]] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def data(self) -> Object:
        """Return it as JSON data."""
        return asdict(self)


def link_text(link: Link) -> str:
    """Return a link as the document writes it."""
    return f"{link[0]} → {link[1]}"


def _roles(slot: Slot) -> dict[str, str]:
    meshes = {"west": slot.west, "east": slot.east} | ({"third": slot.third} if slot.third else {})
    return {mesh.name: role for role, mesh in meshes.items()}


def codes_given(diagnosis: Object, roles: dict[str, str]) -> dict[Link, set[str]]:
    """Return the codes of each link of the slot: of its rungs, and of the causes that affect it."""
    own = {name for name, role in roles.items() if role != "third"}
    given: dict[Link, set[str]] = {}
    for link, codes in [
        *(((row["from"], row["to"]), _failed(row)) for row in diagnosis["ladders"]),
        *(((row["from"], row["to"]), {*cause["codes"]}) for cause in diagnosis["causes"] for row in cause["links"]),
    ]:
        if own & {*link} and {*link} <= {*roles}:
            given.setdefault((roles[link[0]], roles[link[1]]), set()).update(codes)
    return given


def _failed(ladder: Object) -> set[str]:
    return {rung["code"] for rung in ladder["rungs"] if rung["state"] == "failed"}


def unknown_rungs(diagnosis: Object, roles: dict[str, str]) -> dict[Link, list[str]]:
    """Return the rungs of each link that the API servers should have shown and did not."""
    return {
        (roles[row["from"]], roles[row["to"]]): [
            rung["rung"]
            for rung in row["rungs"]
            if rung["state"] == "unknown" and rung["seen_from"] not in OTHER_PLACES
        ]
        for row in diagnosis["ladders"]
        if row["from"] in roles and row["to"] in roles
    }


def judge(case: Case, slot: Slot, diagnosis: Object) -> Verdict:
    """Judge what the doctor says about a slot with these faults."""
    return judge_names(case, _roles(slot), diagnosis)


def right_codes(fault: Fault, link: Link, faults: list[Fault]) -> frozenset[str]:
    """Return the codes that are right for a link with a fault; beside a mesh that cannot be read also what the other mesh sees."""
    codes = fault.codes.get(link, frozenset())
    is_hidden = any(other.hides_mesh for other in faults if other is not fault)
    return codes | SYMPTOMS if codes and is_hidden and not fault.hides_mesh else codes


def judge_names(case: Case, roles: dict[str, str], diagnosis: Object) -> Verdict:
    """Judge what the doctor says about the meshes with these roles by name."""
    faults = [FAULTS[name] for name in case]
    broken = [fault for fault in faults if _must_be_found(fault)]
    unknown = unknown_rungs(diagnosis, roles)
    unseen = ["serving"] if broken and all(fault.by_probe_only for fault in broken) else []
    unseen += sorted({rung for fault in broken for link in fault.codes for rung in unknown.get(link, [])})
    return assess(case, codes_given(diagnosis, roles), unseen)


def _must_be_found(fault: Fault) -> bool:
    return not fault.is_harmless and not fault.hidden


def assess(case: Case, given: dict[Link, set[str]], unknown: list[str]) -> Verdict:
    """Compare the codes by link with the faults of the case; ``unknown`` are the rungs of their links that could not be judged."""
    faults = [FAULTS[name] for name in case]
    errors = [
        f"{link_text(link)}: {code}"
        for link, codes in sorted(given.items())
        for code in sorted(codes)
        if not any(code in right_codes(fault, link, faults) for fault in faults)
    ]
    named = [
        fault.name for fault in faults if any(codes & right_codes(fault, link, faults) for link, codes in given.items())
    ]
    result: Result = "missed"
    if errors:
        result = "wrong"
    elif named:
        result = "right"
    elif not any(map(_must_be_found, faults)):
        result = "silent"
    elif unknown:
        result = "unknown"
    texts = {link_text(link): sorted(codes) for link, codes in sorted(given.items()) if codes}
    return Verdict(case, result, texts, named, errors, unknown)


def verdict_of(data: Object) -> Verdict:
    """Return a verdict from its JSON data, assessed again by the present table of faults."""
    given = {(text.split(" ")[0], text.split(" ")[2]): {*codes} for text, codes in data["given"].items()}
    return assess(tuple(data["case"]), given, data["unknown"])
