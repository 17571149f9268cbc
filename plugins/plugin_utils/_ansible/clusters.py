# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the clusters and hubs of an inventory, read side by side, or known from a former run."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import list_contexts
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster as Client
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import api_server, connect
from ansible_collections.ossm.federation.plugins.module_utils._modules.cluster_planes import (
    find_cluster,
    list_managed_clusters,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.inventories import ManagedCluster
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.hosts import Cluster
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.memory import Memory
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.options import HubOptions, OptionError, Options
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.targets import (
    Access,
    ListedContext,
    Target,
    context_targets,
    is_selected,
    matched,
    proxy_targets,
)

#: The namespace of the product's documentation, for an account that may not list all namespaces.
_USUAL = "istio-system"
#: Problems after which another user of the same cluster may be able to read it.
_OF_THE_USER = ("unauthorized", "forbidden", "access", "certificate")
#: The client has defaults for the whole process, so only one access is opened at a time.
_OPENING = threading.Lock()


class Reading(NamedTuple):
    """The result of reading a target: a value and the access that worked, or the problem of the first access."""

    value: Any
    access: Optional[Access]
    problem: Optional[Problem]


class Hub(NamedTuple):
    """A hub with the target by which it is read."""

    options: HubOptions
    target: Target
    managed: List[ManagedCluster]


class Survey:
    """What is found in the clusters; ``warnings`` and ``notes`` are lines for a person.

    ``memory`` is what former runs have found. ``fresh_seconds`` is how long that is used without a request; None for never.
    ``unanswered`` are the names of clusters and hubs that did not answer, with or without what is kept of them.
    """

    def __init__(self, options: Options, memory: Memory, fresh_seconds: Optional[int]) -> None:
        self.options = options
        self.memory = memory
        self.warnings: List[str] = []
        self.notes: List[str] = []
        self.unanswered: List[str] = []
        self.keys: List[str] = []
        self._fresh_seconds = fresh_seconds

    def clusters(self) -> List[Cluster]:
        """All clusters that were read or are known, in the order of their names. Raises OptionError for a hub without context."""
        listed = self._contexts()
        targets = context_targets(row for row in listed if is_selected(row.access.context, self.options.contexts))
        hubs = self._hubs(listed)
        if not targets and not any(hub.options.proxy for hub in hubs):
            self.warnings.append("no context is read. Fix: Correct contexts, or the kubeconfig.")
        clusters = [self._matched(cluster, hubs) for cluster in self._read_clusters(targets)]
        for hub in hubs:
            taken = {cluster.managed["name"] for cluster in clusters if cluster.managed}
            by_context = [matched(target, None, hub.managed, hub.target.server) for target in targets]
            taken |= {one["name"] for one in by_context if one}
            clusters += self._through(hub, [one for one in hub.managed if one["name"] not in taken])
        return sorted(clusters, key=lambda cluster: cluster.target.key)

    def _contexts(self) -> List[ListedContext]:
        """The contexts of all kubeconfigs."""
        rows: List[ListedContext] = []
        for file in self.options.kubeconfigs or ("",):
            rows += _contexts_of(file)
        return rows

    # -- hubs --------------------------------------------------------------------------------------------------------

    def _hubs(self, listed: Sequence[ListedContext]) -> List[Hub]:
        """The hubs with their ManagedClusters; those of a hub that does not answer are as they were."""
        hubs = []
        for options in self.options.hubs:
            rows = self._hub_contexts(options, listed)
            target = Target(
                f"hub {options.context} {rows[0].server} {options.label_selector}", options.context, rows[0].server, ()
            )
            hubs.append(Hub(options, target._replace(accesses=tuple(row.access for row in rows)), []))

        def read(client: Client, target: Target, access: Access) -> Any:
            options = next(hub.options for hub in hubs if hub.target is target)
            return list_managed_clusters(client, options.label_selector)

        readings = self._read([hub.target for hub in hubs], read)
        return [hub._replace(managed=readings[hub.target.key].value or []) for hub in hubs]

    def _hub_contexts(self, options: HubOptions, listed: Sequence[ListedContext]) -> List[ListedContext]:
        candidates = _contexts_of(options.kubeconfig) if options.kubeconfig else listed
        rows = [row for row in candidates if row.access.context == options.context]
        if not rows:
            raise OptionError(
                f"hubs: no kubeconfig has the context {options.context}. Fix: Name the context of the hub."
            )
        return rows[:1]

    def _matched(self, cluster: Cluster, hubs: Sequence[Hub]) -> Cluster:
        """The cluster with its ManagedCluster, where a hub has one."""
        for hub in hubs:
            managed = matched(cluster.target, cluster.found, hub.managed, hub.target.server)
            if managed:
                return cluster._replace(managed=managed)
        return cluster

    def _through(self, hub: Hub, managed: Sequence[ManagedCluster]) -> List[Cluster]:
        """The ManagedClusters without a context, read through the proxy of their hub; without a proxy they are only noted."""
        if managed and not hub.options.proxy:
            names = ", ".join(one["name"] for one in managed)
            self.notes.append(f"{hub.options.context}: no context reaches the ManagedClusters {names}")
            return []
        targets = proxy_targets(hub.options, hub.target.accesses[0], managed)
        by_host = {f"{hub.options.proxy}/{one['name']}": one for one in managed}
        return [cluster._replace(managed=by_host[cluster.target.server]) for cluster in self._read_clusters(targets)]

    # -- reading -----------------------------------------------------------------------------------------------------

    def _read_clusters(self, targets: Sequence[Target]) -> List[Cluster]:
        """The control planes of clusters."""

        def read(client: Client, target: Target, access: Access) -> Any:
            fallback = list(dict.fromkeys(filter(None, (access.namespace, _USUAL))))
            return find_cluster(client, target.cluster, self.options.namespaces, fallback)

        readings = self._read(targets, read)
        clusters = []
        for target in targets:
            reading = readings[target.key]
            if reading.value is not None and reading.access is not None:
                self.notes += [problem_line(note) for note in reading.value["notes"]]
                clusters.append(Cluster(target, reading.access, reading.value))
        return clusters

    def _read(self, targets: Sequence[Target], read: Callable[[Client, Target, Access], Any]) -> Dict[str, Reading]:
        """Read targets side by side, but for those whose kept value is fresh. What does not answer has its kept value."""
        self.keys += [target.key for target in targets]
        seconds = self._fresh_seconds
        stale = [target for target in targets if seconds is None or not self.memory.is_fresh(target.key, seconds)]
        with ThreadPoolExecutor(max_workers=self.options.workers) as pool:
            readings = dict(
                zip([target.key for target in stale], pool.map(lambda target: self._read_one(target, read), stale))
            )
        for target in targets:
            reading = readings.get(target.key)
            if reading is not None and reading.access is not None:
                self.memory.keep(target.key, reading.value, reading.access.context)
            else:
                readings[target.key] = self._remembered(target, reading)
        return readings

    def _read_one(self, target: Target, read: Callable[[Client, Target, Access], Any]) -> Reading:
        """Read one target by the first access that works. Raises nothing."""
        first: Optional[Problem] = None
        for access in target.accesses:
            try:
                with _OPENING:
                    client, problems = connect(access.auth, target.cluster, seconds=self.options.timeout)
                if client is not None:
                    client.begin()
                    return Reading(read(client, target, access), access, None)
            except ClusterError as error:
                problems = [error.problem(target.cluster, api_server(target.cluster))]
            first = first or problems[0]
            if problems[0]["code"] not in _OF_THE_USER:
                break
        return Reading(None, None, first)

    def _remembered(self, target: Target, failed: Optional[Reading]) -> Reading:
        """What is kept of a target; with a warning where it was read and ``failed``."""
        entry = self.memory.entry(target.key)
        if failed is not None and failed.problem is not None:
            self.unanswered.append(target.cluster)
            consequence = (
                f"It stays as it was at {entry['time']}." if entry else "It is left out: nothing is known of it."
            )
            self.warnings.append(f"{problem_line({**failed.problem, 'severity': 'warning'})} {consequence}")
        if entry is None or not target.accesses:
            return Reading(None, None, None)
        by_context = {access.context: access for access in target.accesses}
        return Reading(entry["value"], by_context.get(entry["context"], target.accesses[0]), None)


def _contexts_of(file: str) -> List[ListedContext]:
    """The contexts of a kubeconfig (empty: where kubectl looks). Raises OptionError where it cannot be read: otherwise its clusters
    would be forgotten."""
    contexts, problems = list_contexts({"kubeconfig": file} if file else {"context": "any"})
    if problems:
        raise OptionError(problem_line(problems[0]))
    return [
        ListedContext(Access(one.name, file, one.namespace, one.kubeconfig), one.server, one.proxy) for one in contexts
    ]


def check_environment() -> Tuple[str, ...]:
    """The variables of the environment with which every cluster would be reached with the same credentials."""
    return tuple(sorted(name for name in os.environ if name.startswith("K8S_AUTH_") and os.environ[name]))
