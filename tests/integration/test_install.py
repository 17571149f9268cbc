# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new mesh: install.yml creates operator, control plane and member roll, then it federates with an existing mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import RATINGS, ROOT, Federation, Run, request_lines

INSTALL = ROOT / "playbooks" / "install.yml"
MEMBERS = ["red-mesh-bookinfo"]
CLUSTERS = {"red": {"platform": "AWS", "operator": False}, "green": {"platform": "Azure"}}
MESHES = {"red-mesh": {"cluster": "red"}, "green-mesh": {"cluster": "green"}}
RED = {
    "mesh_install": True,
    "mesh_members": MEMBERS,
    "mesh_control_plane_spec": {"version": "v2.5", "security": {"identity": {"type": "ThirdParty"}}},
    "mesh_exports": {"green-mesh": [RATINGS]},
}
#: The objects that a first run creates, in order.
CREATED = [
    ("Subscription", "openshift-operators/servicemeshoperator"),
    ("Namespace", "red-mesh-system"),
    ("ServiceMeshControlPlane", "red-mesh-system/red-mesh"),
    ("ServiceMeshMemberRoll", "red-mesh-system/default"),
]


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A cluster without mesh and operator, and one with an unmanaged mesh."""
    lab = start({"clusters": CLUSTERS, "meshes": MESHES})
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {"red-mesh": RED})
    federation.hosts["green-mesh"]["mesh_imports"] = {"red-mesh": [RATINGS]}
    federation.options["federation_install_timeout"] = 60
    return federation


def _lines(run: Run) -> list[str]:
    return run.paragraphs("Report the installation")


def _objects(run: Run, verb: str) -> list[tuple[str, str]]:
    prefix = f"red-mesh: {verb} "
    return [tuple(line[len(prefix) :].split(" ")[:2]) for line in _lines(run) if line.startswith(prefix)]


def test_check_mode_reports_the_objects_and_creates_nothing(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.play(INSTALL, "--check", "--diff")
    assert run.code == 0, run.output
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert _objects(run, "would create") == CREATED
    assert "all others are known once the namespace red-mesh-system exists" in run.flat
    assert not federation.lab.get("red", "subscriptions")


def test_warnings_are_errors_with_lint_strict(federation: Federation) -> None:
    mark = federation.lab.mark()
    federation.hosts["red-mesh"]["mesh_remark"] = "no variable of this collection"
    run = federation.play(INSTALL, "-e", "federation_lint_strict=true")
    del federation.hosts["red-mesh"]["mesh_remark"]
    assert run.code != 0 and "mesh_remark" in run.flat and "TASK [ossm.federation.install : Read" not in run.text, (
        run.output
    )
    assert not any(federation.requests(mark).values())


def test_a_new_mesh_is_installed(federation: Federation) -> None:
    before = federation.writable_objects("green-mesh")
    run = federation.play(INSTALL)
    assert run.code == 0, run.output
    assert _objects(run, "created") == CREATED
    assert "red-mesh: the control plane is ready" in _lines(run)
    plane = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert plane["status"]["observedGeneration"] == plane["metadata"]["generation"]
    security = plane["spec"]["security"]
    assert security["trust"] == {"domain": "red-mesh.local"} and security["identity"] == {"type": "ThirdParty"}
    assert security["dataPlane"] == security["controlPlane"] == {"mtls": True}
    assert plane["spec"]["gateways"]["openshiftRoute"] == {"enabled": False}
    assert federation.get("red-mesh", "servicemeshmemberrolls", "default")["spec"] == {"members": MEMBERS}
    assert federation.writable_objects("green-mesh") == before


def test_a_second_run_changes_nothing(federation: Federation) -> None:
    before, mark = federation.versions(), federation.lab.mark()
    run = federation.play(INSTALL)
    assert run.code == 0, run.output
    assert _lines(run)[0] == "READY  1 control plane ready. Nothing was changed."
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert federation.versions() == before
    assert all(counts["changed"] == 0 for counts in run.recap.values())


def test_it_federates_with_an_existing_mesh(federation: Federation) -> None:
    federation.succeed()
    assert federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
    assert federation.imported("green-mesh", "red-mesh")
    mark = federation.lab.mark()
    run = federation.play(INSTALL, core="2.16")
    assert run.code == 0 and _lines(run)[0].endswith(" Nothing was changed."), run.output
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert federation.succeed().unchanged


def test_a_changed_variable_changes_only_the_managed_control_plane(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_control_plane_spec"]["proxy"] = {"logging": {"level": {"all": "info"}}}
    gateways = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")["spec"]["gateways"]
    run = federation.play(INSTALL)
    assert run.code == 0, run.output
    assert _objects(run, "changed") == [CREATED[2]]
    plane = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert plane["spec"]["gateways"] == gateways
    assert plane["spec"]["proxy"] == {"logging": {"level": {"all": "info"}}}
    assert plane["status"]["observedGeneration"] == plane["metadata"]["generation"]


def test_an_unmanaged_control_plane_is_never_written(federation: Federation) -> None:
    name = ("green-mesh", "servicemeshcontrolplanes", "green-mesh")
    before, mark = federation.get(*name), federation.lab.mark()
    variables = {"mesh_install": True, "mesh_control_plane_spec": {"version": "v2.4"}}
    federation.hosts["green-mesh"].update(variables)
    run = federation.play(INSTALL, "-l", "green-mesh")
    for key in variables:
        del federation.hosts["green-mesh"][key]
    assert run.code == 0, run.output
    assert not federation.writes(mark)
    assert federation.get(*name) == before
    assert "the control plane green-mesh is unmanaged (field manager" in run.flat
    assert "spec.version" in run.flat and "[unmanaged]" in run.flat


def test_an_operator_that_is_not_ready_in_time_is_reported(
    start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A wrong channel and an operator that is never ready fail the run with the reason; a later run completes it."""
    lab = start({"clusters": {"red": CLUSTERS["red"]}, "meshes": {"red-mesh": MESHES["red-mesh"]}})
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {"red-mesh": {"mesh_install": True}})
    federation.options["federation_install_timeout"] = 3
    federation.hosts["red-mesh"]["mesh_install_subscription"] = {"channel": "stabel"}
    run = federation.play(INSTALL)
    assert run.code != 0
    assert "ResolutionFailed: constraints not satisfiable: no operators found in channel stabel" in run.flat
    assert "[operator-not-ready]" in run.flat
    assert _objects(run, "created") == CREATED[:1]
    del federation.hosts["red-mesh"]["mesh_install_subscription"]
    with lab.fault("operator-never-ready", cluster="red"):
        run = federation.play(INSTALL)
        assert run.code != 0 and "Installing: installing: waiting for deployment istio-operator" in run.flat, run.output
        assert _objects(run, "changed") == CREATED[:1] and not _objects(run, "created")
    federation.options["federation_install_timeout"] = 60
    run = federation.play(INSTALL)
    assert run.code == 0, run.output
    assert _objects(run, "created") == CREATED[1:3]
    assert "red-mesh: the control plane is ready" in _lines(run)
