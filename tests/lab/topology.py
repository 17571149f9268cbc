# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology of a lab: clusters and their meshes, from YAML, from a dictionary, or generated.

::

    clusters:
      red: {platform: AWS, region: us-east-1, nodes: 3, arch: amd64, metallb: false, openshift: "4.16.20",
            operator: true}                # false: no operator, no CRDs of it, no installed mesh
    meshes:
      red-mesh:
        cluster: red
        namespace: red-mesh-system       # default <mesh>-system
        control_plane: red-mesh          # default <mesh>
        version: v2.5
        trust_domain: red-mesh.local     # default <mesh>.local; null: the control plane sets none
        install: true                    # false: only the namespace exists
        members: {red-mesh-bookinfo: [ratings, reviews, details]}
        workloads: {red-mesh-bookinfo: {ratings: Deployment}}     # default none; or StatefulSet, DaemonSet

Only the mesh's ``cluster`` has no default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.state import LabError

PLATFORMS = (
    "",
    "AWS",
    "Azure",
    "BareMetal",
    "GCP",
    "Libvirt",
    "OpenStack",
    "None",
    "VSphere",
    "oVirt",
    "IBMCloud",
    "KubeVirt",
    "EquinixMetal",
    "PowerVS",
    "AlibabaCloud",
    "Nutanix",
    "External",
)
REGIONS = {"AWS": "us-east-1", "Azure": "westeurope", "GCP": "europe-west1", "IBMCloud": "eu-de"}
CLUSTER_DEFAULTS: dict[str, Any] = {
    "platform": "AWS",
    "region": None,
    "nodes": 3,
    "arch": "amd64",
    "metallb": False,
    "openshift": "4.16.20",
    "operator": True,
}
MESH_DEFAULTS: dict[str, Any] = {
    "cluster": None,
    "namespace": None,
    "control_plane": None,
    "version": "v2.5",
    "trust_domain": "",
    "install": True,
    "members": None,
    "workloads": None,
}
#: kinds of workloads whose pods are simulated
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
BOOKINFO = {"ratings": 9080, "reviews": 9080, "details": 9080}
MAX_CLUSTERS = 200
MAX_NODES = 10

Topology = dict[str, dict[str, dict[str, Any]]]


def default() -> Topology:
    """Return the default topology: red on AWS, green on Azure and blue on bare metal, with one mesh each."""
    platforms = {"red": "AWS", "green": "Azure", "blue": "BareMetal"}
    return complete(
        {
            "clusters": {name: {"platform": platform} for name, platform in platforms.items()},
            "meshes": {f"{name}-mesh": {"cluster": name} for name in platforms},
        }
    )


def generate(meshes: int, clusters: int | None = None, platforms: tuple[str, ...] = ("AWS",)) -> Topology:
    """Return a topology of meshes named mesh-01, mesh-02, …, assigned round-robin to ``clusters`` clusters.

    The default is one cluster per mesh. The platforms are assigned round-robin as well.
    """
    count = min(clusters or meshes, meshes)
    width = max(2, len(str(meshes)))
    names = [f"cluster-{number:0{width}}" for number in range(1, count + 1)]
    return complete(
        {
            "clusters": {name: {"platform": platforms[index % len(platforms)]} for index, name in enumerate(names)},
            "meshes": {
                f"mesh-{number:0{width}}": {"cluster": names[(number - 1) % count]} for number in range(1, meshes + 1)
            },
        }
    )


def read(path: Path) -> Topology:
    """Read a topology from a YAML file. LabError on an unknown name or value."""
    return complete(yaml.safe_load(path.read_text(encoding="utf-8")))


def complete(settings: Any) -> Topology:
    """Return the topology with all defaults filled in. LabError on an unknown name or value."""
    if not isinstance(settings, Mapping) or not settings.get("clusters"):
        raise LabError("A topology is a dictionary with `clusters` and `meshes`.")
    _reject_unknown("Topology", settings, {"clusters": None, "meshes": None})
    clusters = {name: _cluster(name, value or {}) for name, value in settings["clusters"].items()}
    if len(clusters) > MAX_CLUSTERS:
        raise LabError(f"A lab has at most {MAX_CLUSTERS} clusters.")
    meshes = {name: _mesh(name, value or {}, clusters) for name, value in (settings.get("meshes") or {}).items()}
    return {"clusters": clusters, "meshes": meshes}


def _reject_unknown(part: str, settings: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise LabError(f"{part}: unknown key {', '.join(unknown)} (known: {', '.join(known)}).")


def _cluster(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    _reject_unknown(f"Cluster {name}", settings, CLUSTER_DEFAULTS)
    cluster = CLUSTER_DEFAULTS | dict(settings)
    if cluster["platform"] not in PLATFORMS:
        raise LabError(f"Cluster {name}: unknown platform {cluster['platform']!r} (known: {', '.join(PLATFORMS[1:])}).")
    if not 1 <= cluster["nodes"] <= MAX_NODES:
        raise LabError(f"Cluster {name}: nodes must be 1 to {MAX_NODES}.")
    cluster["region"] = cluster["region"] or REGIONS.get(cluster["platform"], "lab-1")
    return cluster


def _mesh(name: str, settings: Mapping[str, Any], clusters: Mapping[str, Any]) -> dict[str, Any]:
    _reject_unknown(f"Mesh {name}", settings, MESH_DEFAULTS)
    mesh = MESH_DEFAULTS | dict(settings)
    if mesh["cluster"] not in clusters:
        raise LabError(f"Mesh {name}: unknown cluster {mesh['cluster']!r}.")
    mesh["namespace"] = mesh["namespace"] or f"{name}-system"
    mesh["control_plane"] = mesh["control_plane"] or name
    if mesh["trust_domain"] == "":
        mesh["trust_domain"] = f"{name}.local"
    mesh["install"] = mesh["install"] and clusters[mesh["cluster"]]["operator"]
    members = mesh["members"]
    if members is None:
        members = {f"{name}-bookinfo": BOOKINFO}
    mesh["members"] = {namespace: _services(services or {}) for namespace, services in members.items()}
    mesh["workloads"] = mesh["workloads"] or {}
    unknown = sorted({kind for kinds in mesh["workloads"].values() for kind in kinds.values()} - set(WORKLOADS))
    if unknown:
        raise LabError(f"Mesh {name}: unknown kind of workload {', '.join(unknown)} (known: {', '.join(WORKLOADS)}).")
    return mesh


def _services(settings: Any) -> dict[str, dict[str, Any]]:
    """Return services by name, from a list of names, a mapping of name to port, or of name to details."""
    if not isinstance(settings, Mapping):
        settings = dict.fromkeys(settings, 9080)
    return {name: _service(name, value) for name, value in settings.items()}


def _service(name: str, settings: Any) -> dict[str, Any]:
    if isinstance(settings, int):
        settings = {"ports": [{"name": "http", "port": settings}]}
    settings = dict(settings or {})
    return {
        "ports": settings.get("ports") or [{"name": "http", "port": 9080}],
        "labels": {"app": name} | (settings.get("labels") or {}),
    }
