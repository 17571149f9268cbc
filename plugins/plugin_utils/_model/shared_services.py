# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the entries of ``federation_services``, each for an exporter and its consumers. Pure.

An invalid entry is reported and yields no rules. ``_model.shared_rules`` makes rules of the others.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import SHARED_SERVICE
from ansible_collections.ossm.federation.plugins.plugin_utils._model.resolver import Resolver
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import (
    Report,
    check_locality,
    check_parts,
    check_selector,
    read_short,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.traffic import read_traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import ServiceNames, SharedService

VARIABLE = "federation_services"
_SELECTOR = ("namespace", "labels")
#: What selects services: an entry has one of them.
_SELECTING = ("service", "selector")
#: Keys that are rejected without a value.
_NEVER_EMPTY = ("consumers", "failover", "weights", "allow")


def is_shared(where: str) -> bool:
    """Whether a place is in an entry of ``federation_services``."""
    return where.startswith(f"{VARIABLE}[")


def read_services(
    entries: Sequence[Any], resolver: Resolver, partners: Mapping[str, List[str]], group: str
) -> Tuple[List[SharedService], List[Problem]]:
    """Read all entries; ``partners`` are the linked hosts by host."""
    services: List[SharedService] = []
    problems: List[Problem] = []
    for index, written in enumerate(entries):
        reader = _EntryReader(f"{VARIABLE}[{index}]", Report(group), resolver, partners)
        service = reader.read(written)
        if service is not None and not reader.report.problems:
            services.append(service)
        problems += reader.report.problems
    return services, problems


class _EntryReader:
    """Reads one entry; its problems are in ``report``."""

    def __init__(self, where: str, report: Report, resolver: Resolver, partners: Mapping[str, List[str]]) -> None:
        self.where = where
        self.report = report
        self.resolver = resolver
        self.partners = partners

    def read(self, written: Any) -> Optional[SharedService]:
        """The entry as far as it is one; only without problems it is valid."""
        if not self.report.dictionary(written, tuple(SHARED_SERVICE), self.where, "service-entry"):
            return None
        entry = {key: value for key, value in written.items() if value is not None}
        self._check_empty(written)
        service, labels = self._selected(entry)
        alias = self._alias(entry, service)
        exporter = self._exporter(entry)
        self._check_local(entry, service, alias)
        return {
            "where": self.where,
            "exporter": exporter or "",
            "consumers": self._consumers(entry, exporter) if exporter else [],
            "service": service,
            "labels": labels,
            "alias": alias,
            "as_local": entry.get("as_local", False),
            "locality": self._locality(entry),
            "traffic": read_traffic(entry, service, self.report, self.where),
            "written": entry,
        }

    def _check_empty(self, written: Json) -> None:
        """Reject keys without a value that would otherwise mean more than was written: all consumers, or no limit."""
        for key in _NEVER_EMPTY:
            if key in written and written[key] is None:
                accepted, remedy = SHARED_SERVICE[key].domain.accepted, "Remove the key, or write its value"
                self.report.reject(f"{self.where}.{key}", accepted, None, remedy, "service-entry")

    def _selected(self, entry: Json) -> Tuple[ServiceNames, Optional[Json]]:
        """The names of the services, and the labels that select among them."""
        named = [key for key in _SELECTING if key in entry]
        if len(named) != 1:
            given = "both of them" if named else "none of them"
            message = f"must have either service or selector, not {given}"
            remedy = "Write two entries" if named else "Add service: namespace/name"
            self.report.add("service-entry", self.where, message, remedy)
        if "service" in entry:
            return self._names(entry, "service"), None
        selector, at = entry.get("selector"), f"{self.where}.selector"
        if selector is None or not self.report.dictionary(selector, _SELECTOR, at):
            return {"namespace": "*", "name": "*"}, None
        check_parts({"namespace": selector.get("namespace")}, self.report, at)
        labels = check_selector(selector.get("labels"), self.report, f"{at}.labels")
        return {"namespace": str(selector.get("namespace") or "*"), "name": "*"}, labels

    def _names(self, entry: Json, key: str) -> ServiceNames:
        """The value of a key as ``namespace/name``."""
        at, value = f"{self.where}.{key}", entry.get(key)
        if not isinstance(value, str):
            self.report.reject(at, SHARED_SERVICE[key].domain.accepted, value, "Quote the value", "service-entry")
            return {"namespace": "*", "name": "*"}
        names = read_short(value, self.report, at).get("nameSelector", {})
        return {"namespace": names.get("namespace", "*"), "name": names.get("name", "*")}

    def _alias(self, entry: Json, service: ServiceNames) -> ServiceNames:
        if "alias" not in entry:
            return {"namespace": "*", "name": "*"}
        alias = self._names(entry, "alias")
        if alias["name"] not in ANY and service["name"] in ANY:
            message = f"must keep the names of several services, not give all of them the name {shown(alias['name'])}"
            repaired = f"{alias['namespace']}/*"
            self.report.add("service-entry", f"{self.where}.alias", message, f'Write "{repaired}"')
        return alias

    def _exporter(self, entry: Json) -> Optional[str]:
        """The host of the exporting mesh."""
        name, at = entry.get("mesh"), f"{self.where}.mesh"
        if not isinstance(name, str) or not name:
            accepted = SHARED_SERVICE["mesh"].domain.accepted
            self.report.reject(at, f"{accepted}, the one that exports the service", name, "", "service-entry")
            return None
        if not self.resolver.is_mesh(name):
            self.report.problems.append(self.resolver.unknown(name, self.report.mesh, at, "a mesh"))
            return None
        return next(iter(self.resolver.hosts(name)))

    def _consumers(self, entry: Json, exporter: str) -> List[str]:
        """The hosts of the importing meshes, sorted."""
        linked = set(self.partners.get(exporter, []))
        at, names = f"{self.where}.consumers", entry.get("consumers")
        if names is None:
            if not linked:
                message = f"must have meshes that import: {self.resolver.meshes[exporter]['mesh']} is linked with none"
                self.report.add("peer-not-paired", at, message, "Name its peers in mesh_peers")
            return sorted(linked)
        domain = SHARED_SERVICE["consumers"].domain
        if not domain.accepts(names):
            remedy = (
                "Remove the key for all linked meshes, or the entry"
                if names == []
                else "Write a list, even for one mesh"
            )
            self.report.reject(at, domain.accepted, names, remedy, "service-entry")
            return []
        hosts: Set[str] = set()
        for index, name in enumerate(names):
            hosts |= self._consumer(f"{at}[{index}]", name, exporter, linked)
        return sorted(hosts)

    def _consumer(self, at: str, name: str, exporter: str, linked: Set[str]) -> Set[str]:
        """The linked hosts of one name; of a group only those that are linked."""
        hosts = self.resolver.hosts(name)
        if not hosts:
            self.report.problems.append(self.resolver.unknown(name, self.report.mesh, at))
        elif hosts == {exporter}:
            message = f"must be another mesh than the exporter {shown(name)}: a mesh does not import from itself"
            self.report.add("peer-self", at, message, "Remove it from consumers")
        elif not hosts & linked:
            self._not_linked(at, exporter, name)
        return hosts & linked

    def _not_linked(self, at: str, exporter: str, name: str) -> None:
        mesh = self.resolver.meshes[exporter]["mesh"]
        listed = ", ".join(self.resolver.meshes[host]["mesh"] for host in self.partners.get(exporter, []))
        message = f"must be linked with {mesh}, which {shown(name)} is not; linked are {listed or 'none'}"
        self.report.add("peer-not-paired", at, message, f"Name it in mesh_peers of {mesh}, or remove it here")

    def _check_local(self, entry: Json, service: ServiceNames, alias: ServiceNames) -> None:
        local, at = entry.get("as_local", False), f"{self.where}.as_local"
        if not isinstance(local, bool):
            accepted = SHARED_SERVICE["as_local"].domain.accepted
            self.report.reject(at, accepted, local, "Write it without quotes", "service-entry")
            entry["as_local"] = False
            return
        if local and alias["namespace"] in ANY and service["namespace"] in ANY:
            message = "must have an alias with a fixed namespace beside it: istiod skips the import otherwise"
            self.report.add("rule-local", at, message, 'Add for example alias: "bookinfo/*"')

    def _locality(self, entry: Json) -> Optional[Dict[str, str]]:
        value, at = entry.get("locality"), f"{self.where}.locality"
        if value is None:
            return None
        domain = SHARED_SERVICE["locality"].domain
        if not domain.accepts(value):
            self.report.reject(at, domain.accepted, value, "", "service-entry")
            return None
        locality, problems = check_locality(value, self.report.mesh, at)
        self.report.problems += problems
        return locality or None
