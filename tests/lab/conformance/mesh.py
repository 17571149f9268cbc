# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes, handled as by an administrator with kubectl."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from lab import seed
from lab.api import ActiveFault, Lab, LabMesh
from lab.conformance.kube import Api, Clock, Object, ObjectWatch, SeenVersion
from lab.conformance.objects import (
    CONTROL_PLANE,
    FEDERATION,
    SLACK,
    egress_of,
    has_address,
    ingress_of,
    is_pod_ready,
    is_ready,
)

RESTORE_ATTEMPTS = 20


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


def reset(meshes: Iterable[Mesh]) -> None:
    """Reset meshes to their base state, in parallel."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Mesh.reset, list(meshes)))
