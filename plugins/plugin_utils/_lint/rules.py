# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what lists of rules offer and import, rule by rule, and which rules never count. Pure.

Which services a rule takes is told by ``_product.matching``. Rules have passed the checks of ``_model.rules``.
"""

from __future__ import annotations

from typing import List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    Way,
    covers,
    meet,
    open_ways,
    source,
    taken_before,
    ways,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh, RuleList


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
        for way in open_ways(rules, index):
            found.append(Offer(way.source, way.target, way.source.one and not way.labels, place))
    return found


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
