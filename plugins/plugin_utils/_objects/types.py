# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shape of desired objects."""

from __future__ import annotations

from typing import Dict, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


class DesiredObject(TypedDict):
    """One object for ``mesh_objects``: one server-side apply by one field manager.

    ``peer`` is the inventory host of the peer, ``live`` the object as it was read. ``unknown`` has by path when a value that is
    not known yet will be known.
    """

    definition: Json
    field_manager: str
    peer: Optional[str]
    live: Optional[Json]
    unknown: Dict[str, str]
