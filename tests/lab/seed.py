# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Initial objects of a lab cluster.

They are built as plain data and then applied server-side, so that a second run changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config, dynamic, watch

from lab.clusters import ADMIN_GROUP, Cluster

Object = dict[str, Any]
#: (field manager, object)
ManagedObject = tuple[str, Object]

CRDS = Path(__file__).resolve().parent / "crds"
FIELD_MANAGER = "lab"
OPERATORS = "openshift-operators"
MESH_OWNER = "mesh-owner"
APPLY_THREADS = 4
ESTABLISHED_SECONDS = 60
_PROVIDERS = {
    "AWS": "aws:///{zone}/i-{key}",
    "Azure": "azure:///subscriptions/lab/virtualMachines/{name}",
    "GCP": "gce://lab/{zone}/{name}",
    "OpenStack": "openstack:///{uuid}",
    "VSphere": "vsphere://{uuid}",
    "IBMCloud": "ibm://lab///{key}/{name}",
    "PowerVS": "ibmpowervs://{zone}/lab/{uuid}",
    "Nutanix": "nutanix://{uuid}",
    "BareMetal": "baremetalhost:///openshift-machine-api/{name}/{uuid}",
    "KubeVirt": "kubevirt://{name}",
    "oVirt": "ovirt://{uuid}",
}


def connect(kubeconfig: str, cache: Path) -> dynamic.DynamicClient:
    """Return a client for the cluster of ``kubeconfig``, with its discovery cached in ``cache``."""
    return dynamic.DynamicClient(config.new_client_from_config(kubeconfig), cache_file=str(cache))


def launcher_client(cluster: Cluster) -> dynamic.DynamicClient:
    """Return the launcher's client, which bypasses faults and RBAC."""
    return connect(cluster.entry["launcher_kubeconfig"], cluster.folder / "discovery.json")


def crds(*families: str) -> list[Object]:
    """Return the CRDs of ``crds/<family>-*.yaml``; the families are federation, mesh, istio, openshift and olm."""
    files = [file for family in families for file in sorted(CRDS.glob(f"{family}-*.yaml"))]
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


def create_objects(cluster: Cluster, meshes: dict[str, Any]) -> None:
    """Create the initial objects of a cluster and of its meshes."""
    connection = launcher_client(cluster)
    operator = cluster.entry["operator"]
    apply_crds(connection, crds("openshift", "olm", *(("federation", "mesh", "istio") if operator else ())))
    stages = [*_base(cluster), *mesh_stages(meshes, operator)]
    for stage in stages:
        apply(connection, stage)
    _publish_status(connection, cluster)


def apply_crds(connection: dynamic.DynamicClient, definitions: list[Object]) -> None:
    """Apply the CRDs and wait until they are established."""
    apply(connection, [(FIELD_MANAGER, definition) for definition in definitions])
    resource = connection.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    missing = {definition["metadata"]["name"] for definition in definitions}
    watcher = watch.Watch()
    for event in resource.watch(timeout=ESTABLISHED_SECONDS, watcher=watcher):
        if _established(event["raw_object"]):
            missing.discard(event["raw_object"]["metadata"]["name"])
        if not missing:
            watcher.stop()
    if missing:
        raise TimeoutError(f"CRDs not established within {ESTABLISHED_SECONDS} s: {', '.join(sorted(missing))}")


def _established(definition: Object) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def apply(connection: dynamic.DynamicClient, items: Iterable[ManagedObject], force: bool = True) -> None:
    """Apply the objects server-side with their field managers, a few in parallel."""

    def apply_object(item: ManagedObject) -> None:
        manager, body = item
        resource = connection.resources.get(api_version=body["apiVersion"], kind=body["kind"])
        connection.server_side_apply(
            resource,
            body,
            body["metadata"]["name"],
            body["metadata"].get("namespace"),
            field_manager=manager,
            force_conflicts=force,
        )

    pending = list(items)
    for api_version, kind in sorted({(body["apiVersion"], body["kind"]) for _manager, body in pending}):
        connection.resources.get(api_version=api_version, kind=kind)
    with ThreadPoolExecutor(APPLY_THREADS) as pool:
        list(pool.map(apply_object, pending))


