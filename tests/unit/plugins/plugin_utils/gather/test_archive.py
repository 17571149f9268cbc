# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of an archive: both ends of a link with the same files, one timeline, what is missing, and no secret."""

from __future__ import annotations

import base64
import copy
import gzip
import io
import json
import tarfile
from typing import Any

import yaml
from builders.federations import declare, inventory

from ansible_collections.ossm.federation.plugins.plugin_utils._gather.archive import (
    members,
    missing,
    pack,
    parts,
    unpack,
    verdict_of,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.inventory import inventory_text, is_kept
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.timeline import timeline
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import ACCESS, VARIABLES
from ansible_collections.ossm.federation.plugins.plugin_utils._report import gathering as report

Json = dict[str, Any]
SECRET = "Zq8-planted-7Hx2Lw"
CREATED = "2026-01-31T03:04:05Z"


def obj(kind: str, name: str, namespace: str = "", **more: Any) -> Json:
    meta: Json = {"name": name, "creationTimestamp": "2026-01-30T00:00:00Z", **more.pop("metadata", {})}
    return {
        "kind": kind,
        "apiVersion": "v1",
        "metadata": {**meta, **({"namespace": namespace} if namespace else {})},
        **more,
    }


def answer(kind: str, *objects: Json, status: int = 200, namespace: str | None = None) -> Json:
    return {"verb": "list", "kind": kind, "namespace": namespace, "status": status, "body": list(objects)}


def mesh(name: str, peer: str, *, is_full: bool = True) -> Json:
    """What is collected from one mesh with one link."""
    namespace = f"{name}-system"
    labels = {"labels": {"service.istio.io/canonical-name": f"ingress-{peer}"}}
    watch = {"connected": True, "lastConnected": "2026-01-31T01:00:00Z", "lastFullSync": "2026-01-31T01:00:01Z"}
    live = obj("ServiceMeshPeer", peer, namespace)
    live["spec"] = {"gateways": {"ingress": {"name": f"ingress-{peer}"}, "egress": {"name": f"egress-{peer}"}}}
    live["status"] = {"discoveryStatus": {"active": [{"pod": "istiod-1", "watch": watch}]}}
    slices = obj(
        "EndpointSlice", "in-1", namespace, metadata={"labels": {"kubernetes.io/service-name": f"ingress-{peer}"}}
    )
    event = obj("Event", "e1", namespace, type="Warning", reason="Failed", message=f"token={SECRET}", count=3)
    event |= {
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "in"},
        "firstTimestamp": "2026-01-31T00:00:00Z",
        "lastTimestamp": "2026-01-31T02:00:00Z",
    }
    answers = [
        answer("ServiceMeshPeer", live),
        answer("Service", obj("Service", f"ingress-{peer}", namespace), obj("Service", f"egress-{peer}", namespace)),
        answer("EndpointSlice", slices),
        answer("Pod", obj("Pod", "in-pod", namespace, metadata=labels)),
        answer("Event", event),
        answer("Node", status=403) | {"body": {"message": "forbidden"}},
    ]
    facts = {
        "mesh": name,
        "namespace": namespace,
        "control_plane": name,
        "readable": is_full,
        "gateways": [],
        "problems": [],
        "missing": [] if is_full else [{"what": "logs", "reason": "may not get pods/log", "remedy": "Grant it"}],
    }
    return {"answers": answers, "texts": {"logs/in-pod/istio-proxy.log": f"password: {SECRET}\n"}, "facts": facts}


def plan(**changes: Any) -> Any:
    return {
        "directory": "gathered",
        "name": "federation-gather-20260131T030405Z",
        "created": CREATED,
        "group": "federation",
        "meshes": {"r": "red", "g": "green"},
        "by_file": [],
        "pairs": [{"host": "g", "peer_name": "red", "peer": "r", "own_name": "green"}],
        "documents": {"inventory.yml": "all: {}\n", "status.json": json.dumps({"token": SECRET})},
        **changes,
    }


def collected(**meshes: Any) -> Any:
    return {"r": mesh("red", "green"), "g": mesh("green", "red"), **meshes}


def test_both_ends_of_a_link_have_the_same_files() -> None:
    files = members(plan(), collected())
    ends = [
        {path.rpartition("/")[2] for path in files if path.startswith(f"links/green--red/{name}/")}
        for name in ("green", "red")
    ]
    assert (
        ends[0]
        == ends[1]
        == {
            "peer.yaml",
            "ingress-service.yaml",
            "egress-service.yaml",
            "ingress-endpoints-1.yaml",
            "ingress-pod-1.yaml",
            "ingress-pod-1-istio-proxy.log",
        }
    )
    assert yaml.safe_load(files["links/green--red/red/peer.yaml"])["metadata"]["namespace"] == "red-system"
    assert "meshes/red/objects/red-system/Service-egress-green.yaml" in files


