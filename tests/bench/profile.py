# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection's own time goes: the time of each task."""

from __future__ import annotations

from pathlib import Path

from bench.contestants import Run, Stage
from bench.rig import rig, write_inputs


def show(directory: Path, meshes: int) -> int:
    """Federate from nothing and again; print the tasks of both by their time."""
    with rig(directory / f"lab-{meshes}", meshes) as lab:
        folder = directory / f"{meshes}-meshes"
        stage = Stage(lab, folder, write_inputs(lab, folder))
        lab.await_idle()
        stage.run("ours", "federate")
        lab.reset()
        _tasks("first", stage.run("ours", "federate"))
        _tasks("second", stage.run("ours", "federate"))
    return 0


def _tasks(leg: str, run: Run) -> None:
    print(f"\n{leg} run, {run.seconds:.2f} s; tasks by time:")
    for task in sorted(run.counted["timeline"], key=lambda entry: -entry["seconds"]):
        print(f"  {task['seconds']:7.3f} s  {task['name']}")
