# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults by name, switched while the lab runs: those of API servers are made here, all others by the simulator."""

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

from lab import binaries, clusters, launcher, processes, scenery, state
from lab.clusters import ADMIN_GROUP, Cluster
from lab.frontdoor import CONFIGURATION
from lab.state import LabError

BINDING = "lab-admins"
DOOR_SECONDS = 20.0
_MATCHING: dict[str, Any] = {"verbs": [], "resources": [], "namespaces": []}


@dataclass(frozen=True)
class Fault:
    """A fault of API servers: what it does, its parameters with their defaults, and whether the door makes it."""

    does: str
    parameters: dict[str, Any] = field(default_factory=dict)
    door: bool = False


FAULTS: dict[str, Fault] = {
    "api-stopped": Fault("the API server is not there (connection refused)"),
    "api-slow": Fault("each matching request takes `seconds` longer", {"seconds": 2.0, **_MATCHING}, door=True),
    "api-answers": Fault(
        "matching requests are answered with `code` (409, 429, 500, 503, 504), each with `probability`, at most `count` "
        "times (0: always)", {"code": 500, "probability": 1.0, "count": 0, "retry_after": 1, **_MATCHING}, door=True),
    "api-resets": Fault("connections of matching requests are reset instead of an answer, at most `count` times (0: always)",
                        {"count": 0, **_MATCHING}, door=True),
    "api-forbids": Fault("the user may not do `verbs` on `resources` (plural names; none: nothing at all), by RBAC",
                         {"verbs": [], "resources": []}),
    "api-unauthorized": Fault("the user's credentials have expired (401)", door=True),
    "wrong-certificate": Fault("the API server shows the certificate of somebody else's authority", door=True),
    "front-door": Fault("nothing wrong, but kubeconfigs lead through the door: faults that come later then also hit "
                        "clients that run already", door=True),
    "crds-missing": Fault("the CRDs of `kinds` are not there (what they described is lost)",
                          {"kinds": ["ExportedServiceSet", "ImportedServiceSet"]}),
}


def active(directory: Path) -> dict[str, dict[str, Any]]:
    """Return the API servers' faults that are on: cluster to name to parameters."""
    recorded: dict[str, dict[str, Any]] = state.read_json(directory / "faults.json", {})
    return recorded


def switch(directory: Path, name: str, on: bool, target: dict[str, str], parameters: dict[str, Any]) -> str:
    """Switch a fault on or off and return a line that says what happened.

    ``target`` has ``cluster``, ``mesh`` or ``peer``. An API fault with no cluster is switched on all clusters; with a
    mesh, on that mesh's cluster. LabError on a name or parameter that does not exist, and when the simulator refuses.
    """
    if name not in FAULTS:
        return _forward(directory, name, on, target, parameters)
    content = state.load(directory)
    wanted = _checked(name, parameters)
    names = _targets(content, target)
    with state.locked(directory / "faults.lock"):
        for cluster in launcher.of(directory, content):
            if cluster.name in names:
                _switch_one(cluster, name, on, wanted)
    return f"{name} is {'on' if on else 'off'} at {', '.join(names)}"


def restore(directory: Path) -> None:
    """Bring back what the recorded faults need after ``up`` started everything: a stopped server is running again."""
    with state.locked(directory / "faults.lock"):
        for cluster in launcher.of(directory):
            _record(cluster, "api-stopped", False, {})
            _settle_door(cluster, active(directory).get(cluster.name, {}))


def _forward(directory: Path, name: str, on: bool, target: dict[str, str], parameters: dict[str, Any]) -> str:
    answer = launcher.ask(directory, {"verb": "fault", "name": name, "on": on, "parameters": parameters, **target})
    if not answer.get("ok"):
        raise LabError(f"{answer.get('error', answer)}\nFaults of API servers: {', '.join(FAULTS)}.")
    return f"{name} is {'on' if on else 'off'} in the simulator"


