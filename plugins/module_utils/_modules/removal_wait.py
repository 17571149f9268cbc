# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting until imports and exports are withdrawn and gateways are gone. Private to this collection."""

from __future__ import annotations

import time
from typing import Callable, Dict, List, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import LiveObjects, Say, WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.confirmed_wait import ConfirmedWait
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import RemovalResult
from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import read_control_plane
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports, read_imports

IMPORT_SET, EXPORT_SET = "ImportedServiceSet", "ExportedServiceSet"
SERVICE, PLANE = "Service", "ServiceMeshControlPlane"
_NAMED: Json = {"name": {"type": "str", "required": True}, "peer": {"type": "str"}}
_ITEM: Json = {"type": "list", "elements": "dict", "default": [], "options": _NAMED}
_SET: Json = {**_ITEM, "options": {**_NAMED, "exported_names": {"type": "list", "elements": "str", "default": []}}}
ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "imports": _SET,
    "exports": _SET,
    "gateways": _ITEM,
    "control_plane": {"type": "str"},
    "timeout": {"type": "float", "default": 300},
}


class _Sets:
    """The sets of one kind whose status must not list services any more; ``read`` returns those that a status lists."""

    def __init__(self, kind: str, items: Sequence[Json], read: Callable[[Optional[Json]], Sequence[Imported]]) -> None:
        self.kind = kind
        #: By set the exported names that must be gone; none: all.
        self.wanted: Dict[str, Set[str]] = {item["name"]: set(item.get("exported_names") or []) for item in items}
        self._read = read

    def left(self, live: LiveObjects) -> Dict[str, List[str]]:
        """The exported names that each set still lists."""
        listed = {
            name: [
                service["exportedName"]
                for service in self._read(live.get(self.kind, name))
                if not names or service["exportedName"] in names
            ]
            for name, names in self.wanted.items()
        }
        return {name: names for name, names in listed.items() if names}


class _Remains(ConfirmedWait):
    """What is left of imports, exports and gateways at a moment; the state of the wait for their end."""

    def __init__(self, params: Json) -> None:
        super().__init__(params["mesh"], params["namespace"], "removal", "nothing is left")
        self._imports = _Sets(IMPORT_SET, params["imports"], lambda live: read_imports(live)["imported"])
        self._exports = _Sets(EXPORT_SET, params["exports"], read_exports)
        self._gateways: List[str] = [item["name"] for item in params["gateways"]]
        self._plane: Optional[str] = params.get("control_plane")

    def targets(self) -> List[WatchFor]:
        """What is worth to be watched."""
        targets = [WatchFor(sets.kind, self.namespace) for sets in (self._imports, self._exports) if sets.wanted]
        if self._gateways:
            targets.append(WatchFor(SERVICE, self.namespace))
        if self._plane:
            targets.append(WatchFor(PLANE, self.namespace, self._plane))
        return targets

    def imports(self) -> Dict[str, List[str]]:
        """The exported names that each set still imports."""
        return self._imports.left(self.live)

    def exports(self) -> Dict[str, List[str]]:
        """The exported names of each set that still exports."""
        return self._exports.left(self.live)

    def gateways(self) -> List[str]:
        """The gateways whose Service still exists."""
        return [name for name in self._gateways if self.live.get(SERVICE, name) is not None]

    def plane_message(self) -> str:
        """Why the control plane is not ready; empty where it is, or does not exist any more."""
        live = self.live.get(PLANE, self._plane) if self._plane else None
        status = read_control_plane(live) if live else None
        return str(status["message"] or "not ready") if status and not status["ready"] else ""

    def missing(self) -> List[str]:
        """What is still waited for."""
        plane = self.plane_message()
        return [
            *(f"{IMPORT_SET} {name} imports {', '.join(names)}" for name, names in self.imports().items()),
            *(f"{EXPORT_SET} {name} exports {', '.join(names)}" for name, names in self.exports().items()),
            *(f"{SERVICE} {name} exists" for name in self.gateways()),
            *([f"control plane: {plane}"] if plane else []),
        ]


def _check(params: Json) -> str:
    """What is wrong with the parameters; empty where nothing is."""
    if not any(params.get(name) for name in ("imports", "exports", "gateways", "control_plane")):
        return "imports, exports, gateways and control_plane are all empty. Fix: Name what is waited for."
    return ""


@core(ARGUMENT_SPEC, check=_check)
def run(params: Json, check_mode: bool, say: Say) -> RemovalResult:
    """Wait until the sets import and export nothing, the gateways' Services are gone and the control plane is ready.

    Check mode reads once.
    """
    state = _Remains(params)

    def work(cluster: Cluster) -> None:
        state.follow(cluster, time.monotonic() + (0 if check_mode else params["timeout"]), say)

    problems = use_cluster(params["auth"], state.mesh, work)
    return {
        "changed": False,
        "mesh": state.mesh,
        "namespace": params["namespace"],
        "gone": not problems and not state.missing(),
        "message": problems[0]["message"] if problems else "; ".join(state.missing()) or "nothing is left",
        "imports": state.imports(),
        "exports": state.exports(),
        "gateways": state.gateways(),
        "problems": problems or ([] if check_mode else _late(state, params)),
    }


def _late(state: _Remains, params: Json) -> List[Problem]:
    """Errors for what is left at the deadline."""
    after, namespace = at_deadline(params["timeout"]), params["namespace"]
    items = (*params["imports"], *params["exports"], *params["gateways"])
    peers = {item["name"]: item.get("peer") for item in items}
    found = [
        problem(
            code,
            state.mesh,
            f"{kind} {namespace}/{name}",
            f"istiod still {verb} {', '.join(listed)} {after}",
            peer=peers[name],
        )
        for code, kind, verb, left in (
            ("still-importing", IMPORT_SET, "imports", state.imports()),
            ("still-exporting", EXPORT_SET, "exports", state.exports()),
        )
        for name, listed in left.items()
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
