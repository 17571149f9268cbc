# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federations for tests of the core: inventories, what would be read of them, and a cluster that accepts objects."""

from __future__ import annotations

import copy
import datetime
import json
from typing import Any

from ansible_collections.ossm.federation.plugins.module_utils._product import data, steps, types as product_types
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.plugin_utils._model import declare as declaring, types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    advance as plan_steps,
    plan as planning,
    types as plan_types,
)

Json = dict[str, Any]
#: The moment at which these federations are planned.
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
COLOURS = ("red-mesh", "green-mesh", "blue-mesh")


def inventory(*hosts: str, **variables: Json) -> dict[str, Json]:
    """Raw host variables; ``variables`` adds to one host, its hyphens as underscores."""
    return {
        host: {"mesh_kubeconfig": f"/kube/{host}", **variables.get(host.replace("-", "_"), {})}
        for host in hosts or COLOURS
    }


def declare(hostvars: dict[str, Json], **options: Any) -> model_types.Declaration:
    """The declaration of a group ``federation`` with all hosts, all of them in the play."""
    groups = {"all": list(hostvars), "federation": list(hostvars), **options.get("groups", {})}
    return declaring.declare(
        hostvars,
        groups,
        options.get("environ", {}),
        group="federation",
        play_hosts=options.get("play_hosts", list(hostvars)),
    )


def facts(host: str, platform: str = "AWS", **changes: Any) -> Json:
    """What ``mesh_info`` returns of a mesh without federation; keys of the control plane begin with ``cp_``."""
    control_plane = {
        "name": host,
        "uid": f"uid-of-{host}",
        "version": "v2.5",
        "trust_domain": f"{host}.local",
        "trust_domain_set": True,
        "cluster_name": "Kubernetes",
        "ready": True,
        "message": "ready",
        "generation": 1,
        "observed_generation": 1,
        "owners": {"spec.security.trust.domain": ["mesh-owner"]},
        "object": {
            "apiVersion": "maistra.io/v2",
            "kind": "ServiceMeshControlPlane",
            "metadata": {"name": host, "namespace": f"{host}-system", "uid": f"uid-of-{host}"},
            "spec": {"version": "v2.5", "security": {"trust": {"domain": f"{host}.local"}}},
        },
    }
    read = {
        "host": host,
        "mesh": host,
        "namespace": f"{host}-system",
        "readable": True,
        "problems": [],
        "cluster_uid": f"cluster-of-{host}",
        "platform": {"type": platform, "source": "infrastructure", "message": platform},
        "nodes": [{"name": "node", "addresses": ["192.0.2.10", "192.0.2.11"]}],
        "control_plane": control_plane,
        "members": [f"{host}-bookinfo"],
        "root": f"root of {host}\n",
        "fingerprints": [f"{sum(map(ord, host)):064x}"],
        "roots": [root(f"{sum(map(ord, host)):064x}", f"O={host}")],
        "gateway_services": {},
        "peers": [],
        "exports": [],
        "imports": [],
        "config_maps": [],
        "istiod": [{"name": f"istiod-{host}-1", "started": "2025-12-31T00:00:00Z"}],
    }
    for key, value in changes.items():
        if key.startswith("cp_"):
            control_plane[key[3:]] = value
        else:
            read[key] = value
    return read


def root(sha256: str, subject: str = "O=root", **changes: Any) -> Json:
    """A root as ``read_roots`` describes it: self-signed, good for years."""
    described = {
        "sha256": sha256,
        "subject": subject,
        "not_before": "2025-01-01T00:00:00Z",
        "not_after": "2035-01-01T00:00:00Z",
        "is_ca": True,
        "signed_by": sha256,
    }
    return {**described, **changes}


def unset_trust_domain(host: str, **changes: Any) -> Json:
    """A mesh that has the default trust domain, since none is set."""
    read = facts(host, cp_trust_domain="cluster.local", cp_trust_domain_set=False, **changes)
    del read["control_plane"]["object"]["spec"]["security"]
    return read


def live_peer(name: str, *, namespace: str, ours: str | None = None, **spec: Any) -> Json:
    """A live ServiceMeshPeer; ``ours`` is the mesh on our label."""
    labels = {"app.kubernetes.io/managed-by": "ossm.federation", "ossm.federation/peer": ours} if ours else {}
    return {
        "apiVersion": "federation.maistra.io/v1",
        "kind": "ServiceMeshPeer",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
        "managers": ["kubectl"],
    }


