# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the hosts that an inventory lacks, from ``federation_meshes``. Pure.

A controller that slices a job removes hosts from its inventory, and from all groups. Such a host is what a host outside the limit is.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import DICTIONARY

VARIABLE = "federation_meshes"
_MESH, _RUN = "mesh_", "federation_"


class Complete(NamedTuple):
    """Variables by host and hosts by group of the whole federation, and what is wrong with ``federation_meshes``."""

    variables: Dict[str, Json]
    groups: Mapping[str, List[str]]
    problems: List[Problem]


def complete(
    variables: Mapping[str, Json], groups: Mapping[str, List[str]], group: str, is_relevant: Callable[[str], bool]
) -> Complete:
    """Add the hosts of ``federation_meshes`` that the inventory lacks; without that variable nothing is added.

    The groups of an inventory that may lack hosts may lack them as well, so only that of the federation remains. A value of a wrong
    type is found when the variables are read.
    """
    own = {host: dict(values) for host, values in variables.items()}
    declared = next((values[VARIABLE] for values in own.values() if values.get(VARIABLE) is not None), None)
    if declared is None or not DICTIONARY.accepts(declared):
        return Complete(own, groups, [])
    wrong = sorted(host for host, entry in declared.items() if not DICTIONARY.accepts(entry))
    if wrong:
        message = (
            "must be a dictionary with the variables of the mesh; the value is not shown, as it may be a credential"
        )
        problems = [problem("variable-type", group, f"{VARIABLE}.{host}", message, "") for host in wrong]
        return Complete(own, groups, problems)
    entries = {host: {name: entry[name] for name in entry if is_relevant(name)} for host, entry in declared.items()}
    problems = [found for host in own for found in _differences(host, own[host], entries)]
    options = {name: value for values in own.values() for name, value in values.items() if name.startswith(_RUN)}
    added = {host: {**options, **entries[host]} for host in entries if host not in own}
    return Complete({**own, **added}, {group: [*own, *added]}, problems)


def _differences(host: str, values: Json, entries: Mapping[str, Json]) -> List[Problem]:
    """What another slice would read of a host of this one, where it is not the same. Values may be credentials."""
    if host not in entries:
        message = f"must have an entry for {host}, as for every mesh"
        return [problem("slice-differs", host, VARIABLE, message)]
    entry = entries[host]
    names = sorted(name for name in {*values, *entry} if name.startswith(_MESH) and values.get(name) != entry.get(name))
    if not names:
        return []
    message = f"must be the variables of the host, as other slices read them; different are {', '.join(names)}"
    return [problem("slice-differs", host, f"{VARIABLE}.{host}", message)]
