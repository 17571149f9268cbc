# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: ways through the sides of a plan. Pure."""

from __future__ import annotations

from typing import List

from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side


def list_sides(plan: Plan) -> List[Side]:
    """All sides of a plan, sorted by host and by host of the peer."""
    return [plan["sides"][host][peer] for host in sorted(plan["sides"]) for peer in sorted(plan["sides"][host])]


def opposite_side(plan: Plan, side: Side) -> Side:
    """The peer's side of the same pair."""
    return plan["sides"][side["peer_host"]][side["host"]]
