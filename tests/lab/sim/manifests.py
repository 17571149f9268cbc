# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that the operator renders for a control plane, as plain dictionaries; pure functions.

Sources: maistra/istio-operator maistra-2.5, resources/helm/v2.5/gateways and istio-control; labels observed on 2.5.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

import yaml

from lab.sim.rules import CLUSTER_DOMAIN

Object = dict[str, Any]
CHART_VERSIONS = {
    "v2.0": "2.0.11",
    "v2.1": "2.1.6",
    "v2.2": "2.2.12",
    "v2.3": "2.3.11",
    "v2.4": "2.4.7",
    "v2.5": "2.5.1",
}
#: the version whose behaviour was observed and is simulated
SIMULATED = "v2.5"
#: profiles without effect on federation
PROFILES = frozenset({"default", "small", "maistra"})
OPERATOR_VERSION = "2.5.1-0"
DEFAULT_PORTS = {
    "ingress": [("status-port", 15021, 15021), ("http2", 80, 8080), ("https", 443, 8443), ("tls", 15443, 15443)],
    "egress": [("http2", 80, 8080), ("https", 443, 8443), ("tls", 15443, 15443)],
}
SERVICE_FIELDS = ("loadBalancerIP", "loadBalancerSourceRanges", "externalTrafficPolicy")
#: secondary objects, created after Services, Deployments and their pods; federation does not depend on them
MINOR = frozenset(
    {
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "Route",
    }
)


def dig(body: Any, *path: str) -> Any:
    """Return the value at a path of keys, None if a key on the path is missing."""
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def trust_domain(control_plane: Object) -> str:
    """Return the trust domain of a control plane."""
    return dig(control_plane, "spec", "security", "trust", "domain") or CLUSTER_DOMAIN


def trust_domain_aliases(control_plane: Object) -> list[str]:
    """Return the additional trust domains of a control plane."""
    return list(dig(control_plane, "spec", "security", "trust", "additionalDomains") or [])


def version(control_plane: Object) -> str:
    """Return the version of a control plane."""
    return str(dig(control_plane, "spec", "version") or "v2.5")


def not_simulated(control_plane: Object) -> list[str]:
    """List the settings of a control plane that the product supports and this simulator does not."""
    security = dig(control_plane, "spec", "security") or {}
    authority, mode = dig(security, "certificateAuthority", "type"), dig(control_plane, "spec", "mode")
    unknown_profiles = [profile for profile in dig(control_plane, "spec", "profiles") or [] if profile not in PROFILES]
    namespace = control_plane["metadata"]["namespace"]
    remote_gateways = [gateway.name for gateway in gateways(control_plane) if gateway.namespace != namespace]
    checks = [
        (version(control_plane) != SIMULATED, f"version {version(control_plane)} (only {SIMULATED} is simulated)"),
        (authority not in (None, "", "Istiod"), f"certificateAuthority.type {authority}"),
        (mode == "ClusterWide", "mode ClusterWide"),
        (dig(control_plane, "spec", "meshConfig", "discoverySelectors"), "meshConfig.discoverySelectors"),
        (unknown_profiles, f"profiles {', '.join(unknown_profiles)}"),
        (remote_gateways, f"gateways in another namespace: {', '.join(remote_gateways)}"),
    ]
    return [message for unsupported, message in checks if unsupported]


def roll_not_simulated(roll: Object | None) -> list[str]:
    """List the settings of a member roll that the product supports and this simulator does not."""
    checks = [
        (dig(roll, "spec", "memberSelectors"), "memberSelectors of the member roll"),
        ("*" in (dig(roll, "spec", "members") or []), "member * of the member roll"),
    ]
    return [message for unsupported, message in checks if unsupported]


@dataclass(frozen=True)
class Gateway:
    """An additional gateway of a control plane."""

    name: str
    direction: str
    namespace: str
    spec: Any


def gateways(control_plane: Object) -> list[Gateway]:
    """Return the additional gateways to render: `enabled` must be true, and `gateways.enabled` must not be false."""
    section = dig(control_plane, "spec", "gateways") or {}
    if section.get("enabled") is False:
        return []
    home = control_plane["metadata"]["namespace"]
    enabled = []
    for direction, key in (("ingress", "additionalIngress"), ("egress", "additionalEgress")):
        for name, spec in sorted((section.get(key) or {}).items()):
            if (spec or {}).get("enabled") is True:
                enabled.append(Gateway(name, direction, spec.get("namespace") or home, spec))
    return enabled


def owned_labels(control_plane: Object, component: str, name: str) -> dict[str, str]:
    """Return the labels of all objects of a control plane."""
    meta = control_plane["metadata"]
    chart = CHART_VERSIONS.get(version(control_plane), "2.5.1")
    return {
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": meta["namespace"],
        "app.kubernetes.io/managed-by": "maistra-istio-operator",
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "istio",
        "app.kubernetes.io/version": chart,
        "maistra-version": chart,
        "maistra.io/owner": meta["namespace"],
        "maistra.io/owner-name": meta["name"],
        "release": "istio",
    }


