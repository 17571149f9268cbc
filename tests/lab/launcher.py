# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Up, down and status of a lab: clusters first, all at once, then what they contain, then the simulator."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lab import binaries, clusters, processes, scenery, state
from lab.clusters import Cluster
from lab.state import LabError
from lab.topology import Topology

SIMULATOR = "simulator"
SIMULATOR_SECONDS = 300.0
SOCKET_SECONDS = 60.0
MAX_SOCKET_PATH = 100
HEARTBEAT_SECONDS = 5.0
INSTALLATION = {"operator_notice": 0.0, "operator_install": 0.0, "operator_update": 0.0, "istiod_start": 0.0,
                "gateway_start": 0.0, "members": 0.0}
_POLL_SECONDS = 0.05
_T = TypeVar("_T")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What ``up`` is asked for: a topology (None: what is there, else the default), clocks, with or without simulator; whether
    a new lab stores everything as JSON, so that it can be dated back (``lab.ages``)."""

    topology: Topology | None = None
    speed: float = 1.0
    clocks: dict[str, float] = field(default_factory=dict)
    simulator: bool = True
    readable: bool = False


def up(directory: Path, wish: Wish, default: Callable[[], Topology], say: Say = print) -> dict[str, Any]:
    """Bring the lab up, or what died of it back; return ``lab.json``'s content. LabError says what went wrong."""
    _check_path(directory)
    programs = binaries.find(say)
    with state.locked(directory.with_name(f".{directory.name}.lock")):
        existing = state.read_json(directory / "lab.json")
        content = _plan(directory, wish, existing, default)
        state.write_json(directory / "lab.json", content)
        found = list(of(directory, content))
        begun = time.monotonic()
        say(f"Starting {len(found)} API server{'s' if len(found) != 1 else ''}: {', '.join(item.name for item in found)}")
        start_clusters(found, programs)
        say(f"Ready after {time.monotonic() - begun:.1f} s; filling them.")
        fresh = not (directory / "filled").exists()
        if fresh:
            in_parallel(lambda item: scenery.build(item, _meshes_of(content, item.name)), found)
            state.write_atomically(directory / "filled", "")
        content = _with_pids(directory, content)
        state.write_json(directory / "lab.json", content)
        if content["simulator"]:
            start_simulator(directory, say, INSTALLATION if fresh else {})
        say(f"The lab is up after {time.monotonic() - begun:.1f} s, in {directory}.")
        return content


def of(directory: Path, content: dict[str, Any] | None = None) -> Iterable[Cluster]:
    """Yield the clusters of the lab in ``directory``."""
    entries = (content or state.load(directory))["clusters"]
    return (Cluster(name, directory, entry) for name, entry in entries.items())


def in_parallel(work: Callable[[Cluster], _T], found: list[Cluster]) -> list[_T]:
    """Do the work for all clusters at once; the first error is raised when all of them have ended."""
    with ThreadPoolExecutor(max(1, len(found))) as pool:
        return list(pool.map(work, found))


def start_clusters(found: list[Cluster], programs: Path) -> None:
    """Start what does not run of the clusters, stores first, and wait until every API server is ready."""
    in_parallel(lambda item: clusters.start_store(item, programs), found)
    in_parallel(lambda item: clusters.start_server(item, programs), found)
    in_parallel(clusters.await_ready, found)


def _check_path(directory: Path) -> None:
    if len(str(directory / "simulator.sock")) > MAX_SOCKET_PATH:
        raise LabError(f"{directory} is too long a path for a Unix socket; name a shorter one with --dir or OSSM_LAB_DIR.")


def _plan(directory: Path, wish: Wish, existing: dict[str, Any] | None, default: Callable[[], Topology]) -> dict[str, Any]:
    """Return the content of ``lab.json``: what is there goes on as it is, a new lab gets a network of its own."""
    if existing:
        if wish.topology not in (None, existing["topology"]):
            raise LabError(f"The lab in {directory} has another topology; `down` it first, or name another with --dir.")
        claimed = state.claim_network(directory, existing["network"])
        if claimed != existing["network"]:
            raise LabError(f"The network {existing['network']} of this lab is another lab's now; `down` it and start anew.")
        return existing | {"speed": wish.speed, "clocks": wish.clocks, "simulator": wish.simulator}
    topology = wish.topology or default()
    network = state.claim_network(directory)
    storage = clusters.JSON if wish.readable else clusters.PROTOBUF
    entries = {name: clusters.new_entry(directory, network, index, name, wanted, storage)
               for index, (name, wanted) in enumerate(topology["clusters"].items(), start=1)}
    return {"name": directory.name, "directory": str(directory), "network": network, "python": sys.executable,
            "speed": wish.speed, "clocks": wish.clocks, "simulator": wish.simulator, "readable": wish.readable, "clusters": entries,
            "meshes": {name: _mesh_entry(mesh) for name, mesh in topology["meshes"].items()}, "topology": topology}


def _mesh_entry(mesh: dict[str, Any]) -> dict[str, Any]:
    return mesh | {"members": list(mesh["members"]), "services": mesh["members"]}


def _meshes_of(content: dict[str, Any], cluster: str) -> dict[str, Any]:
    return {name: mesh for name, mesh in content["meshes"].items() if mesh["cluster"] == cluster}


