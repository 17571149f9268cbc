# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: findings about one rule that several lists, or several meshes, have. Pure.

One written rule is in several lists where some of its peers get more rules by ``federation_services``.
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import SEVERITIES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, with_changes
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared


def distinct(problems: Sequence[Problem], group: str) -> List[Problem]:
    """Each finding once, with its worst severity. One about an entry of ``federation_services`` that holds for several meshes
    is one of the group; the corrected form of its rule would not fit into that variable."""
    worst: Dict[Tuple[str, str, str, str], Problem] = {}
    meshes: Dict[Tuple[str, str, str, str], Set[str]] = {}
    for found in problems:
        shared = is_shared(found["where"])
        key = (found["code"], "" if shared else found["mesh"], found["where"], found["message"])
        meshes.setdefault(key, set()).add(found["mesh"])
        known = worst.setdefault(key, found)
        worst[key] = min(known, found, key=lambda entry: SEVERITIES.index(entry["severity"]))
    return [
        _of_entry(found, meshes[key], group) if is_shared(found["where"]) else found for key, found in worst.items()
    ]


def _of_entry(found: Problem, meshes: Set[str], group: str) -> Problem:
    changed = with_changes(found, mesh=group if len(meshes) > 1 else found["mesh"])
    changed.pop("repaired", None)
    return changed
