# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: solutions for exported names that collide (see ``_model.peer_names``). Pure.

A new pair gets a peer name of its own. The names of live pairs never change; there the export gets an alias, and the import
rule of the consumer restores the name. This is done for exports in short form. Rules in the product's syntax are never changed:
they are rejected, and the problem has the repaired rules.
"""

from __future__ import annotations

import math
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

import yaml

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
    peer_names as choose_peer_names,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Collision,
    Declaration,
    DeclaredMesh,
    Exporter,
)

#: Live export rules, by host and by host of the peer.
LiveExports = Mapping[str, Mapping[str, List[Rule]]]
#: The most meshes that a message lists.
_LISTED = 5


def solve_collisions(
    declaration: Declaration, peer_names: PeerNamesByHost, live_exports: LiveExports
) -> Tuple[Dict[str, DeclaredMesh], List[Collision], List[Problem]]:
    """Add aliases where one name is exported twice under one peer name, as far as rules in short form allow.

    An exporter that offers the name already, by ``live_exports``, keeps it. Returns the meshes with the rules to write,
    every shared offer with its ``solution``, and problems: an error for what breaks requests, a warning for what may.
    """
    meshes = dict(declaration["meshes"])
    collisions: List[Collision] = []
    problems: List[Problem] = []
    for shared in offered_twice(declaration):
        groups = [group for group in _group_by_name(shared, peer_names) if len(group["exporters"]) > 1]
        if not groups:
            message = _names_message(_with_peer_names(shared, peer_names))
            collisions.append({**_with_peer_names(shared, peer_names), "solution": "peer-names", "message": message})
        for group in groups:
            solved, found = _solve(meshes, group, live_exports)
            collisions.append(solved)
            problems += found
    return meshes, collisions, problems


def find_collisions(declaration: Declaration, peer_names: Optional[PeerNamesByHost] = None) -> List[Collision]:
    """Names that several meshes offer, or may offer, to one mesh for which they use one name.

    ``peer_names`` is the result of ``_model.peer_names``; without it every pair is new.
    """
    names = choose_peer_names(declaration) if peer_names is None else peer_names
    return [
        group
        for shared in offered_twice(declaration)
        for group in _group_by_name(shared, names)
        if len(group["exporters"]) > 1
    ]


def repaired_export(rule: Rule, exporter: Exporter) -> Rule:
    """An export rule that offers its service under a name that no other mesh uses."""
    namespace, name = _alias(exporter)
    return {**rule, "nameSelector": {**rule["nameSelector"], "alias": {"namespace": namespace, "name": name}}}


def repaired_import(rule: Rule, exporter: Exporter) -> Rule:
    """An import rule that gives the repaired export the local name that the original rule gives."""
    namespace, name = _alias(exporter)
    (selection,) = selections(rule)
    local = selection.renamed(_exported_names(exporter))
    alias = {"namespace": local.namespace, "name": local.name}
    return {**rule, "nameSelector": {"namespace": namespace, "name": name, "alias": alias}}


def _with_peer_names(collision: Collision, peer_names: PeerNamesByHost) -> Collision:
    """Copy a collision with each exporter's name for the consumer."""
    consumer = collision["consumer_host"]
    exporters: List[Exporter] = [
        {**exporter, "peer_name": peer_names[exporter["host"]][consumer]} for exporter in collision["exporters"]
    ]
    return {**collision, "exporters": exporters}


def _group_by_name(collision: Collision, peer_names: PeerNamesByHost) -> List[Collision]:
    """Split a collision by the exporters' names for the consumer."""
    named = _with_peer_names(collision, peer_names)
    return [
        {**named, "exporters": [exporter for exporter in named["exporters"] if exporter["peer_name"] == name]}
        for name in sorted({exporter["peer_name"] for exporter in named["exporters"]})
    ]


def _solve(
    meshes: Dict[str, DeclaredMesh], collision: Collision, live_exports: LiveExports
) -> Tuple[Collision, List[Problem]]:
    """Solve one collision by aliases in ``meshes``, for all exporters but one.

    That one is an exporter with a rule in the product's syntax, else one that exports the name already, else the first.
    """
    subject = f"{_offer_text(collision)} and use one name for it, {collision['exporters'][0]['peer_name']}"
    if not collision["certain"] or sum(exporter["imported"] for exporter in collision["exporters"]) < 2:
        return {**collision, "message": subject}, [_possible_collision(meshes, collision, subject)]
    consumer = collision["consumer_host"]
    exporters = sorted(
        collision["exporters"],
        key=lambda exporter: (exporter["is_short"], not _is_live(exporter, consumer, live_exports), exporter["host"]),
    )
    if not exporters[1]["is_short"]:
        problems = [_certain_collision(meshes, collision, exporter, subject) for exporter in exporters[1:]]
        return {**collision, "message": subject}, problems
    for exporter in exporters[1:]:
        _add_alias(meshes, consumer, exporter)
    aliases = ", ".join(f"{exporter['mesh']} exports it as {'/'.join(_alias(exporter))}" for exporter in exporters[1:])
    message = f"{subject}; solved by an alias: {aliases}, and {collision['consumer']} imports it under its own name"
    return {**collision, "solution": "alias", "message": message}, []


