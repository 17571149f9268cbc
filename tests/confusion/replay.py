# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded cases, diagnosed again without a lab: each single fault as what differs from the healthy federation, and pairs composed of two.

A recording has the meshes of one slot, which are called west, east and north here. A pair has the differences of both faults; where both
have changed one value, such as the state of the link, the first fault or the second counts, and each of the two is a case.
"""

from __future__ import annotations

import copy
import datetime
import functools
import json
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from lab import backdating

from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.diagnosis import diagnose
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.readings import read_links
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import declare
from ansible_collections.ossm.federation.plugins.plugin_utils._run.preflight import checked_plan
from confusion.batches import Case, pairs
from confusion.judge import FROM_WORST, Verdict, judge_names
from confusion.slots import EAST, THIRD, WEST, Object, slot_variables

#: By name of the fault, and as ``healthy`` the federation without any.
RECORDINGS = Path(__file__).resolve().parent / "recordings.json"
ROLES = {WEST: "west", EAST: "east", THIRD: "third"}
#: Keys that tell the elements of a list apart.
_KEYS = ("peer", "address", "pod", "exportedName", "name", "source")
#: A full sync of this age is as good as one of now.
FRESH_SECONDS = 120
#: A text of this length or longer is of one slot only where two slots differ in it.
SPECIFIC = 7
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ABSENT: Any = object()
Change = dict[str, Any]


# -- recording ----------------------------------------------------------------------------------------------------------


def of_slot(recorded: Object, number: int) -> Object:
    """Return what was recorded of one slot, with the names west, east and north, without the other slots."""
    other = re.compile(rf"(?:{WEST}|{EAST})-(?!{number:02}\b)\d\d\b")
    kept = json.dumps(_without(recorded, other))
    result: Object = json.loads(re.sub(rf"\b({WEST}|{EAST})-{number:02}\b", r"\1", kept))
    return result


def _without(value: Any, other: re.Pattern[str]) -> Any:
    """Return the value without the parts that are about the meshes of other slots."""
    if isinstance(value, dict):
        return {key: _without(item, other) for key, item in value.items() if not other.search(key)}
    if isinstance(value, list):
        return [_without(item, other) for item in value if not _is_about(item, other)]
    return value


def _is_about(item: Any, other: re.Pattern[str]) -> bool:
    if isinstance(item, str):
        return bool(other.search(item))
    if isinstance(item, list):
        return any(_is_about(entry, other) for entry in item if isinstance(entry, str))
    if not isinstance(item, dict):
        return False
    metadata = item.get("metadata") or {}
    names = [item.get(key) for key in ("name", "peer", "mesh", "host")] + [metadata.get("name")]
    return any(isinstance(name, str) and other.search(name) for name in names)


def translations(own: Any, common: Any) -> dict[str, str]:
    """Return the texts that one healthy slot has where another has others: addresses, UIDs, pods, certificates."""
    if isinstance(own, str) and isinstance(common, str):
        is_specific = own != common and len(own) >= SPECIFIC and not _TIME.fullmatch(own)
        return {own: common} if is_specific else {}
    if isinstance(own, dict) and isinstance(common, dict):
        pairs = [(own[key], common[key]) for key in own if key in common]
    elif isinstance(own, list) and isinstance(common, list) and len(own) == len(common):
        pairs = list(zip(own, common))
    else:
        return {}
    return {text: other for pair in pairs for text, other in translations(*pair).items()}


def translated(value: Object, texts: dict[str, str]) -> Object:
    """Return a value in which all texts are replaced, the longest first."""
    content = json.dumps(value)
    for text in sorted(texts, key=len, reverse=True):
        content = content.replace(json.dumps(text)[1:-1], json.dumps(texts[text])[1:-1])
    result: Object = json.loads(content)
    return result


def _times(value: Any) -> set[str]:
    """Return all timestamps in a value."""
    if isinstance(value, dict):
        return {time for item in value.values() for time in _times(item)}
    if isinstance(value, list):
        return {time for item in value for time in _times(item)}
    return {value} if isinstance(value, str) and _TIME.fullmatch(value) else set()


def _now(recorded: Object) -> datetime.datetime:
    """Return the time of a record: the newest that a peer's status has."""
    peers = [peer.get("status") for facts in recorded["facts"].values() for peer in facts.get("peers") or []]
    return max(parse_time(time) for time in _times(peers))


