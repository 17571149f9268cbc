# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Services themselves say of the rules: read with one request more, told before the first write."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import ROOT, Federation, Object, Run, request_lines, two_meshes
from lab.api import Lab, Mark
from lab.clusters import ADMIN_GROUP
from lab.seed import service

HERE, THERE = "red-mesh-bookinfo", "green-mesh-bookinfo"
TWO_PORTS = {"ports": [{"name": "http", "port": 9080}, {"name": "metrics", "port": 9090}]}
ONE_PORT = {"ports": [{"name": "http", "port": 9080}], "labels": {}}
#: Services of red, of which reviews has two ports; green has one called ratings, whose port is called otherwise.
MEMBERS = {
    "red": {"members": {HERE: {"ratings": 9080, "reviews": TWO_PORTS}, "red-mesh-shop": {"cart": 80}, "red-mesh-bank": {}}},
    "green": {"members": {THERE: {"ratings": {"ports": [{"name": "grpc", "port": 9080}]}}}},
}
JOINING = {
    "type": "NameSelector",
    "importAsLocal": True,
    "nameSelector": {"namespace": HERE, "name": "ratings", "alias": {"namespace": THERE, "name": "ratings"}},
}


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """Two meshes with these Services."""
    return start(two_meshes(**MEMBERS))


