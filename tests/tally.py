# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the parts of the test suite and counts what passed: ``tally.py run|pytest NAME COMMAND...``, ``tally.py sum NAME...``.

Every part leaves a JUnit file in ``build/results``. ``run`` counts a command as one test; ``pytest`` adds the option that makes
pytest write the file. A part that breaks before it writes a report counts as one failed test, and so does one that left
no file.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

RESULTS = Path("build/results")
KEPT_CHARACTERS = 20000


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    verb, names = arguments[0], arguments[1:]
    if verb == "sum":
        return total(names)
    RESULTS.mkdir(parents=True, exist_ok=True)
    name, command = names[0], names[1:]
    (RESULTS / f"{name}.xml").unlink(missing_ok=True)
    print(f"==> {name}", flush=True)
    return run(name, command) if verb == "run" else run_pytest(name, command)


def run(name: str, command: list[str]) -> int:
    """Run a command that passes or fails as a whole; its output is shown and kept."""
    begin = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    record(name, time.monotonic() - begin, process.returncode, "".join(lines))
    return process.returncode


def run_pytest(name: str, command: list[str]) -> int:
    """Run pytest; when it fails without a failed test in its report, that is one failed test."""
    begin = time.monotonic()
    report = RESULTS / f"{name}.xml"
    code = subprocess.run([*command, f"--junit-xml={report}", "-o", f"junit_suite_name={name}"], check=False).returncode
    if code and not (report.exists() and count(report)[1]):
        record(f"{name}-itself", time.monotonic() - begin, code, f"pytest ended with {code}")
    return code


def record(name: str, seconds: float, code: int, output: str) -> None:
    """Write the JUnit file of a part that is one test."""
    suite = ElementTree.Element(
        "testsuite", name=name, tests="1", failures=str(int(code != 0)), errors="0", skipped="0"
    )
    case = ElementTree.SubElement(suite, "testcase", classname="gate", name=name, time=f"{seconds:.1f}")
    if code:
        ElementTree.SubElement(case, "failure", message=f"exit code {code}").text = _printable(
            output[-KEPT_CHARACTERS:]
        )
    ElementTree.ElementTree(suite).write(RESULTS / f"{name}.xml", encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """Return the text without the control characters that XML cannot carry."""
    return "".join(character for character in text if character in "\n\t" or ord(character) >= 32)


def count(report: Path) -> tuple[int, int]:
    """Return how many tests of a report passed and failed; skipped ones are neither."""
    passed = failed = 0
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        failed += bool(kinds & {"failure", "error"})
        passed += not kinds & {"failure", "error", "skipped"}
    return passed, failed


def total(expected: list[str]) -> int:
    """Print a line for each part and the sum as the last line; 1 when anything failed or is missing."""
    reports = {path.stem: path for path in sorted(RESULTS.glob("*.xml"))}
    sums = {name: count(path) for name, path in reports.items()} | {
        name: (0, 1) for name in expected if name not in reports
    }
    for name, (passed, failed) in sums.items():
        print(f"{name}: {passed} passed, {failed} failed" + ("" if name in reports else " (left no report)"))
    passed, failed = (sum(column) for column in zip(*sums.values()))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