def _is_live(exporter: Exporter, consumer: str, live_exports: LiveExports) -> bool:
    """Whether an exporter offers the name already."""
    rules = live_exports.get(exporter["host"], {}).get(consumer, [])
    return any(offer.is_certain and offer.names.text == exporter["exported_name"] for offer in offers(rules))


def _exported_names(exporter: Exporter) -> Names:
    namespace, dummy, name = exporter["exported_name"].partition("/")
    return names_of({"namespace": namespace, "name": name})


def _alias(exporter: Exporter) -> Tuple[str, str]:
    namespace, dummy, name = exporter["exported_name"].partition("/")
    return conventions.distinct(namespace, exporter["mesh"], conventions.LABEL_MAX), name


def _add_alias(meshes: Dict[str, DeclaredMesh], consumer: str, exporter: Exporter) -> None:
    """Add the alias to the exporter's rule, and restore the name in the consumer's rule."""
    host = exporter["host"]
    exports, imports = meshes[host]["exports"], meshes[consumer]["imports"]
    rules = list(exports[consumer])
    rules[exporter["rule"]] = repaired_export(rules[exporter["rule"]], exporter)
    meshes[host] = {**meshes[host], "exports": {**exports, consumer: rules}}
    index = first_import(imports.get(host) or [], _exported_names(exporter))
    if index is not None:
        rules = list(imports[host])
        # A rule with a wildcard stays, for the other services that it selects.
        has_wildcard = not source(rules[index]).is_single
        rules[index : index + (0 if has_wildcard else 1)] = [repaired_import(rules[index], exporter)]
        meshes[consumer] = {**meshes[consumer], "imports": {**imports, host: rules}}


def _mesh_list(exporters: Iterable[Exporter]) -> str:
    meshes = [exporter["mesh"] for exporter in exporters]
    if len(meshes) > _LISTED:
        meshes[_LISTED - 1 :] = [f"{len(meshes) - _LISTED + 1} others"]
    return f"{', '.join(meshes[:-1])} and {meshes[-1]}"


def _offer_text(collision: Collision) -> str:
    verb = "export" if collision["certain"] else "may export"
    return f"{_mesh_list(collision['exporters'])} {verb} {collision['name']} to {collision['consumer']}"


def _names_message(collision: Collision) -> str:
    """The message that different peer names solve a collision."""
    own = [exporter for exporter in collision["exporters"] if exporter["peer_name"] != collision["consumer"]]
    names = ", ".join(f"{exporter['mesh']} calls it {exporter['peer_name']}" for exporter in own[: _LISTED - 1])
    if len(own) >= _LISTED:
        names += f", and so on for {len(own) - _LISTED + 1} others"
    return f"{_offer_text(collision)}; solved by peer names: {names}"


def _where(meshes: Mapping[str, DeclaredMesh], collision: Collision, exporter: Exporter) -> str:
    """The variable, or the entry of ``federation_services``, with the rule of an exporter."""
    where = meshes[exporter["host"]]["export_places"][collision["consumer_host"]][exporter["rule"]]
    return where if is_shared(where) else "mesh_exports"


def _possible_collision(meshes: Mapping[str, DeclaredMesh], collision: Collision, subject: str) -> Problem:
    exporter = collision["exporters"][-1]
    consequence = (
        f"as soon as {collision['consumer']} imports it from more than one of them, requests fail"
        if collision["certain"]
        else "requests fail to a service that more than one of them exports under one name, and that is imported from them"
    )
    return problem(
        "export-collision-possible",
        exporter["mesh"],
        _where(meshes, collision, exporter),
        f"{subject}: {consequence}",
        f"Give {collision['consumer']} another name in mesh_peer_names of {exporter['mesh']} before their link is created, "
        "or export with an alias that no other mesh uses",
        peer=collision["consumer"],
        severity="warning",
    )


def _yaml(rule: Rule) -> str:
    """A rule as YAML that fits into a sentence."""
    return str(yaml.safe_dump(rule, default_flow_style=True, sort_keys=False, width=math.inf)).strip()


def _certain_collision(
    meshes: Mapping[str, DeclaredMesh], collision: Collision, exporter: Exporter, subject: str
) -> Problem:
    """The error of one exporter, with the repaired rules."""
    consumer = meshes[collision["consumer_host"]]
    export = repaired_export(
        meshes[exporter["host"]]["exports"][collision["consumer_host"]][exporter["rule"]], exporter
    )
    rules = consumer["imports"].get(exporter["host"]) or []
    index = first_import(rules, _exported_names(exporter))
    where = _where(meshes, collision, exporter)
    remedy = f"In mesh_exports of {exporter['mesh']} for {collision['consumer']} write {_yaml(export)}"
    if index is not None:
        repaired = _yaml(repaired_import(rules[index], exporter))
        remedy += f", and in mesh_imports of {collision['consumer']} for {exporter['mesh']} {repaired}"
    if is_shared(where):
        remedy += f", instead of {where}"
    return problem(
        "export-collision",
        exporter["mesh"],
        where,
        f"{subject}: the status would be healthy, and requests would fail",
        f"{remedy}; or, if their link does not exist yet, give {collision['consumer']} another name in mesh_peer_names "
        f"of {exporter['mesh']}",
        peer=collision["consumer"],
    )
