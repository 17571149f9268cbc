# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Shapes of what the modules return and the roles pass on: facts of a mesh, links, objects. Private to this collection."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import (
    ControlPlaneFacts,
    GatewayFacts,
    GatewayPod,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported, LinkState, LinkStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import ProbedRequest
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem

#: What became of one object.
Verb = Literal["created", "changed", "unchanged", "deleted", "failed", "skipped"]


class PlatformFacts(TypedDict):
    """The platform of a cluster: ``type`` as Infrastructure names it (or a variant), ``name`` of an external platform, the
    ``source`` that says so (infrastructure, nodes, architecture, none), and why (``message``)."""

    type: str
    name: str
    source: str
    architectures: List[str]
    message: str


class OpenShift(TypedDict):
    """The version of OpenShift; None where the cluster has none or does not report it."""

    version: Optional[str]
    message: str


class Node(TypedDict):
    """A node that is ready: ``addresses`` are the external ones, else the ``internal`` ones."""

    name: str
    addresses: List[str]
    internal: List[str]
    region: Optional[str]
    zone: Optional[str]
    arch: Optional[str]


class IstiodPod(TypedDict):
    """An istiod pod; ``started`` is RFC 3339 or None."""

    name: str
    started: Optional[str]


class UnreadServices(TypedDict):
    """A request for Services that failed; ``namespace`` is None for all namespaces."""

    namespace: Optional[str]
    message: str


class ServicePort(TypedDict):
    """A port of a Service; the ``name`` is empty where it has none."""

    name: str
    port: int


class _ServiceAlways(TypedDict):
    namespace: str
    name: str
    ports: List[ServicePort]


class ServiceFacts(_ServiceAlways, total=False):
    """The part of a Service that rules are compared with; without ``labels`` where it has none."""

    labels: Dict[str, str]


class AdditionalServices(TypedDict):
    """The Services that rules concern, and the requests that failed."""

    services: List[ServiceFacts]
    unread: List[UnreadServices]


class AdditionalObjects(TypedDict):
    """Objects that only the caller asked for, with ``kind``, ``namespace`` and ``name`` as in the option.

    ``served``: the cluster has the kind. ``problem``: why they could not be read.
    """

    kind: str
    namespace: Optional[str]
    name: Optional[str]
    served: bool
    objects: List[Json]
    problem: Optional[Problem]


class _MeshFactsAlways(TypedDict):
    mesh: str
    namespace: str
    readable: bool
    problems: List[Problem]
    cluster_uid: Optional[str]
    platform: PlatformFacts
    openshift: OpenShift
    rights: Optional[List[Json]]
    nodes: List[Node]
    control_plane: Optional[ControlPlaneFacts]
    members: Optional[List[str]]
    root: str
    root_changed: Optional[str]
    fingerprints: List[str]
    roots: List[Root]
    gateway_services: Dict[str, Json]
    leftover_gateways: List[str]
    peers: List[Json]
    links: List[Dict[str, str]]
    exports: List[Json]
    imports: List[Json]
    config_maps: List[Json]
    istiod: Optional[List[IstiodPod]]


class MeshFacts(_MeshFactsAlways, total=False):
    """Facts of one mesh, as mesh_info returns them with ``changed``; public data only.

    ``host`` is the inventory host, which only the roles know. ``additional_objects`` and ``additional_services`` are there where they
    were asked for; so is ``gateway_pods``, by gateway, None where they could not be read.
    """

    changed: bool
    host: str
    gateway_pods: Optional[Dict[str, List[GatewayPod]]]
    additional_objects: List[AdditionalObjects]
    additional_services: AdditionalServices


class _DesiredAlways(TypedDict):
    definition: Json
    field_manager: str
    live: Optional[Json]
    unknown: Dict[str, str]


class DesiredObject(_DesiredAlways, total=False):
    """One object for ``mesh_objects``: one server-side apply by one field manager.

    ``live`` is the object as it was read. ``unknown`` has by path when a value that is not known yet will be known. ``peer`` is
    the inventory host of the peer, in a removal the name of its mesh. ``later``: why the API server cannot check the object yet, in
    check mode. ``remove_fields`` are removed from an absent control plane whoever owns them: by JSON pointer the value that was read.
    """

    peer: Optional[str]
    later: Optional[str]
    remove_fields: Json


class ObjectResult(TypedDict):
    """One object of mesh_objects: the ``verb`` is created, changed, unchanged, deleted, failed or skipped; ``fields`` are
    the paths that differ; ``time`` is the last apply of ``field_manager`` by the API server's clock (RFC 3339)."""

    mesh: str
    kind: str
    name: str
    namespace: Optional[str]
    verb: Verb
    fields: List[str]
    peer: Optional[str]
    field_manager: str
    message: str
    time: Optional[str]


class ObjectDiff(TypedDict):
    """One object before and after, as YAML; both headers name it."""

    before: str
    after: str
    before_header: str
    after_header: str


