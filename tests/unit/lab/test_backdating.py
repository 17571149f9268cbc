# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backdating of stored objects."""

from __future__ import annotations

from lab.backdating import backdated


def test_only_timestamps_are_backdated() -> None:
    stored = {
        "creationTimestamp": "2026-03-01T00:00:10Z",
        "managedFields": [{"time": "2026-03-01T12:00:00Z", "fieldsV1": {"f:spec": {}}}],
        "name": "from-2026-03-01T12:00:00Z-on",
        "generation": 3,
    }
    assert backdated(stored, 418) == {
        "creationTimestamp": "2026-02-28T23:53:12Z",
        "managedFields": [{"time": "2026-03-01T11:53:02Z", "fieldsV1": {"f:spec": {}}}],
        "name": "from-2026-03-01T12:00:00Z-on",
        "generation": 3,
    }
