# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time from the last write of a run to the import, with the simulator's clocks at the product's values."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bench.contestants import Stage
from bench.observe import USER, WRITES
from bench.rig import FEDERATION, Rig, rig, write_inputs

MESHES = 2
#: A rule that nothing makes istiod read is in force after two minutes at most.
LIMIT_SECONDS = 150.0
SETS = "importedservicesets"
Json = dict[str, Any]


def measure(directory: Path) -> dict[str, float]:
    """Federate two meshes, then change an import rule of a link that is up; return the seconds of both, to a tenth."""
    with rig(directory / "lab-delay", MESHES, clocks={}) as lab:
        folder = directory / "delay"
        stage = Stage(lab, folder, write_inputs(lab, folder))
        consumer, exporter = sorted(lab.meshes)
        seconds = {"new peer": _seconds(stage, consumer, exporter, lab.exported(exporter)["namespace"])}
        _rename(stage.inputs["ours"], consumer, exporter)
        return seconds | {"rule on a live link": _seconds(stage, consumer, exporter, "renamed")}


def lines(seconds: dict[str, float]) -> list[str]:
    """Return the results as lines for the terminal."""
    return [f"from the last write to the import, {case}: {value:.1f} s" for case, value in seconds.items()]


def _rename(inventory: Path, consumer: str, exporter: str) -> None:
    """Let the consumer import the exporter's service into another namespace."""
    content = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    imports = content["all"]["children"]["federation"]["hosts"][consumer]["mesh_imports"]
    # The exporter's rule is the same object in this file (a YAML alias), and stays.
    [rule] = imports[exporter]
    imports[exporter] = [{**rule, "nameSelector": {**rule["nameSelector"], "alias": {"namespace": "renamed"}}}]
    inventory.write_text(yaml.safe_dump(content), encoding="utf-8")


def _seconds(stage: Stage, consumer: str, exporter: str, namespace: str) -> float:
    """Run federate.yml, and return the seconds from its last write in the consumer's cluster to the import under a name of this
    namespace, by the times of the API server's audit log."""
    log = stage.rig.audit_logs()[stage.rig.meshes[consumer]["cluster"]]
    begin = log.stat().st_size
    stage.run("ours", "federate")
    _await_import(stage.rig, consumer, exporter, namespace)
    events = list(_writes(log, begin))
    last = max(moment for moment, user, _resource in events if user == USER)
    imported = max(moment for moment, user, resource in events if user != USER and resource == f"{SETS}/status")
    return round((imported - last).total_seconds(), 1)


def _await_import(lab: Rig, consumer: str, exporter: str, namespace: str) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not any(row["localService"].get("namespace") == namespace for row in _imports(lab, consumer, exporter)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{consumer} imports nothing from {exporter} after {LIMIT_SECONDS:.0f} s")
        time.sleep(0.2)


def _imports(lab: Rig, consumer: str, exporter: str) -> list[Json]:
    sets = lab.resource(consumer, FEDERATION, "ImportedServiceSet")
    found: Json = sets.get(name=exporter, namespace=lab.meshes[consumer]["namespace"]).to_dict()
    rows: list[Json] = found.get("status", {}).get("importedServices") or []
    return rows


def _writes(log: Path, begin: int) -> Iterator[tuple[datetime.datetime, str, str]]:
    """Yield time, user and resource of the writes since a position of the log."""
    with log.open("rb") as stream:
        stream.seek(begin)
        for event in map(json.loads, stream):
            if event["verb"] in WRITES and event.get("stage") == "ResponseComplete":
                target = event.get("objectRef", {})
                parts = (target.get("resource", ""), target.get("subresource", ""))
                moment = datetime.datetime.fromisoformat(event["stageTimestamp"].replace("Z", "+00:00"))
                yield moment, event["user"]["username"], "/".join(filter(None, parts))
