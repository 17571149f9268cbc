# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status documents for the page: of any size and with any states, as no test reads so many meshes from clusters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Owner, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import FAIL_ON
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.needed import NeededObject
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    FederationStatus,
    StatusCounts,
    StatusLink,
    StatusMesh,
    StatusService,
    StatusUnmanaged,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause

GENERATED = "2026-01-10T02:47:12Z"
SYNCED = "2026-01-10T02:47:00Z"
CREATED = "2025-11-03T09:12:44Z"
FINGERPRINT = ":".join(["5E", "0C", "97", "A1"] * 8)


def mesh(name: str, **changes: Any) -> StatusMesh:
    """A mesh that was read."""
    fields = StatusMesh(
        mesh=name,
        host=name,
        readable=True,
        in_play=True,
        by_file=False,
        namespace=f"{name}-system",
        control_plane=name,
        ready=True,
        version="v2.6",
        openshift="4.16.21",
        platform="AWS",
        trust_domain=f"{name}.local",
        roots=[{"subject": f"O={name}", "fingerprint": FINGERPRINT, "not_after": "2034-05-01T00:00:00Z", "days": 3033}],
        root_days=3033,
        problems=[],
    )
    return {**fields, **changes}


def link(source: str, target: str, **changes: Any) -> StatusLink:
    """A healthy link, by which the first mesh imports a service of the other."""
    watching = [("ServiceMeshPeer", target), ("ConfigMap", f"{target}-ca-root-cert"), ("Gateway", f"{target}-egress")]
    serving = [("ServiceMeshPeer", source), ("ExportedServiceSet", source), ("Gateway", f"{source}-ingress")]
    name = f"ratings.{target}-apps"
    fields: StatusLink = {
        "from": source,
        "to": target,
        "from_host": source,
        "to_host": target,
        "state": "healthy",
        "shown_state": "healthy",
        "healthy": True,
        "failed": False,
        "unverified": "",
        "seen_from": None,
        "code": "",
        "text": "",
        "message": "",
        "remedy": "",
        "connected": True,
        "synced": True,
        "last_sync": SYNCED,
        "sync_age_seconds": 12,
        "times": {"created": CREATED, "last_attempt": "2026-01-09T22:01:19Z", "last_sync": SYNCED},
        "imported": [service(name, f"{name}.svc.{target}-imports.local")],
        "expected": [name],
        "missing": [],
        "exported": [service(name, f"{name}.svc.cluster.local")],
        "objects": [
            *(needed(source, kind, row) for kind, row in watching),
            *(needed(target, kind, row) for kind, row in serving),
        ],
        "drift": [],
    }
    return {**fields, **changes}


def service(name: str, host: str) -> StatusService:
    """A service of a link."""
    return StatusService(name=name, host=host)


def needed(name: str, kind: str, row: str, owner: Owner = "ours") -> NeededObject:
    """An object of one side of a link."""
    return NeededObject(
        mesh=name,
        kind=kind,
        namespace=f"{name}-system",
        name=row,
        owner=owner,
        exists=owner != "absent",
        managers=[f"ossm.federation/{row}"],
    )


def broken(source: str, target: str, state: str, code: str, message: str, remedy: str, **changes: Any) -> StatusLink:
    """A link that is not healthy."""
    fields = link(source, target, imported=[], missing=[f"ratings.{target}-apps"], connected=False, synced=False)
    return {
        **fields,
        "state": state,
        "shown_state": state,
        "healthy": False,
        "failed": state != "pending",
        "code": code,
        "message": message,
        "remedy": remedy,
        "sync_age_seconds": 17952,
        "last_sync": "2026-01-09T21:48:00Z",
        **changes,
    }


def refused(source: str, target: str) -> StatusLink:
    """A link that the other mesh refuses."""
    return broken(
        source,
        target,
        "refused",
        "identity-refused",
        f"{target} answers 403: it does not accept the identity of the egress gateway of {source}",
        f"Correct spec.security.clientID of ServiceMeshPeer {source} in {target}: run federate.yml with {target} in its limit",
        text="403 Forbidden",
        drift=[drift(target, source)],
    )


def unknown(source: str, target: str) -> StatusLink:
    """A link of a mesh that could not be read."""
    message, remedy = (
        f"{source} could not be read: no cluster access configured",
        "Set mesh_kubeconfig, mesh_context or mesh_host",
    )
    nothing = {"connected": None, "synced": None, "last_sync": None, "sync_age_seconds": None, "objects": []}
    return broken(source, target, "unknown", "unreadable", message, remedy, **nothing)


def drift(name: str, peer: str, **changes: Any) -> Difference:
    """A field with another live value than the declared one."""
    fields = Difference(
        mesh=name,
        peer=peer,
        kind="ServiceMeshPeer",
        namespace=f"{name}-system",
        name=peer,
        owner="ours",
        field="spec.security.clientID",
        declared=f"{peer}.local/ns/{peer}-system/sa/{name}-egress-service-account",
        live=f"cluster.local/ns/{peer}-system/sa/{name}-egress-service-account",
        change=True,
    )
    return {**fields, **changes}