def _checked(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with defaults, each made what its default is (a single value becomes a list)."""
    known = FAULTS[name].parameters
    if unknown := sorted(set(parameters) - set(known)):
        raise LabError(f"{name} has no parameter {', '.join(unknown)} (known: {', '.join(known) or 'none'}).")
    try:
        return {key: _like(default, parameters.get(key, default)) for key, default in known.items()}
    except ValueError as error:
        raise LabError(f"{name}: {error}") from error


def _like(default: Any, value: Any) -> Any:
    if isinstance(default, list):
        return value.split(",") if isinstance(value, str) else list(value)
    return type(default)(value)


def _targets(content: dict[str, Any], target: dict[str, str]) -> list[str]:
    if mesh := target.get("mesh"):
        if mesh not in content["meshes"]:
            raise LabError(f"There is no mesh {mesh!r} (there are: {', '.join(content['meshes'])}).")
        return [content["meshes"][mesh]["cluster"]]
    if (cluster := target.get("cluster")) is None:
        return list(content["clusters"])
    if cluster not in content["clusters"]:
        raise LabError(f"There is no cluster {cluster!r} (there are: {', '.join(content['clusters'])}).")
    return [cluster]


def _switch_one(cluster: Cluster, name: str, on: bool, parameters: dict[str, Any]) -> None:
    own: dict[str, Callable[[Cluster, bool, dict[str, Any]], None]] = {
        "api-stopped": _stopped, "api-forbids": _forbids, "crds-missing": _crds_missing}
    if name in own:
        own[name](cluster, on, parameters)
    faults = _record(cluster, name, on, parameters | {"id": uuid.uuid4().hex})
    _settle_door(cluster, faults)


def _record(cluster: Cluster, name: str, on: bool, parameters: dict[str, Any]) -> dict[str, Any]:
    everything = active(cluster.directory)
    faults = {key: value for key, value in everything.get(cluster.name, {}).items() if key != name}
    if on:
        faults[name] = parameters
    everything[cluster.name] = faults
    state.write_json(cluster.directory / "faults.json", {key: value for key, value in everything.items() if value})
    return faults


def _stopped(cluster: Cluster, on: bool, _parameters: dict[str, Any]) -> None:
    if on:
        clusters.stop(cluster, lambda role: role == "kube-apiserver")
        return
    clusters.start_server(cluster, binaries.find(lambda text: print(text, file=sys.stderr)))
    clusters.await_ready(cluster)


def _forbids(cluster: Cluster, on: bool, parameters: dict[str, Any]) -> None:
    """Take rights away by RBAC: the binding goes, or leads to a role that names all that is left."""
    connection = scenery.launcher(cluster)
    role = "cluster-admin"
    bindings = connection.resources.get(api_version="rbac.authorization.k8s.io/v1", kind="ClusterRoleBinding")
    with suppress(NotFoundError):
        bindings.delete(name=BINDING)
    if on and not (parameters["verbs"] or parameters["resources"]):
        return
    if on:
        role = "lab-admins-less"
        rules = remaining_rules(_served(connection), parameters["verbs"], parameters["resources"])
        scenery.apply(connection, [(scenery.LAUNCHER, {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": role}, "rules": rules})])
    scenery.apply(connection, [(scenery.LAUNCHER, scenery.binding(BINDING, ADMIN_GROUP, role))])


def _served(connection: DynamicClient) -> list[tuple[str, str, list[str]]]:
    """Return group, plural (with its subresource) and verbs of everything that the cluster serves."""
    paths = ["/api/v1"]
    groups = connection.request("get", "/apis").to_dict()["groups"]
    paths += [f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"]]
    found = []
    for path in paths:
        answer = connection.request("get", path).to_dict()
        group = answer["groupVersion"].rpartition("/")[0]
        found += [(group, item["name"], item["verbs"]) for item in answer["resources"]]
    return found


def remaining_rules(served: list[tuple[str, str, list[str]]], verbs: list[str], resources: list[str]) -> list[dict[str, Any]]:
    """Return RBAC rules for everything that is served but the forbidden verbs on the forbidden resources.

    An empty list means all of them. A resource's subresources are forbidden with it.
    """
    rules: list[dict[str, Any]] = [{"nonResourceURLs": ["*"], "verbs": ["*"]}]
    for group, name, known in sorted(served, key=lambda item: item[:2]):
        hit = not resources or name.split("/")[0] in resources or name in resources
        left = [verb for verb in known if not (hit and (not verbs or verb in verbs or "*" in verbs))]
        if left:
            rules.append({"apiGroups": [group], "resources": [name], "verbs": left})
    return rules


def _crds_missing(cluster: Cluster, on: bool, parameters: dict[str, Any]) -> None:
    connection = scenery.launcher(cluster)
    definitions = scenery.crds("federation", "mesh", "openshift")
    if not on:
        scenery.apply_crds(connection, definitions)
        return
    known = {item["spec"]["names"]["kind"]: item["metadata"]["name"] for item in definitions}
    if unknown := sorted(set(parameters["kinds"]) - set(known)):
        raise LabError(f"No CRD of the lab is for {', '.join(unknown)} (there are: {', '.join(known)}).")
    resource = connection.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    for kind in parameters["kinds"]:
        with suppress(NotFoundError):
            resource.delete(name=known[kind])
    _await_absent(resource, [known[kind] for kind in parameters["kinds"]])


def _await_absent(resource: Any, names: list[str]) -> None:
    for name in names:
        with suppress(NotFoundError):
            current = resource.get(name=name)
            for event in resource.watch(field_selector=f"metadata.name={name}", timeout=30,
                                        resource_version=current.metadata.resourceVersion):
                if event["type"] == "DELETED":
                    break


def _settle_door(cluster: Cluster, faults: dict[str, Any]) -> None:
    """Open or close the door as the faults need it, and lead the user's kubeconfig through it or past it."""
    wanted = {name: parameters for name, parameters in faults.items() if FAULTS[name].door}
    state.write_json(cluster.folder / CONFIGURATION, wanted)
    server = cluster.entry["server"]
    if wanted:
        server = _open_door(cluster)
    clusters.write_kubeconfig(cluster, "kubeconfig", "admin", server)
    if not wanted:
        clusters.stop(cluster, lambda role: role.startswith("front-door"))


def _open_door(cluster: Cluster) -> str:
    """Start the door unless it is open, wait until it accepts connections, and return its URL."""
    port = next((int(role.partition(":")[2]) for role in cluster.running() if role.startswith("front-door:")), 0)
    host = cluster.address(3)
    if not port:
        port = clusters.free_port(host)
        command = [sys.executable, "-m", "lab.frontdoor", "--dir", str(cluster.directory), "--cluster", cluster.name]
        processes.start(f"{cluster.name}/front-door:{port}", cluster.directory, [*command, f"--port={port}"],
                        cluster.folder / "front-door.log", launcher.python_environment())
    deadline = time.monotonic() + DOOR_SECONDS
    while not _accepts(host, port):
        if time.monotonic() > deadline:
            raise LabError(f"The front door of {cluster.name} does not open:\n{clusters.tail(cluster.folder / 'front-door.log')}")
        time.sleep(clusters.POLL_SECONDS)
    return f"https://{host}:{port}"


def _accepts(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
