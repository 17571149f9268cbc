# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters to federate without owning one: real API servers on loopback and a simulator of what they lack.

Run it with ``PYTHONPATH=tests python -m lab --help``; tests use ``lab.api.Lab``.
"""

from __future__ import annotations
