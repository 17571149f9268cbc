# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a mesh, against a scripted cluster."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders.scripted import AUTH, SYNCED, Cluster, Json, live_plane, live_service, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules import mesh_info, mesh_info_federation
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import beyond_reading, missing
from ansible_collections.ossm.federation.plugins.module_utils._readers.members import read_members

NAMES = {"name": "red", "namespace": "ns"}


def _read(
    monkeypatch: pytest.MonkeyPatch, objects: dict[str, Any], rights_for: str | None = None, **wanted: Any
) -> tuple[Json, Cluster]:
    cluster = use(monkeypatch, Cluster(objects))
    params = {"mesh": "red-mesh", "namespace": "ns", "auth": AUTH, "rights_for": rights_for, **wanted}
    return mesh_info.run(params, False, lambda line: None), cluster


def _root(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    """Take the text in the config map for a good root with this fingerprint."""
    monkeypatch.setattr(mesh_info_federation, "normalise_bundle", lambda pem: pem)
    monkeypatch.setattr(mesh_info_federation, "read_roots", lambda pem: [{"sha256": sha256}])


def _mesh() -> dict[str, Any]:
    fields = {
        "f:spec": {
            "f:security": {"f:trust": {"f:domain": {}}},
            "f:gateways": {"f:additionalIngress": {"f:in": {"f:enabled": {}}}},
        }
    }
    plane = live_plane()
    plane["metadata"].update(
        NAMES,
        managedFields=[
            {"manager": "mesh-owner", "fieldsV1": fields},
            {"manager": "operator", "subresource": "status", "fieldsV1": fields},
        ],
    )
    plane["spec"] = {"security": {"trust": {"domain": "red.local"}}, "gateways": {"additionalIngress": {"in": {}}}}
    root = {"metadata": {"name": "istio-ca-root-cert"}, "data": {"root-cert.pem": "PEM"}}
    return {
        "Namespace": {"metadata": {"uid": "cluster-1"}},
        "ServiceMeshControlPlane": [plane],
        "Infrastructure": {"status": {"platformStatus": {"type": "AWS"}}},
        "ClusterVersion": {"status": {"desired": {"version": "4.16.20"}}},
        "ConfigMap": [root, {"metadata": {"name": "other"}}, {"metadata": {"name": "green-ca-root-cert"}}],
        "Service": [live_service("in"), live_service("istiod")],
        "ServiceMeshMemberRoll": {"metadata": {}, "spec": {"members": ["b", "a"]}},
        "Pod": [
            {"metadata": {"name": "istiod-b", "labels": {"istio.io/rev": "red"}}, "status": {"startTime": SYNCED}},
            {"metadata": {"name": "istiod-a", "labels": {"istio.io/rev": "red"}}, "status": {}},
            {"metadata": {"name": "istiod-gone", "deletionTimestamp": SYNCED}},
            {"metadata": {"name": "istiod-of-another", "labels": {"istio.io/rev": "blue"}}},
        ],
    }


def test_a_mesh_is_read_in_eleven_requests_on_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "pem")
    facts, cluster = _read(monkeypatch, _mesh())
    assert facts["readable"] and not facts["problems"]
    assert len(cluster.requests) == 11 and "Node" not in cluster.requests
    assert facts["openshift"] == {"version": "4.16.20", "message": "OpenShift 4.16.20"} and facts["rights"] is None
    assert facts["control_plane"]["owners"] == {
        "spec.gateways.additionalIngress.in": ["mesh-owner"],
        "spec.security.trust.domain": ["mesh-owner"],
    }
    assert (facts["cluster_uid"], facts["members"], facts["fingerprints"]) == ("cluster-1", ["a", "b"], ["pem"])
    assert set(facts["gateway_services"]) == {"in"}
    peer = {"metadata": {"name": "p"}, "spec": {"gateways": {"ingress": {"name": "istiod"}}}}
    facts, cluster = _read(monkeypatch, {**_mesh(), "ServiceMeshPeer": [peer]})
    assert set(facts["gateway_services"]) == {"in", "istiod"}
    assert [config_map["metadata"]["name"] for config_map in facts["config_maps"]] == ["green-ca-root-cert"]
    assert facts["istiod"] == [{"name": "istiod-a", "started": None}, {"name": "istiod-b", "started": SYNCED}]
    assert "managedFields" not in str(facts) and "api_key" not in str(facts)


