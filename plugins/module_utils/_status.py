# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading of statuses: what the control plane, the gateways, the peers and the service sets say of themselves.

Private to this collection; pure. The shapes are those of maistra/api ``federation/v1`` and ``maistra/v2``; what a value
means is from maistra/istio ``pkg/servicemesh/federation/status/handler.go`` and from running 2.3 and 2.5.
"""
from __future__ import annotations

import traceback
import typing as t

JMESPATH_ERROR: t.Optional[str] = None
try:
    import jmespath
except ImportError:
    JMESPATH_ERROR = traceback.format_exc()

Json = t.Dict[str, t.Any]

#: Port numbers of a federation ingress gateway's Service; istiod looks for exactly these.
DISCOVERY_PORT = 8188
SERVICE_PORT = 15443
#: The trust domain of a control plane that names none (istio's default).
DEFAULT_TRUST_DOMAIN = "cluster.local"
#: The name of the local registry of a control plane that names none.
DEFAULT_CLUSTER_NAME = "Kubernetes"

Decoded = t.Dict[str, str]

#: Parts of a disconnect text, with code, meaning and remedy. The first that fits counts.
#: {peer} is the mesh that is watched, {mesh} the one that watches.
_TEXTS: t.Tuple[t.Tuple[t.Tuple[str, ...], str, str, str], ...] = (
    (
        ("no such host",),
        "egress-missing",
        "the Service of the local egress gateway named in the peer does not exist",
        "Compare spec.gateways.egress.name with the additional egress gateways of the control plane",
    ),
    (
        ("connection refused",),
        "egress-not-listening",
        "the local egress gateway does not listen yet, or its Service has no port 8188",
        "Wait a moment; if it stays, look at the pods and the Service of the egress gateway",
    ),
    (
        ("i/o timeout", "deadline exceeded", "dial tcp"),
        "egress-unreachable",
        "istiod cannot reach the local egress gateway",
        "Look at the pods of the egress gateway and at network policies between istiod and port 8188",
    ),
    (
        ("403",),
        "refused",
        "{peer} refuses the identity: clientID in its peer for {mesh} is not this mesh's egress gateway, "
        "or two peers share its ingress gateway",
        "In {peer}, compare spec.security.clientID with <trust domain>/ns/<namespace>/sa/<egress gateway>"
        "-service-account of {mesh}, and give every peer its own ingress gateway",
    ),
    (
        ("400",),
        "unknown-there",
        "{peer} does not know a peer for this mesh, or its istiod is deadlocked",
        "Create the peer in {peer}; if it exists, restart the istiod of {peer} (federation_restart_control_plane)",
    ),
    (
        ("404",),
        "no-route",
        "the local egress gateway has no route for the peer (yet)",
        "Wait a moment; if it stays, compare spec.gateways.egress.name with the egress gateway meant for this peer",
    ),
    (
        ("503", "502", "504"),
        "unreachable",
        "the remote ingress gateway cannot be reached, or TLS with it fails: address, port, root certificate and trust "
        "domain all look like this",
        "Compare spec.remote with the addresses of {peer}'s ingress gateway, the root in the config map with {peer}'s, "
        "and spec.security.trustDomain with {peer}'s; check firewalls on the way",
    ),
    (
        ("200",),
        "ended",
        "the watch ended in good order and is opened again",
        "Wait: reconnecting takes up to two minutes",
    ),
    (
        ("context canceled", "context cancelled"),
        "restarted",
        "istiod restarted the watch because the peer was changed",
        "Wait: reconnecting takes up to two minutes",
    ),
    (
        ("eof", "reset"),
        "cut",
        "the connection was cut",
        "Wait: reconnecting takes up to two minutes; if it stays, look at what lies between the meshes",
    ),
)


def _find(expression: str, data: t.Any) -> t.Any:
    """A JMESPath search; an absent path is None."""
    if JMESPATH_ERROR:
        raise ImportError("the Python package jmespath is needed to read a status")
    return jmespath.search(expression, data)


def decode(text: t.Optional[str], *, mesh: str = "this mesh", peer: str = "the other mesh") -> Decoded:
    """Code, words and remedy of a ``watch.lastDisconnectStatus``.

    >>> decode("403 Forbidden")["code"]
    'refused'
    """
    plain = (text or "").strip()
    if not plain:
        return {
            "code": "connecting",
            "words": "not connected yet; istiod has not said why",
            "remedy": "Wait: a new link takes a few seconds, a repaired one up to two minutes",
        }
    lower = plain.lower()
    for signs, code, words, remedy in _TEXTS:
        if any(sign in lower for sign in signs):
            return {"code": code, "words": words.format(mesh=mesh, peer=peer),
                    "remedy": remedy.format(mesh=mesh, peer=peer)}
    return {"code": "unknown", "words": "istiod gives a reason that is not known here",
            "remedy": "Read the istiod log of this mesh"}


# -- peers -----------------------------------------------------------------------------------------------------------


def _newest(times: t.Iterable[t.Optional[str]]) -> t.Optional[str]:
    """The newest of some times (RFC 3339, UTC, whole seconds: they compare as text); None when there is none."""
    return max((one for one in times if one), default=None)


def read_peer(peer: t.Optional[Json], *, mesh: str = "this mesh", other: str = "the other mesh",
              pods: t.Collection[str] = (), gone: t.Collection[str] = ()) -> Json:
    """What a ServiceMeshPeer says of the link: ``mesh`` watches ``other``; with ``pods`` only entries of those count, and
    those of ``gone`` never do.

    Returns ``exists``, ``taken_up`` (istiod knows the peer), ``connected``, ``text`` (the last disconnect, old news
    while connected), ``code``, ``words``, ``remedy``, ``last_full_sync``, ``last_attempt``, ``created`` (times as
    in the API or None), ``inbound`` (the other side watches us: True, False, or None for no sign), ``inbound_words``,
    ``several_pods`` (several istiod pods report here, and then ``inbound`` may stay wrong), ``suspect`` (``deadlock`` or
    None).

    An entry counts as connected when it is under ``active`` with ``watch.connected``; one pod's is enough, since those of
    live pods may be missing (seen with several istiod pods on 2.5). A pod can stand under ``inactive`` as well, and then
    its newest attempt counts (maistra/istio ``pkg/servicemesh/federation/status/handler.go``).
    """
    found: Json = {
        "exists": peer is not None, "taken_up": False, "connected": False, "text": "", "code": "absent",
        "words": "there is no ServiceMeshPeer", "remedy": "Run federate.yml", "last_full_sync": None,
        "last_attempt": None, "created": None, "inbound": None, "inbound_words": "no sign of the other side here",
        "several_pods": False, "suspect": None,
    }
    if peer is None:
        return found
    active, inactive = (
        [one for one in _entries(peer, part) if (not pods or one.get("pod") in pods) and one.get("pod") not in gone]
        for part in ("active", "inactive"))
    entries = _newest_of_each_pod(inactive, active)
    watches = [entry.get("watch") or {} for entry in entries]
    found.update(
        created=_find("metadata.creationTimestamp", peer),
        taken_up=bool(entries),
        several_pods=len(entries) > 1,
        connected=any((entry.get("watch") or {}).get("connected") for entry in entries if entry in active),
        last_full_sync=_newest(watch.get("lastFullSync") for watch in watches),
        last_attempt=_newest(watch.get("lastConnected") for watch in watches),
        text=_last_text(watches),
    )
    found.update(_inbound(entries))
    found.update(_judge(found, mesh, other))
    return found


def _newest_of_each_pod(inactive: t.Sequence[Json], active: t.Sequence[Json]) -> t.List[Json]:
    """The entry of each pod with its newest attempt to connect; of one attempt, that under ``active`` is the later."""
    found: t.Dict[t.Any, Json] = {}
    for entry in (*inactive, *active):
        before = found.get(entry.get("pod"))
        if before is None or _attempt(entry) >= _attempt(before):
            found[entry.get("pod")] = entry
    return list(found.values())


def _attempt(entry: Json) -> str:
    return str((entry.get("watch") or {}).get("lastConnected") or "")


def entry_pods(peer: Json) -> t.Set[str]:
    """Names of all istiod pods of which a ServiceMeshPeer's status has an entry, the dead ones among them."""
    return {str(entry.get("pod")) for part in ("active", "inactive") for entry in _entries(peer, part)}


