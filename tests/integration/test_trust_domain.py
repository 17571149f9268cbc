# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust domain of running meshes, in stages: from two default installations to a healthy link, and what forbids a change."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from harness import ROOT, Federation, Run, two_meshes
from lab.api import LabError
from pool import Pool

PLAYBOOK = ROOT / "playbooks" / "trust_domain.yml"
QUICK_START = ROOT / "docs" / "quick-start-defaults.md"
RED, GREEN, OLD, NEW = "red-mesh", "green-mesh", "cluster.local", "red-mesh.local"
RESTART = ("-e", "federation_restart_workloads=true")
ONLY_RED = ("-e", f"federation_trust_domain_mesh={RED}")
#: What the product's defaults install: control plane `basic` in `istio-system`, no trust domain set.
DEFAULTS = {"namespace": "istio-system", "control_plane": "basic", "trust_domain": None}
KINDS = {"ratings": "Deployment", "store": "StatefulSet", "agent": "DaemonSet"}


def _mesh(services: list[str], workloads: dict[str, str]) -> dict[str, Any]:
    return DEFAULTS | {"members": {"bookinfo": services}, "workloads": {"bookinfo": workloads}}


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two default installations with workloads, and the inventory of the quick start."""
    topology = two_meshes(red=_mesh(["ratings"], KINDS), green=_mesh(["reviews"], {"reviews": "Deployment"}))
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"))
    for name, variables in _documented()["all"]["children"]["federation"]["hosts"].items():
        kubeconfig = federation.hosts[name]["mesh_kubeconfig"]
        federation.hosts[name] = {**variables, "mesh_kubeconfig": kubeconfig}
    _wait_for_workloads(federation)
    return federation


@pytest.fixture(name="fresh")
def _fresh(federation: Federation, pool: Pool) -> Federation:
    """The same meshes as they were installed."""
    pool.renew()
    _wait_for_workloads(federation)
    return federation


def _documented() -> dict[str, Any]:
    """Return the inventory of the quick start."""
    found = re.search(r"```yaml\n(.*?)```", QUICK_START.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    inventory: dict[str, Any] = yaml.safe_load(found[1])
    return inventory


def _commands() -> list[list[str]]:
    """Return the playbooks that the quick start runs, each with its arguments, in their order."""
    text = QUICK_START.read_text(encoding="utf-8")
    lines = re.findall(r"^ansible-playbook -i hosts.yml ossm\.federation\.(.*)$", text, re.MULTILINE)
    return [shlex.split(line) for line in lines]


def _pods(federation: Federation, mesh: str = RED) -> dict[str, str]:
    """Return the trust domain of every pod of the mesh's workloads."""
    return {
        pod["metadata"]["name"]: next(
            (
                variable["value"]
                for container in pod["spec"]["containers"]
                for variable in container.get("env", [])
                if variable["name"] == "TRUST_DOMAIN"
            ),
            "",
        )
        for pod in federation.lab.get(federation.location(mesh)[0], "pods", namespace="bookinfo")
    }


def _wait_for_workloads(federation: Federation) -> None:
    federation.eventually(lambda: len(_pods(federation)) == 5 and _call(federation) == 200)
    federation.eventually(lambda: len(_pods(federation, GREEN)) == 1)


def _call(federation: Federation) -> int:
    """Return the status of requests between workloads of red; 0 while one has no pod."""
    try:
        return int(federation.lab.call(RED, "bookinfo/ratings", "bookinfo/agent")["status"])
    except LabError:
        return 0


@contextmanager
def _requests_succeed(federation: Federation) -> Iterator[None]:
    """Send requests between workloads all the time, which must all succeed."""
    answers, stop = set(), threading.Event()

    def send() -> None:
        while not stop.wait(0.05):
            answers.add(_call(federation))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        stop.set()
        sender.join()
    assert answers == {200}


def _trust(federation: Federation, mesh: str = RED) -> dict[str, Any]:
    plane = federation.get(mesh, "servicemeshcontrolplanes", "basic")
    trust: dict[str, Any] = plane["spec"]["security"].get("trust", {})
    return trust


def _play(federation: Federation, *arguments: str) -> Run:
    return federation.play(PLAYBOOK, *arguments)


def _changed(run: Run) -> set[Any]:
    """Return the objects that a run has changed or would change, and their fields."""
    return {(mesh, kind, name, fields) for mesh, kind, name, _verb, fields in run.changes}


def test_the_quick_start_leads_from_two_default_installations_to_a_healthy_link(federation: Federation) -> None:
    refused = federation.run()
    assert refused.code != 0 and "[trust-domain-shared]" in refused.flat and "trust_domain.yml" in refused.flat
    (check, listing, change, federate) = _commands()
    with _requests_succeed(federation):
        mark = federation.lab.mark()
        planned = federation.play(ROOT / "playbooks" / f"{check[0]}.yml", *check[1:])
        assert planned.code == 0 and planned.data["verdict"] == "PLANNED" and not federation.writes(mark)
        listed = federation.play(ROOT / "playbooks" / f"{listing[0]}.yml", *listing[1:])
        assert listed.code == 0 and listed.data["verdict"] == "IN PROGRESS", listed.output
        assert (
            "5 of 5 pods with a former identity: DaemonSet agent, Deployment ratings, StatefulSet store" in listed.flat
        )
        assert _changed(listed) == _changed(planned)
        assert _trust(federation) == {"domain": NEW, "additionalDomains": [OLD]}
        unfinished = federation.run()
        assert unfinished.code != 0 and "[trust-domain-unfinished]" in unfinished.flat
        announced = _play(federation, "--check", *change[1:])
        changed = federation.play(ROOT / "playbooks" / f"{change[0]}.yml", *change[1:])
        assert changed.code == 0 and changed.data["verdict"] == "CHANGED", changed.output
        assert _changed(announced) == _changed(changed) and len(_changed(changed)) == 6
        assert _trust(federation) == {"domain": NEW} and set(_pods(federation).values()) == {NEW}
        mark = federation.lab.mark()
        again = _play(federation, *RESTART)
        assert again.data["verdict"] == "NOTHING TO CHANGE" and not federation.writes(mark), again.output
    run = federation.play(ROOT / "playbooks" / f"{federate[0]}.yml", *federate[1:])
    assert run.code == 0 and run.cells == {(RED, GREEN): "ok", (GREEN, RED): "ok, 1 imported"}, run.output
    assert federation.succeed().unchanged
    host = "ratings.bookinfo.svc.red-mesh-imports.local"
    assert federation.lab.ask({"verb": "request", "from_mesh": GREEN, "host": host})["status"] == 200


