# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two administrators, each with access to one cluster, exchange identity files; each run reports the next step."""

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


class Administrator:
    """The files of one administrator: a kubeconfig, a folder of received identity files, and a folder of own ones."""

    def __init__(self, lab: Lab, folder: Path, mesh: str, peer: str, **variables: Any) -> None:
        folder.mkdir()
        self.mesh, self.peer, self.folder = mesh, peer, folder
        self.federation = Federation(lab, folder)
        kubeconfig = lab.clusters[lab.meshes[mesh].cluster].kubeconfig
        self.federation.hosts = {
            mesh: {"mesh_kubeconfig": kubeconfig, **variables},
            peer: {"mesh_identity_file": "received"},
        }

    @property
    def exported(self) -> Path:
        """Return the path of the identity file for the other administrator."""
        return self.folder / "identities" / f"{self.mesh}-for-{self.peer}.yml"

    @property
    def received(self) -> Path:
        """Return the path of the identity file of the other administrator."""
        return self.folder / "received" / f"{self.peer}-for-{self.mesh}.yml"

    def send_to(self, other: Administrator) -> None:
        """Copy the identity file to the other administrator."""
        other.received.parent.mkdir(exist_ok=True)
        shutil.copy(self.exported, other.received)


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """Two meshes in two clusters."""
    return start(two_meshes())


