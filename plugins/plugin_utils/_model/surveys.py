# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the job templates of a controller ask for at each launch, by playbook. Pure.

What a mesh is belongs to the inventory. A survey asks for what differs from launch to launch: what is removed, and confirmations.
"""

from __future__ import annotations

from typing import Dict, Tuple

#: The variables of each survey in the order of their questions; a playbook that is not here has none.
SURVEYS: Dict[str, Tuple[str, ...]] = {
    "doctor": ("federation_probe",),
    "federate": (
        "federation_prune",
        "federation_adopt",
        "federation_force_conflicts",
        "federation_restart_control_plane",
        "federation_confirm_trust_domain",
        "federation_confirm_address_change",
        "federation_confirm",
    ),
    "gather": ("federation_gather_log_seconds",),
    "leave": ("federation_confirm",),
    "plan": ("federation_offline",),
    "remove_mesh": ("federation_remove_mesh", "federation_confirm", "federation_force_removal"),
    "remove_service": (
        "federation_remove_service",
        "federation_remove_exporter",
        "federation_remove_consumer",
        "federation_confirm",
        "federation_force_removal",
    ),
    "rotate_trust": ("federation_rotate_mesh", "federation_rotate_restart", "federation_confirm"),
    "trust_domain": (
        "federation_trust_domain_mesh",
        "federation_trust_domain_stage",
        "federation_restart_workloads",
        "federation_confirm",
    ),
    "unlink": ("federation_unlink", "federation_confirm", "federation_force_removal"),
}
#: Without these answers a launch has no meaning.
REQUIRED = frozenset(
    (
        "federation_unlink",
        "federation_remove_mesh",
        "federation_remove_service",
        "federation_remove_exporter",
        "federation_rotate_mesh",
    )
)
#: A controller passes an answer that was left empty as an empty string: it means that the variable is not set.
ASKED = frozenset(name for names in SURVEYS.values() for name in names)
