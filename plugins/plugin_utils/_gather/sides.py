# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: both ends of each link side by side. Pure.

Each end of a pair has the same files, so that ``diff -r`` and any editor show them beside each other.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CANONICAL_NAME
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.objects import as_yaml, named, of_kind
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.timeline import timeline
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.types import Collected, Gathering

#: What an EndpointSlice belongs to.
_SERVICE_NAME = "kubernetes.io/service-name"


def link_files(
    gathering: Gathering, collected: Mapping[str, Collected], found: Mapping[str, List[Json]]
) -> Dict[str, str]:
    """The files of the folders ``links/<mesh>--<mesh>/<mesh>``; ``found`` are the objects of each host."""
    files: Dict[str, str] = {}
    for pair in gathering["pairs"]:
        mesh, peer = (gathering["meshes"][host] for host in (pair["host"], pair["peer"]))
        folder = f"links/{mesh}--{peer}"
        ends = ((pair["host"], mesh, pair["peer_name"]), (pair["peer"], peer, pair["own_name"]))
        both: Dict[str, List[Json]] = {}
        for host, name, called in ends:
            if host not in collected:
                files[f"{folder}/{name}/missing.txt"] = f"Nothing could be read of {name}.\n"
                continue
            objects, own = link_objects(collected[host], found[host], called), f"{folder}/{name}"
            both[name] = [obj for dummy, obj in objects]
            files.update({f"{own}/{file}": as_yaml(obj) for file, obj in objects})
            files.update({f"{own}/{file}": text for file, text in _logs(collected[host], objects)})
            if not objects:
                files[f"{own}/missing.txt"] = f"{name} has no objects of this link that could be read.\n"
        files[f"{folder}/timeline.txt"] = "\n".join(timeline(both)) + "\n"
    return files


def link_objects(collected: Collected, found: Sequence[Json], peer_name: str) -> List[Tuple[str, Json]]:
    """The objects of one end, by the name of their file, which is the same at the other end."""
    namespace = collected["facts"]["namespace"]
    peer = named(found, "ServiceMeshPeer", namespace, peer_name)
    chain = dig(peer, "spec", "security", "certificateChain", "name") or f"{peer_name}-ca-root-cert"
    wanted: List[Tuple[str, Optional[Json]]] = [
        ("peer.yaml", peer),
        ("exports.yaml", named(found, "ExportedServiceSet", namespace, peer_name)),
        ("imports.yaml", named(found, "ImportedServiceSet", namespace, peer_name)),
        ("peer-root.yaml", named(found, "ConfigMap", namespace, chain)),
        ("own-root.yaml", named(found, "ConfigMap", namespace, "istio-ca-root-cert")),
        ("control-plane.yaml", named(found, "ServiceMeshControlPlane", namespace, collected["facts"]["control_plane"])),
    ]
    for direction in ("ingress", "egress"):
        gateway = dig(peer, "spec", "gateways", direction, "name") or f"{direction}-{peer_name}"
        wanted += list(_gateway(found, namespace, direction, str(gateway)))
    return [(file, obj) for file, obj in wanted if obj is not None]


def _gateway(found: Sequence[Json], namespace: str, direction: str, name: str) -> Iterator[Tuple[str, Optional[Json]]]:
    """The objects of a gateway; those of which there are several are numbered."""
    yield f"{direction}-service.yaml", named(found, "Service", namespace, name)
    yield f"{direction}-deployment.yaml", named(found, "Deployment", namespace, name)
    slices = [
        obj
        for obj in of_kind(found, "EndpointSlice", namespace)
        if dig(obj, "metadata", "labels", _SERVICE_NAME) == name
    ]
    pods = [obj for obj in of_kind(found, "Pod", namespace) if _gateway_of(obj) == name]
    for noun, several in (("endpoints", slices), ("pod", pods)):
        for number, obj in enumerate(several, 1):
            yield f"{direction}-{noun}-{number}.yaml", obj


def _gateway_of(pod: Json) -> str:
    labels = dig(pod, "metadata", "labels") or {}
    return str(labels.get(CANONICAL_NAME) or labels.get("app") or "")


def _logs(collected: Collected, objects: Sequence[Tuple[str, Json]]) -> Iterator[Tuple[str, str]]:
    """The logs of the pods of one end, under the names of their objects."""
    for file, obj in objects:
        prefix = f"logs/{obj['metadata']['name']}/"
        if obj.get("kind") == "Pod":
            for path, text in collected["texts"].items():
                if path.startswith(prefix):
                    yield f"{file[: -len('.yaml')]}-{path[len(prefix) :]}", text
