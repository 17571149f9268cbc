# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as an administrator with kubectl handles them: control planes, gateways, peers, sets, config maps, pods."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from lab import scenery
from lab.api import Lab, LabMesh, Switched
from lab.conformance.kube import Api, Clock, Eye, Object, Sight

PEER, EXPORTS, IMPORTS, CONTROL_PLANE = (
    "ServiceMeshPeer",
    "ExportedServiceSet",
    "ImportedServiceSet",
    "ServiceMeshControlPlane",
)
FEDERATION = (EXPORTS, IMPORTS, PEER)
OURS = {"conformance": "yes"}
#: what a loaded machine may add to every expectation, in real seconds
SLACK = 20.0
TRIES = 20
#: "at once", in real seconds: less than any of the product's periods takes here
SOON = 3.5


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


def pods_of(peer: Object, where: str) -> list[Object]:
    """Return a peer's status entries under ``active`` or ``inactive``."""
    return ((peer.get("status") or {}).get("discoveryStatus") or {}).get(where) or []


def entries(peer: Object) -> list[Object]:
    """Return all of a peer's status entries."""
    return pods_of(peer, "active") + pods_of(peer, "inactive")


def connected(peer: Object) -> bool:
    """Say whether the watch of any pod is connected."""
    return any(entry.get("watch", {}).get("connected") for entry in pods_of(peer, "active"))


def disconnected(peer: Object) -> bool:
    """Say whether there are entries, and none is connected."""
    return bool(entries(peer)) and not connected(peer)


def text(peer: Object) -> str:
    """Return why the watches ended or failed last."""
    return "; ".join(entry.get("watch", {}).get("lastDisconnectStatus", "") for entry in entries(peer))


def failing(*codes: str) -> Callable[[Object], bool]:
    """Return a predicate: not connected, and the text has one of the codes."""
    return lambda peer: disconnected(peer) and any(code in text(peer) for code in codes)


def syncs(peer: Object) -> set[str]:
    """The times of the last full sync in all entries."""
    return {entry.get("watch", {}).get("lastFullSync", "") for entry in entries(peer)}


def visited(peer: Object) -> bool:
    """Say whether anybody of the other side watches us."""
    return any(remote.get("connected") for entry in entries(peer) for remote in entry.get("remotes") or [])


def imported(body: Object) -> dict[str, str]:
    """Return what an import set lists: exported name to local host name (empty: an offer only)."""
    listed = (body.get("status") or {}).get("importedServices") or []
    return {item["exportedName"]: item["localService"]["hostname"] for item in listed}


def exported(body: Object) -> dict[str, str]:
    """Return what an export set lists: exported name to local host name."""
    listed = (body.get("status") or {}).get("exportedServices") or []
    return {item["exportedName"]: item["localService"]["hostname"] for item in listed}


def imports_host(host: str) -> Callable[[Object], bool]:
    """Return a predicate: the set lists this local host name."""
    return lambda body: host in imported(body).values()


def condition(control_plane: Object, kind: str) -> tuple[str, str]:
    """Return (status, reason) of a condition."""
    for one in (control_plane.get("status") or {}).get("conditions") or []:
        if one["type"] == kind:
            return one["status"], one["reason"]
    return "", ""


def ready(control_plane: Object) -> bool:
    """Say whether the control plane is Ready, and says so of its newest generation."""
    seen = (control_plane.get("status") or {}).get("observedGeneration")
    return condition(control_plane, "Ready")[0] == "True" and seen == control_plane["metadata"]["generation"]


def pod_ready(pod: Object) -> bool:
    """Say whether a pod is ready and not on its way out."""
    if not pod or pod["metadata"].get("deletionTimestamp"):
        return False
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in (pod.get("status") or {}).get("conditions") or []
    )


def took(clock: Clock, begin: float, end: float, low: float, high: float) -> None:
    """Assert how many of the product's seconds went by: never fewer than seen, at most a slow machine's more."""
    seconds = clock.product(end - begin)
    assert low <= seconds <= high + clock.product(SLACK), (
        f"took {seconds:.1f} s of the product's, seen were {low} to {high}"
    )


def soon(begin: float, end: float) -> None:
    """Assert that it was at once."""
    assert end - begin <= SOON, f"took {end - begin:.2f} real seconds, seen was: at once"


