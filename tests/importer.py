# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports the artifact of ``build/dist`` as Automation Hub and Galaxy do; fails on every warning, none is ignored.

The importer's own run of ansible-lint ends after three minutes, however slow the machine is: `make ansible-lint` checks the
checkout with more rules, and `make lint-oldest` the artifact.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SETTINGS = {
    "CHECK_REQUIRED_TAGS": "true",
    "REQUIRE_V1_OR_GREATER": "true",
    "RUN_ANSIBLE_DOC": "true",
    "RUN_ANSIBLE_LINT": "false",
}


def main() -> int:
    """Run the importer and return 1 if it failed or printed a warning."""
    (artifact,) = Path("build/dist").absolute().glob("ossm-federation-*.tar.gz")
    with TemporaryDirectory() as scratch:
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", str(artifact)],
            cwd=scratch,
            env=environment(Path(scratch)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    found = findings(done.stdout)
    print(f"{len(found)} warnings and errors, exit code {done.returncode}")
    return int(bool(found or done.returncode or "processing completed successfully" not in done.stdout))


def environment(scratch: Path) -> dict[str, str]:
    """Return an environment with the importer's settings, this Python's tools, and no settings of Ansible."""
    cleared = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHONPATH"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {f"GALAXY_IMPORTER_{key}": value for key, value in SETTINGS.items()}
    temporary = {"GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(scratch / "tmp"), "HOME": str(scratch)}
    return cleared | settings | temporary | {"PATH": path}


def findings(log: str) -> list[str]:
    """Return the lines of the importer's log that are not information."""
    return [line for line in log.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]


if __name__ == "__main__":
    raise SystemExit(main())