def test_nodes_tell_the_platform_where_openshift_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    node = {
        "metadata": {"name": "n", "labels": {"topology.kubernetes.io/region": "r"}},
        "spec": {"providerID": "baremetalhost:///x"},
        "status": {"addresses": [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "10.0.0.1"}]},
    }
    down = {"metadata": {"name": "d"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    objects = {**_mesh(), "Node": [node, down], "Infrastructure": ClusterError("kind-missing", "none")}
    facts, cluster = _read(monkeypatch, objects)
    assert facts["platform"]["type"] == "BareMetal" and facts["readable"]
    assert facts["nodes"] == [
        {"name": "n", "addresses": ["10.0.0.1"], "internal": ["10.0.0.1"], "region": "r", "zone": None, "arch": None}
    ]
    assert len(cluster.requests) == 11
    assert facts["openshift"]["version"] is None and "plain Kubernetes" in facts["openshift"]["message"]


def test_a_cluster_without_a_version_object_is_plain_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    for code, message in (
        ("missing", "plain Kubernetes (no ClusterVersion)"),
        ("forbidden", "an unknown version of OpenShift"),
    ):
        facts, _cluster = _read(monkeypatch, {**_mesh(), "ClusterVersion": ClusterError(code, "no")})
        assert facts["openshift"] == {"version": None, "message": message} and facts["readable"]
        assert [problem["severity"] for problem in facts["problems"]] == ["warning"] * (code == "forbidden")


def test_what_a_mesh_can_do_without_degrades_with_a_warning_that_says_what_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _root(monkeypatch, "1")
    optional = ("Namespace", "Infrastructure", "ClusterVersion", "ServiceMeshMemberRoll", "Node", "Pod")
    refused = {kind: ClusterError("forbidden", f"may not read {kind}") for kind in optional}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **refused})
    assert facts["readable"] and facts["members"] is None and facts["platform"]["type"] == ""
    answers = {
        problem["where"].split()[0]: problem["message"]
        for problem in facts["problems"]
        if problem["severity"] == "warning"
    }
    assert set(answers) == set(optional) and all(
        f": may not read {kind}" in message for kind, message in answers.items()
    )


def test_what_is_needed_makes_a_mesh_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    for kind in (
        "ServiceMeshControlPlane",
        "ServiceMeshPeer",
        "ExportedServiceSet",
        "ImportedServiceSet",
        "ConfigMap",
        "Service",
    ):
        facts, _cluster = _read(monkeypatch, {**_mesh(), kind: ClusterError("forbidden", f"may not list {kind}")})
        assert not facts["readable"]
        assert [(problem["message"], problem["severity"]) for problem in facts["problems"]] == [
            (f"may not list {kind}", "error")
        ]


RULE = {"verbs": ["patch"], "apiGroups": ["maistra.io"], "resources": ["servicemeshcontrolplanes"]}


def test_rights_take_one_more_request(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    other = {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}
    answers = {"SelfSubjectRulesReview": {"resourceRules": [RULE, other], "incomplete": False}}
    facts, cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate")
    assert facts["rights"] == [RULE] and len(cluster.requests) == 12


def test_what_the_rules_leave_open_is_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    asked: list[Json] = []

    def answer(spec: Json) -> Json:
        asked.append(spec["resourceAttributes"])
        return {"allowed": spec["resourceAttributes"]["resource"] == "configmaps"}

    answers = {
        "SelfSubjectRulesReview": {"resourceRules": [RULE], "incomplete": True},
        "SelfSubjectAccessReview": answer,
    }
    facts, cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate-check")
    assert [(access["verb"], access["resource"]) for access in asked] == [
        ("*", "*"),
        ("create", "importedservicesets"),
        ("patch", "importedservicesets"),
        ("create", "exportedservicesets"),
        ("patch", "exportedservicesets"),
        ("create", "configmaps"),
        ("patch", "configmaps"),
        ("create", "servicemeshpeers"),
        ("patch", "servicemeshpeers"),
        ("get", "servicemeshcontrolplanes"),
    ]
    assert {access["namespace"] for access in asked} == {"ns"}
    granted = {"apiGroups": [""], "resources": ["configmaps"]}
    assert facts["rights"] == [RULE, {"verbs": ["create"], **granted}, {"verbs": ["patch"], **granted}]


def test_who_may_everything_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    asked: list[Json] = []

    def answer(spec: Json) -> Json:
        asked.append(spec["resourceAttributes"])
        return {"allowed": True}

    answers = {"SelfSubjectRulesReview": {"resourceRules": [], "incomplete": True}, "SelfSubjectAccessReview": answer}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate")
    assert asked == [{"verb": "*", "group": "*", "resource": "*", "namespace": "ns"}]
    assert missing(facts["rights"], beyond_reading("federate")) == []


@pytest.mark.parametrize(
    ("error", "asks"),
    [
        ("node authorizer does not support user rule resolution", False),
        ("webhook authorizer does not support user rule resolution", True),
        (
            "[node authorizer does not support user rule resolution, webhook authorizer does not support user rule resolution]",
            True,
        ),
    ],
)
def test_the_authorizer_of_the_nodes_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch, error: str, asks: bool
) -> None:
    _root(monkeypatch, "1")
    rules = {"resourceRules": [RULE], "incomplete": True, "evaluationError": error}
    answers = {"SelfSubjectRulesReview": rules, "SelfSubjectAccessReview": {"allowed": False}}
    facts, cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate")
    assert facts["rights"] == [RULE] and (len(cluster.requests) > 12) is asks


