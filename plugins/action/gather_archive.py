# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write an archive for support on the controller."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

from ansible.errors import AnsibleActionFail

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.base import ActionBase, validated
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, write_bytes
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain_arguments
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.archive import pack, parts

Json = Dict[str, Any]

ARGUMENT_SPEC: Json = {
    "directory": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "created": {"type": "str", "required": True},
    "files": {"type": "dict", "required": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Json] = None) -> Json:
        """Write the archive; its content is not in the result."""
        result = super().run(tmp, task_vars)
        params, wrong = validated("ossm.federation.gather_archive", ARGUMENT_SPEC, plain_arguments(self._task.args))
        if wrong:
            result.update(failed=True, changed=False, msg=wrong)
            return result
        path = os.path.join(absolute(params["directory"]), f"{params['name']}.tar.gz")
        files: Dict[str, str] = params["files"]
        content = pack(params["name"], params["created"], files)
        if not self._task.check_mode:
            try:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                write_bytes(path, content, 0o600)
            except OSError as error:
                reason = error.strerror or str(error)
                raise AnsibleActionFail(
                    f"federation_gather_dir: {path} cannot be written: {reason}. Name a directory that is writable."
                ) from error
        result.update(
            changed=True,
            path=path,
            bytes=len(content),
            files=len(files),
            parts=[part._asdict() for part in parts(files)],
        )
        return result
