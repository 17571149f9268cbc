# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One match: all contestants on one lab, interleaved, from nothing each time; the best time of each counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.contestants import Run, Stage, kind
from bench.rig import Rig, rig, write_inputs

#: The usual playbook takes minutes with many meshes: there it runs once.
USUAL_ONCE_FROM = 5
READS = 2
Say = Callable[[str], None]
Times = dict[str, dict[str, list[float]]]


class DifferenceError(Exception):
    """Two contestants have not written the same."""


def play(directory: Path, meshes: int, runs: int, contestants: tuple[str, ...], say: Say) -> dict[str, Any]:
    """Start a lab of ``meshes`` meshes, run everybody in it, return the results (seconds, counts, ratios)."""
    folder = directory / f"{meshes}-meshes"
    with rig(directory / f"lab-{meshes}", meshes) as lab:
        stage = Stage(lab, folder, write_inputs(lab, folder))
        lab.await_idle()
        return Match(stage, contestants, say).result(runs)


class Match:
    """The course of one match."""

    def __init__(self, stage: Stage, contestants: tuple[str, ...], say: Say) -> None:
        self.stage = stage
        self.rig: Rig = stage.rig
        self.contestants = contestants
        self.times: Times = {name: {} for name in contestants}
        self.cpu: dict[str, dict[str, dict[str, float]]] = {name: {} for name in contestants}
        self.observed: dict[tuple[str, str], Run] = {}
        self.states: dict[str, dict[str, Any]] = {}
        #: processor time of API servers for one write of a control plane that the contestant has left
        self.write_ms: dict[str, float] = {}
        self.say = say

    def result(self, runs: int) -> dict[str, Any]:
        """Run the observed round, then ``runs`` timed rounds, and sum up."""
        for name in self.contestants:
            self.once(name, observed=True)
        for number in range(runs):
            for name in self._order(number):
                self.once(name)
        return self.summary()

    def _order(self, number: int) -> list[str]:
        """Return who runs in a round, every second round in the other order."""
        several = [name for name in self.contestants if kind(name) != "usual" or len(self.rig.meshes) < USUAL_ONCE_FROM]
        return several[::-1] if number % 2 else several

    def once(self, name: str, observed: bool = False) -> None:
        """Let one contestant federate from nothing, federate again and read the links; then remove what it has written.

        The observed round warms up caches and is not timed, except for a contestant that runs only once.
        """
        timed = not observed or (kind(name) == "usual" and len(self.rig.meshes) >= USUAL_ONCE_FROM)
        # The usual playbook's only run is not watched while it is timed: it is slow enough.
        self._leg(name, "first", "federate", observed, timed)
        if observed:
            self.states[name] = {mesh: self.rig.state(mesh) for mesh in self.rig.meshes}
            self._compare(name)
            if name in ("ours", "kubectl"):
                self.write_ms[name] = round(self.rig.control_plane_write_ms(), 1)
        if kind(name) not in ("usual", "pairs"):
            self._leg(name, "second", "federate", observed, timed)
        # The script reads the links in the same way, however it has written.
        for _turn in range(READS if name != "pairs" else 0):
            self._leg(name, "links", "links", observed, timed)
        self.rig.reset()

    def _leg(self, name: str, leg: str, verb: str, observed: bool, timed: bool) -> None:
        run = self.stage.run(name, verb, observed)
        if observed:
            self.observed[name, leg] = run
        if timed:
            self._remember(name, leg, run)
        used = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in run.cpu.items())
        self.say(
            f"  {len(self.rig.meshes)} meshes, {name}, {leg}{' (observed)' if observed else ''}: "
            f"{run.seconds:.2f} s, processor {used}"
        )

    def _remember(self, name: str, leg: str, run: Run) -> None:
        """Keep every time, and the processor time of the best."""
        times = self.times[name].setdefault(leg, [])
        times.append(run.seconds)
        if run.seconds == min(times):
            self.cpu[name][leg] = {part: round(used, 2) for part, used in run.cpu.items()}

    def _compare(self, name: str) -> None:
        """Make sure that everybody has written the same; DifferenceError names the first place where not."""
        first = self.contestants[0]
        for mesh, state in self.states[name].items():
            where = difference(self.states[first][mesh], state)
            if where:
                raise DifferenceError(f"{mesh}: {first} and {name} have not written the same: {where}")

    def summary(self) -> dict[str, Any]:
        """Return the results in the form of ``bench.json``."""
        best = {name: {leg: round(min(values), 2) for leg, values in legs.items()} for name, legs in self.times.items()}
        peers = len(self.rig.meshes) - 1
        result: dict[str, Any] = {
            "objects": len(self.rig.meshes) * peers * 5,
            "objects_per_mesh": peers * 5,
            "seconds": best,
            "all_seconds": self.times,
            "cpu_seconds": self.cpu,
            "control_plane_write_ms": self.write_ms,
        }
        for name in self.contestants:
            result |= self._costs(name)
        return result | ratios(best)

    def _costs(self, name: str) -> dict[str, Any]:
        first = self.observed[name, "first"]
        prefix = "" if name == "ours" else f"{name}_"
        costs: dict[str, Any] = {
            f"{prefix}{'requests' if leg == 'first' else f'requests_{leg}'}": run.requests_per_mesh
            for (who, leg), run in self.observed.items()
            if who == name
        }
        costs[f"{prefix}peak_memory_mib"] = round(first.memory_mib)
        costs[f"{prefix}control_plane_writes"] = first.control_plane_writes
        if first.counted:
            costs[f"{prefix}tasks_per_mesh"] = first.tasks_per_mesh
        mesh = max(first.requests, key=lambda cluster: sum(first.requests[cluster].values()))
        return costs | {f"{prefix}requests_by_kind": dict(first.requests[mesh].most_common())}


def ratios(best: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the ratios that the goals speak of, as far as both sides have run."""
    pairs = {
        "first_to_kubectl": (("ours", "first"), ("kubectl", "first")),
        "second_to_kubectl_second": (("ours", "second"), ("kubectl", "second")),
        "links_to_kubectl": (("ours", "links"), ("kubectl", "links")),
        "first_to_pairs": (("ours", "first"), ("pairs", "first")),
        "usual_to_first": (("usual", "first"), ("ours", "first")),
        "mitogen_to_first": (("mitogen", "first"), ("ours", "first")),
        "oldest_to_first": (("ours-2.16", "first"), ("ours", "first")),
        "newest_to_first": (("ours-newest", "first"), ("ours", "first")),
    }
    times = {key: [best.get(name, {}).get(leg) for name, leg in sides] for key, sides in pairs.items()}
    return {key: round(values[0] / values[1], 2) for key, values in times.items() if all(values)}


def difference(left: Any, right: Any, path: str = "") -> str:
    """Return the first place where two structures differ, empty when nowhere."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            where = difference(left.get(key), right.get(key), f"{path}.{key}")
            if where:
                return where
        return ""
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        places = (difference(value, other, f"{path}[{index}]") for index, (value, other) in enumerate(zip(left, right)))
        return next(filter(None, places), "")
    return "" if left == right else f"{path}: {left!r} and {right!r}"
