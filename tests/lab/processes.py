# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of a lab, identified by a mark in their environment.

No pid is stored for a later kill: a pid that the kernel has reused is never signalled, and processes of a crashed
launcher are found as well. A mark has the form ``<role>@<directory of the lab>``.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "OSSM_LAB_PROCESS"
_POLL_SECONDS = 0.001
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Process:
    """A running process of a lab: its pid, its role (``red/etcd``, ``simulator``) and the directory of its lab."""

    pid: int
    role: str
    directory: str

    def memory_mib(self) -> float:
        """Return the resident memory in MiB, 0 when the process has ended."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0


def start(
    role: str, directory: Path, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Process:
    """Start ``command`` in a new session and append its output to ``log``. Raises the errors of ``Popen``."""
    env = dict(os.environ if environment is None else environment)
    env[MARK] = f"{role}@{directory}"
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=directory,
        )
    _children.append(child)
    # Popen returns before /proc shows the environment of the new program, which identifies it.
    while child.poll() is None and _read(child.pid) is None:
        time.sleep(_POLL_SECONDS)
    return Process(child.pid, role, str(directory))


def reap() -> None:
    """Collect the exit codes of children that have ended, so that no zombies remain."""
    _children[:] = [child for child in _children if child.poll() is None]


def _read(pid: int) -> Process | None:
    try:
        blob = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    for entry in blob.split(b"\0"):
        if entry.startswith(MARK.encode() + b"="):
            role, _separator, directory = entry.decode("utf-8", "replace").partition("=")[2].partition("@")
            return Process(pid, role, directory)
    return None


def running() -> list[Process]:
    """Return the processes of all labs of this user, by pid."""
    reap()
    candidates = (_read(int(name)) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid())
    return sorted((process for process in candidates if process), key=lambda process: process.pid)


def of_lab(directory: Path) -> list[Process]:
    """Return the running processes of the lab in ``directory``."""
    return [process for process in running() if process.directory == str(directory)]


def stop(processes: Iterable[Process], grace: float = 8.0) -> None:
    """Stop the processes: SIGTERM, then SIGKILL after ``grace`` seconds. Return when all have ended."""
    handles = {process: handle for process in processes if (handle := _open(process)) is not None}
    try:
        _signal_all(handles, signal.SIGTERM)
        remaining = _await_exit(handles, time.monotonic() + grace)
        _signal_all(remaining, signal.SIGKILL)
        _await_exit(remaining, time.monotonic() + grace)
    finally:
        for handle in handles.values():
            os.close(handle)
        reap()


def _open(process: Process) -> int | None:
    """Open a pidfd for the process, None when the process has ended or its pid was reused."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return None
    if _read(process.pid) == process:
        return handle
    os.close(handle)
    return None


def _signal_all(handles: Mapping[Process, int], number: signal.Signals) -> None:
    for handle in handles.values():
        with suppress(OSError):
            signal.pidfd_send_signal(handle, number)


def _await_exit(handles: Mapping[Process, int], deadline: float) -> dict[Process, int]:
    """Wait for the processes until the deadline; return those that still run."""
    remaining = dict(handles)
    while remaining and (seconds := deadline - time.monotonic()) > 0:
        ended, _writable, _failed = select.select(list(remaining.values()), [], [], seconds)
        remaining = {process: handle for process, handle in remaining.items() if handle not in ended}
    return remaining
