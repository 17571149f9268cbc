# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new mesh: the objects that are written, those that stay unmanaged, rejected variables, and the report."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event, LiveObjects
from ansible_collections.ossm.federation.plugins.module_utils._modules import mesh_objects, operator_wait
from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, types as product_types
from ansible_collections.ossm.federation.plugins.module_utils._readers import operator as operator_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._install import plan as installing
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import installation as install_report

Json = dict[str, Any]
RED = "red-mesh"
OURS = {"app.kubernetes.io/managed-by": "ossm.federation"}
MANAGER = "ossm.federation/_install"
WANTED = {"mesh_install": True}
FORBIDDEN_READ = product_types.problem("forbidden", RED, "x", "may not list", "Grant it", severity="warning")


def live_object(kind: str, name: str, namespace: str | None = None, ours: bool = False, **body: Any) -> Json:
    """A live object, ours or made by kubectl."""
    meta = {"name": name, "uid": f"uid-of-{name}", "labels": OURS if ours else {}, "namespace": namespace}
    return {"kind": kind, "metadata": meta, "managers": [MANAGER if ours else "kubectl"], **body}


def read(
    *objects: Json,
    served: bool = True,
    problems: Any = (),
    forbidden: Any = (),
    place: str = "openshift-operators",
    **changes: Any,
) -> Json:
    """What ``mesh_info`` has read; ``served``: the API server has the operator's kinds; ``forbidden``: kinds that may not be read."""
    facts: Json = {**fed.facts(RED), "control_plane": None, "readable": False, "problems": list(problems), **changes}
    declared = fed.declare(fed.inventory(RED, red_mesh={"mesh_install_operator_namespace": place}))["meshes"][RED]
    facts["additional_objects"] = [
        {
            **request,
            "served": served or not request["kind"].startswith("ServiceMesh"),
            "problem": FORBIDDEN_READ if request["kind"] in forbidden else None,
            "objects": [
                live
                for live in objects
                if live["kind"] == request["kind"]
                and request.get("name") in (None, live["metadata"]["name"])
                and request.get("namespace") in (None, live["metadata"]["namespace"])
            ],
        }
        for request in installing.reads(declared)
    ]
    return facts


def planned(facts: Json, **variables: Any) -> Json:
    declaration = fed.declare(fed.inventory(RED, red_mesh={**WANTED, **variables}))
    assert "error" not in {problem["severity"] for problem in declaration["problems"]}, declaration["problems"]
    return installing.build_plan(declaration, RED, facts)


def names(desired_objects: list[Json]) -> list[str]:
    return [
        f"{desired['definition']['kind']} {desired['definition']['metadata']['name']}" for desired in desired_objects
    ]


OPERATORS = live_object("Namespace", "openshift-operators")
GROUP = live_object("OperatorGroup", "global-operators", "openshift-operators")
HOME = live_object("Namespace", "red-mesh-system")
EMPTY = read(OPERATORS, GROUP, served=False)
PACKAGE = {"name": "servicemeshoperator"}
SUBSCRIPTION = "Subscription servicemeshoperator"
PLANE = ["Namespace red-mesh-system", "ServiceMeshControlPlane red-mesh"]
THEIRS = live_object("Subscription", "mesh", "openshift-operators", spec=PACKAGE)

