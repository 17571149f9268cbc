# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the links of all meshes as one reading shows them, judged without anything that a run has written. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import field_manager
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import read_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import terminated_pods
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._run.expectations import expected_imports, readable_links


def read_links(plan: Plan, facts: Mapping[str, Json]) -> Dict[str, Json]:
    """The links of each readable mesh, in the shape of the results of peer_info. What is offered is known after all were read, so
    each link is read twice."""
    first = _read(plan, facts, {})
    return _read(plan, facts, first)


def _read(plan: Plan, facts: Mapping[str, Json], others: Mapping[str, Json]) -> Dict[str, Json]:
    read = {other: readable_links(result) for other, result in others.items()}
    return {
        host: {"links": [dict(link) for link in _links(plan, host, facts[host], read)]}
        for host, mesh in sorted(plan["meshes"].items())
        if mesh["readable"] and not mesh["by_file"]
    }


def _links(plan: Plan, host: str, known: Json, read: Mapping[str, Mapping[str, Json]]) -> List[Json]:
    mesh = plan["meshes"][host]["mesh"]
    peers, imports, exports = (by_name(known.get(key)) for key in ("peers", "imports", "exports"))
    links: List[Json] = []
    for _peer, side in sorted(plan["sides"][host].items()):
        name = side["peer_name"]
        expectation = _expectation(plan, side, known, imports.get(name), read)
        links.append(dict(read_link(mesh, expectation, peers.get(name), imports.get(name), exports.get(name))))
    return links


def _expectation(
    plan: Plan, side: Side, known: Json, import_set: Json | None, read: Mapping[str, Mapping[str, Json]]
) -> LinkExpectation:
    """What is expected of a link by the rules that are live: those of the inventory are compared with them elsewhere."""
    rules = dig(import_set, "spec", "importRules") or []
    expectation: LinkExpectation = {
        "peer": side["peer"],
        "peer_name": side["peer_name"],
        "import_rules": rules,
        "imports_expected": expected_imports(plan, {**side, "imports": rules}, read),
        "terminated_pods": terminated_pods(known),
    }
    since = dig(import_set, "applied", field_manager(side["peer_name"]), "time")
    if since:
        expectation["since"] = str(since)
    if side["root_applied"]:
        expectation["root_since"] = side["root_applied"]
    return expectation
