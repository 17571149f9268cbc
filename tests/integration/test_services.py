# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules checked against live Services: read with one more request, reported before the first write."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

import pytest
import yaml
from harness import ROOT, Federation, Object, Run, request_lines, two_meshes
from lab.api import Lab, Mark
from lab.clusters import ADMIN_GROUP
from lab.seed import service

RED_MEMBER, GREEN_MEMBER = "red-mesh-bookinfo", "green-mesh-bookinfo"
TWO_PORTS = {"ports": [{"name": "http", "port": 9080}, {"name": "metrics", "port": 9090}]}
ONE_PORT = {"ports": [{"name": "http", "port": 9080}], "labels": {}}
#: Services of red, of which reviews has two ports, and ratings of green, whose port has another name.
MEMBERS = {
    "red": {
        "members": {
            RED_MEMBER: {"ratings": 9080, "reviews": TWO_PORTS},
            "red-mesh-shop": {"cart": 80},
            "red-mesh-bank": {},
        }
    },
    "green": {"members": {GREEN_MEMBER: {"ratings": {"ports": [{"name": "grpc", "port": 9080}]}}}},
}
JOINING = {
    "type": "NameSelector",
    "importAsLocal": True,
    "nameSelector": {
        "namespace": RED_MEMBER,
        "name": "ratings",
        "alias": {"namespace": GREEN_MEMBER, "name": "ratings"},
    },
}


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """Two meshes with these Services."""
    return start(two_meshes(**MEMBERS))


