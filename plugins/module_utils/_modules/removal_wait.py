# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting until exports are withdrawn and gateways are gone. Private to this collection.

That an object is absent is only known from a list of all objects: events of a watch come one by one, and a kind without
objects sends none. So the watches only say when it is worth to look, and a list decides.
"""

from __future__ import annotations

import time
from typing import Dict, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
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
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import RemovalResult
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import read_control_plane
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports

EXPORT_SET, SERVICE, PLANE = "ExportedServiceSet", "Service", "ServiceMeshControlPlane"
_ITEM: Json = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {"name": {"type": "str", "required": True}, "peer": {"type": "str"}},
}
ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "exports": _ITEM,
    "gateways": _ITEM,
    "control_plane": {"type": "str"},
    "timeout": {"type": "float", "default": 300},
}


class _Remains:
    """What is left of exports and gateways at a moment; the state of the wait for their end."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self._namespace: str = params["namespace"]
        self._exports: List[str] = [item["name"] for item in params["exports"]]
        self._gateways: List[str] = [item["name"] for item in params["gateways"]]
        self._plane: Optional[str] = params.get("control_plane")
        self._live = LiveObjects()
        self._log = ChangeLog()
        self._cluster: Optional[Cluster] = None

    def connect(self, cluster: Cluster) -> None:
        """Use a cluster for the lists that decide."""
        self._cluster = cluster

    def targets(self) -> List[WatchFor]:
        """What is worth to be watched."""
        targets = []
        if self._exports:
            targets.append(WatchFor(EXPORT_SET, self._namespace))
        if self._gateways:
            targets.append(WatchFor(SERVICE, self._namespace))
        if self._plane:
            targets.append(WatchFor(PLANE, self._namespace, self._plane))
        return targets

    def look(self) -> None:
        """Read all objects anew."""
        if self._cluster is None:
            return
        for kind, name in ((EXPORT_SET, self._exports), (SERVICE, self._gateways), (PLANE, self._plane)):
            if name:
                self._live.fill(kind, self._cluster.list(kind, self._namespace))

    def take(self, event: Event) -> None:
        """Apply an event about objects."""
        self._live.take(event)

    def exports(self) -> Dict[str, List[str]]:
        """The exported names of each set that still exports."""
        exported = {name: read_exports(self._live.get(EXPORT_SET, name)) for name in self._exports}
        return {name: [one["exportedName"] for one in services] for name, services in exported.items() if services}

    def gateways(self) -> List[str]:
        """The gateways whose Service still exists."""
        return [name for name in self._gateways if self._live.get(SERVICE, name) is not None]

    def plane_message(self) -> str:
        """Why the control plane is not ready; empty where it is, or does not exist any more."""
        live = self._live.get(PLANE, self._plane) if self._plane else None
        status = read_control_plane(live) if live else None
        return str(status["message"] or "not ready") if status and not status["ready"] else ""

    def missing(self) -> List[str]:
        """What is still waited for."""
        plane = self.plane_message()
        return [
            *(f"{EXPORT_SET} {name} exports {', '.join(names)}" for name, names in self.exports().items()),
            *(f"{SERVICE} {name} exists" for name in self.gateways()),
            *([f"control plane: {plane}"] if plane else []),
        ]

    def is_done(self) -> bool:
        """Never from single events; see ``is_over``."""
        return False

    def is_over(self) -> bool:
        """Whether nothing is left, by a list of all objects."""
        if self.missing():
            return False
        self.look()
        return not self.missing()

    def changes(self) -> List[str]:
        """One line for each thing that has changed."""
        return self._log.changes({f"{self.mesh}: removal": "; ".join(self.missing()) or "nothing is left"})

    def status_line(self) -> str:
        """What is still waited for."""
        self.look()
        return "; ".join(self.missing())


def _check(params: Json) -> str:
    """What is wrong with the parameters; empty where nothing is."""
    if not params["exports"] and not params["gateways"] and not params.get("control_plane"):
        return "exports, gateways and control_plane are all empty. Fix: Name what is waited for."
    return ""


@core(ARGUMENT_SPEC, check=_check)
def run(params: Json, check_mode: bool, say: Say) -> RemovalResult:
    """Wait until the sets export nothing, the gateways' Services are gone and the control plane is ready.

    Check mode reads once.
    """
    state = _Remains(params)

    def work(cluster: Cluster) -> None:
        state.connect(cluster)
        state.look()
        if state.missing() and not check_mode and params["timeout"] > 0:
            follow(cluster, state.targets(), state, time.monotonic() + params["timeout"], say)

    problems = use_cluster(params["auth"], state.mesh, work)
    return {
        "changed": False,
        "mesh": state.mesh,
        "namespace": params["namespace"],
        "gone": not problems and not state.missing(),
        "message": problems[0]["message"] if problems else "; ".join(state.missing()) or "nothing is left",
        "exports": state.exports(),
        "gateways": state.gateways(),
        "problems": problems or ([] if check_mode else _late(state, params)),
    }


def _late(state: _Remains, params: Json) -> List[Problem]:
    """Errors for what is left at the deadline."""
    after, namespace = at_deadline(params["timeout"]), params["namespace"]
    peers = {item["name"]: item.get("peer") for item in (*params["exports"], *params["gateways"])}
    found = [
        problem(
            "still-exporting",
            state.mesh,
            f"{EXPORT_SET} {namespace}/{name}",
            f"istiod still exports {', '.join(exported)} {after}",
            peer=peers[name],
        )
        for name, exported in state.exports().items()
    ]
    found += [
        problem(
            "gateway-remains", state.mesh, f"{SERVICE} {namespace}/{name}", f"it still exists {after}", peer=peers[name]
        )
        for name in state.gateways()
    ]
    plane = state.plane_message()
    if plane:
        where = f"{PLANE} {namespace}/{params['control_plane']}"
        found.append(problem("control-plane-not-ready", state.mesh, where, f"not ready {after}: {plane}"))
    return found
