# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: ``python -m lab up|down|status|fault|kubectl``."""

from __future__ import annotations

from lab.cli import main

raise SystemExit(main())