def test_an_end_that_could_not_be_read_says_so() -> None:
    found = collected()
    del found["r"]
    files = members(plan(), found)
    assert files["links/green--red/red/missing.txt"] == "Nothing could be read of red.\n"
    assert "links/green--red/green/peer.yaml" in files
    manifest = json.loads(files["manifest.json"])
    assert (
        manifest["meshes"]["r"]["answers"] is None and manifest["meshes"]["g"]["answers"] == "meshes/green/answers.json"
    )


def test_no_secret_is_in_any_member_and_packing_is_repeatable() -> None:
    files = members(plan(), collected())
    packed = pack("name", CREATED, files)
    assert packed == pack("name", CREATED, members(plan(), copy.deepcopy(collected())))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        names = archive.getnames()
        assert names == sorted(names) and all(name.startswith("name/") for name in names)
        assert {member.mode for member in archive} == {0o600}
        contents = [archive.extractfile(member) for member in archive]
        assert not any(SECRET.encode() in content.read() for content in contents if content)
    assert SECRET not in json.dumps(files)


def test_the_timeline_has_the_moments_of_all_meshes_in_order() -> None:
    found = {
        name: [body for one in mesh(name, "x")["answers"] if one["status"] == 200 for body in one["body"]]
        for name in "ab"
    }
    lines = timeline(found)[1:]
    assert lines == sorted(lines) and len(lines) == 2 * 9
    text = "\n".join(lines)
    assert "watch of istiod-1: last full sync" in text and "event Warning Failed" in text and "(3 times)" in text


def test_what_is_missing_decides_the_verdict() -> None:
    assert verdict_of(plan(), collected()) == "GATHERED" and missing(plan(), collected()) == []
    partial = collected(g=mesh("green", "red", is_full=False))
    assert verdict_of(plan(), partial) == "INCOMPLETE"
    by_file = plan(by_file=["r"])
    only = {"g": mesh("green", "red")}
    assert [one["mesh"] for one in missing(by_file, only)] == ["red"]
    assert verdict_of(plan(), {"g": mesh("green", "red", is_full=False)}) == "EMPTY"


def test_why_something_is_missing_is_said_without_secrets() -> None:
    partial = collected(r=mesh("red", "green", is_full=False))
    partial["r"]["facts"]["missing"][0]["reason"] = f"https://admin:{SECRET}@api.red:6443 refused: Bearer {SECRET}, 503"
    files = members(plan(), partial)
    archive = {"path": "/x/a.tar.gz", "bytes": 1, "files": 1, "parts": []}
    found = report.report(plan(), partial, archive, False)
    assert SECRET not in files["manifest.json"] + json.dumps(found)
    assert json.loads(files["manifest.json"])["missing"][0]["reason"].startswith(
        "https://[redacted]@api.red:6443 refused"
    )


def test_the_report_begins_with_the_verdict_and_names_each_reason_once() -> None:
    partial = collected(r=mesh("red", "green", is_full=False), g=mesh("green", "red", is_full=False))
    partial["g"]["facts"]["readable"] = True
    files = members(plan(), partial)
    archive = {
        "path": "/x/a.tar.gz",
        "bytes": 2048,
        "files": len(files),
        "parts": [part._asdict() for part in parts(files)],
    }
    found = report.report(plan(), partial, archive, False)
    assert found["lines"][0] == f"INCOMPLETE  1 of 2 meshes read, {len(files)} files, 2 KiB: /x/a.tar.gz"
    assert found["lines"][3] == "    green, red: logs: may not get pods/log. Fix: Grant it."
    assert "Nothing was written" in report.report(plan(), partial, archive, True)["headline"]


def test_what_mesh_gather_packs_is_unpacked() -> None:
    whole = mesh("red", "green")
    assert unpack(base64.b64encode(gzip.compress(json.dumps(whole).encode())).decode()) == whole


def test_the_inventory_has_no_access_and_no_path_of_the_controller() -> None:
    hosts = inventory("red", "green")
    variables = {
        "red": {"mesh_kubeconfig": "/x", "mesh_password": SECRET, "mesh_exports": {"green": ["a/b"]}},
        "green": {},
    }
    text = inventory_text(declare(hosts), variables, {"all": ["red"], "east": ["red", "other"]})
    found = yaml.safe_load(text)["all"]["children"]
    assert found["federation"]["hosts"]["red"] == {"mesh_exports": {"green": ["a/b"]}}
    assert found["east"]["hosts"] == {"red": {}}
    kept = {name for name in VARIABLES if is_kept(name)}
    assert kept & set(ACCESS) == set() and {"mesh_identity_file", "federation_identity_dir"} <= kept
    assert not {"federation_gather_dir", "federation_report_file"} & kept and not is_kept("ansible_connection")
