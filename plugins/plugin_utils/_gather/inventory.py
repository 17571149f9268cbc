# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the inventory in an archive: what is declared, without access to clusters. Pure."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import redact
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import ACCESS, VARIABLES

FILE = "inventory.yml"
#: What was seen of the network, by host: doctor.yml can use it instead of looking itself.
NETWORK = "doctor/network.json"
#: The folder of the archive with identity files.
IDENTITIES = "identities"
#: Variables that name a file on the controller, which is in the archive.
_IDENTITY_FILE, _IDENTITY_DIR = "mesh_identity_file", "federation_identity_dir"


def is_kept(name: str) -> bool:
    """Whether a variable is part of the declaration: not access to a cluster, and no path of the controller."""
    known = VARIABLES.get(name)
    is_path = known is not None and known.type == "path" and name not in (_IDENTITY_FILE, _IDENTITY_DIR)
    return known is not None and name not in ACCESS and not known.secret and not is_path and "_gather_" not in name


def inventory_text(
    declared: Declaration, variables: Mapping[str, Mapping[str, Any]], groups: Mapping[str, Iterable[str]]
) -> str:
    """An inventory in YAML with the declared meshes, and the groups that their variables may name."""
    hosts: Dict[str, Json] = {host: _kept(declared, host, variables.get(host) or {}) for host in declared["hosts"]}
    names: Dict[str, List[str]] = {
        name: sorted(set(members) & set(hosts)) for name, members in groups.items() if name not in ("all", "ungrouped")
    }
    children: Dict[str, Json] = {
        name: {"hosts": {host: {} for host in members}}
        for name, members in sorted(names.items())
        if members and name != declared["group"]
    }
    children[declared["group"]] = {"hosts": hosts}
    return str(yaml.safe_dump({"all": {"children": children}}, sort_keys=True, width=120))


def _kept(declared: Declaration, host: str, variables: Mapping[str, Any]) -> Json:
    kept = {name: redact(value) for name, value in sorted(variables.items()) if is_kept(name)}
    if _IDENTITY_DIR in kept or declared["meshes"][host]["by_file"]:
        kept[_IDENTITY_DIR] = IDENTITIES
    if kept.get(_IDENTITY_FILE):
        # It names a file, or a directory with a file for each peer.
        name = str(kept[_IDENTITY_FILE]).rstrip("/").rpartition("/")[2]
        files = [file["path"].rpartition("/")[2] for file in declared["meshes"][host]["identity_files"].values()]
        kept[_IDENTITY_FILE] = f"{IDENTITIES}/{name}" if name in files else IDENTITIES
    return kept


def identity_paths(declared: Declaration) -> Dict[str, str]:
    """The identity files of the declaration: path in the archive, path on the controller."""
    return {
        f"{IDENTITIES}/{file['path'].rpartition('/')[2]}": file["path"]
        for mesh in declared["meshes"].values()
        for file in mesh["identity_files"].values()
        if file["identity"] is not None
    }
