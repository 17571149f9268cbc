# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab's programs come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import binaries
from lab.state import LabError


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
    """A cache of this test alone, with a stand-in for the compiler that only writes what it is told to."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    go = _folder(tmp_path / "bin", ("go",)) / "go"
    go.write_text('#!/bin/sh\n[ "$1" = env ] && { echo go1.99; exit; }\n[ "$GOFLAGS" = -mod=readonly ] || exit 7\n'
                  'while [ "$1" != -o ]; do shift; done; echo >> "$RUNS"; echo built > "$2"\n', encoding="utf-8")
    monkeypatch.setenv("PATH", str(go.parent), prepend=":")
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("GOFLAGS", "-nonsense")
    return tmp_path


def test_built_once_whatever_the_user_set(empty_cache: Path) -> None:
    folder = binaries.find(lambda text: None)
    assert binaries.find(lambda text: None) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(binaries.PROGRAMS)
    assert len((empty_cache / "runs").read_text(encoding="utf-8").splitlines()) == len(binaries.PROGRAMS)
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]


def test_a_failed_build_leaves_nothing_and_says_why(empty_cache: Path) -> None:
    go = empty_cache / "bin" / "go"
    go.write_text('#!/bin/sh\n[ "$1" = env ] && { echo go1.99; exit; }\necho no such module; exit 1\n', encoding="utf-8")
    with pytest.raises(LabError, match="no such module"):
        binaries.find(lambda text: None)
    assert not [path for path in binaries.cache().iterdir() if path.is_dir()]


def test_an_old_compiler_is_passed_over(empty_cache: Path) -> None:
    (empty_cache / "bin" / "go").write_text("#!/bin/sh\necho go1.20.1\n", encoding="utf-8")

    assert not binaries._new_enough(str(empty_cache / "bin" / "go"))
    assert binaries._new_enough(str(empty_cache / "nowhere")) is False


def test_version_is_the_one_of_the_module() -> None:
    assert binaries.version().startswith("v1.34.")
