# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts with exactly the rights of ``docs/rbac``: enough for every run, and what is missing is named before a write."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import ROOT, Federation, Object, Run, texts, two

from lab.api import Mark, Request

RBAC = ROOT / "docs" / "rbac"
WRITTEN_FOR, ACCOUNT = "red-mesh-system", "ossm-federation"
LINKS = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
#: Rights that only a run with long waits or late nodes uses.
SELDOM = {("get", "servicemeshcontrolplanes"), ("list", "events")}


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, one reached at a load balancer and one at its nodes; both accounts may do nothing yet."""
    topology = two()
    topology["clusters"]["green"]["platform"] = "BareMetal"
    made = Federation.of(start(topology), tmp_path_factory.mktemp("f"))
    for mesh in made.hosts:
        _reach_as_account(made, mesh)
    return made


def _reach_as_account(federation: Federation, mesh: str) -> None:
    """Make the account in the mesh's namespace and let the inventory reach the cluster with its token."""
    cluster, namespace = federation.where(mesh)
    lab = federation.lab
    lab.kubectl(cluster, "create", "serviceaccount", ACCOUNT, "-n", namespace)
    config = yaml.safe_load(Path(lab.clusters[cluster].kubeconfig).read_text(encoding="utf-8"))["clusters"][0]["cluster"]
    authority = federation.folder / f"{cluster}.crt"
    authority.write_bytes(base64.b64decode(config["certificate-authority-data"]))
    host = federation.hosts[mesh]
    host.pop("mesh_kubeconfig")
    host.update(
        mesh_host=config["server"],
        mesh_api_key=lab.kubectl(cluster, "create", "token", ACCOUNT, "-n", namespace).strip(),
        mesh_ca_cert=str(authority),
    )


