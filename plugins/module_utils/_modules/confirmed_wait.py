# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The state of a wait whose end is the absence of something. Private to this collection.

That an object is absent is only known from a list of all objects: events of a watch come one by one, and a kind without
objects sends none. So the watches only say when it is worth to look, and a list decides.
"""

from __future__ import annotations

import time
from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import (
    ChangeLog,
    Event,
    LiveObjects,
    Say,
    WatchFor,
    follow,
)


class ConfirmedWait:
    """Live objects of one namespace, and what they lack; subclasses say what is watched and what is missing.

    ``subject`` begins the lines of progress after the mesh, ``done`` is the line when nothing is missing.
    """

    def __init__(self, mesh: str, namespace: str, subject: str, done: str) -> None:
        self.mesh, self.namespace = mesh, namespace
        self.live = LiveObjects()
        self._subject, self._done = subject, done
        self._log = ChangeLog()
        self._cluster: Optional[Cluster] = None

    def targets(self) -> List[WatchFor]:
        """What is worth to be watched."""
        raise NotImplementedError

    def missing(self) -> List[str]:
        """What is still waited for."""
        raise NotImplementedError

    def follow(self, cluster: Cluster, deadline: float, say: Say) -> None:
        """Look, and where something is missing wait until it is there, or until the deadline on the monotonic clock."""
        self._cluster = cluster
        self.look()
        if self.missing() and time.monotonic() < deadline:
            follow(cluster, self.targets(), self, deadline, say)

    def look(self) -> None:
        """Read all objects anew."""
        if self._cluster is not None:
            for target in self.targets():
                self.live.fill(target.kind, self._cluster.list(target.kind, target.namespace))

    def take(self, event: Event) -> None:
        """Apply an event about objects."""
        self.live.take(event)

    def is_done(self) -> bool:
        """Never from single events; see ``is_over``."""
        return False

    def is_over(self) -> bool:
        """Whether nothing is missing, by lists of all objects."""
        if self.missing():
            return False
        self.look()
        return not self.missing()

    def changes(self) -> List[str]:
        """One line when something else is missing."""
        return self._log.changes({f"{self.mesh}: {self._subject}": "; ".join(self.missing()) or self._done})

    def status_line(self) -> str:
        """What is still waited for."""
        self.look()
        return "; ".join(self.missing())
