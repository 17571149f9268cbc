# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: export rules compared with what may leave their mesh, and with how much they select. Pure.

A rule must be allowed whatever the cluster will have: a wildcard that fits the Services of today exports those of tomorrow. Only
a rule that names one service is judged by the labels of the live Service, where ``mesh_may_export`` allows it by labels.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import sound
from ansible_collections.ossm.federation.plugins.plugin_utils._model.may_export import VARIABLE
from ansible_collections.ossm.federation.plugins.plugin_utils._model.options import CONFIRM, confirmed_meshes
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh, Permission, RuleList

LIMIT = "federation_max_exports"
#: Messages list at most so many services, and so many permissions.
_LISTED, _PERMISSIONS = 20, 4
_GRANT = "Grant the verb list on services there"


def beyond_policy(mesh: DeclaredMesh) -> List[Problem]:
    """Export rules that could select what may not leave the mesh, by their patterns alone."""
    return [
        problem(
            "export-policy",
            mesh["mesh"],
            place.where,
            f"exports {_selected(place.rule)} of {mesh['mesh']}, and {_policy_text(mesh)}",
            f"Export only what {VARIABLE} of {mesh['mesh']} has, or extend it",
        )
        for place in _rules(mesh)
        if not _allowing(mesh, place.rule)
    ]


def beyond_policy_live(
    mesh: DeclaredMesh, services: Sequence[Json], writes: Callable[[str, int], bool]
) -> List[Problem]:
    """Export rules that name a service which may leave the mesh by its labels only, compared with the live Services.

    ``writes`` as for ``too_many_exports``: a new rule for a Service that was not read is an error.
    """
    problems = []
    live = {Names(service["namespace"], service["name"]): service for service in services}
    new = _written_places(mesh, writes)
    for place in _rules(mesh):
        allowing = _allowing(mesh, place.rule)
        if not allowing or any(permission["labels"] is None for permission in allowing):
            continue
        names = matching.source(place.rule)
        if not names.is_single or place.rule["type"] != "NameSelector":
            continue
        service = live.get(names)
        if service is None:
            problems.append(_unknown_labels(mesh, place, names, place.where in new))
        elif not any(_has_labels(permission, service) for permission in allowing):
            problems.append(_other_labels(mesh, place, service))
    return problems


def unjudged_exports(
    mesh: DeclaredMesh,
    options: Json,
    writes: Callable[[str, int], bool],
    unread: Optional[Sequence[Optional[str]]] = None,
) -> List[Problem]:
    """New export rules that only live Services can judge, and those were not read: the run must not write them.

    ``unread`` are the namespaces whose Services could not be read, with None for all; without it the run reads no Services.
    """
    limit = None if mesh["mesh"] in confirmed_meshes(options) else options.get(LIMIT)
    problems: Dict[str, Problem] = {}
    for written in sound(mesh["export_lists"]):
        for index, place in enumerate(rules.places_of(mesh, written)):
            allowing = _allowing(mesh, place.rule)
            by_labels = bool(allowing) and all(permission["labels"] is not None for permission in allowing)
            if not any(writes(peer, index) for peer in written["peers"]) or not _may_be_in(place.rule, unread):
                continue
            if is_single(place.rule) and by_labels:
                problems[place.where] = _unread_labels(mesh, place, unread)
            elif not is_single(place.rule) and limit is not None:
                problems[place.where] = _uncounted(mesh, place, int(limit), unread)
    return list(problems.values())


def too_many_exports(
    mesh: DeclaredMesh,
    services: Sequence[Json],
    options: Json,
    writes: Callable[[str, int], bool],
) -> List[Problem]:
    """New export rules with a wildcard or with labels that select more live Services than may be without confirmation.

    ``writes``: whether a run is going to write a rule, by the host of the peer and its index in the list.
    """
    most = options.get(LIMIT)
    if most is None or mesh["mesh"] in confirmed_meshes(options):
        return []
    selected: Dict[str, Set[str]] = {}
    for written in sound(mesh["export_lists"]):
        for index, names in enumerate(selected_services(written, services)):
            is_wide = not is_single(written["rules"][index]) and len(names) > most
            if is_wide and any(writes(peer, index) for peer in written["peers"]):
                selected.setdefault(written["places"][index], set()).update(names)
    return [_unconfirmed(mesh, where, sorted(names), int(most)) for where, names in selected.items()]


def selected_services(written: RuleList, services: Sequence[Json]) -> List[List[str]]:
    """The live Services that each rule of a list exports, as ``namespace/name``: the first rule that matches wins."""
    selected: List[List[str]] = [[] for _rule in written["rules"]]
    for service in services:
        names = Names(service["namespace"], service["name"])
        match = matching.first_export(written["rules"], names, service.get("labels") or {})
        if match is not None:
            selected[match[0]].append(names.text)
    return [sorted(names) for names in selected]


def is_single(rule: Rule) -> bool:
    """Whether a rule names one service."""
    return rule.get("type") == "NameSelector" and matching.source(rule).is_single


def _rules(mesh: DeclaredMesh) -> Iterator[Place]:
    """The export rules of a mesh that has a policy, each once."""
    if mesh["may_export"] is None:
        return
    places: Dict[str, Place] = {}
    for written in sound(mesh["export_lists"]):
        for place in rules.places_of(mesh, written):
            places.setdefault(place.where, place)
    yield from places.values()


