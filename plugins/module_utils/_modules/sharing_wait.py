# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting until service sets are exported and imported as their rules say. Private to this collection.

Rights on the two kinds of sets are enough: what istiod has read shows in their status.
"""

from __future__ import annotations

import time
from typing import List, Tuple, Union

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say, WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.confirmed_wait import ConfirmedWait
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import (
    ExportedSet,
    ImportedSet,
    SharingResult,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import (
    read_exports,
    read_imports,
    stale_exports,
    unshown_imports,
)

IMPORT_SET, EXPORT_SET = "ImportedServiceSet", "ExportedServiceSet"


def _sets(key: str) -> Json:
    """The option with the sets of one kind; ``key`` are the exported names that are expected."""
    options: Json = {
        "name": {"type": "str", "required": True},
        "peer": {"type": "str"},
        key: {"type": "list", "elements": "str", "default": []},
    }
    return {"type": "list", "elements": "dict", "default": [], "options": options}


ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "exports": _sets("exported_names"),
    "imports": _sets("offered"),
    "timeout": {"type": "float", "default": 300},
}


class _Sharing(ConfirmedWait):
    """What service sets export and import at a moment; the state of the wait for what their rules say."""

    def __init__(self, params: Json) -> None:
        super().__init__(params["mesh"], params["namespace"], "sharing", "everything is exported and imported")
        self._exports: List[Json] = params["exports"]
        self._imports: List[Json] = params["imports"]

    def targets(self) -> List[WatchFor]:
        """What is worth to be watched."""
        kinds = [(EXPORT_SET, self._exports), (IMPORT_SET, self._imports)]
        return [WatchFor(kind, self.namespace) for kind, items in kinds if items]

    def exports(self) -> List[ExportedSet]:
        """The sets that export."""
        return [self._exported(item) for item in self._exports]

    def imports(self) -> List[ImportedSet]:
        """The sets that import."""
        return [self._imported(item) for item in self._imports]

    def missing(self) -> List[str]:
        """What is still waited for."""
        return [
            *(
                f"{EXPORT_SET} {found['name']}: {lack}"
                for found in self.exports()
                if (lack := _lack(found, "exported"))
            ),
            *(
                f"{IMPORT_SET} {found['name']}: {lack}"
                for found in self.imports()
                if (lack := _lack(found, "imported"))
            ),
        ]

    def _exported(self, item: Json) -> ExportedSet:
        live = self.live.get(EXPORT_SET, item["name"])
        exported = read_exports(live)
        listed = {service["exportedName"] for service in exported}
        return {
            "name": item["name"],
            "peer": item.get("peer"),
            "exported": exported,
            "missing": sorted(set(item.get("exported_names") or []) - listed),
            "stale": stale_exports(live),
        }

    def _imported(self, item: Json) -> ImportedSet:
        live = self.live.get(IMPORT_SET, item["name"])
        status = read_imports(live)
        return {
            "name": item["name"],
            "peer": item.get("peer"),
            "imported": status["imported"],
            "missing": unshown_imports(live, item.get("offered") or []),
            "stale": status["stale"],
        }


def _lack(found: Union[ExportedSet, ImportedSet], verb: str) -> str:
    """What a set still lacks; empty where it is as its rules say."""
    parts = [f"not {verb} yet: {', '.join(found['missing'])}"] if found["missing"] else []
    return "; ".join(parts + ([f"still {verb}: {', '.join(found['stale'])}"] if found["stale"] else []))


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> SharingResult:
    """Wait until the sets export and import what their rules say. Check mode reads once."""
    state = _Sharing(params)

    def work(cluster: Cluster) -> None:
        state.follow(cluster, time.monotonic() + (0 if check_mode else params["timeout"]), say)

    problems = use_cluster(params["auth"], state.mesh, work)
    lacking = state.missing()
    return {
        "changed": False,
        "mesh": state.mesh,
        "namespace": params["namespace"],
        "shared": not problems and not lacking,
        "message": problems[0]["message"] if problems else "; ".join(lacking) or "everything is exported and imported",
        "exports": state.exports(),
        "imports": state.imports(),
        "problems": problems or ([] if check_mode else _late(state, params["timeout"])),
    }


def _late(state: _Sharing, timeout: float) -> List[Problem]:
    """Errors for what is missing at the deadline."""
    items: List[Tuple[str, str, Union[ExportedSet, ImportedSet], str]] = [
        *(("not-exported", EXPORT_SET, found, _lack(found, "exported")) for found in state.exports()),
        *(("not-imported", IMPORT_SET, found, _lack(found, "imported")) for found in state.imports()),
    ]
    return [
        problem(
            code,
            state.mesh,
            f"{kind} {state.namespace}/{found['name']}",
            f"{at_deadline(timeout)}: {lack}",
            peer=found["peer"],
        )
        for code, kind, found, lack in items
        if lack
    ]