def test_rights_that_nobody_tells_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    refused = {"SelfSubjectRulesReview": ClusterError("forbidden", "no")}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **refused}, "federate")
    assert facts["rights"] is None and facts["readable"]
    assert [(problem["code"], problem["severity"]) for problem in facts["problems"]] == [("forbidden", "warning")]


@pytest.mark.parametrize(
    ("roll", "members"),
    [
        ({"spec": {"members": ["b", "a"]}}, ["a", "b"]),
        ({"spec": {"members": ["b", "a"]}, "status": {"configuredMembers": ["a"]}}, ["a"]),
        ({"spec": {"memberSelectors": [{"matchLabels": {"a": "b"}}]}}, None),
        (
            {"spec": {"members": ["b"], "memberSelectors": [{}]}, "status": {"configuredMembers": ["b", "c"]}},
            ["b", "c"],
        ),
        ({}, []),
    ],
)
def test_members(roll: Json, members: list[str] | None) -> None:
    assert read_members(roll) == members


def _external(monkeypatch: pytest.MonkeyPatch, router: Any) -> tuple[Json, Cluster]:
    _root(monkeypatch, "1")
    status = {"platformStatus": {"type": "External", "external": {"platformName": "oci"}}}
    cluster = use(monkeypatch, Cluster({**_mesh(), "Infrastructure": {"status": status}}))
    params = {"mesh": "red-mesh", "namespace": "ns", "auth": AUTH}
    asked: list[tuple[str, ...]] = []

    def get(kind: str, *where: str) -> Json:
        if kind != "Service":
            return Cluster.get(cluster, kind, *where)
        asked.append(where)
        if isinstance(router, ClusterError):
            raise router
        return router

    monkeypatch.setattr(cluster, "get", get)
    facts = mesh_info.run(params, False, lambda line: None)
    assert asked == [("router-default", "openshift-ingress")]
    return facts, cluster


@pytest.mark.parametrize(
    ("router", "type_"),
    [
        (live_service("router-default"), "ExternalCloud"),
        (live_service("router-default", address=None), "External"),
        (ClusterError("missing", "it does not exist"), "External"),
        (ClusterError("forbidden", "may not"), "External"),
    ],
)
def test_an_external_platform_is_judged_by_the_balancer_of_the_router(
    monkeypatch: pytest.MonkeyPatch, router: Any, type_: str
) -> None:
    facts, cluster = _external(monkeypatch, router)
    assert (facts["platform"]["type"], facts["platform"]["name"]) == (type_, "oci")
    assert facts["readable"] and not facts["problems"] and len(cluster.requests) == 12


