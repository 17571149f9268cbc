# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When test files share a lab, and when a fresh one is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration import pool
from lab.processes import Process

TOPOLOGY: dict[str, Any] = {"clusters": {"red": {}}, "meshes": {}}


class FakeLab:
    """A lab without processes that records what is done to it."""

    events: list[str] = []

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clusters = {"red": directory}

    @classmethod
    def start(cls, _topology: Any, directory: Path, speed: float) -> FakeLab:
        cls.events.append(f"start {directory.name} at {speed:g}")
        return cls(directory)

    def stop(self) -> None:
        self.events.append(f"stop {self.directory.name}")


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The processes that run, whatever the lab."""
    running = [Process(1, "red/etcd", "l"), Process(2, "red/kube-apiserver", "l"), Process(3, "simulator", "l")]
    monkeypatch.setattr(FakeLab, "events", [])
    monkeypatch.setattr(pool, "Lab", FakeLab)
    monkeypatch.setattr(pool.etcd, "read", lambda cluster: {"content": cluster.name})
    monkeypatch.setattr(pool.etcd, "restore", lambda _cluster, content: FakeLab.events.append(f"restore {content}"))
    monkeypatch.setattr(pool.faults, "active", lambda _directory: {"red": {}})
    monkeypatch.setattr(pool.processes, "of_lab", lambda _directory: list(running))
    monkeypatch.setattr(pool.launcher, "stop_simulator", lambda _directory: FakeLab.events.append("simulator stops"))
    monkeypatch.setattr(pool.launcher, "start_simulator", lambda *_arguments: FakeLab.events.append("simulator starts"))
    return running


def test_the_second_file_receives_the_restored_lab(processes: list[Process], tmp_path: Path) -> None:
    shared = pool.Pool(tmp_path, 20)
    first = shared.lab(TOPOLOGY)
    processes[2] = Process(4, "simulator", "l")
    assert shared.lab(dict(TOPOLOGY)).directory == first.directory
    shared.stop()
    restored = ["simulator stops", "restore {'content': '1'}", "simulator starts"]
    assert FakeLab.events == ["start 1 at 20", *restored, "stop 1"]


def _replace_server(processes: list[Process], _monkeypatch: pytest.MonkeyPatch) -> None:
    processes[1] = Process(5, "red/kube-apiserver", "l")


def _end_server(processes: list[Process], _monkeypatch: pytest.MonkeyPatch) -> None:
    del processes[1]


def _open_door(processes: list[Process], _monkeypatch: pytest.MonkeyPatch) -> None:
    processes.append(Process(6, "red/front-door:1", "l"))


def _leave_fault_on(_processes: list[Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool.faults, "active", lambda _directory: {"red": {"api-slow": {}}})


@pytest.mark.parametrize("damage", [_replace_server, _end_server, _open_door, _leave_fault_on])
def test_a_damaged_lab_is_replaced(
    damage: Callable[[list[Process], pytest.MonkeyPatch], None],
    processes: list[Process],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared = pool.Pool(tmp_path, 20)
    shared.lab(TOPOLOGY)
    damage(processes, monkeypatch)
    assert shared.lab(TOPOLOGY).directory == tmp_path / "2"
    assert FakeLab.events == ["start 1 at 20", "stop 1", "start 2 at 20"]


def test_another_topology_replaces_the_lab(processes: list[Process], tmp_path: Path) -> None:
    shared = pool.Pool(tmp_path, 20)
    shared.lab(TOPOLOGY)
    shared.lab(None)
    assert FakeLab.events == ["start 1 at 20", "stop 1", "start 2 at 20"]
