# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module returns the same result in the controller's process and where its task runs."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import DEFAULT_VARIABLES, EXPORTED, IMPORTED, ROOT, Federation, Object, program, run_environment
from module_calls import WAYS, Call, call_in_all_ways

MODULES = ("gateway_wait", "istiod_restart", "mesh_info", "mesh_objects", "operator_wait", "peer_info", "peer_wait")


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab, federated."""
    federated = Federation.for_lab(start(), tmp_path_factory.mktemp("f"))
    federated.succeed()
    return federated


@pytest.fixture(params=["in process", "as a module"])
def way(request: pytest.FixtureRequest) -> str:
    """Return a way in which a task can run."""
    return str(request.param)


@pytest.fixture
def call(federation: Federation, folder: Path) -> Call:
    """Return a caller of modules on red."""
    return Call(federation, folder)


def _mesh(call: Call, mesh: str) -> Object:
    return {
        "mesh": mesh,
        "namespace": f"{mesh}-system",
        "auth": {"kubeconfig": call.federation.hosts[mesh]["mesh_kubeconfig"]},
    }


def _links(**more: Any) -> list[Object]:
    return [{"peer_name": "green-mesh", "expect": more}, {"peer_name": "blue-mesh"}]


def test_mesh_info(call: Call) -> None:
    facts = {mesh: call_in_all_ways(call, "mesh_info", **_mesh(call, mesh)) for mesh in DEFAULT_VARIABLES}
    assert [facts[mesh]["platform"]["type"] for mesh in DEFAULT_VARIABLES] == ["AWS", "Azure", "BareMetal"]
    red = facts["red-mesh"]
    assert red["readable"] and not red["problems"] and "msg" not in red
    assert red["control_plane"]["trust_domain"] == "red-mesh.local" and red["control_plane"]["ready"]
    assert sorted(peer["metadata"]["name"] for peer in red["peers"]) == ["blue-mesh", "green-mesh"]
    assert red["members"] == ["red-mesh-bookinfo"]
    assert len(red["fingerprints"]) == 1 and red["root"].startswith("-----BEGIN CERTIFICATE-----")
    assert len({mesh["cluster_uid"] for mesh in facts.values()}) == 3
    assert len(facts["blue-mesh"]["nodes"]) == 3


def test_modules_fail_on_a_mesh_that_cannot_be_read(call: Call, way: str) -> None:
    """The API server is down: every reading module fails with one message, and reports nothing as absent."""
    with call.federation.lab.fault("api-stopped", cluster="green"):
        facts = call(way, "mesh_info", **_mesh(call, "green-mesh"))
        links = [
            call(way, "peer_info", **_mesh(call, "green-mesh")),
            call(way, "peer_wait", **_mesh(call, "green-mesh"), links=[{"peer_name": "red-mesh"}], timeout=2),
        ]
        collected = call(way, "mesh_info", **_mesh(call, "green-mesh"), fail_on_problems=False)
    assert not facts["readable"] and [problem["code"] for problem in facts["problems"]] == ["unreachable"]
    for result in (facts, *links):
        assert (
            result["msg"].startswith("ERROR green-mesh: API server of green-mesh: ")
            and "[unreachable]" in result["msg"]
        )
    assert [result["state"] for result in links] == ["unknown", "unknown"]
    assert [link["exists"] for result in links for link in result["links"]] == [None]
    assert "msg" not in collected and collected["problems"] == facts["problems"]


def test_mesh_info_sends_at_most_twelve_requests(call: Call, way: str) -> None:
    mark = call.federation.lab.mark()
    call(way, "mesh_info", **_mesh(call, "blue-mesh"))
    assert 0 < len(call.federation.lab.audit("blue", mark)) <= 12
    mark = call.federation.lab.mark()
    call(way, "mesh_info", **_mesh(call, "blue-mesh"), subset=["peers"])
    assert [request.resource for request in call.federation.lab.audit("blue", mark)] == [
        "servicemeshcontrolplanes",
        "servicemeshpeers",
    ]


def test_mesh_info_reads_services_that_rules_name(call: Call) -> None:
    selectors = ["red-mesh-bookinfo/ratings", "red-mesh-bookinfo/reviews", "nowhere/*"]
    facts = call_in_all_ways(call, "mesh_info", **_mesh(call, "red-mesh"), additional_services=selectors)
    services = [
        {
            "namespace": "red-mesh-bookinfo",
            "name": name,
            "labels": {"app": name},
            "ports": [{"name": "http", "port": 9080}],
        }
        for name in ("ratings", "reviews")
    ]
    assert facts["additional_services"] == {"services": services, "unread": []}
    assert "additional_services" not in call_in_all_ways(call, "mesh_info", **_mesh(call, "red-mesh"))


def _pods(call: Call) -> list[str]:
    return [name for name in call.federation.names("blue-mesh", "pods") if name.startswith("istiod-")]


def test_istiod_restart(call: Call, way: str) -> None:
    options = {
        "auth": {"kubeconfig": call.federation.hosts["blue-mesh"]["mesh_kubeconfig"]},
        "mesh": "blue-mesh",
        "namespace": "blue-mesh-system",
        "control_plane": "blue-mesh",
    }
    before, mark = _pods(call), call.federation.lab.mark()
    planned = call(way, "istiod_restart", "--check", **options)
    assert planned["changed"] and not planned["restarted"] and _pods(call) == before
    assert not call.federation.writes(mark)
    mark = call.federation.lab.mark()
    restarted = call(way, "istiod_restart", **options)
    assert restarted["changed"] and restarted["restarted"] and not restarted["problems"]
    assert restarted["pods"] == _pods(call) and not set(restarted["pods"]) & set(before)
    assert [
        request.verb
        for request in call.federation.lab.audit("blue", mark)
        if request.resource in ("deployments", "pods") and request.agent.startswith("OpenAPI")
    ] == ["patch", "watch", "list"]
    missing = call(way, "istiod_restart", **{**options, "control_plane": "nope"})
    assert [problem["code"] for problem in missing["problems"]] == ["missing"] and not missing["changed"]
    assert missing["msg"].startswith("ERROR blue-mesh: Deployment blue-mesh-system/istiod-nope: ")


def _desired(name: str, *services: str, **metadata: Any) -> Object:
    rules = [
        {"type": "NameSelector", "nameSelector": {"namespace": "red-mesh-bookinfo", "name": service}}
        for service in services
    ]
    return {
        "field_manager": f"ossm.federation/{name}",
        "peer": name,
        "definition": {
            "apiVersion": "federation.maistra.io/v1",
            "kind": "ExportedServiceSet",
            "spec": {"exportRules": rules},
            "metadata": {
                "name": name,
                "namespace": "red-mesh-system",
                "labels": {"app.kubernetes.io/managed-by": "ossm.federation", "ossm.federation/peer": name},
                **metadata,
            },
        },
    }


def _verbs(result: Object) -> list[tuple[str, str]]:
    return [(entry["name"], entry["verb"]) for entry in result["objects"]]


def test_mesh_objects_from_nothing_to_nothing(call: Call, way: str) -> None:
    """Check, create, repeat, change and delete; each step reports what it did, and diff mode shows it."""
    federation, options = call.federation, {"auth": call.auth, "mesh": "red-mesh"}
    name = "test-" + way.split()[0].lower() + str(len(federation.runs))
    planned = call(way, "mesh_objects", "--check", "--diff", objects=[_desired(name, "ratings")], **options)
    assert (_verbs(planned), planned["changed"]) == ([(name, "created")], True)
    assert name not in federation.names("red-mesh", "exportedservicesets")
    assert "ratings" in planned["diff"][0]["after"] and not planned["diff"][0]["before"]
    created = call(way, "mesh_objects", objects=[_desired(name, "ratings")], **options)
    assert created["objects"][0]["fields"] == planned["objects"][0]["fields"]
    assert (_verbs(created), "diff" in created) == ([(name, "created")], False)
    live = federation.get("red-mesh", "exportedservicesets", name)
    before = {key: live[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    repeated = call(way, "mesh_objects", "--diff", objects=[_desired(name, "ratings") | {"live": before}], **options)
    assert (_verbs(repeated), repeated["changed"], repeated["diff"]) == ([(name, "unchanged")], False, [])
    mark = federation.lab.mark()
    changed = call(way, "mesh_objects", "--diff", objects=[_desired(name, "reviews") | {"live": before}], **options)
    assert _verbs(changed) == [(name, "changed")]
    assert all(path.startswith("spec.exportRules") for path in changed["objects"][0]["fields"])
    assert "ratings" in changed["diff"][0]["before"] and "reviews" in changed["diff"][0]["after"]
    assert [
        request.verb
        for request in federation.lab.audit("red", mark)
        if request.resource == "exportedservicesets" and request.agent.startswith(("OpenAPI", "python", "ossm"))
    ] == ["patch"]
    planned = call(way, "mesh_objects", "--check", objects=[_desired(name, "reviews")], state="absent", **options)
    assert _verbs(planned) == [(name, "deleted")]
    assert name in federation.names("red-mesh", "exportedservicesets")
    assert _verbs(call(way, "mesh_objects", objects=[_desired(name, "reviews")], state="absent", **options)) == [
        (name, "deleted")
    ]
    assert name not in federation.names("red-mesh", "exportedservicesets")
    absent = call(way, "mesh_objects", objects=[_desired(name, "reviews")], state="absent", **options)
    assert (_verbs(absent), absent["changed"]) == ([(name, "unchanged")], False)


def test_mesh_objects_continues_after_a_failure_of_another_pair(call: Call, way: str) -> None:
    number = str(len(call.federation.runs))
    invalid, later, other = (_desired(f"{prefix}-{number}", "ratings") for prefix in ("invalid", "later", "other"))
    invalid["definition"]["spec"]["exportRules"][0].pop("type")
    later["field_manager"] = invalid["field_manager"]
    result = call(way, "mesh_objects", "--check", auth=call.auth, mesh="red-mesh", objects=[invalid, later, other])
    assert [verb for dummy, verb in _verbs(result)] == ["failed", "skipped", "created"]
    assert "type" in result["problems"][0]["message"] and result["problems"][0]["peer"] == f"invalid-{number}"
    assert result["msg"].startswith(f"ERROR red-mesh: ExportedServiceSet red-mesh-system/invalid-{number}: ")


def test_mesh_objects_creates_no_control_plane(call: Call, way: str) -> None:
    plane = call.federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    desired = {
        "field_manager": "ossm.federation/green-mesh",
        "definition": {
            "apiVersion": "maistra.io/v2",
            "kind": "ServiceMeshControlPlane",
            "spec": {"gateways": {}},
            "metadata": {"name": "red-mish", "namespace": "red-mesh-system", "uid": plane["metadata"]["uid"]},
        },
    }
    result = call(way, "mesh_objects", auth=call.auth, mesh="red-mesh", objects=[desired])
    assert _verbs(result) == [("red-mish", "failed")]
    assert call.federation.names("red-mesh", "servicemeshcontrolplanes") == ["red-mesh"]


def _gateways(*names: str) -> list[Object]:
    return [{"name": name, "exposure": "LoadBalancer"} for name in names]


def test_gateway_wait_returns_addresses(call: Call) -> None:
    result = call_in_all_ways(
        call,
        "gateway_wait",
        auth=call.auth,
        mesh="red-mesh",
        namespace="red-mesh-system",
        control_plane="red-mesh",
        gateways=_gateways("ingress-green-mesh", "ingress-blue-mesh"),
        timeout=30,
    )
    assert result["ready"] and set(result["gateways"]) == {"ingress-green-mesh", "ingress-blue-mesh"}
    assert all(gateway["addresses"] and gateway["discoveryPort"] == 8188 for gateway in result["gateways"].values())


def test_gateway_wait_names_missing_addresses_at_its_deadline(call: Call, way: str) -> None:
    started = time.monotonic()
    result = call(
        way,
        "gateway_wait",
        auth=call.auth,
        mesh="red-mesh",
        namespace="red-mesh-system",
        control_plane="red-mesh",
        gateways=_gateways("ingress-green-mesh", "ingress-gold-mesh"),
        timeout=2,
    )
    assert time.monotonic() - started < 30
    assert result["ready"], "the control plane is ready"
    assert [problem["code"] for problem in result["problems"]] == ["no-address"]
    assert (
        "pending" in result["gateways"]["ingress-gold-mesh"] and result["gateways"]["ingress-green-mesh"]["addresses"]
    )
    assert (
        "ingress-gold-mesh" in result["message"]
        and "WARNING red-mesh: Service red-mesh-system/ingress-gold-mesh" in result["msg"]
    )


def test_peer_info(call: Call) -> None:
    result = call_in_all_ways(
        call, "peer_info", auth=call.auth, mesh="red-mesh", namespace="red-mesh-system", links=_links()
    )
    green, blue = result["links"]
    assert green["connected"] and green["synced"] and blue["connected"]
    assert [service["exportedName"] for service in green["exported"]] == [EXPORTED]


def test_peer_wait_returns_at_once_when_links_are_healthy(call: Call) -> None:
    options = {
        "auth": {"kubeconfig": call.federation.hosts["green-mesh"]["mesh_kubeconfig"]},
        "mesh": "green-mesh",
        "namespace": "green-mesh-system",
        "timeout": 30,
    }
    links = [{"peer_name": "red-mesh", "expect": {"imports_expected": [EXPORTED]}}]
    result = call_in_all_ways(
        call, "peer_wait", links=links, condition=["length(imported) == `1`", "inbound"], **options
    )
    assert (
        result["healthy"]
        and result["state"] == "healthy"
        and result["links"][0]["imported"] == [{"exportedName": EXPORTED, "hostname": IMPORTED}]
    )


def test_peer_wait_names_missing_imports_and_peers_at_its_deadline(call: Call, way: str) -> None:
    links = [
        *_links(imports_expected=["nothing.nowhere.svc.green-mesh-exports.local"]),
        {"peer_name": "gold-mesh"},
    ]
    result = call(
        way, "peer_wait", auth=call.auth, mesh="red-mesh", namespace="red-mesh-system", links=links, timeout=2
    )
    assert not result["healthy"]
    assert "nothing.nowhere" in result["message"] and "gold-mesh" in result["message"]
    assert "blue-mesh" not in result["message"]
    assert "ServiceMeshPeer red-mesh-system/green-mesh: not healthy after 2 s" in result["msg"]
    if way == "in process":
        assert "red-mesh -> gold-mesh: " in call.output


def test_peer_wait_survives_a_restart_of_the_api_server(call: Call, way: str) -> None:
    """The expected service is exported while the watched API server is down."""
    federation, name = call.federation, f"late-{len(call.federation.runs)}"
    exported = f"{name}.red-mesh-bookinfo.svc.green-mesh-exports.local"
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "red-mesh-bookinfo"},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 9080, "protocol": "TCP"}]},
    }
    for host, direction in (("red-mesh", "mesh_exports"), ("green-mesh", "mesh_imports")):
        federation.hosts[host][direction][next(iter(federation.hosts[host][direction]))].append(
            f"red-mesh-bookinfo/{name}"
        )
    federation.succeed()
    options = {
        "auth": {"kubeconfig": federation.hosts["green-mesh"]["mesh_kubeconfig"]},
        "mesh": "green-mesh",
        "namespace": "green-mesh-system",
        "timeout": 60,
        "links": [{"peer_name": "red-mesh", "expect": {"imports_expected": [exported]}}],
    }
    mark = federation.lab.mark()
    results: list[Object] = []
    waiting = threading.Thread(target=lambda: results.append(call(way, "peer_wait", **options)))
    waiting.start()
    federation.eventually(lambda: any(request.verb == "watch" for request in federation.lab.audit("green", mark)))
    with federation.lab.fault("api-stopped", cluster="green"):
        federation.lab.apply("red", [service])
        assert waiting.is_alive()
    waiting.join(90)
    assert results and results[0]["healthy"], call.output


def test_unknown_options_are_rejected_in_both_ways(call: Call, way: str) -> None:
    playbook = call.write(
        way,
        "mesh_objects",
        call.folder / "no.json",
        {"auth": call.auth, "mesh": "red-mesh", "objects": [], "nonsense": 1},
    )
    run = call.federation.play(playbook)
    assert run.code != 0
    assert "nonsense" in run.flat and "Traceback" not in run.output


def _documented_playbook(module: str) -> list[Object]:
    """Return the complete playbook among the examples of a module."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    examples = yaml.safe_load(text.partition('EXAMPLES = r"""')[2].partition('"""')[0])
    return [play for play in examples if "hosts" in play]


@pytest.mark.parametrize("module", ["mesh_info", "peer_wait"])
def test_the_documented_playbook_works(call: Call, module: str) -> None:
    """Run the documented playbook of mesh_info and peer_wait; only the path of the kubeconfig differs."""
    (play,) = _documented_playbook(module)
    assert [next(key for key in task if "." in key) for task in play["tasks"]] == [
        "ossm.federation.mesh_info",
        "ossm.federation.peer_wait",
    ]
    play["module_defaults"]["group/ossm.federation.federation"]["auth"] = call.auth
    playbook = call.folder / "documented.yml"
    playbook.write_text(yaml.safe_dump([play]))
    mark = call.federation.lab.mark()
    run = call.federation.play(playbook)
    assert run.code == 0 and run.recap["localhost"]["ok"] == 2, run.output
    assert "servicemeshpeers" in {
        request.resource for request in call.federation.lab.audit("red", mark) if request.verb == "watch"
    }


def test_module_defaults_of_the_group_serve_every_module(call: Call, way: str) -> None:
    """The tasks contain no access options; check mode prevents the restart."""
    common = {"mesh": "red-mesh", "namespace": "red-mesh-system", "fail_on_problems": False}
    arguments: dict[str, Object] = {
        "gateway_wait": {**common, "control_plane": "red-mesh"},
        "istiod_restart": {**common, "control_plane": "red-mesh"},
        "mesh_info": common,
        "mesh_objects": {"mesh": "red-mesh", "objects": [_desired("defaults", "ratings")]},
        "operator_wait": {**common, "namespace": "openshift-operators", "name": "servicemeshoperator"},
        "peer_info": common,
        "peer_wait": common,
    }
    assert tuple(arguments) == MODULES
    tasks = [
        {"name": module, f"ossm.federation.{module}": options, **WAYS[way]} for module, options in arguments.items()
    ]
    defaults = {"group/ossm.federation.federation": {"auth": call.auth}}
    playbook = call.folder / "defaults.yml"
    playbook.write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "red-mesh",
                    "connection": "local",
                    "gather_facts": False,
                    "module_defaults": defaults,
                    "tasks": tasks,
                }
            ]
        )
    )
    run = call.federation.play(playbook, "--check")
    assert run.code == 0 and run.recap["red-mesh"]["ok"] == len(MODULES), run.output


@pytest.mark.parametrize("module", MODULES)
def test_ansible_doc_shows_the_module(module: str, folder: Path) -> None:
    done = subprocess.run(
        [str(program("ansible-doc")), "-t", "module", f"ossm.federation.{module}"],
        capture_output=True,
        text=True,
        check=False,
        env=run_environment(folder, "", {}),
    )
    assert done.returncode == 0 and "auth" in done.stdout, done.stderr
