#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gather_archive
short_description: Write an archive for support (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Writes one file C(<name>.tar.gz) that only its owner may read. The same files give the same archive, byte by byte.
  - Its options may change in any release.
options:
  directory:
    description: The directory of the archive; it is made where it does not exist.
    type: path
    required: true
  name:
    description: The name of the archive, and of the only folder in it.
    type: str
    required: true
  created:
    description: The time of all files in the archive, as RFC 3339 in UTC.
    type: str
    required: true
  files:
    description: Texts by path, as P(ossm.federation.gather_contents#filter) returns them.
    type: dict
    required: true
notes:
  - Runs on the controller. It does not connect to the host.
attributes:
  check_mode:
    support: full
    description: Writes nothing in check mode, and returns what it would write.
  diff_mode:
    support: none
    description: Shows no difference.
"""

EXAMPLES = r"""
- name: Write the archive
  ossm.federation.gather_archive:
    directory: gathered
    name: "{{ gather_plan.name }}"
    created: "{{ gather_plan.created }}"
    files: "{{ gather_plan | ossm.federation.gather_contents(hostvars) }}"
  run_once: true
"""

RETURN = r"""
path:
  description: The absolute path of the archive.
  returned: success
  type: str
  sample: /home/admin/gathered/federation-gather-20260131T030405Z.tar.gz
bytes:
  description: The size of the archive.
  returned: success
  type: int
  sample: 183044
files:
  description: The number of files in it.
  returned: success
  type: int
  sample: 146
parts:
  description: The parts of the archive for people, each with its path, number of files, bytes before compression, and what it has.
  returned: success
  type: list
  elements: dict
  sample: [{path: timeline.txt, files: 1, bytes: 10240, what: everything that has a time}]
"""
