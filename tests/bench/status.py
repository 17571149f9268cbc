# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of ``status.yml`` beside that of a play that does nothing, on API servers that answer from memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml
from lab.state import ROOT

from bench import canned
from bench.contestants import ANSIBLE

#: The cases: number of meshes, whether they are hub and spokes, and the seconds that may pass beside Ansible's own start.
CASES = ((10, False, 2.0), (100, True, 20.0))
STATUS = ROOT / "playbooks" / "status.yml"
#: A play of the same hosts that does nothing: Ansible's own start.
NOTHING = [{"hosts": "federation", "gather_facts": False, "tasks": [{"ansible.builtin.meta": "noop"}]}]
Json = dict[str, Any]


def measure(directory: Path, runs: int) -> list[Json]:
    """The best of some runs of each case, in seconds and in seconds of processor time."""
    directory.mkdir(parents=True, exist_ok=True)
    return [_case(directory, size, hub, limit, runs) for size, hub, limit in CASES]


def lines(cases: list[Json]) -> list[str]:
    """The results as lines for the terminal."""
    return [
        f"{'reached' if case['seconds'] - case['start'] <= case['limit'] else 'MISSED '}  status of {case['meshes']} meshes, "
        f"{case['links']} links: {case['seconds'] - case['start']:.2f} s beside Ansible's start of {case['start']:.2f} s "
        f"(at most {case['limit']:g}), ratio {case['seconds'] / case['start']:.1f}; processor time {case['cpu']:.2f} s, "
        f"of the start {case['start_cpu']:.2f} s"
        for case in cases
    ]


def _case(directory: Path, size: int, hub: bool, limit: float, runs: int) -> Json:
    with canned.serving(canned.inventory(size, hub=hub)) as hosts:
        folder = directory / f"status-{size}"
        folder.mkdir(exist_ok=True)
        inventory, nothing = folder / "inventory.yml", folder / "nothing.yml"
        inventory.write_text(yaml.safe_dump({"all": {"children": {"federation": {"hosts": hosts}}}}), encoding="utf-8")
        nothing.write_text(yaml.safe_dump(NOTHING), encoding="utf-8")
        output = ("-e", f"federation_status_dir={folder}")
        timed = [(_run(inventory, nothing), _run(inventory, STATUS, *output)) for _round in range(runs)]
    status = json.loads((folder / "federation-status.json").read_text(encoding="utf-8"))
    if status["verdict"] != "HEALTHY":
        raise AssertionError(f"{status['verdict']} {status['headline']}")
    start, whole = (min(pair[index] for pair in timed) for index in (0, 1))
    return {
        "meshes": size,
        "links": status["counts"]["links"],
        "limit": limit,
        "start": start[0],
        "start_cpu": start[1],
        "seconds": whole[0],
        "cpu": whole[1],
    }


def _run(inventory: Path, playbook: Path, *arguments: str) -> tuple[float, float]:
    """Run a playbook; return its seconds, and those of processor time of all of its processes."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_", "KUBE"))
    }
    environment["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [ANSIBLE, "-i", inventory, playbook, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout[-4000:] + done.stderr[-2000:])
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
