# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook under ansible-rulebook, as docs/eda.md runs it: it heals what is safe once, and raises what is not, without a write."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import jq
import pytest
import yaml
from harness import IMPORTED, ROOT, Federation, program, run_environment, two_meshes

RED, GREEN = "red-mesh", "green-mesh"
RULEBOOK = "ossm.federation.self_healing"
#: A busy machine needs minutes for the start of the rule engine, a poll and a run of federate.yml.
SECONDS = 300


class Rulebook:
    """A running ansible-rulebook with its output in a file."""

    def __init__(self, federation: Federation, **variables: Any) -> None:
        self.federation = federation
        self.log, self.state = federation.folder / "rulebook.log", federation.folder / "health.json"
        folder = federation.folder / "rulebook"
        folder.mkdir()
        inventory = federation.folder / "inventory.yml"
        settings = {"health_inventory": str(inventory), "health_state": str(self.state), **variables}
        (folder / "variables.yml").write_text(yaml.safe_dump(settings))
        environment = run_environment(folder, "", {"PYTHONUNBUFFERED": "1"})
        environment["PATH"] = f"{program('python').parent}:{environment['PATH']}"
        command = [
            program("ansible-rulebook"),
            "--rulebook",
            RULEBOOK,
            "--inventory",
            inventory,
            "--vars",
            "variables.yml",
        ]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                list(map(str, command)),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What it has printed until now, with every run of white space as one blank."""
        return " ".join(self.log.read_text(errors="replace").split())

    def await_text(self, text: str) -> None:
        """Wait until it has printed a text."""
        self.await_value(lambda: text in self.text)

    def await_value(self, read: Callable[[], Any]) -> None:
        """Wait until a value is true, as long as it runs."""

        def value_while_running() -> Any:
            assert self._process.poll() is None, self.log.read_text(errors="replace")
            return read()

        self.federation.eventually(value_while_running, SECONDS)

    def await_polls(self, number: int) -> None:
        """Wait until so many polls more have been judged: each replaces the file of the state."""
        seen: set[int] = {self.state.stat().st_mtime_ns}

        def count() -> bool:
            seen.add(self.state.stat().st_mtime_ns)
            return len(seen) > number

        self.await_value(count)

    def stop(self) -> None:
        """End it and all that it started."""
        for end in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, end)
                self._process.wait(30)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes; green imports a service of red."""
    assert shutil.which("java"), "ansible-rulebook needs Java 17: install the package default-jre-headless (make java)"
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.succeed()
    return federation


@pytest.fixture(name="rulebook")
def _rulebook(federation: Federation) -> Iterator[Rulebook]:
    """The rulebook with short times, on a federation in which an export set was deleted."""
    cluster, namespace = federation.location(RED)
    federation.lab.kubectl(cluster, "delete", "exportedserviceset", GREEN, "-n", namespace)
    rulebook = Rulebook(federation, health_interval=2, health_jitter=0, health_budget=1, health_timeout=240)
    yield rulebook
    rulebook.stop()


def test_what_is_safe_is_healed_and_what_is_not_is_raised(federation: Federation, rulebook: Rulebook) -> None:
    mark = federation.lab.mark()
    rulebook.await_text("HEALTHY No rung")
    assert rulebook.text.count("HEAL red-mesh: run 1 of 4 within an hour") == 1, rulebook.text
    assert federation.names(RED, "exportedservicesets") == [GREEN]
    federation.eventually(lambda: federation.imported(GREEN, RED) == [IMPORTED])
    assert set(federation.writes(mark)) == {"red"}

    cluster, namespace = federation.location(RED)
    body = json.dumps({"spec": {"security": {"clientID": "green-mesh.local/ns/x/sa/other"}}})
    federation.lab.kubectl(cluster, "patch", "servicemeshpeer", GREEN, "-n", namespace, "--type=merge", "-p", body)
    mark = federation.lab.mark()
    rulebook.await_text(
        "expects another client ID than that of the other mesh's egress gateway. Not healed: it takes a person"
    )
    # The report of the doctor, with which its run fails.
    rulebook.await_text("See: docs/codes.md#client-id-differs")
    raised = rulebook.text.count("RAISE ")
    rulebook.await_polls(2)
    assert (rulebook.text.count("RAISE "), rulebook.text.count("HEAL ")) == (raised, 1), rulebook.text
    assert federation.writes(mark) == {}
    state = json.loads(rulebook.state.read_text())
    assert len(state["heals"]) == 1 and [key.partition("|")[0] for key in state["raised"]] == ["client-id-differs"]


def test_a_job_counts_each_mesh_once(federation: Federation) -> None:
    """With the queries, on the results that a controller stores: also those of a mesh outside of the limit."""
    queries = yaml.safe_load((ROOT / "extensions" / "audit" / "event_query.yml").read_text())
    json_lines = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    run = federation.play(ROOT / "playbooks" / "status.yml", "--limit", RED, environment=json_lines)
    tasks = [task for play in json.loads(run.text)["plays"] for task in play["tasks"]]
    results = [result for task in tasks for result in task["hosts"].values()]
    # A controller has an event for each item of a loop as well.
    results += [{**item, "action": result["action"]} for result in results for item in result.get("results", [])]
    nodes = [
        node
        for result in results
        for node in jq.compile(queries.get(result["action"], {"query": "empty"})["query"]).input(result).all()
    ]
    assert sorted(node["name"] for node in nodes) == [GREEN, RED]
    assert len({tuple(node["canonical_facts"].values()) for node in nodes}) == 2
    assert all(None not in node["canonical_facts"].values() for node in nodes)
