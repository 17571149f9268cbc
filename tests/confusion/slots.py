# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab with many independent pairs of meshes, the slots, each of which gets its own faults.

A slot has an importing mesh ``west-NN`` in one cluster and an exporting mesh ``east-NN`` in the other. ``north`` is a third mesh,
linked with the importing mesh of the slots that need one. Nothing that happens in a slot concerns another slot.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from kubernetes import dynamic
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError
from lab import etcd, launcher
from lab.api import Lab

if TYPE_CHECKING:
    from harness import Federation

Object = dict[str, Any]
#: Clusters: one has the importing meshes, the other the exporting ones and the third mesh.
WEST, EAST = "west", "east"
THIRD = "north"
#: The first slots have a third mesh.
THIRDS = 4
#: The simulator's clocks are this much faster than the product's.
SPEED = 20
#: Seconds of product time after which nothing in a lab changes any more: drain, back-off, failing full sync and reconciliation.
SETTLED = 200
PEER, EXPORTS, IMPORTS = "servicemeshpeers", "exportedservicesets", "importedservicesets"
PLANE, ROLL = "servicemeshcontrolplanes", "servicemeshmemberrolls"


def topology(slots: int) -> Object:
    """Return the topology of a number of slots."""
    pairs = {f"{side}-{number:02}": {"cluster": side} for number in range(1, slots + 1) for side in (WEST, EAST)}
    return {
        "clusters": {WEST: {"platform": "Azure"}, EAST: {"platform": "GCP"}},
        "meshes": {name: mesh | _members(name) for name, mesh in (pairs | {THIRD: {"cluster": EAST}}).items()},
    }


def _members(mesh: str) -> Object:
    return {"members": {f"{mesh}-bookinfo": {"ratings": 9080}}}


def slot_variables(west: str, east: str, third: str | None) -> dict[str, Object]:
    """Return the variables of the meshes of one slot: the exporting mesh and the third one offer ratings, the importing mesh takes both."""
    exporting = [east, *([third] if third else [])]
    result = {
        west: {"mesh_peers": exporting, "mesh_imports": {peer: [f"{peer}-bookinfo/ratings"] for peer in exporting}}
    }
    return result | {
        mesh: {"mesh_peers": [west], "mesh_exports": {west: [f"{mesh}-bookinfo/ratings"]}} for mesh in exporting
    }


def variables(slots: int) -> dict[str, Object]:
    """Return the variables of each mesh."""
    result: dict[str, Object] = {THIRD: {"mesh_peers": [], "mesh_exports": {}}}
    for number in range(1, slots + 1):
        of_slot = slot_variables(f"{WEST}-{number:02}", f"{EAST}-{number:02}", THIRD if number <= THIRDS else None)
        of_third = of_slot.pop(THIRD, {"mesh_peers": [], "mesh_exports": {}})
        result |= of_slot
        result[THIRD]["mesh_peers"] += of_third["mesh_peers"]
        result[THIRD]["mesh_exports"] |= of_third["mesh_exports"]
    return result


def eventually(read: Callable[[], Any], seconds: float) -> Any:
    """Return the first true value of ``read()``, or its last one after the time."""
    deadline = time.monotonic() + seconds
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