class Mesh:
    """One mesh; ``colour`` is the name by which the others know it."""

    def __init__(self, colour: str, mesh: LabMesh, api: Api, lab: Lab, clock: Clock) -> None:
        self.colour, self.name, self.namespace = colour, mesh.name, mesh.namespace
        self.control_plane, self.trust_domain = mesh.control_plane, str(mesh.trust_domain)
        self.app = mesh.members[0]
        self.cluster, self.api, self.lab, self.clock = mesh.cluster, api, lab, clock
        self._described = mesh
        self._eyes: dict[tuple[str, str], Eye] = {}
        self._base: Object | None = None
        self._faults: list[Switched] = []
        self.used = True

    # ---- looking ----

    def see(self, kind: str, namespace: str | None = None) -> Eye:
        """Return the eye on a kind, in the control plane's namespace by default."""
        where = (kind, namespace or self.namespace)
        if where not in self._eyes:
            self._eyes[where] = Eye(self.api, *where)
        return self._eyes[where]

    def until(
        self,
        kind: str,
        name: str,
        predicate: Callable[[Object], Any],
        seconds: float,
        since: float | None = None,
        words: str = "",
    ) -> Sight:
        """Await an object that the predicate likes, at most so many of the product's seconds (plus the slack)."""
        return self.see(kind).until(name, predicate, self.clock.real(seconds) + SLACK, since, words)

    def never(self, kind: str, name: str, predicate: Callable[[Object], Any], seconds: float, words: str) -> None:
        """See for so many of the product's seconds that the predicate never likes what is there."""
        self.see(kind).never(name, predicate, self.clock.real(seconds), words)

    def get(self, kind: str, name: str) -> Object:
        """Return an object of the control plane's namespace."""
        return self.api.get(kind, name, self.namespace)

    # ---- writing ----

    def put(self, kind: str, name: str, spec: Object | None, **top: Any) -> Object:
        """Apply an object of ours in the control plane's namespace."""
        self.used = True
        body: Object = {"kind": kind, "metadata": {"name": name, "namespace": self.namespace}} | top
        body["apiVersion"] = self.api.resource(kind).group_version
        if spec is not None:
            body["spec"] = spec
        return self.api.apply(body, force=True)

    def change(self, kind: str, name: str, change: Object) -> Object:
        """Merge a change into an object."""
        self.used = True
        return self.api.patch(kind, name, self.namespace, change)

    def drop(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.used = True
        self.api.delete(kind, name, self.namespace)

    # ---- control plane ----

    def smcp(self) -> Object:
        """Return the control plane."""
        return self.get(CONTROL_PLANE, self.control_plane)

    def apply_smcp(self, spec: Object, manager: str, **options: Any) -> Object:
        """Apply a part of the control plane's spec by a field manager, naming its uid."""
        self.used = True
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

    def open(self, peer: str, **more: Any) -> None:
        """Add the two gateways for a peer, as the pair's field manager does."""
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

    def until_ready(self, seconds: float = 120) -> Sight:
        """Await Ready at the newest generation."""
        generation = self.smcp()["metadata"]["generation"]
        return self.until(
            CONTROL_PLANE,
            self.control_plane,
            lambda body: body and body["metadata"]["generation"] >= generation and ready(body),
            seconds,
            words="Ready at the observed generation",
        )

    def address(self, gateway: str) -> tuple[list[str], int, int]:
        """Return (addresses, discovery port, service port) under which others reach an ingress gateway."""
        service = self.until("Service", gateway, has_address, 120, words="an address").body or {}
        if service["spec"]["type"] == "NodePort":
            ports = {port["port"]: port["nodePort"] for port in service["spec"]["ports"]}
            return (
                [node["address"] for node in self.lab.content["clusters"][self.cluster]["nodes"]],
                ports[8188],
                ports[15443],
            )
        points = service["status"]["loadBalancer"]["ingress"]
        return [point.get("ip") or point["hostname"] for point in points], 8188, 15443

    # ---- trust ----

    def root(self) -> str:
        """Return the mesh's own root, as PEM."""
        return str(self.get("ConfigMap", "istio-ca-root-cert")["data"]["root-cert.pem"])

    def trust(self, peer: str, pem: str) -> None:
        """Write the config map with a peer's root."""
        self.put("ConfigMap", f"{peer}-ca-root-cert", None, data={"root-cert.pem": pem})

    # ---- pods ----

    def pods(self, app: str) -> dict[str, Object]:
        """Return the pods of istiod or of a gateway that are not on their way out."""
        return {
            name: pod
            for name, pod in self.see("Pod").all().items()
            if pod["metadata"]["labels"].get("app") == app and not pod["metadata"].get("deletionTimestamp")
        }

    def restart(self, *apps: str) -> float:
        """Delete the pods of ``istiod`` or of gateways, await as many new ones; return when they were ready."""
        self.used = True
        eye = self.see("Pod")
        for app in apps or sorted({pod["metadata"]["labels"]["app"] for pod in eye.all().values()}):
            self._restart(eye, app)
        return time.monotonic()

    def _restart(self, eye: Eye, app: str) -> None:
        old = self.pods(app)
        for name in old:
            self.api.delete("Pod", name, self.namespace)
        deadline = time.monotonic() + self.clock.real(60) + SLACK
        while True:
            fresh = [name for name, pod in self.pods(app).items() if name not in old]
            if len(fresh) >= len(old) and not set(old) & set(eye.all()):
                break
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: the pods of {app} were not made again: {sorted(eye.all())}")
            threading.Event().wait(0.02)
        for name in fresh:
            self.until("Pod", name, lambda pod: not pod or pod_ready(pod), 60, words="a ready pod")

    # ---- the data path, and faults ----

    def request(self, host: str, count: int = 4) -> list[dict[str, Any]]:
        """Send requests from a workload of this mesh; answers have ``status``, ``why``, and ``via`` (the peer)."""
        question = {"verb": "request", "from_mesh": self.name, "host": host}
        return [self.lab.ask(question) for dummy in range(count)]

    def codes(self, host: str, count: int = 4) -> list[int]:
        """Return the status codes of requests."""
        return [answer["status"] for answer in self.request(host, count)]

    def until_codes(self, host: str, code: int, seconds: float) -> None:
        """Send requests until four in a row get the code: no object tells when endpoints have changed."""
        deadline = time.monotonic() + self.clock.real(seconds) + SLACK
        while (codes := self.codes(host)) != [code] * 4:
            assert time.monotonic() < deadline, f"{self.name}: requests to {host} get {codes}, not {code}"

    def fault(self, name: str, **parameters: Any) -> None:
        """Switch one of the simulator's faults on for this mesh, until the case ends."""
        self.used = True
        self._faults.append(self.lab.fault(name, mesh=self.name, **parameters))

    def off(self) -> None:
        """Switch off what this case switched on."""
        while self._faults:
            self._faults.pop().off()

    # ---- beginning anew ----

    def forget(self) -> None:
        """Have the eyes forget what was before."""
        for eye in self._eyes.values():
            eye.forget()

    def remember(self) -> None:
        """Take what the control plane is now for the beginning of every case."""
        self._base = copy.deepcopy(self.smcp()["spec"])
        self.used = False

    def reset(self) -> None:
        """Bring the mesh back to its beginning: no federation object, the base control plane, fresh pods."""
        if not self.used:
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
        self.used = False

    def _restore(self, base: Object) -> None:
        for dummy in range(TRIES):
            try:
                now = self.smcp()
                if now["spec"] != base or now["metadata"].get("deletionTimestamp"):
                    self.api.replace(now | {"spec": base})
                break
            except NotFoundError:
                self.api.apply(scenery.control_plane(vars(self._described)), "mesh-owner")
            except ConflictError:
                continue
        self.until_ready()

    # ---- words ----

    def story(self) -> str:
        """Return the federation objects as they are, for the report of a failure."""
        parts = [f"=== {self.name} ({self.colour}) in {self.cluster}/{self.namespace}"]
        for kind in FEDERATION:
            for item in self.api.list(kind, self.namespace):
                parts.append(f"{kind} {item['metadata']['name']}: spec {item.get('spec')} status {item.get('status')}")
        parts.append(f"pods {sorted(self.see('Pod').all())}")
        return "\n".join(parts)


def has_address(service: Object) -> bool:
    """Say whether others can reach a gateway's Service."""
    if not service:
        return False
    return service["spec"]["type"] != "LoadBalancer" or bool(
        (service.get("status") or {}).get("loadBalancer", {}).get("ingress")
    )


class Link:
    """What ``mesh`` knows of ``other``: peer object, sets, config map; a link is told by the side that watches."""

    def __init__(self, mesh: Mesh, other: Mesh, name: str | None = None) -> None:
        self.mesh, self.other = mesh, other
        self.name = name or other.colour

    @property
    def back(self) -> Link:
        """Return the link of the other direction."""
        return Link(self.other, self.mesh)

    def spec(self, **changes: Any) -> Object:
        """Return the right spec of the peer object; ``remote``, ``gateways`` and ``security`` change parts of it."""
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
        """Write the config map with the other's root (or with another text)."""
        self.mesh.trust(self.name, self.other.root() if pem is None else pem)

    def peer(self, **changes: Any) -> float:
        """Write the peer object; return the moment."""
        spec = self.spec(**changes)
        moment = time.monotonic()
        self.mesh.put(PEER, self.name, spec)
        return moment

    def exports(self, *rules: Object) -> float:
        """Write the export set (default: the mesh's ratings); return the moment."""
        moment = time.monotonic()
        self.mesh.put(EXPORTS, self.name, {"exportRules": list(rules or [rule(self.mesh.app, "ratings")])})
        return moment

    def imports(self, *rules: Object, **more: Any) -> float:
        """Write the import set (default: everything); return the moment."""
        moment = time.monotonic()
        self.mesh.put(IMPORTS, self.name, {"importRules": list(rules or [rule()])} | more)
        return moment

    def exported_name(self, service: str = "ratings") -> str:
        """Return the name under which ``mesh`` exports a service of its application to ``other``."""
        return f"{service}.{self.mesh.app}.svc.{self.name}-exports.local"

    def host(self, service: str = "ratings") -> str:
        """Return the local host name under which ``mesh`` imports a service of the other's application."""
        return f"{service}.{self.other.app}.svc.{self.name}-imports.local"

    def until(
        self, predicate: Callable[[Object], Any], seconds: float, since: float | None = None, words: str = ""
    ) -> Sight:
        """Await a status of the peer object."""
        return self.mesh.until(PEER, self.name, predicate, seconds, since, words)

    def living(self, body: Object) -> Object:
        """Return the peer object with the entries of living istiod pods: dead ones stay for a while."""
        pods = self.mesh.pods("istiod")
        kept = {
            where: [entry for entry in pods_of(body, where) if entry["pod"] in pods] for where in ("active", "inactive")
        }
        return body | {"status": {"discoveryStatus": kept}} if body else body

    def until_synced(self, seconds: float = 130) -> Sight:
        """Wait for the next full sync, so that none falls into a short gap that follows; times are whole seconds."""
        before = syncs(self.now())
        return self.until(lambda peer: syncs(peer) - before, seconds)

    def until_connected(self, seconds: float = 120, since: float | None = None) -> Sight:
        """Await that the watch of an istiod pod that is there is connected."""
        return self.until(lambda body: connected(self.living(body)), seconds, since, "a connected watch")

    def never_connected(self, seconds: float, words: str = "connected") -> None:
        """See for so long that the watch of no living istiod pod is connected."""
        self.mesh.never(PEER, self.name, lambda body: connected(self.living(body)), seconds, words)

    def never_down(self, seconds: float, words: str = "not connected") -> None:
        """See for so long that the living istiod pods' watches stay connected."""
        self.mesh.never(PEER, self.name, lambda body: disconnected(self.living(body)), seconds, words)

    def until_imported(self, host: str | None = None, seconds: float = 120, since: float | None = None) -> Sight:
        """Await that the import set lists a local host name."""
        host = host or self.host()
        return self.mesh.until(IMPORTS, self.name, imports_host(host), seconds, since, f"the import {host}")

    def until_text(self, *codes: str, seconds: float = 60, since: float | None = None) -> Sight:
        """Await a failing watch whose text has one of the codes."""
        return self.until(
            lambda body: failing(*codes)(self.living(body)),
            seconds,
            since,
            f"a watch that fails with {' or '.join(codes)}",
        )

    def now(self) -> Object:
        """Return the peer object as it is at the API."""
        return self.mesh.get(PEER, self.name)


class Pair:
    """Two meshes and both links between them; ``there`` is the first one's link."""

    def __init__(self, first: Mesh, second: Mesh) -> None:
        self.there, self.here = Link(first, second), Link(second, first)
        self.links = (self.there, self.here)
        self.meshes = (first, second)

    def trust(self) -> None:
        """Write both config maps."""
        for link in self.links:
            link.trust()

    def peers(self) -> float:
        """Write both peer objects; return the moment before the first."""
        specs = [(link, link.spec()) for link in self.links]
        moment = time.monotonic()
        for link, spec in specs:
            link.mesh.put(PEER, link.name, spec)
        return moment

    def sets(self) -> None:
        """Write all import sets, then all export sets."""
        for link in self.links:
            link.imports()
        for link in self.links:
            link.exports()

    def until_connected(self, seconds: float = 120, since: float | None = None) -> float:
        """Await both links; return when the later one was seen."""
        return max(link.until_connected(seconds, since).moment for link in self.links)

    def until_imported(self, seconds: float = 150, since: float | None = None) -> float:
        """Await both imports; return when the later one was seen."""
        return max(link.until_imported(None, seconds, since).moment for link in self.links)

    def join(self, sets: bool = True) -> None:
        """Federate the two in the right order, and await everything."""
        self.trust()
        if sets:
            self.sets()
        since = self.peers()
        self.until_connected(since=since)
        if sets:
            self.until_imported(since=since)

    def reset(self) -> None:
        """Bring both meshes back to their beginning."""
        reset(self.meshes)


def reset(meshes: Iterable[Mesh]) -> None:
    """Bring meshes back to their beginning, all at once."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Mesh.reset, list(meshes)))
