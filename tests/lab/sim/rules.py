# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export and import rules: which services they select, and under which name.

Source: maistra/istio maistra-2.5, pkg/servicemesh/federation/common/exports.go, imports.go and namemapping.go.
Pure functions on the dictionaries of the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CLUSTER_DOMAIN = "cluster.local"
ANY = ("", "*", None)


@dataclass(frozen=True, order=True)
class Name:
    """Name and namespace of a service."""

    name: str
    namespace: str


@dataclass(frozen=True)
class Service:
    """A service of the mesh: its name, its labels and its ports as (number, name)."""

    key: Name
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    ports: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, order=True)
class Import:
    """A selected offer: its local name and its host name."""

    local: Name
    hostname: str


def exports_suffix(peer: str) -> str:
    """Return the domain of services exported to a peer (server.go exportDomainSuffix)."""
    return f"svc.{peer}-exports.local"


def imports_suffix(peer: str) -> str:
    """Return the default domain of services imported from a peer."""
    return f"svc.{peer}-imports.local"


def _matches(pattern: str | None, value: str) -> bool:
    """Match a value; empty and * match all, partial wildcards do not exist."""
    return pattern in ANY or pattern == value


def _alias(alias: dict[str, str] | None, original: Name) -> Name:
    alias = alias or {}
    name, namespace = alias.get("name"), alias.get("namespace")
    return Name(
        original.name if name in ANY else str(name),
        original.namespace if namespace in ANY else str(namespace),
    )


def _by_name(selector: dict[str, Any], name: Name) -> Name | None:
    if not _matches(selector.get("namespace"), name.namespace) or not _matches(selector.get("name"), name.name):
        return None
    return _alias(selector.get("alias"), name)


def _expression_holds(expression: dict[str, Any], labels: dict[str, str]) -> bool | None:
    """Evaluate a matchExpressions entry; None for an unknown operator, which makes the rule match nothing."""
    key, values = expression.get("key", ""), expression.get("values") or []
    results = {
        "In": labels.get(key) in values and key in labels,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return results.get(str(expression.get("operator")))


def _labels_match(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    selector = selector or {}
    required = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in required.items()):
        return False
    return all(_expression_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def _by_labels(selector: dict[str, Any], service: Service) -> Name | None:
    if not _matches(selector.get("namespace"), service.key.namespace):
        return None
    if not _labels_match(selector.get("selector"), service.labels):
        return None
    for mapping in selector.get("aliases") or []:
        name = _by_name(mapping, service.key)
        if name is not None:
            return name
    return service.key


def exported_name(rules: list[dict[str, Any]], service: Service) -> Name | None:
    """Return the name under which the rules export the service, or None. The first matching rule applies."""
    for rule in rules:
        name = None
        if rule.get("type") == "NameSelector" and rule.get("nameSelector") is not None:
            name = _by_name(rule["nameSelector"], service.key)
        elif rule.get("type") == "LabelSelector" and rule.get("labelSelector") is not None:
            name = _by_labels(rule["labelSelector"], service)
        if name is not None:
            return name
    return None


def _import_by(rule: dict[str, Any], default_suffix: str, offer: Name, domain: str) -> Import | None:
    if rule.get("type") != "NameSelector" or rule.get("nameSelector") is None:
        return None
    selector = rule["nameSelector"]
    local = f"svc.{domain}"
    if rule.get("importAsLocal"):
        if (selector.get("alias") or {}).get("namespace") in ANY:
            return None  # the product logs: cannot use importAsLocal without setting a fixed namespace alias
        suffix = local
    else:
        suffix = rule.get("domainSuffix") or default_suffix
        if suffix == local:
            return None
    name = _by_name(selector, offer)
    return None if name is None else Import(name, f"{name.name}.{name.namespace}.{suffix}")


def imported_name(spec: dict[str, Any], peer: str, offer: Name, domain: str = CLUSTER_DOMAIN) -> Import | None:
    """Return the import of an offer by an import set, or None. Invalid rules are ignored."""
    default_suffix = spec.get("domainSuffix") or imports_suffix(peer)
    for rule in spec.get("importRules") or []:
        selected = _import_by(rule, default_suffix, offer, domain)
        if selected is not None:
            return selected
    return None


def principal_matches(pattern: str, principal: str) -> bool:
    """Match an identity (without spiffe://) as authorization policies do: a wildcard * only at the start or the end."""
    if not pattern:
        return False
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return principal.endswith(pattern[1:])
    if pattern.endswith("*"):
        return principal.startswith(pattern[:-1])
    return pattern == principal
