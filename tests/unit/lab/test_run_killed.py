# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that begin at a write, and above all run-killed: the requests that count, its parameters, and the processes that it kills."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lab import certificates, faults, front_proxy, processes, state
from lab.clusters import Cluster

WRITE = {"verb": "patch", "resource": "peers", "namespace": "a", "name": "x"}
#: Starts a child in a session of its own, as Ansible does with its workers, and waits.
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)\n"
)
#: Sends a read, a dry run and a write to one URL after the other, five times; a response is printed.
CLIENT = (
    "import sys, urllib.request\n"
    "for number in range(5):\n"
    "    for url in sys.argv[1:]:\n"
    "        for method, query in (('GET', ''), ('PATCH', '?dryRun=All'), ('PATCH', '')):\n"
    "            path = f'{url}/api/v1/namespaces/a/configmaps/{number}{query}'\n"
    "            urllib.request.urlopen(urllib.request.Request(path, b'{}' if query or method == 'PATCH' else None, method=method))\n"
)


@pytest.mark.parametrize(
    ("target", "query", "expected"),
    [
        (WRITE, {}, True),
        (WRITE | {"verb": "delete"}, {}, True),
        (WRITE | {"verb": "create"}, {}, True),
        (WRITE, {"dryRun": "All"}, False),
        (WRITE | {"verb": "get"}, {}, False),
        (WRITE | {"verb": "watch"}, {}, False),
        (WRITE | {"verb": "create", "resource": "selfsubjectrulesreviews"}, {}, False),
        (WRITE | {"verb": "create", "resource": "selfsubjectaccessreviews"}, {}, False),
    ],
)
def test_requests_that_change_objects(target: dict[str, str], query: dict[str, str], expected: bool) -> None:
    assert front_proxy.changes(target, query) is expected


def test_requests_are_counted_in_one_file_and_from_one_again_for_each_fault(tmp_path: Path) -> None:
    first, second = {"id": "first"}, {"id": "second"}
    assert [front_proxy.count_request(tmp_path, fault, WRITE) for fault in (first, first, second, second)] == [
        1,
        2,
        1,
        2,
    ]


def test_all_processes_of_the_run_are_killed_and_no_other(tmp_path: Path) -> None:
    environment = os.environ | {processes.RUN_MARK: str(tmp_path)}
    command = [sys.executable, "-c", PARENT]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as member,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {processes.RUN_MARK: "another"}
        ) as other,
    ):
        assert member.stdout is not None and other.stdout is not None
        children = [int(stream.readline()) for stream in (member.stdout, other.stdout)]
        assert processes.kill_run(str(tmp_path)) == 2
        assert member.wait() == -signal.SIGKILL
        assert other.poll() is None
        os.kill(children[1], 0)
        assert processes.kill_run("another") == 2
        assert processes.kill_run(str(tmp_path)) == 0


@pytest.mark.parametrize(
    ("n", "when", "stored"), [(1, "before", 0), (4, "before", 3), (1, "after", 1), (4, "after", 4)]
)
def test_a_run_is_killed_at_a_write_of_all_clusters(tmp_path: Path, n: int, when: str, stored: int) -> None:
    fault = {"run": str(tmp_path), "n": n, "when": when, "verbs": [], "id": "one"}
    code, written = asyncio.run(_send(tmp_path, fault))
    assert code == -signal.SIGKILL
    assert written == [("red", "0"), ("green", "0"), ("red", "1"), ("green", "1")][:stored]


def test_a_run_with_fewer_writes_is_not_killed(tmp_path: Path) -> None:
    code, written = asyncio.run(
        _send(tmp_path, {"run": str(tmp_path), "n": 11, "when": "before", "verbs": [], "id": "one"})
    )
    assert code == 0 and len(written) == 10


@pytest.mark.parametrize(("from_write", "stored"), [(0, 0), (1, 0), (2, 1), (3, 2), (6, 5)])
def test_a_fault_begins_at_a_write_of_its_cluster(tmp_path: Path, from_write: int, stored: int) -> None:
    """Reads and dry runs before it pass, and do not count."""
    fault = {"run": "", "code": 403, "from_write": from_write, "id": "one"}
    code, written = asyncio.run(_send(tmp_path, fault, "api-error", ["red"]))
    assert (code == 0) is (stored == 5)
    assert written == [("red", str(number)) for number in range(stored)]


async def _send(
    directory: Path, fault: dict[str, Any], kind: str = "run-killed", clusters: Sequence[str] = ("red", "green")
) -> tuple[int | None, list[tuple[str, str]]]:
    """Run the client against front proxies of clusters; return its exit code, and cluster and name of what was stored."""
    written: list[tuple[str, str]] = []
    async with asyncio.timeout(30):
        servers = [await _serve(directory, name, {kind: fault}, written) for name in clusters]
        client = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CLIENT,
            *(str(proxy.make_url("")).rstrip("/") for _upstream, proxy in servers),
            env=os.environ | {processes.RUN_MARK: fault["run"], "no_proxy": "*"},
        )
        code = await client.wait()
        for upstream, proxy in servers:
            await proxy.close()
            await upstream.close()
    return code, written


async def _serve(
    directory: Path, name: str, active: dict[str, Any], written: list[tuple[str, str]]
) -> tuple[TestServer, TestServer]:
    """Start a server that records what it stores, and the front proxy before it."""

    async def store(request: web.Request) -> web.Response:
        if request.method == "PATCH" and not request.query:
            written.append((name, request.path.rpartition("/")[2]))
        return web.json_response({})

    upstream = TestServer(_application(store))
    await upstream.start_server()
    certificates.write_all(directory / name / "pki", ["127.0.0.1"], "10.0.0.1")
    state.write_json(directory / name / front_proxy.CONFIGURATION, active)
    front = front_proxy.FrontProxy(Cluster(name, directory, {"server": str(upstream.make_url("")).rstrip("/")}))
    application = _application(front.handle)
    application.on_startup.append(front.open)
    application.on_cleanup.append(front.close)
    proxy = TestServer(application)
    await proxy.start_server()
    return upstream, proxy


def _application(handle: Any) -> web.Application:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    return application


def test_a_run_without_a_name_is_not_killed() -> None:
    with pytest.raises(ValueError, match="without a name"):
        processes.kill_run("")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "set run to the value of OSSM_LAB_RUN"),
        ({"run": "a", "n": "0"}, "n must be 1 or more"),
        ({"run": "a", "when": "between"}, "when must be before or after"),
        ({"run": "a", "group": "7"}, "unknown parameter group"),
    ],
)
def test_wrong_parameters_are_rejected(
    monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any], message: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(state, "load", lambda _directory: {"clusters": {}, "meshes": {}})
    with pytest.raises(state.LabError, match=message):
        faults.switch(tmp_path, "run-killed", True, {}, parameters)
