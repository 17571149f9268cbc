# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run announces before its first write."""

from __future__ import annotations

from typing import Any

from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report.announcement import announcement
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS

TEXT = """
mesh        version  OpenShift  platform   exposure             root SHA-256
blue-mesh   v2.5     4.16.20    BareMetal  NodePort             00:00:00:00:00:00...
green-mesh  v2.5     4.16.20    Azure      public LoadBalancer  00:00:00:00:00:00...
red-mesh    v2.5     4.16.20    AWS        public LoadBalancer  00:00:00:00:00:00...

blue-mesh: BareMetal. NodePort: BareMetal has no load balancer of its own; with MetalLB, set
    mesh_ingress.exposure to LoadBalancer
green-mesh: Azure. LoadBalancer, public, as mesh_ingress.internal is not set: Azure gives a standard
    load balancer
red-mesh: AWS. LoadBalancer, public, as mesh_ingress.internal is not set: AWS gives a network load
    balancer, as the default one does not suit raw TLS

4 new load balancers will be created: 4 public.
"""


def _read() -> dict[str, Json]:
    read = {host: fed.facts(host, platform) for host, platform in zip(fed.COLOURS, ("AWS", "Azure", "BareMetal"))}
    for facts in read.values():
        facts["openshift"] = {"version": "4.16.20", "message": "OpenShift 4.16.20"}
    return read


def _announced(read: dict[str, Json], *problems: Any, **variables: Json) -> Json:
    plan = planning.build_plan(fed.declare(fed.inventory(**variables)), read, fed.NOW)
    plan["warnings"] += problems
    return dict(announcement(plan, read))


def test_the_text() -> None:
    announced = _announced(_read())
    assert "\n".join(announced["lines"]) == TEXT.strip("\n")
    assert sum("root O=" in line for line in announced["details"]) == 3
    assert max(map(len, announced["lines"] + announced["details"])) <= WIDTH


def test_warnings_come_last_and_errors_before_them() -> None:
    read = _read()
    read[RED].update(
        readable=False,
        control_plane=None,
        problems=[problem("unreachable", RED, "API server", "it is down", "Start it")],
    )
    announced = _announced(read, problem("version-fault", BLUE, "x", "it is old", "Update", severity="warning"))
    assert announced["lines"][-2:] == [
        "ERROR red-mesh: API server: it is down. Fix: Start it. [unreachable]",
        "WARNING blue-mesh: x: it is old. Fix: Update. [version-fault]",
    ]
    row = next(row for row in announced["meshes"] if row["mesh"] == RED)
    assert (row["version"], row["platform"], row["exposure"], row["note"]) == (None, None, "", "could not be read")
    assert any(line.startswith("red-mesh    ?") and line.endswith("could not be read") for line in announced["lines"])


def test_gateways_that_are_reached_in_several_ways() -> None:
    read = _read()
    for host in (RED, GREEN):
        read[host]["cluster_uid"] = "one"
    row = next(row for row in _announced(read)["meshes"] if row["mesh"] == RED)
    assert row["exposure"] == "public LoadBalancer, ClusterIP"


def test_no_paragraph_is_empty_when_no_mesh_could_be_read() -> None:
    lines = _announced({})["lines"]
    assert not any(not line and not following for line, following in zip(lines, lines[1:])), lines
