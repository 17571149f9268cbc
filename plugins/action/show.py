# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print a report as plain text, whatever callback writes to standard output."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Optional

from ansible import constants
from ansible.utils.display import Display

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.base import ActionBase, validated
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, write_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, is_sealed, plain, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH, wrapped

Json = Dict[str, Any]

#: Callbacks that write results as JSON for a program, or nothing: text between them would break what they write.
WITHOUT_TEXT = ("json", "jsonl", "null")

#: Characters that a terminal obeys instead of printing them. Messages carry text of clusters.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

ARGUMENT_SPEC: Json = {
    "lines": {"type": "list", "elements": "str", "required": True},
    "details": {"type": "list", "elements": "str", "default": []},
    "failure": {"type": "str", "default": ""},
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "str", "required": True},
            "content": {"type": "str", "required": True},
            "mode": {"type": "str", "default": "0644"},
            "make_directory": {"type": "bool", "default": False},
        },
    },
    "stats": {"type": "dict", "default": {}},
    "wrap": {"type": "bool", "default": True},
}


def is_text_shown() -> bool:
    """Whether the callback that owns standard output writes text for people."""
    callback = str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK") or "default")
    return callback.rpartition(".")[2] not in WITHOUT_TEXT


def printable(line: str) -> str:
    """A line with its control characters as escapes."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", line)


def _wrapped(line: str) -> List[str]:
    """A line as lines of at most the columns of a report, all with its indentation."""
    indent = line[: len(line) - len(line.lstrip())]
    return wrapped(line.strip(), indent) if len(line) > WIDTH else [line]


def _write(files: List[Json]) -> List[str]:
    """Write the files that have a path, and return what could not be written."""
    failures = []
    for file in files:
        if not file["path"]:
            continue
        try:
            if file["make_directory"]:
                os.makedirs(os.path.dirname(absolute(file["path"])), exist_ok=True)
            write_file(file["path"], file["content"], int(file["mode"], 8))
        except OSError as error:
            reason = error.strerror or str(error)
            failures.append(
                f"{absolute(file['path'])} cannot be written: {reason}. Name a file in a directory that exists and is writable."
            )
    return failures


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def _arguments(self) -> Json:
        """The arguments as plain data. The lines of a large report come as one text, which is unpacked where it is printed."""
        args: Json = plain(self._task.args)
        for name, is_shown in (("lines", True), ("details", self._shows_details())):
            if is_sealed(args.get(name)):
                args[name] = unseal(args[name]) if is_shown else []
        return args

    def _shows_details(self) -> bool:
        return bool(self._task.diff or Display().verbosity > 0)

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Json] = None) -> Json:
        """Print the lines, write the files, and fail where a reason to fail is given."""
        result = super().run(tmp, task_vars)
        self._task.args = self._arguments()
        params, wrong = validated("ossm.federation.show", ARGUMENT_SPEC, self._task.args)
        if wrong:
            result.update(failed=True, changed=False, msg=wrong)
            return result
        lines: List[str] = params["lines"]
        if self._shows_details():
            lines = [*lines, *params["details"]]
        is_printed = is_text_shown()
        if is_printed:
            # In one piece, so that nothing comes between the lines; the strategy prints what a worker displays.
            Display().display(
                "\n".join(
                    part for line in map(printable, lines) for part in (_wrapped(line) if params["wrap"] else [line])
                )
            )
        # The result is for programs: no callback that writes text prints it a second time, with -v neither.
        result.update(changed=False, _ansible_verbose_override=True)
        if params["stats"]:
            # Here and not by set_stats, since Ansible would visit every value of a report several times.
            result["ansible_stats"] = {"data": unseal(params["stats"]), "per_host": False, "aggregate": False}
        failure = " ".join([part for part in (params["failure"],) if part] + _write(params["files"]))
        if failure:
            result.update(failed=True, msg=inert(failure))
        if not failure or not is_printed:
            result["lines"] = inert(lines)
        return result
