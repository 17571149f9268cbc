# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a new mesh. From what is declared and what was read to the objects of the operator, of the
control plane and of its member roll, and from what became of them to words. Pure.

Nothing that somebody else made is written: a namespace, a Subscription, a control plane or a member roll without our label
stays as it is. Shapes: operator-framework/api pkg/operators, maistra/istio-operator pkg/apis/maistra.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import MANAGED_BY, OURS, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    Severity,
    problem,
    problem_line,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.install import OPERATOR_NAMESPACE, merged
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import trust_domain_of
from ansible_collections.ossm.federation.plugins.plugin_utils._run.changes import change_lines

#: What role install registers: the steps that write, then those that wait.
WRITING = ("operator", "control_plane")
PENDING = ("operator_ready", "control_plane_ready")
#: Problems of mesh_info that say what install.yml is there to change.
_CURED = ("control-plane-missing", "namespace-missing", "kind-missing")
#: Federation needs mutual TLS and no Route. Tracing and Kiali are off, as each would want another operator to be there.
_SPEC: Json = {
    "addons": {"kiali": {"enabled": False}},
    "gateways": {"openshiftRoute": {"enabled": False}},
    "security": {"controlPlane": {"mtls": True}, "dataPlane": {"mtls": True}},
    "tracing": {"type": "None"},
}


def reads(mesh: DeclaredMesh) -> List[Json]:
    """What has to be read of a cluster besides the mesh, for ``mesh_info``'s option ``also``."""
    operator = mesh["installation"]["operator_namespace"]
    return [
        {"kind": "Namespace", "name": mesh["namespace"]},
        {"kind": "ServiceMeshControlPlane", "namespace": mesh["namespace"]},
        {"kind": "ServiceMeshMemberRoll", "namespace": mesh["namespace"]},
        {"kind": "Namespace", "name": operator},
        {"kind": "Subscription", "namespace": operator},
        # The namespace for operators of all namespaces comes with its own.
        *([] if operator == OPERATOR_NAMESPACE else [{"kind": "OperatorGroup", "namespace": operator}]),
    ]


def plan(declaration: Declaration, host: str, facts: Json) -> Json:
    """What install.yml does for one host.

    Returns ``wanted``, ``reads`` (see above), ``operator`` and ``plane`` (wishes for ``mesh_objects``), ``subscription``
    (namespace and name for ``gateway_wait``, None: the operator is there), ``wait`` (whether the control plane is to be
    waited for), ``control_plane`` (its name), ``lines`` (words for people) and ``problems``.
    """
    mesh = declaration["meshes"][host]
    made: Json = {
        "wanted": mesh["installation"]["wanted"],
        "reads": reads(mesh),
        "operator": [],
        "plane": [],
        "subscription": None,
        "wait": False,
        "control_plane": mesh["control_plane"] or mesh["mesh"],
        "lines": [],
        "problems": [],
    }
    if not made["wanted"]:
        made["lines"].append(f"{mesh['mesh']}: left alone, as mesh_install is not set")
    elif facts:
        made["problems"] = [
            one for one in facts["problems"] if one["severity"] == "error" and one["code"] not in _CURED
        ]
        if not made["problems"]:
            _Site(declaration, mesh, facts, made).plan()
    return made


class _Read(NamedTuple):
    """What was read of one kind in one place; ``served`` is False where the cluster has no such kind, ``problem`` says why it
    could not be read."""

    served: bool
    objects: List[Json]
    problem: Optional[Problem] = None