@pytest.fixture(scope="module")
def a(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Administrator:
    """The administrator of red."""
    return Administrator(lab, tmp_path_factory.mktemp("f") / "a", RED, GREEN, mesh_exports=[RATINGS])


@pytest.fixture(scope="module")
def b(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Administrator:
    """The administrator of green."""
    return Administrator(lab, tmp_path_factory.mktemp("f") / "b", GREEN, RED, mesh_imports=[RATINGS])


def _succeed(administrator: Administrator, playbook: Path | None = None, *arguments: str) -> Any:
    run = administrator.federation.play(playbook, *arguments) if playbook else administrator.federation.run(*arguments)
    assert run.code == 0, run.output
    return run


def test_a_check_run_shows_the_file_and_writes_nothing(a: Administrator) -> None:
    mark = a.federation.lab.mark()
    run = _succeed(a, EXPORT, "--check", "--diff")
    assert not a.exported.exists()
    assert "known once the gateway for green-mesh has an address" in run.output
    assert "+kind: MeshIdentity" in run.output
    assert not [request for request in a.federation.writes(mark).get("red", []) if "dryRun" not in request.uri]


def test_a_exports_its_identity(a: Administrator) -> None:
    mark = a.federation.lab.mark()
    run = _succeed(a, EXPORT)
    assert set(a.federation.writes(mark)) == {"red"}
    assert f"Send identities/{RED_FOR_GREEN} to the administrator of green-mesh, who runs federate.yml" in run.flat
    assert f"save the file that comes back as received/{GREEN_FOR_RED}" in run.flat
    document = yaml.safe_load(a.exported.read_text())
    assert document["metadata"]["mesh"] == RED and document["metadata"]["peer"] == GREEN
    assert document["spec"]["clientID"] == "red-mesh.local/ns/red-mesh-system/sa/egress-green-mesh-service-account"
    assert oct(a.exported.stat().st_mode & 0o777) == "0o644"
    assert a.federation.names(RED, "servicemeshpeers") == []
    read = run.text.partition("mesh : Read the mesh]")[2].partition("\nTASK ")[0]
    assert f"ok: [{RED}]" in read and f"skipping: [{GREEN}]" in read


def test_a_second_export_changes_nothing(a: Administrator) -> None:
    before, mark = a.exported.read_text(), a.federation.lab.mark()
    run = _succeed(a, EXPORT)
    assert {counts["changed"] for counts in run.recap.values()} == {0}
    assert a.exported.read_text() == before
    assert not a.federation.writes(mark)


def test_links_are_pending_without_the_other_file(a: Administrator) -> None:
    run = _succeed(a)
    assert run.cells == {(RED, GREEN): "pending", (GREEN, RED): "pending"}
    assert f"received/{GREEN_FOR_RED} does not exist yet" in run.flat
    assert f"Send identities/{RED_FOR_GREEN} to the administrator of green-mesh" in run.flat
    assert a.federation.names(RED, "exportedservicesets") == [GREEN]
    assert a.federation.names(RED, "servicemeshpeers") == []
    strict = a.federation.run("-e", '{"federation_fail_on_pending": true}')
    assert strict.code != 0 and strict.unchanged


def test_b_configures_its_side_and_exports(a: Administrator, b: Administrator) -> None:
    a.send_to(b)
    mark = b.federation.lab.mark()
    run = _succeed(b)
    assert set(b.federation.writes(mark)) == {"green"}, request_lines(b.federation.writes(mark))
    assert run.seconds < 60, "the other side does not answer yet, so the run must not wait for it"
    assert run.cells == {(RED, GREEN): "pending", (GREEN, RED): "pending"}
    assert "red-mesh has not loaded the identity of green-mesh yet" in run.flat
    assert (
        f"Send identities/{GREEN_FOR_RED} to the administrator of red-mesh, who runs federate.yml with it" in run.flat
    )
    assert b.federation.names(GREEN, "servicemeshpeers") == [RED]
    again = _succeed(b, EXPORT)
    assert {counts["changed"] for counts in again.recap.values()} == {0}


def test_a_connects(a: Administrator, b: Administrator) -> None:
    b.send_to(a)
    checked = _succeed(a, None, "--check")
    mark = a.federation.lab.mark()
    run = _succeed(a)
    assert checked.changes == run.changes and run.changes
    assert set(a.federation.writes(mark)) == {"red"}
    assert run.cells == {(RED, GREEN): "ok", (GREEN, RED): "ok (seen from red-mesh)"}
    # Red's status shows green's watch a moment before green's own status does, and this run cannot read green.
    a.federation.eventually(lambda: a.federation.connected() == BOTH)
    assert "2 of 2 links healthy" in run.flat and "Send identities" not in run.flat
    a.federation.eventually(lambda: b.federation.imported(GREEN, RED) == [IMPORTED])
    report = a.folder / "report.json"
    second = _succeed(a, None, "-e", f"federation_report_file={report}")
    assert second.unchanged
    assert {counts["changed"] for counts in second.recap.values()} == {0}
    links = {link["from"]: link for link in json.loads(report.read_text())["links"]}
    assert links[RED]["seen_from"] is None and links[GREEN]["seen_from"] == RED


def test_b_reports_the_same_links(b: Administrator) -> None:
    mark = b.federation.lab.mark()
    run = _succeed(b)
    assert run.cells == {(GREEN, RED): "ok, 1 imported", (RED, GREEN): "ok (seen from green-mesh)"}
    assert run.unchanged
    assert not b.federation.writes(mark)
    assert (
        b.federation.get(GREEN, "importedservicesets", RED)["status"]["importedServices"][0]["exportedName"] == EXPORTED
    )


@pytest.mark.parametrize("core", ["", "2.16"])
def test_values_of_a_file_are_not_templates(a: Administrator, core: str) -> None:
    """One peer per field with a template as its value, and peers with other errors: one run rejects all files."""
    valid = yaml.safe_load(a.received.read_text())
    invalid = {
        "older": (("metadata", "validUntil"), "2026-01-01T00:00:00Z", "identity-old"),
        "other": (("metadata", "peer"), "blue-mesh", "identity-other-pair"),
        "forged": (("spec", "roots", 0, "sha256"), "00" * 32, "identity-fingerprint"),
    }
    for number, path in enumerate(_paths(valid)):
        invalid[f"template-{number}"] = (path, TEMPLATE, "")
    hosts = {RED: a.federation.hosts[RED]}
    for name, (path, value, dummy) in invalid.items():
        document = copy.deepcopy(valid)
        document["metadata"]["mesh"] = name
        _set_value(document, path, value)
        (a.folder / f"{name}.yml").write_text(yaml.safe_dump(document))
        hosts[name] = {"mesh_identity_file": str(a.folder / f"{name}.yml")}
    (a.folder / "torn.yml").write_text("{{ 1+1 }}: [")
    hosts["torn"] = {"mesh_identity_file": str(a.folder / "torn.yml")}
    hosts["unpinned"] = {"mesh_identity_file": str(a.folder / "unpinned.yml"), "mesh_trust_fingerprints": ["ab" * 32]}
    (a.folder / "unpinned.yml").write_text(
        yaml.safe_dump({**valid, "metadata": {**valid["metadata"], "mesh": "unpinned"}})
    )
    before, a.federation.hosts = a.federation.hosts, hosts
    mark = a.federation.lab.mark()
    try:
        run = a.federation.run(core=core)
    finally:
        a.federation.hosts = before
    assert run.code != 0
    assert not a.federation.requests(mark)["red"], "all files are rejected before the first request"
    for name, (*dummies, code) in invalid.items():
        assert f"{name}: {a.folder}/{name}.yml" in run.flat
        assert f"[{code}]" in run.flat or not code
    assert f"it is '{TEMPLATE}', and must be" in run.flat
    assert "it is '2'" not in run.flat and "it is 2," not in run.flat
    assert "[identity-not-yaml]" in run.flat and "[identity-not-pinned]" in run.flat


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all scalar values in a document."""
    if isinstance(value, dict):
        return [inner for key in value for inner in _paths(value[key], (*path, key))]
    if isinstance(value, list):
        return [inner for index, item in enumerate(value) for inner in _paths(item, (*path, index))]
    return [path]


def _set_value(document: Any, path: tuple[Any, ...], value: Any) -> None:
    *parents, last = path
    for key in parents:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize("core", ["", "2.16"])
def test_an_existing_file_is_not_rewritten(a: Administrator, core: str) -> None:
    a.exported.write_text(f"{a.exported.read_text()}# {TEMPLATE}\n")
    before = a.exported.read_text()
    run = a.federation.play(EXPORT, core=core)
    assert run.code == 0, run.output
    assert a.exported.read_text() == before
    assert {counts["changed"] for counts in run.recap.values()} == {0}


def test_a_limit_to_either_host_works(a: Administrator) -> None:
    for limit in (RED, GREEN):
        mark = a.federation.lab.mark()
        run = _succeed(a, None, "-l", limit)
        assert not a.federation.writes(mark)
        assert set(run.recap) == {limit}
    assert run.recap[GREEN].get("failed", 0) == 0


# -- several own meshes, and one with identity files ------------------------------------------------------------------

#: Address of blue in its identity file for each of the own meshes.
ADDRESSES = {RED: "192.0.2.11", GREEN: "192.0.2.12"}


def _identity_of_blue(peer: str, address: str, root: Authority) -> dict[str, Any]:
    """Build an identity of blue, which is in no lab, for one of the own meshes, with its own gateway."""
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
    """One administrator of red and green, with a folder that has an identity file of blue for each of them."""
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    root = Authority.create(f"{BLUE}.local")
    federation.hosts[BLUE] = {"mesh_identity_file": "received"}
    (federation.folder / "received").mkdir()
    for peer, address in ADDRESSES.items():
        text = yaml.safe_dump(_identity_of_blue(peer, address, root))
        (federation.folder / "received" / f"{BLUE}-for-{peer}.yml").write_text(text, encoding="utf-8")
    return federation


def _diff(run: Run, mesh: str, kind: str, name: str) -> str:
    """Return the printed diff of one object that a run would create."""
    parts = [part.partition("\n\n")[0] for part in run.text.split("--- before: ")]
    [diff] = [part for part in parts if part.startswith(f"{mesh}: {kind} {mesh}-system/{name} ")]
    return diff


def test_an_external_mesh_is_a_peer_of_each_own_mesh(both: Federation) -> None:
    """Both meshes would get gateways, root and peer for blue, with the values of their own identity file."""
    mark = both.lab.mark()
    run = both.succeed("--check", "--diff")
    assert not both.writes(mark), request_lines(both.writes(mark))
    for mesh, other in ((RED, GREEN), (GREEN, RED)):
        changes = {(kind, name, verb) for changed, kind, name, verb, dummy in run.changes if changed == mesh}
        expected = {("ServiceMeshPeer", BLUE), ("ConfigMap", f"{BLUE}-ca-root-cert")}
        assert changes >= {(kind, f"{mesh}-system/{name}", "create") for kind, name in expected}
        assert ("ServiceMeshControlPlane", f"{mesh}-system/{mesh}", "change") in changes
        peer = _diff(run, mesh, "ServiceMeshPeer", BLUE)
        assert f"- {ADDRESSES[mesh]}" in peer and ADDRESSES[other] not in peer, peer
        assert f"clientID: {BLUE}.local/ns/{BLUE}-system/sa/egress-{mesh}-service-account" in peer
    assert {link for link in run.cells if BLUE in link} == {(RED, BLUE), (BLUE, RED), (GREEN, BLUE), (BLUE, GREEN)}
    assert "does not exist yet" not in run.flat and not (both.folder / "identities").exists()
