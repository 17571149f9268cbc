# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs for the integration tests, and the state of the clusters in the report of a failed test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from harness import RUNNING, descriptions
from lab.api import Lab
from pool import Pool

#: The simulator's clocks are this much faster than the product's.
SPEED = 20
#: The files that take longest, the longest first: a long file that starts last delays the end of the whole run.
LONG_FILES = (
    "test_runner",
    "test_killed",
    "test_confusion",
    "test_recovery_later",
    "test_removal_faults",
    "test_removal",
    "test_trust_domain",
    "test_eda",
    "test_modules",
    "test_broken_meshes",
    "test_faults",
    "test_permissions",
    "test_recovery",
    "test_retries",
    "test_load_balancers",
    "test_traffic",
    "test_probe",
    "test_gather",
    "test_identity",
    "test_remove_service",
    "test_concurrent",
    "test_conflicts",
)
#: Files on the default topology; they run one after the other, so that they share one lab.
DEFAULT_TOPOLOGY_FILES = (
    "test_federate",
    "test_limit",
    "test_oldest_core",
    "test_plan",
    "test_roots",
    "test_runner_jobs",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of long files first, then those that share a topology; tests of one file keep their order."""
    items.sort(key=lambda item: _position(item.path.stem))


def _position(name: str) -> tuple[int, bool]:
    return (LONG_FILES.index(name) if name in LONG_FILES else len(LONG_FILES), name not in DEFAULT_TOPOLOGY_FILES)


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """The lab that this worker's test files share."""
    shared = Pool(tmp_path_factory.mktemp("p"), SPEED)
    yield shared
    shared.stop()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Iterator[Callable[..., Lab]]:
    """Return a function that starts labs: the module's first one is the worker's shared lab in its initial state.

    A further lab, or one with options, is started for this module only and stops with it.
    """
    with ExitStack() as running:
        labs: list[Lab] = []

        def start_lab(topology: dict[str, Any] | None = None, **options: Any) -> Lab:
            if labs or options:
                directory = tmp_path_factory.mktemp("l") / "lab"
                lab = running.enter_context(Lab.start(topology, directory, **{"speed": SPEED, **options}))
            else:
                lab = pool.lab(topology)
            labs.append(lab)
            RUNNING.append(lab)
            running.callback(RUNNING.remove, lab)
            return lab

        yield start_lab


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add the state of the clusters to the report of a failed test."""
    report = yield
    if report.failed and call.when in ("setup", "call"):
        report.sections += descriptions(getattr(item, "funcargs", {}).values())
    return report


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the files of one test."""
    return tmp_path
