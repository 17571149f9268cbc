# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the Services that were read say about the rules of a plan. Pure."""

from __future__ import annotations

import functools
from typing import Collection, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    Rule,
    problem,
    problem_line,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.findings import distinct
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.policy import unjudged_exports
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.services import lint_services, listed
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import with_namespaces
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import SKIPPED, Plan

#: Codes of rules that are rejected already, or cannot be judged.
_JUDGING = ("export-policy", "export-policy-open", "exports-unconfirmed")


def with_services(plan: Plan, declaration: Declaration, facts: Mapping[str, Json]) -> Plan:
    """The plan with the problems that the Services show in the rules: ``facts`` are MeshFacts by host. Errors stop a run;
    Services that could not be read are a note."""
    problems = check_services(plan, declaration, facts)
    return {
        **plan,
        "problems": plan["problems"] + [found for found in problems if found["severity"] == "error"],
        "warnings": plan["warnings"] + [found for found in problems if found["severity"] == "warning"],
        "notices": plan["notices"] + [problem_line(found) for found in problems if found["severity"] == "info"],
    }


def check_services(
    plan: Plan, declaration: Declaration, facts: Mapping[str, Json], assumed: Collection[str] = ()
) -> List[Problem]:
    """Find what the Services show in the rules. Only a rule that this run would write is an error; with
    federation_lint_strict warnings are errors too.

    ``assumed`` are the hosts that were not read: what no Service of theirs shows is not known.
    """
    declaration = with_namespaces(declaration, facts)
    additional = {host: read["additional_services"] for host, read in facts.items() if read.get("additional_services")}
    services = {host: read["services"] for host, read in additional.items() if read["services"] or host not in assumed}
    unjudged = [
        found
        for host, read in facts.items()
        if host in declaration["meshes"] and host not in assumed
        for found in unjudged_exports(
            declaration["meshes"][host],
            declaration["options"],
            functools.partial(_is_new, plan, facts, host),
            _unread_namespaces(read),
        )
    ]
    problems = lint_services(declaration, services, lambda host, peer, index: _is_new(plan, facts, host, peer, index))
    known = {(found["mesh"], found["where"]) for found in problems if found["code"] in _JUDGING}
    problems += distinct(
        [found for found in unjudged if (found["mesh"], found["where"]) not in known], declaration["group"]
    )
    if declaration["options"]["federation_lint_strict"]:
        problems = [with_changes(found, severity="error") for found in problems]
    return problems + [
        _unread(declaration["meshes"][host]["mesh"], read["unread"])
        for host, read in sorted(additional.items())
        if read["unread"]
    ]


def check_unread_services(plan: Plan, declaration: Declaration, facts: Mapping[str, Json]) -> List[Problem]:
    """The new rules that must not be written by a run that reads no Services."""
    options = declaration["options"]
    return distinct(
        [
            found
            for host in declaration["hosts"]
            for found in unjudged_exports(
                declaration["meshes"][host], options, functools.partial(_is_new, plan, facts, host)
            )
        ],
        declaration["group"],
    )


def _is_new(plan: Plan, facts: Mapping[str, Json], host: str, peer: str, index: int) -> bool:
    """Whether this run would write an export rule that does not exist yet."""
    side = plan["sides"].get(host, {}).get(peer)
    if side is None or not plan["meshes"][host]["in_play"] or side["state"] == SKIPPED:
        return False
    live: List[Rule] = []
    for export_set in (facts.get(host) or {}).get("exports") or []:
        if dig(export_set, "metadata", "name") == side["peer_name"]:
            live = dig(export_set, "spec", "exportRules") or []
    return (side["exports"] or [])[index] not in live


def _unread_namespaces(facts: Json) -> List[Optional[str]]:
    """The namespaces whose Services were not read, None for all; all where nothing was asked for."""
    read = facts.get("additional_services")
    return [entry["namespace"] for entry in read["unread"]] if read else [None]


def _unread(mesh: str, unread: Sequence[Json]) -> Problem:
    return problem(
        "services-unread",
        mesh,
        f"Services in {listed([entry['namespace'] or 'all namespaces' for entry in unread])}",
        f"cannot be read, so their ports are not checked: {unread[0]['message']}",
        "No action is needed if each exported Service has one port; to have them checked, grant the verb list on services there",
        severity="info",
    )
