# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rules of a set without one service. Pure.

Only a rule that names this service alone is removed. A rule with a wildcard or a selector has no exact form without it: istiod has no rule
that excludes a service, and a list of the others would not select what is created later.
"""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    covers,
    exported_parts,
    imported_host,
    is_import_effective,
    selections,
    source,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Rule


class Narrowed(NamedTuple):
    """A list of rules without a service: the ``rules`` that stay, those that are ``removed``, and by their index those that select
    it together with others. ``possible`` select it if it has the labels, which only the cluster knows."""

    rules: List[Rule]
    removed: List[Rule]
    covering: List[int]
    possible: List[int]


def without_import(rules: Sequence[Rule], service: Names) -> Narrowed:
    """Import rules without an exported service."""
    exact = [
        index
        for index, rule in enumerate(rules)
        if any(selection.source == service and not selection.by_labels for selection in selections(rule))
    ]
    covering = [
        index
        for index, rule in enumerate(rules)
        if index not in exact and is_import_effective(rule) and covers(source(rule), service)
    ]
    return _narrowed(rules, exact, covering, [])


def without_export(rules: Sequence[Rule], service: Names, local: Collection[Names]) -> Narrowed:
    """Export rules without an exported service; ``local`` are the services of the mesh that have this exported name now.

    A rule that is left must not select these services either: it would export them, under this or another name.
    """
    exact = [index for index, rule in enumerate(rules) if _exports_only(rule, service)]
    sources = {*local, *(selections(rules[index])[0].source for index in exact)}
    covering: List[int] = []
    possible: List[int] = []
    for index, rule in enumerate(rules):
        selecting = [one for one in selections(rule) if any(covers(one.source, names) for names in sources)]
        if selecting and index not in exact:
            (possible if all(one.by_labels for one in selecting) else covering).append(index)
    return _narrowed(rules, exact, covering, possible)


def _exports_only(rule: Rule, service: Names) -> bool:
    """Whether an export rule names one service alone and exports it under this name."""
    selected = selections(rule)
    return (
        len(selected) == 1
        and selected[0].source.is_single
        and not selected[0].by_labels
        and selected[0].target == service
    )


def _narrowed(rules: Sequence[Rule], exact: List[int], covering: List[int], possible: List[int]) -> Narrowed:
    return Narrowed(
        [rule for index, rule in enumerate(rules) if index not in exact],
        [rules[index] for index in exact],
        covering,
        possible,
    )


def declared_imports(
    live: Sequence[Rule], declared: Optional[Sequence[Rule]], service: Names, offered: Sequence[str], peer_name: str
) -> Optional[List[Rule]]:
    """The declared rules, if they import exactly what the live ones import of the ``offered`` services, but for this one; else None."""

    def hosts(rules: Sequence[Rule]) -> Dict[str, str]:
        return {name: imported_host(rules, name, peer_name) for name in offered}

    return _instead(live, declared, service, hosts)


def declared_exports(
    live: Sequence[Rule], declared: Optional[Sequence[Rule]], service: Names, exported: Sequence[Imported]
) -> Optional[List[Rule]]:
    """The declared rules, if they export exactly what the status lists, but for this service; else None.

    A service that the declared rules select by its labels is not known to be exported.
    """
    listed = {row["exportedName"]: local_names(row["hostname"]) for row in exported}

    def names(rules: Sequence[Rule]) -> Dict[str, str]:
        if rules is live:
            return {name: exported_parts(name).text for name in listed}
        return {name: _exported_as(rules, local) for name, local in listed.items()}

    return _instead(live, declared, service, names)


def _instead(
    live: Sequence[Rule],
    declared: Optional[Sequence[Rule]],
    service: Names,
    effect: Callable[[Sequence[Rule]], Mapping[str, str]],
) -> Optional[List[Rule]]:
    """The declared rules, if their effect is that of the live ones without the service."""
    if declared is None:
        return None
    wanted = {name: "" if exported_parts(name) == service else text for name, text in effect(live).items()}
    return list(declared) if effect(declared) == wanted else None


def _exported_as(rules: Sequence[Rule], local: Names) -> str:
    """The name under which rules export a service, as ``namespace/name``; ``?`` where that depends on its labels."""
    selecting = [one for rule in rules for one in selections(rule) if covers(one.source, local)]
    if any(one.by_labels for one in selecting):
        return "?"
    return selecting[0].renamed(local).text if selecting else ""


def local_names(hostname: str) -> Names:
    """Namespace and name in the host name of a local service (``<name>.<namespace>.svc.cluster.local``)."""
    return exported_parts(hostname)


def rule_text(rule: Rule) -> str:
    """A rule in a few words: the services that it selects, and whether by labels."""
    by_labels = any(selection.by_labels for selection in selections(rule))
    return f"{source(rule).text}{' by labels' if by_labels else ''}"
