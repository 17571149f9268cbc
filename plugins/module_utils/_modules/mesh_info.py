# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""KNOW: what a mesh is and has, in at most fourteen requests, one or two for the Services that rules concern, and one for
each thing that is asked for besides.

Private to this collection; never writes.

A mesh that cannot be read is a result with problems, not an error. It is readable when everything was read that the others
and the run itself need of it; what only adds to that degrades to a warning.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import applied
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import AUTH_OPTION
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ISTIOD_SELECTOR,
    NODE_PORT,
    ROOT_CONFIG_MAP,
    ROOT_KEY,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import (
    EVERYTHING,
    READING,
    Need,
    allowed,
    attributes,
    beyond_reading,
    concerning,
    granting,
    without,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import (
    balanced,
    detect,
    infrastructure_type,
    platform_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import (
    known_members,
    read_control_plane,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import normalise_bundle, read_roots

Say = Callable[[str], None]

ARGUMENT_SPEC: Json = {
    "meshes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "host": {"type": "str"},
            "mesh": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "control_plane": {"type": "str"},
            "federation": {"type": "bool", "default": True},
            "also": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "kind": {"type": "str", "required": True},
                    "namespace": {"type": "str"},
                    "name": {"type": "str"},
                },
            },
            "services": {"type": "list", "elements": "str", "default": []},
            "auth": AUTH_OPTION,
        },
    },
    "rights_for": {"type": "str", "choices": list(READING)},
}

#: Codes of what a cluster does not have, as opposed to what it does not tell.
ABSENT_CODES = ("missing", "kind-missing")
#: Any namespace, or any name.
ANY = "*"
#: The Service of OpenShift's own router. Where a cloud controller runs it has a load balancer, long before we have one.
ROUTER = ("router-default", "openshift-ingress")
#: Namespaces whose Services are listed one by one. Where more are asked for, one request lists those of all.
LISTED = 2
#: Why answers are incomplete on many clusters: one authorizer, which decides for nodes alone, tells no rules, in older
#: versions to nobody (kubernetes/kubernetes, plugin/pkg/auth/authorizer/node). The others have told all of theirs.
NODES_ONLY = "node authorizer does not support user rule resolution"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def run(params: Json, check_mode: bool, say: Say) -> Json:
    """Read every mesh of ``params["meshes"]``; ``meshes`` of the result has the same order."""
    clusters: Dict[str, Cluster] = {}
    rights_for = params.get("rights_for")
    return {"changed": False, "meshes": [read_mesh(wanted, clusters, rights_for) for wanted in params["meshes"]]}


def empty_facts(wanted: Json) -> Json:
    """MeshFacts of a mesh of which nothing is known."""
    return {
        "host": wanted.get("host") or wanted["mesh"],
        "mesh": wanted["mesh"],
        "namespace": wanted["namespace"],
        "readable": False,
        "problems": [],
        "cluster_uid": None,
        "platform": {"type": "", "name": "", "source": "none", "architectures": [], "message": "unknown"},
        "openshift": {"version": None, "message": "an unknown version of OpenShift"},
        "rights": None,
        "nodes": [],
        "control_plane": None,
        "members": [],
        "root": "",
        "fingerprints": [],
        "roots": [],
        "services": {},
        "peers": [],
        "exports": [],
        "imports": [],
        "config_maps": [],
        **({"also": []} if wanted.get("also") else {}),
        **({"shared": {"services": [], "unread": []}} if wanted.get("services") else {}),
        "istiod": None,
    }


