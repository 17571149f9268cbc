# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a running lab, by name: this module handles API server faults and forwards all others to the simulator."""

from __future__ import annotations

import socket
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

from lab import binaries, clusters, launcher, processes, seed, state
from lab.clusters import ADMIN_GROUP, Cluster
from lab.front_proxy import CONFIGURATION
from lab.state import LabError

BINDING = "lab-admins"
PROXY_SECONDS = 20.0
_MATCH_ALL: dict[str, Any] = {"verbs": [], "resources": [], "namespaces": []}
#: A fault that begins in the middle of a run.
_FROM_WRITE: dict[str, Any] = {"from_write": 0}


@dataclass(frozen=True)
class Fault:
    """An API server fault: description, parameters with defaults, and whether the front proxy injects it."""

    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    proxied: bool = False


FAULTS: dict[str, Fault] = {
    "api-stopped": Fault("the API server is stopped (connection refused)"),
    "api-slow": Fault(
        "delays each matching request by `seconds`, from the `from_write`-th request that changes objects on (0: at once)",
        {"seconds": 2.0, **_FROM_WRITE, **_MATCH_ALL},
        proxied=True,
    ),
    "api-error": Fault(
        "responds to matching requests with `code` (403, 409, 429, 500, 503, 504), with `probability`, at most `count` times "
        "(0: always), from the `from_write`-th request that changes objects on (0: at once)",
        {"code": 500, "probability": 1.0, "count": 0, "retry_after": 1, **_FROM_WRITE, **_MATCH_ALL},
        proxied=True,
    ),
    "api-connection-reset": Fault(
        "resets the connection of matching requests, at most `count` times (0: always), from the `from_write`-th request that "
        "changes objects on (0: at once)",
        {"count": 0, **_FROM_WRITE, **_MATCH_ALL},
        proxied=True,
    ),
    "api-forbidden": Fault(
        "RBAC denies `verbs` on `resources` (plural names; both empty: denies everything)",
        {"verbs": [], "resources": []},
    ),
    "run-killed": Fault(
        "kills (SIGKILL) all processes with OSSM_LAB_RUN=`run` in their environment at the `n`-th matching request, "
        "counted over all clusters, `when` before the API server gets it or after it has answered (before, after); "
        "without `verbs`, requests that change objects count",
        {"run": "", "n": 1, "when": "before", **_MATCH_ALL},
        proxied=True,
    ),
    "api-unauthorized": Fault("the user's credentials have expired (401)", proxied=True),
    "wrong-certificate": Fault("the API server presents a certificate of an unknown CA", proxied=True),
    "front-proxy": Fault(
        "no failure: kubeconfigs point at the front proxy, so that later faults also affect clients that "
        "are already running",
        proxied=True,
    ),
    "crds-missing": Fault(
        "deletes the CRDs of `kinds` (and with them all their objects)",
        {"kinds": ["ExportedServiceSet", "ImportedServiceSet"]},
    ),
}


def active(directory: Path) -> dict[str, dict[str, Any]]:
    """Return the active API server faults: cluster to name to parameters."""
    recorded: dict[str, dict[str, Any]] = state.read_json(directory / "faults.json", {})
    return recorded


def switch(directory: Path, name: str, on: bool, target: dict[str, str], parameters: dict[str, Any]) -> str:
    """Switch a fault on or off and return a message about it.

    ``target`` has ``cluster``, ``mesh`` or ``peer``. An API server fault without cluster affects all clusters; with a
    mesh, the cluster of the mesh. LabError on an unknown name or parameter, or an error of the simulator.
    """
    if name not in FAULTS:
        return _forward(directory, name, on, target, parameters)
    content = state.load(directory)
    checked = _checked(name, on, parameters) | {"id": uuid.uuid4().hex}
    names = _targets(content, target)
    with state.locked(directory / "faults.lock"):
        for cluster in launcher.clusters_of(directory, content):
            if cluster.name in names:
                _switch_in_cluster(cluster, name, on, checked)
    return f"{name} is {'on' if on else 'off'} in {', '.join(names)}"


def restore(directory: Path) -> None:
    """Restore the recorded faults after ``up``; a stopped API server runs again, so that fault is cleared."""
    with state.locked(directory / "faults.lock"):
        for cluster in launcher.clusters_of(directory):
            _record(cluster, "api-stopped", False, {})
            _configure_proxy(cluster, active(directory).get(cluster.name, {}))