class _Site:
    """The plan for one mesh, as far as it is made."""

    def __init__(self, declaration: Declaration, mesh: DeclaredMesh, facts: Json, made: Json) -> None:
        self.mesh, self.facts, self.made = mesh, facts, made
        self.options = declaration["options"]
        self.in_play = mesh["host"] not in declaration["outside"]
        self.wish = mesh["installation"]
        self.name: str = made["control_plane"]

    def plan(self) -> None:
        """All of it: the operator, then what needs its kinds."""
        self._operator()
        self._control_plane()
        if not self._refused():
            self._members()
        if self._refused():
            # Nothing is begun that cannot be ended.
            self.made.update(operator=[], plane=[], subscription=None, wait=False)

    def _refused(self) -> bool:
        return any(one["severity"] == "error" for one in self.made["problems"])

    def _say(self, text: str) -> None:
        self.made["lines"].append(f"{self.mesh['mesh']}: {text}")

    def _problem(self, code: str, where: str, message: str, remedy: str, severity: Severity = "error") -> None:
        self.made["problems"].append(problem(code, self.mesh["mesh"], where, message, remedy, severity=severity))

    def _found(self, kind: str, place: str) -> _Read:
        """What was read of a kind in a namespace; of a Namespace, under its name."""
        for one in self.facts.get("also") or []:
            if one["kind"] == kind and place in (one.get("namespace"), one.get("name")):
                return _Read(one["served"], one["objects"], one["problem"])
        return _Read(False, [])

    def _needed(self, kind: str, place: str) -> _Read:
        """The same, where it is decided by it what is written: what could not be read is not taken for absent."""
        found = self._found(kind, place)
        if found.problem is not None:
            self.made["problems"].append({**found.problem, "severity": "error"})
        return found

    # The operator

    def _operator(self) -> None:
        """Subscribe to the operator where it is missing, or where the Subscription is ours already."""
        place = self.wish["operator_namespace"]
        served = self._found("ServiceMeshControlPlane", self.mesh["namespace"]).served
        # An operator that is there is nobody's concern who is not asked to subscribe to it.
        asked = self.wish["operator"] or (not served and self.wish["operator"] is None)
        found = (self._needed if asked else self._found)("Subscription", place).objects
        package = self.wish["subscription"]["name"]
        live = next((one for one in found if dig(one, "spec", "name") == package), None)
        if live is not None:
            self.made["subscription"] = None if served else {"namespace": place, "name": live["metadata"]["name"]}
            if not is_ours(live):
                self._say(f"the Subscription {place}/{live['metadata']['name']} is somebody else's and stays as it is")
                return
        elif self.wish["operator"] is False or (served and not self.wish["operator"]):
            if not served:
                words_ = "the cluster has no Service Mesh operator, and mesh_install_operator is false"
                self._problem("operator-missing", "mesh_install_operator", words_, "Install it, or set it to true")
            return
        else:
            self.made["subscription"] = {"namespace": place, "name": package}
        self._subscribe(place, package if live is None else live["metadata"]["name"], live)

    def _subscribe(self, place: str, name: str, live: Optional[Json]) -> None:
        room = self._room(place)
        if room is not None:
            self.made["operator"].append(room)
        later = self._later(place)
        if place != OPERATOR_NAMESPACE:
            groups = self._needed("OperatorGroup", place).objects
            ours = next((one for one in groups if is_ours(one)), None)
            if ours is not None or not groups:
                # A namespace needs exactly one.
                definition = _definition("operators.coreos.com/v1", "OperatorGroup", place, place, {})
                self.made["operator"].append(_wish(definition, ours, later))
        definition = _definition("operators.coreos.com/v1alpha1", "Subscription", name, place, self.wish["subscription"])
        self.made["operator"].append(_wish(definition, live, later))

    def _room(self, name: str) -> Optional[Json]:
        """A wish for a namespace that is not there, or ours."""
        live = next(iter(self._needed("Namespace", name).objects), None)
        if live is not None and not is_ours(live):
            return None
        return _wish(_definition("v1", "Namespace", name, None, None), live, "")

    def _later(self, namespace: str) -> str:
        """Why the API server cannot rehearse an object of a namespace, or nothing."""
        there = self._found("Namespace", namespace).objects
        return "" if there else f"known once the namespace {namespace} is there"

    # The control plane

    def _control_plane(self) -> None:
        """Make the control plane, or keep ours as it is declared; one of somebody else's is never written."""
        namespace = self.mesh["namespace"]
        found = self._found("ServiceMeshControlPlane", namespace)
        live = self._living(found.objects)
        if live is not None and not is_ours(live):
            self._leave(live)
        if self._refused() or (live is not None and not is_ours(live)):
            return
        spec = merged(_SPEC, self.wish["spec"])
        spec = merged(spec, {"security": {"trust": {"domain": self._trust_domain(live)}}})
        if self._refused():
            return
        room = self._room(namespace)
        if room is not None:
            self.made["plane"].append(room)
        definition = _definition("maistra.io/v2", "ServiceMeshControlPlane", self.made["control_plane"], namespace, spec)
        if live is not None:
            definition["metadata"]["uid"] = live["metadata"]["uid"]
        self.made["plane"].append(_wish(definition, live, self._later(namespace) or _without(found)))
        self.made["wait"] = True

    def _living(self, there: List[Json]) -> Optional[Json]:
        """The control plane of the namespace, in which there can be one; a problem when another one is meant."""
        if not there:
            return None
        live = next((one for one in there if one["metadata"]["name"] == self.name), None)
        if live is None and self.mesh["control_plane"] is None and len(there) == 1:
            live = there[0]
        if live is None:
            listed = ", ".join(one["metadata"]["name"] for one in there)
            where = f"ServiceMeshControlPlane {self.mesh['namespace']}/{self.name}"
            self._problem("control-plane-other", where, f"the namespace has another control plane: {listed}",
                          "Set mesh_control_plane to it, or choose another mesh_namespace")
            return None
        self.made["control_plane"] = live["metadata"]["name"]
        return live

    def _leave(self, live: Json) -> None:
        """Somebody else's control plane: used as it is, and reported where it is not as it was asked for."""
        name, by = live["metadata"]["name"], ", ".join(live.get("managers") or []) or "somebody else"
        self._say(f"has the control plane {name}, made by {by}; it stays as it is")
        fields = differences(self.wish["spec"], live.get("spec") or {}, "spec")
        if self.wish["spec"] and fields:
            where = f"ServiceMeshControlPlane {self.mesh['namespace']}/{name}"
            text = f"it is managed by {by}, and differs from mesh_control_plane_spec in {', '.join(fields)}"
            self._problem("unmanaged", where, f"{text}; it is used as it is",
                          "Correct it there, or take that out of mesh_control_plane_spec", "warning")

    def _trust_domain(self, live: Optional[Json]) -> str:
        """The trust domain for the control plane: of ours the one in force, unless a change is allowed."""
        if live is None or self.facts.get("control_plane") is None:
            return self.mesh["trust_domain"] or f"{self.mesh['mesh']}.local"
        domain, dummy, dummy, found = trust_domain_of(self.mesh, self.facts, self.options, self.in_play)
        self.made["problems"] += found
        return str(domain)

    def _members(self) -> None:
        """The member roll, which must be called default (maistra/istio-operator's webhook)."""
        if self.wish["members"] is None:
            return
        namespace = self.mesh["namespace"]
        found = self._needed("ServiceMeshMemberRoll", namespace)
        live = next((one for one in found.objects if one["metadata"]["name"] == "default"), None)
        members = sorted(set(self.wish["members"]))
        if live is not None and not is_ours(live):
            missing = sorted(set(members) - set(dig(live, "spec", "members") or []))
            if missing:
                by = ", ".join(live.get("managers") or []) or "somebody else"
                text = f"it is managed by {by}, and has not {', '.join(missing)}; it is used as it is"
                where = f"ServiceMeshMemberRoll {namespace}/default"
                self._problem("unmanaged", where, text, "Add them there, or take them out of mesh_members", "warning")
            return
        definition = _definition("maistra.io/v1", "ServiceMeshMemberRoll", "default", namespace, {"members": members})
        self.made["plane"].append(_wish(definition, live, self._later(namespace) or _without(found)))