# what was read, variables, objects for the operator, the subscription that is awaited, objects for the control plane
WRITES: list[tuple[str, Json, Json, list[str], str | None, list[str]]] = [
    ("an empty cluster", EMPTY, {}, [SUBSCRIPTION], "servicemeshoperator", PLANE),
    (
        "with members",
        EMPTY,
        {"mesh_members": ["b", "a"]},
        [SUBSCRIPTION],
        "servicemeshoperator",
        [*PLANE, "ServiceMeshMemberRoll default"],
    ),
    ("an installed operator", read(OPERATORS, GROUP), {}, [], None, PLANE),
    (
        "an installed operator, requested",
        read(OPERATORS, GROUP),
        {"mesh_install_operator": True},
        [SUBSCRIPTION],
        "servicemeshoperator",
        PLANE,
    ),
    ("an unmanaged subscription", read(OPERATORS, GROUP, THEIRS, served=False), {}, [], "mesh", PLANE),
    (
        "an unmanaged subscription, installed",
        read(OPERATORS, GROUP, THEIRS),
        {"mesh_install_operator": True},
        [],
        None,
        PLANE,
    ),
    (
        "our subscription, installed",
        read(OPERATORS, live_object("Subscription", "s", "openshift-operators", True, spec=PACKAGE)),
        {},
        ["Subscription s"],
        None,
        PLANE,
    ),
    (
        "a namespace of its own",
        read(served=False),
        {"mesh_install_operator_namespace": "openshift-operators"},
        ["Namespace openshift-operators", SUBSCRIPTION],
        "servicemeshoperator",
        PLANE,
    ),
    ("an existing namespace", read(OPERATORS, GROUP, HOME), {}, [], None, PLANE[1:]),
    ("our namespace", read(OPERATORS, live_object("Namespace", "red-mesh-system", ours=True)), {}, [], None, PLANE),
]


@pytest.mark.parametrize(
    ("facts", "variables", "operator", "waits", "plane"),
    [case[1:] for case in WRITES],
    ids=[case[0] for case in WRITES],
)
def test_the_objects_that_are_written(
    facts: Json, variables: Json, operator: list[str], waits: str | None, plane: list[str]
) -> None:
    install_plan = planned(facts, **variables)
    assert install_plan["problems"] == [] and install_plan["wait"]
    assert (names(install_plan["operator"]), names(install_plan["plane"])) == (operator, plane)
    assert (install_plan["subscription"] or {}).get("name") == waits
    for desired in install_plan["operator"] + install_plan["plane"]:
        assert desired["field_manager"] == MANAGER and desired["definition"]["metadata"]["labels"] == OURS


def test_an_operator_group_only_where_a_namespace_has_none() -> None:
    place = {"mesh_install_operator_namespace": "mesh-operator"}
    declared = fed.declare(fed.inventory(RED, red_mesh={**WANTED, **place}))
    facts = read(served=False)
    facts["additional_objects"] = [
        {**request, "served": not request["kind"].startswith("ServiceMesh"), "objects": [], "problem": None}
        for request in installing.reads(declared["meshes"][RED])
    ]
    install_plan = installing.build_plan(declared, RED, facts)
    assert names(install_plan["operator"]) == ["Namespace mesh-operator", "OperatorGroup mesh-operator", SUBSCRIPTION]
    assert install_plan["operator"][1]["definition"]["spec"] == {}
    facts["additional_objects"][-1]["objects"] = [live_object("OperatorGroup", "theirs", "mesh-operator")]
    assert names(installing.build_plan(declared, RED, facts)["operator"]) == ["Namespace mesh-operator", SUBSCRIPTION]


def test_the_specs() -> None:
    spec = {"version": "v2.5", "security": {"identity": {"type": "ThirdParty"}}, "tracing": {"type": "Jaeger"}}
    install_plan = planned(
        EMPTY,
        mesh_control_plane_spec=spec,
        mesh_trust_domain="red.example",
        mesh_members=["b", "a", "b"],
        mesh_install_subscription={
            "channel": "candidate",
            "installPlanApproval": "Manual",
            "source": "mirror",
            "sourceNamespace": "catalogs",
        },
    )
    plane, roll = (desired["definition"] for desired in install_plan["plane"][1:])
    assert plane["spec"] == {
        "version": "v2.5",
        "security": {
            "controlPlane": {"mtls": True},
            "dataPlane": {"mtls": True},
            "identity": {"type": "ThirdParty"},
            "trust": {"domain": "red.example"},
        },
        "gateways": {"openshiftRoute": {"enabled": False}},
        "tracing": {"type": "Jaeger"},
        "addons": {"kiali": {"enabled": False}},
    }
    assert "uid" not in plane["metadata"] and roll["spec"] == {"members": ["a", "b"]}
    assert install_plan["operator"][0]["definition"]["spec"] == {
        "name": "servicemeshoperator",
        "channel": "candidate",
        "source": "mirror",
        "sourceNamespace": "catalogs",
        "installPlanApproval": "Manual",
    }
    assert planned(EMPTY)["operator"][0]["definition"]["spec"] == {
        "name": "servicemeshoperator",
        "channel": "stable",
        "source": "redhat-operators",
        "sourceNamespace": "openshift-marketplace",
    }
    assert planned(EMPTY)["plane"][1]["definition"]["spec"]["security"]["trust"] == {"domain": "red-mesh.local"}


