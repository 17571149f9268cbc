# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about the network, as network_check saw them from where it ran. Pure.

A link that is up has what these rungs say, whatever can be seen from elsewhere. So they fail only for a link that is down, and only
where what was seen is certain: that a name does not resolve, or that nothing answers, may be true of the controller alone.
"""

from __future__ import annotations

import ipaddress
from typing import Dict, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.addresses import has_address_of
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, skipped, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import plain_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan

#: What a server answers that does not speak TLS.
_PLAIN_TEXT = ("wrong version number", "http request", "packet length too long", "record layer failure")
_NOT_SEEN = "the network was not looked at"
#: States of a link that a closed port explains.
_UNREACHABLE = ("peer-unreachable", "no-route", "connecting", "cut", "ended", "restarted", "unrecognised")


def targets(plan: Plan, host: str, facts: Mapping[str, Json]) -> List[Json]:
    """The gateways that network_check looks at for one mesh: those at the addresses of its live peers."""
    peers = by_name((facts.get(host) or {}).get("peers"))
    found: List[Json] = []
    for _peer, side in sorted(plan["sides"][host].items()):
        remote = plain_section(dig(peers.get(side["peer_name"]), "spec", "remote") or {})
        if not remote.get("addresses"):
            continue
        found.append(
            {
                "peer": side["peer"],
                "addresses": remote["addresses"],
                "port": remote["discoveryPort"] or conventions.DISCOVERY_PORT,
                "server_name": f"discovery.{side['namespace']}.svc.{side['peer_name']}.local",
                "roots": plan["meshes"][side["peer_host"]]["root"],
            }
        )
    return found


def _not_judged(link: Link) -> Optional[Outcome]:
    """Why the network says nothing about a link; None where it does."""
    if link.watching.peer is None:
        return skipped("there is no peer with an address")
    if has_address_of(link) is False:
        return skipped("the peer has another address than the gateway")
    if not _seen(link):
        return unknown(_NOT_SEEN, "federation_doctor_network: true")
    return None


def _seen(link: Link) -> List[Json]:
    """What was seen at the address that the peer has now: it may have been changed since."""
    remote = plain_section(dig(link.watching.peer, "spec", "remote") or {})
    port = remote["discoveryPort"] or conventions.DISCOVERY_PORT
    return [row for row in link.network or [] if row["address"] in remote.get("addresses", []) and row["port"] == port]


def name_resolves(link: Link) -> List[Outcome]:
    """Whether host names of the address resolve. That one does not may be true of the controller alone."""
    early = _not_judged(link)
    if early is not None:
        return [early]
    failed = [row for row in _seen(link) if not row["resolved"]]
    if failed and len(failed) == len(_seen(link)):
        return [unknown(f"{row['address']} does not resolve here: {row['resolve_message']}") for row in failed]
    names = [row["address"] for row in _seen(link) if not _is_address(row["address"])]
    return [passed("" if names else "it has no host name")]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def tcp_open(link: Link) -> List[Outcome]:
    """Whether the discovery port accepts connections."""
    early = _not_judged(link)
    rows = [row for row in _seen(link) if row["resolved"]]
    if early is not None or not rows:
        return [early or unknown("no address is known here")]
    if any(row["connected"] for row in rows):
        return [passed()]
    seen = "; ".join(row["connect_message"] for row in rows)
    is_refused = all(row["connect_message"].endswith("refused") for row in rows)
    if not is_refused or not _is_unreachable(link.watching):
        return [unknown(f"port {rows[0]['port']}: {seen}")]
    watched = link.watched
    return [
        Outcome(
            "failed",
            f"nothing listens at the address of {watched.name}, neither for {link.watching.name} nor for the controller: {seen}",
            "port-closed",
            watched.name,
            link.watching.place("ServiceMeshPeer"),
            "spec.remote",
            [f"{row['address']}:{row['port']}" for row in rows],
            None,
            f"Look at the Service {watched.mesh['namespace']}/{watched.named_gateway('ingress')} of {watched.name}, its load balancer and its pods",
            is_symptom=True,
        )
    ]


def _is_unreachable(watching: End) -> bool:
    return bool(watching.status and not watching.status["connected"] and watching.status["code"] in _UNREACHABLE)


def tls(link: Link) -> List[Outcome]:
    """Who answers there, and with a certificate of which root."""
    early = _not_judged(link)
    rows = [row for row in _seen(link) if row["connected"]]
    if early is not None or not rows:
        return [early or unknown("no connection was made from here")]
    expected = _ingress_identity(link.watched)
    if not expected:
        return [unknown(f"the ingress gateway of {link.watched.name} is not known")]
    outcomes = [_answer(link, row, expected) for row in rows]
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    # A gateway may have several addresses, and one of them may be enough.
    return (
        failed
        if failed and len(failed) == len(outcomes)
        else [outcome for outcome in outcomes if outcome.state != "failed"]
    )


def _ingress_identity(end: End) -> str:
    """The identity of the ingress gateway; empty where it is not known."""
    gateway = end.right_gateway("ingress") if end.is_readable else None
    if gateway is None or not end.trust_domain:
        return ""
    return conventions.client_id(end.trust_domain, end.mesh["namespace"], gateway)


def _answer(link: Link, row: Json, expected: str) -> Outcome:
    """What one address answers."""
    if not row["tls"]:
        is_plain = any(text in row["tls_message"] for text in _PLAIN_TEXT)
        return (
            _other(link, row, "a server that does not speak TLS", expected) if is_plain else unknown(row["tls_message"])
        )
    if row["identity"] != expected:
        if row["identity"].partition("/")[2] == expected.partition("/")[2]:
            return unknown(f"the gateway shows a certificate of the trust domain {row['identity'].partition('/')[0]}")
        return _other(link, row, _described(row), expected)
    if row["trusted"] is False:
        return _stale(link, row)
    return passed("" if row["trusted"] else "the chain was not verified")


def _described(row: Json) -> str:
    """Who shows a certificate, in the words that tell most."""
    names = ", ".join(row["names"])
    return row["identity"] or names or row["subject"] or f"a certificate with the fingerprint {colons(row['sha256'])}"


def _other(link: Link, row: Json, seen: str, expected: str) -> Outcome:
    where = f"{row['address']}:{row['port']}"
    if not _is_unreachable(link.watching):
        return unknown(f"{seen} answers at {where} from here")
    return Outcome(
        "failed",
        f"something else than the ingress gateway of {link.watched.name} answers at {where}",
        "tls-other",
        link.watched.name,
        link.watching.place("ServiceMeshPeer"),
        "spec.remote.addresses",
        seen,
        expected,
        f"Let {where} lead to the Service {link.watched.mesh['namespace']}/{link.watched.named_gateway('ingress')} of {link.watched.name}",
    )


def _stale(link: Link, row: Json) -> Outcome:
    """The right gateway with a certificate of another root than the mesh publishes."""
    watched, gateway = link.watched, link.watched.named_gateway("ingress")
    if "expired" in row["trust_message"]:
        return unknown(f"its certificate is not accepted here: {row['trust_message']}")
    published: Dict[str, List[str]] = {"sha256": sorted(map(colons, watched.facts.get("fingerprints") or []))}
    return Outcome(
        "failed",
        f"the ingress gateway of {watched.name} shows a certificate that the root of {watched.name} did not sign",
        "gateway-root",
        watched.name,
        watched.place("Deployment", gateway),
        "issuer of the certificate",
        row["issuer"],
        published["sha256"],
        f"oc -n {watched.mesh['namespace']} rollout restart deployment {gateway}",
    )
