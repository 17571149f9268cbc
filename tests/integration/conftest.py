# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs for the integration tests, and what the clusters looked like when one failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from harness import RUNNING, descriptions
from lab.api import Lab

#: The simulator's clocks are this much faster than the product's.
SPEED = 20
#: The files that take longest, the longest first: what begins last is what everybody waits for.
LONG = ("test_recovery_later", "test_modules", "test_broken_meshes", "test_faults", "test_rights", "test_recovery", "test_retries",
        "test_load_balancers", "test_identity", "test_conflicts")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of long files first; those of one file stay together and in their order."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Start labs that end with the module."""
    with ExitStack() as running:

        def begin(topology: dict[str, Any] | None = None, **options: Any) -> Lab:
            directory = tmp_path_factory.mktemp("l") / "lab"
            lab = running.enter_context(Lab.start(topology, directory, **{"speed": SPEED, **options}))
            RUNNING.append(lab)
            running.callback(RUNNING.remove, lab)
            return lab

        yield begin


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add to the report of a failed test what its clusters looked like at that moment."""
    report = yield
    if report.failed and call.when in ("setup", "call"):
        report.sections += descriptions(getattr(item, "funcargs", {}).values())
    return report


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for what a test writes."""
    return tmp_path