def _written_places(mesh: DeclaredMesh, writes: Callable[[str, int], bool]) -> Set[str]:
    """The places of the export rules that a run is going to write."""
    return {
        place.where
        for written in sound(mesh["export_lists"])
        for index, place in enumerate(rules.places_of(mesh, written))
        if any(writes(peer, index) for peer in written["peers"])
    }


def _may_be_in(rule: Rule, unread: Optional[Sequence[Optional[str]]]) -> bool:
    """Whether a rule may select Services that were not read; see ``unjudged_exports``."""
    namespace = matching.source(rule).namespace
    return unread is None or None in unread or (bool(unread) and namespace is None) or namespace in unread


def _allowing(mesh: DeclaredMesh, rule: Rule) -> List[Permission]:
    """The permissions that cover a rule, at least if the one service that it names has their labels."""
    return [permission for permission in mesh["may_export"] or [] if _covers(permission, rule)]


def _covers(permission: Permission, rule: Rule) -> bool:
    selected = matching.source(rule)
    if permission["namespace"] not in ("*", selected.namespace):
        return False
    if permission["labels"] is None or is_single(rule):
        return True
    body = rule.get("labelSelector") if rule.get("type") == "LabelSelector" else None
    return body is not None and _implies(body.get("selector") or {}, permission["labels"])


def _implies(selector: Json, required: Json) -> bool:
    """Whether whatever has the labels of one selector has those of the other, as far as the selectors show."""
    labels: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Sequence[Any] = selector.get("matchExpressions") or []
    return all(labels.get(key) == value for key, value in (required.get("matchLabels") or {}).items()) and all(
        expression in expressions or _is_met(expression, labels)
        for expression in required.get("matchExpressions") or []
    )


def _is_met(expression: Json, labels: Mapping[str, str]) -> bool:
    """Whether fixed labels meet an expression that needs one of them."""
    is_positive = expression.get("operator") in ("In", "Exists") and expression.get("key") in labels
    return is_positive and matching.labels_match({"matchExpressions": [expression]}, labels)


def _has_labels(permission: Permission, service: Json) -> bool:
    return permission["labels"] is None or matching.labels_match(permission["labels"], service.get("labels") or {})


def _selected(rule: Rule) -> str:
    how = " with certain labels" if rule["type"] == "LabelSelector" else ""
    text = matching.source(rule).text
    return text if is_single(rule) else f"all services that match {text}{how}"


def _policy_text(mesh: DeclaredMesh) -> str:
    texts = [
        permission["namespace"] + (" with certain labels" if permission["labels"] is not None else "")
        for permission in mesh["may_export"] or []
    ]
    more = f" and {len(texts) - _PERMISSIONS} more" if len(texts) > _PERMISSIONS else ""
    return f"only {', '.join(texts[:_PERMISSIONS])}{more} may leave it" if texts else "nothing may leave it"


def _unknown_labels(mesh: DeclaredMesh, place: Place, names: Names, is_new: bool) -> Problem:
    message = f"{names.text} may leave {mesh['mesh']} with certain labels only, and no such Service was read"
    return problem("export-policy-open", mesh["mesh"], place.where, message, severity="error" if is_new else "warning")


def _other_labels(mesh: DeclaredMesh, place: Place, service: Json) -> Problem:
    labels = ", ".join(f"{key}={value}" for key, value in sorted((service.get("labels") or {}).items()))
    return problem(
        "export-policy",
        mesh["mesh"],
        place.where,
        f"exports {service['namespace']}/{service['name']}, which may leave {mesh['mesh']} with certain labels only; the Service has "
        + (labels or "no label"),
        f"Set the labels of {VARIABLE} on the Service, or extend {VARIABLE}",
    )


def _why_unread(unread: Optional[Sequence[Optional[str]]]) -> str:
    return "this run reads no Services" if unread is None else "its Services cannot be read"


def _unread_labels(mesh: DeclaredMesh, place: Place, unread: Optional[Sequence[Optional[str]]]) -> Problem:
    message = f"exports {_selected(place.rule)}, which may leave {mesh['mesh']} with certain labels only, and {_why_unread(unread)}"
    remedy = "Let federate.yml write this rule: it reads them" if unread is None else _GRANT
    return problem("export-policy", mesh["mesh"], place.where, message, remedy)


def _uncounted(mesh: DeclaredMesh, place: Place, most: int, unread: Optional[Sequence[Optional[str]]]) -> Problem:
    review = "Review the services with plan.yml" if unread is None else _GRANT
    return problem(
        "exports-unconfirmed",
        mesh["mesh"],
        place.where,
        f"exports {_selected(place.rule)} of {mesh['mesh']}, {LIMIT} is {most}, and {_why_unread(unread)}",
        f"{review}, {'then' if unread is None else 'or'} run again with -e {CONFIRM}={mesh['mesh']}",
    )


def _unconfirmed(mesh: DeclaredMesh, where: str, names: Sequence[str], most: int) -> Problem:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return problem(
        "exports-unconfirmed",
        mesh["mesh"],
        where,
        f"exports {len(names)} service{'' if len(names) == 1 else 's'} of {mesh['mesh']}, and {LIMIT} is {most}: {', '.join(names[:_LISTED])}{more}",
        f"Run again with -e {CONFIRM}={mesh['mesh']} to export them all",
    )
