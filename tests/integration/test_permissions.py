# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts with exactly the permissions of ``docs/rbac``: sufficient for every run; missing ones are reported before a write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from accounts import ACCOUNT, grant, manifests, use_account
from authorities import install_authority
from harness import ROOT, Federation, Run, request_lines, two_meshes
from lab.api import Mark, Request
from lab.sim.ca import Authority

INSTALL = ROOT / "playbooks" / "install.yml"
#: Namespace of the account that installs meshes.
ACCOUNT_NAMESPACE = "ossm-federation"
RESTART = ("-e", '{"federation_restart_control_plane": true}')
WORKLOADS = {"ratings": "Deployment", "store": "StatefulSet", "agent": "DaemonSet"}
LINKS = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
#: Permissions that only a run with long waits or late nodes uses.
RARELY_USED = {("get", "servicemeshcontrolplanes"), ("list", "events")}
#: Permissions of install.yml that only check mode uses while the operator is installed, or only the operator's webhook.
RARELY_USED_BY_INSTALL = {("list", "clusterserviceversions"), ("update", "pods")}
Missing = tuple[str, str, str]


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, one exposed by a load balancer and one by its nodes; both accounts have no permissions yet."""
    topology = two_meshes(red={"workloads": {"red-mesh-bookinfo": WORKLOADS}})
    topology["clusters"]["green"]["platform"] = "BareMetal"
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"))
    for mesh in federation.hosts:
        use_account(federation, mesh, federation.location(mesh)[1])
    return federation


@pytest.fixture(scope="module", name="installation")
def _installation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two clusters without operator and mesh; in green's cluster the operator gets its own namespace."""
    platforms = {"red": "AWS", "green": "Azure"}
    lab = start(
        {
            "clusters": {colour: {"platform": platform, "operator": False} for colour, platform in platforms.items()},
            "meshes": {f"{colour}-mesh": {"cluster": colour} for colour in platforms},
        }
    )
    variables = {"mesh_install": True, "mesh_control_plane_spec": {"version": "v2.5"}}
    federation = Federation.for_lab(
        lab,
        tmp_path_factory.mktemp("i"),
        {mesh: {**variables, "mesh_members": [f"{mesh}-bookinfo"]} for mesh in lab.meshes},
    )
    federation.hosts["green-mesh"]["mesh_install_operator_namespace"] = "mesh-operator"
    for mesh in federation.hosts:
        lab.kubectl(federation.location(mesh)[0], "create", "namespace", ACCOUNT_NAMESPACE)
        use_account(federation, mesh, ACCOUNT_NAMESPACE)
    return federation


@contextmanager
def _granted(
    federation: Federation, playbook: str, *meshes: str, without: tuple[str, str] | None = None
) -> Iterator[None]:
    """Grant the accounts the permissions of a playbook for a while, except the verb ``without`` on a resource."""
    for mesh in meshes:
        grant(federation, mesh, playbook, (without,) if without else ())
    yield
    for mesh in meshes:
        for manifest in manifests(federation, mesh, playbook):
            namespace = manifest["metadata"].get("namespace")
            scope = ["-n", namespace] if namespace else []
            federation.lab.kubectl(
                federation.location(mesh)[0], "delete", manifest["kind"], manifest["metadata"]["name"], *scope
            )


def _requests(federation: Federation, since: Mark, account_namespace: str = "") -> dict[str, list[Request]]:
    """Return the requests of the accounts by mesh; an account is in ``account_namespace`` or in the namespace of its mesh."""
    return {
        mesh: federation.lab.audit(cluster, since, f"system:serviceaccount:{account_namespace or namespace}:{ACCOUNT}")
        for mesh in federation.lab.meshes
        for cluster, namespace in [federation.location(mesh)]
    }


def _forbidden(requests: dict[str, list[Request]]) -> list[str]:
    return [
        f"{mesh}: {request.verb} {request.uri}"
        for mesh, sent in requests.items()
        for request in sent
        if request.code == 403
    ]


def _written(requests: dict[str, list[Request]], mesh: str) -> list[str]:
    return [f"{request.verb} {request.uri}" for request in requests[mesh] if request.changes or request.dry_run]


