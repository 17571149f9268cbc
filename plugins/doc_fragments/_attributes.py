# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Attributes of the modules. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of what the modules can do."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what it would change, without changing it.
  diff_mode:
    description: Returns what has changed, or would in check mode, in diff mode.
  idempotent:
    description: A second run with the same arguments and the same cluster changes nothing.
"""

    GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ossm.federation.federation) in C(module_defaults) to give all modules the same arguments.
    support: full
    membership:
      - ossm.federation.federation
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Only reads.
  diff_mode:
    support: N/A
    details:
      - Changes nothing.
  idempotent:
    support: full
"""
