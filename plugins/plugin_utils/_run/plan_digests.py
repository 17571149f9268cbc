# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a saved plan as digests, and how the plan of a later run differs from them. Pure.

The jobs of a controller's workflow share no files; what one passes to the next is shown, stored and sent with each job. So plan.yml
passes three digests for each mesh instead of a saved plan. A run that gets them plans anew and compares.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run.saved_plan import FORMAT, READ, digest, save_plan

VARIABLE = "federation_plan_digests"
#: The object or variable, and the message, of each digest of a mesh that differs.
_PARTS: Dict[str, Tuple[str, str]] = {
    "inventory": ("inventory", "its variables are not declared as they were when the plan was made"),
    "cluster": ("mesh", "what was read of its control plane is not what the plan was made from"),
    "objects": ("objects", "what would be written, or the live objects, are no longer those of the plan"),
}
_OPTIONS = "the options of the run, or the pairs that are not declared any more, are not those of the plan"


def plan_digests(saved: Json) -> Json:
    """The digests of a saved plan, by mesh; of an object nothing counts that changes by itself."""
    meshes = {
        mesh["mesh"]: {
            "inventory": digest(saved["declared"]["meshes"].get(host)),
            "cluster": digest({key: mesh[key] for key in READ}),
            "objects": digest([{**row, "resourceVersion": None} for row in mesh["objects"]]),
        }
        for host, mesh in saved["meshes"].items()
    }
    options = digest([saved["declared"]["options"], saved["undeclared"]])
    return {"format": FORMAT, "options": options, "meshes": meshes}


def compare_digests(passed: Json, plan: Plan, facts: Mapping[str, Json], declaration: Declaration) -> List[Problem]:
    """What keeps a run from writing when it was passed these digests."""
    group = plan["group"]
    if passed.get("format") != FORMAT or not isinstance(passed.get("meshes"), dict):
        return [problem("plan-file", group, VARIABLE, f"it is not what plan.yml passes: its format is not {FORMAT}")]
    current = plan_digests(save_plan(plan, facts, declaration))
    changed = (
        [problem("plan-outdated", group, VARIABLE, _OPTIONS)] if passed.get("options") != current["options"] else []
    )
    for mesh in sorted({*passed["meshes"], *current["meshes"]}):
        changed += _compare_mesh(mesh, passed["meshes"].get(mesh), current["meshes"].get(mesh))
    return changed


def _compare_mesh(mesh: str, passed: Any, current: Any) -> List[Problem]:
    if current is None or not isinstance(passed, dict):
        message = (
            "the inventory does not have this mesh any more" if current is None else "the plan does not have this mesh"
        )
        return [problem("plan-outdated", mesh, "inventory", message)]
    found = [part for part in _PARTS if dig(passed, part) != current[part]]
    # Of a mesh that cannot be read any more, or is outside the limit, the objects differ as well.
    reported = [part for part in found if part != "objects" or "cluster" not in found]
    return [problem("plan-outdated", mesh, *_PARTS[part]) for part in reported]