def in_time_of(value: Any, now: datetime.datetime, healthy: datetime.datetime) -> Any:
    """Return a record as if it had been made at the same time as the healthy one: what is newer than that is moved."""
    if isinstance(value, dict):
        return {key: in_time_of(item, now, healthy) for key, item in value.items()}
    if isinstance(value, list):
        return [in_time_of(item, now, healthy) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value) and healthy < parse_time(value) <= now:
        return (parse_time(value) - (now - healthy)).strftime(backdating.FORMAT)
    return value


def write(healthy: Object, cases: dict[str, tuple[int, Object]], path: Path = RECORDINGS) -> None:
    """Write the recordings; ``cases`` has the number of the slot and the record by the name of the fault."""
    common = of_slot(healthy, 1)
    changes = {}
    for name, (number, recorded) in sorted(cases.items()):
        own = of_slot(healthy, number)
        texts = translations(own, common)
        moved = in_time_of(of_slot(recorded, number), _now(recorded), _now(healthy))
        before, after = translated(own, texts), translated(moved, texts)
        changes[name] = _without_syncs(difference(before, after) or {"in": {}}, _now(healthy))
    lines = [f"{json.dumps(name)}: {json.dumps(change, sort_keys=True)}" for name, change in changes.items()]
    changed = ",\n".join(lines)
    text = f'{{"healthy": {json.dumps(common, sort_keys=True)},\n"changes": {{\n{changed}\n}}}}\n'
    path.write_text(text, encoding="utf-8")


# -- differences --------------------------------------------------------------------------------------------------------


def _key(item: Any) -> str:
    if isinstance(item, dict):
        metadata = item.get("metadata")
        if isinstance(metadata, dict) and "name" in metadata:
            return str(metadata["name"])
        return next(
            (f"{key}={item[key]}" for key in _KEYS if isinstance(item.get(key), str)), json.dumps(item, sort_keys=True)
        )
    return json.dumps(item, sort_keys=True)