def _entries(peer: Json, part: str) -> t.List[Json]:
    """The entries of istiod pods under ``active`` or ``inactive``."""
    return t.cast(t.List[Json], _find(f"status.discoveryStatus.{part}[]", peer) or [])


def _last_text(watches: t.Sequence[Json]) -> str:
    """The disconnect text of the newest attempt that has one."""
    told = [watch for watch in watches if watch.get("lastDisconnectStatus")]
    if not told:
        return ""
    return str(max(told, key=lambda watch: str(watch.get("lastConnected") or ""))["lastDisconnectStatus"])


def _inbound(entries: t.Sequence[Json]) -> Json:
    """Whether the other mesh watches us, as far as it shows here; the other side itself knows better."""
    remotes = [remote for entry in entries for remote in entry.get("remotes") or []]
    if any(remote.get("connected") for remote in remotes):
        return {"inbound": True, "inbound_words": "the other side is connected, as seen from here"}
    if remotes:
        return {"inbound": False, "inbound_words": "the other side was connected once, as seen from here"}
    return {"inbound": None, "inbound_words": "no sign of the other side here"}


def _judge(found: Json, mesh: str, other: str) -> Json:
    """Code, words, remedy and suspicion for what was read of a peer."""
    if found["connected"] and _older_than_object(found):
        return {
            "connected": False, "suspect": "deadlock", "code": "deadlock",
            "words": "the status is older than the peer itself: istiod is deadlocked since a peer was deleted while "
                     "it exported services",
            "remedy": f"Restart the istiod of {mesh} (federation_restart_control_plane)",
        }
    if found["connected"]:
        return {"code": "connected", "words": "connected", "remedy": ""}
    if not found["taken_up"]:
        return {
            "code": "not-taken-up",
            "words": "istiod has not taken the peer up; it does not while it cannot read the root certificate of "
                     + other,
            "remedy": "Check the config map named in spec.security.certificateChain (key root-cert.pem); istiod looks "
                      "again within 60 seconds",
        }
    return decode(found["text"], mesh=mesh, peer=other)


