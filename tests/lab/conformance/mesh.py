# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes, links and pairs of meshes, handled as by an administrator with kubectl."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from lab import seed
from lab.api import Lab, LabMesh, ActiveFault
from lab.conformance.kube import Api, Clock, ObjectWatch, Object, SeenVersion

PEER, EXPORTS, IMPORTS, CONTROL_PLANE = (
    "ServiceMeshPeer",
    "ExportedServiceSet",
    "ImportedServiceSet",
    "ServiceMeshControlPlane",
)
FEDERATION = (EXPORTS, IMPORTS, PEER)
LABELS = {"conformance": "yes"}
#: tolerance of every timeout for a loaded machine, in real seconds
SLACK = 20.0
RESTORE_ATTEMPTS = 20
#: limit of an immediate reaction, in real seconds: less than any period of the product takes here
IMMEDIATE_SECONDS = 3.5


def ingress_of(peer: str, kind: str = "LoadBalancer", **more: Any) -> Object:
    """Return an additional ingress gateway for a peer."""
    return {
        "enabled": True,
        "routeConfig": {"enabled": False},
        "service": {
            "type": kind,
            "metadata": {"labels": {"federation.maistra.io/ingress-for": peer}},
            "ports": [{"name": "tls", "port": 15443}, {"name": "https-discovery", "port": 8188}],
        },
    } | more


def egress_of(peer: str, view: list[str] | None = None) -> Object:
    """Return an additional egress gateway for a peer."""
    return {
        "enabled": True,
        "requestedNetworkView": [f"network-{peer}"] if view is None else view,
        "service": {
            "metadata": {"labels": {"federation.maistra.io/egress-for": peer}},
            "ports": [{"name": "tls", "port": 15443}, {"name": "http-discovery", "port": 8188}],
        },
    }


def rule(namespace: str = "*", name: str = "*", alias: tuple[str, str] | None = None, **more: Any) -> Object:
    """Return a rule that selects by name; ``alias`` is (namespace, name)."""
    selector: Object = {"namespace": namespace, "name": name}
    if alias:
        selector["alias"] = {"namespace": alias[0], "name": alias[1]}
    return {"type": "NameSelector", "nameSelector": selector} | more


def entries_in(peer: Object, state: str) -> list[Object]:
    """Return a peer's status entries under ``active`` or ``inactive``."""
    return ((peer.get("status") or {}).get("discoveryStatus") or {}).get(state) or []


def entries(peer: Object) -> list[Object]:
    """Return all of a peer's status entries."""
    return entries_in(peer, "active") + entries_in(peer, "inactive")


def is_connected(peer: Object) -> bool:
    """Return whether the watch of any istiod pod is connected."""
    return any(entry.get("watch", {}).get("connected") for entry in entries_in(peer, "active"))


def is_disconnected(peer: Object) -> bool:
    """Return whether there are status entries and none is connected."""
    return bool(entries(peer)) and not is_connected(peer)


def disconnect_status(peer: Object) -> str:
    """Return the lastDisconnectStatus of all watches."""
    return "; ".join(entry.get("watch", {}).get("lastDisconnectStatus", "") for entry in entries(peer))


def fails_with(*codes: str) -> Callable[[Object], bool]:
    """Return a predicate: not connected, with one of the codes in the disconnect status."""
    return lambda peer: is_disconnected(peer) and any(code in disconnect_status(peer) for code in codes)


def sync_times(peer: Object) -> set[str]:
    """Return the times of the last full sync of all entries."""
    return {entry.get("watch", {}).get("lastFullSync", "") for entry in entries(peer)}


def is_watched(peer: Object) -> bool:
    """Return whether the remote mesh has a connected watch."""
    return any(remote.get("connected") for entry in entries(peer) for remote in entry.get("remotes") or [])


def imported(body: Object) -> dict[str, str]:
    """Return the status of an import set: exported name to local host name (empty: only offered)."""
    listed = (body.get("status") or {}).get("importedServices") or []
    return {item["exportedName"]: item["localService"]["hostname"] for item in listed}


def exported(body: Object) -> dict[str, str]:
    """Return the status of an export set: exported name to local host name."""
    listed = (body.get("status") or {}).get("exportedServices") or []
    return {item["exportedName"]: item["localService"]["hostname"] for item in listed}


def lists_import(host: str) -> Callable[[Object], bool]:
    """Return a predicate: the import set lists this local host name."""
    return lambda body: host in imported(body).values()


