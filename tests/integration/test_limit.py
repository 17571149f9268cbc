# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One administrator's side of a federation: ``-l red-mesh`` on a lab without any federation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from harness import DEFAULT_LINKS, Federation, request_lines


@pytest.fixture(scope="module")
def federation(start: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab, not federated."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def test_a_limited_run_configures_one_side(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.succeed("-l", "red-mesh")
    writes = federation.writes(mark)
    assert set(writes) == {"red"}, request_lines(writes)
    plane = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert set(plane["spec"]["gateways"]["additionalIngress"]) == {"ingress-green-mesh", "ingress-blue-mesh"}
    assert set(plane["spec"]["gateways"]["additionalEgress"]) == {"egress-green-mesh", "egress-blue-mesh"}
    assert federation.names("red-mesh", "exportedservicesets") == ["green-mesh"]
    assert federation.names("red-mesh", "servicemeshpeers") == []
    assert {run.cells["red-mesh", peer] for peer in ("green-mesh", "blue-mesh")} == {"pending"}
    assert "run federate.yml for green-mesh" in run.flat.replace("Run", "run")
    assert federation.names("green-mesh", "exportedservicesets") == []


def test_pending_links_fail_the_run_only_on_request(federation: Federation) -> None:
    run = federation.run("-l", "red-mesh", "-e", '{"federation_fail_on_pending": true}')
    assert run.code != 0
    assert run.unchanged
    assert run.cells["red-mesh", "green-mesh"] == "pending"


def test_a_second_limited_run_uses_the_existing_side(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.succeed("-l", "green-mesh")
    assert set(federation.writes(mark)) == {"green"}, request_lines(federation.writes(mark))
    assert federation.names("green-mesh", "servicemeshpeers") == ["red-mesh"]
    assert run.cells["green-mesh", "blue-mesh"] == "pending"
    assert run.code == 0


def test_a_run_for_all_meshes_completes_the_federation(federation: Federation) -> None:
    run = federation.succeed()
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert set(run.cells.values()) == {"ok", "ok, 1 imported"}


def test_a_limited_run_on_a_federated_lab_reports_its_links(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.succeed("-l", "red-mesh")
    assert run.cells["red-mesh", "green-mesh"].startswith("ok") and run.cells["red-mesh", "blue-mesh"].startswith("ok")
    assert not {"green", "blue"} & set(federation.writes(mark)), request_lines(federation.writes(mark))
    assert run.unchanged
