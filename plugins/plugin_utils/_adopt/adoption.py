# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the whole of adopt.yml between what was read and what is written. Pure."""

from __future__ import annotations

import datetime
from typing import List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.describe import describe
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.files import access_of, inventory_files
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Adopted, AdoptedMesh, Adoption, Live
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration


def adopt(
    declared: Declaration, facts: Mapping[str, Json], variables: Mapping[str, Json], now: datetime.datetime
) -> Adopted:
    """Describe a federation and render its inventory; ``facts`` are MeshFacts and ``variables`` those of the run, by host.

    Where a mesh could not be read there are no files: what it has with the others would be missing.
    """
    meshes, directory = declared["meshes"], str(declared["options"]["federation_adopt_to"])
    problems = [found for host in sorted(facts) for found in facts[host]["problems"] if found["severity"] == "error"]
    unread = [
        host for host, mesh in sorted(meshes.items()) if not mesh["by_file"] and not dig(facts.get(host), "readable")
    ]
    if unread:
        names = {host: mesh["mesh"] for host, mesh in meshes.items()}
        return {
            "directory": directory,
            "files": {},
            "meshes": [],
            "names": names,
            "problems": problems,
            "fields": [],
            "unread": unread,
        }
    live = Live(facts, variables, {host: mesh["identity_files"] for host, mesh in meshes.items() if mesh["by_file"]})
    found = describe(live, declared, now)
    access = access_of(variables, found.meshes)
    return {
        "directory": directory,
        "files": inventory_files(found, access.variables),
        "meshes": _meshes(live, found),
        "names": found.meshes,
        "problems": [*found.problems, *access.problems],
        "fields": found.fields,
        "unread": [],
    }


def _meshes(live: Live, found: Adoption) -> List[AdoptedMesh]:
    """The meshes with their peers and the number of their rules."""
    rows: List[AdoptedMesh] = []
    for host, mesh in sorted(found.meshes.items(), key=lambda one: one[1]):
        peers = sorted(found.meshes[other] for pair in found.pairs if host in pair for other in pair if other != host)
        numbers = {variable: _rules(found.variables[host].get(variable), len(peers)) for variable in _COUNTED}
        rows.append(
            {
                "mesh": mesh,
                "host": host,
                "peers": peers,
                "exports": numbers["mesh_exports"],
                "imports": numbers["mesh_imports"],
            }
        )
    return rows


_COUNTED = ("mesh_exports", "mesh_imports")


def _rules(value: object, peers: int) -> int:
    """The number of rules of a variable, which may be one list for all peers."""
    if isinstance(value, dict):
        return sum(map(len, value.values()))
    return len(value) * peers if isinstance(value, list) else 0
