# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: ImportedServiceSet and ExportedServiceSet status to facts. Pure."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def read_imports(imports: Optional[Json]) -> Json:
    """What an ImportedServiceSet says: ``imported`` [{exportedName, hostname}], ``offered`` [exportedName] (all that
    the other side exports to us), ``stale`` [exportedName] imported though no rule of the spec asks for it.

    Offered services are listed with an empty ``localService``; only a host name there means imported.
    """
    rows = dig(imports, "status", "importedServices") or []
    imported = [
        {"exportedName": row["exportedName"], "hostname": row["localService"]["hostname"]}
        for row in rows
        if (row.get("localService") or {}).get("hostname")
    ]
    rules = dig(imports, "spec", "importRules")
    stale = [] if rules is None else [
        one["exportedName"] for one in imported if not rule_imports(rules, one["exportedName"])
    ]
    return {
        "imported": sorted(imported, key=lambda one: str(one["exportedName"])),
        "offered": sorted(row["exportedName"] for row in rows if row.get("exportedName")),
        "stale": sorted(stale),
    }


def read_exports(exports: Optional[Json]) -> List[Json]:
    """What an ExportedServiceSet says: [{exportedName, hostname}]; listed whether or not the peer is connected."""
    rows = dig(exports, "status", "exportedServices") or []
    return sorted(
        (
            {"exportedName": row["exportedName"], "hostname": (row.get("localService") or {}).get("hostname") or ""}
            for row in rows if row.get("exportedName")
        ),
        key=lambda one: one["exportedName"],
    )
