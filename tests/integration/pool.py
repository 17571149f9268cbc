# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running lab that test files share: each file receives it as it was when it started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab import etcd, faults, launcher, processes
from lab.api import Lab

Topology = dict[str, Any]


class Pool:
    """At most one lab, kept between test files; a file that needs another topology replaces it.

    Between two files the content of each etcd is restored and the simulator, which keeps everything else in its memory, is
    started anew. A lab with a fault that is on, or with a process that ended or was replaced, is not used again.
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
        """Return a lab of this topology (None: the default one) at its beginning."""
        if self._lab and topology == self._topology and self._is_sound(self._lab):
            self._restore(self._lab)
            self._lab = Lab(self._lab.directory)
            return self._lab
        self.stop()
        self._count += 1
        self._lab, self._topology = Lab.start(topology, self._folder / f"{self._count}", speed=self._speed), topology
        self._content = {name: etcd.read(cluster) for name, cluster in self._lab.clusters.items()}
        self._processes = _servers(self._lab)
        return self._lab

    def stop(self) -> None:
        """Stop the lab, if there is one."""
        if self._lab:
            self._lab.stop()
            self._lab = None

    def _is_sound(self, lab: Lab) -> bool:
        on = [name for names in faults.active(lab.directory).values() for name in names]
        return not on and bool(self._processes) and _servers(lab) == self._processes

    def _restore(self, lab: Lab) -> None:
        launcher.stop_simulator(lab.directory)
        for name, cluster in lab.clusters.items():
            etcd.restore(cluster, self._content[name])
        launcher.start_simulator(lab.directory, lambda _text: None, launcher.INSTALL_CLOCKS)


def _servers(lab: Lab) -> set[processes.Process]:
    """Return the lab's processes without the simulator; a door (of a fault) is among them."""
    return {process for process in processes.of_lab(lab.directory) if process.role != launcher.SIMULATOR}