def test_nodes_are_read_on_a_cloud_when_a_gateway_has_node_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    objects = _mesh()
    objects["ServiceMeshControlPlane"][0]["spec"]["gateways"]["additionalIngress"] = {
        "in": {"service": {"type": "NodePort"}}
    }
    node = {"metadata": {"name": "n"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}
    facts, _cluster = _read(monkeypatch, {**objects, "Node": [node]})
    assert facts["platform"]["type"] == "AWS" and facts["nodes"][0]["addresses"] == ["10.0.0.1"]


def test_another_name_lists_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, _cluster = _read(monkeypatch, _mesh(), control_plane="blue")
    reported = facts["problems"][0]
    assert (
        reported["code"] == "control-plane-missing"
        and "Existing ones: red" in reported["remedy"]
        and not facts["readable"]
    )


def test_a_subset_reads_the_control_plane_and_nothing_else_that_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts, cluster = _read(monkeypatch, _mesh(), subset=["control_plane", "members"])
    assert facts["readable"] and cluster.requests == ["ServiceMeshControlPlane", "ServiceMeshMemberRoll"]
    assert facts["control_plane"]["name"] == "red" and facts["members"] == ["a", "b"] and not facts["problems"]
    missing, cluster = _read(monkeypatch, {}, subset=["control_plane", "members"])
    assert not missing["readable"] and set(cluster.requests) == {"ServiceMeshControlPlane", "Namespace"}


def test_what_is_asked_for_besides_and_cannot_be_read_is_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = {
        **_mesh(),
        "Subscription": ClusterError("forbidden", "may not"),
        "OperatorGroup": ClusterError("kind-missing", "no"),
    }
    also = [{"kind": kind, "namespace": "ns"} for kind in ("Subscription", "OperatorGroup", "ServiceMeshControlPlane")]
    facts, _cluster = _read(monkeypatch, objects, subset=["control_plane", "members"], additional_objects=also)
    answers = [
        (answer["served"], len(answer["objects"]), (answer["problem"] or {}).get("code"))
        for answer in facts["additional_objects"]
    ]
    assert answers == [(True, 0, "forbidden"), (False, 0, None), (True, 1, None)]
    assert [(one["code"], one["severity"]) for one in facts["problems"]] == [("forbidden", "warning")]
    optional = [{**also[0], "optional": True}]
    facts, _cluster = _read(monkeypatch, objects, subset=["control_plane", "members"], additional_objects=optional)
    assert facts["problems"] == [] and facts["additional_objects"][0]["problem"]["code"] == "forbidden"
    objects["ServiceMeshControlPlane"] = ClusterError("forbidden", "may not list it")
    facts, _cluster = _read(monkeypatch, objects, subset=["control_plane", "members"], additional_objects=also)
    assert [problem["message"] for problem in facts["problems"] if problem["severity"] == "error"] == [
        "may not list it"
    ]


def test_missing_kinds_are_one_problem_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    missing = {
        kind: ClusterError("kind-missing", "the cluster has no federation")
        for kind in ("ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet")
    }
    facts, _cluster = _read(monkeypatch, {**_mesh(), **missing})
    assert [problem["code"] for problem in facts["problems"]] == ["kind-missing"] and facts["members"] == ["a", "b"]


OURS = {"app.kubernetes.io/managed-by": "ossm.federation"}
LEFT: Json = {
    "ServiceMeshControlPlane": [],
    "ServiceMeshPeer": [{"metadata": {"name": "green", "labels": OURS}}],
}


@pytest.mark.parametrize("namespace", ["ns", None])
def test_what_a_deleted_control_plane_has_left_can_be_read(
    monkeypatch: pytest.MonkeyPatch, namespace: str | None
) -> None:
    _root(monkeypatch, "pem")
    facts, _cluster = _read(monkeypatch, {**_mesh(), **LEFT}, namespace=namespace, require_control_plane=False)
    assert facts["readable"] and facts["control_plane"] is None
    assert [peer["metadata"]["name"] for peer in facts["peers"]] == ["green"]
    assert [(found["code"], found["severity"]) for found in facts["problems"]] == [("control-plane-missing", "warning")]
    assert facts["namespace"] == (namespace or "red-mesh-system")
    facts, _cluster = _read(monkeypatch, {**_mesh(), **LEFT}, namespace=namespace)
    assert not facts["readable"] and not facts["peers"]


@pytest.mark.parametrize(
    "changes",
    [
        {"ServiceMeshControlPlane": ClusterError("forbidden", "may not list")},
        {"ServiceMeshControlPlane": [{"metadata": {"name": "another"}}, {"metadata": {"name": "third"}}]},
        {"Namespace": ClusterError("missing", "no such namespace")},
    ],
)
def test_a_control_plane_that_may_exist_is_required(monkeypatch: pytest.MonkeyPatch, changes: Json) -> None:
    facts, _cluster = _read(
        monkeypatch, {**_mesh(), **LEFT, **changes}, control_plane="red", require_control_plane=False
    )
    assert not facts["readable"] and not facts["peers"]


def test_an_invalid_own_root_hinders_no_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, _cluster = _read(monkeypatch, _mesh(), require_control_plane=False)
    assert facts["readable"]
    assert [(found["code"], found["severity"]) for found in facts["problems"]] == [("root-unreadable", "warning")]


def test_gateways_that_the_control_plane_does_not_have_any_more_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "pem")
    objects = _mesh()
    for name, label in (("in", "in"), ("ingress-green", "ingress-green"), ("theirs", "green")):
        service = live_service(name)
        service["metadata"]["labels"] = {"federation.maistra.io/ingress-for": label}
        objects["Service"] = [one for one in objects["Service"] if one["metadata"]["name"] != name] + [service]
    assert _read(monkeypatch, objects)[0]["leftover_gateways"] == ["ingress-green"]