def live_plane(ours: bool, domain: str = "red-mesh.local") -> Json:
    return live_object(
        "ServiceMeshControlPlane",
        RED,
        "red-mesh-system",
        ours,
        spec={"version": "v2.4", "security": {"trust": {"domain": domain}}},
    )


def test_a_control_plane_of_ours_is_kept_and_its_trust_domain_changed_only_when_confirmed() -> None:
    plane = fed.facts(RED)["control_plane"]
    facts = read(OPERATORS, HOME, live_plane(True), control_plane=plane, readable=True)
    desired = planned(facts)["plane"][0]
    assert desired["definition"]["metadata"]["uid"] == "uid-of-red-mesh" and desired["live"] and not desired["later"]
    install_plan = planned(facts, mesh_trust_domain="new.local")
    assert [problem["code"] for problem in install_plan["problems"]] == ["trust-domain-change"]
    assert install_plan["plane"] == []
    confirmed = planned(facts, mesh_trust_domain="new.local", federation_confirm_trust_domain=[RED])
    assert confirmed["plane"][0]["definition"]["spec"]["security"]["trust"] == {"domain": "new.local"}
    assert {problem["severity"] for problem in confirmed["problems"]} == {"warning"}
    # federate.yml does not change a field that install.yml manages.
    plane["owners"]["spec.security.trust.domain"] = [MANAGER]
    hostvars = fed.inventory(RED, red_mesh={"mesh_trust_domain": "new.local", "federation_confirm_trust_domain": [RED]})
    problems = planning.build_plan(fed.declare(hostvars), {RED: facts})["problems"]
    assert [problem["code"] for problem in problems] == ["trust-domain-installed"]


def test_an_unmanaged_object_is_never_written() -> None:
    roll = live_object("ServiceMeshMemberRoll", "default", "red-mesh-system", spec={"members": ["a"]})
    facts = read(OPERATORS, HOME, live_plane(False), roll, control_plane=fed.facts(RED)["control_plane"])
    install_plan = planned(facts, mesh_control_plane_spec={"version": "v2.5"}, mesh_members=["a", "b"])
    assert install_plan["plane"] == [] and install_plan["operator"] == [] and not install_plan["wait"]
    assert [(problem["code"], problem["severity"]) for problem in install_plan["problems"]] == [
        ("unmanaged", "warning")
    ] * 2
    version, member = (problem["message"] for problem in install_plan["problems"])
    assert "spec.version" in version and "does not have b" in member
    assert "unmanaged (field manager kubectl) and stays as it is" in install_plan["lines"][0]


def test_only_requested_objects_are_planned() -> None:
    assert installing.build_plan(fed.declare(fed.inventory(RED)), RED, EMPTY)["plane"] == []
    other = live_object("ServiceMeshControlPlane", "basic", "red-mesh-system")
    assert [problem["code"] for problem in planned(read(HOME, other), mesh_control_plane=RED)["problems"]] == [
        "control-plane-other"
    ]
    assert planned(read(HOME, other))["lines"] == [
        f"{RED}: the control plane basic is unmanaged (field manager kubectl) and stays as it is"
    ]
    missing = planned(EMPTY, mesh_install_operator=False)
    assert [problem["code"] for problem in missing["problems"]] == ["operator-missing"]
    for code, fatal in (("unreachable", True), ("kind-missing", False), ("namespace-missing", False)):
        problem = product_types.problem(code, RED, "x", "no", "do")
        assert bool(planned(read(OPERATORS, problems=[problem]))["problems"]) == fatal