class _ObjectsResultAlways(TypedDict):
    changed: bool
    mesh: str
    objects: List[ObjectResult]
    problems: List[Problem]


class ObjectsResult(_ObjectsResultAlways, total=False):
    """The result of mesh_objects; ``diff`` only where one is shown."""

    diff: List[ObjectDiff]


class ConditionedLink(LinkStatus):
    """A link with the expressions of a user that are not true for it (``unmet``)."""

    unmet: List[str]


class LinkResult(TypedDict):
    """The result of peer_info and peer_wait; ``state`` is unknown where the peers could not be read."""

    changed: bool
    mesh: str
    namespace: str
    state: LinkState
    healthy: bool
    message: str
    links: List[ConditionedLink]
    problems: List[Problem]


class GatewayResult(TypedDict):
    """The result of gateway_wait; ``gateways`` has by name addresses and ports, or ``pending`` with the reason."""

    changed: bool
    mesh: str
    namespace: str
    ready: bool
    message: str
    gateways: Dict[str, GatewayFacts]
    problems: List[Problem]


class RemovalResult(TypedDict):
    """The result of removal_wait; ``imports`` and ``exports`` have by set the exported names that are left, ``gateways`` are those
    that exist."""

    changed: bool
    mesh: str
    namespace: str
    gone: bool
    message: str
    imports: Dict[str, List[str]]
    exports: Dict[str, List[str]]
    gateways: List[str]
    problems: List[Problem]


class ExportedSet(TypedDict):
    """What an ExportedServiceSet offers; ``missing`` are exported names that it should list, ``stale`` those that no rule exports."""

    name: str
    peer: Optional[str]
    exported: List[Imported]
    missing: List[str]
    stale: List[str]


class ImportedSet(TypedDict):
    """What an ImportedServiceSet imports; ``missing`` are offered services that its rules import and its status does not show,
    ``stale`` those that are imported although no rule does it any more."""

    name: str
    peer: Optional[str]
    imported: List[Imported]
    missing: List[str]
    stale: List[str]


class SharingResult(TypedDict):
    """The result of sharing_wait."""

    changed: bool
    mesh: str
    namespace: str
    shared: bool
    message: str
    exports: List[ExportedSet]
    imports: List[ImportedSet]
    problems: List[Problem]


class WorkloadFacts(TypedDict):
    """A workload with pods whose identity may be of another trust domain: ``former`` are their names, ``domains`` what their proxies
    name, ``pods`` the number of all its pods with a proxy. ``message``: why this collection does not restart it."""

    namespace: str
    kind: str
    name: str
    pods: int
    former: List[str]
    domains: List[str]
    message: str


class TrustDomainResult(TypedDict):
    """The result of trust_domain_wait: ``trust_domain`` and ``aliases`` of the mesh's config, the time of the change, the pods of
    gateways, and the control plane as it was read with the owners of its fields."""

    changed: bool
    mesh: str
    namespace: str
    complete: bool
    message: str
    trust_domain: str
    aliases: List[str]
    changed_at: Optional[str]
    gateways: List[str]
    control_plane: Json
    owners: Dict[str, List[str]]
    problems: List[Problem]


class IdentitiesResult(TypedDict):
    """The result of workload_identities; ``workloads`` are those that still have former pods at its end."""

    changed: bool
    mesh: str
    complete: bool
    message: str
    pods: int
    former: int
    workloads: List[WorkloadFacts]
    objects: List[ObjectResult]
    problems: List[Problem]


class OperatorResult(TypedDict):
    """The result of operator_wait."""

    changed: bool
    mesh: str
    ready: bool
    version: str
    message: str
    problems: List[Problem]


class WorkloadsResult(TypedDict):
    """The result of workload_restart; ``restarted`` are the workloads of which only new pods serve."""

    changed: bool
    mesh: str
    restarted: List[str]
    message: str
    objects: List[ObjectResult]
    problems: List[Problem]


class RestartResult(TypedDict):
    """The result of istiod_restart; ``objects`` has the Deployment where it was changed."""

    changed: bool
    mesh: str
    restarted: bool
    pods: List[str]
    message: str
    objects: List[ObjectResult]
    problems: List[Problem]


class ProbeResult(TypedDict):
    """The result of request_probe: ``requests`` has for each pod what it has seen of each service, ``passed`` is whether there are some and all
    were answered by the service, ``left`` are the Jobs that could not be removed."""

    changed: bool
    mesh: str
    namespace: str
    probe_namespace: str
    passed: bool
    message: str
    image: str
    requests: List[ProbedRequest]
    left: List[str]
    problems: List[Problem]


class Missing(TypedDict):
    """What could not be collected for support, and why; ``remedy`` may be empty."""

    what: str
    reason: str
    remedy: str


class GatherResult(TypedDict):
    """The result of mesh_gather; ``content`` is what was collected, without secrets: JSON, gzip, Base64."""

    changed: bool
    mesh: str
    namespace: str
    readable: bool
    missing: List[Missing]
    content: str
    files: int
    bytes: int
    problems: List[Problem]
