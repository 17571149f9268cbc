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
from harness import ROOT, Federation, Object, Run, request_lines, two_meshes
from lab.api import Mark, Request

RBAC = ROOT / "docs" / "rbac"
INSTALL = ROOT / "playbooks" / "install.yml"
#: The files are written for red-mesh, its account lives with it, and that which makes a mesh in a namespace of its own.
WRITTEN_FOR, ACCOUNT, HOME = "red-mesh", "ossm-federation", "ossm-federation"
RESTART = ("-e", '{"federation_restart_control_plane": true}')
LINKS = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
#: Rights that only a run with long waits or late nodes uses.
SELDOM = {("get", "servicemeshcontrolplanes"), ("list", "events")}
#: Of install.yml: what check mode reads while the operator is on its way, and what only the operator's webhook asks for.
SELDOM_IN_INSTALL = {("list", "clusterserviceversions"), ("update", "pods")}
Missing = tuple[str, str, str]


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, one reached at a load balancer and one at its nodes; both accounts may do nothing yet."""
    topology = two_meshes()
    topology["clusters"]["green"]["platform"] = "BareMetal"
    made = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"))
    for mesh in made.hosts:
        _reach_as_account(made, mesh, made.location(mesh)[1])
    return made


@pytest.fixture(scope="module")
def installing(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two clusters without operator and mesh; in that of green the operator gets a namespace of its own."""
    platforms = {"red": "AWS", "green": "Azure"}
    lab = start({"clusters": {colour: {"platform": one, "operator": False} for colour, one in platforms.items()},
                 "meshes": {f"{colour}-mesh": {"cluster": colour} for colour in platforms}})
    wish = {"mesh_install": True, "mesh_control_plane_spec": {"version": "v2.5"}}
    made = Federation.for_lab(lab, tmp_path_factory.mktemp("i"), {
        mesh: {**wish, "mesh_members": [f"{mesh}-bookinfo"]} for mesh in lab.meshes})
    made.hosts["green-mesh"]["mesh_install_operator_namespace"] = "mesh-operator"
    for mesh in made.hosts:
        lab.kubectl(made.location(mesh)[0], "create", "namespace", HOME)
        _reach_as_account(made, mesh, HOME)
    return made


