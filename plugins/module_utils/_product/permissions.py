# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which rights each step needs, and whether an account has them. Pure.

One table is behind three things: what is asked and said before the first write, the roles in ``docs/rbac``, and their test.
The API server matches rules as ``RuleAllows`` of kubernetes/kubernetes, pkg/registry/rbac/validation and
pkg/apis/rbac/v1/evaluation_helpers.go, does; so does ``allowed``.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


class Resource(NamedTuple):
    """What RBAC calls a kind: its API group (empty for the core), its plural, and whether it lives in a namespace."""

    group: str
    plural: str
    namespaced: bool = True

    def __str__(self) -> str:
        """As ``kubectl auth can-i`` takes it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


#: The resource of each kind, as in ``_product.kinds.KINDS``, which the filters do not import: the Kubernetes client comes with it.
RESOURCES: Dict[str, Resource] = {
    "Namespace": Resource("", "namespaces", False),
    "Node": Resource("", "nodes", False),
    "ConfigMap": Resource("", "configmaps"),
    "Service": Resource("", "services"),
    "Event": Resource("", "events"),
    "Pod": Resource("", "pods"),
    "Deployment": Resource("apps", "deployments"),
    "Infrastructure": Resource("config.openshift.io", "infrastructures", False),
    "ClusterVersion": Resource("config.openshift.io", "clusterversions", False),
    "CustomResourceDefinition": Resource("apiextensions.k8s.io", "customresourcedefinitions", False),
    "OperatorGroup": Resource("operators.coreos.com", "operatorgroups"),
    "Subscription": Resource("operators.coreos.com", "subscriptions"),
    "ClusterServiceVersion": Resource("operators.coreos.com", "clusterserviceversions"),
    "ServiceMeshControlPlane": Resource("maistra.io", "servicemeshcontrolplanes"),
    "ServiceMeshMemberRoll": Resource("maistra.io", "servicemeshmemberrolls"),
    "ServiceMeshPeer": Resource("federation.maistra.io", "servicemeshpeers"),
    "ExportedServiceSet": Resource("federation.maistra.io", "exportedservicesets"),
    "ImportedServiceSet": Resource("federation.maistra.io", "importedservicesets"),
}


class Scope(NamedTuple):
    """Where a right is needed: what the name of its ClusterRole ends with, and whose namespace it is bound in (empty: in the
    whole cluster)."""

    suffix: str
    namespace: str


#: The namespace of the control plane.
MESH = Scope("", "mesh")
#: A namespace that the run itself makes. Nothing can be bound in it before, so that only the whole cluster is left.
MADE = Scope("", "")
#: The namespace of the operator's Subscription.
OPERATOR = Scope("", "operator")
#: The namespaces of the member roll.
MEMBERS = Scope("-members", "members")
#: Objects that live in no namespace, or in any.
CLUSTER = Scope("-cluster", "")
#: In the order of the files in ``docs/rbac``.
SCOPES = (MESH, MADE, OPERATOR, MEMBERS, CLUSTER)


class Own(NamedTuple):
    """Stands in a row for a name that every mesh has for itself: of its ``namespace``, its ``control_plane``, its
    ``operator_namespace``."""

    what: str


class Right(NamedTuple):
    """A row of the table: verbs on a kind, for ``step``. ``names`` are the only objects that it is needed for (none: all).

    ``without`` says what is lost when the right is missing; empty when the mesh cannot be read or written without it.
    ``scope`` says where it is needed; without it, where objects of the kind live.
    """

    step: str
    kind: str
    verbs: Tuple[str, ...]
    names: Tuple[Union[str, Own], ...] = ()
    without: str = ""
    scope: Optional[Scope] = None

    @property
    def where(self) -> Scope:
        """Where it is needed."""
        return self.scope or (MESH if RESOURCES[self.kind].namespaced else CLUSTER)


#: Reading a mesh; the rest of the cluster is only read where the account may.
_KNOW = (
    Right("KNOW", "Namespace", ("get",), ("kube-system",), "two meshes of one cluster are not recognised as such"),
    Right("KNOW", "Infrastructure", ("get",), ("cluster",), "the platform is told from the nodes"),
    Right("KNOW", "ClusterVersion", ("get",), ("version",), "the version of OpenShift stays unknown"),
    Right("KNOW", "Node", ("list",), (), "node ports cannot be reached, and a platform is only told by Infrastructure"),
    Right("KNOW", "ServiceMeshControlPlane", ("list",)),
    Right("KNOW", "ServiceMeshPeer", ("list",)),
    Right("KNOW", "ExportedServiceSet", ("list",)),
    Right("KNOW", "ImportedServiceSet", ("list",)),
    Right("KNOW", "ConfigMap", ("list",)),
    Right("KNOW", "Service", ("list",)),
    Right("KNOW", "ServiceMeshMemberRoll", ("get",), ("default",), "exported namespaces are not compared with the members"),
    Right("KNOW", "Pod", ("list",), (), "a restart of istiod since a change is not recognised"),
)
#: What rules are compared with.
_SERVICES = Right("KNOW", "Service", ("list",), (), "nobody looks at the ports of exported services", scope=CLUSTER)
#: Server-side apply: the API server asks for patch, and for create as well where nothing is there yet, also in a dry run.
_OPEN = (Right("OPEN", "ServiceMeshControlPlane", ("patch",)),)
_WRITE = (
    *_OPEN,
    Right("SHARE", "ImportedServiceSet", ("create", "patch")),
    Right("SHARE", "ExportedServiceSet", ("create", "patch")),
    Right("JOIN", "ConfigMap", ("create", "patch")),
    Right("JOIN", "ServiceMeshPeer", ("create", "patch")),
)
#: Waiting: a check run looks once, every other run follows what changes.
_EVENTS = Right("OPEN", "Event", ("list",), (), "what a load balancer waits for is told without the events of its Service")
_LOOK = (Right("OPEN", "ServiceMeshControlPlane", ("get",)), _EVENTS)
_WAIT_OPEN = (
    _EVENTS,
    Right("OPEN", "Service", ("watch",)),
    Right("OPEN", "ServiceMeshControlPlane", ("get", "watch")),
)
_WAIT = (
    *_WAIT_OPEN,
    Right("TELL", "ServiceMeshPeer", ("watch",)),
    Right("TELL", "ImportedServiceSet", ("watch",)),
)

#: A new mesh. Writing is bound to the objects' names, as nothing else keeps it from all other namespaces.
_INSTALL = (
    Right("INSTALL", "Namespace", ("get", "create", "patch"), (Own("namespace"),), scope=MADE),
    Right("INSTALL", "ServiceMeshControlPlane", ("list",), scope=MADE),
    Right("INSTALL", "ServiceMeshControlPlane", ("create", "patch", "watch"), (Own("control_plane"),), scope=MADE),
    Right("INSTALL", "ServiceMeshMemberRoll", ("list",), scope=MADE),
    Right("INSTALL", "ServiceMeshMemberRoll", ("create", "patch"), ("default",), scope=MADE),
    Right("INSTALL", "ServiceMeshMemberRoll", ("get",), ("default",),
          "the mesh counts as one with workloads, whose trust domain is only changed as confirmed", MADE),
    # No request of ours: the operator's webhook asks whether who makes a namespace a member may do that in it
    # (maistra/istio-operator, pkg/controller/servicemesh/webhooks/validation/memberroll.go).
    Right("INSTALL", "Pod", ("update",), scope=MEMBERS),
)


def _operator(scope: Scope) -> Tuple[Right, ...]:
    """Subscribing to the operator, in a namespace that is there or that the run makes; check mode gets and lists what
    every other run watches."""
    return (
        Right("INSTALL", "Subscription", ("list",), scope=scope),
        Right("INSTALL", "Subscription", ("get", "create", "patch", "watch"), ("servicemeshoperator",), scope=scope),
        Right("INSTALL", "ClusterServiceVersion", ("list", "watch"), scope=scope),
        Right("INSTALL", "CustomResourceDefinition", ("get", "watch"), ("servicemeshcontrolplanes.maistra.io",)),
    )


#: What an account needs, by what it is for: the name of a file in ``docs/rbac`` and of the ClusterRoles in it.
PLAYBOOKS: Dict[str, Tuple[Right, ...]] = {
    "export-identity": _KNOW + _OPEN + _WAIT_OPEN,
    "federate": _KNOW + (_SERVICES,) + _WRITE + _WAIT,
    "federate-check": _KNOW + (_SERVICES,) + _WRITE + _LOOK,
    "install": _INSTALL,
    "install-operator": (
        # A namespace belongs to itself, so that this can be bound in it.
        Right("INSTALL", "Namespace", ("get",), ("openshift-operators",), scope=OPERATOR),
        *_operator(OPERATOR),
    ),
    "install-operator-namespace": (
        Right("INSTALL", "Namespace", ("get", "create", "patch"), (Own("operator_namespace"),), scope=MADE),
        Right("INSTALL", "OperatorGroup", ("list",), scope=MADE),
        Right("INSTALL", "OperatorGroup", ("create", "patch"), (Own("operator_namespace"),), scope=MADE),
        *_operator(MADE),
    ),
    "read": _KNOW + (_SERVICES,),
    "restart": (Right("TELL", "Deployment", ("patch", "watch")), Right("TELL", "Pod", ("list",))),
}
#: Those by which a mesh is read; the others are granted beside one of these, or make the mesh.
READING = tuple(sorted(name for name, rights in PLAYBOOKS.items() if set(_KNOW) <= set(rights)))
ROLE = "ossm-federation"


class Need(NamedTuple):
    """One verb on one resource in a mesh's namespace (or the cluster); ``name`` is the object, where it is known."""

    verb: str
    resource: Resource
    name: Optional[str] = None


