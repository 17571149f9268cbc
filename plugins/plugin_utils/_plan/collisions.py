# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: two meshes that offer one name to a third, found in the declaration and solved.

An exported host name is made of the service's name and of what the exporter calls the consumer
(``<name>.<namespace>.svc.<peer>-exports.local``, maistra/istio pkg/servicemesh/federation/server/server.go). Where two
exporters make the same one, the consumer merges their endpoints under one identity, and requests fail while every status
is good. Only another peer name or another export alias at the exporter tells them apart; import aliases do not.

So a pair that is new gets a peer name of its own. Names of pairs that live never change; there the export gets an alias,
and the import rule of the consumer takes it back. This is done for exports in short form. Those in the product's own
words are never changed: they are refused, with the repaired rules.
"""

from __future__ import annotations

import json
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    first_import,
    names_of,
    offers,
    selections,
    source,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.peer_names import (
    PeerNamesByHost,
    offered_twice,
    peer_names,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Collision,
    Declaration,
    DeclaredMesh,
    Exporter,
)

#: Export rules as they live: host -> host of the peer -> rules.
Exported = Mapping[str, Mapping[str, List[Rule]]]
#: Words for people list at most so many meshes.
_LISTED = 5


def collisions(declaration: Declaration, called: Optional[PeerNamesByHost] = None) -> List[Collision]:
    """Names that several meshes offer, or may offer, to one mesh which they call by one name.

    ``called`` is what ``peer_names`` returned; without it every pair is taken for new.
    """
    chosen = peer_names(declaration) if called is None else called
    return [
        group for found in offered_twice(declaration) for group in _by_name(found, chosen) if len(group["exporters"]) > 1
    ]


def solve(
    declaration: Declaration, called: PeerNamesByHost, exported: Exported
) -> Tuple[Dict[str, DeclaredMesh], List[Collision], List[Problem]]:
    """Give aliases where one name is exported twice under one peer name, as far as rules in short form allow.

    Who exports it already by its own name, as ``exported`` says, goes on with that. Returns the meshes with the rules that
    are to be written, everything that is offered twice with its ``solution``, and problems: an error for what would break
    requests, a warning for what only may.
    """
    meshes = dict(declaration["meshes"])
    told: List[Collision] = []
    problems: List[Problem] = []
    for found in offered_twice(declaration):
        groups = [group for group in _by_name(found, called) if len(group["exporters"]) > 1]
        if not groups:
            told.append({**_named(found, called), "solution": "peer-names", "message": _names_words(found, called)})
        for group in groups:
            solved, faults = _solve(meshes, group, exported)
            told.append(solved)
            problems += faults
    return meshes, told, problems




def _named(found: Collision, called: PeerNamesByHost) -> Collision:
    """The same with what each exporter calls the consumer."""
    consumer = found["consumer_host"]
    return {**found, "exporters": [{**one, "peer_name": called[one["host"]][consumer]} for one in found["exporters"]]}


def _by_name(found: Collision, called: PeerNamesByHost) -> List[Collision]:
    """The same, split by what the exporters call the consumer."""
    named = _named(found, called)
    peers = sorted({one["peer_name"] for one in named["exporters"]})
    return [{**named, "exporters": [one for one in named["exporters"] if one["peer_name"] == peer]} for peer in peers]


def _all(exporters: Iterable[Exporter]) -> str:
    meshes = [one["mesh"] for one in exporters]
    if len(meshes) > _LISTED:
        meshes[_LISTED - 1 :] = [f"{len(meshes) - _LISTED + 1} others"]
    return f"{', '.join(meshes[:-1])} and {meshes[-1]}"


def _names_words(found: Collision, called: PeerNamesByHost) -> str:
    own = [one for one in _named(found, called)["exporters"] if one["peer_name"] != found["consumer"]]
    told = ", ".join(f"{one['mesh']} calls it {one['peer_name']}" for one in own[: _LISTED - 1])
    if len(own) >= _LISTED:
        told += f", and so on for {len(own) - _LISTED + 1} others"
    return f"{_what(found)}; told apart by what they call it: {told}"


def _what(found: Collision) -> str:
    verb = "export" if found["certain"] else "may export"
    return f"{_all(found['exporters'])} {verb} {found['name']} to {found['consumer']}"




def _solve(
    meshes: Dict[str, DeclaredMesh], found: Collision, exported: Exported
) -> Tuple[Collision, List[Problem]]:
    """Solve one collision by aliases in ``meshes``: for all exporters but one.

    That one is who has used the product's own words, else who exports the name already, else the first.
    """
    what = f"{_what(found)} and call it by one name, {found['exporters'][0]['peer_name']}"
    if not found["certain"] or sum(one["imported"] for one in found["exporters"]) < 2:
        return {**found, "message": what}, [_may(found, what)]
    consumer = found["consumer_host"]
    exporters = sorted(
        found["exporters"], key=lambda one: (one["is_short"], not _lives(one, consumer, exported), one["host"])
    )
    if not exporters[1]["is_short"]:
        return {**found, "message": what}, [_refused(meshes, found, one, what) for one in exporters[1:]]
    for one in exporters[1:]:
        _aliased(meshes, consumer, one)
    aliases = ", ".join(f"{one['mesh']} exports it as {_alias_of(one)[0]}/{_alias_of(one)[1]}" for one in exporters[1:])
    message = f"{what}; told apart by an alias: {aliases}, and {found['consumer']} imports it under its own name"
    return {**found, "solution": "alias", "message": message}, []


def _lives(one: Exporter, consumer: str, exported: Exported) -> bool:
    """Whether an exporter offers the name already."""
    rules = exported.get(one["host"], {}).get(consumer, [])
    return any(offer.is_certain and offer.names.text == one["exported_name"] for offer in offers(rules))


def _exports(one: Exporter) -> Names:
    namespace, dummy, name = one["exported_name"].partition("/")
    return names_of({"namespace": namespace, "name": name})


def _alias_of(one: Exporter) -> Tuple[str, str]:
    namespace, dummy, name = one["exported_name"].partition("/")
    return conventions.distinct(namespace, one["mesh"], conventions.LABEL_MAX), name


def _aliased(meshes: Dict[str, DeclaredMesh], consumer: str, one: Exporter) -> None:
    """Put the alias into the exporter's rule, and take it back in the consumer's."""
    host = one["host"]
    exports, imports = meshes[host]["exports"], meshes[consumer]["imports"]
    rules = list(exports[consumer])
    rules[one["rule"]] = repaired_export(rules[one["rule"]], one)
    meshes[host] = {**meshes[host], "exports": {**exports, consumer: rules}}
    taken = first_import(imports.get(host) or [], _exports(one))
    if taken is not None:
        rules = list(imports[host])
        # A wildcard stays behind, for all that it takes besides.
        wide = not source(rules[taken]).is_single
        rules[taken : taken + (0 if wide else 1)] = [repaired_import(rules[taken], one)]
        meshes[consumer] = {**meshes[consumer], "imports": {**imports, host: rules}}


def repaired_export(rule: Rule, one: Exporter) -> Rule:
    """An export rule that offers its service under a name that no other mesh uses."""
    namespace, name = _alias_of(one)
    return {**rule, "nameSelector": {**rule["nameSelector"], "alias": {"namespace": namespace, "name": name}}}


def repaired_import(rule: Rule, one: Exporter) -> Rule:
    """An import rule that takes the repaired export to where the rule would have taken it before."""
    namespace, name = _alias_of(one)
    (selection,) = selections(rule)
    local = selection.renamed(_exports(one))
    alias = {"namespace": local.namespace, "name": local.name}
    return {**rule, "nameSelector": {"namespace": namespace, "name": name, "alias": alias}}




def _may(found: Collision, what: str) -> Problem:
    one = found["exporters"][-1]
    first = (
        f"as soon as {found['consumer']} imports it from more than one of them, requests fail"
        if found["certain"]
        else "a service that more than one of them exports under one name, and that is imported from them, cannot be used"
    )
    return problem(
        "export-collision-possible",
        one["mesh"],
        "mesh_exports",
        f"{what}: {first}",
        f"Give {found['consumer']} another name in mesh_peer_names of {one['mesh']} before their link is made, "
        "or export with an alias that no other mesh uses",
        peer=found["consumer"],
        severity="warning",
    )


def _refused(meshes: Mapping[str, DeclaredMesh], found: Collision, one: Exporter, what: str) -> Problem:
    """The error of one exporter, with the rules as they should be."""
    consumer = meshes[found["consumer_host"]]
    export = repaired_export(meshes[one["host"]]["exports"][found["consumer_host"]][one["rule"]], one)
    rules = consumer["imports"].get(one["host"]) or []
    taken = first_import(rules, _exports(one))
    remedy = f"In mesh_exports of {one['mesh']} for {found['consumer']} write {json.dumps(export)}"
    if taken is not None:
        remedy += (
            f", and in mesh_imports of {found['consumer']} for {one['mesh']} {json.dumps(repaired_import(rules[taken], one))}"
        )
    return problem(
        "export-collision",
        one["mesh"],
        "mesh_exports",
        f"{what}: the status would be good, and requests would fail",
        f"{remedy}; or, where their link is not made yet, give {found['consumer']} another name in mesh_peer_names "
        f"of {one['mesh']}",
        peer=found["consumer"],
    )
