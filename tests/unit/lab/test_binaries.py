# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab's programs come from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from lab import binaries
from lab.state import ROOT, LabError

#: Asks for the programs in a process of its own and says how far it is: at the lock, compiling, the folder. It can be
#: interrupted wherever it was started from, and waits for nothing for ever.
ASK = """
import signal
from lab import binaries

def told(path, locked=binaries.locked):
    say("at the lock")
    return locked(path)

def say(text):
    print(text, flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.alarm(60)
binaries.locked = told
binaries.HEARTBEAT_SECONDS = 0.2
say(binaries.find(say))
"""
PATIENCE_SECONDS = 30.0


def _folder(path: Path, names: tuple[str, ...]) -> Path:
    path.mkdir(parents=True)
    for name in names:
        (path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (path / name).chmod(0o755)
    return path


def test_envtest_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(tmp_path / "assets", binaries.PROGRAMS)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    assert binaries.find(print) == folder


def test_incomplete_envtest_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(_folder(tmp_path / "assets", ("etcd",))))
    with pytest.raises(LabError, match="has no kubectl, kube-apiserver"):
        binaries.find(print)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone, with a stand-in for the compiler that only writes what it is told to.

    While there is a file ``hold``, the second program does not get built.
    """
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    go = _folder(tmp_path / "bin", ("go",)) / "go"
    go.write_text('#!/bin/sh\n[ "$1" = env ] && { echo go1.99; exit; }\n[ "$GOFLAGS" = -mod=readonly ] || exit 7\n'
                  'while [ "$1" != -o ]; do shift; done; echo $$ >> "$RUNS"\n'
                  'while [ -e "$HOLD" ] && [ "${2##*/}" = kubectl ]; do sleep 0.02; done; echo built > "$2"\n',
                  encoding="utf-8")
    monkeypatch.setenv("PATH", str(go.parent), prepend=":")
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("HOLD", str(tmp_path / "hold"))
    monkeypatch.setenv("GOFLAGS", "-nonsense")
    return tmp_path


def test_built_once_whatever_the_user_set(empty_cache: Path) -> None:
    folder = binaries.find(lambda text: None)
    assert binaries.find(lambda text: None) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(binaries.PROGRAMS)
    assert len(_compilers(empty_cache)) == len(binaries.PROGRAMS)
    assert _folders() == [folder.name]


def test_a_failed_build_leaves_nothing_and_says_why(empty_cache: Path) -> None:
    go = empty_cache / "bin" / "go"
    go.write_text('#!/bin/sh\n[ "$1" = env ] && { echo go1.99; exit; }\necho no such module; exit 1\n', encoding="utf-8")
    with pytest.raises(LabError, match="no such module"):
        binaries.find(lambda text: None)
    assert _folders() == []


@pytest.fixture
def ask(empty_cache: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start processes that ask for the programs; the compiler holds at the second one. All end with the test."""
    (empty_cache / "hold").touch()
    with ExitStack() as stack:

        def begin() -> subprocess.Popen[str]:
            process = stack.enter_context(subprocess.Popen(
                [sys.executable, "-c", ASK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                start_new_session=True, env=os.environ | {"PYTHONPATH": str(ROOT / "tests")}))
            stack.callback(_kill_all_of, process)
            return process

        yield begin


def test_two_that_start_at_once_build_once(empty_cache: Path, ask: Callable[[], subprocess.Popen[str]]) -> None:
    both = [ask(), ask()]
    assert all(_says(process, "at the lock") for process in both)
    _await(lambda: len(_compilers(empty_cache)) >= 2)
    (empty_cache / "hold").unlink()
    said = [process.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()[-1:] for process in both]
    folder = binaries.find(lambda text: None)
    assert said == [[str(folder)]] * 2
    assert _folders() == [folder.name]
    assert sorted(os.listdir(folder)) == sorted(binaries.PROGRAMS)
    assert len(_compilers(empty_cache)) == len(binaries.PROGRAMS)


def test_what_a_killed_build_left_is_not_taken_and_goes(
        empty_cache: Path, ask: Callable[[], subprocess.Popen[str]]) -> None:
    killed = ask()
    _await(lambda: len(_compilers(empty_cache)) == 2)
    _kill_all_of(killed)
    killed.wait(PATIENCE_SECONDS)
    (empty_cache / "hold").unlink()
    assert [os.listdir(binaries.cache() / name) for name in _folders()] == [["etcd"]], "one folder, with a part in it"
    folder = binaries.find(lambda text: None)
    assert sorted(os.listdir(folder)) == sorted(binaries.PROGRAMS)
    assert _folders() == [folder.name]


def test_an_interrupted_build_ends_its_compiler_and_leaves_nothing(
        empty_cache: Path, ask: Callable[[], subprocess.Popen[str]]) -> None:
    interrupted = ask()
    assert _says(interrupted, "kubectl: compiling")
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(PATIENCE_SECONDS)
    _await(lambda: not _lives(_compilers(empty_cache)[-1]))
    assert _folders() == []


def _says(process: subprocess.Popen[str], words: str) -> bool:
    """Wait until the process prints a line with these words, and say whether it did before it ended."""
    return any(words in line for line in process.stdout or ())


def _compilers(folder: Path) -> list[int]:
    """Return the processes that were told to build a program so far."""
    told = folder / "runs"
    return [int(line) for line in told.read_text(encoding="utf-8").splitlines()] if told.exists() else []


def _folders() -> list[str]:
    return [path.name for path in binaries.cache().iterdir() if path.is_dir()]


def _await(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    """Say whether the process is there; one that ended and was not collected has no command line any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def _kill_all_of(leader: subprocess.Popen[str]) -> None:
    """Kill the process and what it started, as when the machine goes down: nobody can clean up."""
    with suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)


def test_an_old_compiler_is_passed_over(empty_cache: Path) -> None:
    (empty_cache / "bin" / "go").write_text("#!/bin/sh\necho go1.20.1\n", encoding="utf-8")

    assert not binaries._new_enough(str(empty_cache / "bin" / "go"))
    assert binaries._new_enough(str(empty_cache / "nowhere")) is False


def test_version_is_the_one_of_the_module() -> None:
    assert binaries.version().startswith("v1.34.")
