# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting for the addresses of ingress gateways and for their control plane, or for the operator, on a watch each.

Private to this collection.
"""

from __future__ import annotations

import time
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Union

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event, LiveObjects, WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import AUTH_OPTION
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info import read_nodes
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CSV, DEFINITION, SUBSCRIPTION
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import ControlPlaneStatus, GatewayFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import read_control_plane
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_events, read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.operator import (
    OperatorFacts,
    installed_version,
    read_operator,
)

Say = Callable[[str], None]

ARGUMENT_SPEC: Json = {
    "auth": AUTH_OPTION,
    "mesh": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "control_plane": {"type": "str", "required": True},
    "gateways": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "exposure": {"type": "str", "choices": ["LoadBalancer", "NodePort", "ClusterIP"]},
            "internal": {"type": "bool", "default": False},
            "peer": {"type": "str"},
        },
    },
    "nodes": {"type": "list", "elements": "dict", "default": []},
    "known": {"type": "dict", "default": {}},
    "operator": {
        "type": "dict",
        "options": {
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
        },
    },
    "timeout": {"type": "float", "default": 600},
}


class _State:
    """What is known of the control plane and its gateways at a moment."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self.gateways: List[Json] = params["gateways"] or []
        self.nodes: List[Json] = params["nodes"] or []
        known = params["known"] or {}
        self.plane: Optional[ControlPlaneStatus] = known.get("control_plane")
        self.services: Dict[str, Json] = dict(known.get("services") or {})
        self.told: Dict[str, str] = {}
        self._read: Dict[str, GatewayFacts] = {}
        self._reasons: Dict[str, str] = {}

    def forget(self) -> None:
        """Nothing that was known counts any more."""
        self.plane = None
        self.fill([])

    def fill(self, services: Sequence[Json]) -> None:
        """These are all the Services there are."""
        self.services = {one["metadata"]["name"]: one for one in services}
        self._read.clear()

    def take(self, event: Event) -> None:
        """Take in one event of a watch."""
        if event.kind == "ServiceMeshControlPlane" and event.type in ("ADDED", "MODIFIED"):
            self.plane = read_control_plane(event.object)
        elif event.kind == "ServiceMeshControlPlane" and event.type in ("DELETED", "RESET"):
            self.plane = None
        elif event.kind == "Service" and event.type == "RESET":
            self.fill([])
        elif event.kind == "Service" and event.type in ("ADDED", "MODIFIED", "DELETED"):
            name = event.object["metadata"]["name"]
            self._read.pop(name, None)
            if event.type == "DELETED":
                self.services.pop(name, None)
            else:
                self.services[name] = event.object

    @property
    def ready(self) -> bool:
        """Whether the control plane is ready at its present generation."""
        return bool(self.plane and self.plane["ready"])

    @property
    def message(self) -> str:
        """How the control plane is."""
        return str(self.plane["message"]) if self.plane else "the control plane is not there"

    def found(self) -> Dict[str, GatewayFacts]:
        """Every gateway: its address and ports, or what it waits for."""
        return {one["name"]: self._found(one) for one in self.gateways}

    def _found(self, gateway: Json) -> GatewayFacts:
        """One gateway, read again only after its Service has changed."""
        name = gateway["name"]
        if name not in self._read:
            self._read[name] = read_gateway(self.services.get(name), self.nodes, gateway.get("exposure"),
                                            bool(gateway.get("internal")))
        found, reason = self._read[name], self._reasons.get(name)
        return {"pending": f"{found['pending']} ({reason})"} if reason and "pending" in found else found

    def balancers(self) -> List[str]:
        """The gateways whose Service is there and waits for its load balancer."""
        return [one["name"] for one in self.gateways if "pending" in self._found(one)
                and ((self.services.get(one["name"]) or {}).get("spec") or {}).get("type") == "LoadBalancer"]

    def explain(self, events: Sequence[Json]) -> None:
        """Take in the events of the Services that wait for their load balancers: they say why."""
        for name in self.balancers():
            self._reasons[name] = read_events(events, self.services[name]) or (
                "its Service has no events: nothing here seems to serve Services of type LoadBalancer")

    def unexplained(self, why: str) -> None:
        """The events could not be read."""
        self._reasons.update(dict.fromkeys(self.balancers(), f"its events cannot be read: {why}"))

    def open(self) -> bool:
        """Whether every gateway has its address."""
        return not any("pending" in self._found(one) for one in self.gateways)

    def complete(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.ready and self.open()

    def missing(self) -> List[str]:
        """What is still waited for, in words."""
        found = [] if self.ready else [f"control plane: {self.message}"]
        return found + [f"{name}: {one['pending']}" for name, one in self.found().items() if "pending" in one]

    def news(self) -> Iterator[str]:
        """One line for each thing that is different from last time."""
        now = {"control plane": self.message} if self.plane else {}
        for name, one in self.found().items():
            now[name] = one.get("pending") or f"{', '.join(one['addresses'])} port {one['discoveryPort']}"
        for name, message in now.items():
            if self.told.get(name) != message:
                yield f"{self.mesh}: {name}: {message}"
        self.told = now


class _OperatorState:
    """The Subscription, the versions and the kind of an operator at a moment."""

    def __init__(self, mesh: str, namespace: str, name: str) -> None:
        self.mesh, self.namespace, self.name = mesh, namespace, name
        self.objects = LiveObjects()
        self._message = ""

    def take(self, event: Event) -> None:
        """Apply one event of a watch."""
        if event.type in ("ADDED", "MODIFIED", "DELETED", "RESET"):
            self.objects.take(event)

    def facts(self) -> OperatorFacts:
        """How far the installation has come."""
        return read_operator(self.objects.get(SUBSCRIPTION, self.name), self.objects.of(CSV),
                             self.objects.get("CustomResourceDefinition", DEFINITION))

    def complete(self) -> bool:
        """Whether the operator works and its kind is served."""
        return self.facts()["ready"]

    def missing(self) -> List[str]:
        """What is still waited for, in words."""
        facts = self.facts()
        return [] if facts["ready"] else [facts["message"]]

    def news(self) -> Iterator[str]:
        """One line when it is another than last time."""
        message = self.facts()["message"]
        if message != self._message:
            yield f"{self.mesh}: operator: {message}"
        self._message = message


def run(params: Json, check_mode: bool, say: Say) -> Json:
    """Wait until the control plane is ready and every gateway has an address, at most ``timeout`` seconds.

    What ``known`` shows to be good already costs no request; check mode looks once. With ``operator`` only the operator
    is waited for, as before it there is no kind of which a control plane could be.
    """
    if params.get("operator"):
        return _run_operator(params, check_mode, say)
    state = _State(params)
    if state.complete():
        return _result(state, [])
    auth = {key: value for key, value in params["auth"].items() if value is not None}
    problems = check_access(auth, state.mesh)
    if problems:
        return _result(state, problems)
    deadline = time.monotonic() + params["timeout"]
    try:
        cluster = Cluster(auth)
        if not state.nodes and any(one.get("exposure") == "NodePort" for one in state.gateways):
            state.nodes = read_nodes(cluster.list("Node"))
        if check_mode or params["timeout"] <= 0:
            _look(cluster, params, state)
        else:
            _watch(cluster, params, state, deadline, say)
    except ClusterError as error:
        return _result(state, [error.problem(state.mesh, f"API server of {state.mesh}")])
    return _result(state, _late(state, params) if not check_mode else [])


def _run_operator(params: Json, check_mode: bool, say: Say) -> Json:
    """Wait until the operator of a Subscription has succeeded and its kinds are served."""
    wanted, mesh = params["operator"], params["mesh"]
    state = _OperatorState(mesh, wanted["namespace"], wanted["name"])
    auth = {key: value for key, value in params["auth"].items() if value is not None}
    problems = check_access(auth, mesh)
    if problems:
        return _operator_result(state, problems)
    deadline = time.monotonic() + params["timeout"]
    try:
        cluster = Cluster(auth)
        if check_mode or params["timeout"] <= 0:
            _look_at_operator(cluster, state)
            return _operator_result(state, [])
        watches = [WatchFor("CustomResourceDefinition", None, DEFINITION),
                   WatchFor(SUBSCRIPTION, state.namespace, state.name), WatchFor(CSV, state.namespace)]
        _follow(cluster, watches, state.complete, state, deadline, say)
    except ClusterError as error:
        return _operator_result(state, [error.problem(mesh, f"API server of {mesh}")])
    late = [] if state.complete() else [problem(
        "operator-not-ready", mesh, f"Subscription {state.namespace}/{state.name}",
        f"not there after {params['timeout']:.0f} s: {'; '.join(state.missing())}",
        "Look at the Subscription's conditions, at its install plan and at the operator's pod")]
    return _operator_result(state, late)


def _look_at_operator(cluster: Cluster, state: _OperatorState) -> None:
    """Read once; what is not there yet is no error."""
    for kind, namespace, name in (("CustomResourceDefinition", None, DEFINITION),
                                  (SUBSCRIPTION, state.namespace, state.name)):
        try:
            state.take(Event(kind, "ADDED", cluster.get(kind, name, namespace)))
        except ClusterError as error:
            if error.code not in ("missing", "kind-missing", "namespace-missing"):
                raise
    if installed_version(state.objects.get(SUBSCRIPTION, state.name)):
        for one in cluster.list(CSV, state.namespace):
            state.take(Event(CSV, "ADDED", one))


def _operator_result(state: _OperatorState, problems: List[Problem]) -> Json:
    """The result of the module where the operator was waited for."""
    return {"changed": False, "mesh": state.mesh, "ready": state.complete(), "gateways": {},
            "message": "; ".join(state.missing()) or "ready", "problems": problems}


def _look(cluster: Cluster, params: Json, state: _State) -> None:
    """Read once."""
    state.forget()
    _look_at_control_plane(cluster, params, state)
    if state.gateways:
        state.fill(cluster.list("Service", params["namespace"]))


def _look_at_control_plane(cluster: Cluster, params: Json, state: _State) -> None:
    """Read the control plane once."""
    try:
        plane = cluster.get("ServiceMeshControlPlane", params["control_plane"], params["namespace"])
    except ClusterError as error:
        if error.code != "missing":
            raise
        state.plane = None
    else:
        state.plane = read_control_plane(plane)


def _look_at_events(cluster: Cluster, params: Json, state: _State) -> None:
    """Read why load balancers do not come, only while one does not. That helps and is not needed: a user who may not read
    events waits all the same."""
    if not state.balancers():
        return
    try:
        state.explain(cluster.list("Event", params["namespace"], fields="involvedObject.kind=Service"))
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        state.unexplained(error.message.partition(":")[0])


def _watch(cluster: Cluster, params: Json, state: _State, deadline: float, say: Say) -> None:
    """Follow the gateways' Services, and when they have their addresses the control plane, until the deadline.

    While the operator works it writes the control plane again and again; with many gateways that is a large object, and to
    follow it would cost the API server and us more than all else. It has settled when the addresses are there.
    """
    state.forget()

    def look_closer() -> None:
        _look_at_control_plane(cluster, params, state)
        _look_at_events(cluster, params, state)

    if state.gateways and not _follow(cluster, [WatchFor("Service", params["namespace"])], state.open, state, deadline, say,
                                      look_closer):
        look_closer()
        return
    plane = WatchFor("ServiceMeshControlPlane", params["namespace"], params["control_plane"])
    _follow(cluster, [plane], state.complete, state, deadline, say)


def _follow(cluster: Cluster, watches: Sequence[WatchFor], done: Callable[[], bool], state: Union[_State, _OperatorState],
            deadline: float, say: Say, before_heartbeat: Callable[[], None] = lambda: None) -> bool:
    """Follow watches until something is done (True) or the deadline has come (False), and say what changes."""
    failing = ""
    for event in cluster.watch_many(watches, deadline):
        if event.error is not None:
            if event.type == "FATAL":
                raise event.error
            if event.error.message != failing:
                failing = event.error.message
                say(f"{state.mesh}: {failing}; trying again")
            continue
        state.take(event)
        if event.type == "TICK":
            before_heartbeat()
            say(f"{state.mesh}: {deadline - time.monotonic():.0f} s left; waiting for {'; '.join(state.missing())}")
        elif event.type == "QUIET":
            for line in state.news():
                say(line)
        elif event.type != "RESET" and done():
            return True
    return False


def _after(params: Json) -> str:
    """How long was waited; a mesh whose turn comes late may only get a look."""
    return f"after {params['timeout']:.0f} s" if params["timeout"] >= 1 else "when the time was over"


def _late(state: _State, params: Json) -> List[Problem]:
    """Warnings for what was not there in time; the other side of a pair waits for it, this one need not."""
    if state.complete():
        return []
    found = [] if state.ready else [problem(
        "control-plane-not-ready", state.mesh,
        f"ServiceMeshControlPlane {params['namespace']}/{params['control_plane']}",
        f"not ready {_after(params)}: {state.message}", "Look at its conditions and at the operator",
        severity="warning")]
    peers = {one["name"]: one.get("peer") for one in state.gateways}
    return found + [problem(
        "no-address", state.mesh, f"Service {params['namespace']}/{name}",
        f"no address {_after(params)}: {one['pending']}",
        "Put right what the cloud says, or set mesh_ingress.exposure to NodePort, and run again", peer=peers[name],
        severity="warning") for name, one in state.found().items() if "pending" in one]


def _result(state: _State, problems: List[Problem]) -> Json:
    """The result of the module."""
    return {
        "changed": False,
        "mesh": state.mesh,
        "ready": state.ready,
        "message": "; ".join(state.missing()) or "ready",
        "gateways": state.found(),
        "problems": problems,
    }