@pytest.fixture(scope="module", name="shared")
def _shared(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"))


@pytest.fixture
def federation(shared: Federation) -> Iterator[Federation]:
    """Red exports ratings, and green imports it; the wishes are put back afterwards."""
    before = copy.deepcopy((shared.hosts, shared.options))
    _share(shared, [f"{HERE}/ratings"], [f"{HERE}/ratings"])
    yield shared
    shared.hosts, shared.options = before


def _share(federation: Federation, exports: list[Any], imports: list[Any]) -> None:
    federation.hosts["red-mesh"]["mesh_exports"] = {"green-mesh": exports}
    federation.hosts["green-mesh"]["mesh_imports"] = {"red-mesh": imports}


def _refused(federation: Federation, *message: str) -> Run:
    """Run, and prove that it was refused before anything was written."""
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0 and not run.report, run.output
    assert not request_lines(federation.writes(mark))
    assert all(word in run.flat for word in message), run.output
    return run


def _first_words(run: Run) -> list[str]:
    return run.paragraphs("Announce the changes")


def _lists(lab: Lab, since: Mark) -> list[str]:
    """Where red's Services were listed, but for the control plane's namespace."""
    made = [one for one in lab.audit("red", since) if (one.verb, one.resource) == ("list", "services")]
    return [one.namespace or "*" for one in made if one.namespace != "red-mesh-system"]


def test_a_named_service_with_two_ports_is_refused_with_the_rule_that_works(federation: Federation) -> None:
    _share(federation, [f"{HERE}/ratings", f"{HERE}/reviews"], [f"{HERE}/*"])
    run = _refused(federation, "[export-ports]", f"red-mesh: mesh_exports.green-mesh[1]: {HERE}/reviews has 2 ports (http, metrics)")
    plan = federation.play(ROOT / "playbooks" / "plan.yml")
    assert plan.code != 0 and "[export-ports]" in plan.flat
    [repaired] = set(re.findall(r"Write (\{.*?\}\}\}) \[export-ports\]", run.flat))
    rule = json.loads(repaired.replace("<name>", "reviews-http"))
    federation.lab.apply("red", [service(HERE, "reviews-http", ONE_PORT)])
    _share(federation, [f"{HERE}/ratings", rule], [f"{HERE}/*"])
    federation.succeed()
    assert federation.imported("green-mesh", "red-mesh") == [
        f"{name}.{HERE}.svc.red-mesh-imports.local" for name in ("ratings", "reviews")]
    _answers(federation, "reviews", 200)


def _answers(federation: Federation, name: str, status: int) -> None:
    request = {"verb": "request", "from_mesh": "green-mesh", "host": f"{name}.{HERE}.svc.red-mesh-imports.local"}
    assert federation.eventually(lambda: federation.lab.ask(request)["status"] == status)


def test_what_others_do_to_a_service_that_is_exported_already_stops_nothing(federation: Federation) -> None:
    """It does not work any more, which is said; what else there is to do is done."""
    federation.succeed()
    federation.lab.apply("red", [service(HERE, "ratings", {**TWO_PORTS, "labels": {}})], force=True)
    federation.hosts["red-mesh"]["mesh_imports"] = [f"{THERE}/ratings"]
    federation.hosts["green-mesh"]["mesh_exports"] = [f"{THERE}/ratings"]
    run = federation.succeed()
    said = [line for line in _first_words(run) if "[export-ports]" in line]
    assert len(said) == 1 and said[0].startswith(f"red-mesh: mesh_exports.green-mesh[0]: {HERE}/ratings has 2 ports")
    assert federation.names("red-mesh", "importedservicesets") == ["green-mesh"]
    _answers(federation, "ratings", 503)
    federation.options["federation_lint_strict"] = True
    _refused(federation, "[export-ports]")
    federation.lab.apply("red", [service(HERE, "ratings", ONE_PORT)], force=True)
    assert "[export-ports]" not in federation.succeed().flat
    _answers(federation, "ratings", 200)


def test_a_wildcard_warns_and_goes_on(federation: Federation) -> None:
    _share(federation, [f"{HERE}/*"], [f"{HERE}/ratings", f"{HERE}/reviews"])
    run = federation.succeed()
    [said] = [line for line in _first_words(run) if "[export-ports]" in line]
    assert f"1 port: {HERE}/reviews with 2 ports (http, metrics); " in said
    _answers(federation, "ratings", 200)
    _answers(federation, "reviews", 503)


def test_an_import_that_joins_a_service_with_other_ports(federation: Federation) -> None:
    _share(federation, [f"{HERE}/ratings"], [JOINING])
    run = federation.succeed()
    [said] = [line for line in _first_words(run) if "[import-port-names]" in line]
    assert f"{THERE}/ratings is a Service of this mesh with 1 port (grpc), and the imported service has 1 port (http)" in said
    federation.options["federation_lint_strict"] = True
    _refused(federation, "[import-port-names]")


@pytest.mark.parametrize(("exports", "lists"), [
    ([f"{HERE}/ratings", f"{HERE}/details"], [HERE]),
    ([f"{HERE}/ratings", "red-mesh-shop/cart"], [HERE, "red-mesh-shop"]),
    ([f"{HERE}/ratings", "red-mesh-shop/cart", "red-mesh-bank/vault"], ["*"]),
    (["*/ratings"], ["*"]),
    (["red-mesh-system/istiod"], []),
    (["nowhere/ratings"], ["nowhere"]),
    ([], []),
], ids=["one", "two", "three", "members", "its own", "absent", "none"])
def test_how_services_are_asked_for(federation: Federation, exports: list[str], lists: list[str]) -> None:
    _share(federation, exports, ["*/*"])
    mark = federation.lab.mark()
    run = federation.succeed("--check")
    assert _lists(federation.lab, mark) == lists
    assert "[services-unread]" not in run.flat


@pytest.mark.parametrize("exports", [[f"{HERE}/reviews"], [f"{HERE}/reviews", "red-mesh-shop/cart", "red-mesh-bank/vault"]],
                         ids=["one namespace", "all"])
def test_what_may_not_be_read_is_a_note_and_no_more(federation: Federation, exports: list[str]) -> None:
    lab = federation.lab
    _share(federation, exports, ["*/*"])
    federation.options["federation_lint_strict"] = True
    lab.apply("red", _where_the_control_plane_is())
    with lab.fault("api-forbidden", cluster="red", verbs=["list"], resources=["services"]):
        run = federation.run("--check")
    [said] = [line for line in _first_words(run) if "[services-unread]" in line]
    assert said.startswith("INFO red-mesh: Services in ") and "may not list services" in said
    assert not [line for line in run.report if "[services-unread]" in line]
    assert run.code == 0, run.output


def _where_the_control_plane_is() -> list[Object]:
    """What lets the lab's administrator list Services there, whatever the fault takes away."""
    group, name = "rbac.authorization.k8s.io", "list-services"
    metadata = {"name": name, "namespace": "red-mesh-system"}
    return [
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata,
         "rules": [{"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}]},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": metadata,
         "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
         "subjects": [{"kind": "Group", "apiGroup": group, "name": ADMIN_GROUP}]},
    ]
