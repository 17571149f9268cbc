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
from pool import Pool

from lab.api import Lab

#: The simulator's clocks are this much faster than the product's.
SPEED = 20
#: The files that take longest, the longest first: what begins last is what everybody waits for.
LONG = (
    "test_recovery_later",
    "test_modules",
    "test_broken_meshes",
    "test_faults",
    "test_rights",
    "test_recovery",
    "test_retries",
    "test_load_balancers",
    "test_identity",
    "test_conflicts",
)
#: Files on the default topology; they follow each other, so that they share one lab.
DEFAULT_TOPOLOGY = ("test_federate", "test_limit", "test_oldest_core", "test_plan", "test_roots")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of long files first, then those that share a topology; those of one file stay in their order."""
    items.sort(key=lambda item: _position(item.path.stem))


def _position(name: str) -> tuple[int, bool]:
    return (LONG.index(name) if name in LONG else len(LONG), name not in DEFAULT_TOPOLOGY)


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """The lab that this worker's test files share."""
    shared = Pool(tmp_path_factory.mktemp("p"), SPEED)
    yield shared
    shared.stop()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Iterator[Callable[..., Lab]]:
    """Return a function that starts labs: the module's first one is the worker's shared lab at its beginning.

    A further one, or one with options, is started for this module alone and ends with it.
    """
    with ExitStack() as running:
        own: list[Lab] = []

        def begin(topology: dict[str, Any] | None = None, **options: Any) -> Lab:
            if own or options:
                directory = tmp_path_factory.mktemp("l") / "lab"
                lab = running.enter_context(Lab.start(topology, directory, **{"speed": SPEED, **options}))
            else:
                lab = pool.lab(topology)
            own.append(lab)
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
