# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of property tests: no example has a deadline, as speed is measured by the benchmark and not by a test."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
