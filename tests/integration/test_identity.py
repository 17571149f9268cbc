# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two administrators who share two files: nobody has a kubeconfig of the other, and each run says whose turn it is."""

from __future__ import annotations

import copy
import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import hashes
from harness import EXPORTED, IMPORTED, RATINGS, ROOT, Federation, Run, request_lines, two_meshes
from lab.api import Lab
from lab.sim.ca import Authority

EXPORT = ROOT / "playbooks" / "export_identity.yml"
TEMPLATE = "{{ 1+1 }}"
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
BOTH = [(GREEN, RED), (RED, GREEN)]
RED_FOR_GREEN, GREEN_FOR_RED = "red-mesh-for-green-mesh.yml", "green-mesh-for-red-mesh.yml"


class Desk:
    """One administrator: one kubeconfig, a folder of received files, and a folder of files to hand over."""

    def __init__(self, lab: Lab, folder: Path, ours: str, theirs: str, **wishes: Any) -> None:
        folder.mkdir()
        self.ours, self.theirs, self.folder = ours, theirs, folder
        self.federation = Federation(lab, folder)
        kubeconfig = lab.clusters[lab.meshes[ours].cluster].kubeconfig
        self.federation.hosts = {ours: {"mesh_kubeconfig": kubeconfig, **wishes}, theirs: {"mesh_identity_file": "received"}}

    @property
    def made(self) -> Path:
        """The file to hand over."""
        return self.folder / "identities" / f"{self.ours}-for-{self.theirs}.yml"

    @property
    def received(self) -> Path:
        """The file of the other administrator."""
        return self.folder / "received" / f"{self.theirs}-for-{self.ours}.yml"

    def hand_to(self, other: Desk) -> None:
        """Give the file to the other administrator."""
        other.received.parent.mkdir(exist_ok=True)
        shutil.copy(self.made, other.received)


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """Two meshes in two clusters."""
    return start(two_meshes())