def condition(control_plane: Object, kind: str) -> tuple[str, str]:
    """Return (status, reason) of a condition."""
    for entry in (control_plane.get("status") or {}).get("conditions") or []:
        if entry["type"] == kind:
            return entry["status"], entry["reason"]
    return "", ""


def is_ready(control_plane: Object) -> bool:
    """Return whether the control plane is Ready at its newest generation."""
    observed = (control_plane.get("status") or {}).get("observedGeneration")
    return condition(control_plane, "Ready")[0] == "True" and observed == control_plane["metadata"]["generation"]


def is_pod_ready(pod: Object) -> bool:
    """Return whether a pod is ready and not terminating."""
    if not pod or pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def assert_duration(clock: Clock, begin: float, end: float, low: float, high: float) -> None:
    """Assert a duration in product seconds: at least ``low``, at most ``high`` plus the tolerance."""
    seconds = clock.product(end - begin)
    assert low <= seconds <= high + clock.product(SLACK), (
        f"took {seconds:.1f} product seconds, expected {low} to {high}"
    )


def assert_immediate(begin: float, end: float) -> None:
    """Assert an immediate reaction."""
    assert end - begin <= IMMEDIATE_SECONDS, f"took {end - begin:.2f} real seconds, expected an immediate reaction"


class Mesh:
    """A mesh; ``colour`` is its peer name in the other meshes."""

    def __init__(self, colour: str, mesh: LabMesh, api: Api, lab: Lab, clock: Clock) -> None:
        self.colour, self.name, self.namespace = colour, mesh.name, mesh.namespace
        self.control_plane, self.trust_domain = mesh.control_plane, str(mesh.trust_domain)
        self.app = mesh.members[0]
        self.cluster, self.api, self.lab, self.clock = mesh.cluster, api, lab, clock
        self._topology_entry = mesh
        self._watches: dict[tuple[str, str], ObjectWatch] = {}
        self._base: Object | None = None
        self._faults: list[ActiveFault] = []
        self.modified = True

    # ---- reading ----

    def watch(self, kind: str, namespace: str | None = None) -> ObjectWatch:
        """Return the watch of a kind, by default in the control plane's namespace."""
        key = (kind, namespace or self.namespace)
        if key not in self._watches:
            self._watches[key] = ObjectWatch(self.api, *key)
        return self._watches[key]

    def until(
        self,
        kind: str,
        name: str,
        predicate: Callable[[Object], Any],
        seconds: float,
        since: float | None = None,
        expected: str = "",
    ) -> SeenVersion:
        """Wait until an object satisfies the predicate, for product seconds plus the tolerance."""
        return self.watch(kind).until(name, predicate, self.clock.real(seconds) + SLACK, since, expected)

    def never(self, kind: str, name: str, predicate: Callable[[Object], Any], seconds: float, unexpected: str) -> None:
        """Assert for product seconds that the object never satisfies the predicate."""
        self.watch(kind).never(name, predicate, self.clock.real(seconds), unexpected)

    def get(self, kind: str, name: str) -> Object:
        """Return an object of the control plane's namespace."""
        return self.api.get(kind, name, self.namespace)

    # ---- writing ----

    def apply(self, kind: str, name: str, spec: Object | None, **top: Any) -> Object:
        """Apply an object in the control plane's namespace."""
        self.modified = True
        body: Object = {"kind": kind, "metadata": {"name": name, "namespace": self.namespace}} | top
        body["apiVersion"] = self.api.resource(kind).group_version
        if spec is not None:
            body["spec"] = spec
        return self.api.apply(body, force=True)

    def patch(self, kind: str, name: str, change: Object) -> Object:
        """Apply a JSON merge patch to an object."""
        self.modified = True
        return self.api.patch(kind, name, self.namespace, change)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.modified = True
        self.api.delete(kind, name, self.namespace)

    # ---- control plane ----

    def smcp(self) -> Object:
        """Return the control plane."""
        return self.get(CONTROL_PLANE, self.control_plane)

    def apply_smcp(self, spec: Object, manager: str, **options: Any) -> Object:
        """Apply a part of the control plane's spec with a field manager and its uid."""
        self.modified = True
        body = {
            "apiVersion": "maistra.io/v2",
            "kind": CONTROL_PLANE,
            "spec": spec,
            "metadata": {
                "name": self.control_plane,
                "namespace": self.namespace,
                "uid": self.smcp()["metadata"]["uid"],
            },
        }
        return self.api.apply(body, manager, **options)

    def add_gateways(self, peer: str, **more: Any) -> None:
        """Add the two gateways for a peer, with a field manager per peer."""
        self.apply_smcp(
            {
                "gateways": {
                    "additionalIngress": {f"{peer}-ingress": ingress_of(peer, **more)},
                    "additionalEgress": {f"{peer}-egress": egress_of(peer)},
                }
            },
            f"pair/{peer}",
            force=True,
        )

    def until_ready(self, seconds: float = 120) -> SeenVersion:
        """Wait until the control plane is Ready at the newest generation."""
        generation = self.smcp()["metadata"]["generation"]
        return self.until(
            CONTROL_PLANE,
            self.control_plane,
            lambda body: body and body["metadata"]["generation"] >= generation and is_ready(body),
            seconds,
            expected="Ready at the observed generation",
        )

    def address(self, gateway: str) -> tuple[list[str], int, int]:
        """Return (addresses, discovery port, service port) of an ingress gateway for other meshes."""
        service = self.until("Service", gateway, has_address, 120, expected="an address").body or {}
        if service["spec"]["type"] == "NodePort":
            ports = {port["port"]: port["nodePort"] for port in service["spec"]["ports"]}
            return (
                [node["address"] for node in self.lab.content["clusters"][self.cluster]["nodes"]],
                ports[8188],
                ports[15443],
            )
        balancer_entries = service["status"]["loadBalancer"]["ingress"]
        return [entry.get("ip") or entry["hostname"] for entry in balancer_entries], 8188, 15443

    # ---- trust ----

    def root(self) -> str:
        """Return the mesh's own root (PEM)."""
        return str(self.get("ConfigMap", "istio-ca-root-cert")["data"]["root-cert.pem"])

    def trust(self, peer: str, pem: str) -> None:
        """Write the config map with the root of a peer."""
        self.apply("ConfigMap", f"{peer}-ca-root-cert", None, data={"root-cert.pem": pem})

    # ---- pods ----

    def pods(self, app: str) -> dict[str, Object]:
        """Return the pods of istiod or of a gateway that are not terminating."""
        return {
            name: pod
            for name, pod in self.watch("Pod").all().items()
            if pod["metadata"]["labels"].get("app") == app and not pod["metadata"].get("deletionTimestamp")
        }

    def restart(self, *apps: str) -> float:
        """Delete the pods of ``istiod`` or of gateways, wait for their ready replacements, return the time of that."""
        self.modified = True
        watch = self.watch("Pod")
        for app in apps or sorted({pod["metadata"]["labels"]["app"] for pod in watch.all().values()}):
            self._restart(watch, app)
        return time.monotonic()

    def _restart(self, watch: ObjectWatch, app: str) -> None:
        old = self.pods(app)
        for name in old:
            self.api.delete("Pod", name, self.namespace)
        deadline = time.monotonic() + self.clock.real(60) + SLACK
        while True:
            new = [name for name, pod in self.pods(app).items() if name not in old]
            if len(new) >= len(old) and not set(old) & set(watch.all()):
                break
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: the pods of {app} were not replaced: {sorted(watch.all())}")
            threading.Event().wait(0.02)
        for name in new:
            self.until("Pod", name, lambda pod: not pod or is_pod_ready(pod), 60, expected="a ready pod")

    # ---- requests and faults ----

    def request(self, host: str, count: int = 4) -> list[dict[str, Any]]:
        """Send requests from a workload of this mesh; results have ``status``, ``reason``, and ``via`` (the peer)."""
        message = {"verb": "request", "from_mesh": self.name, "host": host}
        return [self.lab.ask(message) for dummy in range(count)]

    def status_codes(self, host: str, count: int = 4) -> list[int]:
        """Return the status codes of requests."""
        return [result["status"] for result in self.request(host, count)]

    def until_status_codes(self, host: str, code: int, seconds: float) -> None:
        """Send requests until four in a row have the code, because no object shows when endpoints change."""
        deadline = time.monotonic() + self.clock.real(seconds) + SLACK
        while (codes := self.status_codes(host)) != [code] * 4:
            assert time.monotonic() < deadline, f"{self.name}: requests to {host} get {codes}, not {code}"

    def fault(self, name: str, **parameters: Any) -> None:
        """Switch a simulator fault on for this mesh until the end of the case."""
        self.modified = True
        self._faults.append(self.lab.fault(name, mesh=self.name, **parameters))

    def clear_faults(self) -> None:
        """Switch off the faults of this case."""
        while self._faults:
            self._faults.pop().off()

    # ---- reset ----

    def forget_history(self) -> None:
        """Forget the versions that the watches recorded before this case."""
        for watch in self._watches.values():
            watch.forget_history()

    def save_base(self) -> None:
        """Save the current control plane as the base state of every case."""
        self._base = copy.deepcopy(self.smcp()["spec"])
        self.modified = False

    def reset(self) -> None:
        """Reset the mesh to its base state: no federation objects, the saved control plane, new pods."""
        if not self.modified:
            return
        for kind in FEDERATION:
            for item in self.api.list(kind, self.namespace):
                self.api.delete(kind, item["metadata"]["name"], self.namespace)
        for item in self.api.list("ConfigMap", self.namespace):
            if item["metadata"]["name"].endswith("-ca-root-cert") and item["metadata"]["name"] != "istio-ca-root-cert":
                self.api.delete("ConfigMap", item["metadata"]["name"], self.namespace)
        for item in self.api.list("Service", self.app, label_selector="conformance=yes"):
            self.api.delete("Service", item["metadata"]["name"], self.app)
        if self._base is not None:
            self._restore(self._base)
        self.restart()
        self.until_ready()
        self.modified = False

    def _restore(self, base: Object) -> None:
        for dummy in range(RESTORE_ATTEMPTS):
            try:
                current = self.smcp()
                if current["spec"] != base or current["metadata"].get("deletionTimestamp"):
                    self.api.replace(current | {"spec": base})
                break
            except NotFoundError:
                self.api.apply(seed.control_plane(vars(self._topology_entry)), "mesh-owner")
            except ConflictError:
                continue
        self.until_ready()

    # ---- report ----

    def summary(self) -> str:
        """Return the current federation objects, for the report of a failure."""
        parts = [f"=== {self.name} ({self.colour}) in {self.cluster}/{self.namespace}"]
        for kind in FEDERATION:
            for item in self.api.list(kind, self.namespace):
                parts.append(f"{kind} {item['metadata']['name']}: spec {item.get('spec')} status {item.get('status')}")
        parts.append(f"pods {sorted(self.watch('Pod').all())}")
        return "\n".join(parts)


