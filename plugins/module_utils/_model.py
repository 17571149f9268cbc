# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a mesh, a pair and a rule is, every public variable, names and defaults.

The one door to the model: pure functions on plain JSON, no input or output, no Ansible.
The parts are in ``_model_*.py``.
"""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.module_utils._model_collisions import collisions, peer_names
from ansible_collections.ossm.federation.plugins.module_utils._model_declare import declare, mesh_auth
from ansible_collections.ossm.federation.plugins.module_utils._model_plan import (
    advance,
    gateways_to_wait_for,
    plan,
    shown,
)
from ansible_collections.ossm.federation.plugins.module_utils._model_types import (
    Collision,
    Declaration,
    DeclaredMesh,
    Handed,
    Identity,
    Plan,
    PlannedMesh,
    Problem,
    Remote,
    Side,
    Wish,
    problem,
    words,
)
from ansible_collections.ossm.federation.plugins.module_utils._model_variables import (
    ACCESS,
    VARIABLES,
    Variable,
    wanted,
)

__all__ = (
    "ACCESS",
    "VARIABLES",
    "Collision",
    "Declaration",
    "DeclaredMesh",
    "Handed",
    "Identity",
    "Plan",
    "PlannedMesh",
    "Problem",
    "Remote",
    "Side",
    "Variable",
    "Wish",
    "advance",
    "collisions",
    "declare",
    "gateways_to_wait_for",
    "mesh_auth",
    "peer_names",
    "plan",
    "problem",
    "shown",
    "wanted",
    "words",
)
