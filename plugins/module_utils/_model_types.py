# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes that travel between filters, modules and roles.

Everything here is JSON: Ansible carries it in facts and module arguments. The TypedDicts say what may be in it.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, TypedDict

Json = Dict[str, Any]
Rule = Dict[str, Any]


class _ProblemNeeds(TypedDict):
    code: str
    severity: str
    mesh: str
    where: str
    message: str
    remedy: str


class Problem(_ProblemNeeds, total=False):
    """One thing that is wrong: what, where, and what to do next.

    ``severity`` is ``error`` (stops the run), ``warning``, or ``info`` (what cannot be told without the clusters, and what
    is only good to know); ``mesh`` is a mesh name, or the group's name when the whole undertaking is meant; ``where`` is a
    variable or an object; ``peer`` is the other mesh, when one pair is meant. ``repaired`` is what to write at ``where``
    instead, as data: a rule, a list of rules, or a locality; what only its author can know stands in angle brackets.
    """

    peer: str
    repaired: Any


class Ingress(TypedDict, total=False):
    """``mesh_ingress``: how the federation ingress gateways of a mesh are reached."""

    exposure: str
    internal: bool
    annotations: Dict[str, str]
    labels: Dict[str, str]
    addresses: List[str]
    discoveryPort: int
    servicePort: int
    nodePorts: Dict[str, int]
    loadBalancerIP: str
    loadBalancerSourceRanges: List[str]
    externalTrafficPolicy: str
    runtime: Json


class RuleList(TypedDict):
    """One list of rules as somebody wrote it: ``where`` is its place in the inventory, ``peers`` are the hosts that get it.

    ``written`` are the entries as they stand there and ``rules`` the same in the product's shape; it is ``sound`` when
    nothing in it is refused.
    """

    where: str
    peers: List[str]
    written: List[Any]
    rules: List[Rule]
    sound: bool


class Egress(TypedDict, total=False):
    """``mesh_egress``: what can be said of the federation egress gateways of a mesh."""

    runtime: Json


class Installation(TypedDict):
    """What install.yml is to make of a mesh; ``operator`` None: subscribe to it only where the cluster has none."""

    wanted: bool
    operator: Optional[bool]
    operator_namespace: str
    subscription: Json
    spec: Json
    members: Optional[List[str]]


class Remote(TypedDict):
    """Where a mesh is reached: one pair of ports for all addresses (ServiceMeshPeer ``spec.remote``)."""

    addresses: List[str]
    discoveryPort: int
    servicePort: int


class Identity(TypedDict):
    """What a mesh of another administrator hands over for one pair; all of it is public.

    ``mesh`` is described, ``peer`` is whom it is for. ``made`` and ``valid_until`` are UTC as ``2026-01-31T00:00:00Z``;
    ``root`` is a PEM bundle, ``fingerprints`` are the SHA-256 of its certificates, lower case and sorted. ``answers`` is
    the digest of the peer's own identity that its author had, None where he had none.
    """

    mesh: str
    peer: str
    made: str
    valid_until: str
    answers: Optional[str]
    namespace: str
    trust_domain: str
    client_id: str
    remote: Remote
    root: str
    fingerprints: List[str]


class Handed(TypedDict):
    """The file that holds a mesh's identity for one pair; ``identity`` is None while there is no such file."""

    path: str
    identity: Optional[Identity]


class DeclaredMesh(TypedDict):
    """What the inventory says of one mesh, with defaults filled in; no credential is ever in it.

    All that is said by peer has the peer's host as key. ``short_exports`` are the export rules that were written as
    ``namespace/name``; ``peer_names`` are those of ``mesh_peer_names``.
    ``by_file`` is a mesh that is known by identity files alone; ``handed`` are these files by the host of the peer.
    """

    host: str
    mesh: str
    namespace: str
    control_plane: Optional[str]
    trust_domain: Optional[str]
    platform: Optional[str]
    peers: List[str]
    ingress: Ingress
    ingress_by_peer: Dict[str, Ingress]
    egress: Egress
    egress_by_peer: Dict[str, Egress]
    exports: Dict[str, List[Rule]]
    imports: Dict[str, List[Rule]]
    export_lists: List[RuleList]
    import_lists: List[RuleList]
    short_exports: Dict[str, List[str]]
    locality: Optional[Dict[str, str]]
    peer_names: Dict[str, str]
    installation: Installation
    pins: Optional[List[str]]
    local: bool
    identity_file: Optional[str]
    by_file: bool
    handed: Dict[str, Handed]


class Declaration(TypedDict):
    """The whole federation as it is wished for; ``pairs`` is sorted, each pair too."""

    group: str
    options: Json
    hosts: List[str]
    outside: List[str]
    meshes: Dict[str, DeclaredMesh]
    pairs: List[List[str]]
    problems: List[Problem]


class Exposure(TypedDict):
    """How one ingress gateway is reached, decided; ``words`` says why. ``fields`` are further fields of its Service."""

    type: str
    internal: bool
    public: bool
    annotations: Dict[str, str]
    labels: Dict[str, str]
    fields: Json
    nodePorts: Dict[str, int]
    addresses: List[str]
    discoveryPort: Optional[int]
    servicePort: Optional[int]
    words: str


