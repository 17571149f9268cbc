# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: the collection beside a kubectl script and the usual one-task-per-object playbook, on one lab."""
