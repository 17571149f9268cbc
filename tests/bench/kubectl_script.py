# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contestant (a): a good script around kubectl, standard library only.

It writes what ``federate.yml`` writes, in the same order, with ``kubectl apply --server-side``: one call per mesh and
step, all meshes at once, a step begins when the step before has ended everywhere. What it needs to know it asks with
``kubectl get``, and it waits on kubectl's own watches, so that neither a sleep nor a second look costs it time.

Usage: ``python kubectl_script.py federate|links FEDERATION.json``. The file names the meshes::

    {"kubectl": "kubectl", "pairs": false, "meshes": {"mesh-01": {"kubeconfig": "...", "namespace": "...",
     "control_plane": "...", "trust_domain": "...", "exports": {"namespace": "...", "name": "..."}}}}

With ``pairs`` the gateways of each pair are one apply, with a field manager of their own, as the collection has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

Object = dict[str, Any]
FEDERATION = "federation.maistra.io/v1"
LABELS = {"app.kubernetes.io/managed-by": "kubectl-script"}
NLB = {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}
WATCH_SECONDS = 600


class Script:
    """The federation as the script sees it: names from its file, roots and addresses from the clusters."""

    def __init__(self, federation: Object) -> None:
        self.command: str = federation["kubectl"]
        self.meshes: dict[str, Object] = federation["meshes"]
        self.pairs: bool = federation["pairs"]
        self.roots: dict[str, str] = {}
        self.addresses: dict[str, dict[str, list[str]]] = {}

    def federate(self) -> None:
        """Write everything, step by step, and wait until every link is connected and the services are imported."""
        for step in (self.open_gateways, self.share, self.await_gateways, self.join, self.await_links):
            self.everywhere(step)

    def everywhere(self, step: Callable[[str], None]) -> None:
        """Do the step for all meshes at once; the next step begins when the last mesh has ended this one."""
        with ThreadPoolExecutor(len(self.meshes)) as pool:
            list(pool.map(step, self.meshes))

    def peers(self, mesh: str) -> list[str]:
        """Return the other meshes: everybody federates with everybody."""
        return [name for name in self.meshes if name != mesh]

    def arguments(self, mesh: str, *words: str) -> list[str]:
        """Return a kubectl command line for the mesh's namespace."""
        details = self.meshes[mesh]
        return [self.command, f"--kubeconfig={details['kubeconfig']}", f"--namespace={details['namespace']}", *words]

    def kubectl(self, mesh: str, *words: str, given: str | None = None) -> str:
        """Run kubectl and return what it prints; CalledProcessError when it fails."""
        return subprocess.run(
            self.arguments(mesh, *words), input=given, check=True, text=True, stdout=subprocess.PIPE
        ).stdout

    def apply(self, mesh: str, objects: list[Object], manager: str = "kubectl-script") -> None:
        """Apply all objects with one call."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl(mesh, "apply", "--server-side", f"--field-manager={manager}", "--filename=-", given=text)

    def watch(self, mesh: str, kind: str, good: Callable[[Object], bool], names: set[str]) -> None:
        """Follow one kind until all the named objects are good; ValueError when kubectl ends before that."""
        missing = set(names)
        command = self.arguments(mesh, "get", kind, "--watch", "--output=json", f"--request-timeout={WATCH_SECONDS}s")
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for item in documents(process):
                if good(item):
                    missing.discard(item["metadata"]["name"])
                if not missing:
                    break
            process.kill()
        if missing:
            raise ValueError(f"{mesh}: {kind} {', '.join(sorted(missing))}: not good within {WATCH_SECONDS} s")

    def open_gateways(self, mesh: str) -> None:
        """Add the gateways to the control plane; read the root."""
        if self.pairs:
            for peer in self.peers(mesh):
                self.apply(mesh, [control_plane(self.meshes[mesh], [peer])], f"kubectl-script/{peer}")
        else:
            self.apply(mesh, [control_plane(self.meshes[mesh], self.peers(mesh))])
        root = json.loads(self.kubectl(mesh, "get", "configmap", "istio-ca-root-cert", "--output=json"))
        self.roots[mesh] = root["data"]["root-cert.pem"]

    def share(self, mesh: str) -> None:
        """Write the import sets, then the export sets."""
        imports = [import_set(self.meshes[mesh], peer, self.meshes[peer]) for peer in self.peers(mesh)]
        exports = [export_set(self.meshes[mesh], peer) for peer in self.peers(mesh)]
        self.apply(mesh, imports + exports)

    def await_gateways(self, mesh: str) -> None:
        """Wait until the load balancers have addresses."""
        found: dict[str, list[str]] = {}

        def addressed(service: Object) -> bool:
            entries = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
            found[service["metadata"]["name"]] = [entry.get("hostname") or entry["ip"] for entry in entries]
            return bool(entries)

        self.watch(mesh, "services", addressed, {f"ingress-{peer}" for peer in self.peers(mesh)})
        self.addresses[mesh] = found

    def join(self, mesh: str) -> None:
        """Write the peers' roots, then the peers."""
        roots = [root_map(self.meshes[mesh], peer, self.roots[peer]) for peer in self.peers(mesh)]
        peers = [
            service_mesh_peer(self.meshes[mesh], mesh, peer, self.meshes[peer], self.addresses[peer][f"ingress-{mesh}"])
            for peer in self.peers(mesh)
        ]
        self.apply(mesh, roots + peers)

    def await_links(self, mesh: str) -> None:
        """Wait until the mesh is connected to all its peers and imports from all of them."""
        names = set(self.peers(mesh))
        self.watch(mesh, "servicemeshpeers.federation.maistra.io", connected, names)
        self.watch(mesh, "importedservicesets.federation.maistra.io", imported, names)

    def links(self) -> dict[str, dict[str, bool]]:
        """Read the state of all links, one call per mesh."""
        states: dict[str, dict[str, bool]] = {}

        def read(mesh: str) -> None:
            kinds = "servicemeshpeers.federation.maistra.io,importedservicesets.federation.maistra.io"
            items = json.loads(self.kubectl(mesh, "get", kinds, "--output=json"))["items"]
            good = {
                (item["kind"], item["metadata"]["name"])
                for item in items
                if (connected if item["kind"] == "ServiceMeshPeer" else imported)(item)
            }
            states[mesh] = {
                peer: {("ServiceMeshPeer", peer), ("ImportedServiceSet", peer)} <= good for peer in self.peers(mesh)
            }

        self.everywhere(read)
        return states


