# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-test sanity`` on the copy in ``build/tree``, with only the package index of this machine.

ansible-test makes environments of its own. It downloads a script that installs pip from a server of its project, unless
its cache contains one: this one uses Python's ensurepip. It passes on hardly any environment variable, so pip's settings
of this user are written to a file. Both are in a home folder below ``build``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import ansible_test

HOME = Path("build/home").absolute()
TREE = Path("build/tree/ansible_collections/ossm/federation")
INSTALL_PIP = "import ensurepip\n\nensurepip.bootstrap(upgrade=True)\n"


def main(arguments: list[str]) -> int:
    """Run the sanity tests and return their exit code; ``arguments`` go to ansible-test."""
    cache = HOME / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in pip_versions():
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(INSTALL_PIP, encoding="utf-8")
    settings = HOME / ".config/pip/pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(pip_settings(), encoding="utf-8")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = [str(Path(sys.executable).with_name("ansible-test")), "sanity", "--venv", "--python", version, *arguments]
    return subprocess.run(command, cwd=TREE, env=environment(), check=False).returncode


def pip_versions() -> set[str]:
    """Return the versions of pip that this ansible-test may ask for."""
    source = Path(next(iter(ansible_test.__path__))) / "_internal/python_requirements.py"
    versions = set(re.findall(r"pip='([\d.]+)'", source.read_text(encoding="utf-8")))
    if not versions:
        raise SystemExit(f"{source} does not name the version of pip any more; adapt tests/sanity.py.")
    return versions


def pip_settings() -> str:
    """Return pip's settings of this user, from files and environment, as the text of a pip.conf."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    settings = {}
    for line in listed.splitlines():
        key, _separator, value = line.partition("=")
        settings[key.rpartition(".")[2]] = value.strip("'\"").replace("\\n", "\n    ")
    return "\n".join(["[global]", *(f"{key} = {value}" for key, value in settings.items()), ""])


def environment() -> dict[str, str]:
    """Return the environment for ansible-test: our home folder, and the tools of this Python first on the path."""
    return os.environ | {"HOME": str(HOME), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
