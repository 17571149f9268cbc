# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how an ingress gateway is exposed, by what the user says, what lives, and the platform."""

from __future__ import annotations

import ipaddress
from typing import Any, Callable, Dict, List, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_NAME,
    EXPOSURES,
    SERVICE_FIELDS,
    SERVICE_NAME,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.runtime import check_runtime
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import unknown_keys

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