def has_address(service: Object) -> bool:
    """Return whether a gateway's Service has an address for other meshes."""
    if not service:
        return False
    return service["spec"]["type"] != "LoadBalancer" or bool(
        (service.get("status") or {}).get("loadBalancer", {}).get("ingress")
    )


class Link:
    """The link of ``mesh`` to ``other``: peer object, sets and config map in ``mesh``, which watches ``other``."""

    def __init__(self, mesh: Mesh, other: Mesh, name: str | None = None) -> None:
        self.mesh, self.other = mesh, other
        self.name = name or other.colour

    @property
    def reverse(self) -> Link:
        """Return the link of the opposite direction."""
        return Link(self.other, self.mesh)

    def spec(self, **changes: Any) -> Object:
        """Return the valid spec of the peer object; ``remote``, ``gateways`` and ``security`` change parts of it."""
        addresses, discovery, service = self.other.address(f"{self.mesh.colour}-ingress")
        identity = f"{self.other.trust_domain}/ns/{self.other.namespace}/sa/{self.mesh.colour}-egress-service-account"
        chain = {"kind": "ConfigMap", "name": f"{self.name}-ca-root-cert"}
        spec: Object = {
            "remote": {"addresses": addresses, "discoveryPort": discovery, "servicePort": service},
            "gateways": {
                "ingress": {"name": f"{self.other.colour}-ingress"},
                "egress": {"name": f"{self.other.colour}-egress"},
            },
            "security": {"trustDomain": self.other.trust_domain, "clientID": identity, "certificateChain": chain},
        }
        for key, value in changes.items():
            spec[key] = spec[key] | value if value is not None else None
        return {key: value for key, value in spec.items() if value is not None}

    def trust(self, pem: str | None = None) -> None:
        """Write the config map with the root of the other mesh, or with another text."""
        self.mesh.trust(self.name, self.other.root() if pem is None else pem)

    def peer(self, **changes: Any) -> float:
        """Write the peer object; return the time before."""
        spec = self.spec(**changes)
        moment = time.monotonic()
        self.mesh.apply(PEER, self.name, spec)
        return moment

    def exports(self, *rules: Object) -> float:
        """Write the export set (default: the mesh's ratings); return the time before."""
        moment = time.monotonic()
        self.mesh.apply(EXPORTS, self.name, {"exportRules": list(rules or [rule(self.mesh.app, "ratings")])})
        return moment

    def imports(self, *rules: Object, **more: Any) -> float:
        """Write the import set (default: all services); return the time before."""
        moment = time.monotonic()
        self.mesh.apply(IMPORTS, self.name, {"importRules": list(rules or [rule()])} | more)
        return moment

    def exported_name(self, service: str = "ratings") -> str:
        """Return the exported name of a service of ``mesh``'s application for ``other``."""
        return f"{service}.{self.mesh.app}.svc.{self.name}-exports.local"

    def host(self, service: str = "ratings") -> str:
        """Return the local host name of an imported service of the other mesh's application."""
        return f"{service}.{self.other.app}.svc.{self.name}-imports.local"

    def until(
        self, predicate: Callable[[Object], Any], seconds: float, since: float | None = None, expected: str = ""
    ) -> SeenVersion:
        """Wait until the peer object satisfies the predicate."""
        return self.mesh.until(PEER, self.name, predicate, seconds, since, expected)

    def with_current_pods(self, body: Object) -> Object:
        """Return the peer object with only the entries of current istiod pods: entries of terminated pods stay a while."""
        pods = self.mesh.pods("istiod")
        current = {
            state: [entry for entry in entries_in(body, state) if entry["pod"] in pods] for state in ("active", "inactive")
        }
        return body | {"status": {"discoveryStatus": current}} if body else body

    def until_synced(self, seconds: float = 130) -> SeenVersion:
        """Wait for the next full sync, so that none runs in the next seconds; the times are whole seconds."""
        before = sync_times(self.read())
        return self.until(lambda peer: sync_times(peer) - before, seconds)

    def until_connected(self, seconds: float = 120, since: float | None = None) -> SeenVersion:
        """Wait until the watch of a current istiod pod is connected."""
        return self.until(lambda body: is_connected(self.with_current_pods(body)), seconds, since, "a connected watch")

    def never_connected(self, seconds: float, unexpected: str = "connected") -> None:
        """Assert for product seconds that no watch of a current istiod pod is connected."""
        self.mesh.never(PEER, self.name, lambda body: is_connected(self.with_current_pods(body)), seconds, unexpected)

    def never_down(self, seconds: float, unexpected: str = "not connected") -> None:
        """Assert for product seconds that the watches of the current istiod pods stay connected."""
        self.mesh.never(PEER, self.name, lambda body: is_disconnected(self.with_current_pods(body)), seconds, unexpected)

    def until_imported(self, host: str | None = None, seconds: float = 120, since: float | None = None) -> SeenVersion:
        """Wait until the import set lists a local host name."""
        host = host or self.host()
        return self.mesh.until(IMPORTS, self.name, lists_import(host), seconds, since, f"the import {host}")

    def until_disconnect_status(self, *codes: str, seconds: float = 60, since: float | None = None) -> SeenVersion:
        """Wait until the watch fails with one of the codes."""
        return self.until(
            lambda body: fails_with(*codes)(self.with_current_pods(body)),
            seconds,
            since,
            f"a watch that fails with {' or '.join(codes)}",
        )

    def read(self) -> Object:
        """Read the peer object from the API server."""
        return self.mesh.get(PEER, self.name)


