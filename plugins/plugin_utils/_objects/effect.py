# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the apply of a desired object would do to its live object. Pure."""

from __future__ import annotations

from typing import Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import settled
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def find_current_apply(desired: DesiredObject) -> Optional[Json]:
    """Our last apply to the live object (``time`` and ``fields``) if another one would change nothing, else None.

    An object with values that are not known yet always counts as changed.
    """
    if desired["unknown"]:
        return None
    return settled(desired["definition"], desired["field_manager"], desired["live"])


def would_change(desired: DesiredObject) -> bool:
    """Whether an apply of the desired object would create or change anything."""
    return find_current_apply(desired) is None
