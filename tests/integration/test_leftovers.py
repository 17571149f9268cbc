# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run leaves no temporary file: the Kubernetes client writes the keys that a kubeconfig embeds to temporary files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import Federation, two_meshes


def test_no_key_remains_in_the_temporary_folder(start: Callable[..., Any], tmp_path: Path) -> None:
    federation = Federation.for_lab(start(two_meshes()), tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    federation.succeed(environment={"TMPDIR": str(temporary)})
    assert sorted(path.name for path in temporary.iterdir()) == []
