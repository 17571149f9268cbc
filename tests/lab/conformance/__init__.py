# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the mesh simulator behave as the real product was seen to? Plain API calls only, nothing of the collection."""
