# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh from nothing: operator, control plane and member roll by install.yml, then federated with one that was there."""

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
#: What a first run makes, in its order.
MADE = [
    ("Subscription", "openshift-operators/servicemeshoperator"),
    ("Namespace", "red-mesh-system"),
    ("ServiceMeshControlPlane", "red-mesh-system/red-mesh"),
    ("ServiceMeshMemberRoll", "red-mesh-system/default"),
]


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A cluster without a mesh or an operator, and one with a mesh of somebody else's."""
    lab = start({"clusters": CLUSTERS, "meshes": MESHES})
    made = Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {"red-mesh": RED})
    made.hosts["green-mesh"]["mesh_imports"] = {"red-mesh": [RATINGS]}
    made.options["federation_install_timeout"] = 60
    return made


def _lines(run: Run) -> list[str]:
    return run.paragraphs("Report the installation")


def _made(run: Run, verb: str) -> list[tuple[str, str]]:
    begin = f"red-mesh: {verb} "
    return [tuple(line[len(begin) :].split(" ")[:2]) for line in _lines(run) if line.startswith(begin)]


def test_check_mode_tells_what_will_be_made_and_makes_nothing(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.play(INSTALL, "--check", "--diff")
    assert run.code == 0, run.output
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert _made(run, "would create") == MADE
    assert "all others are known once the namespace red-mesh-system exists" in run.flat
    assert not federation.lab.get("red", "subscriptions")


def test_warnings_are_errors_where_that_is_asked_for(federation: Federation) -> None:
    mark = federation.lab.mark()
    federation.hosts["red-mesh"]["mesh_remark"] = "no variable of this collection"
    run = federation.play(INSTALL, "-e", "federation_lint_strict=true")
    del federation.hosts["red-mesh"]["mesh_remark"]
    assert run.code != 0 and "mesh_remark" in run.flat and "TASK [ossm.federation.install : Read" not in run.text, run.output
    assert not any(federation.requests(mark).values())


def test_a_mesh_comes_from_nothing(federation: Federation) -> None:
    before = federation.writable_objects("green-mesh")
    run = federation.play(INSTALL)
    assert run.code == 0, run.output
    assert _made(run, "created") == MADE
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


def test_it_federates_with_a_mesh_that_was_there(federation: Federation) -> None:
    federation.succeed()
    assert federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
    assert federation.imported("green-mesh", "red-mesh")
    mark = federation.lab.mark()
    run = federation.play(INSTALL, core="2.16")
    assert run.code == 0 and _lines(run)[0].endswith(" Nothing was changed."), run.output
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert federation.succeed().unchanged


def test_a_changed_declaration_changes_our_control_plane_alone(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_control_plane_spec"]["proxy"] = {"logging": {"level": {"all": "info"}}}
    gateways = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")["spec"]["gateways"]
    run = federation.play(INSTALL)
    assert run.code == 0, run.output
    assert _made(run, "changed") == [MADE[2]]
    plane = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert plane["spec"]["gateways"] == gateways
    assert plane["spec"]["proxy"] == {"logging": {"level": {"all": "info"}}}
    assert plane["status"]["observedGeneration"] == plane["metadata"]["generation"]


def test_somebody_elses_control_plane_is_never_written(federation: Federation) -> None:
    name = ("green-mesh", "servicemeshcontrolplanes", "green-mesh")
    before, mark = federation.get(*name), federation.lab.mark()
    wish = {"mesh_install": True, "mesh_control_plane_spec": {"version": "v2.4"}}
    federation.hosts["green-mesh"].update(wish)
    run = federation.play(INSTALL, "-l", "green-mesh")
    for key in wish:
        del federation.hosts["green-mesh"][key]
    assert run.code == 0, run.output
    assert not federation.writes(mark)
    assert federation.get(*name) == before
    assert "the control plane green-mesh is unmanaged (field manager" in run.flat
    assert "spec.version" in run.flat and "[unmanaged]" in run.flat


def test_an_operator_that_does_not_come_is_told_in_time(
    start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A wrong channel and an operator that does not come up: red, with the reason; put right, the next run completes it."""
    lab = start({"clusters": {"red": CLUSTERS["red"]}, "meshes": {"red-mesh": MESHES["red-mesh"]}})
    made = Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {"red-mesh": {"mesh_install": True}})
    made.options["federation_install_timeout"] = 3
    made.hosts["red-mesh"]["mesh_install_subscription"] = {"channel": "stabel"}
    run = made.play(INSTALL)
    assert run.code != 0
    assert "ResolutionFailed: constraints not satisfiable: no operators found in channel stabel" in run.flat
    assert "[operator-not-ready]" in run.flat
    assert _made(run, "created") == MADE[:1]
    del made.hosts["red-mesh"]["mesh_install_subscription"]
    with lab.fault("operator-never-ready", cluster="red"):
        run = made.play(INSTALL)
        assert run.code != 0 and "Installing: installing: waiting for deployment istio-operator" in run.flat, run.output
        assert _made(run, "changed") == MADE[:1] and not _made(run, "created")
    made.options["federation_install_timeout"] = 60
    run = made.play(INSTALL)
    assert run.code == 0, run.output
    assert _made(run, "created") == MADE[1:3]
    assert "red-mesh: the control plane is ready" in _lines(run)
