# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run leaves no file behind: the Kubernetes client writes keys that a kubeconfig embeds into files of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import Federation, two_meshes


def test_no_key_is_left_in_the_folder_for_temporary_files(start: Callable[..., Any], tmp_path: Path) -> None:
    federation = Federation.for_lab(start(two_meshes()), tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    federation.succeed(environment={"TMPDIR": str(temporary)})
    assert sorted(path.name for path in temporary.iterdir()) == []
