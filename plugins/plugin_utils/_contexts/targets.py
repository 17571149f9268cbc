# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which clusters are read, and how: contexts of kubeconfigs, and ManagedClusters through the proxy of
their hub. Pure."""

from __future__ import annotations

import fnmatch
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.inventories import FoundCluster, ManagedCluster
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.names import cluster_name
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.options import HubOptions

#: The label of a ManagedCluster, and the claim, with the ID of its ClusterVersion.
_ID_LABEL, _ID_CLAIM = "clusterID", "id.openshift.io"


class Access(NamedTuple):
    """One way to a cluster: a context, in a file (empty: where kubectl looks), with the namespace that it selects. ``kubeconfig``
    has the context alone, with credentials. ``host`` and ``ca_cert`` replace the address of the API server."""

    context: str
    file: str
    namespace: str
    kubeconfig: Json
    host: str = ""
    ca_cert: str = ""

    @property
    def auth(self) -> Json:
        """The access as the client takes it."""
        auth = {"kubeconfig": self.kubeconfig, "context": self.context, "host": self.host, "ca_cert": self.ca_cert}
        return {key: value for key, value in auth.items() if value}

    @property
    def variables(self) -> Dict[str, str]:
        """The access as host variables: no credential is among them."""
        values = {"kubeconfig": self.file, "context": self.context, "host": self.host, "ca_cert": self.ca_cert}
        return {f"mesh_{key}": value for key, value in values.items() if value}


class Target(NamedTuple):
    """A cluster to read: its name, the URL of its API server, and the ways to it, the first of which counts that works."""

    key: str
    cluster: str
    server: str
    accesses: Tuple[Access, ...]


class ListedContext(NamedTuple):
    """A context of a kubeconfig: its access, its API server, and the proxy to that."""

    access: Access
    server: str
    proxy: str


def is_selected(context: str, patterns: Sequence[str]) -> bool:
    """Whether a context fits one of the patterns, and none of those with ``!`` before it. Without any of the former all fit."""
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    return _fits(context, wanted or ["*"]) and not _fits(context, unwanted)


def _fits(context: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(context, pattern) for pattern in patterns)


def context_targets(listed: Iterable[ListedContext]) -> List[Target]:
    """One target for each API server, in the order of their names. Several contexts of one API server differ in user and project:
    those that a person has named come first, and the first one names the cluster."""
    by_server: Dict[Tuple[str, str], List[ListedContext]] = {}
    for row in listed:
        # A context without a server is a cluster of its own, which cannot be read.
        by_server.setdefault((row.server or row.access.context, row.proxy), []).append(row)
    targets = []
    for (server, proxy), rows in by_server.items():
        accesses = tuple(
            sorted((row.access for row in rows), key=lambda one: ("/" in one.context, one.context, one.file))
        )
        name = cluster_name(accesses[0].context)
        targets.append(Target(f"{name} {server} {proxy}".rstrip(), name, rows[0].server, accesses))
    return sorted(targets)


def matched(
    target: Target, found: Optional[FoundCluster], managed: Iterable[ManagedCluster], hub_server: str
) -> Optional[ManagedCluster]:
    """The ManagedCluster of a target: by the ID of its ClusterVersion, else by the URL of its API server, else by its name."""
    listed = list(managed)
    identity = found["openshift_id"] if found else ""
    names = {target.cluster, *(access.context for access in target.accesses)}
    same_id = (
        one for one in listed if identity and identity in (one["claims"].get(_ID_CLAIM), one["labels"].get(_ID_LABEL))
    )
    same_server = (
        one for one in listed if target.server in (*one["servers"], *([hub_server] if one["is_hub"] else []))
    )
    same_name = (one for one in listed if one["name"] in names)
    return next((one for group in (same_id, same_server, same_name) for one in group), None)


def proxy_targets(hub: HubOptions, access: Access, managed: Iterable[ManagedCluster]) -> List[Target]:
    """One target for each ManagedCluster that is reached through the proxy of its hub, with the credentials for the hub."""
    targets = []
    for one in managed:
        host = f"{hub.proxy}/{one['name']}"
        through = access._replace(namespace="", host=host, ca_cert=hub.proxy_ca_cert)
        name = cluster_name(one["name"])
        targets.append(Target(f"{name} {host}", name, host, (through,)))
    return sorted(targets)
