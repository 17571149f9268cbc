# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of meshes and clouds, by name, at run time."""
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lab.sim import status
from lab.sim.ca import Authority
from lab.sim.cluster import key_of
from lab.sim.istiod import ROOT_KEY
from lab.sim.manifests import dig
from lab.sim.mesh import GHOST, ROOT_CONFIG_MAP, Mesh
from lab.sim.operator import now
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.workloads import deployment_of
from lab.sim.world import World

Question = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What a fault does when it is switched, and whether it stays on."""

    words: str
    switch: Callable[[World, Mesh, bool, Question], Awaitable[None]]
    stays: bool = True


async def _nothing(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    """The code that it concerns looks at the list of faults itself."""


async def _balancers(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    if not on:
        world.clouds[mesh.cluster.name].rescan()


async def _operator(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    if not on:
        mesh.operator.wake()


async def _delete_pods(mesh: Mesh, deployment: str) -> None:
    pods = [pod for pod in mesh.cluster.store.all("Pod", mesh.namespace) if deployment_of(pod) == deployment]
    await asyncio.gather(*(mesh.cluster.delete("Pod", *key_of(pod), now=True) for pod in pods))


def _istiod(mesh: Mesh) -> str:
    return f"istiod-{mesh.operator.name}"


async def _istiod_pods(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    number = int(parameters.get("number", 2)) if on else 1
    await mesh.cluster.patch("Deployment", mesh.namespace, _istiod(mesh), {"spec": {"replicas": number}})


async def _istiod_restart(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    await _delete_pods(mesh, _istiod(mesh))


def _gateway_names(mesh: Mesh, direction: str, parameters: Question) -> list[str]:
    named = parameters.get("gateway")
    if named:
        return [named]
    found = [pod for pod in mesh.cluster.store.all("Pod", mesh.namespace)
             if (pod["metadata"].get("labels") or {}).get("istio") == f"{direction}gateway"]
    return sorted({deployment_of(pod) for pod in found})


async def _egress_restart(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    for name in _gateway_names(mesh, "egress", parameters):
        await _delete_pods(mesh, name)


async def _ingress_restart(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    for name in _gateway_names(mesh, "ingress", parameters):
        await _delete_pods(mesh, name)


async def _stale_pods(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    """An entry of a pod that died, connected as it was, in every peer's status."""
    ghost = f"{_istiod(mesh)}-{GHOST}"
    for body in mesh.cluster.store.all("ServiceMeshPeer", mesh.namespace):
        before = dig(body, "status", "discoveryStatus") or {}
        after = status.without(before, {ghost})
        if on:
            entry = status.entry_of(ghost, {"connected": True, "lastConnected": now(), "lastFullSync": now()}, {})
            after.setdefault("active", []).append(entry)
        await mesh.cluster.patch_status("ServiceMeshPeer", *key_of(body), status.patch(after))


def _domain(mesh: Mesh) -> str:
    return dig(mesh.control_plane(), "spec", "security", "trust", "domain") or CLUSTER_DOMAIN


async def _new_root(mesh: Mesh, days: float, parameters: Question) -> None:
    await mesh.write_authority(Authority.create(_domain(mesh), days))
    if parameters.get("restart", True):
        await _delete_pods(mesh, _istiod(mesh))
        await mesh.wait_istiod()
        for direction in ("ingress", "egress"):
            for name in _gateway_names(mesh, direction, {}):
                await _delete_pods(mesh, name)


