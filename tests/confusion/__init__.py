# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The confusion matrix: every fault, alone and in pairs, and the codes that the doctor gives for it (``make confusion``)."""
