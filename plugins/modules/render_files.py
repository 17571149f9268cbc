#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: render_files
short_description: Write rendered files (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Writes the files that differ, and removes those that an earlier run has written and that are not rendered any more.
  - A file without the first line of a rendered file is never changed.
  - Its options may change in any release.
options:
  directory:
    description: The directory with one folder for each mesh.
    type: path
    required: true
  folders:
    description: The folders, as P(ossm.federation.rendering#filter) returns them.
    type: list
    elements: dict
    required: true
  files:
    description: Texts of files beside the folders, by name.
    type: dict
    default: {}
  meshes:
    description: The names of all meshes. Folders with rendered files for other meshes are reported.
    type: list
    elements: str
    required: true
notes:
  - Runs on the controller. It does not connect to the host.
attributes:
  check_mode:
    support: full
    description: Writes nothing in check mode, and returns what it would write.
  diff_mode:
    support: full
    description: Returns each changed file before and after.
"""

EXAMPLES = r"""
- name: Write the files
  ossm.federation.render_files:
    directory: rendered
    folders: "{{ render_plan.folders }}"
    meshes: "{{ render_plan.meshes }}"
  run_once: true
"""

RETURN = r"""
directory:
  description: The absolute path of the directory.
  returned: success
  type: str
  sample: /home/admin/rendered
changes:
  description: The files that were written or removed, or in check mode would be.
  returned: success
  type: list
  elements: dict
  sample: [{file: red-mesh/kustomization.yaml, mesh: red-mesh, verb: written}]
taken:
  description: Files that no run has rendered, with the name of a rendered one; they stay as they are.
  returned: success
  type: list
  elements: str
  sample: []
unknown:
  description: Folders with rendered files of meshes that are not among O(meshes).
  returned: success
  type: list
  elements: str
  sample: []
"""
