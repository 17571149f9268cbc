# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that several modules share. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the mesh of a module, and of its failure."""

    DOCUMENTATION = r"""
options:
  mesh:
    description: Name of the mesh, as its peers call it. It identifies the mesh in messages and is returned.
    type: str
    required: true
  fail_on_problems:
    description:
      - Whether the task fails when something could not be read or written, or is not as it is waited for.
      - Then C(msg) is the first problem. All other values are returned in both cases.
      - With V(false) the task fails only when its options are invalid.
    type: bool
    default: true
"""

    NAMESPACE = r"""
options:
  namespace:
    description: Namespace of the control plane.
    type: str
    required: true
"""
