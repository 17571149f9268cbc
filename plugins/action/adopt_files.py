# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Write the files of adopt.yml: all of them or, where one exists with other content, none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

from ansible.errors import AnsibleActionFail

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.base import ActionBase, validated
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, read_file, write_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain_arguments

Json = Dict[str, Any]

ARGUMENT_SPEC: Json = {
    "directory": {"type": "path", "required": True},
    "files": {"type": "dict", "required": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Json] = None) -> Json:
        """Write the files that do not exist yet, unless others have their names."""
        result = super().run(tmp, task_vars)
        self._task.args = plain_arguments(self._task.args)
        params, wrong = validated("ossm.federation.adopt_files", ARGUMENT_SPEC, self._task.args)
        if wrong:
            result.update(failed=True, changed=False, msg=wrong)
            return result
        directory = Path(absolute(params["directory"]))
        try:
            before = {name: read_file(str(directory / name)) for name in sorted(params["files"])}
            new = [name for name, text in before.items() if text != params["files"][name]]
            existing = [name for name in new if before[name] is not None]
            if not existing and not self._task.check_mode:
                for name in new:
                    (directory / name).parent.mkdir(parents=True, exist_ok=True)
                    write_file(str(directory / name), params["files"][name])
        except (OSError, UnicodeDecodeError) as error:
            raise AnsibleActionFail(f"federation_adopt_to: {params['directory']}: {error}") from error
        changes: List[Json] = [] if existing else [{"file": name, "verb": "written"} for name in new]
        result.update(changed=bool(changes), directory=str(directory), changes=changes, existing=existing)
        if self._task.diff:
            result["diff"] = [
                {
                    "before": before[name] or "",
                    "after": params["files"][name],
                    "before_header": name,
                    "after_header": name,
                }
                for name in new
            ]
        return result
