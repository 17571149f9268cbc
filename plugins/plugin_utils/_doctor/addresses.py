# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about the address of the watched mesh. Pure."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Remote
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.fixes import corrected_by
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, skipped, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link, unreadable
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import plain_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.remote import declared_address, to_remote


def expected_remote(link: Link) -> Optional[Remote]:
    """The address at which the watched mesh is reached: the declared one, that of its identity file, or the published one."""
    watched = link.watched
    if not watched.is_readable:
        return link.watching.side["remote"]
    declared = declared_address(watched.side)
    gateway = watched.right_gateway("ingress")
    if declared is not None or gateway is None:
        return declared
    exposure = watched.side["exposure"]
    service = (watched.facts.get("gateway_services") or {}).get(gateway)
    read = read_gateway(service, watched.facts.get("nodes") or [], exposure["type"], exposure["internal"])
    return to_remote(read, watched.side)


def address_published(link: Link) -> List[Outcome]:
    """The address of the watched mesh's ingress gateway."""
    watched = link.watched
    reason = unreadable(link, watched)
    if reason:
        known = watched.mesh["by_file"] and link.watching.side["remote"] is not None
        return [passed("its identity file has one") if known else unknown(reason)]
    if expected_remote(link) is not None:
        return [passed()]
    gateway = watched.right_gateway("ingress")
    if gateway is None:
        return [skipped("there is no gateway")]
    exposure = watched.side["exposure"]
    service = (watched.facts.get("gateway_services") or {}).get(gateway)
    read = read_gateway(service, watched.facts.get("nodes") or [], exposure["type"], exposure["internal"])
    message = f"the ingress gateway {gateway} has no address: {read.get('pending') or 'unknown'}"
    return [
        Outcome(
            "failed",
            message,
            "no-address",
            watched.name,
            watched.place("Service", gateway),
            "status.loadBalancer.ingress",
        )
    ]


def address_equals(link: Link) -> List[Outcome]:
    """The address of the peer, compared with that of the gateway."""
    watching, peer = link.watching, link.watching.peer
    expected = expected_remote(link)
    if peer is None or expected is None:
        return [unknown(unreadable(link, watching) or "one of the two addresses is not known")]
    section = plain_section(dig(peer, "spec", "remote") or {})
    found: List[Outcome] = []
    addresses = section.get("addresses") or []
    # A list of nodes changes with the nodes; one common address is enough to connect.
    if not set(addresses) & set(expected["addresses"]) and not _is_other_name(watching):
        found.append(_differs(link, "address-differs", "addresses", addresses, expected["addresses"]))
    for key, wanted in (("discoveryPort", expected["discoveryPort"]), ("servicePort", expected["servicePort"])):
        # istiod takes 0 for its default.
        if section.get(key) not in (wanted, None, 0):
            found.append(_differs(link, "port-differs", key, section[key], wanted))
    return found or [passed()]


def has_address_of(link: Link) -> Optional[bool]:
    """Whether the peer has an address and the discovery port of the gateway; None where that is not known."""
    states = {outcome.field for outcome in address_equals(link) if outcome.state == "failed"}
    if link.watching.peer is None or expected_remote(link) is None:
        return None
    return not states & {"spec.remote.addresses", "spec.remote.discoveryPort"}


def _is_other_name(watching: End) -> bool:
    """Whether an address that others wrote may be another name of the same gateway: the link is up with it."""
    return watching.is_connected and watching.peer is not None and not is_ours(watching.peer)


def _differs(link: Link, code: str, key: str, value: object, expected: object) -> Outcome:
    end = link.watching
    path = ("spec", "remote", key)
    what = "discovery" if key == "discoveryPort" else "service traffic"
    message = (
        f"the ingress gateway of {link.watched.name} has other addresses"
        if key == "addresses"
        else f"the ingress gateway of {link.watched.name} has another port for {what}"
    )
    remedy = corrected_by(end, end.peer, path, expected)
    return Outcome(
        "failed", message, code, end.name, end.place("ServiceMeshPeer"), ".".join(path), value, expected, remedy
    )