def _base(cluster: Cluster) -> list[list[ManagedObject]]:
    """Return the stages of every cluster: RBAC, nodes and OpenShift objects, then what needs their namespaces."""
    rights = [
        binding("lab-admins", ADMIN_GROUP, "cluster-admin"),
        binding("lab-simulators", "lab:simulators", "cluster-admin"),
    ]
    nodes = [_node(cluster, node) for node in cluster.entry["nodes"]]
    # OpenShift has a namespace with an operator group for operators that watch all namespaces.
    namespace: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATORS}}
    group = {
        "apiVersion": "operators.coreos.com/v1",
        "kind": "OperatorGroup",
        "metadata": {"name": "global-operators", "namespace": OPERATORS},
        "spec": {},
    }
    first = [*rights, *nodes, namespace, _infrastructure(cluster), _cluster_version(cluster)]
    return [[(FIELD_MANAGER, item) for item in first], [(FIELD_MANAGER, group)]]


def binding(name: str, group: str, role: str) -> Object:
    """Return a ClusterRoleBinding of a group to a ClusterRole."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }


def _node(cluster: Cluster, node: dict[str, str]) -> Object:
    spec = {}
    if template := _PROVIDERS.get(cluster.entry["platform"]):
        number = uuid.uuid5(uuid.NAMESPACE_DNS, node["name"])
        spec["providerID"] = template.format(zone=node["zone"], name=node["name"], uuid=number, key=number.hex[:17])
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "spec": spec,
        "metadata": {
            "name": node["name"],
            "labels": {
                "kubernetes.io/arch": node["arch"],
                "kubernetes.io/os": "linux",
                "kubernetes.io/hostname": node["name"],
                "node-role.kubernetes.io/worker": "",
                "topology.kubernetes.io/region": cluster.entry["region"],
                "topology.kubernetes.io/zone": node["zone"],
            },
        },
    }


def _infrastructure(cluster: Cluster) -> Object:
    platform = cluster.entry["platform"]
    return {
        "apiVersion": "config.openshift.io/v1",
        "kind": "Infrastructure",
        "metadata": {"name": "cluster"},
        "spec": {"cloudConfig": {"name": ""}, "platformSpec": {"type": platform} if platform else {}},
    }


def _cluster_version(cluster: Cluster) -> Object:
    channel = "stable-" + ".".join(cluster.entry["openshift"].split(".")[:2])
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.folder}:{cluster.entry['server']}")
    return {
        "apiVersion": "config.openshift.io/v1",
        "kind": "ClusterVersion",
        "metadata": {"name": "version"},
        "spec": {"channel": channel, "clusterID": str(identity)},
    }


def mesh_stages(meshes: dict[str, Any], operator: bool) -> list[list[ManagedObject]]:
    """Return the stages of the meshes: namespaces, then Services and workloads, then member rolls and control planes.

    Without an operator only the applications exist, not the control planes' namespaces.
    """
    namespaces = sorted(
        {mesh["namespace"] for mesh in meshes.values() if operator}
        | {member for mesh in meshes.values() for member in mesh["members"]}
    )
    services = [
        service(namespace, name, details)
        for mesh in meshes.values()
        for namespace, members in mesh["services"].items()
        for name, details in members.items()
    ]
    workloads = [
        workload(namespace, name, kind)
        for mesh in meshes.values()
        for namespace, kinds in mesh["workloads"].items()
        for name, kind in kinds.items()
    ]
    installed = [mesh for mesh in meshes.values() if mesh["install"]]
    mesh_objects = [item for mesh in installed for item in (member_roll(mesh), control_plane(mesh))]
    return [
        [(FIELD_MANAGER, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}) for name in namespaces],
        [(FIELD_MANAGER, item) for item in (*services, *workloads)],
        [(MESH_OWNER, item) for item in mesh_objects],
    ]


def service(namespace: str, name: str, details: dict[str, Any]) -> Object:
    """Return the Service of an application."""
    ports = [{"protocol": "TCP", "targetPort": port["port"]} | port for port in details["ports"]]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": details["labels"]},
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def workload(namespace: str, name: str, kind: str) -> Object:
    """Return a workload of one pod, or of one for each node, that asks for a sidecar."""
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels, "annotations": {"sidecar.istio.io/inject": "true"}},
        "spec": {"serviceAccountName": f"bookinfo-{name}", "containers": [{"name": name, "image": f"lab/{name}"}]},
    }
    spec: Object = {"selector": {"matchLabels": labels}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def control_plane(mesh: dict[str, Any]) -> Object:
    """Return the control plane as its owner created it, without federation gateways."""
    security: dict[str, Any] = {
        "controlPlane": {"mtls": True},
        "dataPlane": {"mtls": True},
        "identity": {"type": "ThirdParty"},
    }
    if mesh["trust_domain"]:
        security["trust"] = {"domain": mesh["trust_domain"]}
    spec = {
        "version": mesh["version"],
        "profiles": ["default"],
        "tracing": {"type": "None"},
        "security": security,
        "addons": {"grafana": {"enabled": False}, "kiali": {"enabled": False}, "prometheus": {"enabled": False}},
    }
    return {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": mesh["control_plane"], "namespace": mesh["namespace"]},
        "spec": spec,
    }


def member_roll(mesh: dict[str, Any]) -> Object:
    """Return the mesh's member roll."""
    return {
        "apiVersion": "maistra.io/v1",
        "kind": "ServiceMeshMemberRoll",
        "metadata": {"name": "default", "namespace": mesh["namespace"]},
        "spec": {"members": mesh["members"]},
    }


