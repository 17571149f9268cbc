# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which rights each step needs, and whether an account has them. Pure.

One table is behind three things: the check before the first write, the roles in ``docs/rbac``, and their test. The rights of the
steps of a federation follow from ``_product.steps``; those of an installation, which have scopes of their own, are here.
The API server matches rules as ``RuleAllows`` of kubernetes/kubernetes (pkg/registry/rbac/validation) does; so does ``allowed``.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ansible_collections.ossm.federation.plugins.module_utils._product.resources import INSPECTED, RESOURCES, Resource
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import (
    LINKING,
    STEPS,
    TRAFFIC,
    Access,
    Step,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem


class Scope(NamedTuple):
    """Where a right is needed: the suffix of its ClusterRole's name, and the namespace in which the role is bound (empty: in
    the whole cluster)."""

    suffix: str
    namespace: str


#: The namespace of the control plane.
MESH = Scope("", "mesh")
#: A namespace that the run itself creates. No role can be bound in it before, so the role is bound in the whole cluster.
CREATED = Scope("", "")
#: The namespace of the operator's Subscription.
OPERATOR = Scope("", "operator")
#: The namespaces of the member roll.
MEMBERS = Scope("-members", "members")
#: Objects that live in no namespace, or in any.
CLUSTER = Scope("-cluster", "")
#: In the order of the files in ``docs/rbac``.
SCOPES = (MESH, CREATED, OPERATOR, MEMBERS, CLUSTER)


class Own(NamedTuple):
    """A placeholder for a name that differs by mesh: of its ``namespace``, its ``control_plane``, its ``operator_namespace``."""

    what: str


class Right(NamedTuple):
    """A row of the table: verbs on a kind, for ``step``. ``names`` are the only objects that it is needed for (none: all).

    ``without`` says what is lost when the right is missing; empty when the mesh cannot be read or written without it.
    ``scope`` says where it is needed (None: where objects of the kind are).
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


def _access(step: Step, rows: Iterable[Access]) -> Tuple[Right, ...]:
    """The rights to read or to follow what a step needs."""
    return tuple(
        Right(step.name, row.kind, row.verbs, row.names, row.without, CLUSTER if row.everywhere else None)
        for row in rows
    )


def _write(step: Step, *, traffic: bool = False) -> Tuple[Right, ...]:
    """The rights to write the kinds of a step: those in the namespace of the mesh, or those in the namespaces of services."""
    scope = MEMBERS if traffic else None
    writes = [write for write in step.writes if (write.kind in TRAFFIC) is traffic]
    return tuple(Right(step.name, write.kind, write.verbs, scope=scope) for write in writes)


_DISCOVER, _GATEWAYS, _REPORT = (STEPS[name] for name in ("discover", "gateways", "report"))
_REMOVAL, _SERVICE, _ROTATION, _TRUST_DOMAIN, _SHARE, _TRAFFIC = (
    STEPS[name] for name in ("removal", "service", "rotation", "trust_domain", "share", "traffic")
)
#: To read a mesh; the rest of the cluster is only read where the account may.
_READ = _access(_DISCOVER, (row for row in _DISCOVER.reads if not row.everywhere))
#: To find the control plane of a mesh whose namespace is not declared.
_FIND = _access(_DISCOVER, (row for row in _DISCOVER.reads if row.everywhere and row.kind != "Service"))
#: To read what rules are compared with.
_SERVICES = _access(_DISCOVER, (row for row in _DISCOVER.reads if row.everywhere and row.kind == "Service"))
_WRITE = tuple(right for name in LINKING for right in _write(STEPS[name]))
#: A check run looks once, every other run follows what changes.
_LOOK = _access(_GATEWAYS, _GATEWAYS.reads)
_WAIT = tuple(right for step in (_GATEWAYS, _REPORT) for right in _access(step, step.waits))

#: To install a mesh. Writing is limited to the objects' names: nothing else keeps it from all other namespaces.
_INSTALL = (
    Right("install", "Namespace", ("get", "create", "patch"), (Own("namespace"),), scope=CREATED),
    Right("install", "ServiceMeshControlPlane", ("list",), scope=CREATED),
    Right("install", "ServiceMeshControlPlane", ("create", "patch", "watch"), (Own("control_plane"),), scope=CREATED),
    Right("install", "ServiceMeshMemberRoll", ("list",), scope=CREATED),
    Right("install", "ServiceMeshMemberRoll", ("create", "patch"), ("default",), scope=CREATED),
    Right(
        "install",
        "ServiceMeshMemberRoll",
        ("get",),
        ("default",),
        "the mesh is assumed to have workloads, so its trust domain changes only when that is confirmed",
        CREATED,
    ),
    # Not a request of this collection: the operator's webhook checks whether the account may update pods in a namespace that
    # it makes a member (maistra/istio-operator, pkg/controller/servicemesh/webhooks/validation/memberroll.go).
    Right("install", "Pod", ("update",), scope=MEMBERS),
)


def _operator(scope: Scope) -> Tuple[Right, ...]:
    """The rights to subscribe to the operator, in an existing namespace or in one that the run creates. Check mode gets and
    lists what every other run watches."""
    return (
        Right("install", "Subscription", ("list",), scope=scope),
        Right("install", "Subscription", ("get", "create", "patch", "watch"), ("servicemeshoperator",), scope=scope),
        Right("install", "ClusterServiceVersion", ("list", "watch"), scope=scope),
        Right("install", "CustomResourceDefinition", ("get", "watch"), ("servicemeshcontrolplanes.maistra.io",)),
    )


#: To find the pods with a former identity.
_IDENTITIES = (
    Right("trust_domain", "Pod", ("list",), (), "it is not known which pods have the former identity", MEMBERS),
)

#: To share services alone: an application team has these rights, and may have those of the peers beside them.
_SHARING, _SHARING_PEERS = (
    tuple(
        right
        for right in (*_access(_SHARE, _SHARE.reads), *_write(_SHARE), *_access(_SHARE, _SHARE.waits))
        if (right.kind == "ServiceMeshPeer") is is_peer
    )
    for is_peer in (False, True)
)

#: What an account needs, by what it is for: the name of a file in ``docs/rbac`` and of the ClusterRoles in it.
PLAYBOOKS: Dict[str, Tuple[Right, ...]] = {
    "export-identity": _READ + _FIND + _write(_GATEWAYS) + _access(_GATEWAYS, _GATEWAYS.waits),
    "federate": _READ + _FIND + _SERVICES + _WRITE + _WAIT,
    "federate-check": _READ + _FIND + _SERVICES + _WRITE + _LOOK,
    "gather": _READ + _FIND + _SERVICES + _access(STEPS["gather"], STEPS["gather"].reads),
    "gather-debug": (
        Right("gather", "pods/portforward", ("create", "get"), (), "the archive has no debug pages of istiod"),
    ),
    "gather-inspect": tuple(
        Right("gather", kind, ("get", "list"), (), "the archive lacks a part of what oc adm inspect collects")
        for kind in INSPECTED
    ),
    "install": _INSTALL,
    "install-operator": (
        # A namespace is in the scope of its own RoleBindings.
        Right("install", "Namespace", ("get",), ("openshift-operators",), scope=OPERATOR),
        *_operator(OPERATOR),
    ),
    "install-operator-namespace": (
        Right("install", "Namespace", ("get", "create", "patch"), (Own("operator_namespace"),), scope=CREATED),
        Right("install", "OperatorGroup", ("list",), scope=CREATED),
        Right("install", "OperatorGroup", ("create", "patch"), (Own("operator_namespace"),), scope=CREATED),
        *_operator(CREATED),
    ),
    "inventory": _FIND + tuple(right for right in _READ if right.where == CLUSTER),
    "inventory-hub": (Right("inventory", "ManagedCluster", ("list",)),),
    "read": _READ + _FIND + _SERVICES,
    "remove": _READ + _FIND + _access(_REMOVAL, _REMOVAL.reads) + _write(_REMOVAL) + _access(_REMOVAL, _REMOVAL.waits),
    "remove-service": _READ
    + _FIND
    + _access(_SERVICE, _SERVICE.reads)
    + _write(_SERVICE)
    + _access(_SERVICE, _SERVICE.waits),
    "trust-domain": (
        *_READ,
        *_FIND,
        *_access(_TRUST_DOMAIN, _TRUST_DOMAIN.reads),
        *_write(_TRUST_DOMAIN),
        *_access(_TRUST_DOMAIN, _TRUST_DOMAIN.waits),
        *_IDENTITIES,
    ),
    "restart-workloads": tuple(
        Right("trust_domain", kind, verbs, (), "the workloads have to be restarted by others", MEMBERS)
        for kind, verbs in (
            ("Pod", ("watch",)),
            *((kind, ("get", "list", "patch", "watch")) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
        )
    ),
    "rotate": _READ
    + _FIND
    + _access(_ROTATION, _ROTATION.reads)
    + _write(_ROTATION)
    + _access(_ROTATION, _ROTATION.waits)
    + (Right("rotation", "Pod", ("list",), (), "workloads with certificates of the old root are not listed", MEMBERS),),
    "share": _SHARING,
    "share-peers": _SHARING_PEERS,
    "status": _READ + _FIND + _SERVICES,
    "doctor": _READ + _FIND + _SERVICES,
    # Beside the rights of doctor.yml.
    "probe": (
        Right("doctor", "Pod", ("list",), scope=MESH),
        Right("doctor", "Job", ("create", "patch", "delete"), scope=MEMBERS),
        Right("doctor", "Pod", ("watch",), scope=MEMBERS),
        Right("doctor", "Event", ("watch",), scope=MEMBERS),
    ),
    "traffic": _access(_TRAFFIC, _TRAFFIC.reads)
    + tuple(right for step in (_TRAFFIC, _REMOVAL, _SERVICE) for right in _write(step, traffic=True)),
    "restart": (Right("report", "Deployment", ("patch", "watch")), Right("report", "Pod", ("list",))),
}
#: The playbooks that read a mesh. The rights of the others are granted beside those of one of these, or create the mesh.
READING = tuple(sorted(name for name, rights in PLAYBOOKS.items() if name == "share" or set(_READ) <= set(rights)))
ROLE = "ossm-federation"


class Need(NamedTuple):
    """One verb on one resource in a mesh's namespace (or the cluster); ``name`` is the object, where it is known."""

    verb: str
    resource: Resource
    name: Optional[str] = None


#: Every right: an account that has it, as an administrator, is not checked for each one.
EVERYTHING = Need("*", Resource("*", "*"))


def needs(rights: Iterable[Right]) -> List[Need]:
    """Each verb of some rows as a Need, in their order and without duplicates; also those that a run can do without."""
    each = (
        Need(verb, RESOURCES[right.kind], name)
        for right in rights
        for verb in right.verbs
        for name in _named(right, {}) or (None,)
    )
    return list(dict.fromkeys(each))


def _named(right: Right, own: Mapping[str, str]) -> Tuple[str, ...]:
    """The names of a row; placeholders are replaced by ``own``, or shown as ``<what>``."""
    return tuple(own.get(one.what, f"<{one.what}>") if isinstance(one, Own) else one for one in right.names)


def beyond_reading(playbook: str) -> List[Need]:
    """What a playbook needs besides reading."""
    return needs(right for right in PLAYBOOKS[playbook] if right.step != "discover" and not right.without)


def writing(kind: str, name: str, *, new: bool) -> List[Need]:
    """What a server-side apply of one object needs."""
    return [Need(verb, RESOURCES[kind], name) for verb in (("create", "patch") if new else ("patch",))]


def has_step(playbook: str, step: str) -> bool:
    """Tell whether a playbook needs any right for a step."""
    return any(right.step == step for right in PLAYBOOKS[playbook])


def waiting(playbook: str, step: str) -> List[Need]:
    """What a step needs to wait for the effect of what it wrote."""
    return needs(
        right
        for right in PLAYBOOKS[playbook]
        if right.step == step and "patch" not in right.verbs and not right.without
    )


def allowed(rules: Sequence[Mapping[str, Any]], need: Need) -> Optional[bool]:
    """Whether rules (``resourceRules`` of a SelfSubjectRulesReview) allow something.

    None when they do so for some objects by name, and ``need`` names none.
    """
    fitting = [
        rule
        for rule in rules
        if _fits(rule, "verbs", need.verb)
        and _fits(rule, "apiGroups", need.resource.group)
        and _fits(rule, "resources", need.resource.plural)
    ]
    if any(not rule.get("resourceNames") or need.name in rule["resourceNames"] for rule in fitting):
        return True
    return None if fitting and need.name is None else False


def _fits(rule: Mapping[str, Any], key: str, value: str) -> bool:
    """Whether a list of a rule has a value, or all values."""
    listed = rule.get(key) or []
    return value in listed or "*" in listed


def concerning(rules: Sequence[Mapping[str, Any]]) -> List[Json]:
    """The rules of an account that concern our resources: an administrator has many others."""
    keys = ("verbs", "apiGroups", "resources", "resourceNames")
    return [
        {key: list(rule[key]) for key in keys if rule.get(key)}
        for rule in rules
        if any(
            _fits(rule, "apiGroups", one.group) and _fits(rule, "resources", one.plural) for one in RESOURCES.values()
        )
    ]


def granting(need: Need) -> Json:
    """The rule that allows exactly this need, which an access review has granted."""
    rule: Json = {"verbs": [need.verb], "apiGroups": [need.resource.group], "resources": [need.resource.plural]}
    return {**rule, "resourceNames": [need.name]} if need.name else rule


def attributes(need: Need, namespace: str) -> Json:
    """``spec.resourceAttributes`` of a SelfSubjectAccessReview."""
    asked: Json = {"verb": need.verb, "group": need.resource.group, "resource": need.resource.plural}
    if need.resource.namespaced:
        asked["namespace"] = namespace
    return {**asked, "name": need.name} if need.name else asked


def missing(rules: Sequence[Mapping[str, Any]], wanted: Iterable[Need]) -> List[Need]:
    """The needs that an account does not have. A need that it has for some objects by name is not missing."""
    return [need for need in wanted if allowed(rules, need) is False]


def missing_problems(mesh: str, namespace: str, missing_needs: Sequence[Need], playbook: str) -> List[Problem]:
    """The problem of an account that lacks rights for a playbook; none where it lacks nothing."""
    if not missing_needs:
        return []
    return [
        problem(
            "permission-missing",
            mesh,
            f"namespace {namespace}",
            f"the account may not {in_words(missing_needs)}",
            f"Bind it to the ClusterRole {role_name(playbook)} in this namespace (docs/rbac/{playbook}.yaml)",
        )
    ]


def in_words(missing_needs: Sequence[Need]) -> str:
    """Needs as text, the verbs of one resource together: ``create and patch configmaps; watch services``."""
    verbs: Dict[str, List[str]] = {}
    for need in missing_needs:
        listed = verbs.setdefault(str(need.resource), [])
        if need.verb not in listed:
            listed.append(need.verb)
    return "; ".join(f"{_joined(sorted(listed))} {resource}" for resource, listed in sorted(verbs.items()))


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def without(kind: str) -> str:
    """What is lost when a kind that a run can do without cannot be read."""
    return next((right.without for right in _READ if right.kind == kind), "")


def role_name(playbook: str, scope: Scope = MESH) -> str:
    """The name of the ClusterRole for a scope; by default that for a mesh's namespace."""
    return f"{ROLE}-{playbook}{scope.suffix}"


def roles(playbook: str, own: Optional[Mapping[str, str]] = None) -> Dict[Scope, Json]:
    """The ClusterRoles of a playbook by where they are bound. ``own`` replaces placeholders (see ``Own``)."""
    rights = PLAYBOOKS[playbook]
    return {
        scope: _role(role_name(playbook, scope), _rules([right for right in rights if right.where == scope], own or {}))
        for scope in SCOPES
        if any(right.where == scope for right in rights)
    }


def _role(name: str, rules: List[Json]) -> Json:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }


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
