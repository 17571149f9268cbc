# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: one name that several meshes export to the same mesh. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL_MAX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import PlacedOffer
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View

#: The code of what the plan finds too, and more exactly: it knows the names of existing peers.
COLLISION = "export-collision"
_ByHost = Dict[Tuple[str, Names], List[PlacedOffer]]


class _Rivalry(NamedTuple):
    """An offer, the mesh that imports it, and what others offer to that mesh under the same host name."""

    offer: PlacedOffer
    consumer: str
    rivals: List[PlacedOffer]


def shared_names(view: View) -> List[Problem]:
    """One name that several meshes export to one, to which they give the same peer name.

    The host name of an export is made of its name and of the exporter's peer name, so both services get one host name in
    the importing mesh, whatever their local names are (maistra/istio aggregate/controller.go mergeService). A name that is
    not imported from both is harmless and not reported; nor are rules in the short form, to which the plan gives distinct names.
    """
    rivalries: Dict[Tuple[str, str], List[_Rivalry]] = defaultdict(list)
    possible: Dict[Tuple[str, str], Problem] = {}
    for consumer in view.hosts:
        named, wildcards = _by_exported_host(view, consumer)
        for offers in named.values():
            for offer in offers:
                rivals = [other for other in offers if other.place.mesh != offer.place.mesh]
                if rivals:
                    rivalries[offer.place.mesh, offer.place.where].append(_Rivalry(offer, consumer, rivals))
        for found in _possible_collisions(view, consumer, named, wildcards):
            possible.setdefault((found["mesh"], found["where"]), found)
    return [_collision(view, rivalries[key]) for key in sorted(rivalries)] + list(possible.values())


def _by_exported_host(view: View, consumer: str) -> Tuple[_ByHost, _ByHost]:
    """What one mesh imports by rules in the product's shape, by the exporter's peer name and the exported name; first the
    rules that name a service, then the rest."""
    named: _ByHost = defaultdict(list)
    wildcards: _ByHost = defaultdict(list)
    for exporter in view.partners[consumer]:
        peer_name = view.peer_name(exporter, consumer)
        offers = {id(imported.offer): imported.offer for imported in view.imports(consumer, exporter)}
        for offer in offers.values():
            if not offer.place.short:
                (named if offer.is_named else wildcards)[peer_name, offer.names].append(offer)
    return named, wildcards


def _collision(view: View, rivalries: Sequence[_Rivalry]) -> Problem:
    """One export rule whose name other meshes export too, for all meshes that import it."""
    offer = rivalries[0].offer
    rivals = {rival.place.mesh for rivalry in rivalries for rival in rivalry.rivals}
    mesh, consumers = view.name(offer.place.mesh), view.names([rivalry.consumer for rivalry in rivalries])
    alias = Names(_with_mesh(offer.names.namespace or "", mesh), offer.names.name)
    verb = "exports" if len(rivals) == 1 else "export"
    return problem(
        COLLISION,
        mesh,
        offer.place.where,
        f"{view.names(list(rivals))} also {verb} {offer.names.text} to {consumers}: there both become one service, the status "
        "is healthy and requests fail",
        f"Export it under an alias that only {mesh} uses, and import {alias.text} in {consumers}; or set another name for that "
        f"peer in mesh_peer_names of {mesh}",
        repaired=_aliased(offer, alias),
    )


def _with_mesh(namespace: str, mesh: str) -> str:
    together = f"{namespace}-{mesh}"
    return together if len(together) <= LABEL_MAX else mesh


def _aliased(offer: PlacedOffer, alias: Names) -> Rule:
    selector = {"namespace": offer.source.namespace, "name": offer.source.name}
    return {
        "type": "NameSelector",
        "nameSelector": {**selector, "alias": {"namespace": alias.namespace, "name": alias.name}},
    }


def _possible_collisions(view: View, consumer: str, named: _ByHost, wildcards: _ByHost) -> Iterator[Problem]:
    """Exports with wildcards or label selectors that may have a name that another mesh exports to the same one."""
    for (peer_name, names), offers in wildcards.items():
        rivals = {
            other.place.mesh: shared
            for by_host in (named, wildcards)
            for (other_peer_name, other_names), others in by_host.items()
            for shared in [matching.intersect(names, other_names) if peer_name == other_peer_name else None]
            for other in others
            if shared is not None
        }
        for offer in offers:
            exporters = sorted(set(rivals) - {offer.place.mesh})
            if not exporters:
                continue
            mesh = view.name(offer.place.mesh)
            yield problem(
                "export-collision-possible",
                mesh,
                offer.place.where,
                f"may export {rivals[exporters[0]].text} to {view.name(consumer)}, as may {view.names(exporters)}: only the "
                "clusters show whether both exist, and if they do requests fail",
                f"Set aliases that only {mesh} uses, unless the services differ",
                severity="info",
            )