def _forward(directory: Path, name: str, on: bool, target: dict[str, str], parameters: dict[str, Any]) -> str:
    answer = launcher.ask(directory, {"verb": "fault", "name": name, "on": on, "parameters": parameters, **target})
    if not answer.get("ok"):
        raise LabError(f"{answer.get('error', answer)}\nAPI server faults: {', '.join(FAULTS)}.")
    return f"{name} is {'on' if on else 'off'} in the simulator"


def _checked(name: str, on: bool, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return all parameters, converted to the types of their defaults (a single value becomes a list)."""
    known = FAULTS[name].parameters
    if unknown := sorted(set(parameters) - set(known)):
        raise LabError(f"{name}: unknown parameter {', '.join(unknown)} (known: {', '.join(known) or 'none'}).")
    try:
        checked = {key: _converted(default, parameters.get(key, default)) for key, default in known.items()}
    except ValueError as error:
        raise LabError(f"{name}: {error}") from error
    if on and name == "run-killed" and not checked["run"]:
        raise LabError(f"{name}: set run to the value of {processes.RUN_MARK} in the environment of the run.")
    if on and name == "run-killed" and (checked["n"] < 1 or checked["when"] not in ("before", "after")):
        raise LabError(f"{name}: n must be 1 or more, and when must be before or after.")
    return checked


def _converted(default: Any, value: Any) -> Any:
    if isinstance(default, list):
        return value.split(",") if isinstance(value, str) else list(value)
    return type(default)(value)


def _targets(content: dict[str, Any], target: dict[str, str]) -> list[str]:
    if mesh := target.get("mesh"):
        if mesh not in content["meshes"]:
            raise LabError(f"Unknown mesh {mesh!r} (known: {', '.join(content['meshes'])}).")
        return [content["meshes"][mesh]["cluster"]]
    if (cluster := target.get("cluster")) is None:
        return list(content["clusters"])
    if cluster not in content["clusters"]:
        raise LabError(f"Unknown cluster {cluster!r} (known: {', '.join(content['clusters'])}).")
    return [cluster]


def _switch_in_cluster(cluster: Cluster, name: str, on: bool, parameters: dict[str, Any]) -> None:
    handlers: dict[str, Callable[[Cluster, bool, dict[str, Any]], None]] = {
        "api-stopped": _switch_stopped,
        "api-forbidden": _switch_forbidden,
        "crds-missing": _switch_crds_missing,
    }
    if name in handlers:
        handlers[name](cluster, on, parameters)
    faults = _record(cluster, name, on, parameters)
    _configure_proxy(cluster, faults)


def _record(cluster: Cluster, name: str, on: bool, parameters: dict[str, Any]) -> dict[str, Any]:
    recorded = active(cluster.directory)
    faults = {key: value for key, value in recorded.get(cluster.name, {}).items() if key != name}
    if on:
        faults[name] = parameters
    recorded[cluster.name] = faults
    state.write_json(cluster.directory / "faults.json", {key: value for key, value in recorded.items() if value})
    return faults


def _switch_stopped(cluster: Cluster, on: bool, _parameters: dict[str, Any]) -> None:
    if on:
        clusters.stop(cluster, lambda role: role == "kube-apiserver")
        return
    clusters.start_server(cluster, binaries.find(lambda text: print(text, file=sys.stderr)))
    clusters.await_ready(cluster)


def _switch_forbidden(cluster: Cluster, on: bool, parameters: dict[str, Any]) -> None:
    """Remove rights by RBAC: delete the binding, or bind a role with the remaining rights."""
    connection = seed.launcher_client(cluster)
    role = "cluster-admin"
    bindings = connection.resources.get(api_version="rbac.authorization.k8s.io/v1", kind="ClusterRoleBinding")
    with suppress(NotFoundError):
        bindings.delete(name=BINDING)
    if on and not (parameters["verbs"] or parameters["resources"]):
        return
    if on:
        role = "lab-admins-restricted"
        rules = remaining_rules(_served_resources(connection), parameters["verbs"], parameters["resources"])
        seed.apply(
            connection,
            [
                (
                    seed.FIELD_MANAGER,
                    {
                        "apiVersion": "rbac.authorization.k8s.io/v1",
                        "kind": "ClusterRole",
                        "metadata": {"name": role},
                        "rules": rules,
                    },
                )
            ],
        )
    seed.apply(connection, [(seed.FIELD_MANAGER, seed.binding(BINDING, ADMIN_GROUP, role))])


def _served_resources(connection: DynamicClient) -> list[tuple[str, str, list[str]]]:
    """Return group, plural name (with subresource) and verbs of all resources that the cluster serves."""
    paths = ["/api/v1"]
    groups = connection.request("get", "/apis").to_dict()["groups"]
    paths += [f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"]]
    resources = []
    for path in paths:
        answer = connection.request("get", path).to_dict()
        group = answer["groupVersion"].rpartition("/")[0]
        resources += [(group, item["name"], item["verbs"]) for item in answer["resources"]]
    return resources


def remaining_rules(
    served: list[tuple[str, str, list[str]]], verbs: list[str], resources: list[str]
) -> list[dict[str, Any]]:
    """Return RBAC rules for all served resources without the forbidden verbs on the forbidden resources.

    An empty list means all verbs or resources. The subresources of a forbidden resource are forbidden as well.
    """
    rules: list[dict[str, Any]] = [{"nonResourceURLs": ["*"], "verbs": ["*"]}]
    for group, name, served_verbs in sorted(served, key=lambda item: item[:2]):
        is_forbidden = not resources or name.split("/")[0] in resources or name in resources
        remaining = [
            verb for verb in served_verbs if not (is_forbidden and (not verbs or verb in verbs or "*" in verbs))
        ]
        if remaining:
            rules.append({"apiGroups": [group], "resources": [name], "verbs": remaining})
    return rules


def _switch_crds_missing(cluster: Cluster, on: bool, parameters: dict[str, Any]) -> None:
    connection = seed.launcher_client(cluster)
    definitions = seed.crds("federation", "mesh", "openshift")
    if not on:
        seed.apply_crds(connection, definitions)
        return
    known = {item["spec"]["names"]["kind"]: item["metadata"]["name"] for item in definitions}
    if unknown := sorted(set(parameters["kinds"]) - set(known)):
        raise LabError(f"The lab has no CRD for {', '.join(unknown)} (known: {', '.join(known)}).")
    resource = connection.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    for kind in parameters["kinds"]:
        with suppress(NotFoundError):
            resource.delete(name=known[kind])
    _await_absent(resource, [known[kind] for kind in parameters["kinds"]])


def _await_absent(resource: Any, names: list[str]) -> None:
    for name in names:
        with suppress(NotFoundError):
            current = resource.get(name=name)
            for event in resource.watch(
                field_selector=f"metadata.name={name}", timeout=30, resource_version=current.metadata.resourceVersion
            ):
                if event["type"] == "DELETED":
                    break


def _configure_proxy(cluster: Cluster, faults: dict[str, Any]) -> None:
    """Start or stop the front proxy as the faults require, and point the user's kubeconfig at it or at the API server."""
    proxied = {name: parameters for name, parameters in faults.items() if FAULTS[name].proxied}
    state.write_json(cluster.folder / CONFIGURATION, proxied)
    server = cluster.entry["server"]
    if proxied:
        server = _start_proxy(cluster)
    clusters.write_kubeconfig(cluster, "kubeconfig", "admin", server)
    if not proxied:
        clusters.stop(cluster, lambda role: role.startswith("front-proxy"))


def _start_proxy(cluster: Cluster) -> str:
    """Start the front proxy unless it runs, wait until it accepts connections, and return its URL."""
    port = next((int(role.partition(":")[2]) for role in cluster.running() if role.startswith("front-proxy:")), 0)
    host = cluster.address(3)
    if not port:
        port = clusters.free_port(host)
        command = [sys.executable, "-m", "lab.front_proxy", "--dir", str(cluster.directory), "--cluster", cluster.name]
        processes.start(
            f"{cluster.name}/front-proxy:{port}",
            cluster.directory,
            [*command, f"--port={port}"],
            cluster.folder / "front-proxy.log",
            launcher.python_environment(),
        )
    deadline = time.monotonic() + PROXY_SECONDS
    while not _accepts(host, port):
        if time.monotonic() > deadline:
            raise LabError(
                f"The front proxy of {cluster.name} did not start:\n{clusters.tail(cluster.folder / 'front-proxy.log')}"
            )
        time.sleep(clusters.POLL_SECONDS)
    return f"https://{host}:{port}"


def _accepts(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
