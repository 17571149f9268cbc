# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the installation of a mesh, from the declaration and what was read to desired objects. Pure.

No unmanaged object is written: a namespace, a Subscription, a control plane or a member roll without our label stays as it is.
Shapes: operator-framework/api pkg/operators, maistra/istio-operator pkg/apis/maistra.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import Severity
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import MANAGED_BY, OURS, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    problem,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.install import OPERATOR_NAMESPACE, merged
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.trust_domain import choose_trust_domain

#: Problems of mesh_info that an installation solves.
_SOLVED = ("control-plane-missing", "namespace-missing", "kind-missing")
#: Federation needs mutual TLS and no Route. Tracing and Kiali are off, as each would need another operator.
_SPEC: Json = {
    "addons": {"kiali": {"enabled": False}},
    "gateways": {"openshiftRoute": {"enabled": False}},
    "security": {"controlPlane": {"mtls": True}, "dataPlane": {"mtls": True}},
    "tracing": {"type": "None"},
}


class InstallationPlan(TypedDict):
    """What install.yml does for one host.

    ``wanted``: the host sets mesh_install. ``reads`` is the option ``additional_objects`` of mesh_info. ``operator`` and ``plane`` are desired
    objects for mesh_objects. ``subscription`` (namespace and name) is waited for, None where the operator exists. ``wait``: the
    control plane named ``control_plane`` is waited for. ``lines`` are text about what stays as it is.
    """

    wanted: bool
    reads: List[Json]
    operator: List[DesiredObject]
    plane: List[DesiredObject]
    subscription: Optional[Dict[str, str]]
    wait: bool
    control_plane: str
    lines: List[str]
    problems: List[Problem]


def reads(mesh: DeclaredMesh) -> List[Json]:
    """What to read of a cluster besides the mesh, for the option ``additional_objects`` of mesh_info."""
    operator = mesh["installation"]["operator_namespace"]
    return [
        {"kind": "Namespace", "name": mesh["namespace"]},
        {"kind": "ServiceMeshControlPlane", "namespace": mesh["namespace"]},
        {"kind": "ServiceMeshMemberRoll", "namespace": mesh["namespace"]},
        {"kind": "Namespace", "name": operator},
        {"kind": "Subscription", "namespace": operator},
        # The namespace for operators of all namespaces has its own.
        *([] if operator == OPERATOR_NAMESPACE else [{"kind": "OperatorGroup", "namespace": operator}]),
    ]


