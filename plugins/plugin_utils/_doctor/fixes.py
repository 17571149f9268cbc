# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what corrects a wrong value: a run of federate.yml, or one command. Pure."""

from __future__ import annotations

import json
from typing import Any, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import owned_keys
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS, field_manager, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End

FEDERATE = "Run federate.yml"


def corrected_by(end: End, live: Optional[Json], path: Sequence[str], value: Any) -> str:
    """The fix for a wrong value at a path of a live object of one end, or for an object that is missing (``live`` None).

    What this collection wrote is written again by federate.yml; where another manager has changed it since, the API server reports a
    conflict unless the field is taken from that manager.
    """
    if live is None:
        return FEDERATE
    if not is_ours(live):
        return patch(end, live, path, value)
    if path[-1] in owned_keys(live, field_manager(end.side["peer_name"]), *path[:-1]):
        return FEDERATE
    others = ", ".join(name for name in live.get("managers") or [] if not name.startswith(OURS))
    return f"{FEDERATE} with federation_force_conflicts: true{f', as {others} has changed it' if others else ''}"


def patch(end: End, live: Json, path: Sequence[str], value: Any) -> str:
    """The command that writes one value of a live object."""
    body: Any = value
    for key in reversed(path):
        body = {key: body}
    text = json.dumps(body, separators=(",", ":"))
    return f"oc -n {end.mesh['namespace']} patch {live['kind'].lower()} {live['metadata']['name']} --type merge -p '{text}'"
