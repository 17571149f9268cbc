# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: objects of users that name a trust domain literally. Pure.

An identity is ``<trust domain>/ns/<namespace>/sa/<account>`` in an AuthorizationPolicy, and the same after ``spiffe://`` in the
``subjectAltNames`` of a DestinationRule, a ServiceEntry or a Gateway.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import NAMING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

_SCHEME = "spiffe://"


def objects_that_name(facts: Json, domains: Sequence[str]) -> List[str]:
    """Kind, namespace and name of each object that names one of the domains, sorted."""
    found = [
        f"{read['kind']} {dig(obj, 'metadata', 'namespace')}/{dig(obj, 'metadata', 'name')}"
        for read in facts.get("additional_objects") or []
        if read["kind"] in NAMING
        for obj in read["objects"]
        if any(names_domain(text, domains) for text in _texts(obj.get("spec")))
    ]
    return sorted(found)


def unread_kinds(facts: Json) -> List[str]:
    """The kinds that could not be listed."""
    return [one["kind"] for one in facts.get("additional_objects") or [] if one["kind"] in NAMING and one["problem"]]


def names_domain(text: str, domains: Sequence[str]) -> bool:
    """Whether a text is an identity of one of the domains, or a prefix of one with a wildcard.

    >>> names_domain("spiffe://old.local/ns/a/sa/b", ["old.local"]), names_domain("old.local/*", ["old.local"])
    (True, True)
    >>> names_domain("*/ns/a/sa/b", ["old.local"]), names_domain("old.local.example", ["old.local"])
    (False, False)
    """
    name = text[len(_SCHEME) :] if text.startswith(_SCHEME) else text
    return any(name == domain or name.startswith(f"{domain}/") for domain in domains)


def _texts(value: Any) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