class Pair:
    """Two meshes and both links between them; ``first`` is the link of the first mesh."""

    def __init__(self, first: Mesh, second: Mesh) -> None:
        self.first, self.second = Link(first, second), Link(second, first)
        self.links = (self.first, self.second)
        self.meshes = (first, second)

    def trust(self) -> None:
        """Write both config maps."""
        for link in self.links:
            link.trust()

    def peers(self) -> float:
        """Write both peer objects; return the time before."""
        specs = [(link, link.spec()) for link in self.links]
        moment = time.monotonic()
        for link, spec in specs:
            link.mesh.apply(PEER, link.name, spec)
        return moment

    def sets(self) -> None:
        """Write all import sets, then all export sets."""
        for link in self.links:
            link.imports()
        for link in self.links:
            link.exports()

    def until_connected(self, seconds: float = 120, since: float | None = None) -> float:
        """Wait until both links are connected; return the time of the later one."""
        return max(link.until_connected(seconds, since).moment for link in self.links)

    def until_imported(self, seconds: float = 150, since: float | None = None) -> float:
        """Wait for both imports; return the time of the later one."""
        return max(link.until_imported(None, seconds, since).moment for link in self.links)

    def federate(self, sets: bool = True) -> None:
        """Federate the two meshes in the right order, and wait until all links and imports are up."""
        self.trust()
        if sets:
            self.sets()
        since = self.peers()
        self.until_connected(since=since)
        if sets:
            self.until_imported(since=since)

    def reset(self) -> None:
        """Reset both meshes to their base state."""
        reset(self.meshes)


def reset(meshes: Iterable[Mesh]) -> None:
    """Reset meshes to their base state, in parallel."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Mesh.reset, list(meshes)))
