# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: change records. A run that writes leaves one file with each object before and after.

The file grows with every task that has written, so that a run which fails or is killed leaves what it wrote until then.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional

import yaml
from ansible import context

from ansible_collections.ossm.federation.plugins.module_utils._modules.object_changes import comparable, leaves
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import VERSION
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, now
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, write_file

FORMAT = "ossm.federation/record/v1"
#: The beginning and a name of this run. Ansible imports actions in the process that forks its workers, so all workers have the same.
_STARTED = now()
_RUN = uuid.uuid4().hex[:8]
_WRITTEN = ("created", "changed", "deleted")


def prepare(directory: str) -> str:
    """Why no record can be written into a directory, which is created if it does not exist; empty where it can."""
    try:
        os.makedirs(absolute(directory), mode=0o700, exist_ok=True)
    except OSError as error:
        return str(error)
    return "" if os.access(absolute(directory), os.W_OK | os.X_OK) else "it is not writable"


def read_changes(result: Json, peers: Mapping[str, str]) -> List[Json]:
    """The changes of one result of mesh_objects or istiod_restart; ``peers`` are names of meshes by inventory host.

    An object that was created or deleted is recorded as a whole, of one that was changed only the fields that differ: a control
    plane has parts that are not ours.
    """
    written = [row for row in result.get("objects") or [] if row["verb"] in _WRITTEN]
    diffs: Iterable[Optional[Json]] = result.get("diff") or [None] * len(written)
    return [
        {
            "mesh": row["mesh"],
            "peer": peers.get(row["peer"], row["peer"]) if row.get("peer") else None,
            **{key: row.get(key) for key in ("kind", "namespace", "name", "verb", "fields", "field_manager")},
            **_before_and_after(row, diff),
        }
        for row, diff in zip(written, diffs)
    ]


def append(directory: str, changes: List[Json]) -> Path:
    """Add changes to the record of this run."""
    folder = Path(absolute(directory))
    path = folder / f"{_STARTED:%Y%m%dT%H%M%SZ}-{_playbook()}-{_RUN}.json"
    lock = os.open(folder, os.O_RDONLY)
    try:
        # Each host has a worker of its own.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _add(path, changes)
    finally:
        os.close(lock)
    return path


def _add(path: Path, changes: List[Json]) -> None:
    time = format_time(now())
    content: Json = {
        "format": FORMAT,
        "collection": VERSION,
        "playbook": _playbook(),
        "started": format_time(_STARTED),
        "changes": [],
    }
    if path.exists():
        content = json.loads(path.read_text(encoding="utf-8"))
    content["changes"] += [{"time": time, **change} for change in changes]
    write_file(str(path), json.dumps(content, indent=4) + "\n", 0o600)


def _before_and_after(row: Json, diff: Optional[Json]) -> Dict[str, Any]:
    if diff is None:
        return {"before": None, "after": None}
    before, after = (yaml.safe_load(diff[key]) or None for key in ("before", "after"))
    if row["verb"] != "changed":
        return {"before": before, "after": after}
    old, new = leaves(comparable(before)), leaves(comparable(after))
    return {
        "before": {path: old[path] for path in row["fields"] if path in old},
        "after": {path: new[path] for path in row["fields"] if path in new},
    }


def _playbook() -> str:
    """The name of the playbook that runs, as it was started."""
    names = [Path(str(name)).stem for name in context.CLIARGS.get("args") or []]
    return "-".join(name.rpartition(".")[2] for name in names) or "playbook"
