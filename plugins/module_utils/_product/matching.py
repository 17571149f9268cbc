# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which services a rule takes and what it calls them, told from the rule alone. Pure.

The semantics are those of maistra/istio pkg/servicemesh/federation/common (exports.go, imports.go, namemapping.go): the first
rule that matches wins; a part that is empty or ``*`` matches all, and keeps the original in an alias; nothing else is a
wildcard; a rule without the body of its type is none. Rules are in the product's shape, or what somebody wrote in its place:
what is refused is compared with the others as far as it says anything, so that all faults are told at once.
"""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule


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


def names_of(mapping: Any) -> Names:
    """Namespace and name of a selector or of an alias; any, where it says none."""
    said = mapping if isinstance(mapping, dict) else {}
    parts = (said.get("namespace"), said.get("name"))
    return Names(*(None if part in ANY else str(part) for part in parts))


def covers(wide: Names, narrow: Names) -> bool:
    """Whether all of the narrow are among the wide."""
    return all(part is None or part == other for part, other in zip(wide, narrow))


def meet(one: Names, other: Names) -> Optional[Names]:
    """The services that are both; None when there can be none."""
    if any(None not in pair and pair[0] != pair[1] for pair in zip(one, other)):
        return None
    return Names(*(part or mate for part, mate in zip(one, other)))


def _body(rule: Rule) -> Optional[Json]:
    """What a rule says for its type; None where istiod skips it."""
    body = rule.get(BODIES.get(str(rule.get("type")), ""))
    return body if isinstance(body, dict) else None


def counts(rule: Rule) -> bool:
    """Whether istiod does anything with a rule."""
    return _body(rule) is not None


def source(rule: Rule) -> Names:
    """The services that a rule looks at, if it counts."""
    return names_of(_body(rule) or {})


def ways(rule: Rule) -> List[Way]:
    """Everything that a rule does, in its order."""
    body = _body(rule)
    if body is None:
        return []
    if rule["type"] == "NameSelector":
        return [Way(names_of(body), names_of(body.get("alias")), False)]
    outer = Names(source(rule).namespace, None)
    found: List[Way] = []
    aliases = body.get("aliases")
    for mapping in [one for one in aliases if isinstance(one, dict)] if isinstance(aliases, list) else []:
        inner = meet(outer, names_of(mapping))
        if inner is not None and not any(covers(way.source, inner) for way in found):
            found.append(Way(inner, names_of(mapping.get("alias")), True))
    if not any(covers(way.source, outer) for way in found):
        found.append(Way(outer, Names(None, None), True))
    return found


def open_ways(rules: Sequence[Rule], index: int) -> List[Way]:
    """What the rule at this index does, as far as no earlier one takes all of it, whatever the labels."""
    return [way for way in ways(rules[index]) if not taken_before(rules, index, way.source)]


def taken_before(rules: Sequence[Rule], index: int, names: Names) -> bool:
    """Whether an earlier rule takes all these services, whatever their labels."""
    return any(rule.get("type") == "NameSelector" and counts(rule) and covers(source(rule), names) for rule in rules[:index])


#: What matches everything; as part of an alias it keeps the original (maistra/istio namemapping.go).
ANY = (None, "", "*")
BODIES = {"NameSelector": "nameSelector", "LabelSelector": "labelSelector"}


def exported_parts(exported_name: str) -> Tuple[str, str]:
    """Name and namespace in an exported host name (``name.namespace.svc.<peer>-exports.local``)."""
    name, dot, rest = exported_name.partition(".")
    return name, rest.partition(".")[0]


def rule_imports(rules: Sequence[Json], exported_name: str) -> bool:
    """Whether import rules take an exported service: a part that is empty or ``*`` fits all, nothing else is a pattern
    (maistra/istio ``pkg/servicemesh/federation/common/imports.go``, ``namemapping.go``)."""
    name, namespace = exported_parts(exported_name)
    for rule in rules:
        selector = rule.get("nameSelector")
        if rule.get("type") != "NameSelector" or selector is None:
            continue
        fits = (selector.get("name") or "*") in ("*", name) and (selector.get("namespace") or "*") in ("*", namespace)
        if not fits:
            continue
        alias = selector.get("alias") or {}
        if rule.get("importAsLocal") and (alias.get("namespace") or "*") == "*":
            continue
        return True
    return False
