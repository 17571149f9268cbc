# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bench``: runs the matches, writes ``build/bench.json`` and ``docs/contributing/benchmarks.md``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lab import binaries
from lab.state import ROOT

from bench import contestants, delay, match, report, scale, scale_page, status
from bench.observe import machine, versions

MESHES = "2,5,10"
RUNS = 3
RESULTS = ROOT / "build" / "bench.json"


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
        help=f"who takes part, comma separated (default {','.join(contestants.NAMES)}; others: "
        f"{', '.join(contestants.VARIANTS)}); the page is only written by the default ones",
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
    parser.add_argument(
        "--scale",
        metavar="SIZES",
        help=f"show the cost of a mesh for these numbers of meshes, for instance {scale.SIZES}, instead; needs no lab",
    )
    parser.add_argument(
        "--core", default="", choices=list(scale.CORES), help="the ansible-core of --scale (default: that of .venv)"
    )
    parser.add_argument(
        "--plan", action="store_true", help="show the time of the plan of a full mesh of 100 instead; needs no lab"
    )
    parser.add_argument(
        "--full",
        type=int,
        metavar="MESHES",
        help="show the cost of a full mesh, for instance 30, instead; needs no lab",
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
    if wanted.scale or wanted.plan or wanted.full:
        return _scale(wanted)
    names = tuple(wanted.contestants.split(","))
    results = {str(size): match.play(wanted.dir.absolute(), size, wanted.runs, names, print) for size in sizes}
    delays = delay.measure(wanted.dir.absolute()) if "ours" in names else {}
    kubectl = str(binaries.find(print, ("kubectl",)) / "kubectl")
    content = results | {"machine": machine(), "versions": versions(kubectl), "runs": wanted.runs, "delays": delays}
    content["status"] = status.measure(wanted.dir.absolute(), wanted.runs)
    _keep(content)
    if wanted.meshes == MESHES and names == contestants.NAMES:
        report.write(content, ROOT / "docs" / "contributing" / "benchmarks.md")
    print("\n".join([*report.verdicts(content), *delay.lines(delays), *status.lines(content["status"])]))
    return 0


def _scale(wanted: argparse.Namespace) -> int:
    """Run the parts without a lab, and keep their results beside those of other parts."""
    directory = wanted.dir.absolute()
    if wanted.scale:
        sizes = scale.measure(directory, [int(size) for size in wanted.scale.split(",")], wanted.core)
        _keep({f"scale {wanted.core}".strip(): sizes, "scale_machine": machine()})
        print("\n".join(scale.lines(sizes)))
    if wanted.full:
        full = scale.measure(directory, [wanted.full], wanted.core, hub=False)
        _keep({"full": full})
        print("\n".join(scale.lines(full)))
    if wanted.plan:
        plan = scale.full_plan(directory)
        _keep({"plan": plan})
        print("\n".join(scale.plan_lines(plan)))
    scale_page.write(_kept(), ROOT / "docs" / "contributing" / "scale.md")
    return 0


def _keep(parts: dict[str, Any]) -> None:
    """Write parts of the results, and leave the others as an earlier run has measured them."""
    known = _kept()
    RESULTS.write_text(json.dumps(known | parts, indent=2) + "\n", encoding="utf-8")


def _kept() -> dict[str, Any]:
    """All results, of this run and of earlier ones."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return kept


if __name__ == "__main__":
    raise SystemExit(main())
