# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the steps of a run, in one table.

Roles, playbooks, permissions, the plan, the preflight and the report are compared with it by tests. A new step is a row here and a
role; a new kind is a Write in a row, an entry in ``kinds``, and its builder in ``plugin_utils._objects.desired.BUILDERS``.
"""

from __future__ import annotations

from typing import Dict, Literal, NamedTuple, Tuple

#: Verbs of a server-side apply: the API server asks for patch, and for create as well where the object does not exist.
APPLY, PATCH = ("create", "patch"), ("patch",)
DELETE = ("delete",)

#: The run that a step belongs to.
Run = Literal["federate", "doctor", "gather", "install", "remove", "rotate", "share", "trust_domain"]


class Access(NamedTuple):
    """Verbs on a kind that a step needs to read or to follow objects.

    ``names`` are the only objects that are read (none: all). ``without`` says what is lost when the right is missing; empty
    when the step cannot do without it. ``everywhere``: in all namespaces, not only in that of the control plane.
    """

    kind: str
    verbs: Tuple[str, ...]
    names: Tuple[str, ...] = ()
    without: str = ""
    everywhere: bool = False


class Write(NamedTuple):
    """A kind that a step writes. ``removal`` is its position among all kinds when a federation is removed (0: never removed)."""

    kind: str
    removal: int
    verbs: Tuple[str, ...] = APPLY


class Step(NamedTuple):
    """One step of a run.

    ``registers`` are the variables with the results of the role's tasks, by what each result is about; the first one of a step
    that writes is the result of ``mesh_objects``. ``writes`` are in the order of writing. ``reads`` is looked at once, also in
    check mode; ``waits`` is followed until it is true, and not in check mode. ``timeout`` is the variable that limits that.
    A removal only reads what ``discover`` reads, besides ``reads``.
    """

    name: str
    title: str
    role: str
    registers: Dict[str, str]
    writes: Tuple[Write, ...] = ()
    reads: Tuple[Access, ...] = ()
    waits: Tuple[Access, ...] = ()
    timeout: str = ""
    run: Run = "federate"


#: Kinds of users that name hosts: what uses an imported host stops working when the import is removed.
REFERRING = ("VirtualService", "DestinationRule", "Sidecar", "AuthorizationPolicy", "ServiceEntry", "Gateway")

#: Kinds of users that name identities of workloads, with their trust domain.
NAMING = ("AuthorizationPolicy", "DestinationRule", "ServiceEntry", "Gateway")

#: What is collected of the namespace of a mesh for support, besides what discovery reads.
GATHERED = ("Pod", "Event", "EndpointSlice", "Deployment")

#: Kinds with which requests are split, fail over, and are allowed. They are in the namespaces of services.
TRAFFIC = ("DestinationRule", "VirtualService", "AuthorizationPolicy")

#: Events of a Service say why its load balancer is pending.
_EVENTS = Access("Event", ("list",), (), "a pending load balancer is reported without the events of its Service")

_TABLE = (
    Step(
        "discover",
        "discover",
        "mesh",
        {"facts": "mesh_facts", "outside": "mesh_outside_facts"},
        reads=(
            Access("Namespace", ("get",), ("kube-system",), "two meshes of one cluster are not recognised as such"),
            Access("Infrastructure", ("get",), ("cluster",), "the platform is found by the nodes"),
            Access("ClusterVersion", ("get",), ("version",), "the version of OpenShift is unknown"),
            Access("Node", ("list",), (), "node ports are unknown, and the platform is found by Infrastructure only"),
            Access("ServiceMeshControlPlane", ("list",)),
            Access("ServiceMeshPeer", ("list",)),
            Access("ExportedServiceSet", ("list",)),
            Access("ImportedServiceSet", ("list",)),
            Access("ConfigMap", ("list",)),
            Access("Service", ("list",)),
            Access(
                "ServiceMeshMemberRoll", ("get",), ("default",), "exported namespaces are not compared with the members"
            ),
            Access("Pod", ("list",), (), "a restart of istiod since a change is not recognised"),
            # Without mesh_namespace.
            Access(
                "ServiceMeshControlPlane",
                ("list",),
                (),
                "without mesh_namespace the control plane is only looked for in <mesh>-system and istio-system",
                everywhere=True,
            ),
            # Rules are compared with the Services that they select.
            Access("Service", ("list",), (), "the ports of exported services are not checked", everywhere=True),
        ),
    ),
    Step(
        "gateways",
        "configure gateways",
        "gateways",
        {"gateways": "gateways_objects", "addresses": "gateways_addresses"},
        writes=(Write("ServiceMeshControlPlane", 5, PATCH),),
        reads=(Access("ServiceMeshControlPlane", ("get",)), _EVENTS),
        waits=(_EVENTS, Access("Service", ("watch",)), Access("ServiceMeshControlPlane", ("get", "watch"))),
        timeout="federation_gateway_timeout",
    ),
    Step(
        "sets",
        "configure service sets",
        "sharing",
        {"sets": "sharing_objects"},
        writes=(Write("ImportedServiceSet", 1), Write("ExportedServiceSet", 2)),
    ),
    Step(
        "peers",
        "configure peers",
        "peering",
        {"peers": "peering_objects"},
        # istiod deadlocks when a peer is deleted that still exports services: sets go first.
        writes=(Write("ConfigMap", 4), Write("ServiceMeshPeer", 3)),
    ),
    Step(
        "report",
        "verify and report",
        "report",
        {
            "links": "report_links",
            "imports": "report_imports",
            "restarts": "report_restarted",
            "links_again": "report_links_again",
        },
        waits=(Access("ServiceMeshPeer", ("watch",)), Access("ImportedServiceSet", ("watch",))),
        timeout="federation_wait_timeout",
    ),
    # After the links: a split to a host that is not imported yet would lose requests.
    Step(
        "traffic",
        "configure traffic",
        "traffic",
        {
            "traffic_withdrawn": "traffic_withdrawn_objects",
            "traffic": "traffic_objects",
            "traffic_removed": "traffic_removed_objects",
        },
        writes=tuple(Write(kind, 0, (*APPLY, "delete")) for kind in TRAFFIC),
        reads=tuple(Access(kind, ("list",), everywhere=True) for kind in TRAFFIC),
    ),
    Step(
        "install",
        "install",
        "install",
        {
            "operator": "install_operator_objects",
            "operator_ready": "install_operator_ready",
            "control_plane": "install_control_plane_objects",
            "control_plane_ready": "install_control_plane_ready",
            "install_facts": "install_facts",
            "install_plan": "install_plan",
        },
        writes=(
            Write("Namespace", 0),
            Write("OperatorGroup", 0),
            Write("Subscription", 0),
            Write("ServiceMeshControlPlane", 0),
            Write("ServiceMeshMemberRoll", 0),
        ),
        timeout="federation_install_timeout",
        run="install",
    ),
    Step(
        "removal",
        "remove",
        "removal",
        {
            "removed_traffic": "removal_traffic_objects",
            "removed_imports": "removal_imports_objects",
            "withdrawn_exports": "removal_exports_objects",
            "exports_gone": "removal_exports_gone",
            "removed_peers": "removal_peers_objects",
            "removed_gateways": "removal_gateways_objects",
            "gateways_gone": "removal_gateways_gone",
            "removal_restarts": "removal_restarted",
            "facts_after": "removal_facts",
        },
        # An export set is emptied, then deleted: its status proves that istiod has withdrawn the exports.
        writes=(
            *(Write(kind, 0, DELETE) for kind in TRAFFIC),
            Write("ImportedServiceSet", 0, DELETE),
            Write("ExportedServiceSet", 0, ("delete", "patch")),
            Write("ServiceMeshPeer", 0, DELETE),
            Write("ConfigMap", 0, DELETE),
            Write("ServiceMeshControlPlane", 0, PATCH),
        ),
        reads=(
            Access("Deployment", ("list",), (), "Deployments of removed gateways are not looked for"),
            *(Access(kind, ("list",), everywhere=True) for kind in REFERRING),
        ),
        waits=(
            Access("ExportedServiceSet", ("watch",)),
            Access("Service", ("watch",)),
            Access("ServiceMeshControlPlane", ("watch",)),
        ),
        timeout="federation_removal_timeout",
        run="remove",
    ),
    Step(
        "service",
        "remove a service",
        "service_removal",
        {
            "service_traffic": "service_removal_traffic_objects",
            "service_imports": "service_removal_imports_objects",
            "service_peers": "service_removal_peers_objects",
            "service_imports_gone": "service_removal_imports_gone",
            "service_exports": "service_removal_exports_objects",
            "service_exports_gone": "service_removal_exports_gone",
            "service_facts": "service_removal_facts",
        },
        # A peer gets the other spelling of its address, so that istiod reads the import rules at once.
        writes=(
            *(Write(kind, 0, DELETE) for kind in TRAFFIC),
            Write("ImportedServiceSet", 0, PATCH),
            Write("ServiceMeshPeer", 0, PATCH),
            Write("ExportedServiceSet", 0, PATCH),
        ),
        reads=tuple(Access(kind, ("list",), everywhere=True) for kind in REFERRING),
        waits=(Access("ImportedServiceSet", ("watch",)), Access("ExportedServiceSet", ("watch",))),
        timeout="federation_removal_timeout",
        run="remove",
    ),
    Step(
        "trust_domain",
        "change the trust domain",
        "trust_domain",
        {
            "trust_accept": "trust_domain_accept_objects",
            "trust_accepted": "trust_domain_accepted",
            "trust_switch": "trust_domain_switch_objects",
            "trust_switched": "trust_domain_switched",
            "trust_workloads": "trust_domain_workloads",
            "trust_complete": "trust_domain_complete_objects",
            "trust_completed": "trust_domain_completed",
        },
        writes=(Write("ServiceMeshControlPlane", 0, PATCH),),
        reads=tuple(
            Access(kind, ("list",), (), "what names the former trust domain is not listed", everywhere=True)
            for kind in NAMING
        ),
        waits=(
            Access("ServiceMeshControlPlane", ("watch",)),
            Access("ConfigMap", ("watch",)),
            Access("Pod", ("list", "watch")),
        ),
        timeout="federation_trust_domain_timeout",
        run="trust_domain",
    ),
    Step(
        "rotation",
        "rotate a root",
        "rotation",
        {
            "both_roots": "rotation_both_objects",
            "new_root": "rotation_new_objects",
            "loaded_links": "rotation_loaded",
            "new_links": "rotation_connected",
            "rotation_istiod": "rotation_istiod_restarted",
            "rotation_gateways": "rotation_gateways_restarted",
            "facts_begun": "rotation_begun_facts",
            "facts_prepared": "rotation_prepared_facts",
            "facts_istiod": "rotation_istiod_facts",
            "facts_rolled": "rotation_rolled_facts",
            "facts_connected": "rotation_connected_facts",
            "facts_rotated": "rotation_rotated_facts",
        },
        # The root of the mesh itself, a Secret, is its administrator's.
        writes=(Write("ConfigMap", 0, PATCH), Write("ServiceMeshPeer", 0, PATCH)),
        reads=(Access("Pod", ("list",)), Access("Deployment", ("list",))),
        waits=(Access("ServiceMeshPeer", ("watch",)), Access("ImportedServiceSet", ("watch",))),
        timeout="federation_wait_timeout",
        run="rotate",
    ),
    Step(
        "share",
        "share services",
        "share",
        {
            "share_imports": "share_imports_objects",
            "share_exports": "share_exports_objects",
            "share_peers": "share_peers_objects",
            "share_exported": "share_exported",
            "share_imported": "share_imported",
        },
        # A peer gets the other spelling of its address where the account may, so that istiod reads the import rules at once.
        writes=(
            Write("ImportedServiceSet", 0),
            Write("ExportedServiceSet", 0),
            Write("ServiceMeshPeer", 0, PATCH),
        ),
        reads=(
            Access("ImportedServiceSet", ("list",)),
            Access("ExportedServiceSet", ("list",)),
            Access("ServiceMeshPeer", ("list",), (), "istiod reads changed import rules within minutes, not at once"),
        ),
        waits=(Access("ImportedServiceSet", ("watch",)), Access("ExportedServiceSet", ("watch",))),
        timeout="federation_share_timeout",
        run="share",
    ),
    Step(
        "doctor",
        "diagnose",
        "doctor",
        {"network": "doctor_network", "probe_services": "doctor_services", "probe": "doctor_probe"},
        # Only a probe on request writes anything, and nothing of it stays.
        writes=(Write("Job", 0, ("create", "patch", "delete")),),
        timeout="federation_probe_timeout",
        run="doctor",
    ),
    Step(
        "gather",
        "gather",
        "gather",
        {
            "gathered_network": "gather_network",
            "gathered": "gather_collected",
            "gathered_outside": "gather_outside_collected",
            "gather_archive": "gather_archive",
        },
        reads=(
            *(Access(kind, ("list",), (), f"the archive has no {kind}") for kind in GATHERED),
            Access("pods/log", ("get",), (), "the archive has no logs"),
        ),
        run="gather",
    ),
)

#: All steps by name, in their order; those whose ``run`` is not ``federate`` are runs of their own.
STEPS: Dict[str, Step] = {step.name: step for step in _TABLE}
#: The steps of a federation that write, in their order.
WRITING: Tuple[str, ...] = tuple(step.name for step in _TABLE if step.writes and step.run == "federate")
#: Those of them that links depend on.
LINKING: Tuple[str, ...] = tuple(name for name in WRITING if name != "traffic")
#: The steps that a run skips where they have no work: those that write, then the verification of the links.
OPTIONAL: Tuple[str, ...] = (*WRITING, "report")
#: Variables with the results of roles' tasks, by what each result is about.
REGISTERS: Dict[str, str] = {result: name for step in _TABLE for result, name in step.registers.items()}
#: Variables of the whole run, which the role mesh sets.
DECLARATION, PLAN = "mesh_declaration", "mesh_plan"
#: What gather.yml passes to a workflow.
GATHER_STATS = "federation_gather"
#: What the roles report and removal pass to a workflow, as set_stats does.
STATS = (
    "federation_connected",
    "federation_pending",
    "federation_report",
    "federation_removal",
    "federation_trust_domain",
    "federation_rotation",
    "federation_share",
    "federation_status",
    "federation_doctor",
    GATHER_STATS,
)


def removal_order() -> Tuple[str, ...]:
    """The kinds of a federation in the order of their removal."""
    writes = [write for step in _TABLE for write in step.writes if write.removal]
    return tuple(write.kind for write in sorted(writes, key=lambda write: write.removal))
