# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bench``: runs the matches, writes ``build/bench.json`` and ``docs/contributing/benchmarks.md``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lab import binaries
from lab.state import ROOT

from bench import contestants, delay, match, report, status
from bench.observe import machine, versions

MESHES = "2,5,10"
RUNS = 3


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Times the collection beside a kubectl script and the usual playbook."
    )
    parser.add_argument("--meshes", default=MESHES, help=f"numbers of meshes, comma separated (default {MESHES})")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"timed rounds of each match (default {RUNS})")
    parser.add_argument(
        "--contestants",
        default=",".join(contestants.NAMES),
        help="who takes part, comma separated (default all); the documentation is only written by all",
    )
    parser.add_argument(
        "--profile", action="store_true", help="show the time of each of the collection's tasks instead"
    )
    parser.add_argument(
        "--delay",
        action="store_true",
        help="show the time from the last write to the import instead, as with the product's clocks",
    )
    parser.add_argument(
        "--status",
        action="store_true",
        help="show the time of status.yml with 10 and with 100 meshes instead; needs no lab",
    )
    parser.add_argument("--dir", type=Path, default=ROOT / "build" / "bench", help="folder for labs and logs")
    return parser.parse_args()


def main() -> int:
    """Run what is asked for; 1 when a contestant did not reach its end."""
    wanted = arguments()
    sizes = [int(size) for size in wanted.meshes.split(",")]
    if wanted.profile:
        from bench import profile

        return profile.show(wanted.dir.absolute(), max(sizes))
    if wanted.delay:
        print("\n".join(delay.lines(delay.measure(wanted.dir.absolute()))))
        return 0
    if wanted.status:
        print("\n".join(status.lines(status.measure(wanted.dir.absolute(), wanted.runs))))
        return 0
    names = tuple(wanted.contestants.split(","))
    results = {str(size): match.play(wanted.dir.absolute(), size, wanted.runs, names, print) for size in sizes}
    delays = delay.measure(wanted.dir.absolute()) if "ours" in names else {}
    kubectl = str(binaries.find(print, ("kubectl",)) / "kubectl")
    content = results | {"machine": machine(), "versions": versions(kubectl), "runs": wanted.runs, "delays": delays}
    content["status"] = status.measure(wanted.dir.absolute(), wanted.runs)
    (ROOT / "build" / "bench.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if wanted.meshes == MESHES and names == contestants.NAMES:
        report.write(content, ROOT / "docs" / "contributing" / "benchmarks.md")
    print("\n".join([*report.verdicts(content), *delay.lines(delays), *status.lines(content["status"])]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