def _older_than_object(found: Json) -> bool:
    """Whether every time of the watches is older than the object: the trace of a deadlocked istiod (2.3 and 2.5)."""
    newest = _newest((found["last_full_sync"], found["last_attempt"]))
    return bool(found["created"] and newest and newest < found["created"])


def synced(link: Json, since: t.Optional[str] = None) -> bool:
    """Whether a connected link has read everything once, at or after ``since`` (whole seconds of the API server)."""
    if not link.get("connected") or not link.get("last_full_sync") or former(link):
        return False
    return not since or str(link["last_full_sync"]) >= since


def former(link: Json) -> bool:
    """Whether a status is that of the peer that was there before: it is written by name, and of the new one there is no
    full sync before its first connection."""
    return bool(link.get("last_full_sync") and link["last_full_sync"] < (link.get("created") or ""))


def root_proven(link: Json, since: t.Optional[str]) -> t.Optional[bool]:
    """Whether a connected link has connected anew since its root changed (at ``since``); None where there is nothing to
    prove.

    An established connection lives on with any root, so that it is up says nothing about a new one (seen on 2.3 and
    2.5). Times are whole seconds: a root that was there before its peer was is proven by any connection of that peer.
    """
    if not link.get("connected") or not since or not link.get("last_attempt"):
        return None
    created = link.get("created") or ""
    return bool(since <= created <= link["last_attempt"] or link["last_attempt"] > since)


def root_kept(link: Json, since: t.Optional[str]) -> bool:
    """Whether a link is down that was up before its root changed (at ``since``): istiod does not take a changed root up
    while the link is down (seen on 2.5: not within 240 seconds)."""
    if link.get("connected") or link.get("code") != "unreachable" or not since:
        return False
    return bool(link.get("last_full_sync") and link["last_full_sync"] <= since and (link.get("created") or "") < since)


# -- service sets ----------------------------------------------------------------------------------------------------


def exported_parts(exported_name: str) -> t.Tuple[str, str]:
    """Name and namespace in an exported host name (``name.namespace.svc.<peer>-exports.local``)."""
    name, dot, rest = exported_name.partition(".")
    return name, rest.partition(".")[0]


