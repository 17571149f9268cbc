# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of a lab on disk: ``lab.json``, the directories of its clusters, and its claim on a loopback network."""

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
    """An error for the user of the lab; its message says how to fix it."""


def default_directory() -> Path:
    """Return the default directory of the lab: ``$OSSM_LAB_DIR``, else ``build/lab`` of the checkout."""
    return Path(os.environ.get("OSSM_LAB_DIR") or ROOT / "build" / "lab").absolute()


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write the file atomically: a reader sees either the old or the new text."""
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
    """Return the content of the JSON file, or ``default`` when the file does not exist."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")


def load(directory: Path) -> dict[str, Any]:
    """Return the content of ``lab.json``. LabError when there is no lab in this directory."""
    content: dict[str, Any] | None = read_json(directory / "lab.json")
    if content is None:
        raise LabError(f"No lab in {directory}. Start a lab with `make lab-up`, or set --dir.")
    return content


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; it is released when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def runtime_directory() -> Path:
    """Return this user's directory of claims on loopback networks (in ``$XDG_RUNTIME_DIR``, else in the temporary directory)."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = (
        Path(base) / "ossm-federation"
        if base and os.access(base, os.W_OK)
        else (Path(tempfile.gettempdir()) / f"ossm-federation-{os.getuid()}")
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise LabError(f"{folder} belongs to another user. Set XDG_RUNTIME_DIR to your own directory.")
    return folder


def claim_network(directory: Path, preferred: str | None = None) -> str:
    """Claim a /16 of 127.0.0.0/8 for the lab and return it as ``127.N``: ``preferred`` if it is free, else another.

    A claim records its lab and the process that wrote it. It is void when that process and all processes of the lab
    have ended. LabError when no network is free.
    """
    claims = runtime_directory()
    with locked(claims / "lock"):
        running_labs = {process.directory for process in processes.running()}
        claimed = {path.name for path in claims.glob("127.*") if _is_valid_claim(path, directory, running_labs)}
        for network in _candidates(directory, preferred):
            if network not in claimed:
                _drop_claims(claims, directory)
                write_json(
                    claims / network,
                    {"directory": str(directory), "pid": os.getpid(), "started": start_time(os.getpid())},
                )
                return network
    raise LabError("All loopback networks are in use by other labs. Stop some with `python -m lab down --dir …`.")


def _candidates(directory: Path, preferred: str | None) -> list[str]:
    first = sum(str(directory).encode()) + os.getuid()
    ring = [f"127.{NETWORKS[(first + step) % len(NETWORKS)]}" for step in range(len(NETWORKS))]
    return ([preferred] if preferred else []) + ring


def _is_valid_claim(claim: Path, directory: Path, running_labs: set[str]) -> bool:
    """Return whether the claim belongs to another lab that runs or is being started."""
    content = read_json(claim, {})
    if content.get("directory") == str(directory):
        return False
    return content.get("directory") in running_labs or start_time(content.get("pid", 0)) == content.get("started", "")


def start_time(pid: int) -> str:
    """Return the start time of a process (clock ticks since boot, /proc/PID/stat field 22), ``none`` without process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return "none"
    return stat.rpartition(")")[2].split()[19]


def _drop_claims(claims: Path, directory: Path) -> None:
    for path in claims.glob("127.*"):
        if read_json(path, {}).get("directory") == str(directory):
            path.unlink()


def release(directory: Path) -> None:
    """Release the lab's network and remove the lab's files."""
    claims = runtime_directory()
    with locked(claims / "lock"):
        _drop_claims(claims, directory)
    shutil.rmtree(directory, ignore_errors=True)
