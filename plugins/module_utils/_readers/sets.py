# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: ImportedServiceSet and ExportedServiceSet status to facts. Pure."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported, ImportStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    exported_as,
    exported_parts,
    imported_host,
    rule_imports,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def read_imports(imports: Optional[Json]) -> ImportStatus:
    """What an ImportedServiceSet says; nothing for None.

    Offered services are listed with an empty ``localService``; only a host name there means imported.
    """
    rows = dig(imports, "status", "importedServices") or []
    imported: List[Imported] = [
        {"exportedName": row["exportedName"], "hostname": row["localService"]["hostname"]}
        for row in rows
        if (row.get("localService") or {}).get("hostname")
    ]
    names = [service["exportedName"] for service in imported]
    rules = dig(imports, "spec", "importRules")
    return {
        "imported": sorted(imported, key=_exported_name),
        "offered": sorted(row["exportedName"] for row in rows if row.get("exportedName")),
        "stale": [] if rules is None else sorted(name for name in names if not rule_imports(rules, name)),
    }


def unread_rules(imports: Optional[Json]) -> List[str]:
    """The offered services that the status of an ImportedServiceSet shows otherwise than its rules import them: istiod has
    not read these rules yet. By exported name; a set has the name of its peer."""
    rules = dig(imports, "spec", "importRules") or []
    name = dig(imports, "metadata", "name") or ""
    hosts = {service["exportedName"]: service["hostname"] for service in read_imports(imports)["imported"]}
    return [
        offered
        for offered in read_imports(imports)["offered"]
        if hosts.get(offered, "") != imported_host(rules, offered, name)
    ]


def unshown_imports(imports: Optional[Json], offered: Sequence[str]) -> List[str]:
    """The services among ``offered`` and those that the status lists, that rules import and the status does not show as they do."""
    rules, name = dig(imports, "spec", "importRules") or [], dig(imports, "metadata", "name") or ""
    status = read_imports(imports)
    hosts = {service["exportedName"]: service["hostname"] for service in status["imported"]}
    expected = {one: imported_host(rules, one, name) for one in sorted({*offered, *status["offered"]})}
    return [one for one, host in expected.items() if host and hosts.get(one) != host]


def stale_exports(exports: Optional[Json]) -> List[str]:
    """The exported names that the status of an ExportedServiceSet lists although none of its rules exports them."""
    rules = dig(exports, "spec", "exportRules") or []
    return [
        service["exportedName"]
        for service in read_exports(exports)
        if exported_parts(service["exportedName"]) not in exported_as(rules, exported_parts(service["hostname"]))
    ]


def read_exports(exports: Optional[Json]) -> List[Imported]:
    """What an ExportedServiceSet offers; listed whether or not the peer is connected."""
    rows = dig(exports, "status", "exportedServices") or []
    exported: List[Imported] = [
        {"exportedName": row["exportedName"], "hostname": (row.get("localService") or {}).get("hostname") or ""}
        for row in rows
        if row.get("exportedName")
    ]
    return sorted(exported, key=_exported_name)


def _exported_name(service: Imported) -> str:
    return service["exportedName"]
