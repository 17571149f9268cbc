# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first action brings all filters into the process that forks the workers, so that no worker loads them anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.ossm.federation.plugins import filter as filters

PROGRAM = """
import sys
import ansible_collections.ossm.federation.plugins.action.mesh_info
print(*(name.rpartition(".")[2] for name in sys.modules if ".federation.plugins.filter." in name))
"""


def test_the_first_action_loads_every_filter() -> None:
    names = {path.stem for folder in filters.__path__ for path in Path(folder).glob("*.py") if path.stem != "__init__"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert names <= set(answer.stdout.split())
