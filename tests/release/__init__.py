# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release: the artifact with the same bytes from every build, its bill of materials, checksums and signatures."""
