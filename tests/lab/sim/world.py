# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all parts of the simulator share: clusters, clocks, jobs, faults and who has which loopback address."""
from __future__ import annotations

import ipaddress
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

#: platforms on which OpenShift itself brings a load balancer for Services
WITH_BALANCER = frozenset({"AWS", "Azure", "GCP", "IBMCloud", "PowerVS", "OpenStack", "AlibabaCloud", "KubeVirt"})
#: of these, the ones whose balancers have a host name in the status instead of an IP
WITH_HOST_NAME = frozenset({"AWS", "IBMCloud", "PowerVS"})


class Addresses:
    """Loopback addresses of one cluster: published ones for load balancers, hidden ones behind cluster IPs."""

    def __init__(self, network: str) -> None:
        base = ipaddress.ip_network(network).network_address
        self._pools = {"balancer": [str(base + n) for n in range(20, 150)],
                       "inside": [str(base + n) for n in range(150, 251)]}
        self._next = dict.fromkeys(self._pools, 0)
        self._owners: dict[tuple[str, str], str] = {}
        self._by_owner: dict[tuple[str, str], str] = {}

    def owned(self, pool: str, owner: str) -> str | None:
        """Address that the owner has."""
        return self._by_owner.get((pool, owner))

    def claim(self, pool: str, owner: str, wanted: str | None = None) -> str:
        """An address for the owner: the one it has, the one it wants, else the next in turn that is free."""
        have = self.owned(pool, owner)
        if have is not None:
            return have
        addresses = self._pools[pool]
        turn = [addresses[(self._next[pool] + n) % len(addresses)] for n in range(len(addresses))]
        free = [one for one in ([wanted] if wanted else turn) if one and (pool, one) not in self._owners]
        if not free:
            raise LookupError(f"no address is free for {owner}")
        self._next[pool] = addresses.index(free[0]) + 1 if free[0] in addresses else self._next[pool]
        self._owners[pool, free[0]] = owner
        self._by_owner[pool, owner] = free[0]
        return free[0]

    def has(self, pool: str, address: str) -> bool:
        """Whether somebody has the address."""
        return (pool, address) in self._owners

    def release(self, pool: str, owner: str) -> None:
        """Give back what the owner has."""
        have = self._by_owner.pop((pool, owner), None)
        if have is not None:
            del self._owners[pool, have]


@dataclass
class World:
    """The lab at large."""

    directory: Path
    lab: dict[str, Any]
    clocks: Clocks
    jobs: Jobs = field(default_factory=Jobs)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    clouds: dict[str, "Cloud"] = field(default_factory=dict)
    olms: dict[str, "Olm"] = field(default_factory=dict)
    addresses: dict[str, Addresses] = field(default_factory=dict)
    #: host names that the lab's own resolver knows everywhere: name -> address
    names: dict[str, str] = field(default_factory=dict)
    #: (cluster, namespace of the control plane) -> mesh
    meshes: dict[tuple[str, str], "Mesh"] = field(default_factory=dict)
    #: faults that are on: (name, target) -> parameters
    faults: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    started: bool = False
    #: (cluster, namespace) of control planes found at the start: they count as installed long ago
    booting: set[tuple[str, str]] = field(default_factory=set)

    def fault(self, name: str, *targets: str) -> dict[str, Any] | None:
        """Parameters of a fault if it is on for one of the targets (or for everything)."""
        for target in (*targets, ""):
            if (name, target) in self.faults:
                return self.faults[name, target]
        return None

    def unreachable(self, address: str) -> bool:
        """Whether a fault keeps packets from reaching the address of a mesh's ingress gateways."""
        for mesh in self.meshes.values():
            if self.fault("ingress-unreachable", mesh.name, mesh.cluster.name) is None:
                continue
            for service in mesh.cluster.store.all("Service", mesh.namespace):
                uid = service["metadata"]["uid"]
                pools = self.addresses[mesh.cluster.name]
                if address in (pools.owned("balancer", uid), pools.owned("inside", uid)):
                    return True
            if any(node["address"] == address for node in mesh.cluster.info.get("nodes") or []):
                return True
        return False

    def mesh_name(self, cluster: str, namespace: str) -> str:
        """Name of the mesh as the lab calls it; cluster/namespace for one that the lab does not know."""
        for name, mesh in self.lab.get("meshes", {}).items():
            if (mesh["cluster"], mesh["namespace"]) == (cluster, namespace):
                return str(name)
        return f"{cluster}/{namespace}"

    def mesh(self, name: str) -> "Mesh":
        """Mesh by the lab's name.

        Raises:
            KeyError: there is none.
        """
        for mesh in self.meshes.values():
            if mesh.name == name:
                return mesh
        raise KeyError(f"no mesh is called {name!r}; there are {', '.join(m.name for m in self.meshes.values())}")
