# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module mesh_info in the controller's process."""

from __future__ import annotations

import importlib
import pkgutil

from ansible_collections.ossm.federation.plugins import filter as filters
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.action import CoreAction

# Ansible loads an action in the process that forks a worker for every host and task, but filters in the workers, each
# time anew, and with the first that it uses each worker loads all of this collection. What the first action has imported
# here no worker imports again: with ten meshes there are about seventy of them.
for plugin in pkgutil.iter_modules(filters.__path__):
    importlib.import_module(f"{filters.__name__}.{plugin.name}")


class ActionModule(CoreAction):
    """See the documentation of the module of the same name."""

    MODULE = "ossm.federation.mesh_info"
    SPEC = ARGUMENT_SPEC
    CORE = staticmethod(run)
