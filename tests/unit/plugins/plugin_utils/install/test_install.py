# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new mesh: what is written where, what is left to its owner, what is refused, and what is said."""

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
REFUSED_READ = product_types.problem("forbidden", RED, "x", "may not list", "Grant it", severity="warning")


def there(kind: str, name: str, namespace: str | None = None, ours: bool = False, **body: Any) -> Json:
    """An object that lives."""
    meta = {"name": name, "uid": f"uid-of-{name}", "labels": OURS if ours else {}, "namespace": namespace}
    return {"kind": kind, "metadata": meta, "managers": [MANAGER if ours else "kubectl"], **body}


def read(
    *objects: Json,
    served: bool = True,
    problems: Any = (),
    refused: Any = (),
    place: str = "openshift-operators",
    **changes: Any,
) -> Json:
    """What ``mesh_info`` has read; ``served``: the operator's kinds are there; ``refused``: kinds that may not be read."""
    facts: Json = {**fed.facts(RED), "control_plane": None, "readable": False, "problems": list(problems), **changes}
    declared = fed.declare(fed.inventory(RED, red_mesh={"mesh_install_operator_namespace": place}))["meshes"][RED]
    facts["additional_objects"] = [
        {
            **one,
            "served": served or not one["kind"].startswith("ServiceMesh"),
            "problem": REFUSED_READ if one["kind"] in refused else None,
            "objects": [
                found
                for found in objects
                if found["kind"] == one["kind"]
                and one.get("name") in (None, found["metadata"]["name"])
                and one.get("namespace") in (None, found["metadata"]["namespace"])
            ],
        }
        for one in installing.reads(declared)
    ]
    return facts


def planned(facts: Json, **variables: Any) -> Json:
    declaration = fed.declare(fed.inventory(RED, red_mesh={**WANTED, **variables}))
    assert not [one for one in declaration["problems"] if one["severity"] == "error"], declaration["problems"]
    return installing.build_plan(declaration, RED, facts)


def names(wishes: list[Json]) -> list[str]:
    return [f"{one['definition']['kind']} {one['definition']['metadata']['name']}" for one in wishes]


OPERATORS = there("Namespace", "openshift-operators")
GROUP = there("OperatorGroup", "global-operators", "openshift-operators")
HOME = there("Namespace", "red-mesh-system")
EMPTY = read(OPERATORS, GROUP, served=False)
PACKAGE = {"name": "servicemeshoperator"}
SUBSCRIPTION = "Subscription servicemeshoperator"
PLANE = ["Namespace red-mesh-system", "ServiceMeshControlPlane red-mesh"]
THEIRS = there("Subscription", "mesh", "openshift-operators", spec=PACKAGE)

# what was read, variables, objects for the operator, what is waited for, objects for the control plane
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
    ("an operator that is there", read(OPERATORS, GROUP), {}, [], None, PLANE),
    (
        "the same, asked for",
        read(OPERATORS, GROUP),
        {"mesh_install_operator": True},
        [SUBSCRIPTION],
        "servicemeshoperator",
        PLANE,
    ),
    ("somebody else's subscription", read(OPERATORS, GROUP, THEIRS, served=False), {}, [], "mesh", PLANE),
    ("somebody else's, at work", read(OPERATORS, GROUP, THEIRS), {"mesh_install_operator": True}, [], None, PLANE),
    (
        "our subscription, at work",
        read(OPERATORS, there("Subscription", "s", "openshift-operators", True, spec=PACKAGE)),
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
    ("a namespace that is there", read(OPERATORS, GROUP, HOME), {}, [], None, PLANE[1:]),
    ("our namespace", read(OPERATORS, there("Namespace", "red-mesh-system", ours=True)), {}, [], None, PLANE),
]


@pytest.mark.parametrize(
    ("facts", "variables", "operator", "waits", "plane"),
    [case[1:] for case in WRITES],
    ids=[case[0] for case in WRITES],
)
def test_what_is_written(
    facts: Json, variables: Json, operator: list[str], waits: str | None, plane: list[str]
) -> None:
    made = planned(facts, **variables)
    assert made["problems"] == [] and made["wait"]
    assert (names(made["operator"]), names(made["plane"])) == (operator, plane)
    assert (made["subscription"] or {}).get("name") == waits
    for wish in made["operator"] + made["plane"]:
        assert wish["field_manager"] == MANAGER and wish["definition"]["metadata"]["labels"] == OURS


