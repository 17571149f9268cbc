# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rules of every mesh by peer, with those of ``federation_services``. Pure.

The product uses the first rule that matches. The rules of a mesh itself stand first, in their order, then those of
``federation_services`` in the order of its entries: what is declared for one mesh has precedence over what is declared for all.
An entry never has an alias at the exporter: names are exported as they are, and each consumer replaces them. So all that knows
rules knows these, and a name that several meshes export is kept apart as for any rule by name.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import VARIABLE
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh, RuleList, SharedService


class _Added(NamedTuple):
    """A rule of an entry: its place, the entry as it is written, and whether it names one service or a wildcard of names."""

    where: str
    written: Json
    rule: Rule
    by_name: bool


#: By host of the peer.
_ByPeer = Dict[str, List[_Added]]


def add_rules(meshes: Mapping[str, DeclaredMesh], services: Sequence[SharedService], group: str) -> List[Problem]:
    """Complete the rules and localities of all meshes, and find localities that contradict each other."""
    exports: Dict[str, _ByPeer] = {host: {} for host in meshes}
    imports: Dict[str, _ByPeer] = {host: {} for host in meshes}
    for service in services:
        by_name = service["labels"] is None
        export = _Added(service["where"], service["written"], export_rule(service), by_name)
        imported = _Added(service["where"], service["written"], import_rule(service), by_name)
        for consumer in service["consumers"]:
            exports[service["exporter"]].setdefault(consumer, []).append(export)
            imports[consumer].setdefault(service["exporter"], []).append(imported)
    for host, mesh in meshes.items():
        mesh["export_lists"] = _joined(mesh["export_lists"], exports[host])
        mesh["import_lists"] = _joined(mesh["import_lists"], imports[host])
        mesh["exports"], mesh["imports"] = _by_peer(mesh["export_lists"]), _by_peer(mesh["import_lists"])
        mesh["export_places"] = {
            peer: [where for where, rule in zip(written["places"], written["rules"]) if rule]
            for written in mesh["export_lists"]
            for peer in written["peers"]
        }
        mesh["short_exports"] = {peer: _short(written) for written in mesh["export_lists"] for peer in written["peers"]}
    return _add_localities(meshes, services, group)


def export_rule(service: SharedService) -> Rule:
    """The rule of an entry at its exporter."""
    if service["labels"] is None:
        return {"type": "NameSelector", "nameSelector": dict(service["service"])}
    selector = {"namespace": service["service"]["namespace"], "selector": service["labels"]}
    return {"type": "LabelSelector", "labelSelector": selector}


def import_rule(service: SharedService) -> Rule:
    """The rule of an entry at its consumers. Labels do not travel, so that one by labels imports all of its namespace."""
    names, alias = service["service"], {key: part for key, part in service["alias"].items() if part not in ANY}
    if service["as_local"]:
        alias.setdefault("namespace", names["namespace"])
    selector: Json = {**names, **({"alias": alias} if alias else {})}
    return {
        "type": "NameSelector",
        **({"importAsLocal": True} if service["as_local"] else {}),
        "nameSelector": selector,
    }


def _joined(own: Sequence[RuleList], added: _ByPeer) -> List[RuleList]:
    """The lists of a mesh with the rules that its peers get in addition; peers with the same rules share a list."""
    left = dict(added)
    lists: List[RuleList] = []
    for written in own:
        lists += _split(written, {peer: left.pop(peer, []) for peer in written["peers"]})
    empty: RuleList = {
        "where": VARIABLE,
        "peers": [],
        "written": [],
        "rules": [],
        "places": [],
        "short": [],
        "sound": True,
    }
    return lists + (_split(empty, left) if left else [])


def _split(written: RuleList, added: _ByPeer) -> List[RuleList]:
    """One list for each group of peers that get the same additional rules."""
    groups: Dict[Tuple[str, ...], List[str]] = {}
    for peer, rules in added.items():
        groups.setdefault(tuple(entry.where for entry in rules), []).append(peer)
    return [_extended(written, peers, added[peers[0]]) for peers in groups.values()] or [written]


def _extended(written: RuleList, peers: List[str], added: Sequence[_Added]) -> RuleList:
    entries: List[Any] = [entry.written for entry in added]
    return {
        **written,
        "peers": sorted(peers),
        "written": written["written"] + entries,
        "rules": written["rules"] + [entry.rule for entry in added],
        "places": written["places"] + [entry.where for entry in added],
        "short": written["short"] + [entry.by_name for entry in added],
    }


def _by_peer(lists: Sequence[RuleList]) -> Dict[str, List[Rule]]:
    return {peer: [rule for rule in written["rules"] if rule] for written in lists for peer in written["peers"]}


def _short(written: RuleList) -> List[str]:
    """The rules of a list that have the short form, as ``namespace/name``."""
    selectors = (rule.get("nameSelector", {}) for rule, short in zip(written["rules"], written["short"]) if short)
    return [f"{selector.get('namespace')}/{selector.get('name')}" for selector in selectors]


def _add_localities(meshes: Mapping[str, DeclaredMesh], services: Sequence[SharedService], group: str) -> List[Problem]:
    """The product has one locality for all that a mesh imports from a peer."""
    places: Dict[Tuple[str, str], str] = {}
    problems: Dict[str, Problem] = {}
    for service in services:
        if not service["locality"]:
            continue
        exporter = meshes[service["exporter"]]
        own = exporter["locality"]
        if own and own != service["locality"]:
            problems.setdefault(
                service["where"], _other_locality(group, service, own, "mesh_locality", exporter["mesh"])
            )
        for consumer in service["consumers"]:
            localities = meshes[consumer]["localities"]
            known = localities.setdefault(service["exporter"], service["locality"])
            where = places.setdefault((consumer, service["exporter"]), service["where"])
            if known != service["locality"]:
                problems.setdefault(service["where"], _other_locality(group, service, known, where, exporter["mesh"]))
    return list(problems.values())


def _other_locality(group: str, service: SharedService, known: Mapping[str, str], where: str, mesh: str) -> Problem:
    of_mesh = f" of {mesh}" if where == "mesh_locality" else ""
    return problem(
        "service-conflict",
        group,
        f"{service['where']}.locality",
        f"must be {_text(known)} as in {where}{of_mesh}, not {_text(service['locality'] or {})}: a consumer has one locality for all "
        f"that it imports from {mesh}",
        f"Write one of them, best as mesh_locality of {mesh}",
    )


def _text(locality: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {part}" for key, part in locality.items())
