# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: every public variable, in one table.

Argument specifications, documentation and the search for misspelled variables are compared with it by tests.
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import TEXTS, Domain, one_of, whole_number

#: The words of ``federation_fail_on``: what ``status.yml`` counts, and by default fails on.
FAIL_ON = ("degraded", "unknown", "pending", "unverified", "drift", "expiring", "unmanaged", "warning")
FAIL_ON_DEFAULT = ("degraded", "unknown", "pending", "drift")
#: Days and seconds beyond these are mistakes.
_DAYS_MAX = 36500
_WEEK = 604800


class Variable(NamedTuple):
    """A public variable. ``type`` is a type of Ansible's argument specifications; ``topic`` names the roles that use it.

    The domain of a number is ``minimum`` and ``maximum`` (inclusive); of a text, and of each entry of a list, it is ``kind``
    (a key of ``domains.TEXTS``) or ``choices``. A ``secret`` value is never shown.
    """

    name: str
    type: str
    default: Any
    description: str
    topic: str
    kind: Optional[str] = None
    minimum: Optional[int] = None
    maximum: Optional[int] = None
    choices: Tuple[str, ...] = ()
    secret: bool = False

    @property
    def texts(self) -> Domain:
        """The domain of the text, or of each entry of the list."""
        return one_of(self.choices) if self.choices else TEXTS[self.kind or "text"]

    @property
    def accepted(self) -> str:
        """What is accepted, as it follows "must be"."""
        if self.type == "int":
            return whole_number(self.minimum, self.maximum).accepted
        if self.type in ("str", "path"):
            return self.texts.accepted
        if self.type == "list":
            return (
                f"a list with entries that are {self.texts.accepted}"
                if self.kind or self.choices
                else "a list of strings"
            )
        return {"bool": "a boolean (true or false)", "dict": "a dictionary"}.get(self.type) or _RAW[self.name]

    @property
    def documentation(self) -> str:
        """The description with what is accepted, where that is more than the type."""
        is_limited = self.type == "int" or (self.kind and self.kind != "text")
        return f"{self.description} Accepted: {self.accepted}." if is_limited else self.description


#: What the variables of no single type accept.
_RAW = {
    "mesh_exports": "a list of rules, or a dictionary of such lists by peer",
    "mesh_imports": "a list of rules, or a dictionary of such lists by peer",
    "mesh_may_export": "a list of namespaces and selectors",
    "mesh_kubeconfig": "the path of a kubeconfig, or its content as a dictionary",
    "federation_services": "a list of entries, each with service (or selector) and mesh",
    "federation_restart_control_plane": "true, false, or a list of meshes",
    "federation_restart_workloads": "true, false, or a list of namespaces",
}


def _mesh(name: str, type_: str, description: str, topic: str = "mesh", **domain: Any) -> Variable:
    return Variable(f"mesh_{name}", type_, None, description, topic, **domain)


def _access(name: str, type_: str, description: str, **domain: Any) -> Variable:
    return Variable(f"mesh_{name}", type_, None, description, "access", **domain)


def _federation(
    name: str, type_: str, default: Any, description: str, topic: str = "federation", **domain: Any
) -> Variable:
    return Variable(f"federation_{name}", type_, default, description, topic, **domain)


