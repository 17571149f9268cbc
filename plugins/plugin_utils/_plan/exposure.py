# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how each ingress gateway is exposed: type, scope, annotations, address. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

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
    ExposureType,
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
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Exposure, Plan, PlannedMesh, Side


def platform_row(platform_name: Optional[str], ingress: Ingress) -> Tuple[str, Platform]:
    """The row of the platform table for a gateway: on AWS the declared annotation selects the load balancer controller."""
    name, platform = platform_of(platform_name)
    aws_type = ingress.get("annotations", {}).get(AWS_TYPE)
    if platform is PLATFORMS["AWS"] and aws_type in AWS_CONTROLLER_TYPES:
        return platform_of("AWSController")
    return name, platform


def decide_exposure(
    platform_name: Optional[str],
    ingress: Ingress,
    *,
    same_cluster: bool = False,
    live_type: Optional[str] = None,
    kept: Optional[Mapping[str, Optional[str]]] = None,
) -> Exposure:
    """Decide how one ingress gateway is exposed.

    The declaration ``ingress`` comes first, then the live type (another type would change the address), then ClusterIP for
    meshes of one cluster, then the platform. ``kept`` are parts of a live gateway by path (see ``_plan.address``) that stay as
    they are; None stands for a part that does not exist.
    """
    name, platform = platform_row(platform_name, ingress)
    kind, reason = _choose_type(name, platform, ingress, same_cluster, live_type)
    exposure: Exposure = {
        "type": kind,
        "internal": bool(ingress.get("internal", False)),
        "public": False,
        "annotations": {**_annotations(kind, platform, ingress), **ingress.get("annotations", {})},
        "labels": dict(ingress.get("labels", {})),
        "fields": {key: value for key, value in ingress.items() if kind in SERVICE_FIELDS.get(key, ())},
        "nodePorts": dict(ingress.get("nodePorts", {})) if kind != CLUSTER_IP else {},
        "addresses": list(ingress.get("addresses", [])),
        "discoveryPort": ingress.get("discoveryPort"),
        "servicePort": ingress.get("servicePort"),
        "message": "",
    }
    _restore(exposure, kept or {})
    scope = _set_scope(platform, ingress, exposure, kept or {})
    declared = f"; at {', '.join(exposure['addresses'])}, as set by mesh_ingress" if exposure["addresses"] else ""
    exposure["message"] = f"{kind}{scope}: {reason}{declared}"
    return exposure


def why_not_internal(platform_name: Optional[str], ingress: Ingress, exposure: Exposure) -> Optional[str]:
    """Why a declared ``internal: true`` is impossible; None if it is possible or not declared.

    Node ports are then used at the nodes' internal addresses, and names of the cluster are internal anyway.
    """
    name, platform = platform_row(platform_name, ingress)
    if not ingress.get("internal") or exposure["type"] != LOAD_BALANCER or platform.internal is not None:
        return None
    return f"on {name} no annotation makes a load balancer internal; {platform.scope}"


def static_remote(exposure: Exposure, gateway: str, namespace: str) -> Optional[Remote]:
    """The address of a gateway that is known without its Service: a declared one with its ports, or a name of the cluster."""
    addresses = exposure["addresses"]
    if exposure["type"] == CLUSTER_IP:
        addresses = addresses or [f"{gateway}.{namespace}.svc.cluster.local"]
    if not addresses or (exposure["type"] == NODE_PORT and not _has_ports(exposure)):
        return None
    return {
        "addresses": sorted(addresses),
        "discoveryPort": exposure["discoveryPort"] or exposure["nodePorts"].get(DISCOVERY_NAME) or DISCOVERY_PORT,
        "servicePort": exposure["servicePort"] or exposure["nodePorts"].get(SERVICE_NAME) or SERVICE_PORT,
    }


def with_declared(remote: Remote, exposure: Exposure) -> Remote:
    """The address that was read from a Service, overridden by declared addresses and ports."""
    return {
        "addresses": sorted(exposure["addresses"] or remote["addresses"]),
        "discoveryPort": exposure["discoveryPort"] or remote["discoveryPort"],
        "servicePort": exposure["servicePort"] or remote["servicePort"],
    }


