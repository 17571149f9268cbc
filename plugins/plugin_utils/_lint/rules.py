# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: rules with their place in the inventory, and what they offer and import there. Pure.

Which services a rule selects is decided in ``_product.matching``. Rules have passed the checks of ``_model.rules``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, NamedTuple, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names, Offer, Selection
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh, RuleList


class Place(NamedTuple):
    """One rule at its place: ``mesh`` is a host; ``short`` as in ``RuleList``."""

    mesh: str
    where: str
    rule: Rule
    short: bool


@dataclass(frozen=True)
class PlacedOffer(Offer):
    """What a rule exports, with its place."""

    place: Place


class PlacedImport(NamedTuple):
    """What an import rule makes of an offer: ``names`` and ``suffix`` are those that the importing mesh uses.

    ``seen`` are the exported names to which that applies; ``certain`` when both rules name this one service.
    """

    seen: Names
    names: Names
    suffix: str
    certain: bool
    selection: Selection
    offer: PlacedOffer
    place: Place


def offers(places: Sequence[Place]) -> List[PlacedOffer]:
    """What a list of export rules offers."""
    return [
        PlacedOffer(offer.source, offer.names, offer.index, offer.is_named, offer.is_certain, places[offer.index])
        for offer in matching.offers([place.rule for place in places])
    ]


def offer_of(names: Names, exported: Names, place: Place) -> PlacedOffer:
    """The offer of one service that exists, under its exported name."""
    return PlacedOffer(names, exported, 0, True, True, place)


def imports(places: Sequence[Place], offered: Sequence[PlacedOffer], peer_name: str) -> List[PlacedImport]:
    """What a list of import rules makes of the offers of one peer."""
    rules = [place.rule for place in places]
    imported = []
    for index, place in enumerate(places):
        for offer in offered:
            result = matching.imported(rules, index, offer.names)
            if result is None:
                continue
            certain = result.seen.is_single and (offer.is_named or result.selection.source.is_single)
            imported.append(
                PlacedImport(
                    result.seen,
                    result.names,
                    matching.import_suffix(place.rule, peer_name),
                    certain,
                    result.selection,
                    offer,
                    place,
                )
            )
    return imported


def places_of(mesh: DeclaredMesh, written: RuleList) -> List[Place]:
    """The rules of a list with their places."""
    return [
        Place(mesh["host"], where, rule, short)
        for where, rule, short in zip(written["places"], written["rules"], written["short"])
    ]
