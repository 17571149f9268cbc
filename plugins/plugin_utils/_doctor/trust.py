# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about roots, trust domains and identities. Pure."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ROOT_KEY, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.fixes import FEDERATE, corrected_by
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link, certificates_in, unreadable
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import kept_identity, kept_message
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Side
from ansible_collections.ossm.federation.plugins.plugin_utils._run.restarts import restart_fix


def root_equals(link: Link) -> List[Outcome]:
    """What each end trusts, compared with what the other publishes: both gateways show a certificate."""
    found: List[Outcome] = []
    for end in link.ends:
        found += _trusts(end, link.other(end))
    if any(outcome.state == "failed" for outcome in found):
        return [outcome for outcome in found if outcome.state == "failed"]
    return found or [passed()]


def _trusts(end: End, other: End) -> List[Outcome]:
    if not end.is_readable or end.peer is None:
        return [unknown(f"what {end.name} trusts is not known")]
    return [*_domain(end, other), *_root(end, other)]


def _domain(end: End, other: End) -> List[Outcome]:
    """The trust domain for which the end trusts a root of its own."""
    value, expected = dig(end.peer, "spec", "security", "trustDomain"), other.trust_domain
    if value == expected:
        return []
    if not expected or (value is None and end.is_connected):
        return [unknown(f"the trust domain of {other.name} is not known")]
    if value in (dig(other.control_plane, "object", "spec", "security", "trust", "additionalDomains") or []):
        return [unknown(f"{value} is another trust domain of {other.name} beside {expected}")]
    path = ("spec", "security", "trustDomain")
    message = f"the trust domain of {other.name} is another one, so its certificates are rejected"
    return [_wrong(end, "trust-domain-differs", message, path, value, expected)]


def _root(end: End, other: End) -> List[Outcome]:
    published = set(other.facts.get("fingerprints") or other.mesh["fingerprints"])
    name = _config_map(end)
    bundle = end.live("config_maps", name) if name else None
    if not end.side["config_map"] or bundle is None:
        # With one trust domain istiod reads no root; a missing ConfigMap is an earlier rung.
        return []
    if not published:
        return [unknown(f"the root of {other.name} is not known")]
    trusted = certificates_in(bundle)
    if published <= trusted or not trusted:
        # Without a certificate an earlier rung has failed.
        return []
    return [
        Outcome(
            "failed",
            f"{end.name} does not trust the root that {other.name} publishes, so each rejects the certificates of the other",
            "root-differs",
            end.name,
            end.place("ConfigMap", name),
            f"data.{ROOT_KEY}",
            sorted(map(colons, trusted)),
            sorted(map(colons, published)),
            corrected_by(end, bundle, ("data", ROOT_KEY), None) if is_ours(bundle) else _replace(end, other, name),
        )
    ]


def _config_map(end: End) -> Optional[str]:
    chain = dig(end.peer, "spec", "security", "certificateChain") or {}
    return str(chain.get("name") or conventions.config_map_name(end.side["peer_name"])) if end.peer else None


def _replace(end: End, other: End, name: Optional[str]) -> str:
    return (
        f"Write {ROOT_KEY} of ConfigMap {other.mesh['namespace']}/{conventions.ROOT_CONFIG_MAP} of {other.name} into ConfigMap "
        f"{end.mesh['namespace']}/{name} of {end.name}"
    )


def _wrong(end: End, code: str, message: str, path: tuple[str, ...], value: object, expected: object) -> Outcome:
    remedy = corrected_by(end, end.peer, path, expected)
    return Outcome(
        "failed", message, code, end.name, end.place("ServiceMeshPeer"), ".".join(path), value, expected, remedy
    )