class Mesh:
    """A mesh of a slot: reads and writes its objects past all faults and rights."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.name = lab, name
        described = lab.meshes[name]
        self.cluster, self.namespace, self.plane = described.cluster, described.namespace, described.control_plane
        self.app = f"{name}-bookinfo"
        self.trust_domain = f"{name}.local"

    def _resource(self, kind: str) -> dynamic.resource.Resource:
        served = self.lab.clusters[self.cluster].launcher.resources.search(name=kind)
        return min(
            (entry for entry in served if isinstance(entry, dynamic.resource.Resource)),
            key=lambda entry: (bool(entry.group), not entry.preferred),
        )

    def get(self, kind: str, name: str, namespace: str = "") -> Object:
        """Return an object; empty when it does not exist."""
        with suppress(NotFoundError):
            body: Object = self._resource(kind).get(name=name, namespace=namespace or self.namespace).to_dict()
            return body
        return {}

    def all(self, kind: str) -> list[Object]:
        """Return all objects of a kind."""
        items: list[Object] = self._resource(kind).get(namespace=self.namespace).to_dict()["items"]
        return items

    def pods(self, prefix: str | tuple[str, ...]) -> list[str]:
        """Return the names of the pods that begin so."""
        return [pod["metadata"]["name"] for pod in self.all("pods") if pod["metadata"]["name"].startswith(prefix)]

    def patch(self, kind: str, name: str, body: Any, namespace: str = "", form: str = "merge") -> Object:
        """Patch an object as a person with another field manager does."""
        patched: Object = (
            self._resource(kind)
            .patch(
                name=name,
                namespace=namespace or self.namespace,
                body=body,
                content_type=f"application/{form}-patch+json",
                field_manager="kubectl-edit",
            )
            .to_dict()
        )
        return patched

    def peer(self, peer: str, **spec: Any) -> None:
        """Change fields of ``spec`` of a ServiceMeshPeer."""
        self.patch(PEER, peer, {"spec": spec})

    def delete(self, kind: str, name: str, namespace: str = "") -> Object:
        """Delete an object and return what it was."""
        body = self.get(kind, name, namespace)
        with suppress(NotFoundError):
            self._resource(kind).delete(name=name, namespace=namespace or self.namespace)
        return body

    def create(self, kind: str, body: Object) -> None:
        """Create an object like a former one."""
        kept = {
            key: body["metadata"][key]
            for key in ("name", "namespace", "labels", "annotations")
            if key in body["metadata"]
        }
        new = {key: value for key, value in body.items() if key not in ("status", "metadata")} | {"metadata": kept}
        for _attempt in range(50):
            try:
                self._resource(kind).create(body=new, namespace=kept["namespace"], field_manager="kubectl-create")
                return
            except ConflictError:
                time.sleep(0.1)

    def recreate(self, kind: str, name: str) -> None:
        """Delete an object, and create it again at once."""
        self.create(kind, self.delete(kind, name))

    def fault(self, name: str, **parameters: Any) -> None:
        """Switch a fault of the simulator on for this mesh."""
        self.lab.fault(name, mesh=self.name, **parameters)

    def restart(self, *components: str) -> None:
        """Restart istiod, ingress or egress gateways, and wait until new pods are ready."""
        prefixes = tuple(f"istiod-{self.plane}" if name == "istiod" else f"{name}-" for name in components)
        before = {*self.pods(prefixes)}
        for component in components:
            self.fault(f"{component}-restart")
        eventually(lambda: self._is_replaced(prefixes, before), 20)

    def _is_replaced(self, prefixes: tuple[str, ...], before: set[str]) -> bool:
        pods = [pod for pod in self.all("pods") if pod["metadata"]["name"].startswith(prefixes)]
        names = {pod["metadata"]["name"] for pod in pods}
        return len(names) >= len(before) and not before & names and all(map(_is_ready, pods))

    def watch(self, peer: str) -> Object:
        """Return the watch of a peer: a connected one if there is any, else the first one; empty without any."""
        status = (self.get(PEER, peer).get("status") or {}).get("discoveryStatus") or {}
        watches = [entry.get("watch") or {} for part in ("active", "inactive") for entry in status.get(part) or []]
        return next((watch for watch in watches if watch.get("connected")), watches[0] if watches else {})

    def is_connected(self, peer: str) -> bool:
        """Return whether this mesh is connected to the peer."""
        return bool(self.watch(peer).get("connected"))

    def is_down(self, peer: str, *texts: str) -> bool:
        """Return whether the watch is not connected, with one of these texts if there are any."""
        watch = self.watch(peer)
        last = watch.get("lastDisconnectStatus", "")
        return bool(watch) and not watch.get("connected") and (not texts or any(text in last for text in texts))

    def imported(self, peer: str) -> list[str]:
        """Return the local host names of the services imported from the peer."""
        rows = (self.get(IMPORTS, peer).get("status") or {}).get("importedServices") or []
        return [row["localService"]["hostname"] for row in rows if row["localService"].get("hostname")]

    def exported(self, peer: str) -> list[str]:
        """Return the names under which services are exported to the peer."""
        rows = (self.get(EXPORTS, peer).get("status") or {}).get("exportedServices") or []
        return [row["exportedName"] for row in rows]

    def istiod(self, peer: str) -> Object:
        """Return what the simulator's istiod knows of a peer; empty when it does not know the peer."""
        known = self.lab.ask({"verb": "status"})["meshes"][self.name]["peers"].get(peer)
        return known[0] if known else {}

    def condition(self) -> str:
        """Return the status of the control plane's condition Ready."""
        conditions = (self.get(PLANE, self.plane).get("status") or {}).get("conditions") or []
        return next((entry["status"] for entry in conditions if entry["type"] == "Ready"), "")


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


