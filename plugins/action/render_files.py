# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the files of render.yml: only what differs, and only files that it has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

from ansible.errors import AnsibleActionFail

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.base import ActionBase, validated
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, write_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain_arguments
from ansible_collections.ossm.federation.plugins.plugin_utils._render.files import is_ours
from ansible_collections.ossm.federation.plugins.plugin_utils._render.folders import (
    Folder,
    folder_content,
    folder_mesh,
    stale_files,
)

Json = Dict[str, Any]

ARGUMENT_SPEC: Json = {
    "directory": {"type": "path", "required": True},
    "folders": {"type": "list", "elements": "dict", "required": True},
    "files": {"type": "dict", "default": {}},
    "meshes": {"type": "list", "elements": "str", "required": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Json] = None) -> Json:
        """Bring the directory to the rendered content."""
        result = super().run(tmp, task_vars)
        self._task.args = plain_arguments(self._task.args)
        params, wrong = validated("ossm.federation.render_files", ARGUMENT_SPEC, self._task.args)
        if wrong:
            result.update(failed=True, changed=False, msg=wrong)
            return result
        writer = _Writer(Path(absolute(params["directory"])), bool(self._task.check_mode))
        try:
            for folder in params["folders"]:
                writer.write_folder(folder)
            writer.write_files(params["files"])
        except (OSError, UnicodeDecodeError) as error:
            raise AnsibleActionFail(f"federation_render_dir: {params['directory']}: {error}") from error
        result.update(
            changed=bool(writer.changes),
            directory=str(writer.directory),
            changes=writer.changes,
            taken=writer.taken,
            unknown=writer.unknown(params["meshes"]),
        )
        if self._task.diff:
            result["diff"] = writer.diff
        return result


class _Writer:
    """Writes and removes files, and remembers what it did. In check mode it writes nothing."""

    def __init__(self, directory: Path, is_check: bool) -> None:
        self.directory = directory
        self.changes: List[Json] = []
        self.taken: List[str] = []
        self.diff: List[Json] = []
        self._is_check = is_check

    def write_folder(self, folder: Folder) -> None:
        """Write the files of one mesh, and remove those that are ours and stale."""
        path = self.directory / folder["mesh"]
        existing = _texts(path)
        content = folder_content(folder, existing)
        self.taken += [f"{folder['mesh']}/{name}" for name in content.taken]
        for name, text in content.files.items():
            self._write(path / name, existing.get(name), text, folder["mesh"])
        for name in stale_files(content, existing):
            self._write(path / name, existing[name], None, folder["mesh"])

    def write_files(self, files: Dict[str, str]) -> None:
        """Write the files beside the folders."""
        existing = _texts(self.directory)
        for name, text in sorted(files.items()):
            if name in existing and not is_ours(existing[name]):
                self.taken.append(name)
            else:
                self._write(self.directory / name, existing.get(name), text, "")

    def unknown(self, meshes: List[str]) -> List[str]:
        """The folders with files of ours for other meshes."""
        folders = sorted(path for path in self.directory.glob("*") if path.is_dir() and path.name not in meshes)
        return [path.name for path in folders if folder_mesh(_texts(path))]

    def _write(self, path: Path, before: Optional[str], after: Optional[str], mesh: str) -> None:
        if before == after:
            return
        name = str(path.relative_to(self.directory))
        verb = "removed" if after is None else "written"
        self.changes.append({"file": name, "mesh": mesh, "verb": verb})
        self.diff.append({"before": before or "", "after": after or "", "before_header": name, "after_header": name})
        if self._is_check:
            return
        if after is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(str(path), after)


def _texts(folder: Path) -> Dict[str, str]:
    """The texts of the YAML files of a folder by name; other files are not looked at."""
    paths = sorted(folder.glob("*.y*ml")) if folder.is_dir() else []
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}
