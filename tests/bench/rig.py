# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab under the benchmark: started with nothing to wait for, brought back to its beginning between two runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kubernetes import dynamic
from lab import binaries, launcher, processes, seed, topology

from bench.observe import cpu_seconds

Object = dict[str, Any]
FEDERATION = "federation.maistra.io/v1"
SETS_FIRST = ("ImportedServiceSet", "ExportedServiceSet", "ServiceMeshPeer")
OURS = "app.kubernetes.io/managed-by in (ossm.federation, kubectl-script, usual-playbook)"
SERVICE = "ratings"
#: What the product waits for is not what is measured. What may not be zero is a period (then the product's) or a pause
#: after a failed attempt (then short).
CLOCKS = {
    "lb_delay": 0.0,
    "operator_notice": 0.0,
    "operator_install": 0.0,
    "operator_update": 0.0,
    "operator_delete": 0.0,
    "istiod_start": 0.0,
    "gateway_start": 0.0,
    "gateway_push": 0.0,
    "pod_stop": 0.0,
    "members": 0.0,
    "drain": 0.0,
    "connect_timeout": 0.1,
    "dns_hang": 0.1,
    "full_sync_retry": 1.0,
    "retry_first": 0.3,
    "retry_backoff": 2.0,
}
GONE_SECONDS = 180.0
IDLE_WINDOW_SECONDS = 0.5
IDLE_CORES = 0.2
IDLE_CORES_PER_CLUSTER = 0.03
#: how often a control plane is written to measure what one write costs, and how long the lab rests before that
PROBE_WRITES = 60
PROBE_REST_SECONDS = 3.0


class Rig:
    """One lab with a number of meshes, one cluster each."""

    def __init__(self, directory: Path, meshes: int, clocks: Object) -> None:
        self.directory = directory
        options = launcher.LabOptions(topology.generate(meshes), clocks=clocks)
        self.content = launcher.up(directory, options, topology.default)
        self.clusters = list(launcher.clusters_of(directory, self.content))
        self.connections = {cluster.name: seed.launcher_client(cluster) for cluster in self.clusters}
        self.meshes: dict[str, Object] = self.content["meshes"]
        self.kubectl = str(binaries.find(print, ("kubectl",)) / "kubectl")

    def audit_logs(self) -> dict[str, Path]:
        """Return the audit log of each cluster."""
        return {cluster.name: Path(cluster.entry["audit_log"]) for cluster in self.clusters}

    def kubeconfig(self, mesh: str) -> str:
        """Return the kubeconfig for a mesh's cluster."""
        return self.content["clusters"][self.meshes[mesh]["cluster"]]["kubeconfig"]

    def exported(self, mesh: str) -> Object:
        """Return the one service that a mesh exports."""
        return {"namespace": self.meshes[mesh]["members"][0], "name": SERVICE}

    def resource(self, mesh: str, api_version: str, kind: str) -> dynamic.resource.Resource:
        """Return the client of a kind in the cluster of a mesh."""
        return self.connections[self.meshes[mesh]["cluster"]].resources.get(api_version=api_version, kind=kind)

    def state(self, mesh: str) -> Object:
        """Return what a contestant has written to the mesh, without addresses, which differ from run to run."""
        where = {"namespace": self.meshes[mesh]["namespace"]}
        plane = self.resource(mesh, "maistra.io/v2", "ServiceMeshControlPlane")
        gateways = plane.get(name=self.meshes[mesh]["control_plane"], **where).to_dict()["spec"].get("gateways", {})
        state: Object = {"gateways": {key: gateways.get(key) for key in ("additionalIngress", "additionalEgress")}}
        for kind in SETS_FIRST:
            items = self.resource(mesh, FEDERATION, kind).get(**where).to_dict()["items"]
            state[kind] = {item["metadata"]["name"]: _without_addresses(item["spec"]) for item in items}
        maps = self.resource(mesh, "v1", "ConfigMap").get(label_selector=OURS, **where).to_dict()["items"]
        state["ConfigMap"] = {item["metadata"]["name"]: item["data"] for item in maps}
        return state

    def reset(self) -> None:
        """Remove what a contestant has written, in the reverse order of the writes, and wait until the lab is idle."""
        for kind in SETS_FIRST:
            self._everywhere(partial(self._delete_all, kind))
        self._everywhere(self._close)
        self._everywhere(self._await_gone)
        launcher.ask(self.directory, {"verb": "reset"})
        self.await_idle()

    def _delete_all(self, kind: str, mesh: str) -> None:
        namespace = self.meshes[mesh]["namespace"]
        # The client deletes many only by a selector; this one chooses all.
        self.resource(mesh, FEDERATION, kind).delete(
            namespace=namespace, field_selector=f"metadata.namespace={namespace}"
        )

    def _everywhere(self, work: Any) -> None:
        launcher.in_parallel(work, list(self.meshes))

    def _close(self, mesh: str) -> None:
        """Take the roots and the gateways away."""
        details = self.meshes[mesh]
        self.resource(mesh, "v1", "ConfigMap").delete(namespace=details["namespace"], label_selector=OURS)
        self.resource(mesh, "maistra.io/v2", "ServiceMeshControlPlane").patch(
            name=details["control_plane"],
            namespace=details["namespace"],
            content_type="application/merge-patch+json",
            body={"spec": {"gateways": {"additionalIngress": None, "additionalEgress": None}}},
        )

    def _await_gone(self, mesh: str) -> None:
        """Wait until the operator has taken the gateways' Services away."""
        services = self.resource(mesh, "v1", "Service")
        listed = services.get(namespace=self.meshes[mesh]["namespace"]).to_dict()
        left = {item["metadata"]["name"] for item in listed["items"] if _is_gateway(item["metadata"]["name"])}
        if not left:
            return
        for event in services.watch(
            namespace=self.meshes[mesh]["namespace"],
            timeout=int(GONE_SECONDS),
            resource_version=listed["metadata"]["resourceVersion"],
        ):
            if event["type"] == "DELETED":
                left.discard(event["raw_object"]["metadata"]["name"])
            if not left:
                return
        raise TimeoutError(f"{mesh}: still there after {GONE_SECONDS:.0f} s: {', '.join(sorted(left))}")

    def cpu(self) -> dict[str, float]:
        """Return the processor time in seconds that API servers (with their stores) and simulator have used so far."""
        living = processes.of_lab(self.directory)
        parts = {
            "simulator": [process.pid for process in living if process.role == "simulator"],
            "api_servers": [process.pid for process in living if process.role != "simulator"],
        }
        return {part: cpu_seconds(pids) for part, pids in parts.items()}

    def control_plane_write_ms(self) -> float:
        """Return the processor time in milliseconds that an API server and its store use for one small apply to a control
        plane as it stands now, what they use at rest taken off. The apply is of an annotation, which the operator ignores,
        and the last one takes it away."""
        mesh = next(iter(self.meshes))
        details = self.meshes[mesh]
        plane = self.resource(mesh, "maistra.io/v2", "ServiceMeshControlPlane")
        where = {"name": details["control_plane"], "namespace": details["namespace"]}

        def apply(annotations: Object) -> None:
            body = {
                "apiVersion": "maistra.io/v2",
                "kind": "ServiceMeshControlPlane",
                "metadata": where | {"annotations": annotations},
            }
            plane.server_side_apply(body=body, field_manager="bench-probe", **where)

        self.await_idle()
        resting, begin = self._api_seconds(), time.monotonic()
        time.sleep(PROBE_REST_SECONDS)
        used, middle = self._api_seconds(), time.monotonic()
        rest = (used - resting) / (middle - begin)
        for number in range(PROBE_WRITES):
            apply({"bench-probe": str(number)})
        end = time.monotonic()
        cost = self._api_seconds() - used - rest * (end - middle)
        apply({})
        return 1000 * cost / PROBE_WRITES

    def _api_seconds(self) -> float:
        return self.cpu()["api_servers"]

    def await_idle(self) -> None:
        """Wait until the lab's processes have hardly anything to do, so that no run pays for the one before."""
        limit = (IDLE_CORES + IDLE_CORES_PER_CLUSTER * len(self.clusters)) * IDLE_WINDOW_SECONDS
        deadline = time.monotonic() + GONE_SECONDS
        before, used = sum(self.cpu().values()), limit + 1
        while used > limit and time.monotonic() < deadline:
            time.sleep(IDLE_WINDOW_SECONDS)
            now = sum(self.cpu().values())
            before, used = now, now - before


