# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python API of the lab for tests: start a lab, inspect it, inject faults, stop it.

::

    with Lab.start(topology.default(), directory, speed=10) as lab:
        mark = lab.mark()
        with lab.fault("api-error", cluster="red", code=429, count=3):
            ...
        assert [entry for entry in lab.audit("red", since=mark) if entry.changes]
"""

from __future__ import annotations

import json
import os
import time
import urllib.parse
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError
from kubernetes.dynamic.resource import Resource
from urllib3.exceptions import HTTPError

from lab import backdating, clusters, faults, launcher, seed, state
from lab.state import LabError
from lab.topology import Topology, complete, default

ADMIN = "lab:admin"
AUDIT_SECONDS = 10.0
_WRITE_VERBS = {"create", "update", "patch", "delete", "deletecollection"}
#: Reviews of the account's own rights: created as objects that the API server does not store.
_SELF_REVIEWS = {
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
}
_DESCRIBED_KINDS = (
    "servicemeshcontrolplanes,servicemeshmemberrolls,servicemeshpeers,exportedservicesets,importedservicesets,"
    "services,configmaps,pods"
)
_FEDERATION_KINDS = "servicemeshpeers,exportedservicesets,importedservicesets"
Mark = dict[str, int]


@dataclass(frozen=True)
class Request:
    """A request from the API server's audit log."""

    user: str
    verb: str
    uri: str
    code: int
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    agent: str
    time: str

    @property
    def dry_run(self) -> bool:
        """Return whether the request is a dry run (``dryRun=All``)."""
        return "All" in urllib.parse.parse_qs(urllib.parse.urlsplit(self.uri).query).get("dryRun", [])

    @property
    def changes(self) -> bool:
        """Return whether the request writes to the API server; a dry run or a review of the user's own rights does not."""
        is_review = (self.group, self.resource) in _SELF_REVIEWS
        return self.verb in _WRITE_VERBS and not self.dry_run and not is_review

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Request:
        """Parse an audit log entry (audit.k8s.io/v1 Event)."""
        target = entry.get("objectRef", {})
        return cls(
            entry.get("impersonatedUser", entry["user"]).get("username", ""),
            entry["verb"],
            entry["requestURI"],
            entry.get("responseStatus", {}).get("code", 0),
            target.get("apiGroup", ""),
            target.get("resource", ""),
            target.get("subresource", ""),
            target.get("namespace", ""),
            target.get("name", ""),
            entry.get("userAgent", ""),
            entry["requestReceivedTimestamp"],
        )


class LabCluster(clusters.Cluster):
    """A cluster of a running lab."""

    @property
    def kubeconfig(self) -> str:
        """Return the path of the administrator's kubeconfig."""
        return str(self.entry["kubeconfig"])

    @cached_property
    def client(self) -> DynamicClient:
        """Return the administrator's client; it keeps the server of the kubeconfig at first use."""
        return seed.connect(self.kubeconfig, self.folder / "client-discovery.json")

    @cached_property
    def launcher(self) -> DynamicClient:
        """Return the launcher's client, which bypasses RBAC and the front proxy."""
        return seed.launcher_client(self)


@dataclass(frozen=True)
class LabMesh:
    """A mesh of a running lab, as described in ``lab.json``."""

    name: str
    cluster: str
    namespace: str
    control_plane: str
    version: str
    trust_domain: str | None
    install: bool
    members: list[str]
    services: dict[str, dict[str, Any]]
    workloads: dict[str, dict[str, str]] = field(default_factory=dict)


class ActiveFault:
    """A fault that is switched on; as a context manager it is switched off at the end."""

    def __init__(self, lab: Lab, name: str, target: dict[str, str]) -> None:
        self._lab, self._name, self._target = lab, name, target

    def off(self) -> None:
        """Switch the fault off."""
        faults.switch(self._lab.directory, self._name, False, self._target, {})

    def __enter__(self) -> ActiveFault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.off()


