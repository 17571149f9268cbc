# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's observers: memory of a process and its descendants."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import observe

#: Allocates 64 MiB in a child, reports that, and ends when its input ends.
PARENT = """
import subprocess, sys
child = "import sys; block = bytearray(64 * 2**20); print('allocated', flush=True); sys.stdin.read()"
sys.exit(subprocess.call([sys.executable, "-c", child]))
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """A process whose child holds 64 MiB."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "allocated\n"
        yield process
        process.communicate()


def _sampled(memory: observe.Memory, monkeypatch: pytest.MonkeyPatch, samples: int = 3) -> None:
    """Start the thread and return after this many complete samples, or when the thread has ended."""
    reached, count = threading.Event(), iter(range(samples))
    descendants = observe.family

    def family(pid: int) -> list[int]:
        if next(count, None) is None:
            reached.set()
        return descendants(pid)

    monkeypatch.setattr(observe, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(observe, "family", family)
    memory.start()
    while memory.is_alive() and not reached.wait(0.01):
        pass


def _only(folder: str, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that lists this folder and finds no other below /proc."""

    def read_folder(path: Any) -> Any:
        if str(path).startswith("/proc/") and str(path) != folder:
            raise FileNotFoundError(str(path))
        return read(path)

    return read_folder


def test_memory_of_descendants_counts(parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    memory = observe.Memory(parent.pid)
    _sampled(memory, monkeypatch)
    assert memory.stop() > 64


def test_a_process_that_ends_between_two_reads_is_skipped(
    parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child ends between the list of processes and the list of its threads."""
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, _only(f"/proc/{parent.pid}/task", getattr(os, name)))
    memory = observe.Memory(parent.pid)
    _sampled(memory, monkeypatch)
    assert memory.stop() > 64


def test_a_failed_observer_fails_the_run(parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_arguments: object, **_options: object) -> str:
        raise PermissionError(str(path))

    monkeypatch.setattr(Path, "read_text", denied)
    memory = observe.Memory(parent.pid)
    _sampled(memory, monkeypatch)
    with pytest.raises(observe.ObserverError, match=f"memory of process {parent.pid}.*PermissionError"):
        memory.stop()


def test_an_observer_without_a_sample_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "SAMPLE_SECONDS", 60)
    memory = observe.Memory(1)
    memory.start()
    with pytest.raises(observe.ObserverError, match="no sample"):
        memory.stop()
