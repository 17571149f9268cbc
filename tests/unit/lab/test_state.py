# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims on loopback networks, atomic files, and processes identified by their mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import processes, state


@pytest.fixture(autouse=True)
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory of claims for this test."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return state.runtime_directory()


def test_labs_have_different_networks(tmp_path: Path) -> None:
    networks = {state.claim_network(tmp_path / f"lab-{number}") for number in range(20)}
    assert len(networks) == 20


def test_lab_keeps_its_network(tmp_path: Path) -> None:
    first = state.claim_network(tmp_path / "lab")
    assert state.claim_network(tmp_path / "lab", first) == first


def test_claim_of_ended_process_is_void(tmp_path: Path, claims: Path) -> None:
    state.write_json(claims / "127.77", {"directory": str(tmp_path / "dead"), "pid": 1, "started": "another time"})
    assert state.claim_network(tmp_path / "lab", "127.77") == "127.77"


def test_claim_of_running_process_is_valid(tmp_path: Path, claims: Path) -> None:
    state.write_json(
        claims / "127.77",
        {"directory": str(tmp_path / "other"), "pid": os.getpid(), "started": state.start_time(os.getpid())},
    )
    assert state.claim_network(tmp_path / "lab", "127.77") != "127.77"


def test_no_free_network(tmp_path: Path, claims: Path) -> None:
    for number in state.NETWORKS:
        state.write_json(
            claims / f"127.{number}",
            {"directory": "/elsewhere", "pid": os.getpid(), "started": state.start_time(os.getpid())},
        )
    with pytest.raises(state.LabError, match="All loopback networks are in use"):
        state.claim_network(tmp_path / "lab")


def test_release_removes_claim_and_files(tmp_path: Path, claims: Path) -> None:
    network = state.claim_network(tmp_path / "lab")
    state.write_json(tmp_path / "lab" / "lab.json", {"a": 1})
    state.release(tmp_path / "lab")
    assert not (claims / network).exists()
    assert not (tmp_path / "lab").exists()


def test_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    state.write_atomically(path, "old")
    with pytest.raises(TypeError):
        state.write_json(path, object())
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) in (["file", "run"], ["run", "file"])


def test_missing_lab_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(state.LabError, match="make lab-up"):
        state.load(tmp_path)


def _sleeper(tmp_path: Path, role: str, code: str) -> processes.Process:
    process = processes.start(role, tmp_path, [sys.executable, "-c", code], tmp_path / "log")
    while "ready" not in (tmp_path / "log").read_text(encoding="utf-8"):
        os.sched_yield()
    return process


def test_processes_are_stopped_by_their_mark(tmp_path: Path) -> None:
    process = _sleeper(tmp_path, "red/etcd", "import signal; print('ready', flush=True); signal.pause()")
    assert processes.of_lab(tmp_path) == [process]
    assert process.memory_mib() > 1
    processes.stop(processes.of_lab(tmp_path))
    assert processes.of_lab(tmp_path) == []
    assert process.memory_mib() == 0


def test_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ignores_sigterm = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\nwhile True: signal.pause()"
    process = _sleeper(tmp_path, "ignores-sigterm", ignores_sigterm)
    processes.stop([process], grace=0.2)
    assert processes.of_lab(tmp_path) == []


def test_reused_pid_is_not_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as bystander:
        processes.stop([processes.Process(bystander.pid, "red/etcd", str(tmp_path))], grace=0.2)
        assert bystander.poll() is None
        bystander.kill()