def _is_gateway(name: str) -> bool:
    return name.startswith(("ingress-", "egress-"))


def _without_addresses(spec: Object) -> Object:
    remote = spec.get("remote")
    return spec | {"remote": remote | {"addresses": len(remote["addresses"])}} if remote else spec


@contextmanager
def rig(directory: Path, meshes: int, keep: bool = False, clocks: Object | None = None) -> Iterator[Rig]:
    """Start a lab, and end it whatever happens; with ``keep`` a good end leaves it running. The ``clocks`` of the simulator that
    are not named have the product's values (default: nothing to wait for)."""
    launcher.down(directory)
    try:
        yield Rig(directory, meshes, CLOCKS if clocks is None else clocks)
    finally:
        if not keep:
            launcher.down(directory)


def write_inputs(lab: Rig, folder: Path) -> dict[str, Path]:
    """Write the inputs: two inventories and the files of the script. Return them by contestant."""
    exports = {mesh: lab.exported(mesh) for mesh in lab.meshes}
    rules = {mesh: [{"type": "NameSelector", "nameSelector": service}] for mesh, service in exports.items()}
    ours = {
        mesh: {
            "mesh_kubeconfig": lab.kubeconfig(mesh),
            "mesh_exports": rules[mesh],
            "mesh_imports": {peer: rules[peer] for peer in lab.meshes if peer != mesh},
        }
        for mesh in lab.meshes
    }
    plain = {
        mesh: {
            "kubeconfig": lab.kubeconfig(mesh),
            "namespace": details["namespace"],
            "control_plane": details["control_plane"],
            "trust_domain": details["trust_domain"],
        }
        for mesh, details in lab.meshes.items()
    }
    usual = {
        mesh: {f"mesh_{key}": value for key, value in details.items()} | {"service": exports[mesh]}
        for mesh, details in plain.items()
    }
    script = {"kubectl": lab.kubectl, "meshes": {mesh: plain[mesh] | {"exports": exports[mesh]} for mesh in plain}}
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "ours": folder / "ours.yml",
        "usual": folder / "usual.yml",
        "kubectl": folder / "kubectl.json",
        "pairs": folder / "pairs.json",
    }
    for name, hosts in (("ours", ours), ("usual", usual)):
        inventory = {"all": {"children": {"federation": {"hosts": hosts}}}}
        files[name].write_text(yaml.safe_dump(inventory), encoding="utf-8")
    for name in ("kubectl", "pairs"):
        files[name].write_text(json.dumps(script | {"pairs": name == "pairs"}), encoding="utf-8")
    return files