def rule_imports(rules: t.Sequence[Json], exported_name: str) -> bool:
    """Whether import rules take an exported service: a part that is empty or ``*`` fits all, nothing else is a pattern
    (maistra/istio ``pkg/servicemesh/federation/common/imports.go``, ``namemapping.go``)."""
    name, namespace = exported_parts(exported_name)
    for rule in rules:
        selector = rule.get("nameSelector")
        if rule.get("type") != "NameSelector" or selector is None:
            continue
        fits = (selector.get("name") or "*") in ("*", name) and (selector.get("namespace") or "*") in ("*", namespace)
        if not fits:
            continue
        alias = selector.get("alias") or {}
        if rule.get("importAsLocal") and (alias.get("namespace") or "*") == "*":
            continue
        return True
    return False


def read_imports(imports: t.Optional[Json]) -> Json:
    """What an ImportedServiceSet says: ``imported`` [{exportedName, hostname}], ``offered`` [exportedName] (all that
    the other side exports to us), ``stale`` [exportedName] imported though no rule of the spec asks for it.

    Offered services are listed with an empty ``localService``; only a host name there means imported.
    """
    rows = _find("status.importedServices[]", imports) or []
    imported = [
        {"exportedName": row["exportedName"], "hostname": row["localService"]["hostname"]}
        for row in rows
        if (row.get("localService") or {}).get("hostname")
    ]
    rules = _find("spec.importRules", imports)
    stale = [] if rules is None else [
        one["exportedName"] for one in imported if not rule_imports(rules, one["exportedName"])
    ]
    return {
        "imported": sorted(imported, key=lambda one: str(one["exportedName"])),
        "offered": sorted(row["exportedName"] for row in rows if row.get("exportedName")),
        "stale": sorted(stale),
    }


def read_exports(exports: t.Optional[Json]) -> t.List[Json]:
    """What an ExportedServiceSet says: [{exportedName, hostname}]; listed whether or not the peer is connected."""
    rows = _find("status.exportedServices[]", exports) or []
    return sorted(
        (
            {"exportedName": row["exportedName"], "hostname": (row.get("localService") or {}).get("hostname") or ""}
            for row in rows if row.get("exportedName")
        ),
        key=lambda one: one["exportedName"],
    )


def read_link(
    mesh: str, wanted: Json, peer: t.Optional[Json], imports: t.Optional[Json], exports: t.Optional[Json],
    pods: t.Collection[str] = (),
) -> Json:
    """One link of ``mesh`` as its three objects show it: all keys of ``read_peer`` and ``read_imports``, ``exported`` of
    ``read_exports``, ``peer``, ``peer_host`` and ``peer_name`` of ``wanted``, and what ``judge_link`` adds.

    ``wanted`` is an item of the option ``links`` of peer_wait; the objects are None where they do not exist. With
    ``pods`` only what those istiod pods say counts, and what its ``gone_pods`` have left never does.
    """
    return judge_link(wanted, {
        "peer": wanted["peer"], "peer_host": wanted.get("peer_host"), "peer_name": wanted["peer_name"],
        **read_peer(peer, mesh=mesh, other=wanted["peer"], pods=pods, gone=wanted.get("gone_pods") or ()),
        **read_imports(imports),
        "exported": read_exports(exports),
    })


def judge_link(wanted: Json, link: Json) -> Json:
    """The link with ``missing`` (exported names), ``synced``, ``root_proven``, ``root_kept`` and ``good``, in the light
    of what is wanted of it."""
    link["missing"] = _missing(wanted, link)
    link["synced"] = synced(link, wanted.get("since")) or _services_prove_it(wanted, link)
    link["root_proven"] = root_proven(link, wanted.get("root_since"))
    link["root_kept"] = root_kept(link, wanted.get("root_since"))
    link["good"] = bool(link["connected"] and link["synced"] and not link["missing"] and not unseen(wanted, link))
    return link


def unseen(wanted: Json, link: Json) -> bool:
    """Whether the other side should be seen here and is not. Only one istiod pod is believed: with several, ``remotes``
    are missing on all but one and stay wrong (seen on 2.5)."""
    return bool(wanted.get("inbound") and not link["inbound"] and not link["several_pods"])