def _with_pids(directory: Path, content: dict[str, Any]) -> dict[str, Any]:
    entries = {item.name: item.entry | {"pids": {role: process.pid for role, process in item.running().items()}}
               for item in of(directory, content)}
    return content | {"clusters": entries}


def start_simulator(directory: Path, say: Say, hurry: dict[str, float] | None = None) -> None:
    """Start the mesh simulator unless it runs, and wait until each control plane was ready once.

    The clocks in ``hurry`` hold until then: what a lab begins with was installed long ago.
    """
    if _simulator(directory) is None:
        (directory / "simulator.sock").unlink(missing_ok=True)
        command = [sys.executable, "-m", "lab.sim", "--dir", str(directory)]
        processes.start(SIMULATOR, directory, command, directory / "simulator.log", python_environment())
    _await_simulator(directory, say, bool)
    if hurry:
        usual = ask(directory, {"verb": "clocks", "set": {}})["clocks"]
        ask(directory, {"verb": "clocks", "set": hurry})
    _await_simulator(directory, say, lambda answer: bool(answer.get("ready")) and (not hurry or _settled(answer)))
    if hurry:
        ask(directory, {"verb": "clocks", "set": {name: usual[name] for name in hurry}})


def _few(items: list[str], shown: int = 3) -> str:
    """Return the first items of a list, and how many more there are."""
    return ", ".join(items[:shown]) + (f" and {len(items) - shown} more" if len(items) > shown else "")


def _settled(answer: dict[str, Any]) -> bool:
    """Say whether no control plane is being worked on; one that was not asked for has no conditions."""
    found = [mesh.get("conditions") or {} for mesh in answer["meshes"].values()]
    return all(conditions.get("Ready", "True") == "True" for conditions in found)


def _await_simulator(directory: Path, say: Say, reached: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the simulator's status is what is wanted; LabError when it ends or takes for ever."""
    log = directory / "simulator.log"
    begun = told = time.monotonic()
    while not reached(answer := _status(directory)):
        now = time.monotonic()
        if _simulator(directory) is None:
            raise LabError(f"The simulator ended:\n{clusters.tail(log)}")
        if now - begun > SIMULATOR_SECONDS:
            raise LabError(f"The simulator was not ready within {SIMULATOR_SECONDS:.0f} s "
                           f"({answer.get('waiting') or 'no answer'}):\n{clusters.tail(log)}")
        if now - told > HEARTBEAT_SECONDS:
            say(f"  waiting for {_few(answer.get('waiting') or ['the simulator'])}")
            told = now
        time.sleep(_POLL_SECONDS)


def python_environment() -> dict[str, str]:
    """Return the environment in which a Python process of the lab finds this package."""
    return os.environ | {"PYTHONPATH": str(state.ROOT / "tests"), "PYTHONUNBUFFERED": "1"}


def _simulator(directory: Path) -> processes.Process | None:
    return next((process for process in processes.of_lab(directory) if process.role == SIMULATOR), None)


def stop_simulator(directory: Path) -> None:
    """Stop the simulator, if it runs."""
    processes.stop(process for process in processes.of_lab(directory) if process.role == SIMULATOR)


def _status(directory: Path) -> dict[str, Any]:
    try:
        return ask(directory, {"verb": "status"})
    except LabError:
        return {}


def ask(directory: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to the simulator's socket and return its answer; LabError when nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SOCKET_SECONDS)
            connection.connect(str(directory / "simulator.sock"))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
    except OSError as error:
        raise LabError(f"The simulator of {directory} does not answer ({error}); `up` starts it again.") from error
    if not line:
        raise LabError(f"The simulator of {directory} closed the connection; see {directory / 'simulator.log'}.")
    answer: dict[str, Any] = json.loads(line)
    return answer


def down(directory: Path) -> int:
    """Stop every process of the lab and remove its files; return how many processes there were."""
    with state.locked(directory.with_name(f".{directory.name}.lock")):
        living = processes.of_lab(directory)
        processes.stop(process for process in living if process.role == SIMULATOR)
        processes.stop(process for process in living if not process.role.endswith("/etcd"))
        while left := processes.of_lab(directory):
            processes.stop(left)
        if directory.exists() and not (directory / "lab.json").exists() and any(directory.iterdir()):
            raise LabError(f"{directory} is no lab's folder; nothing in it was touched.")
        state.release(directory)
    directory.with_name(f".{directory.name}.lock").unlink(missing_ok=True)
    return len(living)


def kubectl(directory: Path, cluster: str, arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the lab's kubectl with the cluster's kubeconfig; ``options`` are those of ``subprocess.run``."""
    command, environment = kubectl_command(directory, cluster, arguments)
    return subprocess.run(command, env=environment, text=True, check=False, **options)


def kubectl_command(directory: Path, cluster: str, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the environment of a kubectl for the cluster."""
    entries = state.load(directory)["clusters"]
    if cluster not in entries:
        raise LabError(f"There is no cluster {cluster!r} (there are: {', '.join(entries)}).")
    environment = os.environ | {"KUBECONFIG": entries[cluster]["kubeconfig"], "NO_PROXY": "*",
                                "KUBECACHEDIR": str(directory / cluster / "kubectl-cache")}
    return [str(binaries.find(lambda text: print(text, file=sys.stderr)) / "kubectl"), *arguments], environment
