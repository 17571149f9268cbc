# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions and timestamps of a status."""

from __future__ import annotations

import datetime

from lab.sim.store import Object

#: condition and reason for input that the product supports and this simulator does not
NOT_SIMULATED = "NotSimulated"
Condition = tuple[str, str, str, str]


def now() -> str:
    """Return the current time in the format of the API (whole seconds)."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged_conditions(old: list[Object], changes: list[Condition]) -> list[Object]:
    """Merge changes (type, status, reason, message) into conditions; a new status sets a new transition time."""
    by_type = {condition["type"]: dict(condition) for condition in old}
    for kind, status, reason, message in changes:
        before = by_type.get(kind, {})
        transition = before.get("lastTransitionTime") if before.get("status") == status else None
        by_type[kind] = {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": transition or now(),
        }
    return list(by_type.values())
