# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The facts about the federation of a mesh: peers, service sets, root certificates, Services. Private to this collection."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.live_object import trim, written_at
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    EGRESS_FOR,
    INGRESS_FOR,
    ROOT_CONFIG_MAP,
    ROOT_KEY,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import MeshFacts, ServiceFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import known_members
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import normalise_bundle, read_roots

#: Any namespace, or any name.
ANY = "*"
#: Up to so many namespaces their Services are listed one namespace at a time, else all of the cluster at once.
MAX_NAMESPACES = 2


def read_peers(reading: Reading) -> None:
    """The ServiceMeshPeers with their status, and their links for the modules about links."""
    reading.facts["peers"] = _listed(reading, "ServiceMeshPeer")
    reading.facts["links"] = [{"peer_name": peer["metadata"]["name"]} for peer in reading.facts["peers"]]


def read_sets(reading: Reading) -> None:
    """The exported and imported service sets with their status."""
    reading.facts["exports"] = _listed(reading, "ExportedServiceSet")
    reading.facts["imports"] = _listed(reading, "ImportedServiceSet")


def _listed(reading: Reading, kind: str) -> List[Json]:
    return [trim(obj) for obj in reading.need(reading.cluster.list, kind, reading.namespace, default=[])]


def read_config_maps(reading: Reading, *, own_root: bool) -> None:
    """The mesh's own root certificate, and the ConfigMaps with the roots of its peers. Where ``own_root`` is not needed, it may be
    unreadable."""
    facts = reading.facts
    objects = reading.need(reading.cluster.list, "ConfigMap", reading.namespace, default=None)
    if objects is None:
        return
    chains = [((peer.get("spec") or {}).get("security") or {}).get("certificateChain") or {} for peer in facts["peers"]]
    names = {chain.get("name") for chain in chains}
    for config_map in objects:
        name = config_map["metadata"]["name"]
        if name == ROOT_CONFIG_MAP:
            facts["root"] = (config_map.get("data") or {}).get(ROOT_KEY) or ""
            facts["root_changed"] = written_at(config_map, "data", ROOT_KEY)
        elif name in names or name.endswith("-ca-root-cert") or is_ours(config_map):
            facts["config_maps"].append(trim(config_map))
    _read_own_root(reading, is_needed=own_root)


def _read_own_root(reading: Reading, *, is_needed: bool) -> None:
    """The certificates in the mesh's own root."""
    facts, where = reading.facts, f"ConfigMap {reading.namespace}/{ROOT_CONFIG_MAP}"
    if not facts["root"]:
        reading.note(
            problem(
                "root-missing",
                reading.mesh,
                where,
                f"it has no root certificate under {ROOT_KEY}",
                "Wait until istiod has written it, or check the log of istiod",
            )
        )
        return
    try:
        facts["root"] = normalise_bundle(facts["root"])
        facts["roots"] = read_roots(facts["root"])
    except ValueError as error:
        reading.note(
            problem(
                "root-unreadable",
                reading.mesh,
                where,
                f"the root certificate cannot be read: {error}",
                "Correct the root certificate of this mesh's CA, and restart istiod",
                severity="error" if is_needed else "warning",
            )
        )
        reading.complete = reading.complete and not is_needed
        return
    facts["fingerprints"] = [root["sha256"] for root in facts["roots"]]


def read_own_services(reading: Reading) -> List[Json]:
    """All Services of the control plane's namespace; those of additional gateways, and of gateways that a peer names,
    become facts, and the names of those of our gateways that the control plane does not have any more."""
    facts, plane = reading.facts, reading.facts["control_plane"]
    objects: List[Json] = reading.need(reading.cluster.list, "Service", reading.namespace, default=[])
    by_peer = [(peer.get("spec") or {}).get("gateways") or {} for peer in facts["peers"]]
    names = {gateway.get("name") for gateways in by_peer for gateway in gateways.values() if gateway}
    current = {*plane["additionalIngress"], *plane["additionalEgress"]} if plane is not None else set()
    names |= current
    facts["gateway_services"] = {
        obj["metadata"]["name"]: trim(obj) for obj in objects if obj["metadata"]["name"] in names
    }
    facts["leftover_gateways"] = sorted(name for name in map(_gateway_of_ours, objects) if name and name not in current)
    return objects


def _gateway_of_ours(service: Json) -> str:
    """The name of a Service that the operator made for a gateway of ours; empty for all others."""
    labels, name = service["metadata"].get("labels") or {}, str(service["metadata"]["name"])
    return name if name in (labels.get(INGRESS_FOR), labels.get(EGRESS_FOR)) else ""


class Pattern(NamedTuple):
    """Services that are asked for; each part is ``*`` for any."""

    namespace: str
    name: str

    def matches(self, service: Json) -> bool:
        """Whether a Service is asked for. One of type ExternalName never is: a mesh cannot share it
        (maistra/istio pkg/servicemesh/federation/common/exports.go, MeshExternal)."""
        meta, spec = service["metadata"], service.get("spec") or {}
        fits = self.namespace in (ANY, meta["namespace"]) and self.name in (ANY, meta["name"])
        return fits and spec.get("type") != "ExternalName"


def read_additional_services(reading: Reading, wanted: Sequence[str], own: Sequence[Json]) -> None:
    """The Services that rules concern, as far as they may be read. ``wanted`` are ``namespace/name``, ``own`` the Services
    of the control plane's namespace."""
    patterns = [Pattern(*text.partition("/")[::2]) for text in wanted]
    if not patterns:
        return
    named = {pattern.namespace for pattern in patterns}
    namespaces = _namespaces(reading.facts, named)
    services = list(own) if reading.namespace in named else []
    read = reading.facts["additional_services"]
    for namespace in namespaces if namespaces is not None and len(namespaces) <= MAX_NAMESPACES else [None]:
        try:
            listed = reading.cluster.list("Service", namespace, fields=_field_selector(patterns, namespace))
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            read["unread"].append({"namespace": namespace, "message": error.message})
            continue
        services += [
            obj
            for obj in listed
            if obj["metadata"]["namespace"] != reading.namespace
            and (namespaces is None or obj["metadata"]["namespace"] in namespaces)
        ]
    read["services"] = [_service_facts(obj) for obj in services if any(pattern.matches(obj) for pattern in patterns)]


def _namespaces(facts: MeshFacts, named: Set[str]) -> Optional[List[str]]:
    """The namespaces besides the mesh's own in which Services are looked for; None for all of the cluster. A wildcard
    stands for those that istiod watches."""
    watched = known_members(facts) if ANY in named else []
    return None if watched is None else sorted({*named, *watched} - {ANY, facts["namespace"]})


def _field_selector(patterns: Sequence[Pattern], namespace: Optional[str]) -> str:
    """A field selector, where only one Service of a namespace is asked for: some have hundreds."""
    names = {pattern.name for pattern in patterns if pattern.namespace in (namespace, ANY)}
    return f"metadata.name={names.pop()}" if namespace and len(names) == 1 and ANY not in names else ""


def _service_facts(service: Json) -> ServiceFacts:
    """The part of a Service that rules and ports of rules are compared with: there may be hundreds of Services."""
    meta, ports = service["metadata"], (service.get("spec") or {}).get("ports") or []
    facts: ServiceFacts = {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "ports": [{"name": port.get("name") or "", "port": port["port"]} for port in ports],
    }
    if meta.get("labels"):
        facts["labels"] = meta["labels"]
    return facts
