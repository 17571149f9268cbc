# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared state of the simulator: clusters, clocks, jobs, faults and loopback addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.sim.clocks import Clocks
from lab.sim.cluster import Cluster
from lab.sim.jobs import Jobs

if TYPE_CHECKING:
    from lab.sim.cloud import Cloud
    from lab.sim.mesh import Mesh
    from lab.sim.olm import Olm

#: platforms on which OpenShift provides load balancers for Services
WITH_BALANCER = frozenset({"AWS", "Azure", "GCP", "IBMCloud", "PowerVS", "OpenStack", "AlibabaCloud", "KubeVirt"})
#: platforms whose load balancers report a host name in the status instead of an IP
WITH_HOST_NAME = frozenset({"AWS", "IBMCloud", "PowerVS"})


class Addresses:
    """Loopback addresses of a cluster: published ones for load balancers, internal ones for cluster IPs."""

    def __init__(self, network: str) -> None:
        base = ipaddress.ip_network(network).network_address
        self._pools = {
            "balancer": [str(base + n) for n in range(20, 150)],
            "internal": [str(base + n) for n in range(150, 251)],
        }
        self._next = dict.fromkeys(self._pools, 0)
        self._owners: dict[tuple[str, str], str] = {}
        self._by_owner: dict[tuple[str, str], str] = {}

    def owned(self, pool: str, owner: str) -> str | None:
        """Return the address of the owner, if any."""
        return self._by_owner.get((pool, owner))

    def claim(self, pool: str, owner: str, requested: str | None = None) -> str:
        """Return the owner's address; claim the requested or the next free address if it has none."""
        current = self.owned(pool, owner)
        if current is not None:
            return current
        addresses = self._pools[pool]
        rotation = [addresses[(self._next[pool] + n) % len(addresses)] for n in range(len(addresses))]
        candidates = [requested] if requested else rotation
        free = [address for address in candidates if (pool, address) not in self._owners]
        if not free:
            raise LookupError(f"no free address for {owner}")
        self._next[pool] = addresses.index(free[0]) + 1 if free[0] in addresses else self._next[pool]
        self._owners[pool, free[0]] = owner
        self._by_owner[pool, owner] = free[0]
        return free[0]

    def is_claimed(self, pool: str, address: str) -> bool:
        """Return whether the address has an owner."""
        return (pool, address) in self._owners

    def release(self, pool: str, owner: str) -> None:
        """Release the owner's address, if any."""
        address = self._by_owner.pop((pool, owner), None)
        if address is not None:
            del self._owners[pool, address]


@dataclass
class World:
    """State of the whole lab."""

    directory: Path
    lab: dict[str, Any]
    clocks: Clocks
    jobs: Jobs = field(default_factory=Jobs)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    clouds: dict[str, "Cloud"] = field(default_factory=dict)
    olms: dict[str, "Olm"] = field(default_factory=dict)
    addresses: dict[str, Addresses] = field(default_factory=dict)
    #: host names that the lab's resolver resolves in all clusters: name -> address
    names: dict[str, str] = field(default_factory=dict)
    #: (cluster, namespace of the control plane) -> mesh
    meshes: dict[tuple[str, str], "Mesh"] = field(default_factory=dict)
    #: active faults: (name, target) -> parameters
    faults: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    started: bool = False
    #: called when an istiod pod has started, which can inject sidecars
    injector_listeners: list[Callable[[], None]] = field(default_factory=list)
    #: (cluster, namespace) of control planes that exist at the start: they count as installed long ago
    booting: set[tuple[str, str]] = field(default_factory=set)

    def fault(self, name: str, *targets: str) -> dict[str, Any] | None:
        """Return the parameters of a fault that is active for one of the targets or for everything, else None."""
        for target in (*targets, ""):
            if (name, target) in self.faults:
                return self.faults[name, target]
        return None

    def unreachable(self, address: str) -> bool:
        """Return whether a fault drops packets to the address, which belongs to a mesh's ingress gateways."""
        for mesh in self.meshes.values():
            if self.fault("ingress-unreachable", mesh.name, mesh.cluster.name) is None:
                continue
            for service in mesh.cluster.store.all("Service", mesh.namespace):
                uid = service["metadata"]["uid"]
                pools = self.addresses[mesh.cluster.name]
                if address in (pools.owned("balancer", uid), pools.owned("internal", uid)):
                    return True
            if any(node["address"] == address for node in mesh.cluster.info.get("nodes") or []):
                return True
        return False

    def mesh_name(self, cluster: str, namespace: str) -> str:
        """Return the lab's name of a mesh; cluster/namespace for a mesh that is not in the topology."""
        for name, mesh in self.lab.get("meshes", {}).items():
            if (mesh["cluster"], mesh["namespace"]) == (cluster, namespace):
                return str(name)
        return f"{cluster}/{namespace}"

    def mesh(self, name: str) -> "Mesh":
        """Return a mesh by the lab's name.

        Raises:
            KeyError: no such mesh.
        """
        for mesh in self.meshes.values():
            if mesh.name == name:
                return mesh
        raise KeyError(f"unknown mesh {name!r}; known: {', '.join(m.name for m in self.meshes.values())}")
