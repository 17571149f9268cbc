# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which services a rule takes and what it calls them, told from the rule alone. Pure.

The semantics are those of maistra/istio pkg/servicemesh/federation/common (exports.go, imports.go, namemapping.go): the first
rule that matches wins; a part that is empty or ``*`` matches all, and keeps the original in an alias; nothing else is a
wildcard. Rules are in the product's shape and have passed the checks of ``_model_rules``.
"""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._model_names import LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._model_repair import ANY
from ansible_collections.ossm.federation.plugins.module_utils._model_types import DeclaredMesh, Json, Rule, RuleList


class Names(NamedTuple):
    """The services of a namespace and a name; None is any."""

    namespace: Optional[str]
    name: Optional[str]

    @property
    def one(self) -> bool:
        """Whether it is one service, as far as names go."""
        return self.namespace is not None and self.name is not None

    @property
    def text(self) -> str:
        """As the short form of a rule has it."""
        return f"{self.namespace or '*'}/{self.name or '*'}"


class Way(NamedTuple):
    """Services that a rule takes, and the parts of their names that it replaces (None: kept).

    With ``labels`` only some of the services are meant: those that have the labels, which only the cluster knows.
    """

    source: Names
    alias: Names
    labels: bool

    def of(self, names: Names) -> Names:
        """What services of the source are called."""
        return Names(self.alias.namespace or names.namespace, self.alias.name or names.name)

    @property
    def target(self) -> Names:
        return self.of(self.source)

    def back(self, target: Names) -> Names:
        """The services of the source that would be called like this; the target meets this way's target."""
        return Names(
            *(
                own if alias is not None else (own or wanted)
                for own, alias, wanted in zip(self.source, self.alias, target)
            )
        )


class Place(NamedTuple):
    """One rule where it stands: ``mesh`` is a host; ``short`` when it is written as ``namespace/name``."""

    mesh: str
    where: str
    rule: Rule
    short: bool


class Offer(NamedTuple):
    """What a rule exports: ``source`` in the exporting mesh, ``names`` for the others.

    ``certain`` when the rule names this one service.
    """

    source: Names
    names: Names
    certain: bool
    place: Place


class Taken(NamedTuple):
    """What an import rule makes of an offer: ``names`` and ``suffix`` are those that the importing mesh uses.

    ``seen`` are the exported names of which that is true; ``certain`` when both rules name this one service.
    """

    seen: Names
    names: Names
    suffix: str
    certain: bool
    way: Way
    offer: Offer
    place: Place


def names_of(mapping: Mapping[str, Any]) -> Names:
    """Namespace and name of a selector or of an alias."""
    parts = (mapping.get("namespace"), mapping.get("name"))
    return Names(*(None if part in ANY else part for part in parts))


def covers(wide: Names, narrow: Names) -> bool:
    """Whether all of the narrow are among the wide."""
    return all(part is None or part == other for part, other in zip(wide, narrow))


def meet(one: Names, other: Names) -> Optional[Names]:
    """The services that are both; None when there can be none."""
    if any(None not in pair and pair[0] != pair[1] for pair in zip(one, other)):
        return None
    return Names(*(part or mate for part, mate in zip(one, other)))


def source(rule: Rule) -> Names:
    """The services that a rule looks at."""
    return names_of(rule.get("nameSelector") or rule.get("labelSelector") or {})


def ways(rule: Rule) -> List[Way]:
    """Everything that a rule does, in its order."""
    if rule["type"] == "NameSelector":
        selector = rule["nameSelector"]
        return [Way(names_of(selector), names_of(selector.get("alias") or {}), False)]
    outer = Names(source(rule).namespace, None)
    found: List[Way] = []
    for mapping in rule["labelSelector"].get("aliases") or []:
        inner = meet(outer, names_of(mapping))
        if inner is not None and not any(covers(way.source, inner) for way in found):
            found.append(Way(inner, names_of(mapping.get("alias") or {}), True))
    if not any(covers(way.source, outer) for way in found):
        found.append(Way(outer, Names(None, None), True))
    return found


def suffix(rule: Rule, peer_name: str) -> str:
    """The domain of what an import rule makes, below a peer of this name."""
    if rule.get("importAsLocal"):
        return LOCAL_SUFFIX
    return str(rule.get("domainSuffix") or f"svc.{peer_name}-imports.local")


def shadowing(rules: Sequence[Rule], index: int) -> Optional[int]:
    """The first rule that takes all that the rule at this index could take, or None."""
    for earlier in range(index):
        if _takes_all(rules[earlier], rules[index]):
            return earlier
    return None


def _takes_all(earlier: Rule, later: Rule) -> bool:
    if not covers(source(earlier), source(later)):
        return False
    if earlier["type"] == "NameSelector":
        return True
    same: bool = later.get("labelSelector", {}).get("selector") == earlier["labelSelector"].get("selector")
    return same


def offers(places: Sequence[Place]) -> List[Offer]:
    """What a list of export rules offers; of one service that several rules name only what the first makes of it."""
    rules = [place.rule for place in places]
    found = []
    for index, place in enumerate(places):
        for way in ways(place.rule):
            if taken_before(rules, index, way.source):
                continue
            found.append(Offer(way.source, way.target, way.source.one and not way.labels, place))
    return found


def taken_before(rules: Sequence[Rule], index: int, names: Names) -> bool:
    """Whether an earlier rule takes all these services."""
    return any(rule["type"] == "NameSelector" and covers(source(rule), names) for rule in rules[:index])


def imports(places: Sequence[Place], offered: Sequence[Offer], peer_name: str) -> List[Taken]:
    """What a list of import rules makes of the offers of one peer."""
    rules = [place.rule for place in places]
    found = []
    for index, place in enumerate(places):
        (way,) = ways(place.rule)
        for offer in offered:
            seen = meet(way.source, offer.names)
            if seen is None or taken_before(rules, index, seen):
                continue
            certain = seen.one and (offer.certain or way.source.one)
            found.append(Taken(seen, way.of(seen), suffix(place.rule, peer_name), certain, way, offer, place))
    return found


def places_of(mesh: DeclaredMesh, written: RuleList) -> List[Place]:
    """The rules of a list with their places."""
    return [
        Place(mesh["host"], f"{written['where']}[{index}]", rule, isinstance(written["written"][index], str))
        for index, rule in enumerate(written["rules"])
    ]


def labels_match(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether a Service's labels are selected, as Kubernetes does it."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or [])


def _holds(expression: Json, labels: Mapping[str, str]) -> bool:
    key: str = expression.get("key", "")
    operator: str = expression.get("operator", "")
    values = expression.get("values") or []
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    return (labels.get(key) in values) == (operator == "In")