def _missing(wanted: Json, link: Json) -> t.List[str]:
    """Exported names that should be imported and are not: those expected, and those offered that a rule takes."""
    names = {one["exportedName"] for one in link["imported"]}
    expected = set(wanted.get("imports_expected") or [])
    rules = wanted.get("import_rules") or []
    expected |= {one for one in link["offered"] if rule_imports(rules, one)}
    return sorted(expected - names)


def _services_prove_it(wanted: Json, link: Json) -> bool:
    """Whether imports show that a connected link has synced although its status has no time of it: a pod whose status
    updates are refused never shows one (seen on 2.5 with several istiod pods)."""
    expected = wanted.get("imports_expected")
    return bool(link["connected"] and not link["last_full_sync"] and expected and not _missing(wanted, link))


def collisions(imported_by_peer: t.Mapping[str, t.Sequence[Json]]) -> t.Dict[str, t.List[str]]:
    """Exported names that one mesh imports from several peers: requests to them fail although every status is good
    (seen on 2.5: one exported name, two registries). Values are the peers."""
    peers: t.Dict[str, t.List[str]] = {}
    for peer, imported in sorted(imported_by_peer.items()):
        for one in imported:
            peers.setdefault(one["exportedName"], []).append(peer)
    return {name: named for name, named in sorted(peers.items()) if len(named) > 1}


# -- control plane and gateways --------------------------------------------------------------------------------------


def read_control_plane(smcp: Json) -> Json:
    """What a ServiceMeshControlPlane says: ``name``, ``uid``, ``version``, ``chart_version`` and ``operator_version``
    (they have the patch level), ``trust_domain`` (in force), ``trust_domain_set``, ``cluster_name``, ``ready`` (Ready at
    the present generation), ``words``, ``generation``, ``observed_generation``, ``additionalIngress``, ``additionalEgress`` (as in the spec).

    Ready alone is stale for a moment after a change, so the observed generation counts too.
    """
    meta, spec = smcp["metadata"], smcp.get("spec") or {}
    trust_domain = _find("security.trust.domain", spec)
    generation = int(meta.get("generation") or 0)
    observed = int(_find("status.observedGeneration", smcp) or 0)
    ready = _condition(smcp, "Ready")
    return {
        "name": meta["name"],
        "uid": meta.get("uid"),
        "version": spec.get("version") or _find("status.chartVersion", smcp),
        "chart_version": _find("status.chartVersion", smcp),
        "operator_version": _find("status.operatorVersion", smcp),
        "trust_domain": trust_domain or DEFAULT_TRUST_DOMAIN,
        "trust_domain_set": bool(trust_domain),
        "cluster_name": _find("cluster.name", spec) or DEFAULT_CLUSTER_NAME,
        "ready": ready.get("status") == "True" and observed >= generation,
        "words": _control_plane_words(smcp, ready, observed, generation),
        "generation": generation,
        "observed_generation": observed,
        "additionalIngress": _find("gateways.additionalIngress", spec) or {},
        "additionalEgress": _find("gateways.additionalEgress", spec) or {},
    }


def _condition(smcp: Json, kind: str) -> Json:
    """One condition of a control plane; empty when there is none."""
    return next((one for one in _find("status.conditions", smcp) or [] if one.get("type") == kind), {})


def _control_plane_words(smcp: Json, ready: Json, observed: int, generation: int) -> str:
    """Whether the control plane is ready, and why not."""
    if ready.get("status") == "True" and observed >= generation:
        return "ready"
    if not ready:
        return "the operator has not reported yet"
    # The observed generation follows when all is done; until then an old Ready says nothing, and a new False says why.
    if observed < generation and ready.get("status") == "True":
        return f"the operator has not seen the latest change yet (generation {generation}, observed {observed})"
    reconciled = _condition(smcp, "Reconciled")
    told = reconciled if reconciled.get("status") == "False" else ready
    words = ": ".join(str(one) for one in (told.get("reason"), told.get("message")) if one)
    count = _find("status.annotations.readyComponentCount", smcp)
    return (words or "not ready") + (f" ({count} components ready)" if count else "")


def _port(service: Json, number: int, names: t.Sequence[str]) -> t.Optional[Json]:
    """The port of a Service with this number, or with one of these names."""
    ports = _find("spec.ports", service) or []
    for port in ports:
        if port.get("port") == number:
            return t.cast(Json, port)
    return next((port for port in ports if port.get("name") in names), None)


