# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting for the addresses of ingress gateways and for their control plane, on one watch each. Private to this
collection."""

from __future__ import annotations

import time
from typing import Callable, Dict, Iterable, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import (
    ChangeLog,
    Event,
    LiveObjects,
    Say,
    WatchFor,
    follow,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core, first_problem
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import GatewayResult, Node
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import ControlPlaneStatus, GatewayFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import read_control_plane
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_events, read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.nodes import read_nodes

PLANE, SERVICE = "ServiceMeshControlPlane", "Service"
_CLOUD_FIX = "Correct what the cloud reports, or use node ports (in the roles, set mesh_ingress.exposure to NodePort), and run again"

ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
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
    "known": {"type": "dict", "options": {"control_plane": {"type": "dict"}, "gateway_services": {"type": "dict"}}},
    "timeout": {"type": "float", "default": 600},
}


class _Gateways:
    """The control plane and its gateways at a moment; the state of a wait for both, or for the addresses alone."""

    def __init__(self, params: Json) -> None:
        known = params.get("known") or {}
        self.mesh: str = params["mesh"]
        self.gateways: List[Json] = params["gateways"] or []
        self.nodes: List[Node] = params["nodes"] or []
        self.plane: Optional[ControlPlaneStatus] = known.get("control_plane")
        self.services = LiveObjects()
        self.services.fill(SERVICE, (known.get("gateway_services") or {}).values())
        self.only_addresses = False
        #: Reads what explains a wait that lasts.
        self.look_closer: Callable[[], None] = lambda: None
        self._log = ChangeLog()
        self._read: Dict[str, GatewayFacts] = {}
        self._reasons: Dict[str, str] = {}

    def forget(self) -> None:
        """Ignore what was known."""
        self.plane = None
        self.fill([])

    def fill(self, services: Iterable[Json]) -> None:
        """Replace all Services by those that were read."""
        self.services.fill(SERVICE, services)
        self._read.clear()

    def take(self, event: Event) -> None:
        """Apply an event about objects."""
        if event.kind == PLANE:
            self.plane = read_control_plane(event.object) if event.type in ("ADDED", "MODIFIED") else None
            return
        name = self.services.take(event)
        if name is None:
            self._read.clear()
        else:
            self._read.pop(name, None)

    @property
    def is_ready(self) -> bool:
        """Whether the control plane is ready at its current generation."""
        return bool(self.plane and self.plane.get("ready"))

    @property
    def plane_message(self) -> str:
        """The condition of the control plane."""
        return str(self.plane.get("message") or "not ready") if self.plane else "the control plane does not exist"

    def addresses(self) -> Dict[str, GatewayFacts]:
        """Every gateway by name: its addresses and ports, or ``pending`` with the reason."""
        return {gateway["name"]: self._address(gateway) for gateway in self.gateways}

    def _address(self, gateway: Json) -> GatewayFacts:
        """One gateway, read again only after its Service has changed."""
        name = gateway["name"]
        if name not in self._read:
            self._read[name] = read_gateway(
                self.services.get(SERVICE, name), self.nodes, gateway.get("exposure"), bool(gateway.get("internal"))
            )
        address, reason = self._read[name], self._reasons.get(name)
        return {"pending": f"{address['pending']} ({reason})"} if reason and "pending" in address else address

    def waits_for_operator(self, name: str) -> bool:
        """Whether the operator has not created or changed the Service of a gateway as it has to be."""
        service = self.services.get(SERVICE, name)
        exposure = next(gateway.get("exposure") for gateway in self.gateways if gateway["name"] == name)
        return service is None or exposure not in (None, (service.get("spec") or {}).get("type"))

    def pending_balancers(self) -> Dict[str, Json]:
        """By name, the Services of gateways that wait for their load balancer."""
        services = {
            name: self.services.get(SERVICE, name) for name, address in self.addresses().items() if "pending" in address
        }
        return {
            name: service
            for name, service in services.items()
            if service and (service.get("spec") or {}).get("type") == "LoadBalancer"
        }

    def explain(self, events: List[Json]) -> None:
        """Note why load balancers are pending, by the events of their Services."""
        for name, service in self.pending_balancers().items():
            self._reasons[name] = read_events(events, service) or (
                "its Service has no events: nothing here seems to serve Services of type LoadBalancer"
            )

    def note_unexplained(self, reason: str) -> None:
        """Note that the events could not be read."""
        self._reasons.update(dict.fromkeys(self.pending_balancers(), f"its events cannot be read: {reason}"))

    def is_done(self) -> bool:
        """Whether nothing is left to wait for."""
        has_addresses = not any("pending" in address for address in self.addresses().values())
        return has_addresses and (self.only_addresses or self.is_ready)

    def is_over(self) -> bool:
        """Never before ``is_done``: a load balancer may come at any time."""
        return False

    def missing(self) -> List[str]:
        """What is still waited for."""
        plane = [] if self.is_ready else [f"control plane: {self.plane_message}"]
        return plane + [
            f"{name}: {address['pending']}" for name, address in self.addresses().items() if "pending" in address
        ]

    def changes(self) -> List[str]:
        """One line for each thing that has changed."""
        messages = {f"{self.mesh}: control plane": self.plane_message} if self.plane else {}
        for name, address in self.addresses().items():
            messages[f"{self.mesh}: {name}"] = address.get("pending") or (
                f"{', '.join(address['addresses'])} port {address['discoveryPort']}"
            )
        return self._log.changes(messages)

    def status_line(self) -> str:
        """What is still waited for, with reasons."""
        self.look_closer()
        return "; ".join(self.missing())


@core(ARGUMENT_SPEC, first_problem)
def run(params: Json, check_mode: bool, say: Say) -> GatewayResult:
    """Wait until the control plane is ready and every gateway has an address, at most ``timeout`` seconds.

    No request is sent where ``known`` shows that nothing is missing. Check mode reads once.
    """
    state = _Gateways(params)
    if state.is_done():
        return _result(params, state, [])

    def work(cluster: Cluster) -> None:
        if not state.nodes and any(gateway.get("exposure") == "NodePort" for gateway in state.gateways):
            state.nodes = read_nodes(cluster.list("Node"))
        state.forget()
        if check_mode or params["timeout"] <= 0:
            _read_plane(cluster, params, state)
            if state.gateways:
                state.fill(cluster.list(SERVICE, params["namespace"]))
        else:
            _wait(cluster, params, state, say)

    problems = use_cluster(params["auth"], state.mesh, work)
    return _result(params, state, problems or ([] if check_mode else _late(state, params)))


def _wait(cluster: Cluster, params: Json, state: _Gateways, say: Say) -> None:
    """Follow the gateways' Services and, once they have their addresses, the control plane, until the deadline.

    While the operator works, it writes the control plane again and again; with many gateways that is a large object, and
    following it costs more than everything else. It is at rest when the addresses exist.
    """
    deadline = time.monotonic() + params["timeout"]

    def look_closer() -> None:
        _read_plane(cluster, params, state)
        _read_events(cluster, params, state)

    if state.gateways:
        state.only_addresses, state.look_closer = True, look_closer
        has_addresses = follow(cluster, [WatchFor(SERVICE, params["namespace"])], state, deadline, say)
        state.only_addresses, state.look_closer = False, lambda: None
        if not has_addresses:
            look_closer()
            return
    follow(cluster, [WatchFor(PLANE, params["namespace"], params["control_plane"])], state, deadline, say)


def _read_plane(cluster: Cluster, params: Json, state: _Gateways) -> None:
    """Read the control plane once."""
    try:
        smcp = cluster.get(PLANE, params["control_plane"], params["namespace"])
    except ClusterError as error:
        if error.code != "missing":
            raise
        state.plane = None
    else:
        state.plane = read_control_plane(smcp)


def _read_events(cluster: Cluster, params: Json, state: _Gateways) -> None:
    """Read why load balancers are pending. A user who may not read events waits without the reason."""
    if not state.pending_balancers():
        return
    try:
        state.explain(cluster.list("Event", params["namespace"], fields="involvedObject.kind=Service"))
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        state.note_unexplained(error.message.partition(":")[0])


def _late(state: _Gateways, params: Json) -> List[Problem]:
    """Warnings for what is missing at the deadline: the other side of a pair needs it, this one does not."""
    if state.is_done():
        return []
    after = at_deadline(params["timeout"])
    plane = (
        []
        if state.is_ready
        else [
            problem(
                "control-plane-not-ready",
                state.mesh,
                f"{PLANE} {params['namespace']}/{params['control_plane']}",
                f"not ready {after}: {state.plane_message}",
            )
        ]
    )
    peers = {gateway["name"]: gateway.get("peer") for gateway in state.gateways}
    return plane + [
        problem(
            "no-address",
            state.mesh,
            f"{SERVICE} {params['namespace']}/{name}",
            f"no address {after}: {address['pending']}",
            CODES["control-plane-not-ready"].fix if state.waits_for_operator(name) else _CLOUD_FIX,
            peer=peers[name],
        )
        for name, address in state.addresses().items()
        if "pending" in address
    ]


def _result(params: Json, state: _Gateways, problems: List[Problem]) -> GatewayResult:
    """The result of the module."""
    return {
        "changed": False,
        "mesh": state.mesh,
        "namespace": params["namespace"],
        "ready": state.is_ready,
        "message": "; ".join(state.missing()) or "ready",
        "gateways": state.addresses(),
        "problems": problems,
    }
