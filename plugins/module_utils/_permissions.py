# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which rights each step needs, and whether an account has them. Pure.

One table is behind three things: what is asked and said before the first write, the roles in ``docs/rbac``, and their test.
The API server matches rules as ``RuleAllows`` of kubernetes/kubernetes, pkg/registry/rbac/validation and
pkg/apis/rbac/v1/evaluation_helpers.go, does; so does ``allowed``.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

Json = Dict[str, Any]


class Resource(NamedTuple):
    """What RBAC calls a kind: its API group (empty for the core), its plural, and whether it lives in a namespace."""

    group: str
    plural: str
    namespaced: bool = True

    def __str__(self) -> str:
        """As ``kubectl auth can-i`` takes it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


#: The resource of each kind, as in ``_cluster.KINDS``, which the filters do not import: the Kubernetes client comes with it.
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
    "ServiceMeshControlPlane": Resource("maistra.io", "servicemeshcontrolplanes"),
    "ServiceMeshMemberRoll": Resource("maistra.io", "servicemeshmemberrolls"),
    "ServiceMeshPeer": Resource("federation.maistra.io", "servicemeshpeers"),
    "ExportedServiceSet": Resource("federation.maistra.io", "exportedservicesets"),
    "ImportedServiceSet": Resource("federation.maistra.io", "importedservicesets"),
}


class Right(NamedTuple):
    """A row of the table: verbs on a kind, for ``step``. ``names`` are the only objects that it is needed for (none: all).

    ``without`` says what is lost when the right is missing; empty when the mesh cannot be read or written without it.
    ``elsewhere``: in other namespaces than the mesh's own, so that it is granted in the cluster.
    """

    step: str
    kind: str
    verbs: Tuple[str, ...]
    names: Tuple[str, ...] = ()
    without: str = ""
    elsewhere: bool = False


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
_SERVICES = Right("KNOW", "Service", ("list",), (), "nobody looks at the ports of exported services", elsewhere=True)
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

#: What an account needs, by what it is for: the name of a file in ``docs/rbac`` and of the ClusterRoles in it.
PLAYBOOKS: Dict[str, Tuple[Right, ...]] = {
    "export-identity": _KNOW + _OPEN + _WAIT_OPEN,
    "federate": _KNOW + (_SERVICES,) + _WRITE + _WAIT,
    "federate-check": _KNOW + (_SERVICES,) + _WRITE + _LOOK,
    "read": _KNOW + (_SERVICES,),
    "restart": (Right("TELL", "Deployment", ("patch", "watch")), Right("TELL", "Pod", ("list",))),
}
#: Those by which a mesh is read; the others are granted beside one of these.
READING = tuple(sorted(name for name, rights in PLAYBOOKS.items() if rights[0].step == "KNOW"))
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
             for right in rights for verb in right.verbs for name in right.names or (None,)]
    return list(dict.fromkeys(found))


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


# -- what an account may ---------------------------------------------------------------------------------------------


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


# -- roles -----------------------------------------------------------------------------------------------------------


def role_name(playbook: str, *, cluster: bool = False) -> str:
    """The name of the ClusterRole for a mesh's namespace, or of that for the cluster around it."""
    return f"{ROLE}-{playbook}" + ("-cluster" if cluster else "")


def roles(playbook: str) -> List[Json]:
    """The ClusterRoles of a playbook: one is bound in the namespace of each mesh, the other, if there is any need of it,
    in the cluster."""
    both = [_role(role_name(playbook), _rules(playbook, True)),
            _role(role_name(playbook, cluster=True), _rules(playbook, False))]
    return [role for role in both if role["rules"]]


def _role(name: str, rules: List[Json]) -> Json:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _rules(playbook: str, namespaced: bool) -> List[Json]:
    """The rules of one role: one for each resource and set of names."""
    verbs: Dict[Tuple[Resource, Tuple[str, ...]], List[str]] = {}
    for right in PLAYBOOKS[playbook]:
        resource = RESOURCES[right.kind]
        if (resource.namespaced and not right.elsewhere) == namespaced:
            verbs.setdefault((resource, right.names), []).extend(right.verbs)
    rules: List[Json] = []
    for (resource, names), listed in sorted(verbs.items()):
        rule: Json = {"apiGroups": [resource.group], "resources": [resource.plural]}
        rules.append({**rule, **({"resourceNames": list(names)} if names else {}), "verbs": sorted(set(listed))})
    return rules
