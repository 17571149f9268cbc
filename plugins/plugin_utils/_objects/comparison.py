# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the declared objects of a mesh against the live ones, field by field with both values. Pure."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import applied_definition
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons, fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    NOT_OURS,
    ROOT_KEY,
    VIEW,
    is_adopted,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import different_values, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.definitions import control_plane_definition
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import (
    body_of,
    definitions_with_live,
    needed_parts,
    plain_object,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.gateways import desired_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import KEPT
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import sees_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import PENDING, READY, Plan, Side

_PLANE = "ServiceMeshControlPlane"
_REMOTE = "spec.remote"


class Difference(TypedDict):
    """One field with another live value than the declared one.

    ``field`` is a path, or empty where the whole object is absent; ``declared`` and ``live`` are its values, null where there is none;
    of root certificates they are the fingerprints. ``change``: ``federate.yml`` would write it; it leaves what is unmanaged as it is.
    """

    mesh: str
    peer: Optional[str]
    kind: str
    namespace: str
    name: str
    owner: Owner
    field: str
    declared: Any
    live: Any
    change: bool


#: A path with the declared and the live value.
_Values = Tuple[str, Any, Any]


def find_differences(plan: Plan, host: str, facts: Json) -> List[Difference]:
    """Every field of one mesh whose live value is not the declared one, sorted by object. ``facts`` are its MeshFacts."""
    found: List[Difference] = []
    for step in WRITING:
        for target in desired.build_objects(plan, step, host, facts):
            found += _object_differences(plan, host, target)
    for side in desired.written_sides(plan, host, (READY, PENDING)):
        found += _gateway_differences(plan, side, dig(facts, "control_plane"))
        found += _others_differences(plan, side, facts)
    distinct = {(row["kind"], row["name"], row["field"]): row for row in reversed(found)}
    return [distinct[key] for key in sorted(distinct)]


def _object_differences(plan: Plan, host: str, target: DesiredObject) -> List[Difference]:
    """The fields of an object that ``federate.yml`` would write."""
    definition, live = target["definition"], target["live"]
    peer_host = target.get("peer")
    peer = plan["meshes"][peer_host]["mesh"] if peer_host else None
    if live is None:
        return [_row(plan, host, definition, peer, "absent", ("", "present", "absent"), is_change=True)]
    if not would_change(target):
        return []
    owner: Owner = "ours" if definition["kind"] == _PLANE or not is_adopted(live) else "adopted"
    sent = plain_object(_compared(definition))
    rows = different_values(sent, plain_object(live))
    rows += _dropped(definition, applied_definition(live, target["field_manager"]), sent)
    return [
        _row(plan, host, definition, peer, owner, _as_shown(row), is_change=True)
        for row in rows
        if row[0] not in target["unknown"] and not (definition["kind"] == _PLANE and _has_defaults_alone(row))
    ]


def _has_defaults_alone(row: _Values) -> bool:
    """Whether a live list of a control plane has the declared items, and beside their keys only what the product's webhook adds."""
    _path, declared, live = row
    if not isinstance(declared, list) or not isinstance(live, list) or len(declared) != len(live):
        return False
    return all(any(not different_values(item, other) for other in live) for item in declared)


def _compared(definition: Json) -> Json:
    """What an apply sets, without the note of what istiod keeps: that changes with the pods of istiod."""
    metadata = {
        key: definition["metadata"][key] for key in ("labels", "annotations") if definition["metadata"].get(key)
    }
    if KEPT in metadata.get("annotations", {}):
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != KEPT}
    return {**({"metadata": metadata} if metadata else {}), **body_of(definition)}


def _dropped(definition: Json, applied: Optional[Json], sent: Json) -> List[_Values]:
    """The fields of our last apply that are not declared any more: the next apply takes them out."""
    if applied is None:
        return []
    before = plain_object(_compared(applied))
    declared = {path for path, _value, _none in different_values(sent, {})}
    return [
        (path, None, value)
        for path, value, none in different_values(before, sent)
        if none is None and path not in declared and not path.startswith(_REMOTE)
    ]


def _as_shown(row: _Values) -> _Values:
    """A row whose certificates are fingerprints, which is what people compare."""
    path, declared, live = row
    if not path.endswith(ROOT_KEY):
        return row
    return path, _prints(declared), _prints(live)


def _prints(pem: Any) -> Any:
    """The fingerprints in a text; the text where it has no certificate."""
    return sorted(map(colons, fingerprints_in(pem))) or pem if isinstance(pem, str) else pem


def _gateway_differences(plan: Plan, side: Side, control_plane: Optional[Json]) -> List[Difference]:
    """What unmanaged gateways have otherwise than a side needs."""
    found: List[Difference] = []
    for gateway in desired_gateways(side):
        live = dig(control_plane, "object", "spec", "gateways", gateway.kind, gateway.name)
        if gateway.owner not in NOT_OURS or live is None:
            continue
        ignored = (VIEW,) if sees_peer(live, side["peer_name"]) else ()
        needed = {key: value for key, value in gateway.entry.items() if key not in ignored}
        rows = different_values(
            needed_parts(needed), needed_parts(live), f"spec.gateways.{gateway.kind}.{gateway.name}"
        )
        plane = control_plane_definition(plan["meshes"][side["host"]], {})
        found += [_row(plan, side["host"], plane, side["peer"], gateway.owner, row) for row in rows]
    return found


def _others_differences(plan: Plan, side: Side, facts: Json) -> List[Difference]:
    """What unmanaged objects have otherwise, and what another manager has set in objects of ours beside our fields."""
    found: List[Difference] = []
    for definition, live in definitions_with_live(plan, side, facts):
        if live is None:
            continue
        owner: Owner = "ours" if is_ours(live) else "unmanaged"
        rows = different_values(plain_object(body_of(definition)), plain_object(live))
        found += [_row(plan, side["host"], definition, side["peer"], owner, _as_shown(row)) for row in rows]
    return found


def _row(
    plan: Plan,
    host: str,
    definition: Json,
    peer: Optional[str],
    owner: Owner,
    values: _Values,
    *,
    is_change: bool = False,
) -> Difference:
    path, declared, live = values
    return {
        "mesh": plan["meshes"][host]["mesh"],
        "peer": peer,
        "kind": definition["kind"],
        "namespace": definition["metadata"]["namespace"],
        "name": definition["metadata"]["name"],
        "owner": owner,
        "field": path,
        "declared": declared,
        "live": live,
        "change": is_change,
    }