def test_an_operator_group_only_where_a_namespace_has_none() -> None:
    place = {"mesh_install_operator_namespace": "mesh-operator"}
    declared = fed.declare(fed.inventory(RED, red_mesh={**WANTED, **place}))
    facts = read(served=False)
    facts["additional_objects"] = [
        {**one, "served": not one["kind"].startswith("ServiceMesh"), "objects": [], "problem": None}
        for one in installing.reads(declared["meshes"][RED])
    ]
    made = installing.build_plan(declared, RED, facts)
    assert names(made["operator"]) == ["Namespace mesh-operator", "OperatorGroup mesh-operator", SUBSCRIPTION]
    assert made["operator"][1]["definition"]["spec"] == {}
    facts["additional_objects"][-1]["objects"] = [there("OperatorGroup", "theirs", "mesh-operator")]
    assert names(installing.build_plan(declared, RED, facts)["operator"]) == ["Namespace mesh-operator", SUBSCRIPTION]


def test_the_specs() -> None:
    spec = {"version": "v2.5", "security": {"identity": {"type": "ThirdParty"}}, "tracing": {"type": "Jaeger"}}
    made = planned(
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
    plane, roll = (one["definition"] for one in made["plane"][1:])
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
    assert made["operator"][0]["definition"]["spec"] == {
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
    return there(
        "ServiceMeshControlPlane",
        RED,
        "red-mesh-system",
        ours,
        spec={"version": "v2.4", "security": {"trust": {"domain": domain}}},
    )


def test_ours_is_kept_and_its_trust_domain_not_changed_by_the_way() -> None:
    plane = fed.facts(RED)["control_plane"]
    facts = read(OPERATORS, HOME, live_plane(True), control_plane=plane, readable=True)
    wish = planned(facts)["plane"][0]
    assert wish["definition"]["metadata"]["uid"] == "uid-of-red-mesh" and wish["live"] and not wish["later"]
    made = planned(facts, mesh_trust_domain="new.local")
    assert [one["code"] for one in made["problems"]] == ["trust-domain-change"] and made["plane"] == []
    confirmed = planned(facts, mesh_trust_domain="new.local", federation_confirm_trust_domain=[RED])
    assert confirmed["plane"][0]["definition"]["spec"]["security"]["trust"] == {"domain": "new.local"}
    assert {one["severity"] for one in confirmed["problems"]} == {"warning"}
    # federate.yml does not take over what install.yml holds.
    plane["owners"]["spec.security.trust.domain"] = [MANAGER]
    wish = fed.inventory(RED, red_mesh={"mesh_trust_domain": "new.local", "federation_confirm_trust_domain": [RED]})
    told = planning.build_plan(fed.declare(wish), {RED: facts})["problems"]
    assert [one["code"] for one in told] == ["trust-domain-installed"]


def test_what_is_somebody_elses_is_never_written() -> None:
    roll = there("ServiceMeshMemberRoll", "default", "red-mesh-system", spec={"members": ["a"]})
    facts = read(OPERATORS, HOME, live_plane(False), roll, control_plane=fed.facts(RED)["control_plane"])
    made = planned(facts, mesh_control_plane_spec={"version": "v2.5"}, mesh_members=["a", "b"])
    assert made["plane"] == [] and made["operator"] == [] and not made["wait"]
    assert [(one["code"], one["severity"]) for one in made["problems"]] == [("unmanaged", "warning")] * 2
    assert "spec.version" in made["problems"][0]["message"] and "does not have b" in made["problems"][1]["message"]
    assert "unmanaged (field manager kubectl) and stays as it is" in made["lines"][0]


def test_only_what_is_asked_for() -> None:
    assert installing.build_plan(fed.declare(fed.inventory(RED)), RED, EMPTY)["plane"] == []
    other = there("ServiceMeshControlPlane", "basic", "red-mesh-system")
    assert [one["code"] for one in planned(read(HOME, other), mesh_control_plane=RED)["problems"]] == [
        "control-plane-other"
    ]
    assert planned(read(HOME, other))["lines"] == [
        f"{RED}: the control plane basic is unmanaged (field manager kubectl) and stays as it is"
    ]
    missing = planned(EMPTY, mesh_install_operator=False)
    assert [one["code"] for one in missing["problems"]] == ["operator-missing"]
    for code, fatal in (("unreachable", True), ("kind-missing", False), ("namespace-missing", False)):
        problem = product_types.problem(code, RED, "x", "no", "do")
        assert bool(planned(read(OPERATORS, problems=[problem]))["problems"]) == fatal


# what may not be read, what is there, variables; whether that holds the mesh back
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


@pytest.mark.parametrize(("refused", "there_is", "variables", "held"), UNREAD)
def test_what_may_not_be_read_is_not_taken_for_absent(
    refused: tuple[str, ...], there_is: Json, variables: Json, held: bool
) -> None:
    """Where something is decided by it nothing is written at all: it could be somebody else's."""
    made = planned(read(OPERATORS, refused=refused, **there_is), **variables)
    assert [(one["code"], one["severity"]) for one in made["problems"]] == [("forbidden", "error")] * held
    assert bool(made["plane"]) == made["wait"] != held
    assert not held or not (made["operator"] or made["subscription"])


# what cannot be rehearsed, by kind; the words
LATER = [
    (EMPTY, {"Subscription": "", "Namespace": "", "ServiceMeshControlPlane": "the namespace red-mesh-system exists"}),
    (read(OPERATORS, HOME, served=False), {"Subscription": "", "ServiceMeshControlPlane": "the operator is installed"}),
    (read(OPERATORS, HOME), {"ServiceMeshControlPlane": ""}),
]


@pytest.mark.parametrize(("facts", "expected"), LATER)
def test_what_is_known_later(facts: Json, expected: dict[str, str]) -> None:
    made = planned(facts)
    told = {one["definition"]["kind"]: one["later"] for one in made["operator"] + made["plane"]}
    assert set(told) == set(expected)
    assert all(expected[kind] in message and bool(message) == bool(expected[kind]) for kind, message in told.items())


def test_in_check_mode_what_is_known_later_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(auth: Json, **options: bool) -> None:
        raise AssertionError("a request")

    monkeypatch.setattr(session, "Cluster", none)
    wish = {**planned(EMPTY)["plane"][1], "peer": None}
    params = {"auth": {"host": "https://x", "api_key": "x"}, "mesh": RED, "objects": [wish]}
    found = mesh_objects.run(params, True, lambda line: None)
    assert [(one["verb"], one["message"]) for one in found["objects"]] == [("created", wish["later"])]
    assert "spec.security.trust.domain" in found["objects"][0]["fields"]
    assert found["diff"][0]["before"] == "" and "red-mesh.local" in found["diff"][0]["after"]


REFUSED: list[tuple[str, Json, str, str, str]] = [
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
        "of its own",
    ),
    (
        "odd namespace",
        {"mesh_install_operator_namespace": "A_b"},
        "mesh_install_operator_namespace",
        "name-invalid",
        "Correct",
    ),
]


@pytest.mark.parametrize(
    ("variables", "where", "code", "remedy"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refused(variables: Json, where: str, code: str, remedy: str) -> None:
    found = fed.declare(fed.inventory(RED, red_mesh=variables))["problems"]
    assert [(one["code"], one["where"]) for one in found] == [(code, where)] and remedy in found[0]["remedy"]


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
GONE = Event("ClusterServiceVersion", "RESET", {})
OPERATOR: list[tuple[str, list[Event], str]] = [
    ("nothing", [], "the Subscription does not exist"),
    ("a subscription", [subscription()], "no version has been found yet"),
    ("unresolved", [FAILED], "ResolutionFailed: no operators found"),
    ("waits for approval", [PENDING], "the install plan install-abc waits for approval"),
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
    ("there", [definition(), INSTALLED, version("Succeeded")], ""),
    (
        "there, an upgrade pending",
        [definition(), subscription(installedCSV=CSV, currentCSV="v9", state="UpgradePending"), version("Succeeded")],
        "",
    ),
    ("gone again", [definition(), INSTALLED, version("Succeeded"), GONE], f"{CSV} does not exist yet"),
]


@pytest.mark.parametrize(("events", "message"), [case[1:] for case in OPERATOR], ids=[case[0] for case in OPERATOR])
def test_how_far_the_operator_is(events: list[Event], message: str) -> None:
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
        self.watched = [one.kind for one in watches]
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
    cluster = _Cluster([PENDING, quiet, Event("", "TICK", {}), INSTALLED, definition(), version("Succeeded"), GONE])
    result, lines = _waited(monkeypatch, cluster)
    assert result["ready"] and result["problems"] == [] and result["message"] == "ready"
    assert cluster.watched == ["CustomResourceDefinition", "Subscription", "ClusterServiceVersion"]
    assert "waits for approval" in lines[0] and "s left; waiting for" in lines[1]


def test_an_operator_that_does_not_come_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    result, dummy = _waited(monkeypatch, _Cluster([FAILED]))
    told = result["problems"]
    assert [(one["code"], one["severity"]) for one in told] == [("operator-not-ready", "error")]
    assert "no operators found" in told[0]["message"] and not result["ready"]
    fatal = Event("Subscription", "FATAL", {}, ClusterError("kind-missing", "no OLM"))
    assert [one["code"] for one in _waited(monkeypatch, _Cluster([fatal]))[0]["problems"]] == ["kind-missing"]


def test_check_mode_looks_at_the_operator_once(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = _waited(monkeypatch, _Cluster([]), check=True)[0]
    assert not nothing["ready"] and nothing["problems"] == []
    objects = {
        "CustomResourceDefinition": definition().object,
        "Subscription": INSTALLED.object,
        "ClusterServiceVersion": [version("Succeeded").object],
    }
    assert _waited(monkeypatch, _Cluster([], objects), check=True)[0]["ready"]


# Words


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
