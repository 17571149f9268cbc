# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what live objects have and no variable expresses. It stays as it is. Pure."""

from __future__ import annotations

from typing import List, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import EGRESS, INGRESS
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_location
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.gateways import (
    live_entry,
    unexpressed_egress,
    unexpressed_ingress,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Live
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import (
    body_of,
    definitions_with_live,
    plain_object,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import are_in_one_cluster
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side

#: An object, and its fields.
Fields = Tuple[str, List[str]]


def unexpressed_fields(plan: Plan, live: Live, declared: Declaration) -> List[Problem]:
    """The fields of the live objects of all sides that differ from what the inventory describes, and names of their own."""
    return [
        problem("adopt-field", side["mesh"], where, _stays(fields), peer=side["peer"])
        for host, facts in sorted(live.facts.items())
        for _other, side in sorted(plan["sides"].get(host, {}).items())
        for where, fields in [*_gateways(plan, side, facts, declared), *_objects(plan, side, facts)]
        if fields
    ]


def _stays(fields: List[str]) -> str:
    return f"{', '.join(fields)} {'stays as it is' if len(fields) == 1 else 'stay as they are'}"


def _gateways(plan: Plan, side: Side, facts: Json, declared: Declaration) -> List[Fields]:
    """Both gateways of a side."""
    own, other = plan["meshes"][side["host"]], plan["meshes"][side["peer_host"]]
    mesh = declared["meshes"][side["host"]]
    ingress = mesh["ingress_by_peer"].get(side["peer_host"], mesh["ingress"])
    egress = mesh["egress_by_peer"].get(side["peer_host"], mesh["egress"])
    same = are_in_one_cluster(own, other)
    rows = (
        (
            INGRESS,
            side["ingress"],
            conventions.ingress_name(side["peer"]),
            unexpressed_ingress(side, facts, ingress, own["platform"], same),
        ),
        (
            EGRESS,
            side["egress"],
            conventions.egress_name(side["peer"]),
            unexpressed_egress(side, facts, dict(egress)),
        ),
    )
    return [
        (gateway_location(side["namespace"], kind, name), [*([] if name == usual else ["name"]), *fields])
        for kind, name, usual, fields in rows
        if live_entry(facts, kind, name) is not None
    ]


def _objects(plan: Plan, side: Side, facts: Json) -> List[Fields]:
    """The ConfigMap, the sets and the ServiceMeshPeer of a side."""
    rows: List[Fields] = []
    for definition, live in definitions_with_live(plan, side, facts):
        if live is None:
            continue
        name = definition["metadata"]["name"]
        fields = differences(plain_object(body_of(definition)), plain_object(live))
        if definition["kind"] == "ConfigMap" and name != conventions.config_map_name(side["peer_name"]):
            fields = ["name", *fields]
        rows.append((f"{definition['kind']} {side['namespace']}/{name}", fields))
    return rows