def documents(process: subprocess.Popen[bytes]) -> Iterator[Object]:
    """Yield the JSON documents that kubectl's watch prints, each as soon as its last byte is there."""
    assert process.stdout is not None
    lines: list[bytes] = []
    for line in process.stdout:
        lines.append(line)
        # kubectl indents what it prints: only a document's last brace stands at the beginning of a line.
        if line.startswith(b"}"):
            yield json.loads(b"".join(lines))
            lines.clear()


def connected(peer: Object) -> bool:
    """Say whether an istiod of this mesh watches the other."""
    active = peer.get("status", {}).get("discoveryStatus", {}).get("active") or []
    return any(entry.get("watch", {}).get("connected") for entry in active)


def imported(import_set_: Object) -> bool:
    """Say whether something is imported and not only offered."""
    services = import_set_.get("status", {}).get("importedServices") or []
    return any(entry.get("localService", {}).get("hostname") for entry in services)


def metadata(mesh: Object, name: str, **more: Any) -> Object:
    """Return metadata of an object in the mesh's namespace."""
    return {"name": name, "namespace": mesh["namespace"], "labels": LABELS} | more


def control_plane(mesh: Object, peers: list[str]) -> Object:
    """Return what the script owns of the control plane: one ingress and one egress gateway per peer."""
    gateways = {
        "additionalIngress": {f"ingress-{peer}": ingress(f"ingress-{peer}") for peer in peers},
        "additionalEgress": {f"egress-{peer}": egress(peer) for peer in peers},
    }
    return {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "spec": {"gateways": gateways},
        "metadata": {"name": mesh["control_plane"], "namespace": mesh["namespace"]},
    }


def ingress(name: str) -> Object:
    """Return an ingress gateway behind a network load balancer."""
    ports = [{"name": "https-discovery", "port": 8188}, {"name": "tls", "port": 15443}]
    labels = {"federation.maistra.io/ingress-for": name}
    return {
        "enabled": True,
        "routeConfig": {"enabled": False},
        "service": {"type": "LoadBalancer", "metadata": {"labels": labels, "annotations": NLB}, "ports": ports},
    }


def egress(peer: str) -> Object:
    """Return the egress gateway towards a peer."""
    ports = [{"name": "tls", "port": 15443}, {"name": "http-discovery", "port": 8188}]
    labels = {"federation.maistra.io/egress-for": f"egress-{peer}"}
    return {
        "enabled": True,
        "requestedNetworkView": [f"network-{peer}"],
        "service": {"metadata": {"labels": labels}, "ports": ports},
    }


def rule(service: Object) -> Object:
    """Return a rule that picks one service."""
    return {"type": "NameSelector", "nameSelector": {"namespace": service["namespace"], "name": service["name"]}}


def export_set(mesh: Object, peer: str) -> Object:
    """Return what the mesh offers to a peer."""
    return {
        "apiVersion": FEDERATION,
        "kind": "ExportedServiceSet",
        "metadata": metadata(mesh, peer),
        "spec": {"exportRules": [rule(mesh["exports"])]},
    }


def import_set(mesh: Object, peer: str, other: Object) -> Object:
    """Return what the mesh takes from a peer."""
    return {
        "apiVersion": FEDERATION,
        "kind": "ImportedServiceSet",
        "metadata": metadata(mesh, peer),
        "spec": {"importRules": [rule(other["exports"])]},
    }


def root_map(mesh: Object, peer: str, root: str) -> Object:
    """Return the ConfigMap with a peer's root certificate."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(mesh, f"{peer}-ca-root-cert"),
        "data": {"root-cert.pem": root},
    }


def service_mesh_peer(mesh: Object, name: str, peer: str, other: Object, addresses: list[str]) -> Object:
    """Return the peer object: where the other mesh is reached, and as whom it comes."""
    identity = f"{other['trust_domain']}/ns/{other['namespace']}/sa/egress-{name}-service-account"
    chain = {"kind": "ConfigMap", "name": f"{peer}-ca-root-cert"}
    return {
        "apiVersion": FEDERATION,
        "kind": "ServiceMeshPeer",
        "metadata": metadata(mesh, peer),
        "spec": {
            "remote": {"addresses": addresses},
            "gateways": {"ingress": {"name": f"ingress-{peer}"}, "egress": {"name": f"egress-{peer}"}},
            "security": {"trustDomain": other["trust_domain"], "clientID": identity, "certificateChain": chain},
        },
    }


def main(verb: str, file: str) -> int:
    """Federate, or read the links and fail unless all are good."""
    script = Script(json.loads(Path(file).read_text(encoding="utf-8")))
    if verb == "federate":
        script.federate()
        return 0
    states = script.links()
    print(json.dumps(states))
    return 0 if all(all(links.values()) for links in states.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
