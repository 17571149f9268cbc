# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters: their input and output, their documentation, and that they reject input of another shape."""

from __future__ import annotations

import importlib
import json
import pkgutil
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.errors import AnsibleFilterError

import ansible_collections.ossm.federation.plugins.filter as filters
from ansible_collections.ossm.federation.plugins.filter.advance import advance
from ansible_collections.ossm.federation.plugins.filter.declaration import declaration
from ansible_collections.ossm.federation.plugins.filter.lint import lint
from ansible_collections.ossm.federation.plugins.filter.mesh_auth import mesh_auth
from ansible_collections.ossm.federation.plugins.filter.mesh_group import mesh_group
from ansible_collections.ossm.federation.plugins.filter.objects import objects
from ansible_collections.ossm.federation.plugins.filter.overview import overview
from ansible_collections.ossm.federation.plugins.filter.plan import plan
from ansible_collections.ossm.federation.plugins.filter.problems_text import problems_text
from ansible_collections.ossm.federation.plugins.filter.remaining import remaining
from ansible_collections.ossm.federation.plugins.filter.report import report
from ansible_collections.ossm.federation.plugins.filter.wait_options import wait_options
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import STATS
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import sealed_plan

#: The filters that users may use in their own playbooks.
PUBLIC = ("mesh_auth", "problems_text")
Json = dict[str, Any]
HOSTS = ("red-mesh", "green-mesh")
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: one
contexts: [{name: one, context: {cluster: one, user: one}}]
clusters: [{name: one, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: one, user: {token: abc}}]
"""


@pytest.fixture(name="hostvars")
def _hostvars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Json]:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / "kube").write_text(KUBECONFIG)
    return {host: {"mesh_kubeconfig": str(tmp_path / "kube"), "mesh_facts": read(host)} for host in HOSTS}


def read(host: str) -> Json:
    return {
        "host": host,
        "mesh": host,
        "namespace": f"{host}-system",
        "readable": True,
        "problems": [],
        "platform": {"type": "AWS"},
        "control_plane": {
            "name": host,
            "uid": host,
            "trust_domain": f"{host}.local",
            "trust_domain_set": True,
            "owners": {},
            "object": {"metadata": {"uid": host}, "spec": {}},
        },
        "root": f"{{{{ {host} }}}}",
        "fingerprints": [host],
        "roots": [
            {
                "sha256": host,
                "subject": f"{{{{ {host} }}}}",
                "not_before": "2020-01-01T00:00:00Z",
                "not_after": "2120-01-01T00:00:00Z",
                "is_ca": True,
                "signed_by": host,
            }
        ],
    }


def groups(*hosts: str) -> dict[str, list[str]]:
    return {"federation": list(hosts or HOSTS)}


def test_the_filters_in_the_order_of_the_roles(hostvars: dict[str, Json]) -> None:
    declared = declaration(hostvars, groups())
    assert declared["problems"] == []
    assert set(declared["meshes"]["red-mesh"]) == {
        "mesh",
        "namespace",
        "namespace_set",
        "control_plane",
        "by_file",
        "additional_objects",
        "additional_services",
    }
    planned = plan(declared, hostvars)
    assert "sides" not in planned
    assert "root" not in planned["meshes"]["red-mesh"]
    assert [
        desired["definition"]["kind"] for desired in unseal(objects(planned, "gateways", "red-mesh", hostvars))
    ] == ["ServiceMeshControlPlane"]
    assert unseal(wait_options(planned, "gateways", "red-mesh", hostvars)) == [
        {"name": "ingress-green-mesh", "exposure": "LoadBalancer", "internal": False, "peer": "green-mesh"}
    ]
    for host, peer in (HOSTS, HOSTS[::-1]):
        hostvars[host]["gateways_addresses"] = {"gateways": {f"ingress-{peer}": {"addresses": ["192.0.2.1"]}}}
    advanced = advance(planned, ["addresses"], hostvars)
    assert [desired["definition"]["kind"] for desired in unseal(objects(advanced, "peers", "red-mesh", hostvars))] == [
        "ConfigMap",
        "ServiceMeshPeer",
    ]


def test_steps_are_recorded_in_the_order_given(hostvars: dict[str, Json]) -> None:
    """A peer whose sets have failed has its address by then, so our side of the pair goes on."""
    planned = plan(declaration(hostvars, groups()), hostvars)
    problem = {
        "code": "conflict",
        "mesh": "green-mesh",
        "severity": "error",
        "peer": "red-mesh",
        "message": "m",
        "where": "w",
    }
    hostvars["green-mesh"]["gateways_addresses"] = {"gateways": {"ingress-red-mesh": {"addresses": ["192.0.2.1"]}}}
    hostvars["green-mesh"]["sharing_objects"] = {"problems": [problem]}
    recorded = advance(planned, ["addresses", "sets"], hostvars)
    assert set(recorded["recorded_at"]) == {"addresses", "sets"}
    assert unseal(objects(recorded, "peers", "green-mesh", hostvars)) == []
    assert len(unseal(objects(recorded, "peers", "red-mesh", hostvars))) == 2
    otherwise = advance(planned, ["sets", "addresses"], hostvars)
    assert unseal(objects(otherwise, "peers", "red-mesh", hostvars)) == []


def test_the_live_control_plane_is_sent_once(hostvars: dict[str, Json]) -> None:
    hosts = (*HOSTS, "blue-mesh")
    hostvars["blue-mesh"] = {**hostvars["green-mesh"], "mesh_facts": read("blue-mesh")}
    planned = plan(declaration(hostvars, groups(*hosts)), hostvars)
    desired = unseal(objects(planned, "gateways", "red-mesh", hostvars))
    assert [target["peer"] for target in desired] == ["blue-mesh", "green-mesh"]
    assert [target["live"] for target in desired] == [read("red-mesh")["control_plane"]["object"], None]


def test_the_report_is_sealed_with_what_the_role_reads_beside_it(hostvars: dict[str, Json]) -> None:
    summary = report(plan(declaration(hostvars, groups()), hostvars), hostvars)
    assert set(summary) == {"lines", "details", "failures", "stats", "sealed"}
    whole, stats = json.loads(summary["sealed"]), unseal(summary["stats"])
    assert whole["lines"] == summary["lines"] and len(whole["links"]) == 2
    assert set(stats) == {"federation_connected", "federation_pending", "federation_report"} <= set(STATS)
    assert stats["federation_pending"] == whole["pending"]
    assert all(value == whole[part] for part, value in stats["federation_report"].items())


def test_a_limited_run_gets_the_facts_of_other_meshes_separately(hostvars: dict[str, Json]) -> None:
    declared = declaration(hostvars, groups(), "federation", ["red-mesh"])
    assert declared["outside"] == ["green-mesh"]
    del hostvars["green-mesh"]["mesh_facts"]
    looped = {**read("green-mesh"), "ansible_loop_var": "outside", "outside": "green-mesh"}
    del looped["host"]
    for outside in (
        {"results": [looped]},
        [looped],
        [read("green-mesh")],
    ):
        assert plan(declared, hostvars, outside)["meshes"]["green-mesh"]["readable"]
    assert not plan(declared, hostvars)["meshes"]["green-mesh"]["readable"]


def test_files_of_access_variables_must_exist(hostvars: dict[str, Json], tmp_path: Path) -> None:
    hostvars["red-mesh"]["mesh_kubeconfig"] = str(tmp_path / "gone")
    (tmp_path / "empty").write_text("")
    hostvars["green-mesh"]["mesh_kubeconfig"] = str(tmp_path / "empty")
    problems = declaration(hostvars, groups())["problems"]
    assert {problem["mesh"] for problem in problems} == set(HOSTS)
    assert {problem["where"] for problem in problems} == {"mesh_kubeconfig"}
    hostvars["red-mesh"]["ansible_connection"] = hostvars["green-mesh"]["ansible_connection"] = "ssh"
    assert declaration(hostvars, groups())["problems"] == []


def test_an_overview_needs_no_access_and_no_reading(hostvars: dict[str, Json], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "x")
    declared = declaration(hostvars, groups(), access=False)
    assert not [line for line in unseal(overview(declared, hostvars)["lines"]) if "not read; planned" in line]
    for host in HOSTS:
        hostvars[host] = {"mesh_facts": {"skipped": True}}
    declared = declaration(hostvars, groups(), access=False)
    assert declared["problems"] == []
    assert len([line for line in unseal(overview(declared, hostvars)["lines"]) if "not read; planned" in line]) == 2
    assert {problem["code"] for problem in declaration(hostvars, groups())["problems"]} == {
        "environment-auth",
        "access-missing",
    }


def test_access_of_one_mesh(hostvars: dict[str, Json]) -> None:
    auth = {"kubeconfig": hostvars["red-mesh"]["mesh_kubeconfig"]}
    assert mesh_auth(hostvars["red-mesh"]) == auth


def test_lint_reads_no_access_and_counts(hostvars: dict[str, Json]) -> None:
    for host in HOSTS:
        hostvars[host]["mesh_kubeconfig"] = "/nowhere"
    hostvars["red-mesh"]["mesh_exports"] = [{"type": "NameSelector", "nameSelector": {"Name": "x"}}]
    hostvars["green-mesh"]["mesh_exports"] = ["bookinfo/ratings"]
    report = lint(hostvars, groups())
    assert [problem["code"] for problem in report["findings"]] == ["key-unknown", "export-unimported"]
    assert (report["errors"], report["warnings"], report["notes"], report["failed"]) == (1, 1, 0, True)
    assert report["lines"][0] == report["headline"] == "REJECTED  1 error, 1 warning, 0 notes."
    at = report["lines"].index("    Write:")
    assert report["lines"][at + 1 : at + 4] == [
        "        - type: NameSelector",
        "          nameSelector:",
        "            name: x",
    ]
    assert report["lines"][2].startswith("ERROR red-mesh: mesh_exports[0].nameSelector.Name: ")
    assert report["lines"][-1] == "        - bookinfo/ratings" and max(map(len, report["lines"])) <= 100
    hostvars["red-mesh"] = {"mesh_locality": {"zone": "a"}}
    assert "\n        region: <region>\n        zone: a\n" in "\n".join(lint(hostvars, groups())["lines"])


def test_the_declaration_has_the_findings_of_lint_but_no_notes(hostvars: dict[str, Json]) -> None:
    hostvars["red-mesh"]["mesh_exports"] = ["shop/*", "bookinfo/ratings"]
    hostvars["green-mesh"]["mesh_imports"] = ["shop/cart"]
    declared = declaration(hostvars, groups())
    assert [problem["code"] for problem in declared["problems"]] == ["export-unimported"]
    assert [problem["code"] for problem in lint(hostvars, groups())["findings"]] == [
        "export-unimported",
        "import-uncertain",
    ]
    assert [problem["code"] for problem in sealed_plan(plan(declared, hostvars), "")["warnings"]] == [
        "export-unimported"
    ]
    hostvars["red-mesh"]["federation_lint_strict"] = hostvars["green-mesh"]["federation_lint_strict"] = True
    assert lint(hostvars, groups())["failed"]


def test_a_template_of_the_group_that_cannot_be_rendered_is_reported_once(hostvars: dict[str, Json]) -> None:
    class Unrendered(dict[str, Any]):
        """Variables of a host as Ansible has them: a template is rendered when it is read."""

        def __getitem__(self, name: str) -> Any:
            if self.get(name) == "{{ missing }}":
                raise ValueError("'missing' is undefined")
            return super().__getitem__(name)

    variables = {
        host: Unrendered({**values, "federation_wait_timeout": "{{ missing }}"}) for host, values in hostvars.items()
    }
    variables["red-mesh"]["mesh_locality"] = "{{ missing }}"
    undefined = [
        found for found in declaration(variables, groups())["problems"] if found["code"] == "variable-undefined"
    ]
    assert [(found["mesh"], found["where"]) for found in undefined] == [
        ("federation", "federation_wait_timeout"),
        ("red-mesh", "mesh_locality"),
    ]


def test_colliding_names_are_rejected_by_the_plan(hostvars: dict[str, Json]) -> None:
    """Only the plan knows the names of live peers."""
    hostvars["blue-mesh"] = {**hostvars["red-mesh"], "mesh_facts": read("blue-mesh")}
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    hostvars["red-mesh"]["mesh_exports"] = hostvars["green-mesh"]["mesh_exports"] = {"blue-mesh": [rule]}
    hostvars["blue-mesh"]["mesh_imports"] = ["bookinfo/ratings"]
    three = groups(*HOSTS, "blue-mesh")
    assert {problem["code"] for problem in lint(hostvars, three)["findings"]} == {"export-collision"}
    declared = declaration(hostvars, three)
    assert declared["problems"] == []
    assert {problem["code"] for problem in plan(declared, hostvars)["problems"]} == {"export-collision"}


def test_problems_as_text() -> None:
    wrong = [
        {
            "code": code,
            "severity": severity,
            "mesh": "red",
            "where": "x",
            "message": "it is wrong",
            "remedy": "Correct it",
        }
        for code, severity in (("a", "warning"), ("b", "error"))
    ]
    assert (
        problems_text(wrong)
        == "ERROR red: x: it is wrong. Fix: Correct it. [b]\nWARNING red: x: it is wrong. Fix: Correct it. [a]"
    )
    # An identity file is read for each of its peers: what is wrong with it is reported once.
    twice = {**wrong[1], "peer": "green"}
    assert problems_text([*wrong, twice, {**wrong[1], "mesh": "blue", "repaired": {"type": "x"}}], lines=True) == [
        "REJECTED  2 errors, 1 warning.",
        "",
        "ERROR blue: x: it is wrong. Fix: Correct it. [b]",
        "    Write:",
        "        - type: x",
        "",
        "ERROR red: x: it is wrong. Fix: Correct it. [b]",
        "",
        "WARNING red: x: it is wrong. Fix: Correct it. [a]",
    ]
    assert problems_text([]) == ""
    assert (
        problems_text([{**wrong[0], "repaired": "a/x"}])
        == "WARNING red: x: it is wrong. Fix: Correct it. [a]\nWrite:\n    - a/x"
    )


def test_the_remaining_time_of_a_shared_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert [
        remaining(timeout, started) for timeout, started in ((300, 900.0), ("300", "650.5"), (0, 1000), (60, 100))
    ] == [200, 0, 0, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: declaration("x", {}),
        lambda: lint("x", {}),
        lambda: plan({}, {}),
        lambda: plan("x", {}),
        lambda: overview({}, {}),
        lambda: advance({}, ["sets"], {}),
        lambda: objects({}, "gateways", "x", {}),
        lambda: objects({}, "attic", "x", {}),
        lambda: wait_options({}, "links", "x", {}),
        lambda: mesh_auth("x"),
        lambda: mesh_group("federation", []),
        lambda: problems_text("x"),
        lambda: problems_text([{}]),
        lambda: remaining("x", 0),
        lambda: remaining(1, None),
    ],
)
def test_wrong_input_is_rejected(call: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"ossm\.federation\."):
        call()


INVENTORY = {"all": ["a"], "ungrouped": [], "federation": ["a"], "empty": []}


@pytest.mark.parametrize(
    ("group", "members", "message"),
    [
        (
            "fedration",
            INVENTORY,
            "not 'fedration': the inventory has no such group; groups with hosts: federation. Fix: Did you mean federation.",
        ),
        (
            "empty",
            INVENTORY,
            "not 'empty': it has no host; groups with hosts: federation. Fix: Put one host for each mesh",
        ),
        ("all-of-it", {"all": ["a"], "ungrouped": ["a"]}, "groups with hosts: none. Fix: Name the inventory"),
    ],
)
def test_a_group_without_hosts_is_an_error(
    monkeypatch: pytest.MonkeyPatch, group: str, members: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(AnsibleFilterError, match="federation_group: must be a group with hosts") as failure:
        mesh_group(group, members)
    assert message in str(failure.value) and str(failure.value).endswith("[group-empty]")
    assert mesh_group("federation", INVENTORY) == "federation"
    monkeypatch.setattr(context, "CLIARGS", {"syntax": True})
    assert mesh_group(group, members) == group, "a syntax check needs no inventory"


def test_unknown_step_is_rejected(hostvars: dict[str, Json]) -> None:
    planned = plan(declaration(hostvars, groups()), hostvars)
    with pytest.raises(AnsibleFilterError, match="there is no step"):
        advance(planned, ["sets", "attic"], hostvars)
    with pytest.raises(AnsibleFilterError, match="there is no step 'sets'"):
        advance(planned, "sets", hostvars)
    with pytest.raises(AnsibleFilterError, match="subject is one of gateways, links, imports"):
        wait_options(planned, "peers", "red-mesh", hostvars)


@pytest.mark.parametrize("name", sorted(module.name for module in pkgutil.iter_modules(filters.__path__)))
def test_every_filter_is_documented(name: str) -> None:
    module = importlib.import_module(f"{filters.__name__}.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["name"] == name
    is_private = documentation["short_description"].endswith("(private to the roles of this collection)")
    assert is_private is (name not in PUBLIC)
    assert documentation["version_added"] == "1.0.0"
    assert yaml.safe_load(module.EXAMPLES)
    assert "_value" in yaml.safe_load(module.RETURN)
    assert name in module.FilterModule().filters()