def test_a_root_that_is_missing_or_garbage_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    missing, garbage = _read(monkeypatch, {**_mesh(), "ConfigMap": []})[0], _read(monkeypatch, _mesh())[0]
    assert [[problem["code"] for problem in facts["problems"]] for facts in (missing, garbage)] == [
        ["root-missing"],
        ["root-unreadable"],
    ]
    assert missing["readable"], "its own side can be done, and the others wait for the root"
    assert not garbage["readable"]


def test_pods_that_may_not_be_read_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    facts, _cluster = _read(monkeypatch, {**_mesh(), "Pod": ClusterError("forbidden", "may not list pods")})
    assert facts["readable"] and facts["istiod"] is None
    assert [(problem["code"], problem["severity"]) for problem in facts["problems"]] == [("forbidden", "warning")]


def test_a_dead_cluster_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, cluster = _read(monkeypatch, {"Namespace": ClusterError("unreachable", "refuses")})
    assert [problem["code"] for problem in facts["problems"]] == ["unreachable"] and len(cluster.requests) == 1
    assert not facts["readable"] and facts["control_plane"] is None


def test_no_access_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, cluster = _read(monkeypatch, {}, auth={})
    assert [problem["code"] for problem in facts["problems"]] == ["access-missing"] and not cluster.requests


# -- a mesh whose namespace is not given -----------------------------------------------------------------------------------


class _Planes(Cluster):
    """A cluster with control planes by ``namespace/name``; the account may not list those of the namespaces ``refused`` (None:
    all namespaces at once)."""

    def __init__(self, planes: tuple[str, ...], refused: tuple[str | None, ...]) -> None:
        super().__init__(_mesh())
        self.refused, self.lists = refused, list[str | None]()
        self.planes = []
        for place in planes:
            namespace, _slash, name = place.partition("/")
            plane = live_plane()
            plane["metadata"].update(name=name, namespace=namespace, uid=place)
            self.planes.append(plane)

    def list(self, kind: str, namespace: str | None = None, **selectors: str) -> list[Json]:
        if kind != "ServiceMeshControlPlane":
            return super().list(kind, namespace, **selectors)
        self.lists.append(namespace)
        if namespace in self.refused:
            raise ClusterError("forbidden", f"may not list control planes in {namespace or 'all namespaces'}")
        return [plane for plane in self.planes if namespace in (None, plane["metadata"]["namespace"])]


def _find(
    monkeypatch: pytest.MonkeyPatch, planes: tuple[str, ...], refused: tuple[str | None, ...] = (), **wanted: Any
) -> tuple[Json, list[str | None]]:
    _root(monkeypatch, "pem")
    cluster = _Planes(planes, refused)
    use(monkeypatch, cluster)
    params = {"mesh": "red-mesh", "auth": AUTH, "rights_for": None, **wanted}
    return mesh_info.run(params, False, lambda line: None), cluster.lists


