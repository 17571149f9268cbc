# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a federation reports about a rotation of a root that is under way. Pure."""

from __future__ import annotations

from typing import List

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import list_sides
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan


def underway_problems(plan: Plan) -> List[Problem]:
    """A warning for each mark of a rotation: both roots stay, and which command continues the rotation."""
    return [
        problem(
            "rotation-underway",
            side["mesh"],
            f"ConfigMap {side['namespace']}/{side['config_map']}",
            f"the root of {side['peer']} is being rotated: this mesh keeps trusting its old root and its new one",
            f"Continue the rotation: rotate_trust.yml with federation_rotate_mesh: {side['peer']}",
            peer=side["peer"],
        )
        for side in list_sides(plan)
        if side["rotation"] and plan["meshes"][side["host"]]["readable"]
    ]
