# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which services a rule selects and how it renames them. Pure.

This is the only place where rules meet services.

The semantics are those of maistra/istio pkg/servicemesh/federation/common (exports.go, imports.go, namemapping.go): the first
rule that matches wins; a part that is empty or ``*`` matches all, and keeps the original in an alias; nothing else is a
wildcard; a rule without the body of its type is skipped. Rules are in the product's shape, or any value that a user wrote in
its place: an invalid rule is compared with the others as far as it is readable, so that all problems are reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule

#: What matches everything; as part of an alias it keeps the original (maistra/istio namemapping.go).
ANY = (None, "", "*")
BODIES = {"NameSelector": "nameSelector", "LabelSelector": "labelSelector"}


class Names(NamedTuple):
    """The services of a namespace and a name; None is any."""

    namespace: Optional[str]
    name: Optional[str]

    @property
    def is_single(self) -> bool:
        """Whether it is one service, as far as names go."""
        return self.namespace is not None and self.name is not None

    @property
    def text(self) -> str:
        """The short form of a rule: ``namespace/name``."""
        return f"{self.namespace or '*'}/{self.name or '*'}"


class Selection(NamedTuple):
    """Services that a rule selects, and the parts of their names that it replaces (None: kept).

    With ``by_labels`` only the services with the labels are selected, which only the cluster knows.
    """

    source: Names
    alias: Names
    by_labels: bool

    def renamed(self, names: Names) -> Names:
        """The new names of services of the source."""
        return Names(self.alias.namespace or names.namespace, self.alias.name or names.name)

    @property
    def target(self) -> Names:
        """The new names of all services of the source."""
        return self.renamed(self.source)

    def origin(self, target: Names) -> Names:
        """The services of the source that get the names of ``target``, which intersects this selection's target."""
        return Names(
            *(
                own if alias is not None else (own or wanted)
                for own, alias, wanted in zip(self.source, self.alias, target)
            )
        )


@dataclass(frozen=True)
class Offer:
    """What one export rule offers: ``source`` in the exporting mesh, ``names`` for the importing one.

    ``index`` is the rule's place in its list. ``is_named``: the rule names this one service. ``is_certain``: and no
    earlier rule may select it by its labels, so that it has exactly this name if it exists.
    """

    source: Names
    names: Names
    index: int
    is_named: bool
    is_certain: bool


@dataclass(frozen=True)
class Import:
    """What one import rule makes of offered services: ``seen`` are their exported names, ``names`` the local ones."""

    seen: Names
    names: Names
    selection: Selection
    index: int


def names_of(mapping: Any) -> Names:
    """Namespace and name of a selector or of an alias; any, where it has none."""
    if not isinstance(mapping, dict):
        return Names(None, None)
    namespace, name = mapping.get("namespace"), mapping.get("name")
    return Names(None if namespace in ANY else str(namespace), None if name in ANY else str(name))


def covers(wide: Names, narrow: Names) -> bool:
    """Whether all of the narrow are among the wide."""
    return all(part is None or part == other for part, other in zip(wide, narrow))


def intersect(first: Names, second: Names) -> Optional[Names]:
    """The services that are in both; None when there can be none."""
    if any(None not in pair and pair[0] != pair[1] for pair in zip(first, second)):
        return None
    return Names(*(part or other for part, other in zip(first, second)))


def _body(rule: Rule) -> Optional[Json]:
    """The selector of a rule's type; None where istiod skips the rule."""
    body = rule.get(BODIES.get(str(rule.get("type")), ""))
    return body if isinstance(body, dict) else None


def source(rule: Rule) -> Names:
    """The services that a rule selects, unless istiod skips it."""
    return names_of(_body(rule) or {})


def selections(rule: Rule) -> List[Selection]:
    """All selections of a rule, in its order: one by names, or one for each alias of a LabelSelector and the rest."""
    body = _body(rule)
    if body is None:
        return []
    if rule["type"] == "NameSelector":
        return [Selection(names_of(body), names_of(body.get("alias")), False)]
    outer = Names(source(rule).namespace, None)
    selected: List[Selection] = []
    aliases = body.get("aliases")
    for mapping in [entry for entry in aliases if isinstance(entry, dict)] if isinstance(aliases, list) else []:
        inner = intersect(outer, names_of(mapping))
        if inner is not None and not any(covers(earlier.source, inner) for earlier in selected):
            selected.append(Selection(inner, names_of(mapping.get("alias")), True))
    if not any(covers(earlier.source, outer) for earlier in selected):
        selected.append(Selection(outer, Names(None, None), True))
    return selected


def effective_selections(rules: Sequence[Rule], index: int) -> List[Selection]:
    """The selections of the rule at this index of which no earlier rule selects everything, whatever the labels."""
    return [
        selection for selection in selections(rules[index]) if not is_selected_before(rules, index, selection.source)
    ]


def is_selected_before(rules: Sequence[Rule], index: int, names: Names) -> bool:
    """Whether an earlier rule selects all these services, whatever their labels."""
    return any(
        rule.get("type") == "NameSelector" and _body(rule) is not None and covers(source(rule), names)
        for rule in rules[:index]
    )