# what may not be read, what is live, variables; whether the mesh is stopped
UNREAD: list[tuple[tuple[str, ...], Json, Json, bool]] = [
    (("Subscription",), {"served": False}, {}, True),
    (("Subscription",), {"served": True}, {}, False),
    (("Subscription",), {"served": True}, {"mesh_install_operator": False}, False),
    (("Subscription",), {"served": True}, {"mesh_install_operator": True}, True),
    (("Namespace",), {"served": True}, {}, True),
    (("ServiceMeshMemberRoll",), {"served": True}, {}, False),
    (("ServiceMeshMemberRoll",), {"served": True}, {"mesh_members": ["a"]}, True),
    (
        ("OperatorGroup",),
        {"served": False, "place": "mesh-operator"},
        {"mesh_install_operator_namespace": "mesh-operator"},
        True,
    ),
    (
        ("OperatorGroup",),
        {"served": True, "place": "mesh-operator"},
        {"mesh_install_operator_namespace": "mesh-operator"},
        False,
    ),
]


@pytest.mark.parametrize(("forbidden", "live", "variables", "is_stopped"), UNREAD)
def test_an_object_that_may_not_be_read_is_not_treated_as_absent(
    forbidden: tuple[str, ...], live: Json, variables: Json, is_stopped: bool
) -> None:
    """Where the plan depends on it nothing is written at all: the object could be unmanaged."""
    install_plan = planned(read(OPERATORS, forbidden=forbidden, **live), **variables)
    assert [(problem["code"], problem["severity"]) for problem in install_plan["problems"]] == [
        ("forbidden", "error")
    ] * is_stopped
    assert bool(install_plan["plane"]) == install_plan["wait"] != is_stopped
    assert not is_stopped or not (install_plan["operator"] or install_plan["subscription"])


# what was read; the message of each object that the API server cannot check yet, by kind
LATER = [
    (EMPTY, {"Subscription": "", "Namespace": "", "ServiceMeshControlPlane": "the namespace red-mesh-system exists"}),
    (read(OPERATORS, HOME, served=False), {"Subscription": "", "ServiceMeshControlPlane": "the operator is installed"}),
    (read(OPERATORS, HOME), {"ServiceMeshControlPlane": ""}),
]


@pytest.mark.parametrize(("facts", "expected"), LATER)
def test_objects_that_the_api_server_can_check_only_later(facts: Json, expected: dict[str, str]) -> None:
    install_plan = planned(facts)
    later = {
        desired["definition"]["kind"]: desired["later"] for desired in install_plan["operator"] + install_plan["plane"]
    }
    assert set(later) == set(expected)
    assert all(expected[kind] in message and bool(message) == bool(expected[kind]) for kind, message in later.items())


def test_in_check_mode_such_objects_cost_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(auth: Json, **options: bool) -> None:
        raise AssertionError("a request")

    monkeypatch.setattr(session, "Cluster", none)
    desired = {**planned(EMPTY)["plane"][1], "peer": None}
    params = {"auth": {"host": "https://x", "api_key": "x"}, "mesh": RED, "objects": [desired]}
    result = mesh_objects.run(params, True, lambda line: None)
    assert [(change["verb"], change["message"]) for change in result["objects"]] == [("created", desired["later"])]
    assert "spec.security.trust.domain" in result["objects"][0]["fields"]
    assert result["diff"][0]["before"] == "" and "red-mesh.local" in result["diff"][0]["after"]


REJECTED: list[tuple[str, Json, str, str, str]] = [
    (
        "spec",
        {"mesh_control_plane_spec": {"gateway": {}}},
        "mesh_control_plane_spec.gateway",
        "key-unknown",
        "gateways",
    ),
    (
        "subscription",
        {"mesh_install_subscription": {"chanel": "x"}},
        "mesh_install_subscription.chanel",
        "key-unknown",
        "channel",
    ),
    (
        "trust domain",
        {"mesh_control_plane_spec": {"security": {"trust": {"domain": "x"}}}},
        "mesh_control_plane_spec.security.trust.domain",
        "install-spec",
        "mesh_trust_domain",
    ),
    (
        "dropped",
        {"mesh_control_plane_spec": {"runtime": {"defaults": {"deployment": {"autoScaling": {}}}}}},
        "mesh_control_plane_spec.runtime.defaults.deployment.autoScaling",
        "install-spec",
        "runtime.components",
    ),
    (
        "operator's namespace",
        {**WANTED, "mesh_install_operator_namespace": "red-mesh-system"},
        "mesh_namespace",
        "install-namespace",
        "must be another namespace than the operator's",
    ),
    (
        "odd namespace",
        {"mesh_install_operator_namespace": "A_b"},
        "mesh_install_operator_namespace",
        "name-invalid",
        "must be a DNS label",
    ),
]