def read_mesh(wanted: Json, clusters: Dict[str, Cluster], rights_for: Optional[str] = None) -> Json:
    """MeshFacts of one mesh; ``clusters`` keeps connections for meshes with the same access.

    ``rights_for`` names what the account is going to be used for (``_product.permissions.PLAYBOOKS``); without it nobody asks
    what it may do.
    """
    facts = empty_facts(wanted)
    auth = {key: value for key, value in (wanted.get("auth") or {}).items() if value is not None}
    facts["problems"] = check_access(auth, wanted["mesh"])
    if facts["problems"]:
        return facts
    try:
        key = json.dumps(auth, sort_keys=True)
        if key not in clusters:
            clusters[key] = Cluster(auth)
        facts["readable"] = _Reader(clusters[key], wanted, facts).read(rights_for)
    except ClusterError as error:
        facts["problems"].append(error.problem(wanted["mesh"], f"API server of {wanted['mesh']}"))
    return facts


class _Reader:
    """Reads one mesh into its facts; a fatal error of the cluster goes up, every other becomes a problem."""

    def __init__(self, cluster: Cluster, wanted: Json, facts: Json) -> None:
        self.cluster = cluster
        self.facts = facts
        self.mesh: str = wanted["mesh"]
        self.namespace: str = wanted["namespace"]
        self.wanted: Optional[str] = wanted.get("control_plane")
        self.also: List[Json] = wanted.get("also") or []
        self.patterns = [Pattern(*one.partition("/")[::2]) for one in wanted.get("services") or []]
        #: The Services of the mesh's own namespace.
        self.own: List[Json] = []
        self.federation: bool = wanted.get("federation") is not False
        self.said: Set[Tuple[str, str, str]] = set()
        #: Whether everything that is needed could be read so far.
        self.complete = True
        #: The kinds that the cluster does not have, or of which it has not the one object.
        self.absent: Dict[str, str] = {}

    def read(self, rights_for: Optional[str]) -> bool:
        """All of it; whether nothing is missing that is needed. The control plane first: without one only the cluster is
        described."""
        if self.federation:
            self.facts["cluster_uid"] = self._cluster_uid()
        for one in self.also:
            self.facts["also"].append({**one, **self._other(one["kind"], one.get("namespace"), one.get("name"))})
        smcp = self._control_plane()
        if not self.federation:
            if smcp is not None:
                self._members()
            return smcp is not None and self.complete
        if rights_for and beyond_reading(rights_for):
            self._rights(rights_for)
        self._platform()
        self._openshift()
        if smcp is None:
            return False
        self._federation()
        self._config_maps()
        self._services()
        self._members()
        self._shared()
        self._istiod()
        return self.complete

    def _problem(self, found: Problem) -> None:
        """Note a problem once: three kinds of one missing group need not be three lines. That something is only a warning
        where it was asked for besides does not keep it from being an error where it is needed."""
        key = (found["code"], found["message"], found["severity"])
        if key not in self.said:
            self.said.add(key)
            self.facts["problems"].append(found)

    def _ask(
        self, function: Callable[..., Any], kind: str, *args: str, missing: Any, warn: bool = False
    ) -> Any:
        """One request; ``missing`` when it fails, with a problem (a warning when the mesh can be used without it)."""
        try:
            return function(kind, *args)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            if warn:
                self._degraded(error, " ".join((kind, *args)))
            else:
                self._problem(error.problem(self.mesh, " ".join((kind, *args))))
                self.complete = False
            return missing

    def _other(self, kind: str, namespace: Optional[str], name: Optional[str]) -> Json:
        """Objects that only this caller asks for: whether the cluster has the kind, what is there, and why that is not
        known. What of it is needed, only the caller can tell."""
        try:
            found = [self.cluster.get(kind, name, namespace)] if name else self.cluster.list(kind, namespace)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            told = None
            if error.code not in ABSENT_CODES:
                told = error.problem(self.mesh, f"{kind} {namespace or name}")
                told["severity"] = "warning"
                self._problem(told)
            return {"served": error.code != "kind-missing", "objects": [], "problem": told}
        return {"served": True, "objects": [trim(one) for one in found], "problem": None}

    def _degraded(self, error: ClusterError, where: str) -> None:
        """Warn of something that could not be read, and say what comes of that: the mesh can do without."""
        found = error.problem(self.mesh, where)
        found["severity"] = "warning"
        lost = without(where.partition(" ")[0])
        if lost:
            found["message"] = f"{lost}: {found['message']}"
        self._problem(found)

    def _rights(self, playbook: str) -> None:
        """What the account may do here: the rules that the API server knows, and a question for each right that they leave
        open. Reading needs no question: it shows by itself."""
        try:
            told = self.cluster.review("SelfSubjectRulesReview", {"namespace": self.namespace})
            rules = concerning(told.get("resourceRules") or [])
            if told.get("incomplete") and told.get("evaluationError") != NODES_ONLY:
                unclear = [need for need in beyond_reading(playbook) if allowed(rules, need) is False]
                asked = [EVERYTHING] if unclear and self._may(EVERYTHING) else [one for one in unclear if self._may(one)]
                rules += [granting(need) for need in asked]
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            self._degraded(error, "SelfSubjectRulesReview")
            return
        self.facts["rights"] = rules

    def _may(self, need: Need) -> bool:
        """Whether the account may do one thing, by an access review."""
        told = self.cluster.review("SelfSubjectAccessReview", {"resourceAttributes": attributes(need, self.namespace)})
        return bool(told.get("allowed"))

    def _cluster_uid(self) -> Optional[str]:
        """The UID of kube-system: what tells one cluster from another."""
        found = self._ask(self.cluster.get, "Namespace", "kube-system", missing=None, warn=True)
        return found["metadata"]["uid"] if found else None

    def _control_plane(self) -> Optional[Json]:
        """The control plane that is meant, or None with a problem that lists those which are there."""
        there = self._ask(self.cluster.list, "ServiceMeshControlPlane", self.namespace, missing=None)
        if there is None:
            return None
        chosen = [one for one in there if self.wanted in (None, one["metadata"]["name"])]
        if len(chosen) != 1:
            self._no_control_plane(there)
            return None
        smcp = cast(Json, chosen[0])
        self.facts["control_plane"] = {
            **read_control_plane(smcp), "owners": owners(smcp), "managers": managers(smcp),
            "object": trim(smcp, status=False),
        }
        return smcp

    def _no_control_plane(self, there: Sequence[Json]) -> None:
        """Say which control planes there are instead."""
        names = [one["metadata"]["name"] for one in there]
        what = f"ServiceMeshControlPlane {self.namespace}/{self.wanted or ''}".rstrip("/")
        if names and not self.wanted:
            message = f"there are several control planes: {', '.join(sorted(names))}"
            self._problem(problem("control-plane-ambiguous", self.mesh, what, message, "Set mesh_control_plane"))
            return
        if not names:
            names = self._elsewhere()
        listed = f"Those there: {', '.join(sorted(names))}" if names else "The cluster has none: install one first"
        if not there and self._namespace_missing():
            message = f"there is no namespace {self.namespace}"
            self._problem(problem("namespace-missing", self.mesh, what, message, f"Set mesh_namespace. {listed}"))
            return
        room = f"no control plane {self.wanted}" if self.wanted else "no control plane"
        self._problem(problem("control-plane-missing", self.mesh, what, f"there is {room} in {self.namespace}",
                              f"Set mesh_control_plane or mesh_namespace. {listed}"))

    def _elsewhere(self) -> List[str]:
        """The control planes of all namespaces, as far as this user may see them."""
        try:
            found = self.cluster.list("ServiceMeshControlPlane")
        except ClusterError:
            return []
        return [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found]

    def _namespace_missing(self) -> bool:
        """Whether the namespace is known not to be there."""
        try:
            self.cluster.get("Namespace", self.namespace)
        except ClusterError as error:
            return error.code == "missing"
        return False

    def _platform(self) -> None:
        """What the cluster runs on: OpenShift says it, else the nodes do. Nodes are only read where no cloud balances, or
        where a gateway has node ports all the same."""
        infrastructure = self._optional("Infrastructure", "cluster")
        type_ = infrastructure_type(infrastructure)
        nodes: List[Json] = []
        if not platform_of(type_)[1].load_balancer or self._node_ports():
            nodes = self._ask(self.cluster.list, "Node", missing=[], warn=True)
            self.facts["nodes"] = read_nodes(nodes)
        balancers = type_ == "External" and balanced(self._optional("Service", *ROUTER))
        self.facts["platform"] = detect(infrastructure, nodes, balancers)

    def _optional(self, kind: str, *where: str) -> Optional[Json]:
        """One object that helps and is not needed: None where it is not there or, with a warning, may not be read."""
        try:
            return cast(Json, self.cluster.get(kind, *where))
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            if error.code in ABSENT_CODES:
                self.absent[kind] = error.code
            elif without(kind):
                self._degraded(error, " ".join((kind, *where)))
            return None

    def _node_ports(self) -> bool:
        """Whether an additional ingress gateway of the control plane is reached at node ports."""
        gateways = ((self.facts["control_plane"] or {}).get("additionalIngress") or {}).values()
        return any(((one or {}).get("service") or {}).get("type") == NODE_PORT for one in gateways)

    def _openshift(self) -> None:
        """The version of OpenShift; a cluster that has no such group of kinds is plain Kubernetes, and is not asked."""
        found = None if self.absent.get("Infrastructure") == "kind-missing" else self._optional("ClusterVersion", "version")
        version = (((found or {}).get("status") or {}).get("desired") or {}).get("version")
        if version:
            self.facts["openshift"] = {"version": version, "message": f"OpenShift {version}"}
        elif "ClusterVersion" in self.absent or self.absent.get("Infrastructure") == "kind-missing":
            self.facts["openshift"] = {"version": None, "message": "plain Kubernetes (no ClusterVersion)"}

    def _federation(self) -> None:
        """Peers and sets, with what istiod says of them."""
        for key, kind in (("peers", "ServiceMeshPeer"), ("exports", "ExportedServiceSet"),
                          ("imports", "ImportedServiceSet")):
            found = self._ask(self.cluster.list, kind, self.namespace, missing=[])
            self.facts[key] = [trim(one) for one in found]

    def _config_maps(self) -> None:
        """The mesh's own root, and the config maps with roots of others."""
        found = self._ask(self.cluster.list, "ConfigMap", self.namespace, missing=None)
        if found is None:
            return
        chains = [((peer.get("spec") or {}).get("security") or {}).get("certificateChain") or {}
                  for peer in self.facts["peers"]]
        named = {chain.get("name") for chain in chains}
        for one in found:
            meta = one["metadata"]
            if meta["name"] == ROOT_CONFIG_MAP:
                self.facts["root"] = (one.get("data") or {}).get(ROOT_KEY) or ""
            elif meta["name"] in named or meta["name"].endswith("-ca-root-cert") or is_ours(one):
                self.facts["config_maps"].append(trim(one))
        self._roots()

    def _roots(self) -> None:
        """Read the mesh's own root."""
        where = f"ConfigMap {self.namespace}/{ROOT_CONFIG_MAP}"
        if not self.facts["root"]:
            self._problem(problem("root-missing", self.mesh, where, f"there is no root certificate under {ROOT_KEY}",
                                  "Wait until istiod has written it, or look at istiod"))
            return
        try:
            self.facts["root"] = normalise_bundle(self.facts["root"])
            self.facts["roots"] = read_roots(self.facts["root"])
        except ValueError as error:
            self._problem(problem("root-unreadable", self.mesh, where, f"the root certificate cannot be read: {error}",
                                  "Correct the root of this mesh's authority, and restart istiod"))
            self.complete = False
            return
        self.facts["fingerprints"] = [root["sha256"] for root in self.facts["roots"]]

    def _services(self) -> None:
        """The Services of the additional gateways, and of gateways outside the control plane that a peer names."""
        found = self.own = self._ask(self.cluster.list, "Service", self.namespace, missing=[])
        plane = self.facts["control_plane"]
        named = [(peer.get("spec") or {}).get("gateways") or {} for peer in self.facts["peers"]]
        gateways = {*plane["additionalIngress"], *plane["additionalEgress"],
                    *(one.get("name") for two in named for one in two.values() if one)}
        self.facts["services"] = {one["metadata"]["name"]: trim(one) for one in found
                                  if one["metadata"]["name"] in gateways}

    def _members(self) -> None:
        """The namespaces of the mesh. A mesh without a roll has none; a roll that cannot be read leaves them unknown."""
        try:
            roll = self.cluster.get("ServiceMeshMemberRoll", "default", self.namespace)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            if error.code != "missing":
                self._degraded(error, f"ServiceMeshMemberRoll {self.namespace}/default")
                self.facts["members"] = None
            return
        self.facts["members"] = members(roll)

    def _shared(self) -> None:
        """The Services that rules concern, as far as they may be read: a run goes on without."""
        if not self.patterns:
            return
        named = {one.namespace for one in self.patterns}
        asked = self._namespaces(named)
        found = self.own if self.namespace in named else []
        shared = self.facts["shared"]
        for namespace in asked if asked is not None and len(asked) <= LISTED else [None]:
            try:
                listed = self.cluster.list("Service", namespace, fields=self._selected(namespace))
            except ClusterError as error:
                if error.code in FATAL_CODES:
                    raise
                shared["unread"].append({"namespace": namespace, "message": error.message})
                continue
            found = found + [one for one in listed if one["metadata"]["namespace"] != self.namespace
                             and (asked is None or one["metadata"]["namespace"] in asked)]
        shared["services"] = [shared_service(one) for one in found if any(pattern.takes(one) for pattern in self.patterns)]

    def _namespaces(self, named: Set[str]) -> Optional[List[str]]:
        """The namespaces besides the mesh's own in which Services are looked for; None for all of the cluster. A wildcard
        means those that istiod sees; its own has nothing but the control plane in it."""
        seen = known_members(self.facts) if ANY in named else []
        return None if seen is None else sorted({*named, *seen} - {ANY, self.namespace})

    def _selected(self, namespace: Optional[str]) -> str:
        """A field selector, where only one Service of a namespace is asked for: some have hundreds."""
        names = {one.name for one in self.patterns if one.namespace in (namespace, ANY)}
        return f"metadata.name={names.pop()}" if namespace and len(names) == 1 and ANY not in names else ""

    def _istiod_list(self, kind: str, namespace: str) -> List[Json]:
        return self.cluster.list(kind, namespace, labels=ISTIOD_SELECTOR)

    def _istiod(self) -> None:
        """The istiod pods: what changes under a running one, it may never take up."""
        found = self._ask(self._istiod_list, "Pod", self.namespace, missing=None, warn=True)
        self.facts["istiod"] = None if found is None else istiod_pods(found, self.facts["control_plane"]["name"])


