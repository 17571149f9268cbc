# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes that travel between filters, modules and roles.

Everything here is JSON: Ansible carries it in facts and module arguments. The TypedDicts say what may be in it.
"""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner, Problem, Remote, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Collision, IdentityFile

#: What one mesh can do about one peer in this run.
SideState = Literal["ready", "pending", "skipped"]
READY: SideState = "ready"
PENDING: SideState = "pending"
SKIPPED: SideState = "skipped"
#: What a plan records: the preflight, then the results of each step that writes.
STEPS = ("preflight", *(result for step in steps.WRITING for result in steps.STEPS[step].registers))
#: Whether a live ServiceMeshPeer shows that the two meshes ever had contact: now, in the past, or not at all.
Contact = Literal["now", "past", "none"]
ExposureType = Literal["LoadBalancer", "NodePort", "ClusterIP"]
Direction = Literal["ingress", "egress"]
DIRECTIONS: Tuple[Direction, Direction] = ("ingress", "egress")


class GatewayOwners(TypedDict):
    """Who manages the two gateways of a side."""

    ingress: Owner
    egress: Owner


class GatewayRuntimes(TypedDict):
    """The ``runtime`` sections of the two gateways of a side, in the product's shape; empty where none is declared."""

    ingress: Json
    egress: Json


class AwaitedGateway(TypedDict):
    """An ingress gateway that ``gateway_wait`` waits for; ``peer`` is the inventory host of the peer."""

    name: str
    exposure: str
    internal: bool
    peer: str


class Exposure(TypedDict):
    """How one ingress gateway is reached, decided; ``message`` says why. ``fields`` are further fields of its Service."""

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
    message: str


class PlannedMesh(TypedDict):
    """One mesh as the run will treat it: what was read, and what was chosen.

    ``roots`` describe what ``root`` holds (see ``_product.certificates.Root``); ``root_error`` says why no
    peer may use it, or is empty.
    """

    host: str
    mesh: str
    namespace: str
    control_plane: Optional[str]
    uid: Optional[str]
    cluster_uid: Optional[str]
    version: Optional[str]
    platform: str
    platform_message: str
    trust_domain: Optional[str]
    set_trust_domain: bool
    trust_domain_message: str
    exposure: str
    exposure_message: str
    fingerprints: List[str]
    root: str
    roots: List[Root]
    root_lines: List[str]
    root_error: str
    node_addresses: List[str]
    readable: bool
    in_play: bool
    by_file: bool
    gateways: List[AwaitedGateway]
    problems: List[Problem]


class Side(TypedDict):
    """What one mesh does about one peer. ``state``: ready, pending (on the other side) or skipped.

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
    owners: GatewayOwners
    gateways: Owner
    runtime: GatewayRuntimes
    peer_object: Owner
    exports: Optional[List[Rule]]
    imports: Optional[List[Rule]]
    locality: Optional[Dict[str, str]]
    state: SideState
    message: str
    pending_on: Optional[str]
    problems: List[Problem]
    remote: Optional[Remote]
    client_id: Optional[str]
    remote_trust_domain: Optional[str]
    identity_file: Optional[IdentityFile]
    contact: Contact


class LoadBalancers(TypedDict):
    new: int
    public: int
    message: str


class _Ahead(TypedDict, total=False):
    pending_steps: List[str]
    readings: Dict[str, Json]
    restarts: List[str]
    terminated_pods: Dict[str, List[str]]
    preflight: List[str]


class Plan(_Ahead):
    """What the run will do, after reading; ``problems`` are fatal, ``warnings`` are not. ``notes`` are words for people.

    ``uses`` has a line for each gateway of others that is used. ``pending_steps``, ``readings``, ``restarts`` and ``terminated_pods`` are what
    ``_run.pending.ahead`` adds, ``preflight`` are words of ``_run.preflight``.
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