def test_a_mesh_with_peers_or_another_owner_changes_only_as_confirmed(federation: Federation) -> None:
    """After the quick start, with a healthy link; another field manager has set the domain too."""
    cluster, namespace = federation.location(RED)
    plane: dict[str, Any] = {"apiVersion": "maistra.io/v2", "kind": "ServiceMeshControlPlane"}
    plane |= {"metadata": {"name": "basic", "namespace": namespace}}
    federation.lab.apply(cluster, [plane | {"spec": {"security": {"trust": {"domain": NEW}}}}], "gitops")
    federation.hosts[RED]["mesh_trust_domain"] = "other.local"
    mark = federation.lab.mark()
    refused = _play(federation, *RESTART)
    assert refused.code != 0 and not federation.writes(mark)
    assert "it has the peers green-mesh" in refused.flat and "[trust-domain-peers]" in refused.flat
    assert "the field manager gitops owns spec.security.trust" in refused.flat and "[conflict]" in refused.flat
    confirmed = ("-e", f"federation_confirm={RED}", "-e", '{"federation_force_conflicts": true}')
    listed = _play(federation, *confirmed)
    assert listed.code == 0 and listed.data["verdict"] == "IN PROGRESS", listed.output
    assert "2 gateway pods with the new identity" in listed.flat
    assert _call(federation) == 503, "with the root of a peer no alias is accepted"
    run = _play(federation, *confirmed, *RESTART)
    assert run.code == 0 and run.data["verdict"] == "CHANGED" and _call(federation) == 200, run.output
    healed = federation.succeed("-e", '{"federation_restart_control_plane": true}')
    assert healed.cells == {(RED, GREEN): "ok", (GREEN, RED): "ok, 1 imported"}, healed.output


def test_a_run_ends_after_every_stage_and_the_next_goes_on(fresh: Federation) -> None:
    fresh.hosts[RED].pop("mesh_trust_domain", None)
    cluster, namespace = fresh.location(RED)
    policy: dict[str, Any] = {
        "apiVersion": "security.istio.io/v1beta1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "ratings", "namespace": "bookinfo"},
        "spec": {"rules": [{"from": [{"source": {"principals": [f"{OLD}/ns/bookinfo/sa/reviews"]}}]}]},
    }
    fresh.lab.apply(cluster, [policy])

    def stage(name: str, *arguments: str) -> Run:
        run = _play(fresh, *ONLY_RED, "-e", f"federation_trust_domain_stage={name}", *arguments)
        assert run.code == 0, run.output
        assert {call[0] for call in run.changes} <= {RED}
        return run

    with _requests_succeed(fresh):
        accepted = stage("accept")
        assert _trust(fresh) == {"additionalDomains": [NEW]} and accepted.data["meshes"][0]["next"] == "switch"
        assert "AuthorizationPolicy bookinfo/ratings names the trust domain cluster.local" in accepted.flat
        assert stage("accept").data["changes"] == []
        switched = stage("switch")
        assert _trust(fresh) == {"domain": NEW, "additionalDomains": [OLD]}
        assert list(switched.data["meshes"][0]["proof"]) == ["switch"] and switched.data["verdict"] == "IN PROGRESS"
        assert set(_pods(fresh).values()) == {OLD}
        elsewhere = stage("workloads", "-e", "federation_restart_workloads=elsewhere")
        assert elsewhere.data["changes"] == [] and elsewhere.data["meshes"][0]["former_pods"] == 5
        fresh.lab.kubectl(cluster, "rollout", "restart", "deployment/ratings", "-n", "bookinfo")
        fresh.eventually(lambda: sorted(_pods(fresh).values()) == sorted([OLD] * 4 + [NEW]))
        restarted = stage("workloads", "-e", "federation_restart_workloads=bookinfo")
        assert {name for _mesh, _kind, name, _fields in _changed(restarted)} == {"bookinfo/agent", "bookinfo/store"}
        assert restarted.data["meshes"][0]["next"] == "complete" and set(_pods(fresh).values()) == {NEW}
        assert _trust(fresh) == {"domain": NEW, "additionalDomains": [OLD]}
        completed = stage("complete")
        assert completed.data["verdict"] == "CHANGED" and _trust(fresh) == {"domain": NEW}
    assert _trust(fresh, GREEN) == {}
    annotations = fresh.get(RED, "servicemeshcontrolplanes", "basic")["metadata"].get("annotations", {})
    assert not [name for name in annotations if name.startswith("ossm.federation/")]
