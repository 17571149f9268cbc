# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how an ingress gateway is exposed, by what the user says, what lives, and the platform."""

from __future__ import annotations

import ipaddress
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._model_platform import (
    AWS_CONTROLLER_TYPES,
    AWS_TYPE,
    INTERNAL,
    NODES_INTERNAL,
    PLATFORMS,
    Platform,
    platform_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._model_runtime import check_runtime
from ansible_collections.ossm.federation.plugins.module_utils._model_types import (
    Exposure,
    Ingress,
    Json,
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

#: Fields of a gateway's Service that the operator passes on (istio-operator, charts gateways/*/templates/service.yaml), and
#: the types with which the API server takes them.
SERVICE_FIELDS: Dict[str, Tuple[str, ...]] = {
    "loadBalancerIP": (LOAD_BALANCER,),
    "loadBalancerSourceRanges": (LOAD_BALANCER,),
    "externalTrafficPolicy": (LOAD_BALANCER, NODE_PORT),
}
_KEYS = (
    "exposure",
    "internal",
    "annotations",
    "labels",
    "addresses",
    "discoveryPort",
    "servicePort",
    "nodePorts",
    *SERVICE_FIELDS,
    "runtime",
)
_POLICIES = ("Cluster", "Local")
_PORT_NAMES = (SERVICE_NAME, DISCOVERY_NAME)


def row_of(platform_name: Optional[str], wish: Ingress) -> Tuple[str, Platform]:
    """The row of the table that counts for a gateway: on AWS the user's own annotation says who makes load balancers."""
    name, platform = platform_of(platform_name)
    asked = wish.get("annotations", {}).get(AWS_TYPE)
    if platform is PLATFORMS["AWS"] and asked in AWS_CONTROLLER_TYPES:
        return platform_of("AWSController")
    return name, platform


def exposure(
    platform_name: Optional[str],
    wish: Ingress,
    *,
    same_cluster: bool = False,
    live_type: Optional[str] = None,
    kept: Optional[Mapping[str, Optional[str]]] = None,
) -> Exposure:
    """Decide how one ingress gateway is reached.

    What the user says comes first, then what lives (a changed type would change the address), then a name of the
    cluster for a mesh of the same cluster, then the platform. ``kept`` are parts of a live gateway by path (see
    ``_model_address``; None for one that is not there) that stay, since nobody has said that they shall be others.
    """
    name, platform = row_of(platform_name, wish)
    kind, why = _type(name, platform, wish, same_cluster, live_type)
    chosen: Exposure = {
        "type": kind,
        "internal": bool(wish.get("internal", False)),
        "public": False,
        "annotations": {**_annotations(kind, platform, wish), **wish.get("annotations", {})},
        "labels": dict(wish.get("labels", {})),
        "fields": {key: value for key, value in wish.items() if kind in SERVICE_FIELDS.get(key, ())},
        "nodePorts": dict(wish.get("nodePorts", {})) if kind != CLUSTER_IP else {},
        "addresses": list(wish.get("addresses", [])),
        "discoveryPort": wish.get("discoveryPort"),
        "servicePort": wish.get("servicePort"),
        "words": "",
    }
    _keep(chosen, kept or {})
    scope = _scope(platform, wish, chosen, kept or {})
    by_hand = f"; reached at {', '.join(chosen['addresses'])}, as mesh_ingress says" if chosen["addresses"] else ""
    chosen["words"] = f"{kind}{scope}: {why}{by_hand}"
    return chosen


def _annotations(kind: str, platform: Platform, wish: Ingress) -> Dict[str, str]:
    """The annotations that the platform needs for this type and scope."""
    if kind == NODE_PORT and wish.get("internal"):
        return dict([NODES_INTERNAL])
    if kind != LOAD_BALANCER or not platform.load_balancer:
        return {}
    private = wish.get("internal", False) and platform.internal is not None
    return dict((platform.internal if private else platform.public) or {})


def _keep(chosen: Exposure, kept: Mapping[str, Optional[str]]) -> None:
    """Put back what lives."""
    for path, value in kept.items():
        room, dummy, key = path.partition(".")
        place: Json = {"annotations": chosen["annotations"], "labels": chosen["labels"]}.get(room, chosen["fields"])
        place.pop(key or room, None)
        if value is not None:
            place[key or room] = value


def _scope(platform: Platform, wish: Ingress, chosen: Exposure, kept: Mapping[str, Optional[str]]) -> str:
    """Whether the address is a public one, in words with a comma in front; empty where nobody can choose."""
    if chosen["type"] == NODE_PORT:
        key, value = NODES_INTERNAL
        chosen["internal"] = chosen["annotations"].get(key) == value
        return ", internal addresses of the nodes" if chosen["internal"] else ""
    if chosen["type"] != LOAD_BALANCER:
        return ""
    private = any(chosen["annotations"].get(key) == value for key, value in INTERNAL.items())
    chosen["internal"] = private
    chosen["public"] = platform.load_balancer and not private
    scope = "internal" if private else "public"
    if any(f"annotations.{key}" in kept for key in INTERNAL):
        return f", {scope}, as it lives"
    if platform.internal is None:
        return ""
    told = "internal" in wish or any(key in wish.get("annotations", {}) for key in INTERNAL)
    return f", {scope}, as mesh_ingress says" if told else f", {scope}, as mesh_ingress.internal is not set"


def _type(
    name: str, platform: Platform, wish: Ingress, same_cluster: bool, live_type: Optional[str]
) -> Tuple[str, str]:
    if "exposure" in wish:
        return wish["exposure"], "set by mesh_ingress"
    usual = _usual_type(name, platform, same_cluster)
    if live_type in EXPOSURES and live_type != usual[0]:
        return str(live_type), "the gateway lives with it, and another type would change its address"
    return usual


def _usual_type(name: str, platform: Platform, same_cluster: bool) -> Tuple[str, str]:
    if same_cluster:
        return CLUSTER_IP, "both meshes are in one cluster"
    if platform.load_balancer:
        return LOAD_BALANCER, f"{name} gives {platform.words}"
    return NODE_PORT, f"{name} {platform.words}"


def internal_refused(platform_name: Optional[str], wish: Ingress, chosen: Exposure) -> Optional[str]:
    """Why ``internal: true`` cannot be had, in words; None where it can, or is not asked for.

    Node ports are then reached at the nodes' internal addresses, and names of the cluster are internal anyway.
    """
    name, platform = row_of(platform_name, wish)
    if not wish.get("internal") or chosen["type"] != LOAD_BALANCER:
        return None
    if platform.internal is not None:
        return None
    return f"on {name} no annotation is known that makes a load balancer internal; {platform.scope}"


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


def _network(value: Any) -> bool:
    """Whether this is a network as Kubernetes wants it: ``192.0.2.0/24``."""
    try:
        return isinstance(value, str) and "/" in value and bool(ipaddress.ip_network(value))
    except ValueError:
        return False


def _address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


_CHECKS: Dict[str, Tuple[Callable[[Any], bool], str]] = {
    "exposure": (
        lambda value: value in EXPOSURES,
        f"one of {', '.join(EXPOSURES)}",
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
    "loadBalancerIP": (_address, "an IP address; quote it"),
    "loadBalancerSourceRanges": (
        lambda value: _text_list(value) and all(map(_network, value)),
        "a list of networks such as 192.0.2.0/24",
    ),
    "externalTrafficPolicy": (lambda value: value in _POLICIES, f"one of {', '.join(_POLICIES)}"),
    "runtime": (lambda value: isinstance(value, dict), "a dictionary in the product's shape of runtime"),
}
#: What people ask for that serves HTTP by host name, and why it cannot serve here.
_ROUTED = {
    "route": "a Route cannot serve: ports 8188 and 15443 carry TLS that ends at the gateway, with server names that "
    "are no host of a Route, so the router would refuse it or send it elsewhere",
    "ingress": "an Ingress cannot serve: it ends TLS and speaks HTTP, and ports 8188 and 15443 carry TLS that ends at the "
    "gateway, where both meshes prove who they are",
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
            problems.append(_does_not_fit(key, wish[key], mesh, where, shape))
            continue
        good[key] = wish[key]
    problems += unknown_keys(good.get("nodePorts", {}), _PORT_NAMES, mesh, f"{where}.nodePorts")
    if "runtime" in good:
        good["runtime"], found = check_runtime(good["runtime"], mesh, f"{where}.runtime")
        problems += found
    return cast(Ingress, good), problems


def _does_not_fit(key: str, value: Any, mesh: str, where: str, shape: str) -> Problem:
    """A wrong value, and for a Route or an Ingress why it cannot serve and what can."""
    routed = _ROUTED.get(str(value).lower()) if key == "exposure" else None
    remedy = f"It must be {shape}"
    if routed:
        remedy += "; a load balancer of your own that passes TCP through is named in mesh_ingress.addresses"
    return problem("ingress-value", mesh, f"{where}.{key}", routed or "the value does not fit", remedy)