#: All that there is: whoever may that, as administrators do, need not be asked about each right.
EVERYTHING = Need("*", Resource("*", "*"))


def needs(rights: Iterable[Right]) -> List[Need]:
    """Every verb of some rows by itself, in their order, none twice; also those that a run can do without."""
    found = [Need(verb, RESOURCES[right.kind], name)
             for right in rights for verb in right.verbs for name in _named(right, {}) or (None,)]
    return list(dict.fromkeys(found))


def _named(right: Right, own: Mapping[str, str]) -> Tuple[str, ...]:
    """The names of a row; those that a mesh has for itself as ``own`` says, else as ``<what>``."""
    return tuple(own.get(one.what, f"<{one.what}>") if isinstance(one, Own) else one for one in right.names)


def beyond_reading(playbook: str) -> List[Need]:
    """What a playbook needs besides the reading, which has shown already what it may."""
    return needs(right for right in PLAYBOOKS[playbook] if right.step != "KNOW" and not right.without)


def writing(kind: str, name: str, *, new: bool) -> List[Need]:
    """What a server-side apply of one object needs."""
    return [Need(verb, RESOURCES[kind], name) for verb in (("create", "patch") if new else ("patch",))]


def does(playbook: str, step: str) -> bool:
    """Whether a playbook has anything to do in a step."""
    return any(right.step == step for right in PLAYBOOKS[playbook])