def _as_mapping(value: Any) -> dict[str, Any] | None:
    """Return a list of objects by their keys; None for a value that is changed as a whole."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        keyed = {_key(item): item for item in value}
        return keyed if len(keyed) == len(value) else None
    return None


def difference(before: Any, after: Any) -> Change | None:
    """Return what changes one value into another; None for no change."""
    if before == after:
        return None
    if type(before) is type(after) and isinstance(before, (dict, list)) and (before or after):
        old, new = _as_mapping(before), _as_mapping(after)
        if old is not None and new is not None:
            names = [*old, *(name for name in new if name not in old)]
            changes = {name: _change(old.get(name, _ABSENT), new.get(name, _ABSENT)) for name in names}
            return {"in": {name: change for name, change in changes.items() if change is not None}}
    return {"to": after}


def _change(before: Any, after: Any) -> Change | None:
    if after is _ABSENT:
        return {"gone": True}
    return {"to": after} if before is _ABSENT else difference(before, after)


def applied(value: Any, change: Change) -> Any:
    """Return a value after a change; parts that are not there are left out."""
    if "to" in change:
        return copy.deepcopy(change["to"])
    keyed = _as_mapping(value)
    if keyed is None:
        return value
    new = dict(keyed)
    for name, inner in change["in"].items():
        if "gone" in inner:
            new.pop(name, None)
        elif "to" in inner or name in new:
            new[name] = applied(new.get(name), inner)
    return list(new.values()) if isinstance(value, list) else new


def _paths(change: Change, *above: str) -> set[tuple[str, ...]]:
    """Return the paths of all values that a change sets."""
    if "in" not in change:
        return {above}
    return {path for name, inner in change["in"].items() for path in _paths(inner, *above, name)}


def _renewed(paths: set[tuple[str, ...]]) -> set[str]:
    """Return the meshes whose istiod pods a change replaces."""
    return {path[1] for path in paths if len(path) > 2 and path[2] == "istiod"}


def _rewritten(paths: set[tuple[str, ...]]) -> set[str]:
    """Return the meshes in which a change moves the entries of pods, or the age of peers."""
    return {
        path[1]
        for path in paths
        if path[-1] == "creationTimestamp" or path[-2:-1] == ("discoveryStatus",) or path[-1].startswith("pod=")
    }


def _without_syncs(change: Change, now: datetime.datetime) -> Change:
    """Return a change without the times of full syncs that are as new as those of the healthy federation."""
    if "in" not in change:
        return change
    kept = {
        name: _without_syncs(inner, now)
        for name, inner in change["in"].items()
        if not (name in ("lastFullSync", "lastEvent") and "to" in inner and _is_fresh(inner["to"], now))
    }
    return {"in": {name: inner for name, inner in kept.items() if inner.get("in", True)}}


def _is_fresh(time: str, now: datetime.datetime) -> bool:
    return (now - parse_time(time)).total_seconds() < FRESH_SECONDS


# -- replay -------------------------------------------------------------------------------------------------------------


class Recordings:
    """The recorded federation, and the change that each fault makes."""

    def __init__(self, path: Path = RECORDINGS) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        self.healthy: Object = content["healthy"]
        self.changes: dict[str, Change] = content["changes"]

    def state(self, case: Case) -> Object:
        """Return what the doctor reads in a case; where the faults change one value, the last one counts."""
        state: Object = self.healthy
        for name in case:
            state = applied(state, self.changes[name])
        return state

    def can_compose(self, case: Case) -> bool:
        """Return whether two changes add up. They do not where one describes pods, times or a message that the other changes too."""
        if len(case) == 1:
            return True
        first, second = (_paths(self.changes[name]) for name in case)
        common = first & second
        if any("control_plane" in path and path[-1] == "message" for path in common):
            return False
        if {path[:4] for path in first if "gateway_pods" in path} & {
            path[:4] for path in second if "gateway_pods" in path
        }:
            return False
        return not any(_renewed(one) & _rewritten(other) for one, other in ((first, second), (second, first)))

    def judge(self, case: Case) -> list[Verdict]:
        """Return the verdicts of a case: of a pair two, as each of its faults may determine what both change."""
        return [judge_names(case, ROLES, diagnosed(self.state(order))) for order in dict.fromkeys([case, case[::-1]])]


def compose() -> dict[Case, Verdict]:
    """Return the verdicts of all pairs that can be composed of two recordings, of each pair the worse one."""
    with ProcessPoolExecutor() as pool:
        composed = pool.map(_composed, pairs(), chunksize=50)
        return {verdict.case: verdict for verdict in composed if verdict is not None}


@functools.cache
def _recordings() -> Recordings:
    return Recordings()


def _composed(case: Case) -> Verdict | None:
    recordings = _recordings()
    if not recordings.can_compose(case):
        return None
    return min(recordings.judge(case), key=lambda verdict: FROM_WORST.index(verdict.result))


def diagnosed(state: Object) -> Object:
    """Return the diagnosis of what was read."""
    hosts = {
        mesh: {**of_mesh, "mesh_kubeconfig": f"/kube/{mesh}"}
        for mesh, of_mesh in slot_variables(WEST, EAST, THIRD).items()
    }
    declaration = declare(hosts, {"all": [*hosts], "federation": [*hosts]}, {}, group="federation", play_hosts=[*hosts])
    facts = state["facts"]
    plan = checked_plan(declaration, facts, "doctor", datetime.datetime.now(datetime.timezone.utc))
    diagnosis: Object = dict(diagnose(plan, facts, read_links(plan, facts), state["network"], {}))
    return diagnosis
