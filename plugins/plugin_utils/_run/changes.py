# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a run changed, in words. Pure."""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

DONE = {"created": "created", "changed": "changed", "deleted": "deleted"}
_WOULD = {"created": "would create", "changed": "would change", "deleted": "would delete"}


def change_lines(changes: Sequence[Json], check_mode: bool) -> List[str]:
    """One line for each object that was, or in check mode would be, created, changed or deleted."""
    if not changes:
        return ["Nothing would be changed." if check_mode else "Nothing was changed."]
    verbs = _WOULD if check_mode else DONE
    return [
        f"{one['mesh']}: {verbs[one['verb']]} {one['kind']} "
        f"{'/'.join(filter(None, (one['namespace'], one['name'])))} ({', '.join(one['fields'])})"
        for one in changes
    ]
