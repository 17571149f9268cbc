# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop a lab: all clusters in parallel, then their initial objects, then the simulator."""

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

from lab import binaries, clusters, processes, seed, state
from lab.clusters import Cluster
from lab.state import LabError
from lab.topology import Topology

SIMULATOR = "simulator"
SIMULATOR_SECONDS = 300.0
SOCKET_SECONDS = 60.0
MAX_SOCKET_PATH = 100
HEARTBEAT_SECONDS = 5.0
INSTALL_CLOCKS = {
    "operator_notice": 0.0,
    "operator_install": 0.0,
    "operator_update": 0.0,
    "istiod_start": 0.0,
    "gateway_start": 0.0,
    "members": 0.0,
}
_POLL_SECONDS = 0.05
_T = TypeVar("_T")
_Item = TypeVar("_Item")
Say = Callable[[str], None]


@dataclass(frozen=True)
class LabOptions:
    """Options of ``up``.

    ``topology`` None means that of the existing lab, else the default. ``json_storage`` makes the API servers of a new
    lab store JSON, which ``lab.backdating`` needs.
    """

    topology: Topology | None = None
    speed: float = 1.0
    clocks: dict[str, float] = field(default_factory=dict)
    simulator: bool = True
    json_storage: bool = False


def up(directory: Path, options: LabOptions, default: Callable[[], Topology], say: Say = print) -> dict[str, Any]:
    """Start the lab or the parts of it that do not run; return the content of ``lab.json``. LabError with the reason."""
    _check_path(directory)
    programs = binaries.find(say)
    with state.locked(directory.with_name(f".{directory.name}.lock")):
        existing = state.read_json(directory / "lab.json")
        content = _content(directory, options, existing, default)
        state.write_json(directory / "lab.json", content)
        lab_clusters = list(clusters_of(directory, content))
        start = time.monotonic()
        names = ", ".join(cluster.name for cluster in lab_clusters)
        say(f"Starting {len(lab_clusters)} API server{'s' if len(lab_clusters) != 1 else ''}: {names}")
        start_clusters(lab_clusters, programs)
        say(f"API servers ready after {time.monotonic() - start:.1f} s; creating the initial objects.")
        is_new = not (directory / "seeded").exists()
        if is_new:
            in_parallel(lambda cluster: seed.create_objects(cluster, _meshes_of(content, cluster.name)), lab_clusters)
            state.write_atomically(directory / "seeded", "")
        content = _with_pids(directory, content)
        state.write_json(directory / "lab.json", content)
        if content["simulator"]:
            start_simulator(directory, say, INSTALL_CLOCKS if is_new else {})
        say(f"The lab is up after {time.monotonic() - start:.1f} s, in {directory}.")
        return content


def clusters_of(directory: Path, content: dict[str, Any] | None = None) -> Iterable[Cluster]:
    """Yield the clusters of the lab in ``directory``."""
    entries = (content or state.load(directory))["clusters"]
    return (Cluster(name, directory, entry) for name, entry in entries.items())


def in_parallel(work: Callable[[_Item], _T], items: list[_Item]) -> list[_T]:
    """Do the work for all items in parallel and return the results; raise the first error after all have ended."""
    with ThreadPoolExecutor(max(1, len(items))) as pool:
        return list(pool.map(work, items))


def start_clusters(lab_clusters: list[Cluster], programs: Path) -> None:
    """Start the etcds and API servers that do not run, and wait until every API server is ready."""
    in_parallel(lambda cluster: clusters.start_store(cluster, programs), lab_clusters)
    in_parallel(lambda cluster: clusters.start_server(cluster, programs), lab_clusters)
    in_parallel(clusters.await_ready, lab_clusters)


def _check_path(directory: Path) -> None:
    if len(str(directory / "simulator.sock")) > MAX_SOCKET_PATH:
        raise LabError(
            f"The path {directory} is too long for a Unix socket. Set a shorter one with --dir or OSSM_LAB_DIR."
        )


def _content(
    directory: Path, options: LabOptions, existing: dict[str, Any] | None, default: Callable[[], Topology]
) -> dict[str, Any]:
    """Return the content of ``lab.json``: an existing lab is kept, a new lab gets its own loopback network."""
    if existing:
        if options.topology not in (None, existing["topology"]):
            raise LabError(f"The lab in {directory} has a different topology. Run `down` first, or set another --dir.")
        claimed = state.claim_network(directory, existing["network"])
        if claimed != existing["network"]:
            raise LabError(
                f"The network {existing['network']} of this lab is in use by another lab. Run `down`, then `up`."
            )
        return existing | {"speed": options.speed, "clocks": options.clocks, "simulator": options.simulator}
    topology = options.topology or default()
    network = state.claim_network(directory)
    storage = clusters.JSON if options.json_storage else clusters.PROTOBUF
    entries = {
        name: clusters.new_entry(directory, network, index, name, settings, storage)
        for index, (name, settings) in enumerate(topology["clusters"].items(), start=1)
    }
    return {
        "name": directory.name,
        "directory": str(directory),
        "network": network,
        "python": sys.executable,
        "speed": options.speed,
        "clocks": options.clocks,
        "simulator": options.simulator,
        "json_storage": options.json_storage,
        "clusters": entries,
        "meshes": {name: _mesh_entry(mesh) for name, mesh in topology["meshes"].items()},
        "topology": topology,
    }


