#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_files
short_description: Write an inventory (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Writes the files of an inventory. Where one of them exists with other content, it writes none.
  - Its options may change in any release.
options:
  directory:
    description: The directory of the inventory.
    type: path
    required: true
  files:
    description: Texts of the files by their path in the directory, as P(ossm.federation.adoption#filter) returns them.
    type: dict
    required: true
notes:
  - Runs on the controller. It does not connect to the host.
attributes:
  check_mode:
    support: full
    description: Writes nothing in check mode, and returns what it would write.
  diff_mode:
    support: full
    description: Returns each file that differs before and after, also where it exists and is not written.
"""

EXAMPLES = r"""
- name: Write the inventory
  ossm.federation.adopt_files:
    directory: adopted
    files: "{{ adopt_plan.files }}"
  run_once: true
"""

RETURN = r"""
directory:
  description: The absolute path of the directory.
  returned: success
  type: str
  sample: /home/admin/adopted
changes:
  description: The files that were written, or in check mode would be.
  returned: success
  type: list
  elements: dict
  sample: [{file: hosts.yml, verb: written}]
existing:
  description: Files that exist with other content; then nothing was written.
  returned: success
  type: list
  elements: str
  sample: []
"""