def _reach_as_account(federation: Federation, mesh: str, namespace: str) -> None:
    """Make the account in a namespace and let the inventory reach the cluster with its token."""
    cluster, lab = federation.location(mesh)[0], federation.lab
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
    """What ``docs/rbac`` has for a playbook, for this mesh, whose names are the conventional ones."""
    text = (RBAC / f"{playbook}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text.replace(WRITTEN_FOR, mesh))["items"])


def _grant(federation: Federation, mesh: str, playbook: str, without: tuple[tuple[str, str], ...] = ()) -> None:
    """Grant an account what a playbook needs, but for some verbs on resources."""
    objects = _manifests(federation, mesh, playbook)
    roles = [one for one in objects if "rules" in one]
    for verb, resource in without:
        concerned = [rule for role in roles for rule in role["rules"] if resource in rule["resources"] and verb in rule["verbs"]]
        assert concerned, f"{playbook} has no {verb} on {resource}"
        for rule in concerned:
            rule["verbs"].remove(verb)
    for role in roles:
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
    federation.lab.apply(federation.location(mesh)[0], objects, force=True)


@contextmanager
def _granted(federation: Federation, playbook: str, *meshes: str, without: tuple[str, str] | None = None) -> Iterator[None]:
    """Grant the accounts the rights of a playbook for a while; ``without`` takes one verb on one resource away."""
    for mesh in meshes:
        _grant(federation, mesh, playbook, (without,) if without else ())
    yield
    for mesh in meshes:
        for one in _manifests(federation, mesh, playbook):
            namespace = one["metadata"].get("namespace")
            where = ["-n", namespace] if namespace else []
            federation.lab.kubectl(federation.location(mesh)[0], "delete", one["kind"], one["metadata"]["name"], *where)


def _asked(federation: Federation, since: Mark, home: str = "") -> dict[str, list[Request]]:
    """The requests of the accounts, by mesh; they live in the namespace of the mesh, or at ``home``."""
    return {
        mesh: federation.lab.audit(cluster, since, f"system:serviceaccount:{home or namespace}:{ACCOUNT}")
        for mesh in federation.lab.meshes
        for cluster, namespace in [federation.location(mesh)]
    }


def _refused(asked: dict[str, list[Request]]) -> list[str]:
    return [f"{mesh}: {one.verb} {one.uri}" for mesh, made in asked.items() for one in made if one.code == 403]


def _written(asked: dict[str, list[Request]], mesh: str) -> list[str]:
    return [f"{one.verb} {one.uri}" for one in asked[mesh] if one.changes or one.dry_run]


def _held_back(run: Run, mesh: str, *message: str) -> None:
    """The run is red, and says what is missing to the mesh, first of all before anything was written."""
    assert run.code != 0, run.output
    before = run.output.partition(": Configure gateways]")[0]
    assert f"{mesh}: namespace {mesh}-system: the account may not" in before and "[permission-missing]" in before
    assert not [word for word in message if word not in before], run.output
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
        run = federation.succeed("--check")
    asked = _asked(federation, mark)
    assert not _refused(asked), run.output
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
    assert run.cells["green-mesh", "red-mesh"] == "skipped" and run.cells["red-mesh", "green-mesh"] == "pending"
    assert federation.names("red-mesh", "exportedservicesets") == ["green-mesh"], "red has done its side"


def test_from_nothing_with_exactly_these_rights(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", *federation.hosts):
        run = federation.succeed()
        asked = _asked(federation, mark)
        again = federation.succeed()
        rehearsed = federation.succeed("--check")
    assert federation.connected() == LINKS
    assert not _refused(asked), run.output
    assert not again.changes and not rehearsed.changes
    assert not _refused(_asked(federation, mark))


def _used(asked: dict[str, list[Request]]) -> set[tuple[str, str]]:
    used = {(one.verb, one.resource) for made in asked.values() for one in made}
    # A server-side apply is a patch in the log; that it may create is checked by the API server within it.
    return used | {("create", resource) for verb, resource in used if verb == "patch"}


def _rights(federation: Federation, *playbooks: str) -> set[tuple[str, str]]:
    rules = [rule for playbook in playbooks for one in _manifests(federation, "red-mesh", playbook) for rule in one.get("rules", [])]
    return {(verb, rule["resources"][0]) for rule in rules for verb in rule["verbs"]}


def test_nothing_more_is_granted_than_is_used(federation: Federation) -> None:
    asked = _asked(federation, {})
    listed = {one.namespace for made in asked.values() for one in made if one.resource == "services"}
    assert listed >= {"red-mesh-system", "red-mesh-bookinfo"}
    assert _rights(federation, "federate") - _used(asked) <= SELDOM


def test_a_peer_outside_of_the_run_is_only_read(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", "red-mesh"), _granted(federation, "read", "green-mesh"):
        run = federation.succeed("-l", "red-mesh")
    asked = _asked(federation, mark)
    assert not _refused(asked), run.output
    assert {one.verb for one in asked["green-mesh"]} == {"get", "list"}
    assert run.cells["red-mesh", "green-mesh"] == "ok"


def test_a_plan_reads_and_lint_needs_no_account_at_all(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "read", *federation.hosts):
        plan = federation.play(ROOT / "playbooks" / "plan.yml")
    asked = _asked(federation, mark)
    assert plan.code == 0 and not _refused(asked), plan.output
    # An account may always ask what it may do; the answer shows the rights that federate.yml would lack.
    for sent in asked.values():
        assert {one.verb for one in sent if not one.resource.startswith("selfsubject")} == {"get", "list"}
    mark = federation.lab.mark()
    lint = federation.play(ROOT / "playbooks" / "lint.yml")
    assert lint.code == 0, lint.output
    assert not any(_asked(federation, mark).values())


def test_an_identity_is_exported_with_its_rights_alone(federation: Federation) -> None:
    mark, green = federation.lab.mark(), federation.hosts["green-mesh"]
    federation.hosts["green-mesh"] = {"mesh_identity_file": "received"}
    with _granted(federation, "export-identity", "red-mesh"):
        run = federation.play(ROOT / "playbooks" / "export_identity.yml")
    federation.hosts["green-mesh"] = green
    assert run.code == 0 and not _refused(_asked(federation, mark)), run.output
    assert (federation.folder / "identities" / "red-mesh-for-green-mesh.yml").is_file()


def test_a_right_that_a_run_has_no_use_for_is_not_asked_for(federation: Federation) -> None:
    without = ("patch", "exportedservicesets")
    with _granted(federation, "federate", "green-mesh"), _granted(federation, "federate", "red-mesh", without=without):
        assert not federation.succeed().changes
        federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings", "red-mesh-bookinfo/reviews"]
        mark = federation.lab.mark()
        run = federation.run()
    _held_back(run, "red-mesh", "may not patch exportedservicesets.federation.maistra.io")
    assert not _written(_asked(federation, mark), "red-mesh")


def test_what_is_optional_only_degrades(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings"]
    federation.lab.apply("red", _manifests(federation, "red-mesh", "federate")[:2], force=True)
    with _granted(federation, "federate", "green-mesh"):
        run = federation.succeed()
    assert "may not get clusterversions.config.openshift.io" in run.flat
    assert "may not get infrastructures.config.openshift.io" in run.flat
    [note] = [line for line in run.paragraphs("Announce the changes") if "[services-unread]" in line]
    assert note.startswith("INFO red-mesh: Services in red-mesh-bookinfo: ") and not [line for line in run.report if "unread" in line]
    assert run.cells["red-mesh", "green-mesh"] == "ok"


def test_what_lacks_is_told_by_one_question(federation: Federation) -> None:
    """A complete answer leaves nothing open, so that no right is asked for by itself."""
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings", "red-mesh-bookinfo/reviews"]
    mark = federation.lab.mark()
    with _granted(federation, "read", *federation.hosts):
        run = federation.run()
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings"]
    assert "[permission-missing]" in run.flat, run.output
    for mesh, made in _asked(federation, mark).items():
        assert [one.resource for one in made if one.resource.startswith("selfsubject")] == ["selfsubjectrulesreviews"]
        assert len(made) <= 20, f"{mesh}: {request_lines(made)}"


def test_a_restart_is_done_with_its_rights_beside_those_of_federating(federation: Federation) -> None:
    """A rotation that nobody prepared: green keeps the former root of red until its istiod restarts."""
    federation.options["federation_wait_timeout"] = 12
    federation.lab.fault("root-rotated", mesh="red-mesh")
    federation.eventually(lambda: not federation.connected())
    with _granted(federation, "federate", *federation.hosts):
        run = federation.run(*RESTART)
        assert run.code != 0 and "[root-not-loaded]" in run.flat and "Grant the verb patch on deployments.apps" in run.flat, run.output
        mark = federation.lab.mark()
        with _granted(federation, "restart", *federation.hosts):
            run = federation.succeed(*RESTART)
    asked = _asked(federation, mark)
    assert {mesh for mesh, kind, dummy, dummy, dummy in run.changes if kind == "Deployment"} == {"green-mesh"}
    assert federation.connected() == LINKS
    assert not _refused(asked), run.output
    assert _rights(federation, "restart") <= _used({"green-mesh": asked["green-mesh"]})


# -- install.yml -----------------------------------------------------------------------------------------------------


def _installed(federation: Federation, mesh: str, *arguments: str) -> tuple[Run, list[str]]:
    """Run install.yml for one mesh, and what it has told."""
    run = federation.play(INSTALL, "-l", mesh, *arguments)
    return run, run.paragraphs("Report the installation")


def test_a_mesh_is_installed_from_nothing_with_exactly_these_rights(installing: Federation) -> None:
    mark = installing.lab.mark()
    with _granted(installing, "install", "red-mesh"), _granted(installing, "install-operator", "red-mesh"):
        check, planned = _installed(installing, "red-mesh", "--check")
        assert check.code == 0 and not installing.lab.get("red", "subscriptions"), check.output
        run, made = _installed(installing, "red-mesh")
        assert run.code == 0 and made[-1] == "red-mesh: the control plane is ready", run.output
        assert [line.split(" (")[0].replace("would create", "created") for line in planned[2:6]] == [
            line.split(" (")[0] for line in made[2:6]]
        again = [_installed(installing, "red-mesh"), _installed(installing, "red-mesh", "--check")]
    assert [said[0].partition(". ")[2] for _run, said in again] == ["Nothing was changed.", "Nothing would be changed."]
    asked = _asked(installing, mark, HOME)
    assert not _refused(asked), run.output
    assert _rights(installing, "install", "install-operator") - _used(asked) <= SELDOM_IN_INSTALL


def test_where_namespace_and_operator_are_there_no_right_in_the_cluster_is_needed(installing: Federation) -> None:
    lab, namespace = installing.lab, installing.location("red-mesh")[1]
    role = _manifests(installing, "red-mesh", "install")[0]
    lab.apply("red", [role], force=True)
    lab.kubectl("red", "create", "rolebinding", "narrow", "-n", namespace, f"--clusterrole={role['metadata']['name']}",
                f"--serviceaccount={HOME}:{ACCOUNT}")
    installing.hosts["red-mesh"]["mesh_control_plane_spec"]["proxy"] = {"logging": {"level": {"all": "info"}}}
    mark = lab.mark()
    run, said = _installed(installing, "red-mesh")
    lab.kubectl("red", "delete", "rolebinding/narrow", f"clusterrole/{role['metadata']['name']}", "-n", namespace)
    assert run.code == 0 and said[-1] == "red-mesh: the control plane is ready", run.output
    assert said[0].startswith(f"red-mesh: changed ServiceMeshControlPlane {namespace}/red-mesh (")
    # Whether there is a Subscription nobody needs to know, who is not to make one.
    asked = {one.resource for one in _asked(installing, mark, HOME)["red-mesh"] if one.code == 403}
    assert asked == {"namespaces", "subscriptions"}


#: What is taken away from the rights of a mesh whose operator gets a namespace of its own, in the order of their use.
FIRST: list[tuple[Missing, ...]] = [
    (("operator", "list", "subscriptions"), ("operator", "get", "namespaces"), ("operator", "list", "operatorgroups")),
    (("mesh", "get", "namespaces"),),
    (("mesh", "list", "servicemeshcontrolplanes"),),
    (("mesh", "list", "servicemeshmemberrolls"),),
]
THEN: list[Missing] = [
    *(("operator", verb, kind) for kind in ("namespaces", "operatorgroups", "subscriptions") for verb in ("patch", "create")),
    *(("operator", "watch", kind) for kind in ("customresourcedefinitions", "subscriptions", "clusterserviceversions")),
]
LAST: list[Missing] = [
    *(("mesh", verb, kind) for kind in ("namespaces", "servicemeshcontrolplanes", "servicemeshmemberrolls")
      for verb in ("patch", "create")),
    ("mesh", "update", "pods"),
    ("mesh", "watch", "servicemeshcontrolplanes"),
]
FILES = {"mesh": "install", "operator": "install-operator-namespace"}


def _goes_no_further(installing: Federation, *missing: Missing) -> None:
    """Without these rights a run is red and names them, and nothing is written that comes after."""
    for key, playbook in FILES.items():
        _grant(installing, "green-mesh", playbook, tuple((verb, resource) for file, verb, resource in missing if file == key))
    run, dummy = _installed(installing, "green-mesh")
    assert run.code != 0, (missing, run.output)
    for dummy, verb, resource in missing:
        assert f"Grant the verb {verb} on {resource}" in run.flat, (missing, run.output)


def test_each_right_is_needed(installing: Federation) -> None:
    """From nothing, step by step: the run goes as far as it may, names the missing right, and the next one goes on."""
    green = installing.hosts["green-mesh"]
    mark = installing.lab.mark()
    for several in FIRST:
        _goes_no_further(installing, *several)
    assert not any(one.changes for one in _asked(installing, mark, HOME)["green-mesh"]), "nothing that is there is overlooked"
    # What waits for the operator has to wait: nothing comes of this channel.
    green["mesh_install_subscription"] = {"channel": "stabel"}
    for missing in THEN:
        _goes_no_further(installing, missing)
    del green["mesh_install_subscription"]
    for missing in LAST:
        _goes_no_further(installing, missing)
    _grant(installing, "green-mesh", "install")
    mark = installing.lab.mark()
    run, said = _installed(installing, "green-mesh")
    assert run.code == 0 and said[0] == "READY  1 control plane ready. Nothing was changed.", run.output
    assert not _refused(_asked(installing, mark, HOME))
    assert installing.get("green-mesh", "servicemeshmemberrolls", "default")["spec"]["members"] == ["green-mesh-bookinfo"]
