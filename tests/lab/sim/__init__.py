# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh simulator: operator, cloud and istiod for every cluster of a lab."""
