# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation, followed as a reader follows it: the files and commands of its pages in their order, on a lab.

A page's block with the mark ``file`` is written, one with ``run`` is run, and one with ``output`` is compared with what the last
command printed. Comments ``assert:`` on the pages are checked here (``tests/documentation/blocks.py``).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from documentation.blocks import FILE, OUTPUT, RUN, Block, blocks
from documentation.commands import commands
from harness import ROOT, RUN_SECONDS, Federation, program, run_environment
from lab.api import Lab
from warm import Warm

#: The pages in the order of a reader who creates two meshes, connects and disconnects them, and later connects them again.
PAGES = ("quick-start-new.md", "removal.md", "quick-start.md", "plan.md", "status.md", "render.md")
BOOKINFO = {"bookinfo": ["ratings", "reviews"]}
TOPOLOGY = {
    "clusters": {"red": {"platform": "AWS", "operator": False}, "green": {"platform": "Azure", "operator": False}},
    "meshes": {f"{colour}-mesh": {"cluster": colour, "members": BOOKINFO} for colour in ("red", "green")},
}
#: Values that differ from lab to lab.
_VALUES = (
    (re.compile(r"\b(?:[0-9A-F]{2}:){5,}[0-9A-F]{2}"), "<fingerprint>"),
    (re.compile(r"\b127(?:\.\d+){3}\b"), "<address>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<time>"),
)


class Reader:
    """A person with a terminal: a home with kubeconfigs, a folder, and the clusters of a lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.federation = Federation.for_lab(lab, folder, {})
        self.folder, self.printed, self.mark = folder, "", lab.mark()
        home = folder / "home"
        (home / ".kube").mkdir(parents=True)
        for name, cluster in lab.clusters.items():
            (home / ".kube" / name).write_bytes(Path(cluster.kubeconfig).read_bytes())
        self._warm = Warm(run_environment(folder, "", {"HOME": str(home)}), folder)

    def stop(self) -> None:
        """End the process whose copies run playbooks."""
        self._warm.stop()

    def follow(self, block: Block) -> None:
        """Do what a block says, and check what the page says about it."""
        if block.mark.startswith(FILE):
            (self.folder / block.mark.removeprefix(FILE)).write_text(block.text, encoding="utf-8")
        elif block.mark == RUN:
            for command in commands(block.text):
                self._run(command, block)
        elif block.mark == OUTPUT:
            assert _general(block.text) in _general(self.printed), f"{block}: the last run printed:\n{self.printed}"
        for assertion in block.assertions:
            self._check(assertion, block)

    def _run(self, command: list[str], block: Block) -> None:
        assert command[0] == "ansible-playbook", f"{block}: {command}"
        self.mark = self.federation.lab.mark()
        run: subprocess.CompletedProcess[str] = self._warm.run(
            [str(program("ansible-playbook")), *command[1:]], self.folder, RUN_SECONDS
        )
        self.printed = run.stdout
        assert run.returncode == 0, f"{block}: {' '.join(command)}\n{run.stdout}{run.stderr}"

    def _check(self, assertion: str, block: Block) -> None:
        """Check a sentence of a page about its last command."""
        words = assertion.split()
        if assertion == "nothing is written":
            assert self.federation.writes(self.mark) == {}, block
        elif assertion == "no cluster is asked":
            assert not any(self.federation.requests(self.mark).values()), block
        elif assertion == "all links are connected":
            assert self.federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")], block
        elif assertion == "nothing is left":
            assert (
                self.federation.left("red-mesh", "green-mesh") == self.federation.left("green-mesh", "red-mesh") == []
            )
        elif words[0] == "request":
            mesh, host = words[2], words[4]
            assert host in block.text, f"{block} does not name {host}"
            answer = self.federation.lab.ask({"verb": "request", "from_mesh": mesh, "host": host})
            assert answer["status"] == 200, answer
        elif words[0] == "file":
            assert (self.folder / words[1]).exists(), f"{block}: no file {words[1]}"
        else:
            raise AssertionError(f"{block}: no test knows the sentence {assertion!r}")


def _general(text: str) -> str:
    for pattern, name in _VALUES:
        text = pattern.sub(name, text)
    return text.strip("\n")


@pytest.fixture(scope="module", name="reader")
def _reader(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(start(TOPOLOGY), tmp_path_factory.mktemp("r"))
    yield reader
    reader.stop()


def test_the_pages_lead_where_they_say(reader: Reader) -> None:
    """One test, as every page builds on what the ones before it have done."""
    for name in PAGES:
        for block in blocks(ROOT / "docs" / name):
            reader.follow(block)