OWN, DOCUMENTED = "red-mesh-system", "istio-system"
FOUND: list[tuple[str, tuple[str, ...], tuple[str | None, ...], str, list[str | None]]] = [
    ("the only one", ("any/basic",), (), "any/basic", [None]),
    ("of several the one of that name", ("a/basic", "b/red-mesh"), (), "b/red-mesh", [None]),
    ("of several the one in its namespace", ("a/basic", f"{OWN}/basic"), (), f"{OWN}/basic", [None]),
    ("of two by name the one in its namespace", ("a/red-mesh", f"{OWN}/red-mesh"), (), f"{OWN}/red-mesh", [None]),
    ("no list of all", (f"{OWN}/basic", f"{DOCUMENTED}/basic"), (None,), f"{OWN}/basic", [None, OWN]),
    (
        "no list of all, the documentation's",
        (f"{DOCUMENTED}/basic",),
        (None,),
        f"{DOCUMENTED}/basic",
        [None, OWN, DOCUMENTED],
    ),
    ("only one list allowed", (f"{DOCUMENTED}/basic",), (None, OWN), f"{DOCUMENTED}/basic", [None, OWN, DOCUMENTED]),
]


@pytest.mark.parametrize(
    ("planes", "refused", "expected", "lists"), [case[1:] for case in FOUND], ids=[c[0] for c in FOUND]
)
def test_a_control_plane_is_found(
    monkeypatch: pytest.MonkeyPatch,
    planes: tuple[str, ...],
    refused: tuple[str | None, ...],
    expected: str,
    lists: list[str | None],
) -> None:
    facts, sent = _find(monkeypatch, planes, refused)
    assert facts["readable"] and not facts["problems"] and sent == lists
    assert f"{facts['namespace']}/{facts['control_plane']['name']}" == expected == facts["control_plane"]["uid"]


def test_a_named_control_plane_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for planes, refused in (
        (("a/basic", "b/other", "c/another"), ()),
        ((f"{OWN}/basic", f"{DOCUMENTED}/other"), (None,)),
    ):
        facts, _lists = _find(monkeypatch, planes, refused, control_plane="other")
        assert facts["control_plane"]["name"] == "other" and facts["namespace"] in ("b", DOCUMENTED)


NOT_FOUND: list[tuple[str, tuple[str, ...], tuple[str | None, ...], str, tuple[str, ...]]] = [
    ("several", ("a/basic", "b/basic"), (), "control-plane-ambiguous", ("a/basic, b/basic", "it is one of a, b")),
    (
        "by name and by namespace",
        ("a/red-mesh", f"{OWN}/basic"),
        (),
        "control-plane-ambiguous",
        (f"a/red-mesh, {OWN}/basic", f"it is one of a, {OWN}"),
    ),
    ("one namespace", ("a/one", "a/two"), (), "control-plane-ambiguous", ("mesh_control_plane",)),
    (
        "one visible namespace",
        (f"{OWN}/one", f"{OWN}/two"),
        (None,),
        "control-plane-ambiguous",
        ("mesh_control_plane",),
    ),
    ("none", (), (), "control-plane-missing", ("no control plane exists in the cluster",)),
    (
        "none visible",
        ("any/basic",),
        (None,),
        "control-plane-missing",
        (f"exists in {OWN} or {DOCUMENTED}, and the account may not list all namespaces", "Set mesh_"),
    ),
    (
        "nothing may be listed",
        ("any/basic",),
        (None, OWN, DOCUMENTED),
        "forbidden",
        ("may not list control planes in all namespaces", f"{OWN} and {DOCUMENTED}", "Set mesh_namespace"),
    ),
]


@pytest.mark.parametrize(
    ("planes", "refused", "code", "words"), [case[1:] for case in NOT_FOUND], ids=[case[0] for case in NOT_FOUND]
)
def test_a_control_plane_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
    planes: tuple[str, ...],
    refused: tuple[str | None, ...],
    code: str,
    words: tuple[str, ...],
) -> None:
    facts, _lists = _find(monkeypatch, planes, refused, rights_for="federate")
    [found] = [problem for problem in facts["problems"] if problem["severity"] == "error"]
    assert found["code"] == code and not facts["readable"] and facts["namespace"] == ""
    assert (facts["rights"] is None) == (code != "forbidden")
    assert all(word in f"{found['message']} {found['remedy']}" for word in words), found


def test_an_error_that_is_no_refusal_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, _cluster = _read(
        monkeypatch, {"ServiceMeshControlPlane": ClusterError("kind-missing", "no such kind")}, namespace=None
    )
    assert [problem["code"] for problem in facts["problems"] if problem["severity"] == "error"] == ["kind-missing"]