async def _root_rotated(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    if on:
        await _new_root(mesh, 3650, parameters)


async def _root_expired(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    await _new_root(mesh, -1 if on else 3650, parameters)


async def _root_garbage(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    """The published root is no certificate (the CA itself is as it was)."""
    authority = mesh.authority
    text = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"
    if not on and authority is not None:
        text = authority.cert_pem.decode()
    await mesh.cluster.patch("ConfigMap", mesh.namespace, ROOT_CONFIG_MAP, {"data": {ROOT_KEY: text}})


async def _unreachable(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    if on:
        for gateway in mesh.gateways.values():
            gateway.cut_incoming()
    mesh.push()


async def _address_changed(world: World, mesh: Mesh, on: bool, parameters: Question) -> None:
    for service in mesh.cluster.store.all("Service", mesh.namespace):
        wanted = parameters.get("gateway") in (None, service["metadata"]["name"])
        if wanted and dig(service, "status", "loadBalancer", "ingress"):
            await world.clouds[mesh.cluster.name].move(service)


FAULTS: dict[str, Fault] = {
    "lb-slow": Fault("load balancers take `times` (10) times as long", _nothing),
    "lb-never": Fault("load balancers never get an address", _balancers),
    "operator-never-ready": Fault("the control plane never gets Ready again", _operator),
    "ingress-unreachable": Fault("packets to the mesh's ingress gateways vanish", _unreachable),
    "istiod-pods": Fault("`number` (2) istiod pods", _istiod_pods),
    "stale-pods": Fault("the entry of a dead istiod pod stays in every peer's status", _stale_pods),
    "root-expired": Fault("a root that is over (istiod and gateways restarted)", _root_expired),
    "root-garbage": Fault("the published root is no certificate", _root_garbage),
    "root-rotated": Fault("a new root, unprepared (`restart`: false leaves istiod and gateways alone)", _root_rotated,
                          stays=False),
    "istiod-restart": Fault("the istiod pods are deleted", _istiod_restart, stays=False),
    "egress-restart": Fault("the egress gateways' pods are deleted (`gateway`: only that one)", _egress_restart,
                            stays=False),
    "ingress-restart": Fault("the ingress gateways' pods are deleted (`gateway`: only that one)", _ingress_restart,
                             stays=False),
    "address-changed": Fault("load balancers get another address (`gateway`: only that one)", _address_changed,
                             stays=False),
}


def described() -> dict[str, str]:
    """Name and words of every fault."""
    return {name: fault.words for name, fault in FAULTS.items()}


def _meshes(world: World, question: Question) -> list[Mesh]:
    if question.get("mesh"):
        return [world.mesh(question["mesh"])]
    if question.get("cluster"):
        if question["cluster"] not in world.clusters:
            raise ValueError(f"no cluster is called {question['cluster']!r}")
        return [mesh for mesh in world.meshes.values() if mesh.cluster.name == question["cluster"]]
    return list(world.meshes.values())


async def switch(world: World, question: Question) -> dict[str, Any]:
    """Switch a fault for a mesh, a cluster, or everything.

    Raises:
        ValueError: no such fault, cluster or mesh.
    """
    name, on = str(question.get("name")), bool(question.get("on", True))
    if name not in FAULTS:
        raise ValueError(f"no fault is called {name!r}; there are {', '.join(sorted(FAULTS))}")
    fault, parameters = FAULTS[name], dict(question.get("parameters") or {})
    meshes = _meshes(world, question)
    target = question.get("mesh") or question.get("cluster") or ""
    if fault.stays and on:
        world.faults[name, target] = parameters
    elif not on:
        for key in [key for key in world.faults if key[0] == name and target in ("", key[1])]:
            del world.faults[key]
    await asyncio.gather(*(fault.switch(world, mesh, on, parameters) for mesh in meshes))
    for olm in world.olms.values():
        olm.wake()
    return {"fault": name, "on": on and fault.stays, "meshes": [mesh.name for mesh in meshes]}


async def reset(world: World) -> None:
    """All faults off; every istiod forgets what it knew."""
    for name, target in list(world.faults):
        scope = {"mesh": target} if any(mesh.name == target for mesh in world.meshes.values()) else \
            {"cluster": target} if target else {}
        await switch(world, {"name": name, "on": False} | scope)
    for mesh in world.meshes.values():
        mesh.restart_in_place()
