# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local test lab: real API servers on loopback, and a simulator for the operator, the cloud and istiod.

Run it with ``PYTHONPATH=tests python -m lab --help``; tests use ``lab.api.Lab``.
"""

from __future__ import annotations