def opened(plan: plan_types.Plan) -> dict[str, Json]:
    """Results of ``gateway_wait`` in which each gateway has its own address."""
    results: dict[str, Json] = {}
    for number, (host, mesh) in enumerate(sorted(plan["meshes"].items()), start=1):
        results[host] = {
            "ready": True,
            "message": "ready",
            "problems": [],
            "gateways": {
                gateway["name"]: _address(gateway["exposure"], number, index)
                for index, gateway in enumerate(mesh["gateways"], start=1)
            },
        }
    return results


def _address(exposure: str, number: int, index: int) -> Json:
    node_port = exposure == "NodePort"
    return {
        "addresses": [f"198.51.{number}.{0 if node_port else index}"],
        "discoveryPort": 30000 + index if node_port else 8188,
        "servicePort": 31000 + index if node_port else 15443,
    }


def federate(
    declaration: model_types.Declaration, read: dict[str, Json]
) -> tuple[plan_types.Plan, dict[str, list[DesiredObject]]]:
    """Walk through all steps; all desired objects are applied to ``read``, as in a cluster."""
    plan = planning.build_plan(declaration, read, NOW)
    desired_objects: dict[str, list[DesiredObject]] = {host: [] for host in declaration["hosts"]}
    for step in steps.WRITING:
        if step == "sets":
            plan = plan_steps.advance(plan_steps.advance(plan, "gateways", {}), "addresses", opened(plan))
        for host in sorted(set(declaration["hosts"]) & set(read)):
            step_objects = desired.build_objects(plan, step, host, read[host])
            desired_objects[host] += step_objects
            for desired_object in step_objects:
                apply(read[host], desired_object)
    return plan, desired_objects


def apply(read: Json, desired_object: DesiredObject) -> None:
    """Server-side apply of one object to what is read next time."""
    definition, manager = copy.deepcopy(desired_object["definition"]), desired_object["field_manager"]
    if definition["kind"] == "ServiceMeshControlPlane":
        control_plane = read["control_plane"]
        _merge(control_plane["object"], definition)
        owned = {"time": "2026-01-01T00:00:00Z", "fields": json.dumps(_fields({"spec": definition["spec"]}))}
        control_plane["object"].setdefault("applied", {})[manager] = owned
        for kind, gateways in definition["spec"].get("gateways", {}).items():
            for name in gateways:
                control_plane["owners"][f"spec.gateways.{kind}.{name}"] = [manager]
        domain = definition["spec"].get("security", {}).get("trust", {}).get("domain")
        if domain:
            control_plane.update(trust_domain=domain, trust_domain_set=True)
        return
    collection = read[
        {
            "ServiceMeshPeer": "peers",
            "ImportedServiceSet": "imports",
            "ExportedServiceSet": "exports",
            "ConfigMap": "config_maps",
        }[definition["kind"]]
    ]
    live = next(
        (
            live_object
            for live_object in collection
            if live_object["metadata"]["name"] == definition["metadata"]["name"]
        ),
        None,
    )
    if live is None:
        collection.append({**definition, "managers": [manager]})
    else:
        _merge(live, definition)


def _fields(value: Json) -> Json:
    """The fields of an apply as the API server keeps them, lists as one."""
    return {f"f:{key}": _fields(part) if isinstance(part, dict) else {} for key, part in value.items()}


def _merge(live: Json, definition: Json) -> None:
    for key, value in definition.items():
        if isinstance(value, dict) and isinstance(live.get(key), dict):
            _merge(live[key], value)
        else:
            live[key] = copy.deepcopy(value)


def changes(desired_objects: dict[str, list[DesiredObject]]) -> list[str]:
    """The paths at which desired objects differ from live ones."""
    found = []
    for host, mine in desired_objects.items():
        for desired_object in mine:
            for path in data.differences(desired_object["definition"], desired_object["live"]):
                found.append(
                    f"{host} {desired_object['definition']['kind']} {desired_object['definition']['metadata']['name']} {path}"
                )
    return found


def codes(problems: list[product_types.Problem], severity: str = "error") -> set[tuple[str, str]]:
    """Codes of problems with their mesh."""
    return {(problem["code"], problem["mesh"]) for problem in problems if problem["severity"] == severity}
