# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which causes may be corrected without a person. Pure.

The table of codes says what may be corrected, and by what. Here it is decided whether that holds for one cause: a run of federate.yml
writes all that differs, so it is safe only where nothing else differs.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import last_apply
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import field_manager
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.fixes import FEDERATE
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import DiagnosedCause, Healing
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import find_differences
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import listed

#: Codes of a change of trust that a person makes in stages: nothing else is written to these meshes meanwhile.
_STAGED = ("rotation-underway", "trust-domain-unfinished")

#: Mesh and object.
_Place = Tuple[str, str]


def with_healing(plan: Plan, facts: Mapping[str, Json], causes: Sequence[DiagnosedCause]) -> List[DiagnosedCause]:
    """The causes, each with whether it may be healed. ``facts`` are MeshFacts by host."""
    judge = _Judge(plan, facts, causes)
    return [{**cause, "healing": judge.healing(cause)} for cause in causes]


class _Judge:
    """Decides for each cause of one diagnosis."""

    def __init__(self, plan: Plan, facts: Mapping[str, Json], causes: Sequence[DiagnosedCause]) -> None:
        self.plan, self.facts = plan, facts
        self.hosts = {mesh["mesh"]: host for host, mesh in plan["meshes"].items()}
        self.writable: Set[_Place] = {
            (cause["mesh"], place)
            for cause in causes
            if CODES[cause["codes"][0]].healed_by == "federate"
            for place in cause["findings"][0]["where"]
        }
        self._changes: Dict[str, List[str]] = {}

    def healing(self, cause: DiagnosedCause) -> Healing:
        """Whether one cause may be healed, by what, and with which limit."""
        by = CODES[cause["codes"][0]].healed_by if cause["severity"] == "error" else ""
        meshes = cause["mesh"].split(", ")
        if not by:
            return {"safe": False, "by": "", "hosts": [], "reason": "it takes a person to decide"}
        reason = self._reason(cause, by, meshes)
        hosts = [self.hosts[mesh] for mesh in meshes if mesh in self.hosts]
        return {"safe": not reason, "by": by, "hosts": [] if reason else hosts, "reason": reason}

    def _reason(self, cause: DiagnosedCause, by: str, meshes: Sequence[str]) -> str:
        """Why a cause that the table names may not be healed; empty where it may be."""
        if by == "federate" and cause["remedy"] != FEDERATE:
            return "another run than federate.yml alone corrects it"
        ends = {link[end] for link in cause["links"] for end in ("from", "to")}
        for mesh in dict.fromkeys([*meshes, *sorted(ends)]):
            planned = self.plan["meshes"].get(self.hosts.get(mesh, ""))
            if planned is None or not planned["readable"] or planned["by_file"]:
                return f"{mesh} cannot be read"
            if self._is_staged(mesh):
                return f"the trust of {mesh} is being changed in stages"
        for mesh in meshes:
            if not self.plan["meshes"][self.hosts[mesh]]["in_play"]:
                return f"{mesh} is outside of the limit of this run"
            changes = self._other_changes(mesh)
            if changes:
                return f"federate.yml would change more: {listed(changes, most=3)} of {mesh}"
            if by == "federate" and self._has_other_writer(mesh, ends - {mesh}):
                return f"others than this collection write the objects of {mesh}"
        return ""

    def _is_staged(self, mesh: str) -> bool:
        found = [*self.plan["warnings"], *self.plan["problems"], *self.plan["meshes"][self.hosts[mesh]]["problems"]]
        return any(one["code"] in _STAGED and mesh in (one["mesh"], one.get("peer")) for one in found)

    def _other_changes(self, mesh: str) -> List[str]:
        """The objects of a mesh that federate.yml would write and that no cause of the table names."""
        if mesh not in self._changes:
            host = self.hosts[mesh]
            rows = [row for row in find_differences(self.plan, host, self.facts.get(host) or {}) if row["change"]]
            places = dict.fromkeys(f"{row['kind']} {row['namespace']}/{row['name']}" for row in rows)
            self._changes[mesh] = [place for place in places if (mesh, place) not in self.writable]
        return self._changes[mesh]

    def _has_other_writer(self, mesh: str, peers: Set[str]) -> bool:
        """Whether the ServiceMeshPeer of a pair has no apply of ours: files that others apply, or an unmanaged one."""
        host = self.hosts[mesh]
        sides = [self.plan["sides"][host].get(self.hosts[peer]) for peer in sorted(peers)]
        live = by_name((self.facts.get(host) or {}).get("peers"))
        return any(
            side is not None and last_apply(live.get(side["peer_name"]), field_manager(side["peer_name"])) is None
            for side in sides
        )
