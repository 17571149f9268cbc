# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: objects of users that name imported hosts, which stop to exist with the import. Pure.

Hosts of an import are ``<name>.<namespace>.svc.<peer>-imports.local``, or local names where a service is imported as local
(maistra/istio pkg/servicemesh/federation, createService).
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import import_suffix
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import REFERRING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_imports
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import LivePair

#: ``host`` and ``hosts`` of all kinds; ``notHosts`` and ``values`` of an AuthorizationPolicy; ``address`` of ServiceEntry endpoints.
_HOST_KEYS = frozenset({"host", "hosts", "notHosts", "values", "notValues", "address"})
#: How many objects one message names.
_MOST = 5


def find_references(mesh: str, pairs: Sequence[LivePair], facts: Json) -> List[Problem]:
    """One problem for each pair whose imported hosts are named by objects of users, and one for kinds that could not be read."""
    found = [problem for pair in pairs for problem in _of_pair(mesh, pair, _read(facts))]
    return found + (_unread(mesh, facts) if any(_imported_hosts(pair) for pair in pairs) else [])


def find_uses(mesh: str, peer: str, hosts: Set[str], facts: Json) -> List[Problem]:
    """The problem about objects of users that name one of these ``hosts``, which are imported from a peer, and one for kinds that
    could not be read."""
    if not hosts:
        return []
    return _named(mesh, peer, _read(facts), lambda text: _names_one(text, hosts)) + _unread(mesh, facts)


def _read(facts: Json) -> List[Json]:
    """What was read of the kinds that name hosts."""
    return [one for one in facts.get("additional_objects") or [] if one["kind"] in REFERRING]


def _unread(mesh: str, facts: Json) -> List[Problem]:
    """The problem about kinds that could not be read."""
    unread = [one["kind"] for one in _read(facts) if one["problem"] is not None]
    if not unread:
        return []
    message = f"{', '.join(unread)} cannot be listed in all namespaces, so what uses the imported hosts is not known"
    return [problem("references-unread", mesh, f"API server of {mesh}", message)]


def _of_pair(mesh: str, pair: LivePair, read: Sequence[Json]) -> List[Problem]:
    """The problem about the objects that name hosts of one pair."""
    hosts, domain = _imported_hosts(pair), import_suffix({}, pair["peer_name"])
    return _named(mesh, pair["peer"], read, lambda text: _refers(text, hosts, domain))


def _named(mesh: str, peer: str, read: Sequence[Json], refers: Callable[[str], bool]) -> List[Problem]:
    """The problem about the objects that name a host that ``refers`` to the peer."""
    names = [
        f"{one['kind']} {dig(obj, 'metadata', 'namespace')}/{dig(obj, 'metadata', 'name')}"
        for one in read
        for obj in one["objects"]
        if not is_ours(obj) and any(map(refers, host_names(obj)))
    ]
    if not names:
        return []
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return [
        problem(
            "hosts-in-use",
            mesh,
            names[0],
            f"{', '.join(names[:_MOST])}{more} name{'' if len(names) > 1 else 's'} hosts that are imported from {peer}",
            peer=peer,
        )
    ]


def _imported_hosts(pair: LivePair) -> Set[str]:
    """The host names of what is imported from the peer now."""
    return {service["hostname"] for service in read_imports(pair["import_set"])["imported"]}


def _refers(text: str, hosts: Set[str], domain: str) -> bool:
    """Whether a host name of a user's object, with or without wildcard, is or includes an imported host.

    A wildcard that is not about this peer alone (``*``, ``*.local``) does not name it.
    """
    name = text.rpartition("/")[2].rstrip(".")
    if name in hosts or name.endswith(f".{domain}") or name == domain:
        return True
    suffix = name[1:] if name.startswith("*.") else ""
    return bool(suffix) and f".{domain}".endswith(suffix) and suffix.endswith("-imports.local")


def _names_one(text: str, hosts: Set[str]) -> bool:
    """Whether a host name of a user's object is one of these hosts, or a wildcard of imported hosts that includes one."""
    name = text.rpartition("/")[2].rstrip(".")
    is_wildcard = name.startswith("*.") and name.endswith("-imports.local")
    return name in hosts or (is_wildcard and any(host.endswith(name[1:]) for host in hosts))


def host_names(obj: Json) -> Iterator[str]:
    """Every host name in the spec of an Istio object, as it is written."""
    yield from _hosts(obj.get("spec") or {})


def _hosts(value: Any) -> Iterator[str]:
    """Texts under the keys with which Istio names hosts, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _hosts(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in _HOST_KEYS:
                yield from (text for text in (inner if isinstance(inner, list) else [inner]) if isinstance(text, str))
            yield from _hosts(inner)