def _without(found: _Read) -> str:
    """Why the API server cannot rehearse an object of a kind that it has not, or nothing."""
    return "" if found.served else "known once the operator has brought its kinds"


def _definition(api_version: str, kind: str, name: str, namespace: Optional[str], spec: Optional[Json]) -> Json:
    meta: Json = {"name": name, "labels": {MANAGED_BY: OURS}}
    if namespace is not None:
        meta["namespace"] = namespace
    made: Json = {"apiVersion": api_version, "kind": kind, "metadata": meta}
    if spec is not None:
        made["spec"] = spec
    return made


def _wish(definition: Json, live: Optional[Json], later: str) -> Json:
    """A wish for ``mesh_objects``; ``later``: why its dry run cannot be made yet, told in check mode instead."""
    return {
        "definition": definition,
        "field_manager": conventions.INSTALL_MANAGER,
        "live": live,
        "unknown": {},
        "later": "" if live is not None else later,
    }




def tell(hosts: Sequence[str], results: Mapping[str, Mapping[str, Json]], plans: Mapping[str, Json],
         check_mode: bool = False) -> Json:
    """What became of it: ``lines`` for people, and ``failures``, words by host.

    ``results`` are what the steps registered, by variable and host; ``plans`` are what ``plan`` made, by host.
    """
    changed = [
        one
        for name in WRITING
        for host in hosts
        for one in (results.get(name, {}).get(host) or {}).get("objects") or []
        if one["verb"] in ("created", "changed")
    ]
    problems: Dict[str, List[Problem]] = {host: _problems(host, results, plans) for host in hosts}
    failures = {
        host: "\n".join(problem_line(one) for one in found if one["severity"] == "error") for host, found in problems.items()
    }
    told = [problem_line(one) for host in hosts for one in problems[host]]
    ready = [line for host in hosts for line in _ready(results.get(PENDING[1], {}).get(host))]
    return {
        "lines": [*change_lines(changed, check_mode), *(_unrehearsed(one) for one in changed if one["message"]), *ready, *told],
        "failures": {host: text for host, text in failures.items() if text},
    }


def _unrehearsed(one: Json) -> str:
    return f"{one['mesh']}: of {one['kind']} {one['namespace']}/{one['name']} only what is declared is told; the rest is {one['message']}"


def _problems(host: str, results: Mapping[str, Mapping[str, Json]], plans: Mapping[str, Json]) -> List[Problem]:
    found: List[Any] = list((plans.get(host) or {}).get("problems") or [])
    for name in (*WRITING, *PENDING):
        found += (results.get(name, {}).get(host) or {}).get("problems") or []
    # What install.yml itself is to bring about and did not is a failure of this run.
    return [with_changes(one, severity="error") if one["code"] == "control-plane-not-ready" else one for one in found]


def _ready(result: Optional[Json]) -> List[str]:
    if not result or not result.get("ready"):
        return []
    return [f"{result['mesh']}: the control plane is ready"]
