# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab for tests: start one, look into it, break it, end it.

::

    with Lab.start(topology.default(), directory, speed=10) as lab:
        mark = lab.mark()
        with lab.fault("api-answers", cluster="red", code=429, count=3):
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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from kubernetes.dynamic import DynamicClient

from lab import ages, clusters, faults, launcher, scenery, state
from lab.state import LabError
from lab.topology import Topology, complete, default

ADMIN = "lab:admin"
AUDIT_SECONDS = 10.0
_WRITING = {"create", "update", "patch", "delete", "deletecollection"}
#: Questions about the account itself: they are sent as objects that nobody stores.
_QUESTIONS = {("authorization.k8s.io", "selfsubjectrulesreviews"), ("authorization.k8s.io", "selfsubjectaccessreviews")}
_INTERESTING = ("servicemeshcontrolplanes,servicemeshmemberrolls,servicemeshpeers,exportedservicesets,importedservicesets,"
                "services,configmaps,pods")
_FEDERATION = "servicemeshpeers,exportedservicesets,importedservicesets"
Mark = dict[str, int]


@dataclass(frozen=True)
class Request:
    """One request as the API server's audit log has it."""

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
        """Say whether the request was a rehearsal (``dryRun=All``)."""
        return "All" in urllib.parse.parse_qs(urllib.parse.urlsplit(self.uri).query).get("dryRun", [])

    @property
    def changes(self) -> bool:
        """Say whether the request was meant to change something for real; asking about oneself changes nothing."""
        asked = (self.group, self.resource) in _QUESTIONS
        return self.verb in _WRITING and not self.dry_run and not asked

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Request:
        """Read an entry of the audit log (audit.k8s.io/v1 Event)."""
        about = entry.get("objectRef", {})
        return cls(entry.get("impersonatedUser", entry["user"]).get("username", ""), entry["verb"], entry["requestURI"],
                   entry.get("responseStatus", {}).get("code", 0), about.get("apiGroup", ""), about.get("resource", ""),
                   about.get("subresource", ""), about.get("namespace", ""), about.get("name", ""),
                   entry.get("userAgent", ""), entry["requestReceivedTimestamp"])


class LabCluster(clusters.Cluster):
    """One cluster of a running lab."""

    @property
    def kubeconfig(self) -> str:
        """Return the path of the administrator's kubeconfig."""
        return str(self.entry["kubeconfig"])

    @cached_property
    def client(self) -> DynamicClient:
        """Return a client of the administrator, at the server that the kubeconfig named when first asked."""
        return scenery.connect(self.kubeconfig, self.folder / "client-discovery.json")

    @cached_property
    def launcher(self) -> DynamicClient:
        """Return the launcher's client, which stands above RBAC and goes past the front door."""
        return scenery.launcher(self)


@dataclass(frozen=True)
class LabMesh:
    """One mesh of a running lab, as ``lab.json`` describes it."""

    name: str
    cluster: str
    namespace: str
    control_plane: str
    version: str
    trust_domain: str | None
    install: bool
    members: list[str]
    services: dict[str, dict[str, Any]]


class Switched:
    """A fault that is on; leaving the ``with`` switches it off."""

    def __init__(self, lab: Lab, name: str, target: dict[str, str]) -> None:
        self._lab, self._name, self._target = lab, name, target

    def off(self) -> None:
        """Switch the fault off."""
        faults.switch(self._lab.directory, self._name, False, self._target, {})

    def __enter__(self) -> Switched:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.off()


