# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Member roll to namespaces. Pure. Private to this collection."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def read_members(roll: Json) -> Optional[List[str]]:
    """The namespaces of a member roll; None while it selects them by label and the operator has not reported which."""
    spec, configured = roll.get("spec") or {}, (roll.get("status") or {}).get("configuredMembers")
    if not configured and spec.get("memberSelectors"):
        return None
    return sorted(configured or spec.get("members") or [])