_MESHES = (
    _mesh(
        "name",
        "str",
        "Name of the mesh, and by default of its ServiceMeshPeer in other meshes. Default: the inventory host's name.",
        kind="mesh name",
    ),
    _mesh(
        "namespace",
        "str",
        "Namespace of the control plane. Default: that of the only control plane in the cluster, of several the one called like "
        "the mesh; where not all may be listed, the mesh's name and C(-system), then C(istio-system). C(install.yml) installs "
        "into the former.",
        kind="label",
    ),
    _mesh(
        "control_plane",
        "str",
        "Name of the ServiceMeshControlPlane. Default: the only one of the namespace, or of the cluster.",
        kind="control plane",
    ),
    _mesh(
        "trust_domain",
        "str",
        "Trust domain of the mesh. Default: the current one; where none is set and the mesh has no workloads yet, the mesh's "
        "name and C(.local).",
        kind="trust domain",
    ),
    _mesh(
        "platform",
        "str",
        "Platform of the cluster, as in its Infrastructure object, or C(AWSController), C(IBMCloudClassic), "
        "C(ExternalCloud). Default: detected in the cluster.",
        kind="platform",
    ),
    _mesh(
        "peers",
        "list",
        "Names of meshes or of inventory groups to federate with. A pair exists when either side names the "
        "other. Default: all other meshes of the group.",
        kind="text",
    ),
    _mesh(
        "peer_names",
        "dict",
        "This mesh's names for its peers, by mesh: the names of its ServiceMeshPeers and sets. Default: the peers' own "
        "names; existing objects keep their names.",
        "peering",
    ),
    _mesh(
        "ingress",
        "dict",
        "How the other meshes reach this one. The keys can also be set by peer under C(peers).",
        "gateways",
    ),
    _mesh(
        "egress",
        "dict",
        "The gateways through which this mesh reaches the others. The keys can also be set by peer under C(peers).",
        "gateways",
    ),
    _mesh(
        "exports",
        "raw",
        "Export rules in the product's shape or as C(namespace/name): a list for all peers, or a "
        "dictionary of lists by peer.",
        "sharing",
    ),
    _mesh(
        "imports",
        "raw",
        "Import rules in the product's shape or as C(namespace/name): a list for all peers, or a "
        "dictionary of lists by peer.",
        "sharing",
    ),
    _mesh(
        "may_export",
        "raw",
        "What may leave this mesh: a list of namespaces, and of label selectors with the keys C(namespace) and C(labels). A rule that goes beyond it "
        "is rejected. Default: no limit.",
        "sharing",
    ),
    _mesh("locality", "dict", "Location of this mesh; its importers set it on what they import from it.", "sharing"),
    _mesh(
        "managed_cluster",
        "str",
        "Name of the ManagedCluster of this mesh, which the policies of C(render.yml) select. Default: the mesh's name.",
        "render",
        kind="label",
    ),
)
_INSTALLATION = (
    _mesh("install", "bool", "Whether the playbook install creates this mesh. Default: C(false).", "install"),
    _mesh(
        "install_operator",
        "bool",
        "Whether the playbook install subscribes the cluster to the operator. Default: where the cluster has no kind "
        "ServiceMeshControlPlane.",
        "install",
    ),
    _mesh(
        "install_operator_namespace",
        "str",
        "Namespace of the operator's Subscription. Default: C(openshift-operators).",
        "install",
        kind="label",
    ),
    _mesh(
        "install_subscription",
        "dict",
        "Spec of the operator's Subscription, over the default: name C(servicemeshoperator), channel C(stable), source "
        "C(redhat-operators), sourceNamespace C(openshift-marketplace).",
        "install",
    ),
    _mesh(
        "control_plane_spec",
        "dict",
        "Spec of the ServiceMeshControlPlane that the playbook install creates, merged over its defaults.",
        "install",
    ),
    _mesh(
        "members",
        "list",
        "Namespaces of the ServiceMeshMemberRoll that the playbook install creates. Default: it creates none.",
        "install",
        kind="member",
    ),
)
_IDENTITY = (
    _mesh(
        "trust_fingerprints",
        "list",
        "SHA-256 fingerprints of all root certificates that are accepted from this mesh; a root that is not among them is "
        "never written. Default: any valid root.",
        kind="fingerprint",
    ),
    _mesh(
        "identity_file",
        "path",
        "Identity file from the administrator of this mesh, for a mesh without access: a file (.yml, .yaml "
        "or .json), or a directory with one file <mesh>-for-<peer>.yml for each peer.",
        "identity",
    ),
)
_ACCESS = (
    _access("kubeconfig", "raw", "Path of the kubeconfig, or its content as a dictionary.", secret=True),
    _access(
        "context",
        "str",
        "Context of the kubeconfig. Alone it reads C($KUBECONFIG), or else the user's default kubeconfig.",
    ),
    _access("host", "str", "URL of the API server.", kind="url"),
    _access("api_key", "str", "Bearer token.", secret=True),
    _access("username", "str", "User name for basic authentication.", secret=True),
    _access("password", "str", "Password for basic authentication.", secret=True),
    _access("client_cert", "path", "File with the client certificate."),
    _access("client_key", "path", "File with the client certificate's key."),
    _access("ca_cert", "path", "File with the certificates that verify the API server's certificate."),
    _access("validate_certs", "bool", "Whether the API server's certificate is verified."),
    _access("proxy", "str", "URL of the HTTP proxy to the API server.", kind="url"),
    _access("no_proxy", "str", "Hosts that are reached without the proxy."),
    _access("proxy_headers", "dict", "Headers for the proxy.", secret=True),
    _access("persist_config", "bool", "Whether a refreshed token is written back into the kubeconfig."),
    _access("impersonate_user", "str", "User to impersonate."),
    _access("impersonate_groups", "list", "Groups to impersonate.", kind="text"),
)
_OPTIONS = (
    _federation("group", "str", "federation", "Inventory group whose hosts are the meshes of the federation."),
    _federation(
        "meshes",
        "dict",
        None,
        "Variables of every mesh by inventory host, for jobs whose inventory has only some of the hosts, as a slice of a job has. The "
        "others are read with the access that is named here, and not written.",
        secret=True,
    ),
    _federation(
        "max_new_load_balancers",
        "int",
        None,
        "Largest number of load balancers that one run may create. Default: no limit.",
        "gateways",
        minimum=0,
    ),
    _federation(
        "allow_shared_root", "bool", False, "Allow meshes with equal trust domains that share one root certificate."
    ),
    _federation(
        "confirm_trust_domain",
        "list",
        [],
        "Names of the meshes whose trust domain may change under running workloads.",
        "gateways",
        kind="text",
    ),
    _federation(
        "confirm_address_change",
        "list",
        [],
        "Names of the meshes whose live gateways may get another address.",
        "gateways",
        kind="text",
    ),
    _federation(
        "root_expiry_warning_days",
        "int",
        30,
        "Warn of root certificates that expire within this number of days; V(0) never warns.",
        minimum=0,
        maximum=_DAYS_MAX,
    ),
    _federation("adopt", "bool", False, "Take ownership of unmanaged objects without changing any value."),
    _federation(
        "adopt_to",
        "path",
        "adopted",
        "Directory on the controller for the inventory that C(adopt.yml) writes; relative to the directory where the playbook is started.",
        "adopt",
    ),
    _federation("force_conflicts", "bool", False, "Take fields from other field managers."),
    _federation(
        "restart_control_plane",
        "raw",
        False,
        "Restart the istiod of a mesh where it does not load a change: true, or a list of the meshes for "
        "which it is allowed.",
        "report",
    ),
    _federation(
        "wait_timeout",
        "int",
        300,
        "Seconds to wait for links to be connected and synced; V(0) checks them once.",
        "report",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation(
        "gateway_timeout",
        "int",
        600,
        "Seconds to wait for control planes and for addresses of gateways; V(0) checks them once.",
        "gateways",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation(
        "install_timeout",
        "int",
        900,
        "Seconds to wait for the operator, and again for a new control plane; V(0) checks them once.",
        "install",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation("fail_on_pending", "bool", False, "Fail when a link is pending on the other side.", "report"),
    _federation(
        "identity_dir",
        "path",
        "identities",
        "Directory on the controller for the identity files of our meshes, which the administrators of other meshes get; "
        "relative to the directory where the playbook is started.",
        "identity",
    ),
    _federation(
        "identity_days",
        "int",
        365,
        "Number of days for which an identity file is valid.",
        "identity",
        minimum=1,
        maximum=_DAYS_MAX,
    ),
    _federation("expected_meshes", "int", None, "Number of meshes that the group must have.", "mesh", minimum=1),
    _federation("report_file", "path", None, "File on the controller for the report as JSON.", "report"),
    _federation(
        "lint_format",
        "str",
        "text",
        "Output of C(lint.yml): C(text), or C(json) for data.",
        "lint",
        choices=("text", "json"),
    ),
    _federation("lint_file", "path", None, "File on the controller for the findings of C(lint.yml) as JSON.", "lint"),
    _federation("lint_strict", "bool", False, "Handle warnings about the inventory as errors.", "lint"),
    _federation(
        "offline", "bool", False, "Let C(plan.yml) plan from the inventory alone and contact no cluster.", "mesh"
    ),
    _federation(
        "plan_file",
        "path",
        None,
        "File on the controller for the plan of C(plan.yml) as JSON, which C(federation_apply_plan) takes.",
        "report",
    ),
    _federation(
        "apply_plan",
        "path",
        None,
        "File of a plan that C(plan.yml) has saved. C(federate.yml) applies exactly that, and writes nothing where clusters or "
        "inventory are no longer as they were.",
        "mesh",
    ),
    _federation(
        "pass_plan",
        "bool",
        False,
        "Let C(plan.yml) pass digests of its plan to the next jobs of a workflow, as C(federation_plan_digests).",
        "report",
    ),
    _federation(
        "plan_digests",
        "dict",
        None,
        "Digests of a plan, as C(plan.yml) passes them. C(federate.yml) writes nothing where clusters or inventory are no longer as they were.",
        "mesh",
    ),
    _federation(
        "record_dir",
        "path",
        None,
        "Directory on the controller for change records: each run that writes to a cluster leaves a file with what it changed.",
        "report",
    ),
    _federation(
        "ports_file", "path", None, "File on the controller for the port matrix of C(plan.yml) as CSV.", "report"
    ),
    _federation(
        "render_dir",
        "path",
        "rendered",
        "Directory on the controller for the files of C(render.yml), with one folder for each mesh; relative to the directory where the "
        "playbook is started.",
        "render",
    ),
    _federation(
        "render_format",
        "str",
        "kustomize",
        "Files of C(render.yml): C(kustomize) for the objects themselves, C(policies) for Policies of Open Cluster Management.",
        "render",
        choices=("kustomize", "policies"),
    ),
    _federation(
        "render_sync_waves",
        "bool",
        True,
        "Whether C(render.yml) annotates objects with Argo CD's sync waves and options.",
        "render",
    ),
    _federation(
        "render_policy_namespace",
        "str",
        "ossm-federation",
        "Namespace of the hub for the policies of C(render.yml).",
        "render",
        kind="label",
    ),
    _federation(
        "unlink",
        "str",
        None,
        "What C(unlink.yml) removes: the names of two meshes with a comma between them.",
        "removal",
        kind="text",
    ),
    _federation(
        "remove_mesh",
        "str",
        None,
        "What C(remove_mesh.yml) removes: the name of the mesh, which need not be in the inventory any more.",
        "removal",
        kind="text",
    ),
    _federation(
        "remove_service",
        "str",
        None,
        "What C(remove_service.yml) removes: namespace and name of the service as it is exported, with a slash between them.",
        "service_removal",
        kind="text",
    ),
    _federation(
        "remove_exporter",
        "str",
        None,
        "The mesh that exports C(federation_remove_service); it need not be in the inventory any more.",
        "service_removal",
        kind="text",
    ),
    _federation(
        "remove_consumer",
        "str",
        None,
        "The only mesh from which C(federation_remove_service) is removed. Without it, from all.",
        "service_removal",
        kind="text",
    ),
    _federation(
        "confirm",
        "str",
        None,
        "Confirms a removal: the same value as C(federation_unlink), C(federation_remove_mesh) or C(federation_remove_service), for "
        "C(leave.yml) the name of the group. Without it a removal only shows what it would do. For C(trust_domain.yml) the "
        "meshes with peers, with commas between them. For C(rotate_trust.yml) the mesh: the administrators of its peers without access "
        "trust both roots. For C(federate.yml) the meshes whose rules select more services than C(federation_max_exports), with commas between "
        "them.",
        "removal",
        kind="text",
    ),
    _federation(
        "force_removal",
        "bool",
        False,
        "Remove a pair or a service also where objects of users name imported hosts, or where istiod does not withdraw imports or exports in "
        "time; a service also from meshes whose C(mesh_imports) still declares it.",
        "removal",
    ),
    _federation(
        "prune",
        "bool",
        False,
        "Let C(federate.yml) remove the pairs, and the rules of sets, of this collection that the inventory does not declare any more. Without it "
        "they are reported.",
        "removal",
    ),
    _federation(
        "max_removals",
        "int",
        1,
        "Number of pairs that a run with C(federation_prune) may remove; it writes nothing where there are more.",
        "removal",
        minimum=0,
    ),
    _federation(
        "removal_timeout",
        "int",
        300,
        "Seconds to wait until exports are withdrawn, and again until gateways are gone; V(0) checks them once.",
        "removal",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation(
        "trust_domain_mesh",
        "str",
        None,
        "The only mesh that C(trust_domain.yml) changes. Default: all meshes whose trust domain is another than the declared one, or is shared "
        "with another mesh of the group.",
        "trust_domain",
        kind="text",
    ),
    _federation(
        "trust_domain_stage",
        "str",
        "complete",
        "Last stage that a run of C(trust_domain.yml) does: C(accept) both trust domains, C(switch) to the new one, C(workloads), "
        "C(complete) by removing the former one.",
        "trust_domain",
        choices=("accept", "switch", "workloads", "complete"),
    ),
    _federation(
        "restart_workloads",
        "raw",
        False,
        "Let C(trust_domain.yml) restart the workloads whose pods have the former identity: true, or a list of namespaces. Without it they are "
        "listed.",
        "trust_domain",
    ),
    _federation(
        "trust_domain_timeout",
        "int",
        600,
        "Seconds to wait until the control plane has a changed trust domain, and again for the workloads; V(0) checks once.",
        "trust_domain",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation(
        "rotate_mesh",
        "str",
        None,
        "The mesh whose root certificate C(rotate_trust.yml) rotates.",
        "rotation",
        kind="text",
    ),
    _federation(
        "rotate_root",
        "path",
        None,
        "File on the controller with the coming root certificate of C(federation_rotate_mesh), in PEM format. Default: what the mesh "
        "publishes and its peers do not trust yet.",
        "rotation",
    ),
    _federation(
        "rotate_restart",
        "bool",
        False,
        "Let C(rotate_trust.yml) restart istiod, the gateways and the workloads of C(federation_rotate_mesh) where they do not have the new "
        "root yet. Set it when the CA certificate of the mesh has been replaced.",
        "rotation",
    ),
    _federation(
        "share_timeout",
        "int",
        480,
        "Seconds that C(share.yml) waits until services are imported; V(0) checks once. istiod needs up to seven minutes (2.4 and earlier) or two "
        "(2.5) where the account may not write ServiceMeshPeers, and a second where it may.",
        "share",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation(
        "services",
        "raw",
        [],
        "Services that one mesh shares with others, each with its export and import rules: a list of entries. Set it once, for the group.",
        "sharing",
    ),
    _federation(
        "max_exports",
        "int",
        None,
        "Number of live services that an export rule with a wildcard or with labels may select without confirmation. Default: no limit.",
        "sharing",
        minimum=0,
    ),
    _federation(
        "doctor_file",
        "path",
        None,
        "File on the controller to which C(doctor.yml) writes its diagnosis as JSON.",
        "doctor",
    ),
    _federation(
        "doctor_network",
        "bool",
        True,
        "Let C(doctor.yml) connect to the discovery ports of ingress gateways from the controller, and read the certificates that they show.",
        "doctor",
    ),
    _federation(
        "doctor_network_file",
        "path",
        None,
        "File with what was seen of the network when C(gather.yml) wrote an archive. C(doctor.yml) uses it, and does not look itself.",
        "doctor",
    ),
    _federation(
        "probe",
        "bool",
        False,
        "Let C(doctor.yml) request each imported service from a short-lived pod in the mesh that imports it.",
        "doctor",
    ),
    _federation(
        "probe_image",
        "str",
        None,
        "Image of the pods of a probe, with C(bash), C(curl) and C(timeout). Default: that of the mesh's own proxies.",
        "doctor",
        kind="text",
    ),
    _federation(
        "probe_namespace",
        "str",
        None,
        "Namespace of the pods of a probe, a member of each mesh. Default: the first member of the mesh, by name.",
        "doctor",
        kind="label",
    ),
    _federation(
        "probe_count",
        "int",
        1,
        "Number of pods of a probe in each mesh; each requests every service.",
        "doctor",
        minimum=1,
        maximum=20,
    ),
    _federation("probe_path", "str", "/", "Path of the requests of a probe.", "doctor", kind="text"),
    _federation(
        "probe_header",
        "str",
        None,
        "Response header by which applications tell who they are, for the report of a probe.",
        "doctor",
        kind="text",
    ),
    _federation(
        "probe_timeout",
        "int",
        120,
        "Seconds until the pods of a probe must have reported, with their start.",
        "doctor",
        minimum=1,
        maximum=3600,
    ),
    _federation(
        "gather_dir",
        "path",
        "gathered",
        "Directory on the controller for the archives of C(gather.yml), each with the time of its run in its name; relative to the directory "
        "where the playbook is started.",
        "gather",
    ),
    _federation(
        "gather_log_lines",
        "int",
        2000,
        "Number of lines of each log, from its end, that C(gather.yml) collects of istiod and of the gateways of the federation; V(0) "
        "collects no logs.",
        "gather",
        minimum=0,
        maximum=1000000,
    ),
    _federation(
        "gather_log_bytes",
        "int",
        5000000,
        "Number of bytes of each log, and of each debug page of istiod, that C(gather.yml) collects.",
        "gather",
        minimum=1000,
        maximum=100000000,
    ),
    _federation(
        "gather_log_seconds",
        "int",
        0,
        "Age in seconds of the oldest line of a log that C(gather.yml) collects; V(0) for any age.",
        "gather",
        minimum=0,
        maximum=_WEEK,
    ),
    _federation(
        "gather_debug_pages",
        "bool",
        True,
        "Let C(gather.yml) collect the debug pages of istiod, where the account may forward a port of its pods.",
        "gather",
    ),
    _federation(
        "gather_inspect",
        "bool",
        True,
        "Let C(gather.yml) run C(oc adm inspect) on the namespace of each control plane, where C(oc) is on the PATH.",
        "gather",
    ),
    _federation(
        "gather_inspect_timeout",
        "int",
        120,
        "Seconds that C(oc adm inspect) may take for one mesh.",
        "gather",
        minimum=1,
        maximum=_WEEK,
    ),
    _federation(
        "no_log", "bool", True, "Keep the large data of plan and report out of the output of tasks.", "federation"
    ),
)
_STATUS = (
    _federation(
        "status_dir",
        "path",
        None,
        "Directory on the controller for C(federation-status.json), C(.xml), C(.prom) and C(.html) of C(status.yml).",
        "status",
    ),
    _federation(
        "fail_on",
        "list",
        list(FAIL_ON_DEFAULT),
        "What fails C(status.yml): links that are C(degraded), meshes and links that are C(unknown), links that are C(pending) on another "
        "administrator or C(unverified), fields in C(drift), root certificates that are C(expiring), C(unmanaged) objects, and any "
        "C(warning). With an empty list it never fails.",
        "status",
        choices=FAIL_ON,
    ),
)
_TABLE = (*_MESHES, *_INSTALLATION, *_IDENTITY, *_ACCESS, *_OPTIONS, *_STATUS)
VARIABLES: Dict[str, Variable] = {variable.name: variable for variable in _TABLE}

PREFIXES = ("mesh_", "federation_")
#: Set by the roles, not by people.
REGISTERED = frozenset((*steps.REGISTERS.values(), steps.DECLARATION, steps.PLAN, *steps.STATS))
ACCESS = tuple(variable.name for variable in _ACCESS)


def wanted(name: str) -> bool:
    """Tell whether a host variable concerns the declaration (``mesh_facts`` is our own result and does not)."""
    return name.startswith(PREFIXES) and name not in REGISTERED or name == "ansible_connection"