@pytest.fixture(scope="module")
def a(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The administrator of red."""
    return Desk(lab, tmp_path_factory.mktemp("f") / "a", RED, GREEN, mesh_exports=[RATINGS])


@pytest.fixture(scope="module")
def b(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The administrator of green."""
    return Desk(lab, tmp_path_factory.mktemp("f") / "b", GREEN, RED, mesh_imports=[RATINGS])


def _good(desk: Desk, playbook: Path | None = None, *arguments: str) -> Any:
    run = desk.federation.play(playbook, *arguments) if playbook else desk.federation.run(*arguments)
    assert run.code == 0, run.output
    return run


def test_a_check_run_shows_the_file_and_writes_none(a: Desk) -> None:
    mark = a.federation.lab.mark()
    run = _good(a, EXPORT, "--check", "--diff")
    assert not a.made.exists()
    assert "known once the gateway for green-mesh has an address" in run.output
    assert "+kind: MeshIdentity" in run.output
    assert not [one for one in a.federation.writes(mark).get("red", []) if "dryRun" not in one.uri]


def test_first_a_exports_its_identity(a: Desk) -> None:
    mark = a.federation.lab.mark()
    run = _good(a, EXPORT)
    assert set(a.federation.writes(mark)) == {"red"}
    assert f"Send identities/{RED_FOR_GREEN} to the administrator of green-mesh, who runs federate.yml" in run.flat
    assert f"save the file that comes back as received/{GREEN_FOR_RED}" in run.flat
    document = yaml.safe_load(a.made.read_text())
    assert document["metadata"]["mesh"] == RED and document["metadata"]["peer"] == GREEN
    assert document["spec"]["clientID"] == "red-mesh.local/ns/red-mesh-system/sa/egress-green-mesh-service-account"
    assert oct(a.made.stat().st_mode & 0o777) == "0o644"
    assert a.federation.names(RED, "servicemeshpeers") == []
    read = run.text.partition("mesh : Read the mesh]")[2].partition("\nTASK ")[0]
    assert f"ok: [{RED}]" in read and f"skipping: [{GREEN}]" in read


def test_a_second_export_changes_nothing(a: Desk) -> None:
    before, mark = a.made.read_text(), a.federation.lab.mark()
    run = _good(a, EXPORT)
    assert {counts["changed"] for counts in run.recap.values()} == {0}
    assert a.made.read_text() == before
    assert not a.federation.writes(mark)


def test_without_a_file_of_the_other_a_waits(a: Desk) -> None:
    run = _good(a)
    assert run.cells == {(RED, GREEN): "pending", (GREEN, RED): "pending"}
    assert f"received/{GREEN_FOR_RED} does not exist yet" in run.flat
    assert f"Send identities/{RED_FOR_GREEN} to the administrator of green-mesh" in run.flat
    assert a.federation.names(RED, "exportedservicesets") == [GREEN]
    assert a.federation.names(RED, "servicemeshpeers") == []
    strict = a.federation.run("-e", '{"federation_fail_on_pending": true}')
    assert strict.code != 0 and strict.unchanged


def test_then_b_does_its_side_and_hands_back(a: Desk, b: Desk) -> None:
    a.hand_to(b)
    mark = b.federation.lab.mark()
    run = _good(b)
    assert set(b.federation.writes(mark)) == {"green"}, request_lines(b.federation.writes(mark))
    assert run.seconds < 60, "nobody answers yet, so there is nothing to wait for"
    assert run.cells == {(RED, GREEN): "pending", (GREEN, RED): "pending"}
    assert "red-mesh has not loaded the identity of green-mesh yet" in run.flat
    assert f"Send identities/{GREEN_FOR_RED} to the administrator of red-mesh, who runs federate.yml with it" in run.flat
    assert b.federation.names(GREEN, "servicemeshpeers") == [RED]
    again = _good(b, EXPORT)
    assert {counts["changed"] for counts in again.recap.values()} == {0}


def test_then_a_connects(a: Desk, b: Desk) -> None:
    b.hand_to(a)
    checked = _good(a, None, "--check")
    mark = a.federation.lab.mark()
    run = _good(a)
    assert checked.changes == run.changes and run.changes
    assert set(a.federation.writes(mark)) == {"red"}
    assert run.cells == {(RED, GREEN): "ok", (GREEN, RED): "ok (seen from red-mesh)"}
    # Red sees green's watch a moment before green itself writes that down, and this run cannot ask green.
    a.federation.eventually(lambda: a.federation.connected() == BOTH)
    assert "2 of 2 links healthy" in run.flat and "Send identities" not in run.flat
    a.federation.eventually(lambda: b.federation.imported(GREEN, RED) == [IMPORTED])
    report = a.folder / "report.json"
    second = _good(a, None, "-e", f"federation_report_file={report}")
    assert second.unchanged
    assert {counts["changed"] for counts in second.recap.values()} == {0}
    links = {link["from"]: link for link in json.loads(report.read_text())["links"]}
    assert links[RED]["seen_from"] is None and links[GREEN]["seen_from"] == RED


def test_b_sees_it_too(b: Desk) -> None:
    mark = b.federation.lab.mark()
    run = _good(b)
    assert run.cells == {(GREEN, RED): "ok, 1 imported", (RED, GREEN): "ok (seen from green-mesh)"}
    assert run.unchanged
    assert not b.federation.writes(mark)
    assert b.federation.get(GREEN, "importedservicesets", RED)["status"]["importedServices"][0]["exportedName"] == EXPORTED


@pytest.mark.parametrize("core", ["", "2.16"])
def test_no_text_of_a_file_is_ever_a_template(a: Desk, core: str) -> None:
    """One peer for each field, whose file has a template there, and some that are wrong otherwise: all are refused at once."""
    good = yaml.safe_load(a.received.read_text())
    wrong = {
        "older": (("metadata", "validUntil"), "2026-01-01T00:00:00Z", "identity-old"),
        "other": (("metadata", "peer"), "blue-mesh", "identity-other-pair"),
        "forged": (("spec", "roots", 0, "sha256"), "00" * 32, "identity-fingerprint"),
    }
    for number, path in enumerate(_paths(good)):
        wrong[f"template-{number}"] = (path, TEMPLATE, "")
    hosts = {RED: a.federation.hosts[RED]}
    for name, (path, value, dummy) in wrong.items():
        document = copy.deepcopy(good)
        document["metadata"]["mesh"] = name
        _put(document, path, value)
        (a.folder / f"{name}.yml").write_text(yaml.safe_dump(document))
        hosts[name] = {"mesh_identity_file": str(a.folder / f"{name}.yml")}
    (a.folder / "torn.yml").write_text("{{ 1+1 }}: [")
    hosts["torn"] = {"mesh_identity_file": str(a.folder / "torn.yml")}
    hosts["unpinned"] = {"mesh_identity_file": str(a.folder / "unpinned.yml"), "mesh_trust_fingerprints": ["ab" * 32]}
    (a.folder / "unpinned.yml").write_text(yaml.safe_dump({**good, "metadata": {**good["metadata"], "mesh": "unpinned"}}))
    before, a.federation.hosts = a.federation.hosts, hosts
    mark = a.federation.lab.mark()
    try:
        run = a.federation.run(core=core)
    finally:
        a.federation.hosts = before
    assert run.code != 0
    assert not a.federation.requests(mark)["red"], "everything is refused before the first request"
    for name, (*dummies, code) in wrong.items():
        assert f"{name}: {a.folder}/{name}.yml" in run.flat
        assert f"[{code}]" in run.flat or not code
    assert f"it is '{TEMPLATE}', and must be" in run.flat
    assert "it is '2'" not in run.flat and "it is 2," not in run.flat
    assert "[identity-not-yaml]" in run.flat and "[identity-not-pinned]" in run.flat


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all texts and numbers in a document."""
    if isinstance(value, dict):
        return [one for key in value for one in _paths(value[key], (*path, key))]
    if isinstance(value, list):
        return [one for index, item in enumerate(value) for one in _paths(item, (*path, index))]
    return [path]


def _put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    *way, last = path
    for key in way:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize("core", ["", "2.16"])
def test_our_own_file_is_kept_as_it_is(a: Desk, core: str) -> None:
    a.made.write_text(f"{a.made.read_text()}# {TEMPLATE}\n")
    before = a.made.read_text()
    run = a.federation.play(EXPORT, core=core)
    assert run.code == 0, run.output
    assert a.made.read_text() == before
    assert {counts["changed"] for counts in run.recap.values()} == {0}


def test_a_limit_to_either_host_works(a: Desk) -> None:
    for limit in (RED, GREEN):
        mark = a.federation.lab.mark()
        run = _good(a, None, "-l", limit)
        assert not a.federation.writes(mark)
        assert set(run.recap) == {limit}
    assert run.recap[GREEN].get("failed", 0) == 0


# -- several own meshes, and one that is known by files ---------------------------------------------------------------

#: Where blue is reached, by which of our meshes its file is for.
ADDRESSES = {RED: "192.0.2.11", GREEN: "192.0.2.12"}


def _invented(peer: str, address: str, root: Authority) -> dict[str, Any]:
    """The identity of blue, which no lab has, for one of our meshes: a gateway of its own for each."""
    now, domain, namespace = datetime.datetime.now(datetime.timezone.utc), f"{BLUE}.local", f"{BLUE}-system"
    created, until = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in (now, now + datetime.timedelta(days=365)))
    return {
        "apiVersion": "ossm.federation/v1",
        "kind": "MeshIdentity",
        "metadata": {"mesh": BLUE, "peer": peer, "created": created, "validUntil": until},
        "spec": {
            "namespace": namespace,
            "trustDomain": domain,
            "clientID": f"{domain}/ns/{namespace}/sa/egress-{peer}-service-account",
            "remote": {"addresses": [address], "discoveryPort": 8188, "servicePort": 15443},
            "roots": [{"sha256": root.cert.fingerprint(hashes.SHA256()).hex(), "certificate": root.cert_pem.decode()}],
        },
    }


@pytest.fixture(scope="module")
def both(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """One administrator of red and green, with a directory that has a file of blue for each of them."""
    made, root = Federation.for_lab(lab, tmp_path_factory.mktemp("f")), Authority.create(f"{BLUE}.local")
    made.hosts[BLUE] = {"mesh_identity_file": "received"}
    (made.folder / "received").mkdir()
    for peer, address in ADDRESSES.items():
        text = yaml.safe_dump(_invented(peer, address, root))
        (made.folder / "received" / f"{BLUE}-for-{peer}.yml").write_text(text, encoding="utf-8")
    return made


def _diff(run: Run, mesh: str, kind: str, name: str) -> str:
    """What a run shows of one object that it would make."""
    parts = [part.partition("\n\n")[0] for part in run.text.split("--- before: ")]
    [found] = [part for part in parts if part.startswith(f"{mesh}: {kind} {mesh}-system/{name} ")]
    return found


def test_a_mesh_of_others_is_a_full_peer_of_each_of_ours(both: Federation) -> None:
    """Both would get gateways, root and peer for blue, each with what the file for it says; nobody would wait for a file."""
    mark = both.lab.mark()
    run = both.succeed("--check", "--diff")
    assert not both.writes(mark), request_lines(both.writes(mark))
    for mesh, other in ((RED, GREEN), (GREEN, RED)):
        told = {(kind, name, verb) for where, kind, name, verb, dummy in run.changes if where == mesh}
        wanted = {("ServiceMeshPeer", BLUE), ("ConfigMap", f"{BLUE}-ca-root-cert")}
        assert told >= {(kind, f"{mesh}-system/{name}", "create") for kind, name in wanted}
        assert ("ServiceMeshControlPlane", f"{mesh}-system/{mesh}", "change") in told
        peer = _diff(run, mesh, "ServiceMeshPeer", BLUE)
        assert f"- {ADDRESSES[mesh]}" in peer and ADDRESSES[other] not in peer, peer
        assert f"clientID: {BLUE}.local/ns/{BLUE}-system/sa/egress-{mesh}-service-account" in peer
    assert {link for link in run.cells if BLUE in link} == {(RED, BLUE), (BLUE, RED), (GREEN, BLUE), (BLUE, GREEN)}
    assert "does not exist yet" not in run.flat and not (both.folder / "identities").exists()
