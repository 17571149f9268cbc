# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the mark of a root rotation on a ConfigMap with the roots of a peer. Pure.

The mark is in the cluster and not on the controller, so that every run knows of the rotation: rotate_trust.yml continues it, and
federate.yml keeps both roots.
"""

from __future__ import annotations

import json
from typing import Any, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprint
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ROOT_KEY,
    ROTATION_ANNOTATION,
    is_adopted,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import select_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import RotationMark


def read_mark(config_map: Optional[Json]) -> Optional[RotationMark]:
    """The mark of a live ConfigMap of ours, with the marked certificates that the ConfigMap has; None where there is none.

    A text that this collection did not write is no mark.
    """
    if config_map is None or not is_ours(config_map) or is_adopted(config_map):
        return None
    try:
        mark = json.loads(dig(config_map, "metadata", "annotations", ROTATION_ANNOTATION) or "")
    except ValueError:
        return None
    old, new = (_fingerprints(dig(mark, key)) for key in ("old", "new"))
    if old is None or not new:
        return None
    pem = select_roots(str(dig(config_map, "data", ROOT_KEY) or ""), {*old, *new})
    return {"old": old, "new": new, "pem": pem}


def render_mark(mark: RotationMark) -> str:
    """The annotation of a mark."""
    return json.dumps({"new": sorted(mark["new"]), "old": sorted(mark["old"])}, separators=(",", ":"))


def _fingerprints(value: Any) -> Optional[List[str]]:
    """A list of fingerprints; None for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) and fingerprint(item) == item for item in value):
        return None
    return sorted(value)