def shadowing_rule(rules: Sequence[Rule], index: int) -> Optional[int]:
    """The index of the first rule that selects all that the rule at this index could select, or None."""
    return next((earlier for earlier in range(index) if _shadows(rules[earlier], rules[index])), None)


def _shadows(earlier: Rule, later: Rule) -> bool:
    if not covers(source(earlier), source(later)):
        return False
    if earlier["type"] == "NameSelector":
        return True
    same: bool = later.get("labelSelector", {}).get("selector") == earlier["labelSelector"].get("selector")
    return same


def offers(rules: Sequence[Rule]) -> List[Offer]:
    """What a list of export rules offers, as far as the rules alone tell."""
    offered = []
    for index in range(len(rules)):
        for selection in effective_selections(rules, index):
            is_named = selection.source.is_single and not selection.by_labels
            # An earlier rule may select it by its labels and export it under another name.
            is_open = any(_body(rule) is not None and covers(source(rule), selection.source) for rule in rules[:index])
            offered.append(Offer(selection.source, selection.target, index, is_named, is_named and not is_open))
    return offered


def first_export(rules: Sequence[Rule], names: Names, labels: Mapping[str, str]) -> Optional[Tuple[int, Selection]]:
    """The rule that exports a service with these labels, by its index, and the selection that does it."""
    for index, rule in enumerate(rules):
        body = rule.get("labelSelector") if rule.get("type") == "LabelSelector" else None
        if body is not None and not labels_match(body.get("selector") or {}, labels):
            continue
        if intersect(source(rule), names) is None:
            continue
        for selection in selections(rule):
            if covers(selection.source, names):
                return index, selection
    return None


def is_import_effective(rule: Rule) -> bool:
    """Whether istiod uses an import rule: one by names, with a fixed namespace for ``importAsLocal``, and without the
    cluster's own suffix otherwise (maistra/istio imports.go)."""
    body = _body(rule)
    if body is None or rule["type"] != "NameSelector":
        return False
    if rule.get("importAsLocal"):
        return names_of(body.get("alias")).namespace is not None
    return rule.get("domainSuffix") != LOCAL_SUFFIX


def imported(rules: Sequence[Rule], index: int, offered: Names) -> Optional[Import]:
    """What the import rule at this index makes of offered services; None when it gets none of them."""
    if intersect(source(rules[index]), offered) is None:
        return None
    for selection in selections(rules[index]):
        seen = intersect(selection.source, offered)
        if seen is not None and not is_selected_before(rules, index, seen):
            return Import(seen, selection.renamed(seen), selection, index)
    return None


def first_import(rules: Sequence[Rule], offered: Names) -> Optional[int]:
    """The index of the first import rule that selects some of the offered services; None when there is none."""
    for index, rule in enumerate(rules):
        if is_import_effective(rule) and intersect(source(rule), offered) is not None:
            return index
    return None


def exported_parts(exported_name: str) -> Names:
    """Namespace and name in an exported host name (``<name>.<namespace>.svc.<peer>-exports.local``).

    The name may have dots, as the host of a ServiceEntry has them; the namespace and the peer's name are DNS labels. So the
    name is split at its end (maistra/istio pkg/servicemesh/federation/server/server.go).
    """
    service = exported_name.rpartition(".svc.")[0] or exported_name
    name, dot, namespace = service.rpartition(".")
    return Names(namespace, name) if dot else Names("", service)


def rule_imports(rules: Sequence[Json], exported_name: str) -> bool:
    """Whether import rules import an exported service, by its host name."""
    names = exported_parts(exported_name)
    return any(is_import_effective(rule) and covers(source(rule), names) for rule in rules)


def exported_as(rules: Sequence[Json], local: Names) -> List[Names]:
    """The names under which export rules may export a service, in their order; what labels select counts."""
    return [
        selection.renamed(local)
        for index in range(len(rules))
        for selection in effective_selections(rules, index)
        if covers(selection.source, local)
    ]


def import_suffix(rule: Rule, peer_name: str) -> str:
    """The domain of what an import rule imports from a peer of this name."""
    if rule.get("importAsLocal"):
        return LOCAL_SUFFIX
    return str(rule.get("domainSuffix") or f"svc.{peer_name}-imports.local")


def imported_host(rules: Sequence[Rule], exported_name: str, peer_name: str) -> str:
    """The host name under which import rules import an exported service from a peer of this name; empty where none does."""
    names = exported_parts(exported_name)
    for rule in rules:
        if is_import_effective(rule) and covers(source(rule), names):
            local = selections(rule)[0].renamed(names)
            return f"{local.name}.{local.namespace}.{import_suffix(rule, peer_name)}"
    return ""


def labels_match(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether a Service's labels are selected, as Kubernetes does it."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_is_satisfied(expression, labels) for expression in selector.get("matchExpressions") or [])


def _is_satisfied(expression: Json, labels: Mapping[str, str]) -> bool:
    key, operator = str(expression.get("key")), str(expression.get("operator"))
    written = expression.get("values")
    values: List[Any] = written if isinstance(written, list) else []
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    return (labels.get(key) in values) == (operator == "In")
