# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from a plan to the objects of one mesh that are rendered. Pure and sorted.

They are those that federate.yml applies, with two differences: the parts of a control plane are one object, as a kustomization may have an
object only once; and nothing depends on running pods or on a link that is up, so that the same clusters give the same files.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ROOT_KEY,
    field_manager,
    is_adopted,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.definitions import control_plane_definition
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import KEPT
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import kept_section
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import rendered_traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._render.owned import (
    NO_PEER,
    RENDERED,
    TRUST_DOMAIN,
    annotation,
    rendered_parts,
)

CONTROL_PLANE = "ServiceMeshControlPlane"
#: The file of each kind, in the order of the steps: the number is the wave.
_FILES = {
    CONTROL_PLANE: (0, "control-plane"),
    "ImportedServiceSet": (1, "imports"),
    "ExportedServiceSet": (1, "exports"),
    "ConfigMap": (2, "root"),
    "ServiceMeshPeer": (3, "peer"),
    # Who may ask is said before the service is exported.
    "AuthorizationPolicy": (0, "allow"),
    "DestinationRule": (4, "failover"),
}


class Rendered(NamedTuple):
    """One object of a mesh: its ``wave``, the name of its file without extension, and the name of the peer object (None for a
    control plane). ``pinned`` are lines about what was read from live clusters."""

    wave: int
    file: str
    peer_name: Optional[str]
    definition: Json
    pinned: List[str]


class Unrendered(NamedTuple):
    """An object that cannot be rendered yet, the name of its peer object, and why."""

    where: str
    peer_name: str
    message: str


class MeshObjects(NamedTuple):
    """The objects of a mesh, and those that cannot be rendered yet."""

    objects: List[Rendered]
    unrendered: List[Unrendered]


def mesh_objects(plan: Plan, host: str, facts: Json) -> MeshObjects:
    """The objects of one mesh in the order of the steps; ``facts`` are its MeshFacts with ``claim_rendered``."""
    parts = desired.gateway_objects(plan, host, facts)
    objects = [control_plane] if (control_plane := _control_plane(plan, host, facts, parts)) else []
    unrendered: List[Unrendered] = []
    sides = plan["sides"][host]
    for target in [*desired.set_objects(plan, host, facts), *desired.peer_objects(plan, host, facts)]:
        side = sides[str(target["peer"])]
        definition = _stable(target, side, facts)
        if target["unknown"]:
            where = f"{definition['kind']} {side['namespace']}/{definition['metadata']['name']}"
            unrendered.append(Unrendered(where, side["peer_name"], next(iter(target["unknown"].values()))))
            continue
        wave, word = _FILES[definition["kind"]]
        name = f"{wave}-{word}-{side['peer_name']}"
        objects.append(Rendered(wave, name, side["peer_name"], definition, _pinned(plan, side, definition)))
    objects += _traffic(plan, host, facts)
    return MeshObjects(sorted(objects, key=lambda one: (one.wave, one.file)), unrendered)


def _traffic(plan: Plan, host: str, facts: Json) -> List[Rendered]:
    """The objects about requests, which are in the namespaces of the services."""
    return [
        Rendered(
            wave,
            f"{wave}-{word}-{side['peer_name']}-{traffic['namespace']}-{traffic['name']}",
            side["peer_name"],
            obj,
            [],
        )
        for side, traffic, obj in rendered_traffic(plan, host, facts)
        for wave, word in [_FILES[obj["kind"]]]
    ]


def _control_plane(plan: Plan, host: str, facts: Json, parts: List[DesiredObject]) -> Optional[Rendered]:
    """All parts of a control plane as one object; None where there are none.

    A trust domain that was rendered once stays: a field that its manager does not send any more is removed.
    """
    mesh = plan["meshes"][host]
    spec: Json = {}
    names: Dict[str, List[str]] = {}
    annotations: Dict[str, str] = {}
    for part in parts:
        side = plan["sides"][host][part["peer"]] if part["peer"] else None
        peer_name = side["peer_name"] if side else NO_PEER
        _merge(spec, part["definition"]["spec"])
        annotations.update(part["definition"]["metadata"].get("annotations") or {})
        gateways = dig(part["definition"], "spec", "gateways") or {}
        names[peer_name] = [f"{kind}.{name}" for kind, entries in gateways.items() for name in entries] or [
            TRUST_DOMAIN
        ]
    if TRUST_DOMAIN in (rendered_parts(facts.get("control_plane")).get(NO_PEER) or []) and mesh["trust_domain"]:
        _merge(spec, {"security": {"trust": {"domain": mesh["trust_domain"]}}})
        names[NO_PEER] = [TRUST_DOMAIN]
    if not spec:
        return None
    definition = control_plane_definition(mesh, spec)
    definition["metadata"]["annotations"] = {**annotations, RENDERED: annotation(names)}
    wave, word = _FILES[CONTROL_PLANE]
    read = f"ServiceMeshControlPlane {mesh['namespace']}/{mesh['control_plane']}"
    pinned = [f"metadata.uid, name and namespace: {mesh['uid']}, of {read}"]
    return Rendered(wave, f"{wave}-{word}", None, definition, pinned)


def _stable(target: DesiredObject, side: Side, facts: Json) -> Json:
    """A definition without what depends on the moment: istiod's pods, and a link that is up."""
    definition = target["definition"]
    if definition["kind"] != "ServiceMeshPeer" or is_adopted(definition):
        return definition
    meta = definition["metadata"]
    annotations = {key: value for key, value in meta["annotations"].items() if key != KEPT}
    spec = definition["spec"]
    live = by_name(facts.get("peers")).get(side["peer_name"])
    if live is not None and side["remote"]:
        spec = {**spec, "remote": kept_section(side["remote"], live, field_manager(side["peer_name"]))}
    return {**definition, "metadata": {**meta, "annotations": annotations}, "spec": spec}


def _pinned(plan: Plan, side: Side, definition: Json) -> List[str]:
    """What in an object was read from the cluster of the peer, and from where."""
    peer = plan["meshes"][side["peer_host"]]
    if definition["kind"] == "ConfigMap":
        source = "its identity file" if peer["by_file"] else f"ConfigMap {peer['namespace']}/istio-ca-root-cert"
        prints = ", ".join(peer["fingerprints"])
        return [f'data["{ROOT_KEY}"]: SHA-256 {prints}, from {source} of {peer["mesh"]}']
    if definition["kind"] != "ServiceMeshPeer":
        return []
    back = opposite_side(plan, side)
    security = dig(definition, "spec", "security") or {}
    addresses = ", ".join(dig(definition, "spec", "remote", "addresses") or [])
    address = f"Service {peer['namespace']}/{back['ingress']} of {peer['mesh']}"
    if peer["by_file"]:
        address = f"the identity file of {peer['mesh']}"
    elif back["exposure"]["addresses"]:
        address = f"mesh_ingress of {peer['mesh']}"
    identity = (
        f"the identity file of {peer['mesh']}"
        if peer["by_file"]
        else f"ServiceMeshControlPlane {peer['namespace']}/{peer['control_plane']} of {peer['mesh']}"
    )
    return [
        f"spec.remote: {addresses}, from {address}",
        f"spec.security.trustDomain: {security.get('trustDomain')}, from {identity}",
        f"spec.security.clientID: {security.get('clientID')}, from {identity}",
    ]


def _merge(target: Json, part: Json) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value
