# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays the checkout out as a collection, in the form that the tools require: ``tree.py link`` and ``tree.py copy``.

``link`` makes ``build/collections``, where ``ossm/federation`` is a link to the checkout: playbooks run from it. ``copy``
makes ``build/tree``, where it is a copy of the files that git tracks or would add: ansible-test does not accept links, and
the release is built from nothing else. Both have ``kubernetes.core`` beside it, taken from the environment that runs this.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import ansible_collections

OURS = Path("ansible_collections/ossm/federation")
NEIGHBOUR = Path("ansible_collections/kubernetes/core")


def main(verb: str) -> int:
    """Make the requested tree below ``build`` of the current folder."""
    root = Path("build/collections" if verb == "link" else "build/tree")
    _point(root / NEIGHBOUR, Path(next(iter(ansible_collections.__path__))) / "kubernetes" / "core")
    if verb == "link":
        _point(root / OURS, Path.cwd())
    else:
        copy(root / OURS)
    return 0


def _point(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def copy(target: Path) -> None:
    """Copy files that changed and remove files that no longer exist; ansible-test's own output stays.

    The copy is a repository of its own: ansible-test asks git for the files, and ``build`` is ignored by the checkout's.
    """
    subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = {name for name in listed.split("\0") if name and Path(name).is_file()}
    for name in names:
        source, copied = Path(name), target / name
        if (
            not copied.exists()
            or copied.read_bytes() != source.read_bytes()
            or copied.stat().st_mode != source.stat().st_mode
        ):
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copied)
    for copied in [path for path in target.rglob("*") if path.is_file()]:
        name = copied.relative_to(target).as_posix()
        if name not in names and not name.startswith((".git/", "tests/output/")):
            copied.unlink()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
