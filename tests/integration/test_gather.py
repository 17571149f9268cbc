# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""gather.yml: no secret is in the archive, what is missing is named, and a replay gives the answers of the field."""

from __future__ import annotations

import base64
import gzip
import json
import re
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import RATINGS, ROOT, Federation, Run, request_lines, run_playbook, two_meshes
from lab import launcher, replay
from lab.api import Lab
from planted import SECRET, planted_objects

PLAYBOOKS = ROOT / "playbooks"
NAMESPACE = "green-mesh-system"
#: What openshift/oc pkg/cli/admin/inspect writes: one file for each object, and logs that a node has rotated; each with a secret in it.
OC = f"""#!/bin/sh
while [ "$1" != "--dest-dir" ]; do shift; done
mkdir -p "$2/namespaces/{NAMESPACE}/apps/deployments"
printf 'kind: Deployment\\nmetadata: {{name: x, annotations: {{note: "token={SECRET}"}}}}\\n' > "$2/namespaces/{NAMESPACE}/apps/deployments/x.yaml"
printf 'password: {SECRET}\\n' | gzip > "$2/namespaces/{NAMESPACE}/0.log.gz"
"""


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes in which a service is shared and every place of green has a secret."""
    rules = {"red-mesh": {"mesh_exports": [RATINGS]}, "green-mesh": {"mesh_imports": [RATINGS]}}
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"), rules)
    federation.options["federation_gather_dir"] = str(federation.folder / "gathered")
    federation.succeed()
    _plant(federation)
    return federation


def _plant(federation: Federation) -> None:
    """Plant a secret in each place of green that is collected, in plain and in encoded form."""
    lab = federation.lab
    encoded = base64.b64encode(gzip.compress(f"password: {SECRET}".encode())).decode()
    for kind, name in (("servicemeshpeers", "red-mesh"), ("services", "ingress-red-mesh")):
        lab.kubectl("green", "annotate", kind, name, "-n", NAMESPACE, f"note=Bearer {SECRET}", f"packed={encoded}")
    lab.apply("green", planted_objects(NAMESPACE))
    for pod in federation.names("green-mesh", "pods"):
        log = lab.directory / "green" / "logs" / pod / "istio-proxy.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(
            f'info token="{SECRET}"\n-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\nlast line\n'
        )


def gather(federation: Federation, *arguments: str, oc: str = "") -> tuple[Run, dict[str, str]]:
    """Run gather.yml, which must only read the clusters, and return the members of its archive."""
    folder = federation.folder / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "oc").unlink(missing_ok=True)
    if oc:
        (folder / "oc").write_text(oc)
        (folder / "oc").chmod(0o755)
    mark = federation.lab.mark()
    run = federation.play(PLAYBOOKS / "gather.yml", *arguments, environment={"PATH": f"{folder}:/usr/bin:/bin"})
    assert run.code == 0, run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    assert not any("/secrets" in request.uri for sent in federation.requests(mark).values() for request in sent)
    archive = Path(run.data["archive"]["path"])
    assert SECRET.encode() not in gzip.decompress(archive.read_bytes()) and SECRET not in run.output
    with tarfile.open(archive) as members:
        texts = {one.name.partition("/")[2]: members.extractfile(one) for one in members}
        return run, {name: text.read().decode() for name, text in texts.items() if text}


def hidden(texts: dict[str, str]) -> list[str]:
    """Return the files in which something encoded has the secret."""
    found = []
    for name, text in texts.items():
        for word in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text):
            with suppress(ValueError):
                content = base64.b64decode(word + "=" * (-len(word) % 4))
                content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
                found += [name] if SECRET.encode() in content else []
    return found


def test_an_archive_has_both_ends_of_a_link_and_no_secret(federation: Federation) -> None:
    run, texts = gather(federation, oc=OC)
    assert hidden(texts) == []
    archive = Path(run.data["archive"]["path"])
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600 and archive.parent == federation.folder / "gathered"
    ends = [
        {name.rpartition("/")[2] for name in texts if name.startswith(f"links/green-mesh--red-mesh/{mesh}/")}
        for mesh in ("green-mesh", "red-mesh")
    ]
    assert ends[0] ^ ends[1] == {"exports.yaml", "imports.yaml"}
    assert {"peer.yaml", "ingress-service.yaml", "egress-pod-1-istio-proxy.log", "peer-root.yaml"} <= ends[0] & ends[1]
    log = texts["links/green-mesh--red-mesh/green-mesh/ingress-pod-1-istio-proxy.log"]
    assert 'token="[redacted]"' in log and log.endswith("last line\n")
    assert "meshes/green-mesh/inspect/namespaces/green-mesh-system/apps/deployments/x.yaml" in texts
    assert texts["meshes/green-mesh/inspect/namespaces/green-mesh-system/0.log"] == "password: [redacted]\n"
    times = [line.split()[0] for line in texts["timeline.txt"].splitlines()[1:]]
    assert times == sorted(times) and len(times) > 50
    # The simulator forwards no ports.
    assert {one["what"].partition(" of istiod")[0] for one in run.data["missing"]} == {"debug pages"}


def test_what_is_missing_is_named_and_the_rest_is_collected(federation: Federation) -> None:
    options = ("-e", "federation_gather_debug_pages=false")
    with (
        federation.lab.fault("api-forbidden", cluster="green", verbs=["get"], resources=["pods/log"]),
        federation.lab.fault("api-unauthorized", cluster="red"),
    ):
        run, texts = gather(federation, *options)
    assert run.text.count("INCOMPLETE  1 of 2 meshes read") == 1
    assert {(one["mesh"], one["what"]) for one in run.data["missing"]} == {
        ("green-mesh", "logs"),
        ("green-mesh", "oc adm inspect"),
        ("red-mesh", "everything"),
    }
    assert texts["links/green-mesh--red-mesh/red-mesh/missing.txt"] and "pods/log" in run.flat
    assert "links/green-mesh--red-mesh/green-mesh/peer.yaml" in texts
    before = sorted((federation.folder / "gathered").iterdir())
    gather_check = federation.play(PLAYBOOKS / "gather.yml", "--check", *options)
    assert gather_check.code == 0 and "Nothing was written" in gather_check.flat
    assert sorted((federation.folder / "gathered").iterdir()) == before


@pytest.fixture(name="replayed")
def _replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Path]]:
    """Return a function that replays an archive and returns its inventory."""
    directory = tmp_path_factory.mktemp("r") / "replay"
    yield lambda archive: replay.replay(archive, directory)
    launcher.down(directory)


def judged(federation: Federation, inventory: Path, playbook: str) -> Any:
    """Return what a playbook says of the federation, but for times, ages and the addresses of API servers."""
    folder = federation.folder / "judged"
    options = {
        "federation_status_dir": str(folder),
        "federation_doctor_file": str(folder / "doctor.json"),
    }
    folder.mkdir(exist_ok=True)
    run = run_playbook(PLAYBOOKS / f"{playbook}.yml", inventory, federation.folder, "-e", json.dumps(options))
    names = {"status": "federation-status.json", "doctor": "doctor.json"}
    is_file = playbook in names
    text = (folder / names[playbook]).read_text() if is_file else json.dumps(run.paragraphs("Report the plan"))
    return _lasting(json.loads(re.sub(r"https://127[.0-9]+:\d+|\d{4}-\d\d-\d\dT[\d:]+Z|\d+ s\b", "...", text)))


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(inner) for key, inner in value.items() if key not in ("sync_age_seconds", "days")}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


def test_a_replay_gives_the_same_answers(federation: Federation, replayed: Callable[[Path], Path]) -> None:
    """One link is broken, and one mesh may not be read in part."""
    lab, field = federation.lab, federation.folder / "inventory.yml"
    wrong_port = json.dumps({"spec": {"remote": {"discoveryPort": 9}}})
    lab.kubectl(
        "red", "patch", "servicemeshpeers", "green-mesh", "-n", "red-mesh-system", "--type=merge", "-p", wrong_port
    )
    federation.eventually(
        lambda: federation.watch("red-mesh", "green-mesh").get("lastDisconnectStatus", "").startswith("503")
    )
    forbidden = {"verbs": ["list", "get"], "resources": ["nodes", "servicemeshmemberrolls"]}
    playbooks = ("plan", "status", "doctor")
    with lab.fault("api-forbidden", cluster="green", **forbidden):
        run, texts = gather(federation, "-e", "federation_gather_debug_pages=false")
        before = {playbook: judged(federation, field, playbook) for playbook in playbooks}
    assert json.loads(texts["doctor/doctor.json"])["verdict"] == before["doctor"]["verdict"] == "BROKEN"
    assert json.loads(texts["status/federation-status.json"])["verdict"] == before["status"]["verdict"]
    inventory = replayed(Path(run.data["archive"]["path"]))
    for playbook in playbooks:
        assert judged(federation, inventory, playbook) == before[playbook], playbook
    assert {cause["codes"][0] for cause in before["doctor"]["causes"]} and len(before["plan"]) > 5
    arguments = ["get", "servicemeshpeers", "-A", "-o", "json"]
    shown = launcher.kubectl(inventory.parent, "red-mesh", arguments, capture_output=True)
    peer = json.loads(shown.stdout)["items"][0]
    live = lab.get("red", "servicemeshpeers", "green-mesh", "red-mesh-system")
    assert peer["metadata"]["uid"] == live["metadata"]["uid"] and peer["spec"] == live["spec"]
    content = yaml.safe_load(inventory.read_text())["all"]["children"]["federation"]["hosts"]["red-mesh"]
    assert content["mesh_exports"] == [RATINGS] and "replay" in content["mesh_kubeconfig"]
