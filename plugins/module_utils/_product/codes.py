# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: every code of a problem and of a link's state, in one table.

A code is what a program reads, and what a person looks up: ``docs/codes.md`` is generated from this table and has a
section for each code, so that its anchor is the code. A problem takes its severity and its fix from here unless the
place that reports it knows better. Tests fail on a code that is not in the table, and on one that nothing reports.
"""

from __future__ import annotations

from typing import Dict, Literal, NamedTuple, Tuple

Severity = Literal["error", "warning", "info"]

#: From worst to best; ``error`` stops the mesh, the pair or the run, ``info`` is what only the clusters can tell.
SEVERITIES: Tuple[Severity, ...] = ("error", "warning", "info")

#: What corrects a problem without a person: ``federate`` writes again what is declared, ``restart`` is the same run with a restart of istiod.
HealedBy = Literal["", "federate", "restart"]

#: Where people read about codes.
PAGE = "docs/codes.md"


class Code(NamedTuple):
    """One row: ``subject`` is the chapter of the page, ``severities`` that a problem may have (the first is the default),
    ``meaning`` is one line without full stop, ``fix`` the usual remedy: one imperative sentence without full stop.
    ``corrected`` says what lint proposes to write instead; empty where it proposes nothing. ``healed_by`` is what may correct it
    without a person: only what cannot cut traffic, and touches no trust, no address and nothing unmanaged. Empty: a person decides.
    """

    subject: str
    severities: Tuple[Severity, ...]
    meaning: str
    fix: str
    corrected: str = ""
    healed_by: HealedBy = ""

    @property
    def severity(self) -> Severity:
        """The severity of a problem whose place names none."""
        return self.severities[0]


_E: Tuple[Severity, ...] = ("error",)
_W: Tuple[Severity, ...] = ("warning",)
_I: Tuple[Severity, ...] = ("info",)
_EW: Tuple[Severity, ...] = ("error", "warning")
_WI: Tuple[Severity, ...] = ("warning", "info")
_EWI: Tuple[Severity, ...] = SEVERITIES

_VARIABLES = "Inventory and variables"
_ACCESS = "Access to a cluster"
_REQUESTS = "Requests to an API server"
_DISCOVERY = "Control plane and cluster"
_TRUST = "Trust domains and root certificates"
_NAMES = "Names of peers"
_GATEWAYS = "Gateways and addresses"
_UNMANAGED = "Objects that others manage"
_RULES = "Export and import rules"
_SETS = "Rules and services together"
_TRAFFIC = "Failover, weights and access"
_IDENTITY = "Identity files"
_RUNNING = "What a running istiod keeps"
_LINKS = "State of a link"
_REMOVAL = "Removal"
_SAVED = "Saved plans and rendered files"
_ROTATION = "Rotation of a root"
_DIAGNOSIS = "Diagnosis of a link"
_PROBE = "Probe"
_ADOPTION = "Adoption"

CODES: Dict[str, Code] = {
    # Inventory and variables
    "group-empty": Code(
        _VARIABLES,
        _E,
        "The inventory has no such group for the federation, or the group has no host",
        "Put one host for each mesh into the group, or name another group with -e federation_group=<group>",
    ),
    "mesh-count": Code(
        _VARIABLES,
        _E,
        "The group has another number of meshes than federation_expected_meshes",
        "Complete the inventory, in a slice of a job by federation_meshes, or change federation_expected_meshes",
    ),
    "mesh-duplicate": Code(_VARIABLES, _E, "Several hosts have one mesh name", "Give each mesh its own mesh_name"),
    "mesh-two-names": Code(
        _VARIABLES, _E, "Two hosts are one control plane", "Set mesh_namespace of both, or remove one of the hosts"
    ),
    "namespace-twice": Code(
        _VARIABLES,
        _E,
        "Two meshes are in one namespace of one cluster",
        "Correct mesh_namespace, or the access to the cluster, of one of them",
    ),
    "variable-misspelled": Code(_VARIABLES, _E, "A variable has nearly the name of one of ours", "Correct the name"),
    "variable-unknown": Code(
        _VARIABLES,
        _W,
        "A variable begins with mesh_ or federation_ and has no effect",
        "Rename it if it is yours, or look it up in docs/variables.md",
    ),
    "variable-undefined": Code(_VARIABLES, _E, "The template of a variable cannot be rendered", "Correct the template"),
    "variable-type": Code(
        _VARIABLES,
        _E,
        "The value of a variable has the wrong type",
        "Write a value of the type that docs/variables.md names",
    ),
    "variable-value": Code(
        _VARIABLES,
        _E,
        "The value of a variable is outside of what is possible",
        "Write a value that the message accepts",
    ),
    "option-differs": Code(
        _VARIABLES,
        _E,
        "Hosts have different values of a variable that concerns all of them",
        "Set it once, for the group",
    ),
    "slice-differs": Code(
        _VARIABLES,
        _E,
        "federation_meshes does not have what the inventory says about a host, and another slice of the job would read something else",
        "Write the variables of the host into its entry",
    ),
    "key-unknown": Code(
        _VARIABLES,
        _E,
        "A key that the API server drops silently: `Selector`, `alias` for `aliases`, `importAsLocal` inside `nameSelector`",
        "Correct the key",
        "The rule with the correct key in the correct place",
    ),
    "name-invalid": Code(
        _VARIABLES, _E, "A name is not a DNS label of the permitted length", "Write a DNS label that fits"
    ),
    "platform-unknown": Code(
        _VARIABLES, _E, "mesh_platform names no platform of the table", "Write a platform of docs/platforms.md"
    ),
    "peer-unknown": Code(
        _VARIABLES,
        _E,
        "A peer is neither a mesh nor a group of the federation",
        "Name a mesh of the group, or add the mesh to the inventory",
    ),
    "peer-self": Code(
        _VARIABLES, _E, "A mesh is its own peer or consumer", "Remove the mesh from its own peers or consumers"
    ),
    "peer-not-paired": Code(
        _VARIABLES,
        _E,
        "An entry is about a mesh that is no peer of this one",
        "Name it in mesh_peers, or remove the entry",
    ),
    "no-transit": Code(
        _VARIABLES,
        _W,
        "Meshes are linked with a hub only: a mesh never passes on what it imports",
        "Name the meshes in each other's mesh_peers if they share services",
    ),
    "ingress-value": Code(
        _VARIABLES, _E, "A value of mesh_ingress is invalid", "Write a value that the message accepts"
    ),
    "egress-value": Code(_VARIABLES, _E, "A value of mesh_egress is invalid", "Write a value that the message accepts"),
    "ingress-shared": Code(
        _VARIABLES,
        _E,
        "Gateways for two peers would share one address or one node port",
        "Set it for each peer under mesh_ingress.peers",
    ),
    "runtime-value": Code(
        _VARIABLES, _E, "A runtime setting of a gateway is invalid", "Write the setting as the product's runtime has it"
    ),
    "replicas-scaled": Code(
        _VARIABLES,
        _W,
        "An autoscaler of the product changes the number of replicas again",
        "Set autoScaling.enabled: false beside it, or autoScaling.minReplicas instead",
    ),
    "install-namespace": Code(
        _VARIABLES,
        _E,
        "The namespace is none that a control plane can be installed in",
        "Give the mesh its own namespace",
    ),
    "install-spec": Code(
        _VARIABLES, _E, "mesh_control_plane_spec sets what the collection itself sets", "Remove the field"
    ),
    # Access to a cluster
    "access-missing": Code(
        _ACCESS,
        _E,
        "No cluster access is configured for a mesh",
        "Set mesh_kubeconfig, mesh_context or mesh_host; or mesh_identity_file for another administrator's mesh",
    ),
    "access-incomplete": Code(
        _ACCESS, _E, "mesh_host has no credentials beside it", "Set mesh_api_key, or a client certificate and key"
    ),
    "access-ambiguous": Code(_ACCESS, _E, "A mesh has both cluster access and an identity file", "Remove one of them"),
    "kubeconfig-missing": Code(_ACCESS, _E, "The kubeconfig does not exist", "Name an existing kubeconfig"),
    "kubeconfig-unreadable": Code(
        _ACCESS, _E, "The kubeconfig cannot be read", "Make it readable for the user that runs Ansible"
    ),
    "kubeconfig-not-yaml": Code(_ACCESS, _E, "The kubeconfig is not YAML, or not a mapping", "Name a kubeconfig"),
    "kubeconfig-empty": Code(_ACCESS, _E, "The kubeconfig has no context", "Name a kubeconfig with a context"),
    "context-unknown": Code(_ACCESS, _E, "The kubeconfig has no such context", "Name a context of the kubeconfig"),
    "yaml-missing": Code(_ACCESS, _E, "The Python package PyYAML is not installed", "Install PyYAML beside Ansible"),
    "environment": Code(
        _ACCESS,
        _E,
        "K8S_AUTH_* variables would override the access of the inventory",
        "Unset them, and name the access in mesh_*",
    ),
    "environment-auth": Code(
        _ACCESS,
        _E,
        "The environment names one cluster for all meshes",
        "Unset it, and set mesh_kubeconfig, mesh_context or mesh_host for each mesh",
    ),
    "access": Code(_ACCESS, _E, "The client for the cluster cannot be made", "Correct what the message names"),
    # Requests to an API server
    "unreachable": Code(
        _REQUESTS, _E, "The API server cannot be reached", "Start the API server, or correct address and port"
    ),
    "certificate": Code(
        _REQUESTS,
        _E,
        "The API server's certificate is not accepted",
        "Set mesh_ca_cert to the authority of this API server, or use the kubeconfig of the right cluster",
    ),
    "unauthorized": Code(
        _REQUESTS, _E, "The API server does not accept the credentials", "Log in again, or correct the credentials"
    ),
    "forbidden": Code(_REQUESTS, _E, "The account lacks a right", "Grant the right that the message names"),
    "permission-missing": Code(
        _REQUESTS,
        _E,
        "The account lacks rights for what this run would write",
        "Bind the account to the ClusterRole of docs/rbac",
    ),
    "kind-missing": Code(_REQUESTS, _E, "The cluster does not have a kind", "Install the Service Mesh operator"),
    "missing": Code(_REQUESTS, _E, "An object does not exist", "Create it, or correct the name"),
    "conflict": Code(
        _REQUESTS,
        _E,
        "Another field manager owns a field that we would write",
        "Hand the field over as the message shows, or set federation_force_conflicts: true",
    ),
    "uid-mismatch": Code(_REQUESTS, _E, "The object was deleted or recreated since it was read", "Run again"),
    "rejected": Code(_REQUESTS, _E, "An admission webhook or quota rejects a write", "Change what the message names"),
    "invalid": Code(_REQUESTS, _E, "The API server rejects a field", "Correct the field that is named"),
    "busy": Code(_REQUESTS, _E, "The API server is overloaded or another write came first", "Run again"),
    "failed": Code(
        _REQUESTS, _E, "A request failed for a reason that is not known here", "Read the message of the API server"
    ),
    "expired-watch": Code(_REQUESTS, _W, "A watch has expired; it is opened again", "Wait"),
    # Control plane and cluster
    "namespace-missing": Code(
        _DISCOVERY, _E, "The namespace does not exist", "Create the namespace, or correct mesh_namespace"
    ),
    "control-plane-missing": Code(
        _DISCOVERY, _E, "There is no such control plane", "Set mesh_control_plane or mesh_namespace"
    ),
    "control-plane-ambiguous": Code(
        _DISCOVERY, _E, "There are several control planes", "Set mesh_namespace or mesh_control_plane"
    ),
    "control-plane-other": Code(
        _DISCOVERY,
        _E,
        "The namespace already has another control plane",
        "Set mesh_control_plane to it, or choose another mesh_namespace",
    ),
    "control-plane-not-ready": Code(
        _DISCOVERY,
        _W,
        "The control plane is not ready in time",
        "Look at the conditions of the ServiceMeshControlPlane and at the operator",
    ),
    "operator-missing": Code(
        _DISCOVERY,
        _E,
        "The Service Mesh operator is not installed",
        "Install the operator, or set mesh_install_operator: true",
    ),
    "operator-not-ready": Code(
        _DISCOVERY,
        _E,
        "The operator is not installed in time",
        "Look at the conditions of the Subscription, its install plan and the operator's pod",
    ),
    "version-unsupported": Code(
        _DISCOVERY, _E, "The control plane's version has no federation", "Use OpenShift Service Mesh 2.1 to 2.6"
    ),
    "version-fault": Code(
        _DISCOVERY,
        _W,
        "The control plane's version has a known fault that concerns this federation",
        "Update to the version that the message names",
    ),
    "namespace-not-member": Code(
        _DISCOVERY,
        _W,
        "An exported namespace is not a member of the mesh, so nothing of it is exported",
        "Add it to ServiceMeshMemberRoll default, or remove the rule",
    ),
    "multi-network": Code(
        _DISCOVERY,
        _W,
        "Multi-network is on: gateways only get the endpoints of networks that they request",
        "Add network-<peer> to requestedNetworkView of gateways that others manage",
    ),
    "restart-late": Code(
        _DISCOVERY, _E, "istiod has not restarted in time", "Look at the istiod pods and their events"
    ),
    # Trust domains and root certificates
    "trust-domain-invalid": Code(
        _TRUST, _E, "The trust domain is not a SPIFFE trust domain", "Write for example red-mesh.local"
    ),
    "trust-domain-change": Code(
        _TRUST,
        _E,
        "The trust domain would change under running workloads",
        "Change it in stages with trust_domain.yml, keep the current one, or name the mesh in federation_confirm_trust_domain",
    ),
    "trust-domain-changes": Code(
        _TRUST,
        _W,
        "The trust domain changes under running workloads, as confirmed",
        "Restart the workloads of the mesh and the control planes of its peers",
    ),
    "trust-domain-installed": Code(
        _TRUST,
        _E,
        "install.yml owns the trust domain, and it is another one",
        "Run install.yml, then this playbook again",
    ),
    "trust-domain-shared": Code(
        _TRUST,
        _E,
        "Two meshes have one trust domain and different roots",
        "Give each mesh its own trust domain with trust_domain.yml",
    ),
    "trust-domain-shared-root": Code(
        _TRUST,
        _EW,
        "Two meshes have one trust domain and one root: policies cannot tell them apart",
        "Give each mesh its own trust domain, or set federation_allow_shared_root: true",
    ),
    "trust-domain-peers": Code(
        _TRUST,
        _EW,
        "The mesh has peers, and with the root of a peer istiod accepts one trust domain of its own only",
        "Change the trust domain before the first peer, or confirm it with federation_confirm in a maintenance window",
    ),
    "trust-domain-unfinished": Code(
        _TRUST,
        _E,
        "The trust domain is being changed, and pods with the former identity would be rejected from the first peer on",
        "Run trust_domain.yml until the change is complete, then federate.yml",
    ),
    "trust-domain-named": Code(
        _TRUST,
        _W,
        "Objects of users name the former trust domain literally",
        "Add the new trust domain to these objects before the former one goes, then remove the former one from them",
    ),
    "trust-domain-late": Code(
        _TRUST,
        _E,
        "A stage of a change of the trust domain was not complete in time",
        "Look at the control plane and the pods of its gateways, then run trust_domain.yml again",
    ),
    "workload-late": Code(
        _TRUST,
        _E,
        "The rolling restart of workloads was not complete in time",
        "Look at the events of these workloads, then run trust_domain.yml again",
    ),
    "members-unknown": Code(
        _TRUST,
        _E,
        "The namespaces of the mesh are not known",
        "Let the account get servicemeshmemberrolls/default (docs/rbac/trust-domain.yaml)",
    ),
    "trust-domain-taken": Code(
        _TRUST,
        _E,
        "Another ServiceMeshPeer has the same trust domain and other roots",
        "Delete that ServiceMeshPeer after its exports, or give one of the meshes another trust domain",
    ),
    "fingerprint-invalid": Code(
        _TRUST, _E, "A pin is not a SHA-256 fingerprint", "Write 64 hexadecimal digits, with or without colons"
    ),
    "root-missing": Code(
        _TRUST, _E, "The mesh has no root certificate yet", "Wait until istiod has written it, or look at istiod"
    ),
    "root-unreadable": Code(
        _TRUST, _E, "The root certificate cannot be read", "Correct the root of this mesh's CA, and restart istiod"
    ),
    "root-no-authority": Code(
        _TRUST,
        _EW,
        "A certificate of the bundle is not a CA certificate",
        "Put the root certificate into the bundle, not a server's certificate",
    ),
    "root-expired": Code(_TRUST, _EW, "A root certificate has expired", "Renew the mesh's CA"),
    "root-not-yet-valid": Code(_TRUST, _EW, "A root certificate is not yet valid", "Compare the clocks"),
    "root-chain": Code(
        _TRUST,
        _EW,
        "A certificate's chain does not reach a root in the bundle",
        "Complete the chain in the mesh's root-cert.pem, up to its root",
    ),
    "root-expires": Code(
        _TRUST,
        _W,
        "A root certificate expires soon",
        "Rotate it before: first a bundle of old and new root, then the new CA",
    ),
    "root-not-pinned": Code(
        _TRUST,
        _E,
        "A root is not among mesh_trust_fingerprints",
        "Find out who changed the root; if it is right, add its fingerprint to mesh_trust_fingerprints",
    ),
    # Names of peers
    "peer-ambiguous": Code(
        _NAMES, _E, "Several ServiceMeshPeers are for one mesh", "Delete all but one, after its exports"
    ),
    "peer-name-taken": Code(
        _NAMES, _E, "A ServiceMeshPeer of the name is for another mesh", "Give the peer another name in mesh_peer_names"
    ),
    "peer-name-twice": Code(_NAMES, _E, "Two peers would have one name", "Give each peer its own name"),
    "peer-name-in-use": Code(
        _NAMES,
        _E,
        "An existing peer has another name, and a name in use never changes",
        "Write the existing name, or remove the entry",
    ),
    "peer-name-registry": Code(
        _NAMES,
        _EW,
        "istiod cannot tell the peer from the registry of its own cluster",
        "Give the peer another name in mesh_peer_names",
    ),
    # Gateways and addresses
    "gateways-disabled": Code(
        _GATEWAYS,
        _E,
        "All gateways of the control plane are disabled",
        "Set spec.gateways.enabled to true, or remove it",
    ),
    "gateway-ambiguous": Code(
        _GATEWAYS,
        _E,
        "Several gateways could be the one for a peer",
        "Keep one for each peer, or create the ServiceMeshPeer that names the one to use",
    ),
    "gateway-shared": Code(
        _GATEWAYS,
        _E,
        "Two ServiceMeshPeers use one gateway, and each shuts the other out",
        "Give each ServiceMeshPeer its own gateways",
    ),
    "internal-impossible": Code(
        _GATEWAYS,
        _E,
        "The platform has no annotation for an internal load balancer",
        "Remove internal from mesh_ingress, or set its exposure to NodePort",
    ),
    "load-balancers-too-many": Code(
        _GATEWAYS,
        _E,
        "More new load balancers than federation_max_new_load_balancers",
        "Raise the limit, or set mesh_ingress.exposure of some meshes to NodePort",
    ),
    "address-change": Code(
        _GATEWAYS,
        _E,
        "The inventory would change the address of a live gateway",
        "Write the current values into mesh_ingress, or name the mesh in federation_confirm_address_change",
    ),
    "address-changes": Code(
        _GATEWAYS,
        _W,
        "The address of a live gateway changes, as confirmed",
        "Run federate.yml for the peers, so that they have the new address",
    ),
    "address-kept": Code(
        _GATEWAYS,
        _W,
        "A default would change the address of a live gateway, so its current values are kept",
        "Write the current values into mesh_ingress, or name the mesh in federation_confirm_address_change",
    ),
    "no-address": Code(
        _GATEWAYS,
        _W,
        "A gateway has no address in time",
        "Correct what the cloud reports, or set mesh_ingress.exposure to NodePort, and run again",
    ),
    "network-view": Code(
        _GATEWAYS,
        _EW,
        "An egress gateway does not request the peer's network, so requests get 503",
        "Set requestedNetworkView to [network-<peer>]",
    ),
    # Objects that others manage
    "unmanaged": Code(
        _UNMANAGED,
        _EW,
        "An object that others manage differs from what would be written; it is used unchanged",
        "Correct it where it is managed, or delete it and run federate.yml again",
    ),
    "drift": Code(_UNMANAGED, _W, "Others have set fields in an object of ours", "Remove the fields from the object"),
    # Export and import rules
    "rule-shape": Code(
        _RULES,
        _E,
        'A value of the wrong type, such as the string `"true"` for a boolean',
        "Write the rule as shown",
        "The rule with the right type",
    ),
    "rule-short": Code(
        _RULES,
        _E,
        "A string that is not of the form `namespace/name`",
        "Write namespace/name",
        "The rule with a placeholder for what is missing",
    ),
    "rule-type": Code(
        _RULES,
        _E,
        "A type that istiod skips; for imports that is every type but `NameSelector`",
        "Write the rule as shown",
        "The rule with the type that its body has",
    ),
    "rule-body": Code(
        _RULES,
        _E,
        "No body for the type (istiod skips the rule), or a body of another type (istiod ignores it)",
        "Write the rule as shown",
        "The rule with the body of its type only",
    ),
    "rule-wildcard": Code(
        _RULES,
        _E,
        "A partial wildcard: `rat*` is a name like any other, and matches nothing",
        "Write the whole name, or *",
        "The rule with a placeholder for the name",
    ),
    "rule-name": Code(
        _RULES,
        _E,
        "A name that no Service can have: empty, capitals, blanks, typographic quotes, more than 63 characters",
        "Write the name of the Service",
        "The rule with the name in lower case letters, without the quotes, or a placeholder",
    ),
    "rule-selector": Code(
        _RULES,
        _E,
        "Labels are to select services and there are none: that would be the whole namespace",
        "Write a selector",
        "The rule with a selector to fill in",
    ),
    "rule-local": Code(
        _RULES,
        _E,
        "`importAsLocal` with no fixed namespace, or the cluster's own suffix without `importAsLocal`: istiod skips the rule",
        "Write importAsLocal: true with alias.namespace",
        "`importAsLocal: true` with `alias.namespace`",
    ),
    "locality-value": Code(
        _RULES,
        _E,
        "A zone with no region or a subzone with no zone (istiod drops the whole locality), or an empty part",
        "Write the missing part",
        "The locality with a placeholder for the missing part",
    ),
    "service-entry": Code(
        _RULES,
        _E,
        "An entry of federation_services is incomplete, or has a value that is not accepted",
        "Write service (or selector) and mesh, and what the message accepts",
    ),
    # Rules and services together
    "service-conflict": Code(
        _SETS,
        _E,
        "An entry of federation_services contradicts another entry, or the rules or the locality of a mesh",
        "Keep one of the two",
    ),
    "export-policy": Code(
        _SETS,
        _E,
        "An export rule goes beyond mesh_may_export of its mesh",
        "Export only what mesh_may_export allows, or extend it",
    ),
    "export-policy-open": Code(
        _SETS,
        _EW,
        "mesh_may_export allows an exported service by its labels, and they are not known",
        "Create the Service with these labels, or let the account list it",
    ),
    "exports-unconfirmed": Code(
        _SETS,
        _E,
        "An export rule with a wildcard or with labels selects more services than federation_max_exports",
        "Review the services, then name the mesh in federation_confirm",
    ),
    "rule-shadowed": Code(
        _SETS,
        _W,
        "An earlier rule (or alias) selects all services that this one could select",
        "Change the order, or remove the rule",
        "Both rules in the order in which both apply, or none where one must be removed",
    ),
    "rule-suffix": Code(
        _SETS,
        _W,
        "A `domainSuffix` that `importAsLocal` overrides, or one that ends with `svc.cluster.local`: such an import gets the namespace of its name",
        "Remove the domainSuffix",
        "The rule without the suffix",
    ),
    "alias-unused": Code(
        _SETS,
        _W,
        "An alias for services outside the namespace of its `LabelSelector`",
        "Remove the alias",
        "The rule without that alias",
    ),
    "export-control-plane": Code(
        _SETS,
        _W,
        "A wildcard that also exports the control plane's own services and gateways",
        "Name a namespace",
        "The rule for one namespace, to be filled in",
    ),
    "export-one-name": Code(
        _SETS,
        _EWI,
        "Several services under one exported name: the status is rejected, and requests go to whichever came last",
        "Give each an alias",
        "The rule that keeps the names apart",
    ),
    "export-unimported": Code(
        _SETS,
        _W,
        "No peer that gets this export imports it",
        "Add the import rule, or remove the export",
        "The import rule that is missing",
    ),
    "export-collision": Code(
        _SETS,
        _E,
        "Another mesh exports the same name to the same peer: the status is healthy, and requests fail",
        "Export with an alias that only this mesh has",
        "The rule with an alias that only this mesh uses",
    ),
    "export-collision-possible": Code(
        _SETS,
        _I,
        "The same, if the clusters have services of one name: a wildcard or a label selector takes part",
        "Give the consumer another name in mesh_peer_names, or export with an alias",
    ),
    "export-ports": Code(
        _SETS,
        _EW,
        "A service that has not exactly one port: requests from other meshes fail",
        "Export a Service with one port under the same name",
        "A rule for a Service with one port under the same exported name, where the rule names the Service",
    ),
    "import-unoffered": Code(
        _SETS,
        _W,
        "No peer that this is imported from exports it",
        "Correct the name, or add the export",
        "The rule with the exported name, where it is known",
    ),
    "import-uncertain": Code(
        _SETS, _I, "Only the exporting cluster shows it: a wildcard or a label selector covers it", "Nothing to do"
    ),
    "import-one-name": Code(
        _SETS,
        _EWI,
        "Several services of one peer under one local name",
        "Give each an alias",
        "The rule that keeps the names apart",
    ),
    "import-no-failover": Code(
        _SETS,
        _WI,
        "One local name for services of several peers: this is no failover, one of them gets all requests",
        "Give each an alias",
        "The rule with a distinct name",
    ),
    "import-joins": Code(
        _SETS,
        _I,
        "`importAsLocal` over a service that this mesh has: the two are merged on ports of the same name",
        "Nothing to do",
    ),
    "import-port-names": Code(
        _SETS,
        _W,
        "`importAsLocal` over a service whose ports have other names: the imported endpoints are never used",
        "Rename the ports of the Service",
        "None: rename the ports of the Service",
    ),
    "services-unread": Code(
        _SETS,
        _I,
        "Exported Services could not be read, so their ports are not checked",
        "Grant list on services in the exported namespaces",
    ),
    # Identity files
    "identity-unreadable": Code(
        _IDENTITY, _E, "The identity file cannot be read", "Make it readable for the user that runs Ansible"
    ),
    "identity-not-yaml": Code(_IDENTITY, _E, "The identity file is not YAML", "Ask its author for a new file"),
    "identity-shape": Code(
        _IDENTITY, _E, "The identity file has a missing, unknown or repeated field", "Ask its author for a new file"
    ),
    "identity-value": Code(_IDENTITY, _E, "A value of the identity file is invalid", "Ask its author for a new file"),
    "identity-private-key": Code(
        _IDENTITY,
        _E,
        "The file has a private key in it",
        "Delete the file, and tell its author that the key is exposed",
    ),
    "identity-other-pair": Code(
        _IDENTITY, _E, "The file is for another pair of meshes", "Use the file that is for this pair"
    ),
    "identity-old": Code(_IDENTITY, _E, "The identity file has expired", "Ask its author for a new file"),
    "identity-ends": Code(_IDENTITY, _W, "The identity file expires soon", "Ask its author for a new file"),
    "identity-future": Code(_IDENTITY, _E, "The identity file is from the future", "Compare the clocks"),
    "identity-fingerprint": Code(
        _IDENTITY, _E, "Fingerprints and roots of the file do not match", "Ask its author for a new file"
    ),
    "identity-not-pinned": Code(
        _IDENTITY,
        _E,
        "A root of the file is not among mesh_trust_fingerprints",
        "Compare the fingerprint with its author, then add it to mesh_trust_fingerprints",
    ),
    "identity-differs": Code(
        _IDENTITY,
        _E,
        "Two files of one mesh contradict each other",
        "Ask its author for new files for all of your meshes",
    ),
    # What a running istiod keeps
    "deadlock": Code(
        _RUNNING,
        _EW,
        "istiod is deadlocked since a peer was deleted while it exported services",
        "Restart istiod: federation_restart_control_plane",
        healed_by="restart",
    ),
    "root-not-loaded": Code(
        _RUNNING,
        _EW,
        "The root changed while the link was down, and istiod does not load it",
        "Restart istiod: federation_restart_control_plane",
    ),
    "identity-kept": Code(
        _RUNNING,
        _EW,
        "istiod uses a client ID or ingress gateway that has changed: requests fail",
        "Restart istiod: federation_restart_control_plane",
    ),
    "peer-lost": Code(
        _RUNNING,
        _EW,
        "istiod has lost a peer that exists",
        "Restart istiod: federation_restart_control_plane",
        healed_by="restart",
    ),
    "sync-lock": Code(
        _RUNNING,
        _EW,
        "A failing synchronisation blocks all changes of istiod",
        "Restart istiod: federation_restart_control_plane",
        healed_by="restart",
    ),
    "imports-stale": Code(
        _RUNNING,
        _EW,
        "istiod does not use an ImportedServiceSet that was recreated",
        "Restart istiod: federation_restart_control_plane",
        healed_by="restart",
    ),
    # State of a link
    "unreadable": Code(
        _LINKS, _E, "The mesh that watches could not be read", "Correct what is reported about that mesh"
    ),
    "unrecognised": Code(
        _LINKS, _E, "istiod reports a reason that is not known here", "Read the istiod log of this mesh"
    ),
    "identity-refused": Code(
        _LINKS,
        _E,
        "The other mesh refuses our identity",
        "Compare spec.security.clientID there with our egress gateway",
    ),
    "peer-unreachable": Code(
        _LINKS,
        _E,
        "The other ingress gateway cannot be reached, or TLS with it fails",
        "Compare address, port, root and trust domain with the other mesh; check firewalls",
    ),
    "connected": Code(_LINKS, _I, "Connected", "Nothing to do"),
    "absent": Code(_LINKS, _E, "The mesh has no ServiceMeshPeer for the other mesh", "Apply one, or run federate.yml"),
    "not-accepted": Code(
        _LINKS,
        _E,
        "istiod has not accepted the peer: it cannot read the other mesh's root certificate",
        "Check the ConfigMap of spec.security.certificateChain (key root-cert.pem)",
    ),
    "egress-missing": Code(
        _LINKS,
        _E,
        "The Service of the egress gateway does not exist",
        "Compare spec.gateways.egress.name with the additional egress gateways",
    ),
    "egress-not-listening": Code(
        _LINKS,
        _E,
        "The egress gateway does not listen yet, or its Service has no port 8188",
        "Look at the pods and the Service of the egress gateway",
    ),
    "egress-unreachable": Code(
        _LINKS,
        _E,
        "istiod cannot reach the egress gateway",
        "Look at the egress gateway's pods and at network policies between istiod and port 8188",
    ),
    "peer-unknown-there": Code(
        _LINKS,
        _E,
        "The other mesh has no peer for this one, or its istiod is deadlocked",
        "Create the peer there; if it exists, restart istiod there",
    ),
    "no-route": Code(
        _LINKS,
        _E,
        "The egress gateway has no route to the peer yet",
        "Compare spec.gateways.egress.name with the egress gateway for this peer",
    ),
    "ended": Code(_LINKS, _E, "The watch ended and is opened again", "Wait up to two minutes"),
    "restarted": Code(_LINKS, _E, "istiod restarted the watch because the peer was changed", "Wait up to two minutes"),
    "cut": Code(
        _LINKS, _E, "The connection was cut", "Wait up to two minutes; then look at what is between the meshes"
    ),
    "connecting": Code(_LINKS, _E, "Not connected yet", "Wait up to two minutes"),
    "peer-missing": Code(
        _LINKS,
        _E,
        "No link is to be read: the mesh has no ServiceMeshPeer, or the list is empty",
        "Create a ServiceMeshPeer",
    ),
    "not-synced": Code(
        _LINKS,
        _E,
        "Connected, but not synced since the last change",
        "Increase timeout: a full sync needs up to five minutes",
    ),
    "not-imported": Code(
        _LINKS,
        _E,
        "Connected, but services that are expected are not imported",
        "Compare the export and import rules of the two meshes",
    ),
    "not-exported": Code(
        _LINKS,
        _E,
        "istiod does not list a service that an export rule names, or lists one that no rule exports any more",
        "Check that the Service exists in a namespace of the mesh, and that the mesh is federated with this peer (federate.yml)",
    ),
    "not-watched": Code(
        _LINKS, _E, "The other mesh does not watch this one", "Create the ServiceMeshPeer for this mesh there"
    ),
    "condition-not-met": Code(
        _LINKS, _E, "A condition of the task is not met by the link", "Compare the condition with links in the result"
    ),
    "condition-invalid": Code(
        _LINKS, _E, "A condition of the task is not a JMESPath expression", "Correct the expression"
    ),
    "jmespath-missing": Code(
        _LINKS, _E, "The Python package jmespath, which conditions need, is not installed", "Install jmespath"
    ),
    # Removal
    "removal-target": Code(
        _REMOVAL, _E, "A removal does not say, or not clearly, what is removed", "Set the variable, for example with -e"
    ),
    "removal-unconfirmed": Code(
        _REMOVAL,
        _E,
        "federation_confirm has another value than what is removed",
        "Correct one of the two; without federation_confirm the run only shows what it would do",
    ),
    "removal-nothing": Code(
        _REMOVAL,
        _E,
        "The mesh that is removed is unknown: neither the inventory nor a cluster has it",
        "Correct the name; if the mesh was removed before, nothing is left to do",
    ),
    "pair-undeclared": Code(
        _REMOVAL,
        _W,
        "A mesh has objects of a pair that the inventory does not declare any more",
        "Remove the pair with unlink.yml or remove_mesh.yml, or set federation_prune; or declare it again",
    ),
    "set-undeclared": Code(
        _REMOVAL,
        _W,
        "An export or import set has rules, and the inventory declares none for that peer",
        "Declare an empty list, or the rules; or set federation_prune",
    ),
    "removal-limit": Code(
        _REMOVAL,
        _E,
        "federation_prune would remove more pairs than federation_max_removals allows",
        "Check the inventory; if all of them are to go, raise federation_max_removals",
    ),
    "exports-unmanaged": Code(
        _REMOVAL,
        _E,
        "An unmanaged export set still exports to a peer that is removed",
        "Delete that ExportedServiceSet, or adopt it with federate.yml and federation_adopt, then run again",
    ),
    "hosts-in-use": Code(
        _REMOVAL,
        _EW,
        "Objects of users name imported hosts that are removed",
        "Change or delete these objects, then run again; or set federation_force_removal",
    ),
    "references-unread": Code(
        _REMOVAL,
        _EW,
        "The objects of users that may name imported hosts cannot be listed",
        "Grant list on these kinds (docs/rbac/remove.yaml); or set federation_force_removal",
    ),
    "unmanaged-stays": Code(
        _REMOVAL, _W, "An object of the pair has another manager and stays", "Delete it where it is not needed"
    ),
    "consumers-declared": Code(
        _REMOVAL,
        _E,
        "The inventory still declares the import of a service that is removed",
        "Remove the rule from the inventory first; or set federation_force_removal",
    ),
    "service-by-wildcard": Code(
        _REMOVAL,
        _EW,
        "A rule that selects other services too has the service that is removed, and stays",
        "Name the services that stay in the inventory, instead of that rule, then run again",
    ),
    "service-unmanaged": Code(
        _REMOVAL,
        _EW,
        "An unmanaged or adopted set has the service that is removed, and stays as it is",
        "Its manager removes the rule there; then run again",
    ),
    "still-importing": Code(
        _REMOVAL,
        _E,
        "istiod did not withdraw an import in time, so the service is still exported",
        "Check the link and istiod of this mesh, then run again; federation_force_removal removes the export all the same",
    ),
    "still-exporting": Code(
        _REMOVAL,
        _E,
        "istiod did not withdraw exports in time, so a peer that is removed was not deleted",
        "Check istiod of this mesh, then run again; federation_force_removal deletes the peer after its export set all the same",
    ),
    "gateway-remains": Code(
        _REMOVAL,
        _E,
        "A gateway was taken out of the control plane, and its Service still exists",
        "Look at the conditions of the ServiceMeshControlPlane and at the operator",
    ),
    "removal-incomplete": Code(
        _REMOVAL, _E, "Something of a removed pair is still there at the end of the run", "Run the same command again"
    ),
    "link-disturbed": Code(
        _REMOVAL,
        _W,
        "A link that stays was interrupted during the removal",
        "Run federate.yml, which shows whether the link is healthy",
    ),
    # Saved plans and rendered files
    "plan-file": Code(
        _SAVED,
        _E,
        "The file of federation_apply_plan is no saved plan, or federation_plan_digests are not those of one",
        "Name a file that plan.yml has written with federation_plan_file; in a workflow, run plan.yml with federation_pass_plan before",
    ),
    "plan-outdated": Code(
        _SAVED,
        _E,
        "A cluster or the inventory is no longer as it was when the plan was saved; nothing was written",
        "Run plan.yml again, review the new plan and apply that",
    ),
    "render-kept": Code(
        _SAVED,
        _W,
        "The folder of a mesh stays as it was, as the mesh could not be planned completely",
        "Correct what the message names, then run render.yml again",
    ),
    "render-taken": Code(
        _SAVED,
        _E,
        "A file that render.yml did not write has the name of one that it would write",
        "Move the file, or set federation_render_dir to another directory",
    ),
    "render-undeclared": Code(
        _SAVED,
        _W,
        "The directory has files for a mesh that the inventory does not have",
        "If the mesh has left, remove its pairs with remove_mesh.yml, then delete the folder",
    ),
    # Rotation of a root
    "rotation-target": Code(
        _ROTATION,
        _E,
        "A rotation does not say whose root is rotated, or of a mesh whose root cannot be rotated in stages",
        "Set federation_rotate_mesh to the name of a mesh of the inventory",
    ),
    "rotation-root": Code(
        _ROTATION,
        _E,
        "The file with the coming root cannot be used",
        "Set federation_rotate_root to a file with the root certificate in PEM format, without its key",
    ),
    "rotation-other": Code(
        _ROTATION,
        _E,
        "A rotation to another root is under way",
        "Complete it first, or go back to the old root: set federation_rotate_root to a file with that",
    ),
    "rotation-underway": Code(
        _ROTATION,
        _W,
        "The root of a mesh is being rotated, and its peers keep trusting the old root and the new one",
        "Continue the rotation with rotate_trust.yml",
    ),
    "rotation-unprepared": Code(
        _ROTATION,
        _E,
        "A peer is not known to trust both roots, so the mesh must not change its root yet",
        "Correct what the message names, and run rotate_trust.yml again",
    ),
    "rotation-unproven": Code(
        _ROTATION,
        _E,
        "A link has not connected with the new root, so the old one stays trusted",
        "Correct the link, and run rotate_trust.yml again",
    ),
    "rotation-unchanged": Code(
        _ROTATION,
        _E,
        "istiod was restarted and still publishes the old root",
        "Replace the CA certificate of the mesh (Secret cacerts), and run rotate_trust.yml again",
    ),
    # Diagnosis of a link
    "root-config-map": Code(
        _DIAGNOSIS,
        _E,
        "The ConfigMap with the root of a peer is missing, or has no certificate under root-cert.pem",
        "Run federate.yml",
    ),
    "egress-differs": Code(
        _DIAGNOSIS,
        _E,
        "A ServiceMeshPeer names another egress gateway than the one for that peer",
        "Correct spec.gateways.egress.name of the ServiceMeshPeer",
    ),
    "ingress-differs": Code(
        _DIAGNOSIS,
        _E,
        "A ServiceMeshPeer names another ingress gateway than the one for that peer",
        "Correct spec.gateways.ingress.name of the ServiceMeshPeer",
    ),
    "ingress-missing": Code(
        _DIAGNOSIS,
        _E,
        "The ingress gateway that a ServiceMeshPeer names does not exist",
        "Run federate.yml",
    ),
    "gateway-not-ready": Code(
        _DIAGNOSIS, _E, "A gateway of a pair has no ready pod", "Look at the pods of the gateway and at their events"
    ),
    "address-differs": Code(
        _DIAGNOSIS,
        _E,
        "A ServiceMeshPeer has other addresses than the ingress gateway of the other mesh",
        "Run federate.yml",
    ),
    "port-differs": Code(
        _DIAGNOSIS,
        _E,
        "A ServiceMeshPeer has another port than the ingress gateway of the other mesh",
        "Run federate.yml",
    ),
    "trust-domain-differs": Code(
        _DIAGNOSIS, _E, "A ServiceMeshPeer has another trust domain than the other mesh", "Run federate.yml"
    ),
    "root-differs": Code(
        _DIAGNOSIS, _E, "A mesh does not trust the root that the other mesh publishes", "Run federate.yml"
    ),
    "set-missing": Code(
        _DIAGNOSIS,
        _E,
        "A mesh declares exports or imports for a peer and has no set of its name",
        "Run federate.yml",
        healed_by="federate",
    ),
    "service-missing": Code(
        _DIAGNOSIS,
        _E,
        "An export rule names a Service that does not exist",
        "Create the Service, or correct the name in mesh_exports",
    ),
    "rules-differ": Code(
        _DIAGNOSIS, _E, "A set of ours has other rules than the inventory declares", "Run federate.yml"
    ),
    "requests-fail": Code(
        _DIAGNOSIS,
        _E,
        "Requests to an imported service fail, and no wrong value was found",
        "Read the log of the egress gateway here and of the ingress gateway there while a request is sent",
    ),
    "port-closed": Code(
        _DIAGNOSIS,
        _E,
        "Nothing listens at the address of an ingress gateway",
        "Look at the Service of the gateway, its load balancer and its pods",
    ),
    "tls-other": Code(
        _DIAGNOSIS,
        _E,
        "Something else than the ingress gateway of the other mesh answers at its address",
        "Let the address lead to the Service of the gateway",
    ),
    "gateway-root": Code(
        _DIAGNOSIS,
        _E,
        "A gateway shows a certificate of another root than its mesh publishes",
        "Restart the Deployment of the gateway",
    ),
    "client-id-differs": Code(
        _DIAGNOSIS,
        _E,
        "A ServiceMeshPeer expects another client ID than that of the other mesh's egress gateway",
        "Run federate.yml",
    ),
    # Probe
    "probe-namespace": Code(
        _PROBE,
        _E,
        "No namespace is known in which the pods of a probe have a sidecar",
        "Add a namespace to the member roll, or set federation_probe_namespace to a member of the mesh",
    ),
    "probe-target": Code(
        _PROBE,
        _W,
        "The port of an imported service is not known, so nothing is requested from it",
        "Give the run access to the mesh that exports the service, and see that the service has exactly one port",
    ),
    "probe-image": Code(
        _PROBE,
        _E,
        "The image of a probe is not known, cannot be pulled, or lacks a program",
        "Set federation_probe_image to an image with bash, curl and timeout that the cluster can pull",
    ),
    "probe-rejected": Code(
        _PROBE,
        _E,
        "The cluster rejects the pods of a probe: a quota, an admission rule, or the webhook of istiod",
        "Correct what the message names, or set federation_probe_namespace to another member of the mesh",
    ),
    "probe-not-injected": Code(
        _PROBE,
        _E,
        "The pod of a probe has no sidecar, so it is not part of the mesh",
        "Set federation_probe_namespace to a member of the mesh whose namespace does not disable the injection",
    ),
    "probe-failed": Code(
        _PROBE,
        _E,
        "The pod of a probe cannot start, or ended without a report",
        "Run doctor.yml again, and follow the pod with oc get pods -w",
    ),
    "probe-late": Code(
        _PROBE,
        _E,
        "The pods of a probe have not reported in time",
        "Correct what the pod waits for, or raise federation_probe_timeout",
    ),
    "probe-left": Code(
        _PROBE,
        _W,
        "The Job of a probe could not be removed, or still has pods; it removes itself",
        "Wait until it is gone, or delete the Job",
    ),
    # Failover, weights and access
    "failover-region": Code(
        _TRAFFIC,
        _E,
        "Failover is declared between meshes whose regions are equal or not known",
        "Set mesh_locality of both meshes, with different regions",
    ),
    "failover-limited": Code(
        _TRAFFIC,
        _W,
        "The version of a mesh fails over only when its own Service has no endpoints",
        "Scale the local Deployment to zero to fail over; local pods that answer with errors are not enough with this version",
    ),
    "traffic-unmanaged": Code(
        _TRAFFIC,
        _E,
        "An unmanaged object is for the host of a declared failover or split, so that this one is not written",
        "Delete the unmanaged object, or remove failover and weights from the entry",
    ),
    "traffic-unread": Code(
        _TRAFFIC,
        _E,
        "The objects about requests cannot be listed, so that it is not known whether others manage the same hosts, and none is written",
        "Grant the account the rights of docs/rbac/traffic.yaml",
    ),
    "traffic-held": Code(
        _TRAFFIC,
        _W,
        "A split is not written yet, as its imported host does not exist and requests to it would fail",
        "Run federate.yml again when the service is imported",
    ),
    "traffic-elsewhere": Code(
        _TRAFFIC,
        _W,
        "Failover, a split or a policy is declared for a mesh that this run does not write",
        "Run federate.yml without --limit",
    ),
    "traffic-not-rendered": Code(
        _TRAFFIC,
        _W,
        "A split of requests is not among the files of render.yml",
        "Run federate.yml for the split, or write the VirtualService yourself once the service is imported",
    ),
    "traffic-undeclared": Code(
        _TRAFFIC,
        _W,
        "An object of this collection about requests is not declared any more and stays in force",
        "Run federate.yml with federation_prune, which removes it",
    ),
    # Adoption
    "adopt-peer-unknown": Code(
        _ADOPTION,
        _W,
        "A ServiceMeshPeer is for a mesh that the inventory of adopt.yml does not have",
        "Add that mesh to the inventory, with access or with its identity file, and run adopt.yml again",
    ),
    "adopt-peer-twice": Code(
        _ADOPTION,
        _W,
        "A mesh has several ServiceMeshPeers for one other mesh",
        "Delete the one that is not needed, after its exports, and run adopt.yml again",
    ),
    "adopt-one-sided": Code(
        _ADOPTION,
        _W,
        "Only one of two meshes has a ServiceMeshPeer for the other",
        "Add the pair to mesh_peers in the written inventory; federate.yml then completes the link",
    ),
    "adopt-incomplete": Code(
        _ADOPTION,
        _W,
        "A link lacks objects, so federate.yml would write them",
        "Add the pair to mesh_peers in the written inventory, and let federate.yml write them",
    ),
    "adopt-rules": Code(
        _ADOPTION,
        _W,
        "A live set has a rule that istiod skips or that federate.yml rejects",
        "Correct the rule in the live set, and run adopt.yml again",
    ),
    "adopt-address": Code(
        _ADOPTION,
        _W,
        "A ServiceMeshPeer connects without success to another address than that of its peer's gateway",
        "Remove the address from mesh_ingress of the peer where it is out of date, and run federate.yml",
    ),
    "adopt-field": Code(
        _ADOPTION,
        _I,
        "A live object has a name or a field that no variable expresses; it stays as it is",
        "Leave it as it is",
    ),
    "adopt-credential": Code(
        _ADOPTION,
        _W,
        "A variable with a credential is not written into the inventory",
        "Set it in the written inventory, encrypted, or run with both inventories",
    ),
    "adopt-exists": Code(
        _ADOPTION,
        _E,
        "A file of the inventory exists with other content, and is never overwritten",
        "Name another directory with federation_adopt_to, or move the file away",
    ),
}