def node_addresses(nodes: t.Sequence[Json], internal: bool = False) -> t.List[str]:
    """The addresses of nodes as mesh_info gives them ([{addresses: [...], internal: [...]}]), without doubles."""
    rows = (node.get("internal" if internal else "addresses") or [] for node in nodes)
    return list(dict.fromkeys(address for row in rows for address in row))


def read_gateway(
    service: t.Optional[Json], nodes: t.Sequence[Json] = (), exposure: t.Optional[str] = None, internal: bool = False
) -> Json:
    """Where an ingress gateway is reached: ``addresses``, ``discoveryPort``, ``servicePort``; or ``waiting`` with
    words.

    ``exposure`` is the Service type that is wanted; a Service that has another type is not reconciled yet. The address
    of a load balancer is its IP, else its host name; a node port is reached at the nodes (with ``internal`` at their
    internal addresses); a ClusterIP by its name inside the cluster.
    """
    if service is None:
        return {"waiting": "the operator has not created its Service yet"}
    type_ = _find("spec.type", service) or "ClusterIP"
    if exposure and type_ != exposure:
        return {"waiting": f"its Service is still of type {type_}, not {exposure}"}
    discovery, traffic = _port(service, DISCOVERY_PORT, ("https-discovery",)), _port(service, SERVICE_PORT, ("tls",))
    if discovery is None or traffic is None:
        return {"waiting": f"its Service has no ports {DISCOVERY_PORT} and {SERVICE_PORT} yet"}
    key = "nodePort" if type_ == "NodePort" else "port"
    if not discovery.get(key) or not traffic.get(key):
        return {"waiting": "its Service has no node ports yet"}
    addresses, words = _addresses(service, type_, node_addresses(nodes, internal))
    if not addresses:
        return {"waiting": words}
    return {"addresses": addresses, "discoveryPort": discovery[key], "servicePort": traffic[key]}


def _addresses(service: Json, type_: str, nodes: t.List[str]) -> t.Tuple[t.List[str], str]:
    """Addresses of a Service by its type, and words for when there are none."""
    if type_ == "LoadBalancer":
        rows = _find("status.loadBalancer.ingress", service) or []
        found = [row.get("ip") or row.get("hostname") for row in rows]
        return list(dict.fromkeys(one for one in found if one)), "its load balancer has no address yet"
    if type_ == "NodePort":
        return nodes, "no node has an address"
    meta = service["metadata"]
    return [f"{meta['name']}.{meta['namespace']}.svc.cluster.local"], ""


#: The longest part of an event's message that is told.
EVENT_LENGTH = 300


def read_events(events: t.Iterable[Json], service: Json) -> str:
    """Why a Service has no load balancer yet, in the words of its events: the newest warning, else the newest event, as
    ``reason: message``; empty when there is none.

    ``events`` are core/v1 Events. The service controller (kubernetes/cloud-provider, controllers/service) writes
    ``EnsuringLoadBalancer`` when it begins, and ``SyncLoadBalancerFailed`` with the cloud's reason each time it fails.
    Events of a Service of the same name that is gone do not count.
    """
    meta = service["metadata"]
    mine = [one for one in events if _about(one.get("involvedObject") or {}, meta)]
    told = [one for one in mine if one.get("type") == "Warning"] or mine
    if not told:
        return ""
    newest = max(told, key=_event_time)
    message = " ".join(str(newest.get("message") or "").split())
    if len(message) > EVENT_LENGTH:
        message = f"{message[:EVENT_LENGTH]}..."
    return ": ".join(part for part in (str(newest.get("reason") or ""), message) if part)


def _about(involved: Json, meta: Json) -> bool:
    """Whether an event is about the Service with this metadata."""
    return (involved.get("kind") == "Service" and involved.get("name") == meta["name"]
            and involved.get("uid") in (None, "", meta.get("uid")))


def _event_time(event: Json) -> str:
    """When an event was last seen; the field depends on who wrote it (RFC 3339, whole seconds count)."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"),
             (event.get("metadata") or {}).get("creationTimestamp"))
    return str(next((one for one in times if one), ""))[:19]