@pytest.mark.parametrize(
    ("variables", "where", "code", "part"), [case[1:] for case in REJECTED], ids=[case[0] for case in REJECTED]
)
def test_invalid_variables_are_rejected(variables: Json, where: str, code: str, part: str) -> None:
    problems = fed.declare(fed.inventory(RED, red_mesh=variables))["problems"]
    assert [(problem["code"], problem["where"]) for problem in problems] == [(code, where)]
    assert part in product_types.problem_line(problems[0])


# Waiting for the operator

CSV = "servicemeshoperator.v2.5.1-0"


def definition(established: bool = True) -> Event:
    conditions = [{"type": "Established", "status": str(established)}]
    body = {"metadata": {"name": conventions.DEFINITION}, "status": {"conditions": conditions}}
    return Event("CustomResourceDefinition", "ADDED", body)


def subscription(**status: Any) -> Event:
    return Event("Subscription", "MODIFIED", {"metadata": {"name": "s"}, "status": status})


def version(phase: str, message: str = "") -> Event:
    status = {"phase": phase, "message": message}
    return Event("ClusterServiceVersion", "MODIFIED", {"metadata": {"name": CSV}, "status": status})


INSTALLED = subscription(installedCSV=CSV, currentCSV=CSV)
PENDING = subscription(currentCSV=CSV, state="UpgradePending", installPlanRef={"name": "install-abc"})
FAILED = subscription(conditions=[{"type": "ResolutionFailed", "status": "True", "message": "no operators found"}])
DELETED = Event("ClusterServiceVersion", "RESET", {})
OPERATOR: list[tuple[str, list[Event], str]] = [
    ("nothing", [], "the Subscription does not exist"),
    ("a subscription", [subscription()], "no version has been found yet"),
    ("unresolved", [FAILED], "ResolutionFailed: no operators found"),
    ("pending approval", [PENDING], "the install plan install-abc waits for approval"),
    (
        "installing",
        [PENDING, version("Installing", "waiting for deployment")],
        f"{CSV}: Installing: waiting for deployment",
    ),
    ("failed", [definition(), INSTALLED, version("Failed", "no rights")], f"{CSV}: Failed: no rights"),
    (
        "no kinds",
        [definition(False), INSTALLED, version("Succeeded")],
        "the kind servicemeshcontrolplanes.maistra.io is not",
    ),
    ("ready", [definition(), INSTALLED, version("Succeeded")], ""),
    (
        "ready, an upgrade pending",
        [definition(), subscription(installedCSV=CSV, currentCSV="v9", state="UpgradePending"), version("Succeeded")],
        "",
    ),
    ("deleted again", [definition(), INSTALLED, version("Succeeded"), DELETED], f"{CSV} does not exist yet"),
]


@pytest.mark.parametrize(("events", "message"), [case[1:] for case in OPERATOR], ids=[case[0] for case in OPERATOR])
def test_the_progress_of_the_operator(events: list[Event], message: str) -> None:
    objects = LiveObjects()
    for event in events:
        objects.take(event)
    facts = operator_reader.read_operator(
        objects.get("Subscription", "s"),
        objects.of("ClusterServiceVersion"),
        objects.get("CustomResourceDefinition", conventions.DEFINITION),
    )
    assert facts["ready"] == (not message) and facts["message"].startswith(message or f"{CSV} is ready")


class _Cluster:
    def __init__(self, story: list[Event], objects: Json | None = None) -> None:
        self.story, self.objects = story, objects or {}
        self.watched: list[str] = []

    def watch_many(self, watches: Any, deadline: float) -> Any:
        self.watched = [watch.kind for watch in watches]
        yield from self.story

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json:
        if kind not in self.objects:
            raise ClusterError("kind-missing" if kind == "Subscription" else "missing", "no")
        return self.objects[kind]

    def list(self, kind: str, namespace: str | None = None) -> list[Json]:
        return self.objects.get(kind, [])


