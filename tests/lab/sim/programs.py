# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the pods of Jobs: containers that send requests to services, by the model of the data plane.

A container that has the variable ``PROBE_TARGETS`` is such a program (docs/probe.md describes its variables and its report); every other
one ends at once. The product's conditions are those of the pod: without a sidecar no imported name resolves, before the sidecar is ready
nothing is answered, and the sidecar runs on until it is told to quit.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from lab.sim import requests
from lab.sim.applications import DOMAIN, has_sidecar
from lab.sim.manifests import dig
from lab.sim.mesh import Mesh, environment_value
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.store import Object

#: bytes of a termination message that the kubelet keeps
MESSAGE_BYTES = 4096
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
NO_HOST, REFUSED, CLOSED = 6, 7, 52
#: response header of the lab's applications with the mesh whose service answered, as the caller's peers call it
HEADER = "x-lab-mesh"
Row = list[Any]


@dataclass(frozen=True)
class End:
    """The end of a container."""

    code: int
    message: str


def variables(container: Object) -> dict[str, str]:
    """Return the environment of a container, as the kubelet expands it (a doubled dollar sign is one)."""
    return {one["name"]: str(one.get("value", "")).replace("$$", "$") for one in container.get("env") or []}


def sidecar_starts(mesh: Mesh, pod: Object) -> bool:
    """Return whether the sidecar gets a certificate: it needs the account's token unless the mesh uses third-party tokens."""
    if dig(mesh.control_plane(), "spec", "security", "identity", "type") == "ThirdParty":
        return True
    mounts = json.loads((pod["metadata"].get("annotations") or {}).get("sidecar.istio.io/userVolumeMount") or "{}")
    volumes = {volume["name"] for volume in dig(pod, "spec", "volumes") or [] if "projected" in volume}
    is_mounted = any(volumes & {name} and mount["mountPath"] == TOKEN_PATH for name, mount in mounts.items())
    return is_mounted or dig(pod, "spec", "automountServiceAccountToken") is not False


def holds_application(pod: Object) -> bool:
    """Return whether the containers of the pod start after its sidecar is ready."""
    config = (pod["metadata"].get("annotations") or {}).get("proxy.istio.io/config") or "{}"
    return bool(json.loads(config).get("holdApplicationUntilProxyStarts"))


def quits_sidecar(container: Object) -> bool:
    """Return whether the container tells the sidecar to end."""
    return "/quitquitquit" in " ".join([*(container.get("command") or []), *(container.get("args") or [])])


async def run(mesh: Mesh | None, pod: Object, container: Object) -> End:
    """Run a container to its end."""
    environment = variables(container)
    if "PROBE_TARGETS" not in environment:
        return End(0, "")
    rows = [await _target(mesh, pod, environment, *line.split()) for line in environment["PROBE_TARGETS"].split("\n")]
    report = json.dumps(rows, separators=(",", ":")).encode()[:MESSAGE_BYTES].decode()
    return End(0, report)


async def _target(
    mesh: Mesh | None, pod: Object, environment: dict[str, str], protocol: str, host: str, port: str
) -> Row:
    if mesh is None or not has_sidecar(pod):
        return _failure(NO_HOST)
    if not holds_application(pod):
        return _failure(REFUSED)
    count = 1 if protocol == "tcp" else int(environment["PROBE_REQUESTS"])
    for served in range(count):
        begin = time.monotonic()
        result = await _request(mesh, pod, host, int(port))
        milliseconds = round((time.monotonic() - begin) * 1000)
        if result["status"] != 200:
            if result["reason"] == requests.NO_HOST:
                return _failure(NO_HOST)
            return _failure(CLOSED) if protocol == "tcp" else [result["status"], "e", milliseconds, 0, served, ""]
    name = str(result.get("via", "")) if environment.get("PROBE_HEADER", "").lower() == HEADER else ""
    return [0, "a", 0, 0, 1, ""] if protocol == "tcp" else [200, "a", milliseconds, 0, count, name]


def _failure(code: int) -> Row:
    return [0, "", 0, code, 0, ""]


async def _request(mesh: Mesh, pod: Object, host: str, port: int) -> dict[str, Any]:
    """Send a request; the proxies of the mesh must accept the identity of the pod."""
    domain, accepted = environment_value(pod, DOMAIN) or CLUSTER_DOMAIN, mesh.accepted_domains()
    result = await requests.request(mesh, host, port)
    if result["status"] == 200 and domain not in accepted:
        return {"status": 503, "reason": f"{domain} is not among the accepted trust domains {sorted(accepted)}"}
    return result
