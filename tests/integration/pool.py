# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running lab that test files share: each file gets it in its initial state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab import etcd, faults, launcher, processes
from lab.api import Lab

Topology = dict[str, Any]


class Pool:
    """At most one lab, kept between test files; a file that needs another topology replaces it.

    Between two files, and between two tests of a file that asks for it, the pool restores the content of each etcd and restarts the
    simulator, which keeps all other state in its memory: that takes a third of the time of a new lab. It does not reuse a lab that
    has an active fault, or a process that ended or was replaced.
    """

    def __init__(self, folder: Path, speed: float) -> None:
        self._folder = folder
        self._speed = speed
        self._count = 0
        self._lab: Lab | None = None
        self._topology: Topology | None = None
        self._content: dict[str, etcd.Content] = {}
        self._processes: set[processes.Process] = set()

    def lab(self, topology: Topology | None) -> Lab:
        """Return a lab of this topology (None: the default one) in its initial state."""
        if self._lab and topology == self._topology and self._is_reusable(self._lab):
            self._restore(self._lab)
            self._lab = Lab(self._lab.directory)
            return self._lab
        self.stop()
        self._count += 1
        self._lab, self._topology = Lab.start(topology, self._folder / f"{self._count}", speed=self._speed), topology
        self._note(self._lab)
        return self._lab

    def renew(self) -> None:
        """Bring the shared lab, as a test file has it, back to its initial state between two tests."""
        if self._lab is None:
            raise RuntimeError("there is no shared lab to renew: start one first")
        if self._is_reusable(self._lab):
            self._restore(self._lab)
            self._lab.__dict__.update(Lab(self._lab.directory).__dict__)
        else:
            self._lab.reset()
            self._note(self._lab)

    def stop(self) -> None:
        """Stop the lab, if there is one."""
        if self._lab:
            self._lab.stop()
            self._lab = None

    def _note(self, lab: Lab) -> None:
        """Remember the state of a new lab."""
        self._content = {name: etcd.read(cluster) for name, cluster in lab.clusters.items()}
        self._processes = _servers(lab)

    def _is_reusable(self, lab: Lab) -> bool:
        active = [name for names in faults.active(lab.directory).values() for name in names]
        return not active and bool(self._processes) and _servers(lab) == self._processes

    def _restore(self, lab: Lab) -> None:
        launcher.stop_simulator(lab.directory)
        for name, cluster in lab.clusters.items():
            etcd.restore(cluster, self._content[name])
        launcher.start_simulator(lab.directory, lambda _text: None, launcher.INSTALL_CLOCKS)


def _servers(lab: Lab) -> set[processes.Process]:
    """Return the lab's processes without the simulator; the front proxy of a fault is one of them."""
    return {process for process in processes.of_lab(lab.directory) if process.role != launcher.SIMULATOR}
