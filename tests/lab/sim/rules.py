# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services an export or import rule takes, and under which name.

Source: maistra/istio maistra-2.5, pkg/servicemesh/federation/common/exports.go, imports.go and namemapping.go.
Pure: plain dictionaries as the API holds them in, names out.
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
    """A service that can be exported: its name, its labels and its ports as (number, name)."""

    key: Name
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    ports: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, order=True)
class Import:
    """An offer that a rule takes: the local name, its full host name, and whether it is a local one."""

    local: Name
    hostname: str


def exports_suffix(peer: str) -> str:
    """Domain of what is exported to a peer (server.go exportDomainSuffix)."""
    return f"svc.{peer}-exports.local"


def imports_suffix(peer: str) -> str:
    """Domain of what is imported from a peer when no rule says another."""
    return f"svc.{peer}-imports.local"


def _matches(pattern: str | None, value: str) -> bool:
    """Empty and * match all; there is no partial wildcard."""
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
    """One matchExpressions entry; None for an operator that does not exist (the rule is then skipped)."""
    key, values = expression.get("key", ""), expression.get("values") or []
    answers = {
        "In": labels.get(key) in values and key in labels,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return answers.get(str(expression.get("operator")))


def _labels_match(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    selector = selector or {}
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression_holds(one, labels) for one in selector.get("matchExpressions") or [])


def _by_labels(selector: dict[str, Any], service: Service) -> Name | None:
    if not _matches(selector.get("namespace"), service.key.namespace):
        return None
    if not _labels_match(selector.get("selector"), service.labels):
        return None
    for mapping in selector.get("aliases") or []:
        found = _by_name(mapping, service.key)
        if found is not None:
            return found
    return service.key


def exported_name(rules: list[dict[str, Any]], service: Service) -> Name | None:
    """Name under which the rules export the service, or None. The first rule that matches wins."""
    for rule in rules:
        found = None
        if rule.get("type") == "NameSelector" and rule.get("nameSelector") is not None:
            found = _by_name(rule["nameSelector"], service.key)
        elif rule.get("type") == "LabelSelector" and rule.get("labelSelector") is not None:
            found = _by_labels(rule["labelSelector"], service)
        if found is not None:
            return found
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
    found = _by_name(selector, offer)
    return None if found is None else Import(found, f"{found.name}.{found.namespace}.{suffix}")


def imported_name(spec: dict[str, Any], peer: str, offer: Name, domain: str = CLUSTER_DOMAIN) -> Import | None:
    """What an import set makes of one offer, or None. A rule that is not valid is as if it were not there."""
    default_suffix = spec.get("domainSuffix") or imports_suffix(peer)
    for rule in spec.get("importRules") or []:
        found = _import_by(rule, default_suffix, offer, domain)
        if found is not None:
            return found
    return None


def principal_matches(pattern: str, principal: str) -> bool:
    """Match of an identity (no spiffe:// in front) as authorization policies do it: a * at one end only."""
    if not pattern:
        return False
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return principal.endswith(pattern[1:])
    if pattern.endswith("*"):
        return principal.startswith(pattern[:-1])
    return pattern == principal
