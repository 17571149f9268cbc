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

#: Asks for the programs in a process of its own and prints its progress: at the lock, compiling, the folder. It can be
#: interrupted wherever it was started, and ends after a minute.
ASK = """
import signal
from lab import binaries

def announce(path, locked=binaries.locked):
    say("at the lock")
    return locked(path)

def say(text):
    print(text, flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.alarm(60)
binaries.locked = announce
binaries.HEARTBEAT_SECONDS = 0.2
say(binaries.find(say))
"""
PATIENCE_SECONDS = 30.0
COMPILER = """\
#!/bin/sh
[ "$1" = env ] && { echo go1.99; exit; }
[ "$GOFLAGS" = -mod=readonly ] || exit 7
while [ "$1" != -o ]; do shift; done
folder=$2
shift 2
echo $$ "$@" >> "$RUNS"
for package; do
  while [ -e "$HOLD" ] && [ "$package" = ./kube-apiserver ]; do sleep 0.02; done
  echo built > "$folder$package"
  chmod +x "$folder$package"
done
"""


def _folder(path: Path, names: tuple[str, ...]) -> Path:
    path.mkdir(parents=True)
    for name in names:
        (path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (path / name).chmod(0o755)
    return path


def test_envtest_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(tmp_path / "assets", binaries.PROGRAMS)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    assert binaries.find(print) == folder


def test_incomplete_envtest_folder_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(_folder(tmp_path / "assets", ("etcd",))))
    with pytest.raises(LabError, match="does not contain kube-apiserver. Fix: "):
        binaries.find(print)


def test_an_envtest_folder_without_kubectl_serves_a_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(tmp_path / "assets", binaries.SERVERS)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    assert binaries.find(print) == folder
    with pytest.raises(LabError, match="does not contain kubectl"):
        binaries.find(print, ["kubectl"])


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone, with a stand-in for the compiler that only writes the files it is asked for.

    As long as the file ``hold`` exists, the second program is not built.
    """
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    go = _folder(tmp_path / "bin", ("go",)) / "go"
    go.write_text(COMPILER, encoding="utf-8")
    monkeypatch.setenv("PATH", str(go.parent), prepend=":")
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("HOLD", str(tmp_path / "hold"))
    monkeypatch.setenv("GOFLAGS", "-nonsense")
    return tmp_path


def test_built_once_whatever_the_user_set(empty_cache: Path) -> None:
    folder = binaries.find(lambda text: None)
    assert binaries.find(lambda text: None) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(binaries.SERVERS)
    assert _builds(empty_cache) == [["./etcd", "./kube-apiserver"]]
    assert _folders() == [folder.name]


def test_kubectl_is_built_on_its_first_use(empty_cache: Path) -> None:
    folder = binaries.find(lambda text: None)
    assert not (folder / "kubectl").exists()
    assert binaries.find(lambda text: None, ["kubectl"]) == folder
    assert binaries.find(lambda text: None, binaries.PROGRAMS) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(binaries.PROGRAMS)
    assert _builds(empty_cache) == [["./etcd", "./kube-apiserver"], ["./kubectl"]]
    assert _folders() == [folder.name]


def test_a_failed_build_leaves_nothing_and_says_why(empty_cache: Path) -> None:
    go = empty_cache / "bin" / "go"
    go.write_text(
        '#!/bin/sh\n[ "$1" = env ] && { echo go1.99; exit; }\necho no such module; exit 1\n', encoding="utf-8"
    )
    with pytest.raises(LabError, match="no such module"):
        binaries.find(lambda text: None)
    assert _folders() == []


@pytest.fixture
def ask(empty_cache: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start processes that ask for the programs; the compiler holds at the second one. All end with the test."""
    (empty_cache / "hold").touch()
    with ExitStack() as stack:

        def begin() -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", ASK],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,
                    env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
                )
            )
            stack.callback(_kill_all_of, process)
            return process

        yield begin


def test_two_that_start_at_once_build_once(empty_cache: Path, ask: Callable[[], subprocess.Popen[str]]) -> None:
    both = [ask(), ask()]
    assert all(_prints(process, "at the lock") for process in both)
    _await(lambda: bool(_compilers(empty_cache)))
    (empty_cache / "hold").unlink()
    last_lines = [process.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()[-1:] for process in both]
    folder = binaries.find(lambda text: None)
    assert last_lines == [[str(folder)]] * 2
    assert _folders() == [folder.name]
    assert sorted(os.listdir(folder)) == sorted(binaries.SERVERS)
    assert len(_compilers(empty_cache)) == 1


def test_what_a_killed_build_left_is_removed_and_not_used(
    empty_cache: Path, ask: Callable[[], subprocess.Popen[str]]
) -> None:
    killed = ask()
    _await(lambda: [os.listdir(binaries.cache() / name) for name in _folders()] == [["etcd"]])
    _kill_all_of(killed)
    killed.wait(PATIENCE_SECONDS)
    (empty_cache / "hold").unlink()
    assert [os.listdir(binaries.cache() / name) for name in _folders()] == [["etcd"]], "one folder, with a part in it"
    folder = binaries.find(lambda text: None)
    assert sorted(os.listdir(folder)) == sorted(binaries.SERVERS)
    assert _folders() == [folder.name]


def test_an_interrupted_build_ends_its_compiler_and_leaves_nothing(
    empty_cache: Path, ask: Callable[[], subprocess.Popen[str]]
) -> None:
    interrupted = ask()
    assert _prints(interrupted, "compiling")
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(PATIENCE_SECONDS)
    _await(lambda: not _is_running(_compilers(empty_cache)[-1]))
    assert _folders() == []


def _prints(process: subprocess.Popen[str], words: str) -> bool:
    """Wait until the process prints a line with these words; false when it ends without it."""
    return any(words in line for line in process.stdout or ())


def _runs(folder: Path) -> list[list[str]]:
    """Return process and packages of each run of the compiler so far."""
    runs = folder / "runs"
    return [line.split() for line in runs.read_text(encoding="utf-8").splitlines()] if runs.exists() else []


def _compilers(folder: Path) -> list[int]:
    return [int(run[0]) for run in _runs(folder)]


def _builds(folder: Path) -> list[list[str]]:
    return [run[1:] for run in _runs(folder)]


def _folders() -> list[str]:
    return [path.name for path in binaries.cache().glob("*") if path.is_dir()]


def _await(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    """Return whether the process runs; one that ended and was not collected has no command line any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def _kill_all_of(leader: subprocess.Popen[str]) -> None:
    """Kill the process and what it started, as when the machine goes down: no clean-up takes place."""
    with suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)


def test_an_old_compiler_is_not_used(empty_cache: Path) -> None:
    (empty_cache / "bin" / "go").write_text("#!/bin/sh\necho go1.20.1\n", encoding="utf-8")

    assert not binaries._new_enough(str(empty_cache / "bin" / "go"))
    assert binaries._new_enough(str(empty_cache / "nowhere")) is False


def test_version_is_the_one_of_the_module() -> None:
    assert binaries.version().startswith("v1.34.")