def waiting(playbook: str, step: str) -> List[Need]:
    """What a step needs to see whether that what it wrote has come true."""
    return needs(right for right in PLAYBOOKS[playbook] if right.step == step and "patch" not in right.verbs and not right.without)




def allowed(rules: Sequence[Mapping[str, Any]], need: Need) -> Optional[bool]:
    """Whether rules (``resourceRules`` of a SelfSubjectRulesReview) allow something.

    None when they do so for some objects by name, and ``need`` names none.
    """
    fitting = [rule for rule in rules if _fits(rule, "verbs", need.verb) and _fits(rule, "apiGroups", need.resource.group)
               and _fits(rule, "resources", need.resource.plural)]
    if any(not rule.get("resourceNames") or need.name in rule["resourceNames"] for rule in fitting):
        return True
    return None if fitting and need.name is None else False


def _fits(rule: Mapping[str, Any], key: str, value: str) -> bool:
    """Whether a list of a rule has a value, or all values."""
    listed = rule.get(key) or []
    return value in listed or "*" in listed


def concerning(rules: Sequence[Mapping[str, Any]]) -> List[Json]:
    """Of all rules of an account those that say something of our resources: an administrator's are many."""
    keys = ("verbs", "apiGroups", "resources", "resourceNames")
    return [{key: list(rule[key]) for key in keys if rule.get(key)} for rule in rules
            if any(_fits(rule, "apiGroups", one.group) and _fits(rule, "resources", one.plural)
                   for one in RESOURCES.values())]