def _meta(
    control_plane: Object, name: str, namespace: str, labels: dict[str, str], annotations: dict[str, str] | None = None
) -> Object:
    owner = control_plane["metadata"]
    meta: Object = {
        "name": name,
        "namespace": namespace,
        "labels": labels,
        "ownerReferences": [
            {
                "apiVersion": "maistra.io/v2",
                "kind": "ServiceMeshControlPlane",
                "name": owner["name"],
                "uid": owner["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    if annotations:
        meta["annotations"] = dict(annotations)
    return meta


def _service_ports(gateway: Gateway) -> list[Object]:
    requested = dig(gateway.spec, "service", "ports")
    if not requested:
        return [
            {"name": name, "port": port, "targetPort": target, "protocol": "TCP"}
            for name, port, target in DEFAULT_PORTS[gateway.direction]
        ]
    ports = []
    for port in requested:
        fields = {key: value for key, value in port.items() if value not in (0, "0", None)}
        ports.append({"protocol": "TCP"} | fields)
    return ports


def gateway_labels(control_plane: Object, gateway: Gateway) -> tuple[dict[str, str], dict[str, str]]:
    """Return (selector, all labels) of a gateway's Service and pods."""
    extra = dig(gateway.spec, "service", "metadata", "labels") or {}
    selector = {"app": gateway.name, "istio": f"{gateway.direction}gateway"} | extra
    rest = owned_labels(control_plane, f"istio-{gateway.direction}", gateway.name)
    return selector, rest | {"istio.io/rev": control_plane["metadata"]["name"]} | selector


def _deployment(control_plane: Object, gateway: Gateway, selector: dict[str, str], labels: dict[str, str]) -> Object:
    home = control_plane["metadata"]["namespace"]
    environment = [{"name": "TRUST_DOMAIN", "value": trust_domain(control_plane)}]
    view = gateway.spec.get("requestedNetworkView")
    if view:
        environment.append({"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": ",".join(view)})
    if gateway.spec.get("routerMode"):
        environment.append({"name": "ISTIO_META_ROUTER_MODE", "value": gateway.spec["routerMode"]})
    pod_labels = labels | {
        "maistra.io/gateway": f"{gateway.name}.{gateway.namespace}",
        "service.istio.io/canonical-name": gateway.name,
        "service.istio.io/canonical-revision": "latest",
        "maistra-control-plane": home,
    }
    replicas = dig(gateway.spec, "runtime", "deployment", "replicas")
    return {
        "metadata": _meta(control_plane, gateway.name, gateway.namespace, labels),
        "spec": {
            "replicas": 1 if replicas is None else replicas,
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": {"sidecar.istio.io/inject": "false"}},
                "spec": {
                    "serviceAccountName": f"{gateway.name}-service-account",
                    "containers": [{"name": "istio-proxy", "image": "proxyv2-rhel8", "env": environment}],
                },
            },
        },
    }


def _access(control_plane: Object, gateway: Gateway, labels: dict[str, str]) -> list[tuple[str, Object]]:
    account, role = f"{gateway.name}-service-account", f"{gateway.name}-sds"
    return [
        ("ServiceAccount", {"metadata": _meta(control_plane, account, gateway.namespace, labels)}),
        (
            "Role",
            {
                "metadata": _meta(control_plane, role, gateway.namespace, labels),
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}],
            },
        ),
        (
            "RoleBinding",
            {
                "metadata": _meta(control_plane, role, gateway.namespace, labels),
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": gateway.namespace}],
            },
        ),
    ]


def _scaling(
    control_plane: Object, gateway: Gateway, selector: dict[str, str], labels: dict[str, str]
) -> list[tuple[str, Object]]:
    meta = _meta(control_plane, gateway.name, gateway.namespace, labels)
    objects: list[tuple[str, Object]] = [
        ("PodDisruptionBudget", {"metadata": meta, "spec": {"minAvailable": 1, "selector": {"matchLabels": selector}}})
    ]
    scaling = dig(gateway.spec, "runtime", "deployment", "autoScaling") or {}
    if scaling.get("enabled") is not False:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": gateway.name}
        objects.append(
            (
                "HorizontalPodAutoscaler",
                {
                    "metadata": copy.deepcopy(meta),
                    "spec": {
                        "scaleTargetRef": target,
                        "minReplicas": scaling.get("minReplicas") or 1,
                        "maxReplicas": scaling.get("maxReplicas") or 5,
                    },
                },
            )
        )
    return objects


def _ingress_objects(
    control_plane: Object, gateway: Gateway, selector: dict[str, str], labels: dict[str, str]
) -> list[tuple[str, Object]]:
    """Return the objects that only ingress gateways have."""
    objects: list[tuple[str, Object]] = []
    if dig(control_plane, "spec", "security", "manageNetworkPolicy") is not False:
        objects.append(
            (
                "NetworkPolicy",
                {
                    "metadata": _meta(control_plane, gateway.name, gateway.namespace, labels),
                    "spec": {"podSelector": {"matchLabels": selector}, "ingress": [{}], "policyTypes": ["Ingress"]},
                },
            )
        )
    if dig(gateway.spec, "routeConfig", "enabled") is not False:
        objects.append(
            (
                "Route",
                {
                    "metadata": _meta(control_plane, gateway.name, gateway.namespace, labels),
                    "spec": {"to": {"kind": "Service", "name": gateway.name}, "port": {"targetPort": 8080}},
                },
            )
        )
    return objects


def gateway_objects(control_plane: Object, gateway: Gateway) -> list[tuple[str, Object]]:
    """Return all objects of an additional gateway as (kind, body)."""
    selector, labels = gateway_labels(control_plane, gateway)
    service = gateway.spec.get("service") or {}
    spec = {"type": service.get("type") or "ClusterIP", "selector": selector, "ports": _service_ports(gateway)}
    spec |= {key: service[key] for key in SERVICE_FIELDS if service.get(key)}
    annotations = dig(service, "metadata", "annotations")
    objects = [
        (
            "Service",
            {"metadata": _meta(control_plane, gateway.name, gateway.namespace, labels, annotations), "spec": spec},
        ),
        ("Deployment", _deployment(control_plane, gateway, selector, labels)),
        *_access(control_plane, gateway, labels),
        *_scaling(control_plane, gateway, selector, labels),
    ]
    return objects + (
        _ingress_objects(control_plane, gateway, selector, labels) if gateway.direction == "ingress" else []
    )


def _config_maps(control_plane: Object, labels: dict[str, str]) -> list[tuple[str, Object]]:
    """Return the config maps of the mesh and of the injector (istiod writes the one with the root)."""
    meta, domain, aliases = control_plane["metadata"], trust_domain(control_plane), trust_domain_aliases(control_plane)
    mesh: Object = {
        "accessLogFile": "",
        "enableTracing": False,
        "rootNamespace": meta["namespace"],
        "trustDomain": domain,
        "defaultConfig": {"discoveryAddress": f"istiod-{meta['name']}.{meta['namespace']}.svc:15012"},
    }
    if aliases:
        mesh["trustDomainAliases"] = aliases
    networks = dig(control_plane, "spec", "cluster", "multiCluster", "meshNetworks") or {}
    values = {"global": {"istioNamespace": meta["namespace"], "trustDomain": domain}, "revision": meta["name"]}
    contents = {
        f"istio-{meta['name']}": {"mesh": yaml.safe_dump(mesh), "meshNetworks": yaml.safe_dump({"networks": networks})},
        f"istio-sidecar-injector-{meta['name']}": {
            "config": yaml.safe_dump({"policy": "enabled"}),
            "values": json.dumps(values, indent=2),
        },
    }
    return [
        ("ConfigMap", {"metadata": _meta(control_plane, name, meta["namespace"], labels), "data": data})
        for name, data in contents.items()
    ]


def istiod_objects(control_plane: Object) -> list[tuple[str, Object]]:
    """Return the objects of istiod."""
    name, namespace = f"istiod-{control_plane['metadata']['name']}", control_plane["metadata"]["namespace"]
    selector = {"app": "istiod", "istio.io/rev": control_plane["metadata"]["name"]}
    labels = owned_labels(control_plane, "istio-discovery", "istio-discovery") | selector
    replicas = dig(control_plane, "spec", "runtime", "components", "pilot", "deployment", "replicas")
    environment = [{"name": "PILOT_ENABLE_FEDERATION", "value": "true"}]
    ports = [
        ("grpc-xds", 15010, 15010),
        ("https-dns", 15012, 15012),
        ("https-webhook", 443, 15017),
        ("http-monitoring", 15014, 15014),
        ("http-discovery", 8188, 8188),
    ]
    return [
        ("ServiceAccount", {"metadata": _meta(control_plane, name, namespace, labels)}),
        (
            "Service",
            {
                "metadata": _meta(control_plane, name, namespace, labels),
                "spec": {
                    "selector": selector,
                    "ports": [{"name": n, "port": p, "targetPort": t, "protocol": "TCP"} for n, p, t in ports],
                },
            },
        ),
        (
            "Deployment",
            {
                "metadata": _meta(control_plane, name, namespace, labels),
                "spec": {
                    "replicas": 1 if replicas is None else replicas,
                    "selector": {"matchLabels": selector},
                    "template": {
                        "metadata": {"labels": labels | {"maistra-control-plane": namespace}},
                        "spec": {
                            "serviceAccountName": name,
                            "containers": [{"name": "discovery", "image": "pilot-rhel8", "env": environment}],
                        },
                    },
                },
            },
        ),
        *_config_maps(control_plane, labels),
    ]