def exposure_lines(plan: Plan) -> List[str]:
    """One line for each way in which meshes of this run are exposed: which meshes, the platform, the exposure and its reason."""
    meshes_by_text: Dict[str, List[str]] = {}
    for host, mesh in sorted(plan["meshes"].items()):
        if mesh["in_play"] and mesh["readable"] and plan["sides"][host]:
            meshes_by_text.setdefault(_exposure_text(mesh, plan["sides"][host]), []).append(mesh["mesh"])
    return [f"{', '.join(meshes)}: {text}" for text, meshes in meshes_by_text.items()]


def _choose_type(
    name: str, platform: Platform, ingress: Ingress, same_cluster: bool, live_type: Optional[str]
) -> Tuple[ExposureType, str]:
    if "exposure" in ingress:
        return ingress["exposure"], "set by mesh_ingress"
    default = _default_type(name, platform, same_cluster)
    for kind in EXPOSURES:
        if kind == live_type != default[0]:
            return kind, "the live gateway has this type, and another one would change its address"
    return default


def _default_type(name: str, platform: Platform, same_cluster: bool) -> Tuple[ExposureType, str]:
    if same_cluster:
        return CLUSTER_IP, "both meshes are in one cluster"
    if platform.load_balancer:
        return LOAD_BALANCER, f"{name} gives {platform.message}"
    return NODE_PORT, f"{name} {platform.message}"


def _annotations(kind: ExposureType, platform: Platform, ingress: Ingress) -> Dict[str, str]:
    """The annotations that the platform needs for this type and scope."""
    if kind == NODE_PORT and ingress.get("internal"):
        return dict([NODES_INTERNAL])
    if kind != LOAD_BALANCER or not platform.load_balancer:
        return {}
    internal = ingress.get("internal", False) and platform.internal is not None
    return dict((platform.internal if internal else platform.public) or {})


def _restore(exposure: Exposure, kept: Mapping[str, Optional[str]]) -> None:
    """Put the kept parts of the live gateway into its exposure."""
    for path, value in kept.items():
        section, dummy, key = path.partition(".")
        target: Json = {"annotations": exposure["annotations"], "labels": exposure["labels"]}.get(
            section, exposure["fields"]
        )
        target.pop(key or section, None)
        if value is not None:
            target[key or section] = value


def _set_scope(platform: Platform, ingress: Ingress, exposure: Exposure, kept: Mapping[str, Optional[str]]) -> str:
    """Set whether the address is internal or public, and describe it after a comma; empty where there is no choice."""
    if exposure["type"] == NODE_PORT:
        key, value = NODES_INTERNAL
        exposure["internal"] = exposure["annotations"].get(key) == value
        return ", internal addresses of the nodes" if exposure["internal"] else ""
    if exposure["type"] != LOAD_BALANCER:
        return ""
    internal = any(exposure["annotations"].get(key) == value for key, value in INTERNAL.items())
    exposure["internal"] = internal
    exposure["public"] = platform.load_balancer and not internal
    scope = "internal" if internal else "public"
    if any(f"annotations.{key}" in kept for key in INTERNAL):
        return f", {scope}, like the live gateway"
    if platform.internal is None:
        return ""
    declared = "internal" in ingress or any(key in ingress.get("annotations", {}) for key in INTERNAL)
    return f", {scope}, as set by mesh_ingress" if declared else f", {scope}, as mesh_ingress.internal is not set"


def _has_ports(exposure: Exposure) -> bool:
    return bool(
        (exposure["discoveryPort"] or exposure["nodePorts"].get(DISCOVERY_NAME))
        and (exposure["servicePort"] or exposure["nodePorts"].get(SERVICE_NAME))
    )


def _exposure_text(mesh: PlannedMesh, sides: Mapping[str, Side]) -> str:
    peers_by_text: Dict[str, List[str]] = {}
    for dummy, side in sorted(sides.items()):
        peers_by_text.setdefault(side["exposure"]["message"], []).append(side["peer"])
    if len(peers_by_text) == 1:
        return f"{mesh['platform_message']}. {next(iter(peers_by_text))}"
    parts = (f"For {', '.join(peers)}: {text}" for text, peers in peers_by_text.items())
    return f"{mesh['platform_message']}. {'. '.join(parts)}"
