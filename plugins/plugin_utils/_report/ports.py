# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the connections between meshes for firewall rules: source, target, address and port. Pure.

istiod and the sidecars talk to their own mesh's egress gateway only. It is the egress gateway that goes out, as a pod: from
the addresses of its nodes, or from an egress IP of its namespace. It goes to the other mesh's ingress gateway, with
TLS that nothing on the way may end (maistra/istio pkg/servicemesh/federation/discovery/discovery.go).
"""

from __future__ import annotations

import csv
import io
from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import SKIPPED, Exposure, Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import INDENT, WIDTH, table, wrapped

#: The columns of the matrix, in their order; ``sources`` and ``addresses`` are lists.
COLUMNS = (
    "from",
    "sources",
    "to",
    "gateway",
    "addresses",
    "address_from",
    "protocol",
    "port",
    "purpose",
    "exposure",
    "scope",
    "node_port",
    "note",
)
DISCOVERY, SERVICES = "discovery", "services"
_UNDECIDED = "by platform"


def port_matrix(plan: Plan, facts: Mapping[str, Json], undecided: Collection[Tuple[str, str]] = ()) -> List[Json]:
    """Two rows per directed link: discovery, and the services' traffic.

    ``facts`` are MeshFacts by host. ``undecided`` are the sides (host, host of the peer) whose exposure only the platform
    decides, which is not known. A row has all COLUMNS; ``port`` and ``node_port`` (behind a load balancer) are None where
    they are not known yet.
    """
    rows: List[Json] = []
    for host in sorted(plan["sides"]):
        for peer in sorted(plan["sides"][host]):
            side, back = plan["sides"][host][peer], plan["sides"][peer][host]
            if SKIPPED not in (side["state"], back["state"]):
                rows += _link(plan, side, back, facts.get(peer) or {}, (peer, host) in undecided)
    return rows


def _link(plan: Plan, side: Side, back: Side, facts: Json, undecided: bool) -> List[Json]:
    """The rows of one directed link: ``side`` goes to the ingress gateway of ``back``."""
    chosen, remote = back["exposure"], side["remote"]
    service = dig(facts, "gateway_services", back["ingress"])
    common: Json = {
        "from": side["mesh"],
        "sources": plan["meshes"][side["host"]]["node_addresses"],
        "to": side["peer"],
        "gateway": f"{back['namespace']}/{back['ingress']}",
        "addresses": remote["addresses"] if remote else [],
        "address_from": _address_from(back, side),
        "protocol": "TCP",
        "exposure": _UNDECIDED if undecided else chosen["type"],
        "scope": _UNDECIDED if undecided else scope(chosen),
    }
    rows = []
    for purpose, name, key, usual in (
        (DISCOVERY, conventions.DISCOVERY_NAME, "discoveryPort", conventions.DISCOVERY_PORT),
        (SERVICES, conventions.SERVICE_NAME, "servicePort", conventions.SERVICE_PORT),
    ):
        known: Any = remote.get(key) if remote else None
        given: Any = chosen.get(key)
        fixed = given or (chosen["nodePorts"].get(name) if chosen["type"] == conventions.NODE_PORT else usual)
        port = known or (given if undecided else fixed)
        rows.append(
            {
                **common,
                "port": port,
                "purpose": purpose,
                "node_port": _behind(service, chosen["type"], usual),
                "note": _note(side, back, purpose, port),
            }
        )
    return [{column: row[column] for column in COLUMNS} for row in rows]


def scope(chosen: Exposure) -> str:
    """From where a gateway can be reached."""
    if chosen["type"] == conventions.CLUSTER_IP:
        return "inside the cluster"
    if chosen["type"] == conventions.NODE_PORT:
        return "at the nodes"
    if chosen["internal"]:
        return "internal"
    return "public" if chosen["public"] else "as the load balancer is set up"


def _address_from(back: Side, side: Side) -> str:
    """Where the address comes from, or when it will be known."""
    chosen = back["exposure"]
    if side["identity_file"]:
        return "identity file" if side["remote"] else f"known once {side['identity_file']['path']} exists"
    if chosen["addresses"]:
        return "mesh_ingress"
    if chosen["type"] == conventions.CLUSTER_IP:
        return "name inside the cluster"
    if not side["remote"]:
        return f"known once {back['ingress']} has an address"
    return "nodes" if chosen["type"] == conventions.NODE_PORT else "load balancer"


def _behind(service: Optional[Json], kind: str, number: int) -> Optional[int]:
    """The node port to which a load balancer sends, where there is one."""
    if kind != conventions.LOAD_BALANCER:
        return None
    ports: Sequence[Json] = dig(service, "spec", "ports") or []
    return next((port.get("nodePort") for port in ports if port.get("port") == number), None)


def _note(side: Side, back: Side, purpose: str, port: Optional[int]) -> str:
    notes = []
    if port is None:
        notes.append("port known with the address")
    if back["exposure"]["type"] == conventions.CLUSTER_IP:
        notes.append("in one cluster: nothing but network policies on the way")
    if purpose == SERVICES and not back["exports"]:
        notes.append(f"needed once {side['peer']} exports to {side['mesh']}")
    return "; ".join(notes)


def as_csv(rows: Sequence[Json]) -> str:
    """The matrix for a spreadsheet: a heading, then one line per row; several addresses are parted by blanks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """One cell; what a spreadsheet would take for a formula becomes text, since addresses come from clusters."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def as_lines(rows: Sequence[Json]) -> List[str]:
    """The ports as text: one line per directed link, and one about the source addresses of each mesh. Where an address is too
    long for a table it has a line of its own."""
    links: Dict[Tuple[str, str], Dict[str, Json]] = {}
    for row in rows:
        links.setdefault((row["from"], row["to"]), {})[row["purpose"]] = row
    cells = [
        [
            source,
            target,
            _address(both[DISCOVERY]),
            _port(both[DISCOVERY]),
            _port(both[SERVICES]),
            _reached(both[DISCOVERY]),
        ]
        for (source, target), both in links.items()
    ]
    heading = ["from", "to", "address", DISCOVERY, SERVICES, "reached"]
    lines = table([heading, *cells], INDENT)
    if max(map(len, lines)) > WIDTH:
        lines = table([_without_address(row) for row in (heading, *cells)], INDENT)
        lines += [line for row in cells for line in wrapped(f"{row[0]} -> {row[1]}: {row[2]}", INDENT)]
    sources = {row["from"]: " ".join(row["sources"]) or "not read" for row in rows}
    for mesh, addresses in sorted(sources.items()):
        lines += wrapped(
            f"{mesh} connects from the addresses of its nodes ({addresses}), or from its egress IPs.", INDENT
        )
    return lines


def _without_address(row: Sequence[str]) -> List[str]:
    return [cell for column, cell in enumerate(row) if column != 2]


def _address(row: Json) -> str:
    return " ".join(row["addresses"]) or "not known yet"


def _reached(row: Json) -> str:
    return ", ".join(dict.fromkeys((row["exposure"], row["scope"])))


def _port(row: Json) -> str:
    if row["port"]:
        return str(row["port"])
    return "a node port" if row["exposure"] == conventions.NODE_PORT else _UNDECIDED
