# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: shapes of a declaration, which is the content of the inventory."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ExposureType
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Remote, Rule

#: How a collision is solved; empty where it is not.
Solution = Literal["peer-names", "alias", ""]
#: What an entry of ``federation_services`` can say about requests.
TrafficKind = Literal["failover", "weights", "allow"]


class Ingress(TypedDict, total=False):
    """``mesh_ingress``: how the federation ingress gateways of a mesh are reached."""

    exposure: ExposureType
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
    """One list of rules: ``where`` is its place in the inventory, ``peers`` are the hosts that get it.

    ``written`` are the original entries and ``rules`` the same in the product's shape; it is ``sound`` when no rule is
    rejected. ``places`` are those of the rules: in this list, and after these entries of ``federation_services``.
    ``short``: the rule is written as ``namespace/name``, or is one of those entries by name.
    """

    where: str
    peers: List[str]
    written: List[Any]
    rules: List[Rule]
    places: List[str]
    short: List[bool]
    sound: bool


class ServiceNames(TypedDict):
    """Namespace and name of services; ``*`` is any, and in an alias what stays as it is (``_product.matching.names_of``)."""

    namespace: str
    name: str


class Permission(TypedDict):
    """What may leave a mesh: all of a ``namespace`` (``*``: of any), or with ``labels`` (product's shape) what they select."""

    namespace: str
    labels: Optional[Json]


class Traffic(TypedDict):
    """What is done with the requests for one service, beside sharing it: one object of one mesh.

    ``where`` is the place of the entry, ``service`` what it exports (``namespace/name``), ``namespace`` and ``name`` that of the
    service in the mesh that gets the object. ``settings`` of failover: ``from``, ``to`` (regions) and ``outlier``; of weights: ``local``,
    ``remote`` and ``protocol``; of allow: ``labels``.
    """

    kind: TrafficKind
    where: str
    service: str
    namespace: str
    name: str
    settings: Json


class SharedService(TypedDict):
    """One valid entry of ``federation_services``, which has become rules of both sides.

    ``where`` is its place; ``exporter`` and ``consumers`` are hosts. ``service`` are the names in the exporting mesh, among
    which ``labels`` select (product's shape; None: all), ``alias`` those of the consumers. ``locality`` is that of the entry,
    ``traffic`` what it says about requests, and ``written`` the original entry.
    """

    where: str
    exporter: str
    consumers: List[str]
    service: ServiceNames
    labels: Optional[Json]
    alias: ServiceNames
    as_local: bool
    locality: Optional[Dict[str, str]]
    traffic: Dict[TrafficKind, Json]
    written: Json


class Egress(TypedDict, total=False):
    """``mesh_egress``: the settings of the federation egress gateways of a mesh."""

    runtime: Json


class Installation(TypedDict):
    """What install.yml installs for a mesh; ``operator`` None: subscribe to it only where the cluster has none."""

    wanted: bool
    operator: Optional[bool]
    operator_namespace: str
    subscription: Json
    spec: Json
    members: Optional[List[str]]


class Identity(TypedDict):
    """What a mesh of another administrator hands over for one pair; all of it is public.

    ``mesh`` is described, ``peer`` is whom it is for. ``created`` and ``valid_until`` are UTC as ``2026-01-31T00:00:00Z``;
    ``root`` is a PEM bundle, ``fingerprints`` are the SHA-256 of its certificates, lower case and sorted. ``answers`` is
    the digest of the peer's own identity that its author had, None where he had none.
    """

    mesh: str
    peer: str
    created: str
    valid_until: str
    answers: Optional[str]
    namespace: str
    trust_domain: str
    client_id: str
    remote: Remote
    root: str
    fingerprints: List[str]


class IdentityFile(TypedDict):
    """The file that holds a mesh's identity for one pair; ``identity`` is None while there is no such file."""

    path: str
    identity: Optional[Identity]


class DeclaredMesh(TypedDict):
    """What the inventory declares for one mesh, with defaults; it contains no credential.

    What is declared by peer has the peer's host as key. ``short_exports`` are the export rules that are written as
    ``namespace/name``, or come from ``federation_services``; ``peer_names`` are those of ``mesh_peer_names``.
    ``export_places`` are the places of ``exports``. ``localities`` are those of entries of ``federation_services``, for what is
    imported from a peer; ``locality`` is that of the mesh itself. ``traffic`` are the objects of entries about requests.
    ``namespace`` is that of an installation where ``namespace_set`` is false: a control plane that exists may be in another one.
    ``by_file``: the mesh has identity files and no cluster access; ``identity_files`` are these files by the host of the peer.
    """

    host: str
    mesh: str
    namespace: str
    namespace_set: bool
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
    export_places: Dict[str, List[str]]
    may_export: Optional[List[Permission]]
    locality: Optional[Dict[str, str]]
    localities: Dict[str, Dict[str, str]]
    traffic: Dict[str, List[Traffic]]
    managed_cluster: str
    peer_names: Dict[str, str]
    installation: Installation
    pins: Optional[List[str]]
    local: bool
    identity_file: Optional[str]
    by_file: bool
    identity_files: Dict[str, IdentityFile]


class Declaration(TypedDict):
    """The whole declared federation; ``pairs`` is sorted, each pair too. ``services`` are the entries of
    ``federation_services``."""

    group: str
    options: Json
    hosts: List[str]
    outside: List[str]
    meshes: Dict[str, DeclaredMesh]
    pairs: List[List[str]]
    services: List[SharedService]
    problems: List[Problem]


class Exporter(TypedDict):
    """One mesh of a Collision: its peer name for the consumer, the exported name, and the rule (an index) that exports it."""

    host: str
    mesh: str
    peer_name: str
    exported_name: str
    rule: int
    is_short: bool
    imported: bool


class Collision(TypedDict):
    """One name (``namespace/name``, ``*`` for any) that several meshes offer to one.

    ``certain``: the rules name it exactly; else it depends on what exists. ``solution`` is ``peer-names``, ``alias`` or
    empty; ``message`` is for people.
    """

    consumer: str
    consumer_host: str
    name: str
    certain: bool
    exporters: List[Exporter]
    solution: Solution
    message: str
