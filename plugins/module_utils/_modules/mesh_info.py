# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The facts of one mesh, in at most fourteen requests, two more where its namespace is not given and not all may be listed,
one or two for the Services that rules concern, and one for each additional object. Never writes. Private to this collection.

A mesh is ``readable`` when everything that was asked for and that a federation needs was read; everything else that could
not be read is a warning.
"""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import COMMON_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_cluster import (
    read_additional_objects,
    read_cluster_uid,
    read_openshift,
    read_platform,
    read_rights,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_control_plane import (
    read_gateway_pods,
    read_istiod,
    read_member_roll,
    read_plane,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_federation import (
    read_additional_services,
    read_config_maps,
    read_own_services,
    read_peers,
    read_sets,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_remains import find_remains
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_sharing import SHARING, read_sharing
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import core, rejection
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import MeshFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import READING, beyond_reading
from ansible_collections.ossm.federation.plugins.module_utils._product.resources import READABLE
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: The parts of the facts that a caller can choose; the control plane is always read, but for ``sharing``.
SUBSETS = (
    "all",
    "cluster",
    "control_plane",
    "gateway_pods",
    "gateways",
    "istiod",
    "members",
    "peers",
    "roots",
    "sets",
    SHARING,
)

ARGUMENT_SPEC: Json = {
    **COMMON_OPTIONS,
    "namespace": {"type": "str"},
    "control_plane": {"type": "str"},
    "subset": {"type": "list", "elements": "str", "choices": list(SUBSETS), "default": ["all"]},
    "additional_services": {"type": "list", "elements": "str", "default": []},
    "additional_objects": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "required": True, "choices": sorted(READABLE)},
            "namespace": {"type": "str"},
            "name": {"type": "str"},
            "optional": {"type": "bool", "default": False},
        },
    },
    "rights_for": {"type": "str", "choices": list(READING)},
    "require_control_plane": {"type": "bool", "default": True},
}


def check_options(params: Json) -> str:
    """What is wrong with ``namespace`` or ``additional_services``; empty where nothing is. An empty namespace is a mistake of the
    caller, and no request to look for one."""
    if params.get("namespace") == "":
        return rejection(["namespace"])
    if SHARING in (params.get("subset") or []) and len(params["subset"]) > 1:
        return f"subset {SHARING} cannot have other parts beside it. Fix: Leave the others out, or {SHARING}."
    for index, text in enumerate(params.get("additional_services") or []):
        if text.count("/") != 1 or not all(text.split("/")):
            return f"additional_services[{index}]: {text!r} is not namespace/name. Fix: Write both, each a name or *."
    return ""


@core(ARGUMENT_SPEC, check=check_options)
def run(params: Json, check_mode: bool, say: Say) -> MeshFacts:
    """Read one mesh; the result is its MeshFacts."""
    facts = empty_facts(params)

    def work(cluster: Cluster) -> None:
        reading = Reading(cluster, facts)
        is_sharing = SHARING in (params.get("subset") or [])
        facts["readable"] = read_sharing(reading, params.get("rights_for")) if is_sharing else read(reading, params)

    facts["problems"] += use_cluster(params["auth"], params["mesh"], work)
    return facts


def empty_facts(params: Json) -> MeshFacts:
    """MeshFacts of a mesh of which nothing is known."""
    facts: MeshFacts = {
        "changed": False,
        "mesh": params["mesh"],
        "namespace": params.get("namespace") or "",
        "readable": False,
        "problems": [],
        "cluster_uid": None,
        "platform": {"type": "", "name": "", "source": "none", "architectures": [], "message": "unknown"},
        "openshift": {"version": None, "message": "an unknown version of OpenShift"},
        "rights": None,
        "nodes": [],
        "control_plane": None,
        "members": [],
        "root": "",
        "root_changed": None,
        "fingerprints": [],
        "roots": [],
        "gateway_services": {},
        "leftover_gateways": [],
        "peers": [],
        "links": [],
        "exports": [],
        "imports": [],
        "config_maps": [],
        "istiod": None,
    }
    if "gateway_pods" in (params.get("subset") or []):
        facts["gateway_pods"] = None
    if params.get("additional_objects"):
        facts["additional_objects"] = []
    if params.get("additional_services"):
        facts["additional_services"] = {"services": [], "unread": []}
    return facts


def read(reading: Reading, params: Json) -> bool:
    """Read what is asked for; whether nothing that is needed is missing.

    The control plane comes before what depends on it: without one only the cluster is described, unless it is not required.
    """
    subset: List[str] = params.get("subset") or ["all"]

    def wants(name: str) -> bool:
        return name in subset or "all" in subset

    if wants("cluster"):
        read_cluster_uid(reading)
    for wanted in params.get("additional_objects") or []:
        objects = read_additional_objects(reading, wanted["kind"], wanted.get("namespace"), wanted.get("name"))
        if objects["problem"] is not None and not wanted.get("optional"):
            reading.note(objects["problem"])
        reading.facts["additional_objects"].append(objects)
    is_required = params.get("require_control_plane", True)
    is_known = read_plane(reading, params.get("control_plane")) or (not is_required and find_remains(reading))
    if reading.namespace and params.get("rights_for") and beyond_reading(params["rights_for"]):
        read_rights(reading, params["rights_for"])
    if wants("cluster"):
        read_platform(reading)
        read_openshift(reading)
    if not is_known:
        return False
    if wants("peers"):
        read_peers(reading)
    if wants("sets"):
        read_sets(reading)
    if wants("roots"):
        read_config_maps(reading, own_root=is_required)
    own = read_own_services(reading) if wants("gateways") or _asks_own_services(reading, params) else []
    if wants("members") or params.get("additional_services"):
        read_member_roll(reading)
    read_additional_services(reading, params.get("additional_services") or [], own)
    _read_pods(reading, subset)
    return reading.complete


def _read_pods(reading: Reading, subset: Sequence[str]) -> None:
    """The pods of istiod and of gateways, after the peers: a pod that starts in between is then no pod that has ended."""
    if {"istiod", "all"} & set(subset):
        read_istiod(reading)
    if "gateway_pods" in subset:
        read_gateway_pods(reading)


def _asks_own_services(reading: Reading, params: Json) -> bool:
    """Whether Services of the control plane's own namespace are asked for."""
    services: List[str] = params.get("additional_services") or []
    return any(text.partition("/")[0] == reading.namespace for text in services)
