# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: How each ingress gateway is exposed: type, scope, annotations, address. Pure."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    CLUSTER_IP,
    DISCOVERY_NAME,
    DISCOVERY_PORT,
    EXPOSURES,
    LOAD_BALANCER,
    NODE_PORT,
    SERVICE_FIELDS,
    SERVICE_NAME,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import (
    AWS_CONTROLLER_TYPES,
    AWS_TYPE,
    INTERNAL,
    NODES_INTERNAL,
    PLATFORMS,
    Platform,
    platform_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Remote
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Exposure


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
    ``_plan.address``; None for one that is not there) that stay, since nobody has said that they shall be others.
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
        "message": "",
    }
    _keep(chosen, kept or {})
    scope = _scope(platform, wish, chosen, kept or {})
    by_hand = f"; reached at {', '.join(chosen['addresses'])}, as mesh_ingress says" if chosen["addresses"] else ""
    chosen["message"] = f"{kind}{scope}: {why}{by_hand}"
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
        return LOAD_BALANCER, f"{name} gives {platform.message}"
    return NODE_PORT, f"{name} {platform.message}"


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
