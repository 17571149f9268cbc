# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An artifact that is built from the checkout's files."""

from __future__ import annotations

from pathlib import Path

import pytest
import tree
from release import artifact

#: 2026-01-02 03:04:05 UTC
EPOCH = 1767323045


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that git tracks or would add."""
    folder = tmp_path_factory.mktemp("source") / "federation"
    tree.copy(folder)
    return folder


@pytest.fixture(scope="session")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of these files."""
    return artifact.build(source, tmp_path_factory.mktemp("built"), EPOCH)