def _publish_status(connection: dynamic.DynamicClient, cluster: Cluster) -> None:
    """Write the status that kubelets, the cloud and OpenShift's operators would report."""
    for node in cluster.entry["nodes"]:
        _patch_status(
            connection,
            "v1",
            "Node",
            node["name"],
            {
                "addresses": [
                    {"type": "InternalIP", "address": node["address"]},
                    {"type": "Hostname", "address": node["name"]},
                ],
                "nodeInfo": {
                    key: "lab"
                    for key in (
                        "machineID",
                        "systemUUID",
                        "bootID",
                        "kernelVersion",
                        "osImage",
                        "containerRuntimeVersion",
                        "kubeletVersion",
                        "kubeProxyVersion",
                    )
                }
                | {"architecture": node["arch"], "operatingSystem": "linux"},
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            },
        )
    platform = cluster.entry["platform"]
    _patch_status(
        connection,
        "config.openshift.io/v1",
        "Infrastructure",
        "cluster",
        {
            "infrastructureName": f"{cluster.name}-lab",
            "platform": platform,
            "platformStatus": _platform_status(cluster),
            "apiServerURL": f"https://api.{cluster.entry['base_domain']}:6443",
            "infrastructureTopology": "HighlyAvailable",
            "apiServerInternalURI": f"https://api-int.{cluster.entry['base_domain']}:6443",
            "controlPlaneTopology": "HighlyAvailable",
        },
    )
    version = cluster.entry["openshift"]
    _patch_status(
        connection,
        "config.openshift.io/v1",
        "ClusterVersion",
        "version",
        {
            "desired": {"version": version},
            "observedGeneration": 1,
            "history": [{"state": "Completed", "version": version, "verified": True}],
            "conditions": [{"type": "Available", "status": "True", "message": f"Done applying {version}"}],
        },
    )


def _platform_status(cluster: Cluster) -> Object:
    platform = cluster.entry["platform"]
    details: Object = {"type": platform}
    if platform in ("AWS", "GCP"):
        details[platform.lower()] = {"region": cluster.entry["region"]}
    elif platform == "External":
        details["external"] = {"cloudControllerManager": {"state": "External"}}
    return details


def _patch_status(connection: dynamic.DynamicClient, api_version: str, kind: str, name: str, status: Object) -> None:
    resource = connection.resources.get(api_version=api_version, kind=kind)
    connection.patch(
        resource.subresources["status"], {"status": status}, name, content_type="application/merge-patch+json"
    )


def finalize_namespace(connection: dynamic.DynamicClient, name: str) -> None:
    """Delete an empty namespace completely, as the namespace controller would."""
    resource = connection.resources.get(api_version="v1", kind="Namespace")
    resource.delete(name=name)
    api = client.CoreV1Api(connection.client)
    api.replace_namespace_finalize(
        name,
        client.V1Namespace(
            api_version="v1",
            kind="Namespace",
            metadata=client.V1ObjectMeta(name=name),
            spec=client.V1NamespaceSpec(finalizers=[]),
        ),
    )
