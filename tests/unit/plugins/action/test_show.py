# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that prints reports: what it prints, where, and what is in its result."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.ossm.federation.plugins.action import show
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal

Json = dict[str, Any]
LINES = ["HEALTHY  6 of 6 links healthy.", "", "    a " + "word " * 30]


@pytest.fixture(name="printed")
def _printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(show, "Display", lambda: SimpleNamespace(display=texts.append, verbosity=0))
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments, **_options: {})
    return texts


def _run(callback: str, monkeypatch: pytest.MonkeyPatch, *, diff: bool = False, **args: Any) -> Json:
    monkeypatch.setattr(show.constants.config, "get_config_value", lambda _name: callback)
    action = show.ActionModule.__new__(show.ActionModule)
    action._task = SimpleNamespace(args=args, diff=diff, action="show")
    action._load_name = "show"
    return dict(action.run())


@pytest.mark.parametrize(
    "callback", ["default", "ansible.builtin.default", "community.general.yaml", "awx_display", "minimal"]
)
def test_text_is_printed_once(callback: str, monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    result = _run(callback, monkeypatch, lines=LINES)
    assert len(printed) == 1 and printed[0].startswith("HEALTHY  6 of 6 links healthy.\n\n    a word")
    assert max(map(len, printed[0].splitlines())) <= 100
    assert result["lines"] == LINES and result["_ansible_verbose_override"] and not result["changed"]


@pytest.mark.parametrize("callback", ["json", "ansible.posix.json", "ansible.posix.jsonl", "community.general.null"])
def test_nothing_is_printed_between_json(callback: str, monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    assert _run(callback, monkeypatch, lines=LINES, failure="it fails")["lines"] == LINES
    assert printed == []


def test_details_come_with_diff(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    _run("default", monkeypatch, lines=["a"], details=["b"])
    _run("default", monkeypatch, lines=["a"], details=["b"], diff=True)
    assert printed == ["a", "a\nb"]


def test_details_come_with_verbosity(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    monkeypatch.setattr(show, "Display", lambda: SimpleNamespace(display=printed.append, verbosity=1))
    _run("default", monkeypatch, lines=["a"], details=["b"])
    assert printed == ["a\nb"]


def test_a_failure_is_one_line_and_the_text_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, printed: list[str]
) -> None:
    result = _run("default", monkeypatch, lines=["a"], failure="2 errors")
    assert result["failed"] and result["msg"] == "2 errors" and "lines" not in result and printed == ["a"]


def test_stats_are_published_as_data(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    sealed = seal({"federation_connected": 6}, {})
    published = _run("default", monkeypatch, lines=["a"], stats=sealed)["ansible_stats"]
    assert published == {"data": {"federation_connected": 6}, "per_host": False, "aggregate": False}
    assert "ansible_stats" not in _run("default", monkeypatch, lines=["a"])


def test_text_of_clusters_does_not_control_the_terminal(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    _run("default", monkeypatch, lines=["a\x1b[2Jb\rc"])
    assert printed == ["a\\x1b[2Jb\\x0dc"]


def test_lines_are_left_whole_on_request(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    _run("default", monkeypatch, lines=["x y" * 50], wrap=False)
    assert printed == ["x y" * 50]


def test_escaped_characters_do_not_make_a_line_too_long(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    _run("default", monkeypatch, lines=["word " * 18 + "\x1b\x1b\x1b end"])
    assert "\\x1b" in printed[0] and max(map(len, printed[0].splitlines())) <= 100


def test_files_are_written_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    report = tmp_path / "report.json"
    report.write_text("old, and longer than the new text", encoding="utf-8")
    files = [{"path": str(report), "content": "{}"}, {"path": "", "content": "nowhere"}]
    files.append({"path": str(tmp_path / "private"), "content": "", "mode": "0600"})
    result = _run("default", monkeypatch, lines=["a"], files=files)
    assert printed == ["a"] and not result["changed"] and not result.get("failed")
    assert report.read_text(encoding="utf-8") == "{}" and report.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["private", "report.json"]


def test_a_file_that_cannot_be_written_fails_after_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: list[str]
) -> None:
    path = tmp_path / "none" / "report.json"
    result = _run("default", monkeypatch, lines=["a"], failure="b", files=[{"path": str(path), "content": "{}"}])
    assert printed == ["a"] and result["failed"]
    assert result["msg"].startswith(f"b {path} cannot be written: No such file or directory. ")
