# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of meshes and clouds, switched by name at run time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lab.sim import status
from lab.sim.ca import Authority
from lab.sim.conditions import now
from lab.sim.istiod import ROOT_KEY
from lab.sim.manifests import dig
from lab.sim.mesh import ROOT_CONFIG_MAP, STALE_POD_SUFFIX, Mesh
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.store import key_of
from lab.sim.workloads import deployment_of, is_kept_unready, pod_conditions
from lab.sim.world import World

Parameters = dict[str, Any]
#: texts that switch a parameter off; the command line passes text
FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True)
class Fault:
    """A fault: its description, the action that switches it, and whether it stays active."""

    description: str
    switch: Callable[[World, Mesh, bool, Parameters], Awaitable[None]]
    persistent: bool = True


async def _no_action(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    """Do nothing: the affected code reads the active faults."""


async def _load_balancers(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    if not on:
        world.clouds[mesh.cluster.name].rescan()


async def _operator(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    if not on:
        mesh.operator.check_faults()


async def _delete_pods(mesh: Mesh, deployment: str) -> None:
    pods = [pod for pod in mesh.cluster.store.all("Pod", mesh.namespace) if deployment_of(pod) == deployment]
    await asyncio.gather(*(mesh.cluster.delete("Pod", *key_of(pod), now=True) for pod in pods))


def _istiod(mesh: Mesh) -> str:
    return f"istiod-{mesh.operator.name}"


async def _istiod_pods(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    number = int(parameters.get("number", 2)) if on else 1
    await mesh.cluster.patch("Deployment", mesh.namespace, _istiod(mesh), {"spec": {"replicas": number}})


async def _istiod_restart(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    await _delete_pods(mesh, _istiod(mesh))


def _gateway_names(mesh: Mesh, direction: str, parameters: Parameters) -> list[str]:
    selected = parameters.get("gateway")
    if selected:
        return [selected]
    pods = [
        pod
        for pod in mesh.cluster.store.all("Pod", mesh.namespace)
        if (pod["metadata"].get("labels") or {}).get("istio") == f"{direction}gateway"
    ]
    return sorted({deployment_of(pod) for pod in pods})


async def _egress_restart(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    for name in _gateway_names(mesh, "egress", parameters):
        await _delete_pods(mesh, name)


async def _ingress_restart(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    for name in _gateway_names(mesh, "ingress", parameters):
        await _delete_pods(mesh, name)


async def _readiness(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    """Make the readiness of running pods of istiod and of gateways what the active faults say."""
    for pod in mesh.cluster.store.all("Pod", mesh.namespace):
        if deployment_of(pod) and dig(pod, "status", "podIP") and "maistra.io/owner" in pod["metadata"]["labels"]:
            ready = not is_kept_unready(world, mesh.cluster, pod)
            containers = [entry | {"ready": ready} for entry in dig(pod, "status", "containerStatuses") or []]
            status_of_pod = {"conditions": pod_conditions(ready), "containerStatuses": containers}
            await mesh.cluster.patch_status("Pod", *key_of(pod), status_of_pod)


async def _stale_pods(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    """Add a connected entry of a pod that does not exist to every peer's status, or remove it."""
    stale_pod = f"{_istiod(mesh)}-{STALE_POD_SUFFIX}"
    for body in mesh.cluster.store.all("ServiceMeshPeer", mesh.namespace):
        before = dig(body, "status", "discoveryStatus") or {}
        after = status.without(before, {stale_pod})
        if on:
            entry = status.entry_of(stale_pod, {"connected": True, "lastConnected": now(), "lastFullSync": now()}, {})
            after.setdefault("active", []).append(entry)
        await mesh.cluster.patch_status("ServiceMeshPeer", *key_of(body), status.patch(after))


def _domain(mesh: Mesh) -> str:
    return dig(mesh.control_plane(), "spec", "security", "trust", "domain") or CLUSTER_DOMAIN


async def _new_root(mesh: Mesh, days: float, parameters: Parameters) -> None:
    await mesh.write_authority(Authority.create(_domain(mesh), days))
    if str(parameters.get("restart", True)).lower() not in FALSE:
        await _delete_pods(mesh, _istiod(mesh))
        await mesh.wait_istiod()
        for direction in ("ingress", "egress"):
            for name in _gateway_names(mesh, direction, {}):
                await _delete_pods(mesh, name)


async def _root_rotated(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    if on:
        await _new_root(mesh, 3650, parameters)


async def _root_expired(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    await _new_root(mesh, -1 if on else 3650, parameters)


async def _root_invalid(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    """Replace the published root by text that is no certificate, or restore it; the CA itself is unchanged."""
    authority = mesh.authority
    text = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"
    if not on and authority is not None:
        text = authority.cert_pem.decode()
    await mesh.cluster.patch("ConfigMap", mesh.namespace, ROOT_CONFIG_MAP, {"data": {ROOT_KEY: text}})


async def _unreachable(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    if on:
        for gateway in mesh.gateways.values():
            gateway.close_incoming()
    mesh.push()


async def _address_changed(world: World, mesh: Mesh, on: bool, parameters: Parameters) -> None:
    for service in mesh.cluster.store.all("Service", mesh.namespace):
        is_selected = parameters.get("gateway") in (None, service["metadata"]["name"])
        if is_selected and dig(service, "status", "loadBalancer", "ingress"):
            await world.clouds[mesh.cluster.name].move(service)


FAULTS: dict[str, Fault] = {
    "lb-slow": Fault("load balancers take `times` (default 10) times as long", _no_action),
    "lb-pending": Fault("load balancers never get an address", _load_balancers),
    "operator-never-ready": Fault("the control plane does not become Ready", _operator),
    "ingress-unreachable": Fault("packets to the mesh's ingress gateways are dropped", _unreachable),
    "istiod-not-ready": Fault("istiod's pods run and do not become ready", _readiness),
    "gateways-not-ready": Fault(
        "pods of gateways run and do not become ready (`gateway`: only of this gateway)", _readiness
    ),
    "sync-fails": Fault("full syncs of the mesh's istiod fail, its watches stay connected", _no_action),
    "istiod-pods": Fault("runs `number` (default 2) istiod pods", _istiod_pods),
    "stale-pods": Fault("the entry of a terminated istiod pod stays in every peer's status", _stale_pods),
    "root-expired": Fault("replaces the root by an expired one and restarts istiod and gateways", _root_expired),
    "root-invalid": Fault("the published root is not a certificate", _root_invalid),
    "root-rotated": Fault(
        "replaces the root without preparing the peers (`restart=false`: without a restart of istiod and gateways)",
        _root_rotated,
        persistent=False,
    ),
    "istiod-restart": Fault("deletes the istiod pods", _istiod_restart, persistent=False),
    "egress-restart": Fault(
        "deletes the egress gateways' pods (`gateway`: only of this gateway)", _egress_restart, persistent=False
    ),
    "ingress-restart": Fault(
        "deletes the ingress gateways' pods (`gateway`: only of this gateway)", _ingress_restart, persistent=False
    ),
    "address-changed": Fault(
        "load balancers get another address (`gateway`: only of this gateway)", _address_changed, persistent=False
    ),
}


def descriptions() -> dict[str, str]:
    """Return the description of every fault by name."""
    return {name: fault.description for name, fault in FAULTS.items()}


def _meshes(world: World, request: Parameters) -> list[Mesh]:
    if request.get("mesh"):
        return [world.mesh(request["mesh"])]
    if request.get("cluster"):
        if request["cluster"] not in world.clusters:
            raise ValueError(f"unknown cluster {request['cluster']!r}; known: {', '.join(world.clusters)}")
        return [mesh for mesh in world.meshes.values() if mesh.cluster.name == request["cluster"]]
    return list(world.meshes.values())


async def switch(world: World, request: Parameters) -> dict[str, Any]:
    """Switch a fault for a mesh, a cluster, or the whole lab.

    Raises:
        ValueError: unknown fault or cluster.
        KeyError: unknown mesh.
    """
    name, on = str(request.get("name")), bool(request.get("on", True))
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}; known: {', '.join(sorted(FAULTS))}")
    fault, parameters = FAULTS[name], dict(request.get("parameters") or {})
    meshes = _meshes(world, request)
    target = request.get("mesh") or request.get("cluster") or ""
    if fault.persistent and on:
        world.faults[name, target] = parameters
    elif not on:
        for key in [key for key in world.faults if key[0] == name and target in ("", key[1])]:
            del world.faults[key]
    await asyncio.gather(*(fault.switch(world, mesh, on, parameters) for mesh in meshes))
    for olm in world.olms.values():
        olm.check_faults()
    return {"fault": name, "on": on and fault.persistent, "meshes": [mesh.name for mesh in meshes]}


async def reset(world: World) -> None:
    """Switch all faults off and reset the state of every istiod."""
    for name, target in list(world.faults):
        scope = (
            {"mesh": target}
            if any(mesh.name == target for mesh in world.meshes.values())
            else {"cluster": target}
            if target
            else {}
        )
        await switch(world, {"name": name, "on": False} | scope)
    for mesh in world.meshes.values():
        mesh.restart_in_place()
