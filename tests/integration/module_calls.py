# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call single modules of the collection in every way that Ansible can run them, and compare their results."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from harness import Federation, Object

#: Way of running a task -> the keywords of the task.
WAYS: dict[str, Object] = {
    "in process": {},
    "as a module": {"vars": {"ansible_connection": "elsewhere"}},
    "async": {"async": 60, "poll": 1},
}
#: Fields that differ between two reads of a running lab.
_VOLATILE = re.compile(
    r'"(last_full_sync|last_attempt|lastFullSync|lastConnected|resourceVersion|lastEvent|time)": "?[^",}]*"?'
)


class Call:
    """A caller of modules of the collection that runs a playbook of one task."""

    def __init__(self, federation: Federation, folder: Path) -> None:
        self.federation, self.folder = federation, folder
        self.output = ""

    def __call__(self, way: str, module: str, *arguments: str, **options: Any) -> Object:
        """Return the result of one task, also if it fails; ``arguments`` go to ansible-playbook."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        run = self.federation.play(self.write(way, module, result, options, failed_when=False), *arguments)
        self.output = run.output
        assert run.code == 0, run.output
        return json.loads(result.read_text())

    def write(self, way: str, module: str, result: Path, options: Object, **keywords: Any) -> Path:
        """Write the playbook; ``keywords`` are those of its task."""
        task = {"name": "Call", f"ossm.federation.{module}": options, "register": "called", **keywords, **WAYS[way]}
        save = {
            "name": "Save the result",
            "ansible.builtin.copy": {"content": "{{ called | to_json }}", "dest": str(result)},
            "check_mode": False,
            "diff": False,
        }
        playbook = self.folder / "call.yml"
        playbook.write_text(
            yaml.safe_dump([{"hosts": "red-mesh", "connection": "local", "gather_facts": False, "tasks": [task, save]}])
        )
        return playbook

    @property
    def auth(self) -> Object:
        """Return the access options of red's cluster."""
        return {"kubeconfig": self.federation.hosts["red-mesh"]["mesh_kubeconfig"]}


def _comparable(result: Object) -> Object:
    """Return a result without volatile fields and without the fields that Ansible adds for the way of running."""
    added = (
        "ansible_job_id",
        "results_file",
        "started",
        "finished",
        "stdout",
        "stdout_lines",
        "stderr",
        "stderr_lines",
        "_ansible_no_log",
        "ansible_facts",
        "warnings",
        "deprecations",
    )
    fields = {key: value for key, value in result.items() if key not in added}
    return json.loads(_VOLATILE.sub(r'"\1": "volatile"', json.dumps(fields, sort_keys=True)))


def call_in_all_ways(call: Call, module: str, *arguments: str, **options: Any) -> Object:
    """Call a module in all ways, check that the results are equal, and return the first."""
    results = {way: _comparable(call(way, module, *arguments, **options)) for way in WAYS}
    first = next(iter(results.values()))
    for way, result in results.items():
        assert result == first, way
    return first
