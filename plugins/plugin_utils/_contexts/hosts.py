# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the hosts of an inventory: one for each control plane, with variables and groups. Pure."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL, LABEL_MAX
from ansible_collections.ossm.federation.plugins.module_utils._product.inventories import (
    FoundCluster,
    FoundPlane,
    ManagedCluster,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.names import host_name, is_mesh_name
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.options import OptionError
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.targets import Access, Target

#: Labels by which a hub keeps track of its own add-ons: they would be groups of no use.
_ADDON_LABELS = "feature.open-cluster-management.io/"


class Cluster(NamedTuple):
    """A cluster that was read, or is known from a former run: ``access`` is the one that worked."""

    target: Target
    access: Access
    found: FoundCluster
    managed: Optional[ManagedCluster] = None


class Host(NamedTuple):
    """A host: ``origin`` says where its control plane is."""

    name: str
    origin: str
    variables: Dict[str, Any]


def hosts_of(clusters: Iterable[Cluster]) -> Tuple[List[Host], List[str]]:
    """The hosts of clusters, and warnings about control planes that are reached by two contexts, of which the first counts."""
    hosts: List[Host] = []
    warnings: List[str] = []
    seen: Dict[str, Cluster] = {}
    for cluster in clusters:
        for plane in cluster.found["planes"]:
            first = seen.setdefault(plane["uid"], cluster) if plane["uid"] else cluster
            if first is not cluster:
                warnings.append(
                    f"{cluster.target.cluster}: control plane {plane['namespace']}/{plane['name']}: it is that of "
                    f"{first.target.cluster} too, which is kept. Fix: Leave one of the contexts {first.access.context} and "
                    f"{cluster.access.context} out (contexts)."
                )
                continue
            hosts.append(_host(cluster, plane))
    return hosts, warnings


def _host(cluster: Cluster, plane: FoundPlane) -> Host:
    found, managed = cluster.found, cluster.managed
    variables: Dict[str, Any] = {
        **cluster.access.variables,
        "mesh_namespace": plane["namespace"],
        "mesh_control_plane": plane["name"],
        "cluster_name": cluster.target.cluster,
        "cluster_server": cluster.target.server,
        "cluster_uid": found["uid"],
        "cluster_platform": found["platform"] or _claim(managed, "platform.open-cluster-management.io"),
        "cluster_region": found["region"] or _claim(managed, "region.open-cluster-management.io"),
        "cluster_openshift_version": found["openshift_version"] or _claim(managed, "version.openshift.io"),
        "cluster_labels": managed["labels"] if managed else {},
        "cluster_claims": managed["claims"] if managed else {},
        "control_plane_version": plane["version"],
        "control_plane_ready": plane["ready"],
        "control_plane_labels": plane["labels"],
    }
    if managed and len(managed["name"]) <= LABEL_MAX and LABEL.match(managed["name"]):
        variables["mesh_managed_cluster"] = managed["name"]
    name = host_name(cluster.target.cluster, plane["namespace"])
    return Host(name, f"{cluster.access.context}: {plane['namespace']}/{plane['name']}", variables)


def _claim(managed: Optional[ManagedCluster], name: str) -> str:
    return managed["claims"].get(name, "") if managed else ""


def automatic_groups(variables: Dict[str, Any], wanted: Sequence[str]) -> List[str]:
    """The groups of a host by what was found of it; the caller replaces the characters that no group may have."""
    facts = {
        "platform": variables["cluster_platform"],
        "version": variables["control_plane_version"],
        "region": variables["cluster_region"],
    }
    groups = [f"{kind}_{value}" for kind, value in facts.items() if kind in wanted and value]
    if "labels" in wanted:
        groups += [
            f"label_{key}_{value}" if value else f"label_{key}"
            for key, value in sorted(variables["cluster_labels"].items())
            if not key.startswith(_ADDON_LABELS)
        ]
    return groups


def check_names(hosts: Iterable[Host]) -> None:
    """Raise OptionError where a host has no valid name of a mesh, or two hosts have one name: a mesh that changes its name is a new
    mesh for its peers, so nothing is renamed."""
    origins: Dict[str, str] = {}
    for host in hosts:
        if not is_mesh_name(host.name):
            raise OptionError(
                f"{host.origin}: {host.name!r} cannot be the name of a mesh: it must be a DNS label of at most 55 characters. "
                "Fix: Correct host_name."
            )
        if host.name in origins:
            raise OptionError(
                f"two control planes have the host name {host.name}: {origins[host.name]} and {host.origin}. Fix: Rename one of the "
                "contexts, or set host_name to an expression that tells them apart."
            )
        origins[host.name] = host.origin