def _waited(monkeypatch: pytest.MonkeyPatch, cluster: _Cluster, check: bool = False) -> tuple[Json, list[str]]:
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
    lines: list[str] = []
    params = {
        "auth": {"host": "https://x", "api_key": "x"},
        "mesh": RED,
        "namespace": "openshift-operators",
        "name": "s",
        "timeout": 60,
    }
    return operator_wait.run(params, check, lines.append), lines


def test_the_operator_is_awaited_on_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = Event("", "QUIET", {})
    cluster = _Cluster([PENDING, quiet, Event("", "TICK", {}), INSTALLED, definition(), version("Succeeded"), DELETED])
    result, lines = _waited(monkeypatch, cluster)
    assert result["ready"] and result["problems"] == [] and result["message"] == "ready"
    assert cluster.watched == ["CustomResourceDefinition", "Subscription", "ClusterServiceVersion"]
    assert "waits for approval" in lines[0] and "s left; waiting for" in lines[1]


def test_an_operator_that_does_not_become_ready_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    result, dummy = _waited(monkeypatch, _Cluster([FAILED]))
    problems = result["problems"]
    assert [(problem["code"], problem["severity"]) for problem in problems] == [("operator-not-ready", "error")]
    assert "no operators found" in problems[0]["message"] and not result["ready"]
    fatal = Event("Subscription", "FATAL", {}, ClusterError("kind-missing", "no OLM"))
    assert [problem["code"] for problem in _waited(monkeypatch, _Cluster([fatal]))[0]["problems"]] == ["kind-missing"]


def test_check_mode_reads_the_operator_once(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = _waited(monkeypatch, _Cluster([]), check=True)[0]
    assert not nothing["ready"] and nothing["problems"] == []
    objects = {
        "CustomResourceDefinition": definition().object,
        "Subscription": INSTALLED.object,
        "ClusterServiceVersion": [version("Succeeded").object],
    }
    assert _waited(monkeypatch, _Cluster([], objects), check=True)[0]["ready"]


# The report


def test_the_report_of_an_installation() -> None:
    written = {
        "objects": [
            {
                "mesh": RED,
                "kind": "Namespace",
                "namespace": None,
                "name": "n",
                "verb": "created",
                "fields": ["metadata"],
                "message": "",
            }
        ],
        "problems": [],
    }
    late = product_types.problem("control-plane-not-ready", RED, "x", "not ready", "Look", severity="warning")
    results: Json = {
        "control_plane": {RED: written},
        "control_plane_ready": {RED: {"mesh": RED, "ready": False, "problems": [late]}},
    }
    report = install_report.summarise([RED, "blue-mesh"], {**results, "install_plan": {RED: {"problems": []}}})
    assert report["lines"] == [
        "FAILED  0 control planes ready. 1 object created.",
        "",
        "ERROR red-mesh: x: not ready. Fix: Look. [control-plane-not-ready]",
        "",
        "red-mesh: created Namespace n",
    ]
    assert report["failures"] == {RED: "1 error [control-plane-not-ready]. See the report above."}
    results["control_plane_ready"][RED] = {"mesh": RED, "ready": True, "problems": []}
    report = install_report.summarise([RED], results)
    assert report["lines"] == [
        "READY  1 control plane ready. 1 object created.",
        "",
        "red-mesh: created Namespace n",
        "red-mesh: the control plane is ready",
    ]
    assert report["failures"] == {}


def test_the_report_of_an_installation_in_check_mode() -> None:
    assert install_report.summarise([RED], {}, True)["lines"] == [
        "READY  0 control planes ready. Nothing would be changed."
    ]
    later = {
        "mesh": RED,
        "kind": "ServiceMeshMemberRoll",
        "namespace": "n",
        "name": "n",
        "verb": "created",
        "fields": ["spec"],
        "message": "known once x exists",
    }
    report = install_report.summarise([RED], {"control_plane": {RED: {"objects": [later], "problems": []}}}, True)
    assert report["lines"] == [
        "PENDING  0 control planes ready. 1 object would be created.",
        "",
        "red-mesh: would create ServiceMeshMemberRoll n/n",
        "red-mesh: ServiceMeshMemberRoll n/n: declared fields only; all others are known once x exists",
    ]