def build_plan(declaration: Declaration, host: str, facts: Json) -> InstallationPlan:
    """The plan for one host; ``facts`` are MeshFacts, empty before they are read."""
    mesh = declaration["meshes"][host]
    plan: InstallationPlan = {
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
    if not plan["wanted"]:
        plan["lines"].append(f"{mesh['mesh']}: not installed: mesh_install is not set")
    elif facts:
        plan["problems"] = [
            found for found in facts["problems"] if found["severity"] == "error" and found["code"] not in _SOLVED
        ]
        if not plan["problems"]:
            _Planner(declaration, mesh, facts, plan).run()
    return plan


class _Read(NamedTuple):
    """What was read of one kind in one namespace; ``served`` is False where the cluster has no such kind, ``problem`` says why it
    could not be read."""

    served: bool
    objects: List[Json]
    problem: Optional[Problem] = None


class _Planner:
    """Fills the plan for one mesh."""

    def __init__(self, declaration: Declaration, mesh: DeclaredMesh, facts: Json, plan: InstallationPlan) -> None:
        self.mesh, self.facts, self.plan = mesh, facts, plan
        self.options = declaration["options"]
        self.in_play = mesh["host"] not in declaration["outside"]
        self.declared = mesh["installation"]
        self.name = plan["control_plane"]

    def run(self) -> None:
        """Plan the operator, then what needs its kinds."""
        self._plan_operator()
        self._plan_control_plane()
        if not self._has_error():
            self._plan_members()
        if self._has_error():
            # Nothing is written where the installation could not be completed.
            self.plan["operator"], self.plan["plane"], self.plan["subscription"], self.plan["wait"] = (
                [],
                [],
                None,
                False,
            )

    def _has_error(self) -> bool:
        return any(found["severity"] == "error" for found in self.plan["problems"])

    def _note(self, text: str) -> None:
        self.plan["lines"].append(f"{self.mesh['mesh']}: {text}")

    def _problem(
        self, code: str, where: str, message: str, remedy: Optional[str] = None, severity: Severity = "error"
    ) -> None:
        self.plan["problems"].append(problem(code, self.mesh["mesh"], where, message, remedy, severity=severity))

    def _read(self, kind: str, namespace: str) -> _Read:
        """What was read of a kind in a namespace; of a Namespace, by its name."""
        for read in self.facts.get("additional_objects") or []:
            if read["kind"] == kind and namespace in (read.get("namespace"), read.get("name")):
                return _Read(read["served"], read["objects"], read["problem"])
        return _Read(False, [])

    def _required(self, kind: str, namespace: str) -> _Read:
        """The same, where it decides what is written: a kind that could not be read is not assumed to be absent."""
        read = self._read(kind, namespace)
        if read.problem is not None:
            self.plan["problems"].append(with_changes(read.problem, severity="error"))
        return read

    def _plan_operator(self) -> None:
        """Subscribe to the operator where it is missing, or where the Subscription is managed."""
        namespace, wanted = self.declared["operator_namespace"], self.declared["operator"]
        served = self._read("ServiceMeshControlPlane", self.mesh["namespace"]).served
        # Without mesh_install_operator, an installed operator needs no Subscription that can be read.
        is_needed = wanted or (not served and wanted is None)
        subscriptions = (self._required if is_needed else self._read)("Subscription", namespace).objects
        package = self.declared["subscription"]["name"]
        live = next((found for found in subscriptions if dig(found, "spec", "name") == package), None)
        if live is not None:
            name = live["metadata"]["name"]
            self.plan["subscription"] = None if served else {"namespace": namespace, "name": name}
            if is_ours(live):
                self._subscribe(namespace, name, live)
            else:
                self._note(f"the Subscription {namespace}/{name} is unmanaged and stays as it is")
        elif is_needed:
            self.plan["subscription"] = {"namespace": namespace, "name": package}
            self._subscribe(namespace, package, None)
        elif not served:
            message = "the cluster has no Service Mesh operator, and mesh_install_operator is false"
            self._problem(
                "operator-missing", "mesh_install_operator", message, "Install it, or set the variable to true"
            )

    def _subscribe(self, namespace: str, name: str, live: Optional[Json]) -> None:
        self._plan_namespace(namespace, self.plan["operator"])
        later = self._later(namespace)
        if namespace != OPERATOR_NAMESPACE:
            groups = self._required("OperatorGroup", namespace).objects
            managed = next((group for group in groups if is_ours(group)), None)
            if managed is not None or not groups:
                # A namespace needs exactly one.
                definition = _definition("operators.coreos.com/v1", "OperatorGroup", namespace, namespace, {})
                self.plan["operator"].append(_desired(definition, managed, later))
        spec = self.declared["subscription"]
        definition = _definition("operators.coreos.com/v1alpha1", "Subscription", name, namespace, spec)
        self.plan["operator"].append(_desired(definition, live, later))

    def _plan_namespace(self, name: str, objects: List[DesiredObject]) -> None:
        """Add a namespace to ``objects`` where it is absent or managed."""
        live = next(iter(self._required("Namespace", name).objects), None)
        if live is None or is_ours(live):
            objects.append(_desired(_definition("v1", "Namespace", name, None, None), live, ""))

    def _later(self, namespace: str) -> str:
        """Why the API server cannot dry-run an object of a namespace; empty when it can."""
        return "" if self._read("Namespace", namespace).objects else f"known once the namespace {namespace} exists"

    def _plan_control_plane(self) -> None:
        """Create the control plane, or update a managed one to its declaration; an unmanaged one is never written."""
        namespace = self.mesh["namespace"]
        read = self._read("ServiceMeshControlPlane", namespace)
        live = self._live_control_plane(read.objects)
        if live is not None and not is_ours(live):
            self._keep_unmanaged(live)
            return
        if self._has_error():
            return
        domain = self._trust_domain(live)
        if self._has_error():
            return
        spec = merged(merged(_SPEC, self.declared["spec"]), {"security": {"trust": {"domain": domain}}})
        self._plan_namespace(namespace, self.plan["plane"])
        name = self.plan["control_plane"]
        definition = _definition("maistra.io/v2", "ServiceMeshControlPlane", name, namespace, spec)
        if live is not None:
            definition["metadata"]["uid"] = live["metadata"]["uid"]
        self.plan["plane"].append(_desired(definition, live, self._later(namespace) or _kind_later(read)))
        self.plan["wait"] = True

    def _live_control_plane(self, existing: List[Json]) -> Optional[Json]:
        """The control plane of the namespace, which can have one only; a problem when it is not the declared one."""
        if not existing:
            return None
        live = next((found for found in existing if found["metadata"]["name"] == self.name), None)
        if live is None and self.mesh["control_plane"] is None and len(existing) == 1:
            live = existing[0]
        if live is None:
            names = ", ".join(found["metadata"]["name"] for found in existing)
            where = f"ServiceMeshControlPlane {self.mesh['namespace']}/{self.name}"
            self._problem(
                "control-plane-other",
                where,
                f"the namespace has another control plane: {names}",
            )
            return None
        self.plan["control_plane"] = live["metadata"]["name"]
        return live

    def _keep_unmanaged(self, live: Json) -> None:
        """Use an unmanaged control plane, and report where it differs from the declaration."""
        name, manager = live["metadata"]["name"], _managers(live)
        self._note(f"the control plane {name} is unmanaged (field manager {manager}) and stays as it is")
        fields = differences(self.declared["spec"], live.get("spec") or {}, "spec")
        if self.declared["spec"] and fields:
            where = f"ServiceMeshControlPlane {self.mesh['namespace']}/{name}"
            message = f"{manager} manages it, and it differs from mesh_control_plane_spec in {', '.join(fields)}; it is used unchanged"
            self._problem(
                "unmanaged", where, message, "Correct it there, or remove that from mesh_control_plane_spec", "warning"
            )

    def _trust_domain(self, live: Optional[Json]) -> str:
        """The trust domain for the control plane: the current one of a managed control plane, unless a change is allowed."""
        if live is None or self.facts.get("control_plane") is None:
            return self.mesh["trust_domain"] or f"{self.mesh['mesh']}.local"
        choice = choose_trust_domain(self.mesh, self.facts, self.options, self.in_play)
        self.plan["problems"] += choice.problems
        return str(choice.domain)

    def _plan_members(self) -> None:
        """The member roll, which must be named default (maistra/istio-operator's webhook)."""
        if self.declared["members"] is None:
            return
        namespace, members = self.mesh["namespace"], sorted(set(self.declared["members"]))
        read = self._required("ServiceMeshMemberRoll", namespace)
        live = next((found for found in read.objects if found["metadata"]["name"] == "default"), None)
        if live is None or is_ours(live):
            definition = _definition(
                "maistra.io/v1", "ServiceMeshMemberRoll", "default", namespace, {"members": members}
            )
            self.plan["plane"].append(_desired(definition, live, self._later(namespace) or _kind_later(read)))
            return
        missing = sorted(set(members) - set(dig(live, "spec", "members") or []))
        if missing:
            message = f"{_managers(live)} manages it, and it does not have {', '.join(missing)}; it is used unchanged"
            where = f"ServiceMeshMemberRoll {namespace}/default"
            self._problem("unmanaged", where, message, "Add them there, or remove them from mesh_members", "warning")


def _managers(live: Json) -> str:
    """The field managers of a live object."""
    return ", ".join(live.get("managers") or []) or "unknown"


def _kind_later(read: _Read) -> str:
    """Why the API server cannot dry-run an object of a kind; empty when it can."""
    return "" if read.served else "known once the operator is installed"


def _definition(api_version: str, kind: str, name: str, namespace: Optional[str], spec: Optional[Json]) -> Json:
    metadata: Json = {"name": name, "labels": {MANAGED_BY: OURS}}
    if namespace is not None:
        metadata["namespace"] = namespace
    definition: Json = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    if spec is not None:
        definition["spec"] = spec
    return definition


def _desired(definition: Json, live: Optional[Json], later: str) -> DesiredObject:
    """A desired object for mesh_objects; ``later`` is reported in check mode where its dry run is not possible yet."""
    return {
        "definition": definition,
        "field_manager": conventions.INSTALL_MANAGER,
        "live": live,
        "unknown": {},
        "later": "" if live is not None else later,
    }
