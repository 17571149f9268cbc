# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The requests of mesh_info: a failure becomes a problem of the facts, unless nothing else can be read. Private to this
collection."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import (
    ABSENT_CODES,
    FATAL_CODES,
    ClusterError,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import MeshFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import without
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem


class Reading:
    """One mesh that is being read into ``facts``.

    ``complete`` is whether all that is needed could be read so far. ``absent`` are the kinds that the cluster does not
    have, or of which it does not have the only object, with the code. An error after which nothing else can be read is
    raised as ClusterError.
    """

    def __init__(self, cluster: Cluster, facts: MeshFacts) -> None:
        self.cluster = cluster
        self.facts = facts
        self.mesh = facts["mesh"]
        self.namespace = facts["namespace"]
        self.complete = True
        self.absent: Dict[str, str] = {}
        self._noted: Set[Tuple[str, str, str]] = set()

    def locate(self, namespace: str) -> None:
        """Set the namespace of the mesh, where it was not given."""
        self.namespace = self.facts["namespace"] = namespace

    def note(self, problem: Problem) -> None:
        """Note a problem once: the same message about three kinds of one group is one problem.

        A warning about an object that the caller asked for does not hide the error about one that is needed.
        """
        key = (problem["code"], problem["message"], problem["severity"])
        if key not in self._noted:
            self._noted.add(key)
            self.facts["problems"].append(problem)

    def need(self, function: Callable[..., Any], kind: str, *args: str, default: Any) -> Any:
        """The answer to a request; ``default`` and an error where it fails: the mesh cannot be used without it."""
        try:
            return function(kind, *args)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            self.note(error.problem(self.mesh, " ".join((kind, *args))))
            self.complete = False
            return default

    def want(self, function: Callable[..., Any], kind: str, *args: str, default: Any) -> Any:
        """The answer to a request; ``default`` and a warning where it fails: the mesh can be used without it."""
        try:
            return function(kind, *args)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            self.degrade(error, " ".join((kind, *args)))
            return default

    def optional(self, kind: str, *where: str) -> Optional[Json]:
        """One object; None where the cluster does not have it or, with a warning, where it may not be read."""
        try:
            return self.cluster.get(kind, *where)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            if error.code in ABSENT_CODES:
                self.absent[kind] = error.code
            elif without(kind):
                self.degrade(error, " ".join((kind, *where)))
            return None

    def degrade(self, error: ClusterError, where: str) -> None:
        """Note a warning about an object that could not be read, with what is missing without it."""
        problem = error.problem(self.mesh, where)
        problem["severity"] = "warning"
        lost = without(where.partition(" ")[0])
        if lost:
            problem["message"] = f"{lost}: {problem['message']}"
        self.note(problem)
