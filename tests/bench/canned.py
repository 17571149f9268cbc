# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""API servers of many meshes that answer from memory, in one process: what a lab of hundreds of clusters would answer.

The meshes are federated, or become so by the first write to each: then every apply succeeds, every gateway has an address, and every
link is up at once. So only the work of the controller counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from unit.builders import certificates, federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import normalise_bundle, read_roots

Json = dict[str, Any]
HUB = "hub"
READY_SECONDS = 60
#: The path with the requests of each mesh.
REQUESTS = "/requests"
_ALL = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
_ALLOWED = json.dumps({"status": {"incomplete": False, "nonResourceRules": [], "resourceRules": _ALL}}).encode()
_MISSING = json.dumps({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}).encode()
#: The facts with the objects of each kind.
_KINDS = {
    "peers": "ServiceMeshPeer",
    "imports": "ImportedServiceSet",
    "exports": "ExportedServiceSet",
    "config_maps": "ConfigMap",
}


def inventory(size: int, *, hub: bool) -> dict[str, Json]:
    """The variables of meshes, all with all or the first with each of the others; the first exports a service to all."""
    hosts = [HUB, *(f"spoke-{number:03}" for number in range(1, size))]
    variables: dict[str, Json] = {host: {"mesh_imports": {HUB: ["bookinfo/ratings"]}} for host in hosts}
    variables[HUB] = {"mesh_exports": ["bookinfo/ratings"]}
    if hub:
        for host in hosts[1:]:
            variables[host]["mesh_peers"] = [HUB]
        variables[HUB]["mesh_peers"] = hosts[1:]
    return variables


class Answers(NamedTuple):
    """The answer to each path, which begins with the mesh, before its first write and after; and the objects that a write answers."""

    before: dict[str, bytes]
    after: dict[str, bytes]
    objects: dict[str, bytes]


def answers(variables: dict[str, Json], fresh: Collection[str] = ()) -> Answers:
    """The answers for meshes whose federation is complete and healthy; those of ``fresh`` become so by the first write to each."""
    before = _federated({host: own for host, own in variables.items() if host not in fresh}) if fresh else {}
    after = _federated(variables)
    found = Answers({}, {}, {})
    for host, facts in after.items():
        for path, body in _paths(host, facts):
            found.after[f"/{host}{path}"] = json.dumps(body).encode()
            for item in body.get("items") or []:
                found.objects[f"/{host}{path}/{item['metadata']['name']}"] = json.dumps(item).encode()
        for path, body in _paths(host, before.get(host) or (_facts(host) if fresh else facts)):
            found.before[f"/{host}{path}"] = json.dumps(body).encode()
    return found


def _federated(variables: dict[str, Json]) -> dict[str, Json]:
    """What is read of meshes that are federated, without peers that are not among them."""
    known = {
        host: {**own, "mesh_peers": [peer for peer in own["mesh_peers"] if peer in variables]}
        if "mesh_peers" in own
        else own
        for host, own in variables.items()
    }
    declared = fed.declare({host: {"mesh_kubeconfig": "x", **own} for host, own in known.items()})
    read = {host: _facts(host) for host in known}
    planned, objects = fed.federate(declared, read)
    addresses = fed.opened(planned)
    for host, facts in read.items():
        for desired in objects[host]:
            settled.own(settled.live_object(facts, desired["definition"]), desired)
        for gateway in planned["meshes"][host]["gateways"]:
            settled.open_gateway(facts, gateway, addresses[host]["gateways"][gateway["name"]]["addresses"])
        _connect(facts)
    return read


def _facts(host: str) -> Json:
    pem = certificates.certificate(host)
    roots = read_roots(pem)
    return fed.facts(host, root=normalise_bundle(pem), roots=roots, fingerprints=[root["sha256"] for root in roots])


def _connect(facts: Json) -> None:
    """Let every peer be connected and synced, and every service that the hub exports be exported and imported."""
    watch = {"connected": True, "lastConnected": settled.SYNCED_AT, "lastFullSync": settled.SYNCED_AT}
    for peer in facts["peers"]:
        peer["status"] = {"discoveryStatus": {"active": [{"pod": facts["istiod"][0]["name"], "watch": watch}]}}
    for collection, key, name in (
        ("exports", "exportedServices", None),
        ("imports", "importedServices", facts["mesh"]),
    ):
        for live in facts[collection]:
            of = name or live["metadata"]["name"]
            service = {"exportedName": f"ratings.bookinfo.svc.{of}-exports.local", "localService": {"hostname": "h"}}
            live["status"] = {key: [service]}


