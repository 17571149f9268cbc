# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a lab: started with a mark in their environment, found and ended by that mark.

No pid is ever remembered to be killed later, so a number that the kernel gave to somebody else is never at risk, and
what a crashed launcher left behind is found all the same. A mark reads ``<role>@<directory of the lab>``.
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
_SHOWN_SECONDS = 0.001
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Process:
    """A living process of a lab: its number, what it is for (``red/etcd``, ``simulator``) and its lab's directory."""

    pid: int
    role: str
    directory: str

    def memory_mib(self) -> float:
        """Return the resident memory in MiB, 0 when the process has gone."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0


def start(role: str, directory: Path, command: Sequence[str], log: Path,
          environment: Mapping[str, str] | None = None) -> Process:
    """Start ``command`` in a session of its own, its output appended to ``log``; errors are those of ``Popen``."""
    env = dict(os.environ if environment is None else environment)
    env[MARK] = f"{role}@{directory}"
    with log.open("ab") as output:
        child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True, cwd=directory)
    _children.append(child)
    # Popen returns a moment before the kernel shows the new program's environment, by which everybody finds it.
    while child.poll() is None and _read(child.pid) is None:
        time.sleep(_SHOWN_SECONDS)
    return Process(child.pid, role, str(directory))


def reap() -> None:
    """Collect the exit codes of own children that ended, so that no zombie and no open handle stays."""
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
    found = (_read(int(name)) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid())
    return sorted((process for process in found if process), key=lambda process: process.pid)


def of_lab(directory: Path) -> list[Process]:
    """Return the living processes of the lab in ``directory``."""
    return [process for process in running() if process.directory == str(directory)]


def stop(processes: Iterable[Process], grace: float = 8.0) -> None:
    """End the processes: a polite signal, then after ``grace`` seconds a kill. Returns when all of them are gone."""
    handles = {process: handle for process in processes if (handle := _open(process)) is not None}
    try:
        _signal_all(handles, signal.SIGTERM)
        left = _wait_gone(handles, time.monotonic() + grace)
        _signal_all(left, signal.SIGKILL)
        _wait_gone(left, time.monotonic() + grace)
    finally:
        for handle in handles.values():
            os.close(handle)
        reap()


def _open(process: Process) -> int | None:
    """Open a handle on the process and make sure that the handle is still the process that was meant."""
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


def _wait_gone(handles: Mapping[Process, int], deadline: float) -> dict[Process, int]:
    left = dict(handles)
    while left and (remaining := deadline - time.monotonic()) > 0:
        ready, _writable, _failed = select.select(list(left.values()), [], [], remaining)
        left = {process: handle for process, handle in left.items() if handle not in ready}
    return left