def _check_missing_permission(run: Run, mesh: str, *message: str) -> None:
    """Check that the run fails for the mesh and reports the missing permission before the first write."""
    assert run.code != 0, run.output
    before = " ".join(run.output.partition(": Configure gateways]")[0].split())
    assert f"{mesh}: namespace {mesh}-system: the account may not" in before and "[permission-missing]" in before
    assert not [part for part in message if part not in before], run.output
    assert run.recap[mesh]["failed"] == 1


def test_without_permissions_all_missing_ones_are_reported(federation: Federation) -> None:
    run = federation.run()
    assert run.code != 0
    assert "may not list servicemeshcontrolplanes.maistra.io" in run.flat
    assert "create, patch and watch servicemeshpeers.federation.maistra.io" in run.flat
    assert "docs/rbac/federate.yaml" in run.flat


def test_check_mode_with_its_permissions_before_federating(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate-check", *federation.hosts):
        run = federation.succeed("--check")
    requests = _requests(federation, mark)
    assert not _forbidden(requests), run.output
    assert {kind for dummy, kind, dummy, dummy, dummy in run.changes} >= {"ServiceMeshControlPlane", "ServiceMeshPeer"}


@pytest.mark.parametrize(
    "without",
    [("create", "servicemeshpeers"), ("patch", "servicemeshcontrolplanes"), ("watch", "services")],
    ids="-".join,
)
def test_a_missing_verb_is_named_before_the_first_write(federation: Federation, without: tuple[str, str]) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", "red-mesh"), _granted(federation, "federate", "green-mesh", without=without):
        run = federation.run()
    verb, resource = without
    _check_missing_permission(run, "green-mesh", f"may not {verb} {resource}", "ClusterRole ossm-federation-federate")
    requests = _requests(federation, mark)
    assert not _forbidden(requests)
    assert not _written(requests, "green-mesh")
    assert run.cells["green-mesh", "red-mesh"] == "skipped" and run.cells["red-mesh", "green-mesh"] == "pending"
    assert federation.names("red-mesh", "exportedservicesets") == ["green-mesh"], "red has completed its side"


def test_first_run_with_exactly_these_permissions(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", *federation.hosts):
        run = federation.succeed()
        requests = _requests(federation, mark)
        repeated = federation.succeed()
        check = federation.succeed("--check")
    assert federation.connected() == LINKS
    assert not _forbidden(requests), run.output
    assert not repeated.changes and not check.changes
    assert not _forbidden(_requests(federation, mark))


def _used(requests: dict[str, list[Request]]) -> set[tuple[str, str]]:
    used = {(request.verb, request.resource) for sent in requests.values() for request in sent}
    # The log shows a server-side apply as a patch; within it the API server also checks the permission to create.
    return used | {("create", resource) for verb, resource in used if verb == "patch"}


def _permissions(federation: Federation, *playbooks: str) -> set[tuple[str, str]]:
    granted = [manifest for playbook in playbooks for manifest in manifests(federation, "red-mesh", playbook)]
    rules = [rule for manifest in granted for rule in manifest.get("rules", [])]
    return {(verb, rule["resources"][0]) for rule in rules for verb in rule["verbs"]}


def test_no_unused_permission_is_granted(federation: Federation) -> None:
    requests = _requests(federation, {})
    listed = {request.namespace for sent in requests.values() for request in sent if request.resource == "services"}
    assert listed >= {"red-mesh-system", "red-mesh-bookinfo"}
    assert _permissions(federation, "federate") - _used(requests) <= RARELY_USED


def test_a_peer_outside_the_limit_is_only_read(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "federate", "red-mesh"), _granted(federation, "read", "green-mesh"):
        run = federation.succeed("-l", "red-mesh")
    requests = _requests(federation, mark)
    assert not _forbidden(requests), run.output
    assert {request.verb for request in requests["green-mesh"]} == {"get", "list"}
    assert run.cells["red-mesh", "green-mesh"] == "ok"


def test_plan_render_and_adopt_only_read_and_lint_sends_no_request(federation: Federation) -> None:
    mark = federation.lab.mark()
    with _granted(federation, "read", *federation.hosts):
        plan = federation.play(ROOT / "playbooks" / "plan.yml")
        render = federation.play(ROOT / "playbooks" / "render.yml")
        adopt = federation.play(ROOT / "playbooks" / "adopt.yml")
    requests = _requests(federation, mark)
    assert plan.code == 0 and not _forbidden(requests), plan.output
    assert render.code == 0 and {folder["mesh"] for folder in render.data["folders"]} == set(federation.hosts), (
        render.output
    )
    assert adopt.code == 0 and adopt.data["verdict"] == "DESCRIBED", adopt.output
    # An account may always review its own permissions; the answer shows those that federate.yml would lack.
    for sent in requests.values():
        assert {request.verb for request in sent if not request.resource.startswith("selfsubject")} == {"get", "list"}
    for playbook in ("status", "doctor"):
        mark = federation.lab.mark()
        with _granted(federation, playbook, *federation.hosts):
            run = federation.play(ROOT / "playbooks" / f"{playbook}.yml")
        requests = _requests(federation, mark)
        assert run.code == 0 and not _forbidden(requests), run.output
        assert {request.verb for sent in requests.values() for request in sent} == {"get", "list"}
    mark = federation.lab.mark()
    lint = federation.play(ROOT / "playbooks" / "lint.yml")
    assert lint.code == 0, lint.output
    assert not any(_requests(federation, mark).values())


def test_everything_is_gathered_with_its_permissions_alone(federation: Federation) -> None:
    mark = federation.lab.mark()
    options = json.dumps({"federation_gather_debug_pages": False, "federation_gather_inspect": False})
    with _granted(federation, "gather", *federation.hosts):
        run = federation.play(ROOT / "playbooks" / "gather.yml", "-e", options)
    requests = _requests(federation, mark)
    assert run.code == 0 and run.data["verdict"] == "GATHERED" and not _forbidden(requests), run.output
    sent = [request for all_sent in requests.values() for request in all_sent]
    assert {one.verb for one in sent if not one.resource.startswith("selfsubject")} == {"get", "list"}


def test_an_identity_is_exported_with_its_permissions_alone(federation: Federation) -> None:
    mark, green = federation.lab.mark(), federation.hosts["green-mesh"]
    federation.hosts["green-mesh"] = {"mesh_identity_file": "received"}
    with _granted(federation, "export-identity", "red-mesh"):
        run = federation.play(ROOT / "playbooks" / "export_identity.yml")
    federation.hosts["green-mesh"] = green
    assert run.code == 0 and not _forbidden(_requests(federation, mark)), run.output
    assert (federation.folder / "identities" / "red-mesh-for-green-mesh.yml").is_file()


def test_a_run_does_not_require_a_permission_that_it_does_not_use(federation: Federation) -> None:
    without = ("patch", "exportedservicesets")
    with _granted(federation, "federate", "green-mesh"), _granted(federation, "federate", "red-mesh", without=without):
        assert not federation.succeed().changes
        federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings", "red-mesh-bookinfo/reviews"]
        mark = federation.lab.mark()
        run = federation.run()
    _check_missing_permission(run, "red-mesh", "may not patch exportedservicesets.federation.maistra.io")
    assert not _written(_requests(federation, mark), "red-mesh")


def test_optional_permissions_only_degrade_a_run(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings"]
    federation.lab.apply("red", manifests(federation, "red-mesh", "federate")[:2], force=True)
    with _granted(federation, "federate", "green-mesh"):
        run = federation.succeed()
    assert "may not get clusterversions.config.openshift.io" in run.flat
    assert "may not get infrastructures.config.openshift.io" in run.flat
    [note] = [line for line in run.paragraphs("Announce the changes") if "[services-unread]" in line]
    assert note.startswith("INFO red-mesh: Services in red-mesh-bookinfo: ") and not [
        line for line in run.report if "unread" in line
    ]
    assert run.cells["red-mesh", "green-mesh"] == "ok"


def test_one_review_shows_all_missing_permissions(federation: Federation) -> None:
    """The answer of the rules review is complete, so no permission is reviewed by itself."""
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings", "red-mesh-bookinfo/reviews"]
    mark = federation.lab.mark()
    with _granted(federation, "read", *federation.hosts):
        run = federation.run()
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/ratings"]
    assert "[permission-missing]" in run.flat, run.output
    for mesh, sent in _requests(federation, mark).items():
        assert [request.resource for request in sent if request.resource.startswith("selfsubject")] == [
            "selfsubjectrulesreviews"
        ]
        assert len(sent) <= 20, f"{mesh}: {request_lines(sent)}"


def test_a_restart_needs_its_own_permissions_and_those_of_federating(federation: Federation) -> None:
    """After an unprepared root rotation green keeps the former root of red until its istiod restarts."""
    federation.options["federation_wait_timeout"] = 12
    federation.lab.fault("root-rotated", mesh="red-mesh")
    federation.eventually(lambda: not federation.connected())
    with _granted(federation, "federate", *federation.hosts):
        run = federation.run(*RESTART)
        assert (
            run.code != 0 and "[root-not-loaded]" in run.flat and "Grant the verb patch on deployments.apps" in run.flat
        ), run.output
        mark = federation.lab.mark()
        with _granted(federation, "restart", *federation.hosts):
            run = federation.succeed(*RESTART)
    requests = _requests(federation, mark)
    assert {mesh for mesh, kind, dummy, dummy, dummy in run.changes if kind == "Deployment"} == {"green-mesh"}
    assert federation.connected() == LINKS
    assert not _forbidden(requests), run.output
    assert _permissions(federation, "restart") <= _used({"green-mesh": requests["green-mesh"]})


def test_a_service_is_removed_with_exactly_its_permissions(federation: Federation) -> None:
    request = ("-e", "federation_remove_service=red-mesh-bookinfo/ratings", "-e", "federation_remove_exporter=red-mesh")
    confirm = ("-e", "federation_confirm=red-mesh-bookinfo/ratings", "-e", '{"federation_force_removal": true}')
    remove = ROOT / "playbooks" / "remove_service.yml"
    mark = federation.lab.mark()
    without = ("patch", "servicemeshpeers")
    with (
        _granted(federation, "remove-service", "red-mesh"),
        _granted(federation, "remove-service", "green-mesh", without=without),
    ):
        run = federation.play(remove, *request, *confirm)
    assert run.code != 0 and "may not patch servicemeshpeers.federation.maistra.io" in run.flat, run.output
    requests = _requests(federation, mark)
    assert not _written(requests, "red-mesh") and not _written(requests, "green-mesh")
    with _granted(federation, "remove-service", *federation.hosts):
        run = federation.play(remove, *request, *confirm)
    assert run.code == 0 and run.data["verdict"] == "REMOVED", run.output
    requests = _requests(federation, mark)
    assert not _forbidden(requests), run.output
    # What is gone at the first look is not watched.
    watched = {("watch", "importedservicesets"), ("watch", "exportedservicesets")}
    assert _permissions(federation, "remove-service") - _used(requests) <= RARELY_USED | watched
    with _granted(federation, "federate", *federation.hosts):
        federation.succeed()


def test_a_rotation_with_exactly_its_permissions(federation: Federation) -> None:
    """The account of the rotating mesh also needs those of both restarts; without a right on a peer nothing is written."""
    file, authority = federation.folder / "coming.pem", Authority.create("red-mesh.local")
    install_authority(federation, "red-mesh", authority, file)
    rotate = ROOT / "playbooks" / "rotate_trust.yml"
    options = {"federation_rotate_mesh": "red-mesh", "federation_rotate_root": str(file)}
    extra = ("-e", json.dumps({**options, "federation_rotate_restart": True, "federation_wait_timeout": 60}))
    mark = federation.lab.mark()
    with (
        _granted(federation, "rotate", "red-mesh"),
        _granted(federation, "rotate", "green-mesh", without=("patch", "configmaps")),
    ):
        run = federation.play(rotate, *extra)
    assert run.code != 0 and "may not patch configmaps" in run.flat, run.output
    requests = _requests(federation, mark)
    assert not _written(requests, "green-mesh") and not _written(requests, "red-mesh")
    mark = federation.lab.mark()
    with (
        _granted(federation, "rotate", *federation.hosts),
        _granted(federation, "restart", "red-mesh"),
        _granted(federation, "restart-workloads", "red-mesh"),
    ):
        run = federation.play(rotate, *extra)
    assert run.code == 0 and run.data["verdict"] == "ROTATED", run.output
    requests = _requests(federation, mark)
    assert not _forbidden(requests), run.output
    assert _permissions(federation, "rotate") - _used(requests) <= RARELY_USED


def test_a_removal_with_exactly_its_permissions(federation: Federation) -> None:
    pair = ("-e", "federation_unlink=red-mesh,green-mesh", "-e", "federation_confirm=red-mesh,green-mesh")
    unlink = ROOT / "playbooks" / "unlink.yml"
    mark = federation.lab.mark()
    without = ("delete", "servicemeshpeers")
    with _granted(federation, "remove", "red-mesh"), _granted(federation, "remove", "green-mesh", without=without):
        run = federation.play(unlink, *pair)
    assert run.code != 0 and "may not delete servicemeshpeers.federation.maistra.io" in run.flat, run.output
    requests = _requests(federation, mark)
    assert not _written(requests, "red-mesh") and not _written(requests, "green-mesh")
    with _granted(federation, "remove", *federation.hosts):
        check = federation.play(unlink, "--check", *pair)
        run = federation.play(unlink, *pair)
    assert check.code == 0 and run.code == 0, check.output + run.output
    requests = _requests(federation, mark)
    assert not _forbidden(requests), run.output
    assert run.data["verdict"] == "REMOVED" and federation.names("red-mesh", "servicemeshpeers") == []
    assert _permissions(federation, "remove") - _used(requests) <= RARELY_USED


def test_a_trust_domain_is_changed_with_exactly_these_permissions(federation: Federation) -> None:
    """After the removal, so that no mesh has a peer. The lab's owner has set the domain, so the fields are taken over."""
    playbook, limit = ROOT / "playbooks" / "trust_domain.yml", ("-e", "federation_trust_domain_mesh=red-mesh")
    change = (*limit, "-e", '{"federation_force_conflicts": true, "federation_restart_workloads": true}')
    federation.hosts["red-mesh"]["mesh_trust_domain"] = "other.local"
    mark, without = federation.lab.mark(), ("patch", "servicemeshcontrolplanes")
    with (
        _granted(federation, "trust-domain", "green-mesh"),
        _granted(federation, "trust-domain", "red-mesh", without=without),
    ):
        run = federation.play(playbook, *change)
    assert run.code != 0 and "may not patch servicemeshcontrolplanes.maistra.io" in run.flat, run.output
    assert not _written(_requests(federation, mark), "red-mesh")
    with _granted(federation, "trust-domain", "red-mesh", "green-mesh"):
        run = federation.play(playbook, *change)
        assert run.code != 0 and "may not get daemonsets.apps" in run.flat, run.output
        assert "Wait for the control plane" in run.output and run.data["meshes"][0]["next"] == "workloads"
        assert _forbidden(_requests(federation, mark)) != []
        mark = federation.lab.mark()
        with _granted(federation, "restart-workloads", "red-mesh"):
            check = federation.play(playbook, "--check", *change)
            run = federation.play(playbook, *change)
    assert check.code == 0 and run.code == 0, check.output + run.output
    assert run.data["verdict"] == "CHANGED" and not _forbidden(_requests(federation, mark))
    assert _permissions(federation, "trust-domain", "restart-workloads") <= _used(_requests(federation, {}))


# -- install.yml -----------------------------------------------------------------------------------------------------


def _install(federation: Federation, mesh: str, *arguments: str) -> tuple[Run, list[str]]:
    """Run install.yml for one mesh; return the run and the paragraphs of its report."""
    run = federation.play(INSTALL, "-l", mesh, *arguments)
    return run, run.paragraphs("Report the installation")


def test_a_mesh_is_installed_with_exactly_these_permissions(installation: Federation) -> None:
    mark = installation.lab.mark()
    with _granted(installation, "install", "red-mesh"), _granted(installation, "install-operator", "red-mesh"):
        check, planned = _install(installation, "red-mesh", "--check")
        assert check.code == 0 and not installation.lab.get("red", "subscriptions"), check.output
        run, report = _install(installation, "red-mesh")
        assert run.code == 0 and report[-1] == "red-mesh: the control plane is ready", run.output
        assert [line.split(" (")[0].replace("would create", "created") for line in planned[2:6]] == [
            line.split(" (")[0] for line in report[2:6]
        ]
        repeated = [_install(installation, "red-mesh"), _install(installation, "red-mesh", "--check")]
    assert [report[0].partition(". ")[2] for _run, report in repeated] == [
        "Nothing was changed.",
        "Nothing would be changed.",
    ]
    requests = _requests(installation, mark, ACCOUNT_NAMESPACE)
    assert not _forbidden(requests), run.output
    assert _permissions(installation, "install", "install-operator") - _used(requests) <= RARELY_USED_BY_INSTALL


def test_with_namespace_and_operator_no_cluster_wide_permission_is_needed(installation: Federation) -> None:
    lab, namespace = installation.lab, installation.location("red-mesh")[1]
    role = manifests(installation, "red-mesh", "install")[0]
    lab.apply("red", [role], force=True)
    lab.kubectl(
        "red",
        "create",
        "rolebinding",
        "narrow",
        "-n",
        namespace,
        f"--clusterrole={role['metadata']['name']}",
        f"--serviceaccount={ACCOUNT_NAMESPACE}:{ACCOUNT}",
    )
    installation.hosts["red-mesh"]["mesh_control_plane_spec"]["proxy"] = {"logging": {"level": {"all": "info"}}}
    mark = lab.mark()
    run, report = _install(installation, "red-mesh")
    lab.kubectl("red", "delete", "rolebinding/narrow", f"clusterrole/{role['metadata']['name']}", "-n", namespace)
    assert run.code == 0 and report[-1] == "red-mesh: the control plane is ready", run.output
    assert report[0] == "READY  1 control plane ready. 1 object changed."
    assert report[2] == f"red-mesh: changed ServiceMeshControlPlane {namespace}/red-mesh", report
    # A run that creates no Subscription does not need to read one.
    forbidden = {
        request.resource
        for request in _requests(installation, mark, ACCOUNT_NAMESPACE)["red-mesh"]
        if request.code == 403
    }
    assert forbidden == {"namespaces", "subscriptions"}


#: Permissions to remove for a mesh whose operator gets its own namespace, in the order of their use.
FOR_READING: list[tuple[Missing, ...]] = [
    (("operator", "list", "subscriptions"), ("operator", "get", "namespaces"), ("operator", "list", "operatorgroups")),
    (("mesh", "get", "namespaces"),),
    (("mesh", "list", "servicemeshcontrolplanes"),),
    (("mesh", "list", "servicemeshmemberrolls"),),
]
FOR_OPERATOR: list[Missing] = [
    *(
        ("operator", verb, kind)
        for kind in ("namespaces", "operatorgroups", "subscriptions")
        for verb in ("patch", "create")
    ),
    *(("operator", "watch", kind) for kind in ("customresourcedefinitions", "subscriptions", "clusterserviceversions")),
]
FOR_MESH: list[Missing] = [
    *(
        ("mesh", verb, kind)
        for kind in ("namespaces", "servicemeshcontrolplanes", "servicemeshmemberrolls")
        for verb in ("patch", "create")
    ),
    ("mesh", "update", "pods"),
    ("mesh", "watch", "servicemeshcontrolplanes"),
]
FILES = {"mesh": "install", "operator": "install-operator-namespace"}


def _check_run_stops(installation: Federation, *missing: Missing) -> None:
    """Check that a run without these permissions fails and names them."""
    for key, playbook in FILES.items():
        grant(
            installation,
            "green-mesh",
            playbook,
            tuple((verb, resource) for file, verb, resource in missing if file == key),
        )
    run, dummy = _install(installation, "green-mesh")
    assert run.code != 0, (missing, run.output)
    for dummy, verb, resource in missing:
        assert f"Grant the verb {verb} on {resource}" in run.flat, (missing, run.output)


def test_each_permission_is_needed(installation: Federation) -> None:
    """Each run goes as far as its permissions allow and names the missing one; the next run continues from there."""
    green = installation.hosts["green-mesh"]
    mark = installation.lab.mark()
    for group in FOR_READING:
        _check_run_stops(installation, *group)
    assert not any(request.changes for request in _requests(installation, mark, ACCOUNT_NAMESPACE)["green-mesh"]), (
        "no write without reading"
    )
    # Waits for the operator do not end: this channel does not exist.
    green["mesh_install_subscription"] = {"channel": "stabel"}
    for missing in FOR_OPERATOR:
        _check_run_stops(installation, missing)
    del green["mesh_install_subscription"]
    for missing in FOR_MESH:
        _check_run_stops(installation, missing)
    grant(installation, "green-mesh", "install")
    mark = installation.lab.mark()
    run, report = _install(installation, "green-mesh")
    assert run.code == 0 and report[0] == "READY  1 control plane ready. Nothing was changed.", run.output
    assert not _forbidden(_requests(installation, mark, ACCOUNT_NAMESPACE))
    assert installation.get("green-mesh", "servicemeshmemberrolls", "default")["spec"]["members"] == [
        "green-mesh-bookinfo"
    ]
