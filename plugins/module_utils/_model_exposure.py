# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: platforms, and how an ingress gateway is exposed on each.

Sources: openshift/api config/v1/types_infrastructure.go for the types; openshift/cluster-ingress-operator
pkg/operator/controller/ingress/load_balancer_service.go and the clouds' own documents for the annotations.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._model_types import (
    Exposure,
    Ingress,
    Problem,
    Remote,
    problem,
)
from ansible_collections.ossm.federation.plugins.module_utils._model_variables import unknown_keys

DISCOVERY_PORT = 8188
SERVICE_PORT = 15443
DISCOVERY_NAME = "https-discovery"
SERVICE_NAME = "tls"
LOAD_BALANCER, NODE_PORT, CLUSTER_IP = "LoadBalancer", "NodePort", "ClusterIP"
EXPOSURES = (LOAD_BALANCER, NODE_PORT, CLUSTER_IP)

_AWS = "service.beta.kubernetes.io/aws-load-balancer-"
_IBM = "service.kubernetes.io/ibm-load-balancer-cloud-provider-"


class Platform(NamedTuple):
    """What a platform gives to Services of type LoadBalancer.

    ``public`` and ``internal`` are the Service's annotations; ``internal`` is None where an address pool decides.
    ``address`` is the field of ``status.loadBalancer.ingress`` that the platform fills.
    """

    load_balancer: bool
    public: Dict[str, str]
    internal: Optional[Dict[str, str]]
    address: str
    words: str


def _cloud(
    words: str,
    *,
    common: Optional[Dict[str, str]] = None,
    internal: Optional[Dict[str, str]] = None,
    public: Optional[Dict[str, str]] = None,
    address: str = "ip",
) -> Platform:
    both = common or {}
    private = None if internal is None else {**both, **internal}
    return Platform(True, {**both, **(public or {})}, private, address, words)


def _bare(words: str) -> Platform:
    return Platform(False, {}, None, "ip", words)


_IBM_CLOUD = _cloud(
    "a network load balancer of the VPC",
    common={f"{_IBM}enable-features": "nlb"},
    internal={f"{_IBM}ip-type": "private"},
    public={f"{_IBM}ip-type": "public"},
    address="hostname",
)
_NO_BALANCER = "has no load balancer of its own; with MetalLB set mesh_ingress.exposure to LoadBalancer"
_NO_PROVIDER = (
    "has no load balancer that OpenShift drives; with one of the vendor's set mesh_ingress.exposure to LoadBalancer"
)