class Lab:
    """A running lab. ``Lab.start`` starts a new lab, ``Lab(directory)`` attaches to a running one."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory).absolute()
        self._read()

    def _read(self) -> None:
        self.content = state.load(self.directory)
        self.clusters = {
            name: LabCluster(name, self.directory, entry) for name, entry in self.content["clusters"].items()
        }
        self.meshes = {name: _mesh(name, entry) for name, entry in self.content["meshes"].items()}

    @classmethod
    def start(
        cls,
        topology: Topology | dict[str, Any] | None,
        directory: Path,
        speed: float = 1.0,
        clocks: dict[str, float] | None = None,
        simulator: bool = True,
        json_storage: bool = False,
    ) -> Lab:
        """Start a lab (None: the default topology) in ``directory`` and return it when every control plane is ready.

        ``speed`` divides the simulator's clocks, ``clocks`` sets individual clocks in seconds. ``backdate`` needs
        ``json_storage``. LabError with the reason.
        """
        options = launcher.LabOptions(
            complete(topology) if topology else None, speed, clocks or {}, simulator, json_storage
        )
        directory = Path(directory).absolute()
        try:
            launcher.up(directory, options, default, say=lambda _text: None)
        except BaseException:
            launcher.down(directory)
            raise
        return cls(directory)

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the lab and remove its processes, files and ports."""
        launcher.down(self.directory)

    def reset(self) -> None:
        """Replace the lab by a new one of the same topology: new ports and addresses, no faults."""
        content = self.content
        self.stop()
        fresh = self.start(
            content["topology"],
            self.directory,
            content["speed"],
            content["clocks"],
            content["simulator"],
            content["json_storage"],
        )
        self.__dict__.update(fresh.__dict__)

    def set_clocks(self, **seconds: float) -> dict[str, Any]:
        """Set clocks of the running simulator, in seconds, and return its response."""
        return self.ask({"verb": "clocks", "set": seconds})

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request to the simulator and return its response. LabError when it reports an error."""
        answer = launcher.ask(self.directory, request)
        if not answer.get("ok"):
            raise LabError(f"The simulator rejected {request}: {answer.get('error', answer)}")
        return answer

    def call(self, mesh: str, source: str, target: str) -> dict[str, Any]:
        """Send a request between two workloads of a mesh, each ``namespace/name``: from every pod to every pod.

        The result has ``status`` (200, or 503 where a sidecar rejects another's identity) and ``reason``.
        """
        answer: dict[str, Any] = self.ask({"verb": "call", "mesh": mesh, "source": source, "target": target})
        return answer

    def backdate(self, seconds: float, mesh: str = "") -> None:
        """Move the timestamps of peers, sets and config maps of all meshes, or of one, into the past (see ``lab.backdating``).

        With fast clocks the simulator runs minutes of product time in seconds, but the API servers write real time.
        """
        for name, cluster in self.clusters.items():
            if not mesh or self.meshes[mesh].cluster == name:
                backdating.backdate(cluster, seconds, self.meshes[mesh].namespace if mesh else "")
        self.ask({"verb": "backdate", "seconds": seconds, "mesh": mesh})

    def kubectl(self, cluster: str, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run the lab's kubectl and return its output. LabError with its stderr when it fails and ``check`` is set."""
        done = launcher.kubectl(self.directory, cluster, list(arguments), capture_output=True, input=stdin)
        if check and done.returncode:
            raise LabError(
                f"kubectl {' '.join(arguments)} on {cluster} failed with exit code {done.returncode}:\n{done.stderr}"
            )
        return done.stdout

    def get(self, cluster: str, resource: str, name: str = "", namespace: str = "") -> Any:
        """Return an object, or all objects when no name is given (without namespace: of all namespaces).

        The launcher's client reads them: neither faults nor RBAC apply, and the administrator's audit shows nothing.
        """
        try:
            served = _preferred(self.clusters[cluster].launcher, resource)
            answer = served.get(name=name or None, namespace=namespace or None).to_dict()
        except (ApiException, DynamicApiError, HTTPError) as error:
            reason = str(error).partition("\n")[0]
            raise LabError(f"{cluster}: {resource} {name} cannot be read: {reason}") from error
        return answer if name else answer["items"]

    def apply(
        self, cluster: str, objects: Iterable[dict[str, Any]], manager: str = "kubectl", force: bool = False
    ) -> None:
        """Apply objects server-side as the administrator, with this field manager."""
        seed.apply(self.clusters[cluster].client, [(manager, body) for body in objects], force)

    def fault(
        self, name: str, cluster: str | None = None, mesh: str | None = None, peer: str | None = None, **parameters: Any
    ) -> ActiveFault:
        """Switch a fault of the API server or of the mesh on; the result switches it off, also as a context manager."""
        target = {key: value for key, value in (("cluster", cluster), ("mesh", mesh), ("peer", peer)) if value}
        faults.switch(self.directory, name, True, target, parameters)
        return ActiveFault(self, name, target)

    def mark(self) -> Mark:
        """Return the current position in the audit logs, for ``audit``."""
        marks = {}
        for name, cluster in self.clusters.items():
            self._await_audit(cluster)
            marks[name] = _size(cluster)
        return marks

    def audit(self, cluster: str, since: Mark | None = None, user: str | None = ADMIN) -> list[Request]:
        """Return the requests of ``user`` (None: of all users) since the mark, each once."""
        audited = self.clusters[cluster]
        self._await_audit(audited)
        entries = {entry["auditID"]: entry for entry in _entries(audited, (since or {}).get(cluster, 0))}
        requests = [Request.parse(entry) for entry in entries.values() if "lab-mark" not in entry["requestURI"]]
        return [request for request in requests if user in (None, request.user)]

    @staticmethod
    def _await_audit(cluster: LabCluster) -> None:
        """Wait until the log contains all requests answered so far: a marker request appears after them."""
        marker, before = f"lab-mark={uuid.uuid4().hex}", _size(cluster)
        cluster.launcher.request("get", f"/version?{marker}", serialize=False)
        deadline = time.monotonic() + AUDIT_SECONDS
        while not any(marker in entry["requestURI"] for entry in _entries(cluster, before)):
            if time.monotonic() > deadline:
                raise LabError(f"The audit log of {cluster.name} was not written within {AUDIT_SECONDS:.0f} s.")
            time.sleep(0.005)

    def describe(self) -> str:
        """Return the objects of all clusters as text, for the report of a failed test."""
        parts = [f"Lab {self.directory}, faults: {faults.active(self.directory) or 'none'}"]
        for name in self.clusters:
            parts.append(f"== {name} ==")
            for arguments in (["--output=wide"], ["--output=yaml"]):
                kinds = _DESCRIBED_KINDS if arguments == ["--output=wide"] else _FEDERATION_KINDS
                done = launcher.kubectl(
                    self.directory, name, ["get", kinds, "-A", "--request-timeout=10s", *arguments], capture_output=True
                )
                parts.append(done.stdout + done.stderr)
        parts.append("== last lines of the simulator's log ==\n" + clusters.tail(self.directory / "simulator.log"))
        return "\n".join(parts)


def _preferred(client: DynamicClient, name: str) -> Resource:
    """Return the resource of this plural name: of the core group if there is one, in the preferred version if it has it."""
    served = [resource for resource in client.resources.search(name=name) if isinstance(resource, Resource)]
    if not served:
        raise LabError(f"No API server resource is called {name!r}.")
    return min(served, key=lambda resource: (bool(resource.group), not resource.preferred))


def _mesh(name: str, entry: dict[str, Any]) -> LabMesh:
    return LabMesh(name, **entry)


def _size(cluster: LabCluster) -> int:
    try:
        return os.path.getsize(cluster.entry["audit_log"])
    except FileNotFoundError:
        return 0


def _entries(cluster: LabCluster, offset: int) -> Iterator[dict[str, Any]]:
    with open(cluster.entry["audit_log"], "rb") as stream:
        stream.seek(offset)
        for line in stream:
            if line.endswith(b"\n"):
                yield json.loads(line)
