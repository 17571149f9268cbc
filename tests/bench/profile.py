# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection's own time goes: the time of each task, and the controller process under cProfile."""

from __future__ import annotations

import pstats
import subprocess
import sys
from pathlib import Path

from bench.contestants import Run, Stage
from bench.rig import rig, write_inputs

FUNCTIONS = 40


def show(directory: Path, meshes: int) -> int:
    """Federate twice plainly, twice under the profiler; print the tasks of the former, the functions of the latter."""
    with rig(directory / f"lab-{meshes}", meshes) as found:
        folder = directory / f"{meshes}-meshes"
        stage = Stage(found, folder, write_inputs(found, folder))
        found.await_idle()
        stage.run("ours", "federate")
        found.reset()
        _tasks("first", stage.run("ours", "federate"))
        _tasks("second", stage.run("ours", "federate"))
        found.reset()
        for leg in ("first", "second"):
            _functions(leg, stage, folder / f"{leg}.profile")
    return 0


def _tasks(leg: str, run: Run) -> None:
    print(f"\n{leg} run, {run.seconds:.2f} s; tasks by time:")
    for task in sorted(run.counted["timeline"], key=lambda entry: -entry["seconds"]):
        print(f"  {task['seconds']:7.3f} s  {task['name']}")


def _functions(leg: str, stage: Stage, file: Path) -> None:
    """Run under cProfile, which sees the process that schedules the tasks and not its workers."""
    command = [sys.executable, "-m", "cProfile", "-o", str(file), *stage.command("ours", "federate")]
    subprocess.run(command, env=stage.environment, check=True, stdout=subprocess.DEVNULL)
    print(f"\n{leg} run, the controller's functions by own time:")
    pstats.Stats(str(file)).sort_stats("tottime").print_stats(FUNCTIONS)