def _mesh_entry(mesh: dict[str, Any]) -> dict[str, Any]:
    return mesh | {"members": list(mesh["members"]), "services": mesh["members"]}


def _meshes_of(content: dict[str, Any], cluster: str) -> dict[str, Any]:
    return {name: mesh for name, mesh in content["meshes"].items() if mesh["cluster"] == cluster}


def _with_pids(directory: Path, content: dict[str, Any]) -> dict[str, Any]:
    entries = {
        cluster.name: cluster.entry | {"pids": {role: process.pid for role, process in cluster.running().items()}}
        for cluster in clusters_of(directory, content)
    }
    return content | {"clusters": entries}


def start_simulator(directory: Path, say: Say, install_clocks: dict[str, float] | None = None) -> None:
    """Start the mesh simulator unless it runs, and wait until every control plane has been ready.

    ``install_clocks`` apply until then: the control planes of a new lab count as installed long ago.
    """
    if _simulator(directory) is None:
        (directory / "simulator.sock").unlink(missing_ok=True)
        command = [sys.executable, "-m", "lab.sim", "--dir", str(directory)]
        processes.start(SIMULATOR, directory, command, directory / "simulator.log", python_environment())
    _await_simulator(directory, say, bool)
    if not install_clocks:
        _await_simulator(directory, say, _is_ready)
        return
    normal_clocks = ask(directory, {"verb": "clocks", "set": {}})["clocks"]
    ask(directory, {"verb": "clocks", "set": install_clocks})
    _await_simulator(directory, say, lambda answer: _is_ready(answer) and _is_settled(answer))
    ask(directory, {"verb": "clocks", "set": {name: normal_clocks[name] for name in install_clocks}})


def _shortened(items: list[str], shown: int = 3) -> str:
    """Return the first items of a list and the number of those omitted."""
    return ", ".join(items[:shown]) + (f" and {len(items) - shown} more" if len(items) > shown else "")


def _is_ready(answer: dict[str, Any]) -> bool:
    return bool(answer.get("ready"))


def _is_settled(answer: dict[str, Any]) -> bool:
    """Return whether no control plane is being reconciled; a mesh without control plane has no conditions."""
    all_conditions = [mesh.get("conditions") or {} for mesh in answer["meshes"].values()]
    return all(conditions.get("Ready", "True") == "True" for conditions in all_conditions)


def _await_simulator(directory: Path, say: Say, reached: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the simulator's status satisfies ``reached``. LabError when it exits or times out."""
    log = directory / "simulator.log"
    start = last_message = time.monotonic()
    while not reached(answer := _status(directory)):
        now = time.monotonic()
        if _simulator(directory) is None:
            raise LabError(f"The simulator exited:\n{clusters.tail(log)}")
        if now - start > SIMULATOR_SECONDS:
            raise LabError(
                f"The simulator was not ready within {SIMULATOR_SECONDS:.0f} s "
                f"({answer.get('waiting') or 'no answer'}):\n{clusters.tail(log)}"
            )
        if now - last_message > HEARTBEAT_SECONDS:
            say(f"  waiting for {_shortened(answer.get('waiting') or ['the simulator'])}")
            last_message = now
        time.sleep(_POLL_SECONDS)


def python_environment() -> dict[str, str]:
    """Return the environment for a Python process of the lab, with this package on its path."""
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
    """Send a request to the simulator's socket and return its response. LabError when there is none."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SOCKET_SECONDS)
            connection.connect(str(directory / "simulator.sock"))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
    except OSError as error:
        raise LabError(f"The simulator of {directory} does not respond ({error}). Run `up` to restart it.") from error
    if not line:
        raise LabError(f"The simulator of {directory} closed the connection. See {directory / 'simulator.log'}.")
    answer: dict[str, Any] = json.loads(line)
    return answer


def down(directory: Path) -> int:
    """Stop all processes of the lab and remove its files; return the number of processes."""
    with state.locked(directory.with_name(f".{directory.name}.lock")):
        running = processes.of_lab(directory)
        processes.stop(process for process in running if process.role == SIMULATOR)
        processes.stop(process for process in running if not process.role.endswith("/etcd"))
        while remaining := processes.of_lab(directory):
            processes.stop(remaining)
        if directory.exists() and not (directory / "lab.json").exists() and any(directory.iterdir()):
            raise LabError(f"{directory} is not the directory of a lab; it was not changed.")
        state.release(directory)
    directory.with_name(f".{directory.name}.lock").unlink(missing_ok=True)
    return len(running)


def kubectl(directory: Path, cluster: str, arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the lab's kubectl with the cluster's kubeconfig; ``options`` are those of ``subprocess.run``."""
    command, environment = kubectl_command(directory, cluster, arguments)
    return subprocess.run(command, env=environment, text=True, check=False, **options)


def kubectl_command(directory: Path, cluster: str, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the environment of kubectl for the cluster."""
    entries = state.load(directory)["clusters"]
    if cluster not in entries:
        raise LabError(f"Unknown cluster {cluster!r} (known: {', '.join(entries)}).")
    environment = os.environ | {
        "KUBECONFIG": entries[cluster]["kubeconfig"],
        "NO_PROXY": "*",
        "KUBECACHEDIR": str(directory / cluster / "kubectl-cache"),
    }
    programs = binaries.find(lambda text: print(text, file=sys.stderr), ("kubectl",))
    return [str(programs / "kubectl"), *arguments], environment
