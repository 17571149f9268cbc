# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of the documentation, and how it is checked: no command and no YAML stands on a page untested."""
