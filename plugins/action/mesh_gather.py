# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module mesh_gather in the controller's process."""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_gather import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.action import CoreAction


class ActionModule(CoreAction):
    """See the documentation of the module of the same name."""

    MODULE = "ossm.federation.mesh_gather"
    SPEC = ARGUMENT_SPEC
    CORE = staticmethod(run)