PLATFORMS: Dict[str, Platform] = {
    "AWS": _cloud(
        "a network load balancer, as the default one is not made for raw TLS",
        common={f"{_AWS}type": "nlb"},
        internal={f"{_AWS}internal": "true"},
        address="hostname",
    ),
    "Azure": _cloud(
        "a standard load balancer", internal={"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
    ),
    "GCP": _cloud("a passthrough load balancer", internal={"cloud.google.com/load-balancer-type": "Internal"}),
    "IBMCloud": _IBM_CLOUD,
    "PowerVS": _IBM_CLOUD,
    "OpenStack": _cloud(
        "an Octavia load balancer", internal={"service.beta.kubernetes.io/openstack-internal-load-balancer": "true"}
    ),
    "AlibabaCloud": _cloud(
        "a classic load balancer",
        internal={"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet"},
    ),
    "KubeVirt": _cloud("the infrastructure cluster's load balancer"),
    "BareMetal": _bare(_NO_BALANCER),
    "None": _bare(_NO_BALANCER),
    "Libvirt": _bare(_NO_BALANCER),
    "VSphere": _bare(_NO_PROVIDER),
    "Nutanix": _bare(_NO_PROVIDER),
    "oVirt": _bare(_NO_PROVIDER),
    "EquinixMetal": _bare(_NO_PROVIDER),
    "External": _bare("may have a load balancer of its vendor's; if so set mesh_ingress.exposure to LoadBalancer"),
}
# Node providerID scheme -> platform, for clusters without an Infrastructure object.
PROVIDERS: Dict[str, str] = {
    "aws": "AWS",
    "azure": "Azure",
    "gce": "GCP",
    "openstack": "OpenStack",
    "vsphere": "VSphere",
    "ibm": "IBMCloud",
    "ibmpowervs": "PowerVS",
    "nutanix": "Nutanix",
    "baremetalhost": "BareMetal",
    "kubevirt": "KubeVirt",
    "ovirt": "oVirt",
}

_KEYS = ("exposure", "internal", "annotations", "labels", "addresses", "discoveryPort", "servicePort", "nodePorts")
_PORT_NAMES = (SERVICE_NAME, DISCOVERY_NAME)


def platform_of(name: Optional[str]) -> Tuple[str, Platform]:
    """Look a platform up; an unknown or empty one is treated like None, as the platform's own documents ask for."""
    known = {key.lower(): key for key in PLATFORMS}
    key = known.get((name or "None").lower(), "None")
    return (name or "None"), PLATFORMS[key]


def platform_of_provider(provider_id: str) -> Optional[str]:
    """The platform of a node's ``spec.providerID`` (``ProviderName://id``), or None."""
    return PROVIDERS.get(provider_id.partition("://")[0])


def exposure(
    platform_name: Optional[str], wish: Ingress, *, same_cluster: bool = False, live_type: Optional[str] = None
) -> Exposure:
    """Decide how one ingress gateway is reached.

    What the user says comes first, then what lives (a changed type would change the address), then a name of the
    cluster for a mesh of the same cluster, then the platform.
    """
    name, platform = platform_of(platform_name)
    kind, why = _type(name, platform, wish, same_cluster, live_type)
    internal = bool(wish.get("internal", False))
    annotations: Dict[str, str] = {}
    if kind == LOAD_BALANCER and platform.load_balancer:
        annotations.update((platform.internal or platform.public) if internal else platform.public)
    annotations.update(wish.get("annotations", {}))
    return {
        "type": kind,
        "internal": internal,
        "public": kind == LOAD_BALANCER and platform.load_balancer and not internal,
        "annotations": annotations,
        "labels": dict(wish.get("labels", {})),
        "nodePorts": dict(wish.get("nodePorts", {})) if kind != CLUSTER_IP else {},
        "addresses": list(wish.get("addresses", [])),
        "discoveryPort": wish.get("discoveryPort"),
        "servicePort": wish.get("servicePort"),
        "words": why,
    }


def _type(
    name: str, platform: Platform, wish: Ingress, same_cluster: bool, live_type: Optional[str]
) -> Tuple[str, str]:
    if "exposure" in wish:
        return wish["exposure"], f"{wish['exposure']}: set by mesh_ingress"
    if live_type in EXPOSURES:
        return str(live_type), f"{live_type}: the gateway lives with it, and another type would change its address"
    if same_cluster:
        return CLUSTER_IP, f"{CLUSTER_IP}: both meshes are in one cluster"
    if platform.load_balancer:
        return LOAD_BALANCER, f"{LOAD_BALANCER}: {name} gives {platform.words}"
    return NODE_PORT, f"{NODE_PORT}: {name} {platform.words}"


def given_remote(chosen: Exposure, gateway: str, namespace: str) -> Optional[Remote]:
    """The address that needs no look at the cluster: one given by hand with its ports, or a name of the cluster."""
    given = chosen["addresses"]
    if chosen["type"] == CLUSTER_IP:
        given = given or [f"{gateway}.{namespace}.svc.cluster.local"]
    if not given or (chosen["type"] == NODE_PORT and not _ports_known(chosen)):
        return None
    return {
        "addresses": sorted(given),
        "discoveryPort": chosen["discoveryPort"] or chosen["nodePorts"].get(DISCOVERY_NAME) or DISCOVERY_PORT,
        "servicePort": chosen["servicePort"] or chosen["nodePorts"].get(SERVICE_NAME) or SERVICE_PORT,
    }


def _ports_known(chosen: Exposure) -> bool:
    return bool(
        (chosen["discoveryPort"] or chosen["nodePorts"].get(DISCOVERY_NAME))
        and (chosen["servicePort"] or chosen["nodePorts"].get(SERVICE_NAME))
    )


def with_given(found: Remote, chosen: Exposure) -> Remote:
    """What was read from the Service, with addresses and ports given by hand in front."""
    return {
        "addresses": sorted(chosen["addresses"] or found["addresses"]),
        "discoveryPort": chosen["discoveryPort"] or found["discoveryPort"],
        "servicePort": chosen["servicePort"] or found["servicePort"],
    }


def _text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def _port(value: Any, low: int = 1, high: int = 65535) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _text_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, str) and part for part in value)


_CHECKS: Dict[str, Tuple[Callable[[Any], bool], str]] = {
    "exposure": (
        lambda value: value in EXPOSURES,
        f"one of {', '.join(EXPOSURES)}; a Route cannot carry this traffic",
    ),
    "internal": (lambda value: isinstance(value, bool), "true or false"),
    "annotations": (_text_map, "a dictionary of texts; quote true and numbers"),
    "labels": (_text_map, "a dictionary of texts; quote true and numbers"),
    "addresses": (_text_list, "a list of IP addresses or host names, without port"),
    "discoveryPort": (_port, "a port number"),
    "servicePort": (_port, "a port number"),
    "nodePorts": (
        lambda value: isinstance(value, dict) and all(_port(port) for port in value.values()),
        f"a dictionary of port numbers with the keys {' and '.join(_PORT_NAMES)}",
    ),
}


def check_ingress(wish: Dict[str, Any], mesh: str, where: str) -> Tuple[Ingress, List[Problem]]:
    """Check one ``mesh_ingress`` (without its ``peers``); wrong parts are reported and left out."""
    problems = unknown_keys(wish, _KEYS, mesh, where)
    good: Dict[str, Any] = {}
    for key in _KEYS:
        if wish.get(key) is None:
            continue
        fits, shape = _CHECKS[key]
        if not fits(wish[key]):
            problems.append(
                problem("ingress-value", mesh, f"{where}.{key}", "the value does not fit", f"It must be {shape}")
            )
            continue
        good[key] = wish[key]
    problems += unknown_keys(good.get("nodePorts", {}), _PORT_NAMES, mesh, f"{where}.nodePorts")
    return cast(Ingress, good), problems