class Slot:
    """A pair of meshes: ``west`` imports from ``east``; ``third`` is linked with west where the slot has one."""

    def __init__(self, federation: Federation, number: int) -> None:
        self.federation, self.number = federation, number
        self.west = Mesh(federation.lab, f"{WEST}-{number:02}")
        self.east = Mesh(federation.lab, f"{EAST}-{number:02}")
        self.third = Mesh(federation.lab, THIRD) if number <= THIRDS else None
        #: What ends with the batch: listeners of the test itself.
        self.closing: list[Callable[[], None]] = []

    @property
    def links(self) -> list[tuple[Mesh, Mesh]]:
        """Return all directed links of the slot, as watching and watched mesh."""
        others = [self.east, *([self.third] if self.third else [])]
        return [pair for other in others for pair in ((self.west, other), (other, self.west))]

    @cached_property
    def host(self) -> str:
        """Return the host name of east's ratings in west."""
        return f"ratings.{self.east.app}.svc.{self.east.name}-imports.local"

    def status_code(self) -> int:
        """Return the status of a request from west for east's ratings."""
        answer = self.federation.lab.ask({"verb": "request", "from_mesh": self.west.name, "host": self.host})
        return int(answer["status"])

    def address(self) -> str:
        """Return the address of east's ingress gateway for west."""
        status = self.east.get("services", f"ingress-{self.west.name}").get("status") or {}
        return str((status.get("loadBalancer") or {}).get("ingress", [{}])[0].get("ip", ""))

    def is_healthy(self) -> bool:
        """Return whether all links are connected, and everything is imported."""
        connected = all(mesh.is_connected(peer.name) for mesh, peer in self.links)
        return connected and all(self.west.imported(peer.name) for mesh, peer in self.links if mesh is self.west)

    def host_variables(self, mesh: Mesh) -> Object:
        """Return the inventory's variables of a mesh, for a fault of its access."""
        hosts: dict[str, Object] = self.federation.hosts
        return hosts[mesh.name]

    def credentials(self, mesh: Mesh, change: Callable[[Object], None]) -> None:
        """Give the mesh a kubeconfig of its own with a change."""
        source = Path(self.federation.lab.clusters[mesh.cluster].kubeconfig)
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
        change(content)
        path = self.federation.folder / f"{mesh.name}.kubeconfig"
        path.write_text(json.dumps(content), encoding="utf-8")
        path.chmod(0o600)
        self.host_variables(mesh)["mesh_kubeconfig"] = str(path)


class Slots:
    """The lab with its slots, federated and healthy after each ``restore``."""

    def __init__(self, federation: Federation, count: int) -> None:
        self.lab, self.federation = federation.lab, federation
        self._hosts = json.dumps(self.federation.hosts)
        self.slots = [Slot(self.federation, number) for number in range(1, count + 1)]
        self._content: dict[str, etcd.Content] = {}

    def federate(self) -> None:
        """Federate all slots, and remember the state of the clusters."""
        self.federation.options["federation_wait_timeout"] = 120
        self.federation.succeed()
        self.await_healthy()
        self._content = {name: etcd.read(cluster) for name, cluster in self.lab.clusters.items()}

    def restore(self) -> None:
        """Bring all slots back to the state after ``federate``."""
        for slot in self.slots:
            for close in slot.closing:
                close()
            slot.closing.clear()
        launcher.stop_simulator(self.lab.directory)
        for name, cluster in self.lab.clusters.items():
            etcd.restore(cluster, self._content[name])
        launcher.start_simulator(self.lab.directory, lambda _text: None, launcher.INSTALL_CLOCKS)
        self.federation.hosts.clear()
        self.federation.hosts.update(json.loads(self._hosts))
        self.await_healthy()

    def meshes(self) -> list[Mesh]:
        """Return all meshes of the lab."""
        return [Mesh(self.lab, name) for name in sorted(self.lab.meshes)]

    def await_healthy(self) -> None:
        """Wait until all links are connected, and everything is imported."""
        broken = [slot.number for slot in self.slots if not eventually(slot.is_healthy, 120)]
        assert not broken, f"slots {broken} are not healthy"

    def each(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Do the work for several slots in parallel."""
        return launcher.in_parallel(work, list(items))
