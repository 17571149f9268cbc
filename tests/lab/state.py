# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is on disk: ``lab.json``, the folders of its clusters, and the loopback network that it owns."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import processes

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = range(16, 250)


class LabError(Exception):
    """Something that a person has to know about their lab, in words that say what to do."""


def default_directory() -> Path:
    """Return the lab's directory when none is named: ``$OSSM_LAB_DIR``, else ``build/lab`` of the checkout."""
    return Path(os.environ.get("OSSM_LAB_DIR") or ROOT / "build" / "lab").absolute()


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace the file as a whole, so that a reader sees either the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_json(path: Path, default: Any = None) -> Any:
    """Return what the JSON file holds, or ``default`` where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")


def load(directory: Path) -> dict[str, Any]:
    """Return the content of ``lab.json``; a LabError when there is no lab in this directory."""
    content: dict[str, Any] | None = read_json(directory / "lab.json")
    if content is None:
        raise LabError(f"There is no lab in {directory}. Start one with `make lab-up`, or name another with --dir.")
    return content


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; it goes with the process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def runtime_directory() -> Path:
    """Return this user's folder of claims on loopback networks (``$XDG_RUNTIME_DIR``, else the temporary folder)."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "ossm-federation" if base and os.access(base, os.W_OK) else (
        Path(tempfile.gettempdir()) / f"ossm-federation-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise LabError(f"{folder} belongs to another user; set XDG_RUNTIME_DIR to a folder of your own.")
    return folder


def claim_network(directory: Path, wanted: str | None = None) -> str:
    """Claim a /16 of 127.0.0.0/8 for the lab and return it as ``127.N``; ``wanted`` first, when it is free.

    A claim names its lab and the process that made it. It is void once that process and every process of the lab are
    gone. LabError when none is free.
    """
    claims = runtime_directory()
    with locked(claims / "lock"):
        alive = {process.directory for process in processes.running()}
        taken = {path.name for path in claims.glob("127.*") if _holds(path, directory, alive)}
        for network in _preference(directory, wanted):
            if network not in taken:
                _drop_claims(claims, directory)
                write_json(claims / network, {"directory": str(directory), "pid": os.getpid(), "born": born(os.getpid())})
                return network
    raise LabError("All loopback networks are taken by other labs; end some with `python -m lab down --dir …`.")


def _preference(directory: Path, wanted: str | None) -> list[str]:
    first = sum(str(directory).encode()) + os.getuid()
    ring = [f"127.{NETWORKS[(first + step) % len(NETWORKS)]}" for step in range(len(NETWORKS))]
    return ([wanted] if wanted else []) + ring


def _holds(claim: Path, directory: Path, alive: set[str]) -> bool:
    """Say whether the claim keeps *others* out: its lab is another one that lives or is being started."""
    content = read_json(claim, {})
    if content.get("directory") == str(directory):
        return False
    return content.get("directory") in alive or born(content.get("pid", 0)) == content.get("born", "")


def born(pid: int) -> str:
    """Return when the process started (clock ticks since boot, /proc/PID/stat field 22), ``gone`` without one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return "gone"
    return stat.rpartition(")")[2].split()[19]


def _drop_claims(claims: Path, directory: Path) -> None:
    for path in claims.glob("127.*"):
        if read_json(path, {}).get("directory") == str(directory):
            path.unlink()


def release(directory: Path) -> None:
    """Give the lab's network back and remove the lab's files."""
    claims = runtime_directory()
    with locked(claims / "lock"):
        _drop_claims(claims, directory)
    shutil.rmtree(directory, ignore_errors=True)
