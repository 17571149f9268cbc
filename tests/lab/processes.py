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
#: Names a run of ansible-playbook, by its starter, so that the fault run-killed finds all its processes. A process group does not
#: have them: Ansible gives each worker its own session.
RUN_MARK = "OSSM_LAB_RUN"
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
    env.pop(RUN_MARK, None)
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
    mark = _variable(pid, MARK)
    if mark is None:
        return None
    role, _separator, directory = mark.partition("@")
    return Process(pid, role, directory)


def _variable(pid: int, name: str) -> str | None:
    """Return a variable of the environment that the process was started with, None without it or when the process has ended."""
    try:
        blob = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    prefix = name.encode() + b"="
    return next(
        (entry.decode("utf-8", "replace").partition("=")[2] for entry in blob.split(b"\0") if entry.startswith(prefix)),
        None,
    )


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


def kill_run(run: str) -> int:
    """End all processes of the run with this name by SIGKILL, also those that they start meanwhile; return their number."""
    if not run:
        raise ValueError("a run without a name cannot be distinguished from other processes")
    killed: set[int] = set()
    while members := _members(run):
        for pid in members:
            _kill_member(pid, run)
        killed |= members
    return len(killed)


def _members(run: str) -> set[int]:
    """Return the pids of the run's processes; the environment of one that has ended is empty."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit() and _variable(int(name), RUN_MARK) == run}


def _kill_member(pid: int, run: str) -> None:
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if _variable(pid, RUN_MARK) == run:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


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