class Pattern(NamedTuple):
    """Services that are asked for; each part is ``*`` for any."""

    namespace: str
    name: str

    def takes(self, service: Json) -> bool:
        """Whether a Service is asked for. One that only names a host outside is none that a mesh could share
        (maistra/istio pkg/servicemesh/federation/common/exports.go, MeshExternal)."""
        meta, spec = service["metadata"], service.get("spec") or {}
        fits = self.namespace in (ANY, meta["namespace"]) and self.name in (ANY, meta["name"])
        return fits and spec.get("type") != "ExternalName"




def members(roll: Json) -> Optional[List[str]]:
    """The namespaces of a member roll; None while it selects them by label and the operator has not said which."""
    spec, configured = roll.get("spec") or {}, (roll.get("status") or {}).get("configuredMembers")
    if not configured and spec.get("memberSelectors"):
        return None
    return sorted(configured or spec.get("members") or [])


def managers(obj: Json) -> List[str]:
    """The field managers of an object, those of its status left out."""
    entries = obj["metadata"].get("managedFields") or []
    return sorted({one["manager"] for one in entries if one.get("manager") and one.get("subresource") != "status"})


def owners(smcp: Json) -> Dict[str, List[str]]:
    """Who owns the trust domain and each additional gateway of a control plane: path -> field managers."""
    found: Dict[str, Set[str]] = {}
    for entry in smcp["metadata"].get("managedFields") or []:
        if entry.get("subresource") == "status":
            continue
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        paths = []
        if "f:domain" in ((spec.get("f:security") or {}).get("f:trust") or {}):
            paths.append("spec.security.trust.domain")
        for side in ("additionalIngress", "additionalEgress"):
            fields = (spec.get("f:gateways") or {}).get(f"f:{side}") or {}
            paths += [f"spec.gateways.{side}.{name[2:]}" for name in fields if name.startswith("f:")]
        for path in paths:
            found.setdefault(path, set()).add(entry.get("manager") or "unknown")
    return {path: sorted(names) for path, names in sorted(found.items())}


