# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pods of istiod. Pure. Private to this collection."""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import IstiodPod
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def istiod_pods(pods: Sequence[Json], control_plane: str) -> List[IstiodPod]:
    """The istiod pods of a control plane that are not being deleted, by name."""
    live: List[IstiodPod] = [
        {"name": pod["metadata"]["name"], "started": (pod.get("status") or {}).get("startTime")}
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and (pod["metadata"].get("labels") or {}).get("istio.io/rev", control_plane) == control_plane
    ]
    return sorted(live, key=lambda pod: pod["name"])
