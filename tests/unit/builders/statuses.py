# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status documents, made by the code from federations: healthy, with one broken link, and with all that can be reported."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._report import status as status_report, status_types
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_parts import with_variables
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
#: Twelve seconds after the last sync of all links.
NOW = parse_time(settled.SYNCED_AT) + datetime.timedelta(seconds=12)
RED, GREEN, BLUE = fed.COLOURS


def schema() -> Json:
    """The JSON Schema of the document."""
    found: Json = json.loads((ROOT / "docs" / "federation-status.schema.json").read_text(encoding="utf-8"))
    return found


def judged(
    declaration: model_types.Declaration, facts: dict[str, Json], now: datetime.datetime = NOW
) -> status_report.Judged:
    """The status of a federation that was read."""
    facts = with_variables(facts)
    return status_report.judge_status(preflight.checked_plan(declaration, facts, "read", now), facts, now)


def federated(**options: Any) -> tuple[model_types.Declaration, dict[str, Json]]:
    """Three healthy meshes, with options of the run; red exports ratings to green."""
    declaration, facts = settled.federated()
    declaration["options"].update(options)
    facts[RED]["members"] = ["bookinfo"]
    for read in facts.values():
        for peer in read["peers"]:
            peer["metadata"]["creationTimestamp"] = settled.APPLIED_AT
    return declaration, facts


def peer(facts: dict[str, Json], mesh: str, other: str) -> Json:
    """The ServiceMeshPeer of one mesh for another."""
    found: Json = next(one for one in facts[mesh]["peers"] if one["metadata"]["name"] == other)
    return found


def disconnect(facts: dict[str, Json], mesh: str, other: str, text: str = "503 Service Unavailable") -> None:
    """Let a mesh lose its watch of another one."""
    status = peer(facts, mesh, other)["status"]["discoveryStatus"]
    entry = status.pop("active")[0]
    entry["watch"].update(connected=False, lastDisconnectStatus=text, lastConnected="2026-01-01T00:00:10Z")
    status["inactive"] = [entry]


def lose_credentials(facts: dict[str, Json], mesh: str) -> None:
    """A mesh without access: what mesh_info returns then."""
    found = {
        "code": "access-missing",
        "severity": "error",
        "mesh": mesh,
        "where": "auth.kubeconfig",
        "message": "no cluster access configured",
        "remedy": "Set auth.kubeconfig, auth.context, or auth.host with credentials",
    }
    facts[mesh] = {
        **fed.facts(mesh),
        "readable": False,
        "control_plane": None,
        "root": "",
        "roots": [],
        "problems": [found],
    }
    facts[mesh]["fingerprints"] = []


def healthy() -> FederationStatus:
    """Everything as it should be."""
    return judged(*federated()).status


def broken() -> FederationStatus:
    """One link of six is down; the rest is healthy."""
    declaration, facts = federated()
    disconnect(facts, RED, GREEN)
    return judged(declaration, facts).status


def troubled() -> FederationStatus:
    """All at once: a link is down, blue cannot be read, a field has drifted, a root expires, and an object is unmanaged."""
    declaration, facts = federated()
    disconnect(facts, GREEN, RED)
    lose_credentials(facts, BLUE)
    peer(facts, RED, GREEN)["spec"]["security"]["trustDomain"] = "other.local"
    facts[GREEN]["roots"][0]["not_after"] = "2026-01-20T00:00:00Z"
    facts[RED]["peers"].append(fed.live_peer("gold-mesh", namespace=f"{RED}-system"))
    return judged(declaration, facts).status


def link(status: FederationStatus, mesh: str, other: str) -> status_types.StatusLink:
    """One link of a document."""
    return next(one for one in status["links"] if (one["from"], one["to"]) == (mesh, other))
