# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is to contain: clusters, and the meshes in them. Read from YAML, from a dictionary, or generated.

::

    clusters:
      red: {platform: AWS, region: us-east-1, nodes: 3, arch: amd64, metallb: false, openshift: "4.16.20",
            operator: true}                # false: neither the operator nor its kinds; no mesh of it is installed
    meshes:
      red-mesh:
        cluster: red
        namespace: red-mesh-system       # default <mesh>-system
        control_plane: red-mesh          # default <mesh>
        version: v2.5
        trust_domain: red-mesh.local     # default <mesh>.local; null: the control plane sets none
        install: true                    # false: the namespace exists, the control plane does not
        members: {red-mesh-bookinfo: [ratings, reviews, details]}

Everything but the mesh's ``cluster`` has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.state import LabError

PLATFORMS = ("", "AWS", "Azure", "BareMetal", "GCP", "Libvirt", "OpenStack", "None", "VSphere", "oVirt", "IBMCloud",
             "KubeVirt", "EquinixMetal", "PowerVS", "AlibabaCloud", "Nutanix", "External")
REGIONS = {"AWS": "us-east-1", "Azure": "westeurope", "GCP": "europe-west1", "IBMCloud": "eu-de"}
CLUSTER_DEFAULTS: dict[str, Any] = {"platform": "AWS", "region": None, "nodes": 3, "arch": "amd64", "metallb": False,
                                    "openshift": "4.16.20", "operator": True}
MESH_DEFAULTS: dict[str, Any] = {"cluster": None, "namespace": None, "control_plane": None, "version": "v2.5",
                                 "trust_domain": "", "install": True, "members": None}
BOOKINFO = {"ratings": 9080, "reviews": 9080, "details": 9080}
MAX_CLUSTERS = 200
MAX_NODES = 10

Topology = dict[str, dict[str, dict[str, Any]]]


def default() -> Topology:
    """Return red on AWS, green on Azure and blue on bare metal, one mesh each."""
    platforms = {"red": "AWS", "green": "Azure", "blue": "BareMetal"}
    return complete({"clusters": {name: {"platform": platform} for name, platform in platforms.items()},
                     "meshes": {f"{name}-mesh": {"cluster": name} for name in platforms}})


def generated(meshes: int, clusters: int | None = None, platforms: tuple[str, ...] = ("AWS",)) -> Topology:
    """Return ``meshes`` meshes named mesh-01, mesh-02, … dealt in turn to ``clusters`` clusters (one each by default).

    The platforms are dealt in turn as well.
    """
    count = min(clusters or meshes, meshes)
    width = max(2, len(str(meshes)))
    names = [f"cluster-{number:0{width}}" for number in range(1, count + 1)]
    return complete({
        "clusters": {name: {"platform": platforms[index % len(platforms)]} for index, name in enumerate(names)},
        "meshes": {f"mesh-{number:0{width}}": {"cluster": names[(number - 1) % count]}
                   for number in range(1, meshes + 1)}})


def read(path: Path) -> Topology:
    """Read a topology from a YAML file; LabError where the file says something that does not exist."""
    return complete(yaml.safe_load(path.read_text(encoding="utf-8")))


def complete(given: Any) -> Topology:
    """Return the topology with every default filled in; LabError on a name or value that does not exist."""
    if not isinstance(given, Mapping) or not given.get("clusters"):
        raise LabError("A topology is a dictionary with `clusters` and `meshes`.")
    _refuse_unknown("the topology", given, {"clusters": None, "meshes": None})
    clusters = {name: _cluster(name, value or {}) for name, value in given["clusters"].items()}
    if len(clusters) > MAX_CLUSTERS:
        raise LabError(f"A lab has at most {MAX_CLUSTERS} clusters.")
    meshes = {name: _mesh(name, value or {}, clusters) for name, value in (given.get("meshes") or {}).items()}
    return {"clusters": clusters, "meshes": meshes}


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise LabError(f"In {where}: unknown {', '.join(unknown)} (known: {', '.join(known)}).")


def _cluster(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(f"cluster {name}", given, CLUSTER_DEFAULTS)
    cluster = CLUSTER_DEFAULTS | dict(given)
    if cluster["platform"] not in PLATFORMS:
        raise LabError(f"Cluster {name}: no platform {cluster['platform']!r} (known: {', '.join(PLATFORMS[1:])}).")
    if not 1 <= cluster["nodes"] <= MAX_NODES:
        raise LabError(f"Cluster {name}: nodes must be 1 to {MAX_NODES}.")
    cluster["region"] = cluster["region"] or REGIONS.get(cluster["platform"], "lab-1")
    return cluster


def _mesh(name: str, given: Mapping[str, Any], clusters: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(f"mesh {name}", given, MESH_DEFAULTS)
    mesh = MESH_DEFAULTS | dict(given)
    if mesh["cluster"] not in clusters:
        raise LabError(f"Mesh {name}: there is no cluster {mesh['cluster']!r}.")
    mesh["namespace"] = mesh["namespace"] or f"{name}-system"
    mesh["control_plane"] = mesh["control_plane"] or name
    if mesh["trust_domain"] == "":
        mesh["trust_domain"] = f"{name}.local"
    mesh["install"] = mesh["install"] and clusters[mesh["cluster"]]["operator"]
    members = mesh["members"]
    if members is None:
        members = {f"{name}-bookinfo": BOOKINFO}
    mesh["members"] = {namespace: _services(services or {}) for namespace, services in members.items()}
    return mesh


def _services(given: Any) -> dict[str, dict[str, Any]]:
    """Return services by name: given as a list of names, as name to port, or as name to details."""
    if not isinstance(given, Mapping):
        given = dict.fromkeys(given, 9080)
    return {name: _service(name, value) for name, value in given.items()}


def _service(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, int):
        given = {"ports": [{"name": "http", "port": given}]}
    given = dict(given or {})
    return {"ports": given.get("ports") or [{"name": "http", "port": 9080}],
            "labels": {"app": name} | (given.get("labels") or {})}