def _paths(host: str, facts: Json) -> Iterator[tuple[str, Json]]:
    """Every path that reading a mesh asks for."""
    namespace = facts["namespace"]
    lists = {kind: [_live(obj) for obj in facts[collection]] for collection, kind in _KINDS.items()}
    plane = _live(facts["control_plane"]["object"])
    plane["metadata"]["generation"] = 1
    plane["status"] = {
        "observedGeneration": 1,
        "chartVersion": "2.5.1",
        "conditions": [{"type": "Ready", "status": "True"}],
        "appliedSpec": plane["spec"],
    }
    root = {
        "metadata": {"name": "istio-ca-root-cert", "namespace": namespace},
        "data": {"root-cert.pem": facts["root"]},
    }
    lists["ConfigMap"].append(root)
    lists["ServiceMeshControlPlane"] = [plane]
    lists["Service"] = list(facts["gateway_services"].values())
    started = facts["istiod"][0]["started"]
    pod = {"metadata": {"name": facts["istiod"][0]["name"], "namespace": namespace}, "status": {"startTime": started}}
    lists["Pod"] = [pod]
    for kind, items in lists.items():
        body = {"kind": f"{kind}List", "apiVersion": KINDS[kind].api_version, "metadata": {}, "items": items}
        yield _path(kind, namespace), body
        yield _path(kind, None), body
    yield _path("Namespace", None) + "/kube-system", {"metadata": {"name": "kube-system", "uid": f"cluster-{host}"}}
    infrastructure = {"metadata": {"name": "cluster"}, "status": {"platformStatus": {"type": "AWS"}}}
    yield _path("Infrastructure", None) + "/cluster", infrastructure
    members = {"metadata": {"name": "default"}, "status": {"configuredMembers": ["bookinfo"]}}
    yield _path("ServiceMeshMemberRoll", namespace) + "/default", members


def _live(obj: Json) -> Json:
    """An object as an API server has it: our applies are managed fields."""
    applied = obj.get("applied") or {}
    fields = [
        {"manager": name, "operation": "Apply", "time": one["time"], "fieldsV1": json.loads(one["fields"])}
        for name, one in applied.items()
    ]
    metadata = {**obj["metadata"], "managedFields": fields, "creationTimestamp": settled.APPLIED_AT}
    return {**{key: value for key, value in obj.items() if key not in ("applied", "managers")}, "metadata": metadata}


def _path(kind: str, namespace: str | None) -> str:
    row = KINDS[kind]
    prefix = f"/apis/{row.api_version}" if "/" in row.api_version else f"/api/{row.api_version}"
    return f"{prefix}/namespaces/{namespace}/{row.plural}" if namespace else f"{prefix}/{row.plural}"


class _Handler(BaseHTTPRequestHandler):
    """Answers reads, watches and applies of the meshes that ``known`` has."""

    known: Answers
    #: The meshes that something was written to.
    written: set[str]
    #: The requests of each mesh.
    requests: Counter[str]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a read; a watch gets every object once, and then nothing until the client leaves."""
        path, query = self._target()
        if path == REQUESTS:
            return self._answer(200, json.dumps(self.requests).encode())
        self.requests[self._mesh(path)] += 1
        known = self.known.after if self._mesh(path) in self.written else self.known.before
        if "watch" in query:
            self._watch(json.loads(known.get(path, b"{}")), query)
        elif path in known or path in self.known.objects:
            self._answer(200, known.get(path) or self.known.objects[path])
        else:
            self._answer(404, _MISSING)

    def do_POST(self) -> None:
        """Answer a review of rights: everything is allowed."""
        self.requests[self._mesh(self.path)] += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, _ALLOWED)

    def do_PATCH(self) -> None:
        """Answer an apply with the object as it is when all is done."""
        path, _query = self._target()
        self.requests[self._mesh(path)] += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.written.add(self._mesh(path))
        self._answer(200, self.known.objects[path])

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def _target(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return parts.path, parse_qs(parts.query)

    @staticmethod
    def _mesh(path: str) -> str:
        return path.split("/", 2)[1]

    def _watch(self, listed: Json, query: dict[str, list[str]]) -> None:
        name = query.get("fieldSelector", [""])[0].partition("metadata.name=")[2]
        version, kind = listed.get("apiVersion"), str(listed.get("kind")).removesuffix("List")
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for item in listed.get("items") or []:
            if name in ("", item["metadata"]["name"]):
                event = {"type": "ADDED", "object": {"apiVersion": version, "kind": kind, **item}}
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.rfile.read(1)

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _serve(variables: dict[str, Json], fresh: Collection[str], connection: Connection) -> None:
    """Answer until the process is ended; the port is sent first."""
    state = {"known": answers(variables, fresh), "written": set(), "requests": Counter()}
    handler = type("Handler", (_Handler,), state)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        connection.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def serving(variables: dict[str, Json], fresh: Collection[str] = ()) -> Iterator[dict[str, Json]]:
    """Serve the meshes; yields their variables with access to them. Those of ``fresh`` are federated by the first write to each."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(variables, fresh, sender), daemon=True)
    process.start()
    try:
        if not receiver.poll(READY_SECONDS):
            raise TimeoutError(f"the API servers of {len(variables)} meshes are not ready after {READY_SECONDS} s")
        port = receiver.recv()
        yield {
            host: {**own, "mesh_host": f"http://127.0.0.1:{port}/{host}", "mesh_api_key": "none"}
            for host, own in variables.items()
        }
    finally:
        process.terminate()
        process.join()
