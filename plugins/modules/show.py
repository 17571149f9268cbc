#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: show
short_description: Print a report as plain text (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Prints lines of text as they are, without quotes, on every stdout callback that writes text.
  - Prints nothing where the stdout callback is C(json), C(jsonl) or C(null); the lines are in the result then.
  - Its options may change in any release.
options:
  lines:
    description: The lines to print.
    type: list
    elements: str
    required: true
  details:
    description: More lines, which are printed with C(-v) or C(--diff) only.
    type: list
    elements: str
    default: []
  stats:
    description:
      - Sealed values by name, for a workflow that continues with them. They are published as M(ansible.builtin.set_stats) does it.
    type: dict
    default: {}
  wrap:
    description: Whether to wrap lines of more than 100 columns.
    type: bool
    default: true
  files:
    description:
      - The same report as files on the controller. A file is written as a whole or not at all, in check mode too, and after the lines are printed.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file. Nothing is written where this is empty.
        type: str
        required: true
      content:
        description: Its text.
        type: str
        required: true
      mode:
        description: Its permissions, as an octal number.
        type: str
        default: "0644"
      make_directory:
        description: Whether to create the directory of the file where there is none.
        type: bool
        default: false
  failure:
    description: Why the task fails after the lines are printed. The task succeeds where this is empty.
    type: str
    default: ""
notes:
  - Runs on the controller. It does not connect to the host.
attributes:
  check_mode:
    support: full
    description: Prints and writes the same in check mode.
  diff_mode:
    support: full
    description: Prints O(details) in diff mode.
"""

EXAMPLES = r"""
- name: Report the links
  ossm.federation.show:
    lines:
      - HEALTHY  6 of 6 links healthy. Nothing was changed.
    details:
      - The newest full sync was 20 seconds ago.
    files:
      - path: report.json
        content: '{"verdict": "healthy"}'
  run_once: true
"""

RETURN = r"""
lines:
  description: The lines that were printed, or would have been.
  returned: when the task succeeds, or the callback writes no text
  type: list
  elements: str
  sample:
    - HEALTHY  6 of 6 links healthy. Nothing was changed.
"""
