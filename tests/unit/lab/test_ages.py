# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored, made older."""

from __future__ import annotations

from lab.ages import dated_back


def test_every_time_and_nothing_else_gets_older() -> None:
    stored = {
        "creationTimestamp": "2026-03-01T00:00:10Z",
        "managedFields": [{"time": "2026-03-01T12:00:00Z", "fieldsV1": {"f:spec": {}}}],
        "name": "from-2026-03-01T12:00:00Z-on",
        "generation": 3,
    }
    assert dated_back(stored, 418) == {
        "creationTimestamp": "2026-02-28T23:53:12Z",
        "managedFields": [{"time": "2026-03-01T11:53:02Z", "fieldsV1": {"f:spec": {}}}],
        "name": "from-2026-03-01T12:00:00Z-on",
        "generation": 3,
    }