def identity_expected(link: Link) -> List[Outcome]:
    """The client ID that the watched mesh expects."""
    watched, watching = link.watched, link.watching
    expected = watching.client_id() if watching.is_readable else watched.side["client_id"]
    if watched.peer is None or not watched.is_readable or not expected:
        return [unknown(unreadable(link) or f"the identity of {watching.name} is not known")]
    value = dig(watched.peer, "spec", "security", "clientID")
    if value is not None and matches(str(value), expected):
        return [passed()]
    if value is None and watching.is_connected:
        return [unknown(f"{watched.name} expects no identity")]
    message = (
        f"{watched.name} expects another identity than that of the egress gateway of {watching.name}, and refuses it"
    )
    return [_wrong(watched, "client-id-differs", message, ("spec", "security", "clientID"), value, expected)]


def matches(pattern: str, identity: str) -> bool:
    """Whether an identity fits a client ID, which istiod puts into an AuthorizationPolicy: * at its start or end is a wildcard.

    >>> matches("green.local/ns/*", "green.local/ns/green/sa/egress")
    True
    """
    if pattern.startswith("*"):
        return identity.endswith(pattern[1:])
    return identity.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == identity


def allowed(link: Link) -> List[Outcome]:
    """What the watched mesh makes of the identity: a shared gateway, an identity that istiod keeps, a refusal."""
    watching, watched = link.watching, link.watched
    found = _shared_ingress(watched) + _kept_identity(watching, watched)
    if found:
        return found
    status = watching.status
    if status is None or not status.get("exists"):
        return [unknown(unreadable(link, watching) or f"{watching.name} has no peer")]
    if status["connected"]:
        return [passed()]
    if status["code"] != "identity-refused":
        return [unknown("nothing has been answered yet, as the link is not up")]
    place = watched.place("ServiceMeshPeer")
    return [
        Outcome(
            "failed", status["message"], "identity-refused", watched.name, place, remedy=_look(watched), is_symptom=True
        )
    ]


def _shared_ingress(watched: End) -> List[Outcome]:
    """Other peers that use the ingress gateway of the pair: it denies what any of them does not expect, so each shuts the others out.
    Who shares an egress gateway shuts nobody out."""
    name = watched.named_gateway("ingress")
    if watched.peer is None or watched.right_gateway("ingress") != name:
        return []
    return [
        Outcome(
            "failed",
            f"{name} is the ingress gateway for {watched.side['peer']}, and each of its peers shuts the others out",
            "gateway-shared",
            watched.name,
            watched.place("ServiceMeshPeer", peer["metadata"]["name"]),
            "spec.gateways.ingress.name",
            name,
            "a gateway of its own",
        )
        for peer in watched.facts.get("peers") or []
        if peer["metadata"]["name"] != watched.side["peer_name"]
        and dig(peer, "spec", "gateways", "ingress", "name") == name
    ]


def _kept_identity(watching: End, watched: End) -> List[Outcome]:
    """What istiod of the watched mesh keeps for service traffic though its peer has been corrected since. A peer that is still
    wrong is an earlier rung; whether istiod will keep that is not known before."""
    expected = watching.client_id() if watching.is_readable else watched.side["client_id"]
    ingress, pods = watched.right_gateway("ingress"), watched.facts.get("istiod")
    if watched.peer is None or not expected or ingress is None or pods is None or not watched.side["exports"]:
        return []
    side: Side = {**watched.side, "client_id": expected, "ingress": ingress}
    current = dig(watched.peer, "spec", "security", "clientID"), watched.named_gateway("ingress")
    kept = kept_identity(side, watched.peer, pods) if is_ours(watched.peer) and current == (expected, ingress) else None
    if kept is None:
        return []
    name = watched.name
    field = "clientID" if kept["clientID"] != expected else "gateways.ingress.name"
    return [
        Outcome(
            "failed",
            kept_message(side, kept),
            "identity-kept",
            name,
            watched.place("ServiceMeshPeer"),
            f"spec.{'security.' if field == 'clientID' else ''}{field}, as istiod has it",
            kept["clientID"] if field == "clientID" else kept["ingress"],
            expected if field == "clientID" else ingress,
            restart_fix(name),
        )
    ]


def _look(watched: End) -> str:
    return f"Wait two minutes; then restart the istiod of {watched.name}: {FEDERATE.lower()} with federation_restart_control_plane"
