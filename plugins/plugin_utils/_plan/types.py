# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes that travel between filters, modules and roles.

Everything here is JSON: Ansible carries it in facts and module arguments. The TypedDicts say what may be in it.
"""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Remote, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Handed


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

    ``roots`` describe what ``root`` holds (see ``_product.certificates.Root``); ``refused`` says why nobody may take it, or is
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
    platform_message: str
    trust_domain: Optional[str]
    set_trust_domain: bool
    trust_domain_message: str
    exposure: str
    exposure_message: str
    fingerprints: List[str]
    root: str
    roots: List[Json]
    root_lines: List[str]
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
    message: str
    pending_on: Optional[str]
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
    empty; ``message`` say it to people.
    """

    consumer: str
    consumer_host: str
    name: str
    certain: bool
    exporters: List[Exporter]
    solution: str
    message: str


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
    notes: List[str]
    reached: List[str]
    uses: List[str]