class Lab:
    """A running lab; use ``Lab.start`` for a new one or ``Lab(directory)`` for one that runs already."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory).absolute()
        self._read()

    def _read(self) -> None:
        self.content = state.load(self.directory)
        self.clusters = {name: LabCluster(name, self.directory, entry) for name, entry in self.content["clusters"].items()}
        self.meshes = {name: _mesh(name, entry) for name, entry in self.content["meshes"].items()}

    @classmethod
    def start(cls, topology: Topology | dict[str, Any] | None, directory: Path, speed: float = 1.0,
              clocks: dict[str, float] | None = None, simulator: bool = True, readable: bool = False) -> Lab:
        """Start a lab (None: the default topology) in ``directory`` and return it when every control plane is ready.

        ``speed`` divides the simulator's clocks, ``clocks`` sets some of them in seconds. Only what is stored
        ``readable`` can be dated back. LabError with the reason.
        """
        wish = launcher.Wish(complete(topology) if topology else None, speed, clocks or {}, simulator, readable)
        directory = Path(directory).absolute()
        try:
            launcher.up(directory, wish, default, say=lambda _text: None)
        except BaseException:
            launcher.down(directory)
            raise
        return cls(directory)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the lab: no process, file or port stays."""
        launcher.down(self.directory)

    def reset(self) -> None:
        """Bring the lab back to its beginning: a fresh one in its place, with other ports and addresses, no fault on."""
        content = self.content
        self.stop()
        fresh = self.start(content["topology"], self.directory, content["speed"], content["clocks"], content["simulator"],
                           content["readable"])
        self.__dict__.update(fresh.__dict__)

    def clocks(self, **seconds: float) -> dict[str, Any]:
        """Set clocks of the running simulator, in seconds, and return its answer."""
        return self.ask({"verb": "clocks", "set": seconds})

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request to the simulator; LabError when it refuses."""
        answer = launcher.ask(self.directory, request)
        if not answer.get("ok"):
            raise LabError(f"The simulator refuses {request}: {answer.get('error', answer)}")
        return answer

    def date_back(self, seconds: float) -> None:
        """Make all that has happened to peers, sets and config maps so much longer ago (see ``lab.ages``).

        The simulator's fast clocks let hundreds of the product's seconds pass in a few; the API servers write real time.
        """
        for item in self.clusters.values():
            ages.date_back(item, seconds)
        self.ask({"verb": "date_back", "seconds": seconds})

    def kubectl(self, cluster: str, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run the lab's kubectl and return what it prints; CalledProcessError (with its stderr) when it fails."""
        done = launcher.kubectl(self.directory, cluster, list(arguments), capture_output=True, input=stdin)
        if check and done.returncode:
            raise LabError(f"kubectl {' '.join(arguments)} on {cluster} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def get(self, cluster: str, resource: str, name: str = "", namespace: str = "") -> Any:
        """Return an object, or the items of a list when no name is given (no namespace: of all), by kubectl."""
        where = ["--namespace", namespace] if namespace else [] if name else ["--all-namespaces"]
        answer = json.loads(self.kubectl(cluster, "get", resource, *([name] if name else []), *where, "--output=json",
                                         "--show-managed-fields=true"))
        return answer if name else answer["items"]

    def apply(self, cluster: str, objects: Iterable[dict[str, Any]], manager: str = "kubectl", force: bool = False) -> None:
        """Apply objects server-side as the administrator, with this field manager."""
        scenery.apply(self.clusters[cluster].client, [(manager, body) for body in objects], force)

    def fault(self, name: str, cluster: str | None = None, mesh: str | None = None, peer: str | None = None,
              **parameters: Any) -> Switched:
        """Switch a fault on, of the API server or of the mesh; the result switches it off, also as a context."""
        target = {key: value for key, value in (("cluster", cluster), ("mesh", mesh), ("peer", peer)) if value}
        faults.switch(self.directory, name, True, target, parameters)
        return Switched(self, name, target)

    def mark(self) -> Mark:
        """Return a mark of now, for ``audit``."""
        return {name: _size(item) for name, item in self.clusters.items() if self._written(item)}

    def audit(self, cluster: str, since: Mark | None = None, user: str | None = ADMIN) -> list[Request]:
        """Return the requests of ``user`` (None: of everybody whom the log knows) since the mark, each once."""
        item = self.clusters[cluster]
        self._written(item)
        entries = {entry["auditID"]: entry for entry in _entries(item, (since or {}).get(cluster, 0))}
        requests = [Request.parse(entry) for entry in entries.values() if "lab-mark" not in entry["requestURI"]]
        return [request for request in requests if user in (None, request.user)]

    def _written(self, item: LabCluster) -> bool:
        """Wait until the log has everything that was answered so far: a request of ours, seen in it, comes last."""
        name, before = f"lab-mark={uuid.uuid4().hex}", _size(item)
        item.launcher.request("get", f"/version?{name}", serialize=False)
        deadline = time.monotonic() + AUDIT_SECONDS
        while not any(name in entry["requestURI"] for entry in _entries(item, before)):
            if time.monotonic() > deadline:
                raise LabError(f"The audit log of {item.name} is not written.")
            time.sleep(0.005)
        return True

    def describe(self) -> str:
        """Return what the clusters look like, for people who have to find out why a test failed."""
        parts = [f"Lab {self.directory}, faults: {faults.active(self.directory) or 'none'}"]
        for name in self.clusters:
            parts.append(f"== {name} ==")
            for arguments in (["--output=wide"], ["--output=yaml"]):
                kinds = _INTERESTING if arguments == ["--output=wide"] else _FEDERATION
                done = launcher.kubectl(self.directory, name, ["get", kinds, "-A", "--request-timeout=10s", *arguments],
                                        capture_output=True)
                parts.append(done.stdout + done.stderr)
        parts.append("== end of the simulator's log ==\n" + clusters.tail(self.directory / "simulator.log"))
        return "\n".join(parts)


def _mesh(name: str, entry: dict[str, Any]) -> LabMesh:
    return LabMesh(name, **entry)


def _size(item: LabCluster) -> int:
    try:
        return os.path.getsize(item.entry["audit_log"])
    except FileNotFoundError:
        return 0


def _entries(item: LabCluster, offset: int) -> Iterator[dict[str, Any]]:
    with open(item.entry["audit_log"], "rb") as stream:
        stream.seek(offset)
        for line in stream:
            if line.endswith(b"\n"):
                yield json.loads(line)