def granting(need: Need) -> Json:
    """The rule that allows exactly this, for what an access review has granted."""
    rule: Json = {"verbs": [need.verb], "apiGroups": [need.resource.group], "resources": [need.resource.plural]}
    return {**rule, "resourceNames": [need.name]} if need.name else rule


def attributes(need: Need, namespace: str) -> Json:
    """``spec.resourceAttributes`` of a SelfSubjectAccessReview."""
    asked: Json = {"verb": need.verb, "group": need.resource.group, "resource": need.resource.plural}
    if need.resource.namespaced:
        asked["namespace"] = namespace
    return {**asked, "name": need.name} if need.name else asked


def missing(rules: Sequence[Mapping[str, Any]], wanted: Iterable[Need]) -> List[Need]:
    """What of some needs an account may not do. What it may do with some objects by name is not taken for missing."""
    return [need for need in wanted if allowed(rules, need) is False]


def spoken(found: Sequence[Need]) -> str:
    """Needs in words, the verbs of one resource together: ``create and patch configmaps; watch services``."""
    verbs: Dict[str, List[str]] = {}
    for need in found:
        told = verbs.setdefault(str(need.resource), [])
        if need.verb not in told:
            told.append(need.verb)
    return "; ".join(f"{_listed(sorted(several))} {resource}" for resource, several in sorted(verbs.items()))


def _listed(several: Sequence[str]) -> str:
    return " and ".join([", ".join(several[:-1]), several[-1]]) if len(several) > 1 else several[0]


def without(kind: str) -> str:
    """What is lost when a kind that a run can do without cannot be read."""
    return next((right.without for right in _KNOW if right.kind == kind), "")




def role_name(playbook: str, scope: Scope = MESH) -> str:
    """The name of the ClusterRole for a scope; by default that for a mesh's namespace."""
    return f"{ROLE}-{playbook}{scope.suffix}"


def roles(playbook: str, own: Optional[Mapping[str, str]] = None) -> Dict[Scope, Json]:
    """The ClusterRoles of a playbook by where they are bound. ``own`` has the names that a mesh has for itself (``Own``)."""
    rights = PLAYBOOKS[playbook]
    return {scope: _role(role_name(playbook, scope), _rules([right for right in rights if right.where == scope], own or {}))
            for scope in SCOPES if any(right.where == scope for right in rights)}


def _role(name: str, rules: List[Json]) -> Json:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _rules(rights: Sequence[Right], own: Mapping[str, str]) -> List[Json]:
    """The rules of one role: one for each resource and set of names."""
    verbs: Dict[Tuple[Resource, Tuple[str, ...]], List[str]] = {}
    for right in rights:
        verbs.setdefault((RESOURCES[right.kind], _named(right, own)), []).extend(right.verbs)
    rules: List[Json] = []
    for (resource, names), listed in sorted(verbs.items()):
        rule: Json = {"apiGroups": [resource.group], "resources": [resource.plural]}
        rules.append({**rule, **({"resourceNames": list(names)} if names else {}), "verbs": sorted(set(listed))})
    return rules