def document(meshes: Iterable[StatusMesh], links: Iterable[StatusLink], **changes: Any) -> FederationStatus:
    """A whole document; its causes and problems are those of the links."""
    meshes, links = list(meshes), list(links)
    bad = [row for row in links if not row["healthy"]]
    verdict = "DEGRADED" if bad else "HEALTHY"
    good = len(links) - len(bad)
    fields = FederationStatus(
        version=1,
        generated=GENERATED,
        collection="1.0.0",
        group="federation",
        verdict=verdict,
        headline=f"{verdict}  {good} of {len(links)} links healthy" + (f": {bad[0]['message']}" if bad else ""),
        conditions=dict.fromkeys(FAIL_ON, 0),
        fail_on=[],
        failing=[],
        counts=_counts(meshes, links),
        meshes=meshes,
        links=links,
        drift=[row for one in links for row in one["drift"]],
        unmanaged=[],
        causes=_causes(bad),
        problems=[
            problem(
                row["code"],
                row["from"],
                f"ServiceMeshPeer {row['to']}",
                row["message"],
                row["remedy"],
                peer=row["to"],
                severity="error",
            )
            for row in bad
        ],
    )
    return {**fields, **changes}


def _counts(meshes: list[StatusMesh], links: list[StatusLink]) -> StatusCounts:
    states = [row["state"] for row in links if not row["healthy"]]
    return StatusCounts(
        meshes=len(meshes),
        readable=sum(row["readable"] for row in meshes),
        links=len(links),
        healthy=len(links) - len(states),
        unverified=0,
        states={state: states.count(state) for state in states},
        imported=sum(len(row["imported"]) for row in links),
        missing=sum(len(row["missing"]) for row in links),
        drift=sum(len(row["drift"]) for row in links),
        unmanaged=0,
        errors=len(states),
        warnings=0,
    )


def _causes(bad: list[StatusLink]) -> list[Cause]:
    """What one fix corrects, once."""
    causes: dict[tuple[str, str], Cause] = {}
    for row in bad:
        cause = Cause(
            severity="error",
            mesh=row["from"],
            codes=[row["code"]],
            summary=row["message"],
            findings=[],
            remedy=row["remedy"],
            links=[],
        )
        cause = causes.setdefault((row["message"], row["remedy"]), cause)
        cause["links"].append({"from": row["from"], "to": row["to"], "state": row["shown_state"]})
        where = f"ServiceMeshPeer {row['to']}"
        if cause["findings"]:
            cause["findings"][0]["where"].append(where)
        else:
            cause["findings"].append({"where": [where], "message": row["message"]})
    return list(causes.values())


def three() -> FederationStatus:
    """Three meshes: a link is refused, one imports not everything, one mesh cannot be read."""
    red, green, blue = "red-mesh", "green-mesh", "blue-mesh"
    missing = [f"reviews-v{number}.{green}-apps" for number in (1, 2, 3)]
    unmanaged = StatusUnmanaged(
        mesh=green,
        peer="gold-mesh",
        kind="ServiceMeshPeer",
        namespace=f"{green}-system",
        name="gold-mesh",
        used=False,
        managers=["kubectl-create"],
        message="no declared link needs it",
    )
    incomplete = link(
        red, green, missing=missing, healthy=False, failed=True, state="incomplete", shown_state="incomplete"
    )
    incomplete.update(
        code="not-imported",
        message=f"{', '.join(missing)} are not imported: no Service of {green} matches",
        remedy="Create the Services, or take them out of mesh_exports",
    )
    links = [
        incomplete,
        refused(green, red),
        link(red, blue, shown_state="up, not verified", unverified="blue-mesh could not be read", seen_from=None),
        unknown(blue, red),
        link(green, blue, shown_state="up, not verified", unverified="blue-mesh could not be read"),
        unknown(blue, green),
    ]
    short = [{"subject": f"O={green}", "fingerprint": FINGERPRINT, "not_after": "2026-01-22T00:00:00Z", "days": 11}]
    meshes = [
        mesh(red),
        mesh(green, platform="Azure", version="v2.5", roots=short, root_days=11),
        mesh(
            blue, readable=False, version=None, openshift=None, platform="", trust_domain=None, roots=[], root_days=None
        ),
    ]
    return document(meshes, links, unmanaged=[unmanaged])


def full(number: int) -> FederationStatus:
    """A full mesh with a few links that are not healthy."""
    names = [f"mesh-{index:02}" for index in range(1, number + 1)]
    ends = [(source, target) for source in names for target in names if source != target]
    bad = {(names[1], names[2]): refused, (names[-2], names[0]): refused}
    bad.update({(names[-1], other): unknown for other in names[:-1]})
    return document(map(mesh, names), [bad.get(pair, link)(*pair) for pair in ends])


def hub(number: int) -> FederationStatus:
    """A hub with many spokes, a few of which are not healthy."""
    spokes = [f"store-{index:03}" for index in range(1, number)]
    links = [link(*ends) for spoke in spokes for ends in (("hub", spoke), (spoke, "hub"))]
    bad = {
        ("store-017", "hub"): refused,
        ("store-042", "hub"): unknown,
        ("hub", "store-042"): refused,
        ("hub", "store-003"): refused,
    }
    chosen = [bad[ends](*ends) if (ends := (row["from"], row["to"])) in bad else row for row in links]
    return document(map(mesh, ["hub", *spokes]), chosen)