class PlannedMesh(TypedDict):
    """One mesh as the run will treat it: what was read, and what was chosen.

    ``roots`` describe what ``root`` holds (see ``_model_trust.Root``); ``refused`` says why nobody may take it, or is
    empty.
    """

    host: str
    mesh: str
    namespace: str
    control_plane: Optional[str]
    uid: Optional[str]
    cluster_uid: Optional[str]
    version: Optional[str]
    platform: str
    platform_words: str
    trust_domain: Optional[str]
    set_trust_domain: bool
    trust_domain_words: str
    exposure: str
    exposure_words: str
    fingerprints: List[str]
    root: str
    roots: List[Json]
    root_words: List[str]
    refused: str
    node_addresses: List[str]
    readable: bool
    in_play: bool
    by_file: bool
    gateways: List[Json]
    problems: List[Problem]


class Side(TypedDict):
    """What one mesh does about one peer. ``state``: ready, waiting (for the other side) or skipped.

    ``root_applied`` is when we last changed the config map with the peer's root, by the API server's clock, as read.
    ``handed`` is the peer's identity file, where the peer is known by one; ``seen`` says whether the peer as it lives was
    ever connected in either direction: ``now``, ``once`` or an empty text.
    """

    mesh: str
    host: str
    namespace: str
    version: Optional[str]
    peer: str
    peer_host: str
    peer_name: str
    ingress: str
    egress: str
    config_map: Optional[str]
    root_applied: Optional[str]
    exposure: Exposure
    owners: Dict[str, str]
    gateways: str
    runtime: Dict[str, Json]
    peer_object: str
    exports: Optional[List[Rule]]
    imports: Optional[List[Rule]]
    locality: Optional[Dict[str, str]]
    state: str
    words: str
    waits_for: Optional[str]
    problems: List[Problem]
    remote: Optional[Remote]
    client_id: Optional[str]
    remote_trust_domain: Optional[str]
    handed: Optional[Handed]
    seen: str


class Exporter(TypedDict):
    """One mesh of a Collision: what it calls the consumer, what it exports, by which rule (an index), and how."""

    host: str
    mesh: str
    calls_it: str
    exports: str
    rule: int
    short: bool
    imported: bool


class Collision(TypedDict):
    """One name (``namespace/name``, ``*`` for any) that several meshes offer to one.

    ``certain``: the rules name it exactly; else it depends on what exists. ``solution`` is ``peer-names``, ``alias`` or
    empty; ``words`` say it to people.
    """

    consumer: str
    consumer_host: str
    name: str
    certain: bool
    exporters: List[Exporter]
    solution: str
    words: str


class LoadBalancers(TypedDict):
    new: int
    public: int
    words: str


class _Ahead(TypedDict, total=False):
    todo: List[str]
    readings: Dict[str, Json]
    restarts: List[str]
    gone: Dict[str, List[str]]
    preflight: List[str]


class Plan(_Ahead):
    """What the run will do, after reading; ``problems`` are fatal, ``warnings`` are not. ``notes`` are words for people.

    ``uses`` has a line for each gateway of others that is used. ``todo``, ``readings``, ``restarts`` and ``gone`` are what
    ``_steps.ahead`` adds, ``preflight`` are words of ``_preflight``.
    """

    group: str
    options: Json
    meshes: Dict[str, PlannedMesh]
    sides: Dict[str, Dict[str, Side]]
    problems: List[Problem]
    warnings: List[Problem]
    load_balancers: LoadBalancers
    collisions: List[Collision]
    notes: List[str]
    reached: List[str]
    uses: List[str]


class Wish(TypedDict):
    """One object as we want it, for ``mesh_objects``: one server-side apply by one field manager."""

    definition: Json
    field_manager: str
    peer: Optional[str]
    before: Optional[Json]
    unknown: Dict[str, str]


def problem(
    code: str,
    mesh: str,
    where: str,
    message: str,
    remedy: str,
    *,
    peer: Optional[str] = None,
    severity: str = "error",
    repaired: Any = None,
) -> Problem:
    """Make a Problem; ``message`` and ``remedy`` carry no full stop at the end."""
    found = Problem(code=code, severity=severity, mesh=mesh, where=where, message=message, remedy=remedy)
    if peer is not None:
        found["peer"] = peer
    if repaired is not None:
        found["repaired"] = repaired
    return found


def words(found: Problem) -> str:
    """Put a Problem into one line for people; what to write instead is JSON, which is YAML too.

    >>> words(problem("x", "red", "mesh_host", "It is wrong", "Put it right"))
    'red: mesh_host: It is wrong. Put it right. [x]'
    """
    told = f"{found['mesh']}: {found['where']}: {found['message']}. {found['remedy']}."
    if "repaired" in found:
        told += f" Write {json.dumps(found['repaired'], ensure_ascii=False)}"
    return f"{told} [{found['code']}]"