@pytest.fixture(scope="module", name="shared")
def _shared(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"))


@pytest.fixture(name="federation")
def _federation(shared: Federation) -> Iterator[Federation]:
    """Red exports ratings, and green imports it; the declaration is restored afterwards."""
    before = copy.deepcopy((shared.hosts, shared.options))
    _share(shared, [f"{RED_MEMBER}/ratings"], [f"{RED_MEMBER}/ratings"])
    yield shared
    shared.hosts, shared.options = before


def _share(federation: Federation, exports: list[Any], imports: list[Any]) -> None:
    federation.hosts["red-mesh"]["mesh_exports"] = {"green-mesh": exports}
    federation.hosts["green-mesh"]["mesh_imports"] = {"red-mesh": imports}


def _run_rejected(federation: Federation, *message: str) -> Run:
    """Run, and check that the declaration is rejected before the first write."""
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0 and not run.report, run.output
    assert not request_lines(federation.writes(mark))
    assert all(part in run.flat for part in message), run.output
    return run


def _announcements(run: Run) -> list[str]:
    return run.paragraphs("Announce the changes")


def _lists(lab: Lab, since: Mark) -> list[str]:
    """Return the namespaces in which red's Services were listed, without that of the control plane."""
    requests = [
        request for request in lab.audit("red", since) if (request.verb, request.resource) == ("list", "services")
    ]
    return [request.namespace or "*" for request in requests if request.namespace != "red-mesh-system"]


def test_a_named_service_with_two_ports_is_rejected_with_a_corrected_rule(federation: Federation) -> None:
    _share(federation, [f"{RED_MEMBER}/ratings", f"{RED_MEMBER}/reviews"], [f"{RED_MEMBER}/*"])
    run = _run_rejected(
        federation,
        "[export-ports]",
        f"red-mesh: mesh_exports.green-mesh[1]: {RED_MEMBER}/reviews has 2 ports (http, metrics)",
    )
    plan = federation.play(ROOT / "playbooks" / "plan.yml")
    assert plan.code != 0 and "[export-ports]" in plan.flat
    rule = _corrected_rule(run)
    assert rule["nameSelector"]["name"] == "<name>"
    rule["nameSelector"]["name"] = "reviews-http"
    federation.lab.apply("red", [service(RED_MEMBER, "reviews-http", ONE_PORT)])
    _share(federation, [f"{RED_MEMBER}/ratings", rule], [f"{RED_MEMBER}/*"])
    federation.succeed()
    assert federation.imported("green-mesh", "red-mesh") == [
        f"{name}.{RED_MEMBER}.svc.red-mesh-imports.local" for name in ("ratings", "reviews")
    ]
    _check_answer(federation, "reviews", 200)


def _corrected_rule(run: Run) -> Object:
    """Return the only corrected rule that a rejection shows as YAML."""
    lines = run.printed("Reject contradictions between meshes")
    [start] = [number for number, line in enumerate(lines, 1) if line == "    Write:"]
    [rule] = yaml.safe_load("\n".join(takewhile(lambda line: line.startswith(" " * 8), lines[start:])))
    return rule


def _check_answer(federation: Federation, name: str, status: int) -> None:
    request = {"verb": "request", "from_mesh": "green-mesh", "host": f"{name}.{RED_MEMBER}.svc.red-mesh-imports.local"}
    assert federation.eventually(lambda: federation.lab.ask(request)["status"] == status)


def test_a_changed_service_with_a_live_export_stops_no_other_change(federation: Federation) -> None:
    """The export no longer works, which is reported; the run makes all other changes."""
    federation.succeed()
    federation.lab.apply("red", [service(RED_MEMBER, "ratings", {**TWO_PORTS, "labels": {}})], force=True)
    federation.hosts["red-mesh"]["mesh_imports"] = [f"{GREEN_MEMBER}/ratings"]
    federation.hosts["green-mesh"]["mesh_exports"] = [f"{GREEN_MEMBER}/ratings"]
    run = federation.succeed()
    warnings = [line for line in _announcements(run) if "[export-ports]" in line]
    assert len(warnings) == 1 and warnings[0].startswith(
        f"WARNING red-mesh: mesh_exports.green-mesh[0]: {RED_MEMBER}/ratings has 2 ports"
    )
    assert federation.names("red-mesh", "importedservicesets") == ["green-mesh"]
    _check_answer(federation, "ratings", 503)
    federation.options["federation_lint_strict"] = True
    _run_rejected(federation, "[export-ports]")
    federation.lab.apply("red", [service(RED_MEMBER, "ratings", ONE_PORT)], force=True)
    assert "[export-ports]" not in federation.succeed().flat
    _check_answer(federation, "ratings", 200)


def test_a_wildcard_warns_and_the_run_continues(federation: Federation) -> None:
    _share(federation, [f"{RED_MEMBER}/*"], [f"{RED_MEMBER}/ratings", f"{RED_MEMBER}/reviews"])
    run = federation.succeed()
    [line] = [line for line in _announcements(run) if "[export-ports]" in line]
    assert f"1 port: {RED_MEMBER}/reviews with 2 ports (http, metrics); " in line
    _check_answer(federation, "ratings", 200)
    _check_answer(federation, "reviews", 503)


def test_an_import_that_joins_a_service_with_other_ports_is_a_warning(federation: Federation) -> None:
    _share(federation, [f"{RED_MEMBER}/ratings"], [JOINING])
    run = federation.succeed()
    [line] = [line for line in _announcements(run) if "[import-port-names]" in line]
    assert (
        f"{GREEN_MEMBER}/ratings is a Service of this mesh with 1 port (grpc), and the imported service has 1 port (http)"
        in line
    )
    federation.options["federation_lint_strict"] = True
    _run_rejected(federation, "[import-port-names]")


@pytest.mark.parametrize(
    ("exports", "lists"),
    [
        ([f"{RED_MEMBER}/ratings", f"{RED_MEMBER}/details"], [RED_MEMBER]),
        ([f"{RED_MEMBER}/ratings", "red-mesh-shop/cart"], [RED_MEMBER, "red-mesh-shop"]),
        ([f"{RED_MEMBER}/ratings", "red-mesh-shop/cart", "red-mesh-bank/vault"], ["*"]),
        (["*/ratings"], ["*"]),
        (["red-mesh-system/istiod"], []),
        (["nowhere/ratings"], ["nowhere"]),
        ([], []),
    ],
    ids=["one", "two", "three", "members", "control plane", "absent", "none"],
)
def test_how_services_are_listed(federation: Federation, exports: list[str], lists: list[str]) -> None:
    _share(federation, exports, ["*/*"])
    mark = federation.lab.mark()
    run = federation.succeed("--check")
    assert _lists(federation.lab, mark) == lists
    assert "[services-unread]" not in run.flat


@pytest.mark.parametrize(
    "exports",
    [[f"{RED_MEMBER}/reviews"], [f"{RED_MEMBER}/reviews", "red-mesh-shop/cart", "red-mesh-bank/vault"]],
    ids=["one namespace", "all"],
)
def test_forbidden_services_are_only_a_note(federation: Federation, exports: list[str]) -> None:
    lab = federation.lab
    _share(federation, exports, ["*/*"])
    federation.options["federation_lint_strict"] = True
    lab.apply("red", _list_services_of_the_control_plane())
    with lab.fault("api-forbidden", cluster="red", verbs=["list"], resources=["services"]):
        run = federation.run("--check")
    [line] = [line for line in _announcements(run) if "[services-unread]" in line]
    assert line.startswith("INFO red-mesh: Services in ") and "may not list services" in line
    assert not [line for line in run.report if "[services-unread]" in line]
    assert run.code == 0, run.output


def _list_services_of_the_control_plane() -> list[Object]:
    """Return a Role that lets the lab's administrator list Services in the namespace of the control plane despite the fault."""
    group, name = "rbac.authorization.k8s.io", "list-services"
    metadata = {"name": name, "namespace": "red-mesh-system"}
    return [
        {
            "apiVersion": f"{group}/v1",
            "kind": "Role",
            "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "Group", "apiGroup": group, "name": ADMIN_GROUP}],
        },
    ]