def _manifests(federation: Federation, mesh: str, playbook: str) -> list[Object]:
    """What ``docs/rbac`` has for a playbook, for the namespace of this mesh."""
    text = (RBAC / f"{playbook}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text.replace(WRITTEN_FOR, federation.where(mesh)[1]))["items"])


@contextmanager
def _granted(federation: Federation, playbook: str, *meshes: str, without: tuple[str, str] = ("", "")) -> Iterator[None]:
    """Grant the accounts the rights of a playbook for a while; ``without`` takes one verb on one resource away."""
    verb, resource = without
    for mesh in meshes:
        objects = _manifests(federation, mesh, playbook)
        for rule in objects[0]["rules"]:
            if resource in rule["resources"]:
                rule["verbs"].remove(verb)
        federation.lab.apply(federation.where(mesh)[0], objects, force=True)
    yield
    for mesh in meshes:
        for one in _manifests(federation, mesh, playbook):
            namespace = one["metadata"].get("namespace")
            where = ["-n", namespace] if namespace else []
            federation.lab.kubectl(federation.where(mesh)[0], "delete", one["kind"], one["metadata"]["name"], *where)


def _asked(federation: Federation, since: Mark) -> dict[str, list[Request]]:
    """The requests of the accounts, by mesh."""
    return {
        mesh: federation.lab.audit(cluster, since, f"system:serviceaccount:{namespace}:{ACCOUNT}")
        for mesh in federation.lab.meshes
        for cluster, namespace in [federation.where(mesh)]
    }


def _refused(asked: dict[str, list[Request]]) -> list[str]:
    return [f"{mesh}: {one.verb} {one.uri}" for mesh, made in asked.items() for one in made if one.code == 403]


def _written(asked: dict[str, list[Request]], mesh: str) -> list[str]:
    return [f"{one.verb} {one.uri}" for one in asked[mesh] if one.changes or one.dry_run]


def _held_back(run: Run, mesh: str, *words: str) -> None:
    """The run is red, and says what is missing to the mesh, first of all before anything was written."""
    assert run.code != 0, run.all
    before = run.all.partition(": Open the gateways]")[0]
    assert f"{mesh}: namespace {mesh}-system: the account may not" in before and "[permission-missing]" in before
    assert not [word for word in words if word not in before], run.all
    assert run.recap[mesh]["failed"] == 1


def test_without_any_right_all_that_is_missing_is_said(federation: Federation) -> None:
    run = federation.run()
    assert run.code != 0
    assert "may not list servicemeshcontrolplanes.maistra.io" in run.flat
    assert "create, patch and watch servicemeshpeers.federation.maistra.io" in run.flat
    assert "docs/rbac/federate.yaml" in run.flat


def test_check_mode_with_its_rights_on_a_fresh_lab(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate-check", *federation.hosts):
        run = federation.good("--check")
    asked = _asked(federation, mark)
    assert not _refused(asked), run.all
    assert {kind for dummy, kind, dummy, dummy, dummy in run.changes} >= {"ServiceMeshControlPlane", "ServiceMeshPeer"}


@pytest.mark.parametrize("without", [("create", "servicemeshpeers"), ("patch", "servicemeshcontrolplanes"),
                                     ("watch", "services")], ids="-".join)
def test_a_missing_verb_is_named_before_the_first_write(federation: Federation, without: tuple[str, str]) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", "red-mesh"), _granted(federation, "federate", "green-mesh", without=without):
        run = federation.run()
    verb, resource = without
    _held_back(run, "green-mesh", f"may not {verb} {resource}", "ClusterRole ossm-federation-federate")
    asked = _asked(federation, mark)
    assert not _refused(asked)
    assert not _written(asked, "green-mesh")
    assert run.cells["green-mesh", "red-mesh"] == "skipped" and run.cells["red-mesh", "green-mesh"] == "waiting"
    assert federation.names("red-mesh", "exportedservicesets") == ["green-mesh"], "red has done its side"


def test_from_nothing_with_exactly_these_rights(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", *federation.hosts):
        run = federation.good()
        asked = _asked(federation, mark)
        again = federation.good()
        rehearsed = federation.good("--check")
    assert federation.connected() == LINKS
    assert not _refused(asked), run.all
    assert not again.changes and not rehearsed.changes
    assert not _refused(_asked(federation, mark))


def test_nothing_more_is_granted_than_is_used(federation: Federation) -> None:
    asked = [one for made in _asked(federation, {}).values() for one in made]
    assert {one.namespace for one in asked if one.resource == "services"} >= {"red-mesh-system", "red-mesh-bookinfo"}
    used = {(one.verb, one.resource) for one in asked}
    # A server-side apply is a patch in the log; that it may create is checked by the API server within it.
    used |= {("create", resource) for verb, resource in used if verb == "patch"}
    granted = {
        (verb, rule["resources"][0])
        for one in _manifests(federation, "red-mesh", "federate")
        for rule in one.get("rules", [])
        for verb in rule["verbs"]
    }
    assert granted - used <= SELDOM


def test_a_peer_outside_of_the_run_is_only_read(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", "red-mesh"), _granted(federation, "read", "green-mesh"):
        run = federation.good("-l", "red-mesh")
    asked = _asked(federation, mark)
    assert not _refused(asked), run.all
    assert {one.verb for one in asked["green-mesh"]} == {"get", "list"}
    assert run.cells["red-mesh", "green-mesh"] == "ok"


def test_a_plan_reads_and_lint_needs_no_account_at_all(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "read", *federation.hosts):
        plan = federation.play(ROOT / "playbooks" / "plan.yml")
    asked = _asked(federation, mark)
    assert plan.code == 0 and not _refused(asked), plan.all
    assert all({one.verb for one in made} == {"get", "list"} for made in asked.values())
    mark = federation.lab.mark()
    lint = federation.play(ROOT / "playbooks" / "lint.yml")
    assert lint.code == 0, lint.all
    assert not any(_asked(federation, mark).values())


def test_an_identity_is_exported_with_its_rights_alone(federation: Federation) -> None:
    mark, green = federation.lab.mark(), federation.hosts["green-mesh"]
    federation.hosts["green-mesh"] = {"mesh_identity_file": "received"}
    with _granted(federation, "export-identity", "red-mesh"):
        run = federation.play(ROOT / "playbooks" / "export_identity.yml")
    federation.hosts["green-mesh"] = green
    assert run.code == 0 and not _refused(_asked(federation, mark)), run.all
    assert (federation.folder / "identities" / "red-mesh-for-green-mesh.yml").is_file()


def test_a_right_that_a_run_has_no_use_for_is_not_asked_for(federation: Federation) -> None:
    without = ("patch", "exportedservicesets")
    with _granted(federation, "federate", "green-mesh"), _granted(federation, "federate", "red-mesh", without=without):
        assert not federation.good().changes
        federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings", "red-mesh-bookinfo/reviews"]
        mark = federation.lab.mark()
        run = federation.run()
    _held_back(run, "red-mesh", "may not patch exportedservicesets.federation.maistra.io")
    assert not _written(_asked(federation, mark), "red-mesh")


def test_what_is_optional_only_degrades(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings"]
    federation.lab.apply("red", _manifests(federation, "red-mesh", "federate")[:2], force=True)
    with _granted(federation, "federate", "green-mesh"):
        run = federation.good()
    assert "may not get clusterversions.config.openshift.io" in run.flat
    assert "may not get infrastructures.config.openshift.io" in run.flat
    [note] = [line for line in run.said("Say what is about to happen")["msg"] if "[services-unread]" in line]
    assert note.startswith("red-mesh: Services in red-mesh-bookinfo: ") and not [line for line in run.report if "unread" in line]
    assert run.cells["red-mesh", "green-mesh"] == "ok"


def test_what_lacks_is_told_by_one_question(federation: Federation) -> None:
    """A complete answer leaves nothing open, so that no right is asked for by itself."""
    mark = federation.lab.mark()
    with _granted(federation, "read", *federation.hosts):
        run = federation.run()
    assert "[permission-missing]" in run.flat, run.all
    for mesh, made in _asked(federation, mark).items():
        assert [one.resource for one in made if one.resource.startswith("selfsubject")] == ["selfsubjectrulesreviews"]
        assert len(made) <= 20, f"{mesh}: {texts(made)}"
