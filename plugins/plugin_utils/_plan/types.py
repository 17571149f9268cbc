# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a plan.

A plan is JSON, as Ansible carries it between filters, modules and roles in facts and module arguments. The TypedDicts define
its keys.
"""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import EGRESS, INGRESS, ExposureType
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner, Problem, Remote, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Collision, IdentityFile, Traffic

#: What one mesh can do about one peer in this run.
SideState = Literal["ready", "pending", "skipped"]
READY: SideState = "ready"
PENDING: SideState = "pending"
SKIPPED: SideState = "skipped"
#: The steps whose results change a plan: the preflight, then each step that links depend on, and its wait.
STEPS = ("preflight", *(result for step in steps.LINKING for result in steps.STEPS[step].registers))
#: Whether a live ServiceMeshPeer shows that the two meshes ever had contact: now, in the past, or not at all.
Contact = Literal["now", "past", "none"]
Direction = Literal["ingress", "egress"]
DIRECTIONS: Tuple[Direction, Direction] = ("ingress", "egress")
#: Each direction with its key in ``spec.gateways`` of a control plane.
GATEWAY_KINDS: Tuple[Tuple[Direction, str], ...] = (("ingress", INGRESS), ("egress", EGRESS))


class Exposure(TypedDict):
    """How an ingress gateway is exposed; ``message`` gives the reason. ``fields`` are further fields of its Service."""

    type: ExposureType
    internal: bool
    public: bool
    annotations: Dict[str, str]
    labels: Dict[str, str]
    fields: Json
    nodePorts: Dict[str, int]
    addresses: List[str]
    discoveryPort: Optional[int]
    servicePort: Optional[int]
    message: str


class AwaitedGateway(TypedDict):
    """An ingress gateway that ``gateway_wait`` waits for; ``peer`` is the inventory host of the peer."""

    name: str
    exposure: ExposureType
    internal: bool
    peer: str


class MeshRoots(TypedDict):
    """The root certificates of a mesh.

    ``root`` is the PEM bundle that peers get, empty if they get none; ``roots`` describes its certificates. ``root_error`` is
    the reason why no peer may use them, or empty.
    """

    fingerprints: List[str]
    root: str
    roots: List[Root]
    root_lines: List[str]
    root_error: str


class MeshTrustDomain(TypedDict):
    """The trust domain that a mesh has after this run; ``set_trust_domain``: this run writes it."""

    trust_domain: Optional[str]
    set_trust_domain: bool
    trust_domain_message: str


class PlannedMesh(MeshRoots, MeshTrustDomain):
    """One mesh: what was read of it and what was decided.

    ``namespace_known``: it was found or is set in the inventory. ``in_play``: this run may write to it. ``by_file``: it is
    known only by identity files. ``gateways`` are those that
    ``gateway_wait`` waits for.
    """

    host: str
    mesh: str
    namespace: str
    namespace_known: bool
    control_plane: Optional[str]
    uid: Optional[str]
    cluster_uid: Optional[str]
    version: Optional[str]
    platform: str
    platform_message: str
    exposure: ExposureType
    exposure_message: str
    node_addresses: List[str]
    readable: bool
    in_play: bool
    by_file: bool
    gateways: List[AwaitedGateway]
    problems: List[Problem]


class GatewayOwners(TypedDict):
    """Who manages the two gateways of a side."""

    ingress: Owner
    egress: Owner


class GatewayRuntimes(TypedDict):
    """The ``runtime`` sections of the two gateways of a side, in the product's shape; empty where none is declared."""

    ingress: Json
    egress: Json


class SideNames(TypedDict):
    """The names of a side. ``mesh`` and ``peer`` are mesh names, ``host`` and ``peer_host`` inventory hosts; ``peer_name`` is the
    name of the ServiceMeshPeer, ``ingress`` and ``egress`` are those of the gateways."""

    mesh: str
    host: str
    namespace: str
    version: Optional[str]
    peer: str
    peer_host: str
    peer_name: str
    ingress: str
    egress: str


class SideGateways(TypedDict):
    """The gateways of a side."""

    exposure: Exposure
    owners: GatewayOwners
    runtime: GatewayRuntimes


class SideRules(TypedDict):
    """What a side exports and imports; None: not declared, so live sets stay. ``export_places`` are those of ``exports`` in the
    inventory. ``traffic`` are its objects about requests."""

    exports: Optional[List[Rule]]
    export_places: List[str]
    imports: Optional[List[Rule]]
    locality: Optional[Dict[str, str]]
    traffic: List[Traffic]


class SideProgress(TypedDict):
    """How far a side can go: ``message`` is the reason unless it is ready, ``pending_on`` the host that has to act first."""

    state: SideState
    message: str
    pending_on: Optional[str]
    problems: List[Problem]


class RotationMark(TypedDict):
    """Which roots of a peer are being rotated: fingerprints of ``old`` and ``new``. ``pem`` are their certificates."""

    old: List[str]
    new: List[str]
    pem: str


class SideIdentity(TypedDict):
    """What a side needs to know of its peer, None as long as it is unknown.

    ``config_map`` is None where both meshes share a trust domain, as istiod then reads no root. ``root_applied`` is the time
    of our last change of that ConfigMap, by the API server's clock. ``rotation``: the ConfigMap trusts these roots beside those that
    the peer publishes. ``identity_file`` is set where the peer is known by one.
    """

    config_map: Optional[str]
    root_applied: Optional[str]
    rotation: Optional[RotationMark]
    remote: Optional[Remote]
    client_id: Optional[str]
    remote_trust_domain: Optional[str]
    identity_file: Optional[IdentityFile]


class Side(SideNames, SideGateways, SideRules, SideProgress, SideIdentity):
    """One mesh's half of a link. ``contact`` is only judged where the peer is known by an identity file."""

    peer_object: Owner
    contact: Contact


class LoadBalancers(TypedDict):
    """Numbers of load balancers that this run creates; ``public`` is the part with public addresses."""

    new: int
    public: int
    message: str


class _Pending(TypedDict, total=False):
    pending_steps: List[str]
    readings: Dict[str, Json]
    restarts: List[str]
    terminated_pods: Dict[str, List[str]]
    recorded_at: Dict[str, float]
    undeclared: List[str]


class Plan(_Pending):
    """What a run will do, after reading. ``sides`` are by host and by host of the peer.

    ``problems`` stop the run before the first write, ``warnings`` do not. ``notices``, ``exposure_lines`` and
    ``unmanaged_gateways`` are lines for people: decisions that are not declared, how meshes are reached, and which unmanaged
    gateways are used. ``undeclared`` are the hosts with pairs that are not declared any more. ``_run.pending`` adds
    ``pending_steps``, ``readings``, ``restarts`` and ``terminated_pods``.
    """

    group: str
    options: Json
    meshes: Dict[str, PlannedMesh]
    sides: Dict[str, Dict[str, Side]]
    problems: List[Problem]
    warnings: List[Problem]
    load_balancers: LoadBalancers
    collisions: List[Collision]
    notices: List[str]
    exposure_lines: List[str]
    unmanaged_gateways: List[str]