def trim(obj: Json, *, status: bool = True) -> Json:
    """A live object without what only the API server needs; ``managers`` says who wrote it, ``applied`` what of it we did."""
    meta = obj["metadata"]
    kept = {key: meta[key] for key in ("name", "namespace", "uid", "labels", "generation", "resourceVersion",
                                       "creationTimestamp", "deletionTimestamp") if key in meta}
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != _LAST_APPLIED}
    if annotations:
        kept["annotations"] = annotations
    rest = {key: value for key, value in obj.items() if key != "metadata" and (status or key != "status")}
    return {**rest, "metadata": kept, "managers": managers(obj), "applied": applied(obj)}


def shared_service(service: Json) -> Json:
    """What rules and ports of rules are compared with, and no more: there may be hundreds of them."""
    meta, ports = service["metadata"], (service.get("spec") or {}).get("ports") or []
    labels = {"labels": meta["labels"]} if meta.get("labels") else {}
    return {"namespace": meta["namespace"], "name": meta["name"], **labels,
            "ports": [{"name": port.get("name") or "", "port": port["port"]} for port in ports]}


def istiod_pods(pods: Sequence[Json], control_plane: str) -> List[Json]:
    """The istiod pods of a control plane that are not on their way out: ``name``, ``started`` (RFC 3339 or None)."""
    return sorted(
        (
            {"name": pod["metadata"]["name"], "started": (pod.get("status") or {}).get("startTime")}
            for pod in pods
            if not pod["metadata"].get("deletionTimestamp")
            and (pod["metadata"].get("labels") or {}).get("istio.io/rev", control_plane) == control_plane
        ),
        key=lambda pod: str(pod["name"]),
    )


def read_nodes(nodes: Sequence[Json]) -> List[Json]:
    """Nodes that are ready: name, addresses (external ones, else internal), internal addresses, region, zone, arch."""
    found = []
    for node in nodes:
        status, labels = node.get("status") or {}, node["metadata"].get("labels") or {}
        ready = next((one for one in status.get("conditions") or [] if one.get("type") == "Ready"), None)
        if ready is not None and ready.get("status") != "True":
            continue
        rows = status.get("addresses") or []
        external = [row["address"] for row in rows if row.get("type") == "ExternalIP"]
        internal = [row["address"] for row in rows if row.get("type") == "InternalIP"]
        found.append({
            "name": node["metadata"]["name"],
            "addresses": external or internal,
            "internal": internal,
            "region": labels.get("topology.kubernetes.io/region"),
            "zone": labels.get("topology.kubernetes.io/zone"),
            "arch": labels.get("kubernetes.io/arch"),
        })
    return sorted(found, key=lambda one: str(one["name"]))
