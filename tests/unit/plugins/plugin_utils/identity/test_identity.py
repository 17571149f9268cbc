# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities of meshes: a written one can be read, a wrong one is rejected, and the administrator who has the next step is named."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from unit.builders import federations as fed
from unit.builders.certificates import certificate

from ansible_collections.ossm.federation.plugins.module_utils._product import (
    certificates,
    times,
    types as product_types,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers import link as link_reader, roots as root_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._identity import handover, read as reading, write
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import checks as lint_checks
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    advance as plan_steps,
    plan as planning,
    types as plan_types,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import (
    links as link_report,
    matrix as matrix_report,
    ports as port_matrix_report,
    result as run_result,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations

Json = dict[str, Any]
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
ROOTS = {name: certificate(name) for name in (RED, GREEN, BLUE, "next")}
ENDLESS = certificate("endless", end=NOW + 20_000 * DAY)
PATH = "from/green-mesh-for-red-mesh.yml"
TEMPLATE = "{{ 1+1 }}"


def sha(name: str) -> str:
    return root_reader.read_roots(ROOTS[name])[0]["sha256"]


def identity(mesh: str = GREEN, peer: str = RED, **changes: Any) -> model_types.Identity:
    return {
        "mesh": mesh,
        "peer": peer,
        "created": "2026-05-31T00:00:00Z",
        "valid_until": "2027-05-01T00:00:00Z",
        "answers": None,
        "namespace": f"{mesh}-system",
        "trust_domain": f"{mesh}.local",
        "client_id": f"{mesh}.local/ns/{mesh}-system/sa/egress-{peer}-service-account",
        "remote": {"addresses": ["192.0.2.1", "gateway.example.com"], "discoveryPort": 8188, "servicePort": 15443},
        "root": root_reader.normalise_bundle(ROOTS[mesh]),
        "fingerprints": [sha(mesh)],
        **changes,
    }


def document(**changes: Any) -> Json:
    return yaml.safe_load(write.render(identity(**changes)))


def parse(
    value: Json | str, *pins: str, mesh: str = GREEN
) -> tuple[model_types.Identity | None, list[product_types.Problem]]:
    text = value if isinstance(value, str) else yaml.safe_dump(value)
    return reading.parse(text, mesh, RED, PATH, NOW, pins)


def place(value: Json, path: tuple[Any, ...], new: Any) -> Json:
    """The document with another value at a path."""
    changed = copy.deepcopy(value)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return changed


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values of a document, also of its dictionaries and lists."""
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        inner = [below for key in value for below in paths(value[key], (*path, key))]
    if isinstance(value, list):
        inner = [below for index, item in enumerate(value) for below in paths(item, (*path, index))]
    return ([path] if path else []) + inner


# -- one document


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"answers": "ab" * 32},
        {
            "root": root_reader.normalise_bundle(ROOTS[GREEN] + ROOTS["next"]),
            "fingerprints": sorted([sha(GREEN), sha("next")]),
        },
        {"remote": {"addresses": ["2001:db8::1"], "discoveryPort": 30001, "servicePort": 30002}},
    ],
)
def test_a_written_identity_is_read_unchanged(changes: Json) -> None:
    written = identity(**changes)
    assert parse(write.render(written)) == (written, [])


def test_a_document_has_all_that_a_peer_needs() -> None:
    text = write.render(identity())
    assert text.startswith("# The identity of the mesh green-mesh for its peer red-mesh. All of it is public.\n---\n")
    assert document()["metadata"] == {
        "mesh": GREEN,
        "peer": RED,
        "created": "2026-05-31T00:00:00Z",
        "validUntil": "2027-05-01T00:00:00Z",
    }
    assert document()["spec"]["roots"] == [{"sha256": certificates.colons(sha(GREEN)), "certificate": ROOTS[GREEN]}]


EVERYWHERE = paths(document(answers="ab" * 32))


@pytest.mark.parametrize("value", [TEMPLATE, {TEMPLATE: TEMPLATE}, [TEMPLATE], None, True, "", "\u0000\u001b[31m"])
@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_document_with_a_wrong_value_is_rejected(path: tuple[Any, ...], value: Any) -> None:
    whole = document(answers="ab" * 32)
    text = yaml.safe_dump(place(whole, path, value))
    parsed, problems = parse(text)
    assert parsed is None and problems
    assert all(
        problem["mesh"] == GREEN and problem["peer"] == RED and problem["where"].startswith(PATH)
        for problem in problems
    )
    assert all(problem["remedy"] and problem["severity"] == "error" for problem in problems)
    key = next(key for key in reversed(path) if isinstance(key, str))
    assert any(key in problem["where"] or key in problem["message"] for problem in problems), problems


@pytest.mark.parametrize("path", [path for path in EVERYWHERE if path != ("metadata", "answers")])
def test_a_document_without_a_required_value_is_rejected(path: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(document(answers="ab" * 32))
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    parsed, problems = parse(changed)
    last_address = path[-2:-1] == ("addresses",)
    assert (parsed is None and problems) or last_address


def leaf(path: tuple[Any, ...], new: Any) -> Callable[[], Json]:
    return lambda: place(document(), path, new)


def rooted(pem: str) -> Callable[[], Json]:
    """A document with a certificate and its true fingerprint."""
    entry = {"sha256": root_reader.read_roots(pem)[0]["sha256"], "certificate": pem}
    return lambda: place(document(), ("spec", "roots"), [entry])


CERTIFICATE = ("spec", "roots", 0, "certificate")
REJECTED: list[tuple[str, Callable[[], Json | str], str, str, str]] = [
    ("no YAML", lambda: "a: [", "", "identity-not-yaml", "line 1"),
    ("a template as YAML", lambda: "{{ 1+1 }}", "", "identity-not-yaml", "not YAML"),
    ("nothing", lambda: "", "", "identity-shape", "nothing"),
    ("a text", lambda: "hello", "", "identity-shape", "'hello'"),
    ("a list", lambda: "[1]", "", "identity-shape", "a list"),
    ("too deep", lambda: "[" * 50_000, "", "identity-not-yaml", "not YAML"),
    ("too long", lambda: "a: " + "x" * 300_000, "", "identity-shape", "longer"),
    ("a private key", lambda: "a: -----BEGIN EC PRIVATE KEY-----", "", "identity-private-key", "private key"),
    (
        "another version",
        leaf(("apiVersion",), "ossm.federation/v2"),
        "apiVersion",
        "identity-value",
        "no other version",
    ),
    ("another kind", leaf(("kind",), "Secret"), "kind", "identity-value", "MeshIdentity"),
    ("unknown key", leaf(("token",), "x"), "token", "key-unknown", "no such key"),
    ("unknown key below", leaf(("spec", "trustdomain"), "x"), "spec.trustdomain", "key-unknown", "no such key"),
    ("unknown key of a root", leaf(("spec", "roots", 0, "key"), "x"), "spec.roots[0].key", "key-unknown", "no such"),
    ("old", leaf(("metadata", "validUntil"), "2026-05-31T00:00:01Z"), "metadata.validUntil", "identity-old", "expired"),
    (
        "from the future",
        leaf(("metadata", "created"), "2026-06-01T01:00:00Z"),
        "metadata.created",
        "identity-future",
        "future",
    ),
    (
        "no such day",
        leaf(("metadata", "created"), "2026-02-30T00:00:00Z"),
        "metadata.created",
        "identity-value",
        "a time",
    ),
    (
        "ends before it begins",
        lambda: document(created="2026-05-31T00:00:00Z", valid_until="2026-05-30T00:00:00Z"),
        "metadata.validUntil",
        "identity-value",
        "before it was created",
    ),
    (
        "outlives its root",
        leaf(("metadata", "validUntil"), "2027-06-02T00:00:00Z"),
        "metadata.validUntil",
        "identity-value",
        "after the last of its roots",
    ),
    (
        "of another mesh",
        leaf(("metadata", "mesh"), BLUE),
        "metadata.mesh",
        "identity-other-pair",
        "of blue-mesh for red",
    ),
    ("for another mesh", leaf(("metadata", "peer"), BLUE), "metadata.peer", "identity-other-pair", "for blue-mesh"),
    ("port 0", leaf(("spec", "remote", "servicePort"), 0), "spec.remote.servicePort", "identity-value", "port"),
    ("port 65536", leaf(("spec", "remote", "servicePort"), 65536), "spec.remote.servicePort", "identity-value", "port"),
    (
        "port in words",
        leaf(("spec", "remote", "servicePort"), "x"),
        "spec.remote.servicePort",
        "identity-value",
        "port",
    ),
    *(
        (
            f"the address {address}",
            leaf(("spec", "remote", "addresses"), [address]),
            "spec.remote.addresses[0]",
            "identity-value",
            "without scheme, port and path",
        )
        for address in (
            "192.0.2.1:8188",
            "gateway.example.com:8188",
            "[2001:db8::1]:8188",
            "https://gateway.example.com",
            "//192.0.2.1",
            "gateway.example.com/",
            "300.1.1.1",
            "192.0.2",
            "0.0.0.0",
            "::",
            "ff02::1",
            "fe80::1%eth0",
            "gateway..example.com",
            "-gateway.example.com",
            "gateway_1.example.com",
        )
    ),
    (
        "spiffe://",
        leaf(("spec", "clientID"), "spiffe://green-mesh.local/ns/green-mesh-system/sa/x"),
        "spec.clientID",
        "identity-value",
        "without spiffe",
    ),
    (
        "client of another trust domain",
        leaf(("spec", "clientID"), "blue.local/ns/green-mesh-system/sa/x"),
        "spec.clientID",
        "identity-value",
        "another mesh",
    ),
    ("garbage", leaf(CERTIFICATE, "garbage"), "spec.roots[0].certificate", "root-unreadable", "no certificate"),
    (
        "garbage in a certificate",
        leaf(CERTIFICATE, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        "spec.roots[0].certificate",
        "root-unreadable",
        "cannot be read",
    ),
    (
        "two in one",
        leaf(CERTIFICATE, ROOTS[GREEN] + ROOTS[BLUE]),
        "spec.roots[0].certificate",
        "identity-value",
        "2 cert",
    ),
    ("another root", leaf(CERTIFICATE, ROOTS[BLUE]), "spec.roots[0].sha256", "identity-fingerprint", "has changed"),
    (
        "no authority",
        rooted(certificate("x", ca=False)),
        "spec.roots",
        "root-no-authority",
        "not a certificate authority",
    ),
    (
        "expired root",
        rooted(certificate("x", end=NOW - DAY)),
        "spec.roots",
        "root-expired",
        "expired at 2026-05-31",
    ),
    (
        "root of the future",
        rooted(certificate("x", begin=NOW + DAY)),
        "spec.roots",
        "root-not-yet-valid",
        "not valid before",
    ),
]


@pytest.mark.parametrize(
    ("build", "field", "code", "word"), [row[1:] for row in REJECTED], ids=[row[0] for row in REJECTED]
)
def test_a_wrong_document_is_rejected(build: Callable[[], Json | str], field: str, code: str, word: str) -> None:
    parsed, problems = parse(build())
    assert parsed is None
    reported = [problem for problem in problems if problem["code"] == code]
    assert reported, problems
    problem = reported[0]
    assert problem["where"].endswith(f"{PATH} {field}".rstrip()) or problem["where"] == f"{PATH}.{field}"
    assert word in problem["message"] or word in problem["remedy"]


def test_only_pinned_roots_are_accepted() -> None:
    both = document(root=root_reader.normalise_bundle(ROOTS[GREEN] + ROOTS["next"]))
    assert parse(document(), sha(GREEN))[0] is not None
    parsed, problems = parse(both, sha(GREEN))
    assert parsed is None and [problem["code"] for problem in problems] == ["identity-not-pinned"]
    assert certificates.colons(sha("next")) in problems[0]["message"] and "another way" in problems[0]["remedy"]


def test_one_valid_root_is_enough() -> None:
    expired = certificate("old", end=NOW - DAY)
    parsed, problems = parse(document(root=root_reader.normalise_bundle(ROOTS[GREEN] + expired)))
    assert parsed is not None and len(parsed["fingerprints"]) == 2
    assert [(problem["code"], problem["severity"]) for problem in problems] == [("root-expired", "warning")]


def test_an_identity_that_expires_soon_is_a_warning() -> None:
    parsed, problems = parse(document(valid_until=times.format_time(NOW + 29 * DAY)))
    assert parsed is not None
    assert [(problem["code"], problem["severity"]) for problem in problems] == [("identity-ends", "warning")]


def test_all_problems_are_reported_at_once() -> None:
    whole = document()
    for path, value in (
        (("metadata", "peer"), BLUE),
        (("spec", "namespace"), "A"),
        (("spec", "roots", 0, "sha256"), "x"),
    ):
        whole = place(whole, path, value)
    assert {problem["code"] for problem in parse(whole)[1]} == {"identity-other-pair", "identity-value"}
    assert len(parse(whole)[1]) == 3


# -- the inventory


def inventory(*ours: str, **of_green: Any) -> dict[str, Json]:
    return {
        **{host: {"mesh_kubeconfig": "x"} for host in ours or (RED,)},
        GREEN: {"mesh_identity_file": "from", **of_green},
    }


def declare(hostvars: dict[str, Json], files: dict[str, str]) -> model_types.Declaration:
    declared = fed.declare(hostvars)
    declared["problems"] += reading.read_identity_files(declared, files.get, NOW)
    return declared


def test_a_mesh_without_access_is_declared_by_its_identity_file() -> None:
    declared = declare(inventory(), {PATH: write.render(identity())})
    assert declared["problems"] == []
    assert declared["meshes"][GREEN]["by_file"] and not declared["meshes"][RED]["by_file"]
    assert declared["meshes"][GREEN]["identity_files"] == {RED: {"path": PATH, "identity": identity()}}


def test_a_directory_has_one_file_for_each_of_our_meshes() -> None:
    files = {f"from/green-mesh-for-{peer}.yml": write.render(identity(peer=peer)) for peer in (RED, BLUE)}
    declared = declare(inventory(RED, BLUE), files)
    assert declared["problems"] == []
    assert {peer: file["identity"]["peer"] for peer, file in declared["meshes"][GREEN]["identity_files"].items()} == {
        RED: RED,
        BLUE: BLUE,
    }


def test_files_of_one_mesh_must_agree() -> None:
    files = {
        "from/green-mesh-for-blue-mesh.yml": write.render(identity(peer=BLUE)),
        PATH: write.render(identity(root=ROOTS["next"], fingerprints=[sha("next")])),
    }
    declared = declare(inventory(RED, BLUE), files)
    assert fed.codes(declared["problems"]) == {("identity-differs", GREEN)}
    assert "fingerprints" in declared["problems"][0]["message"]
    declared = declare(inventory(mesh_trust_domain="other.local"), {PATH: write.render(identity())})
    assert fed.codes(declared["problems"]) == {("identity-differs", GREEN)}


def test_an_unreadable_file_is_reported() -> None:
    def read(path: str) -> str:
        raise PermissionError(f"{path}: no")

    declared = fed.declare(inventory())
    (problem,) = reading.read_identity_files(declared, read, NOW)
    assert problem["code"] == "identity-unreadable" and problem["where"] == PATH


def test_a_mesh_has_a_cluster_or_a_file() -> None:
    assert fed.codes(fed.declare(inventory(mesh_context="x"))["problems"]) == {("access-ambiguous", GREEN)}


def test_two_meshes_with_identity_files_are_no_pair() -> None:
    declared = fed.declare({**inventory(), BLUE: {"mesh_identity_file": "x"}})
    assert declared["pairs"] == [[BLUE, RED], [GREEN, RED]]


def test_a_limit_leaves_no_file_to_be_read_from_a_cluster() -> None:
    assert fed.declare(inventory(), play_hosts=[RED])["outside"] == []


@pytest.mark.parametrize("spelling", [str.upper, certificates.colons, str])
def test_fingerprints_have_many_spellings(spelling: Callable[[str], str]) -> None:
    hostvars = inventory(mesh_trust_fingerprints=[spelling(sha(GREEN))])
    declared = declare(hostvars, {PATH: write.render(identity())})
    assert declared["problems"] == []
    assert declared["meshes"][GREEN]["pins"] == [sha(GREEN)]


def test_an_invalid_fingerprint_is_rejected() -> None:
    declared = fed.declare(inventory(mesh_trust_fingerprints=["ab:cd"]))
    assert fed.codes(declared["problems"]) == {("fingerprint-invalid", GREEN)}


# -- the plan


def facts(host: str = RED, **changes: Any) -> Json:
    return rooted_facts(changes.pop("root", ROOTS[host]), host, **changes)


def rooted_facts(pem: str, host: str = RED, **changes: Any) -> Json:
    roots = root_reader.read_roots(pem) if pem else []
    fingerprints = [root["sha256"] for root in roots]
    return fed.facts(host, **{"root": pem, "roots": roots, "fingerprints": fingerprints, **changes})


def plan(files: dict[str, str], **changes: Any) -> plan_types.Plan:
    planned = planning.build_plan(declare(inventory(), files), {RED: facts(**changes)}, NOW)
    return plan_steps.advance(planned, "addresses", {RED: fed.opened(planned)[RED]})


def test_a_mesh_with_an_identity_file_is_a_peer_like_any_other() -> None:
    planned, desired_objects = fed.federate(
        declare(inventory(), {PATH: write.render(identity())}), {RED: facts(root=ENDLESS)}
    )
    peer = next(
        desired["definition"] for desired in desired_objects[RED] if desired["definition"]["kind"] == "ServiceMeshPeer"
    )
    assert peer["spec"]["remote"]["addresses"] == ["192.0.2.1", "gateway.example.com"]
    assert peer["spec"]["security"] == {
        "trustDomain": "green-mesh.local",
        "clientID": "green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account",
        "certificateChain": {"kind": "ConfigMap", "name": "green-mesh-ca-root-cert"},
    }
    assert peer["metadata"]["annotations"]["ossm.federation/root-sha256"] == sha(GREEN)
    root = next(
        desired["definition"] for desired in desired_objects[RED] if desired["definition"]["kind"] == "ConfigMap"
    )
    assert root["data"]["root-cert.pem"] == ROOTS[GREEN]
    assert desired_objects[GREEN] == [] and not planned["meshes"][GREEN]["in_play"]


def test_without_a_file_our_gateways_are_opened_and_no_peer_is_written() -> None:
    planned, desired_objects = fed.federate(declare(inventory(), {}), {RED: facts(root=ENDLESS)})
    assert [desired["definition"]["kind"] for desired in desired_objects[RED]] == ["ServiceMeshControlPlane"]
    side = planned["sides"][RED][GREEN]
    assert (side["state"], side["message"], side["pending_on"]) == ("pending", f"{PATH} does not exist yet", GREEN)


def test_a_shared_trust_domain_is_found_in_a_file_too() -> None:
    written = identity(trust_domain="red-mesh.local", client_id="red-mesh.local/ns/green-mesh-system/sa/x")
    planned = planning.build_plan(declare(inventory(), {PATH: write.render(written)}), {RED: facts()}, NOW)
    assert fed.codes(planned["problems"]) == {("trust-domain-shared", RED)}


def test_a_plan_takes_ports_from_the_file() -> None:
    for files, source in (({PATH: write.render(identity())}, "identity file"), ({}, f"known once {PATH} exists")):
        planned = plan(files)
        rows = [row for row in port_matrix_report.port_matrix(planned, {RED: facts()}) if row["from"] == RED]
        assert {row["address_from"] for row in rows} == {source}
        assert not files or {row["port"] for row in rows} == {8188, 15443}


def test_exports_of_an_unmanaged_mesh_are_unknown_and_no_finding() -> None:
    hostvars = inventory()
    hostvars[RED].update(mesh_exports=["bookinfo/ratings"], mesh_imports=["bookinfo/reviews"])
    assert lint_checks.lint(fed.declare(hostvars)) == []


# -- the identity that this side writes


def exports(planned: plan_types.Plan, files: dict[str, str], now: datetime.datetime = NOW) -> list[write.Export]:
    return write.exports(planned, files.get, now)[0]


def test_our_identity_is_what_the_other_side_needs() -> None:
    (export,) = exports(plan({}), {})
    assert export.path == "identities/red-mesh-for-green-mesh.yml"
    parsed, problems = reading.parse(export.text, RED, GREEN, "x", NOW)
    assert problems == [] and parsed is not None
    assert parsed["client_id"] == "red-mesh.local/ns/red-mesh-system/sa/egress-green-mesh-service-account"
    assert parsed["remote"] == {"addresses": ["198.51.2.1"], "discoveryPort": 8188, "servicePort": 15443}
    assert (parsed["created"], parsed["valid_until"], parsed["answers"]) == (
        "2026-06-01T00:00:00Z",
        "2027-06-01T00:00:00Z",
        None,
    )


def test_only_meshes_of_this_run_are_exported() -> None:
    declared = fed.declare(inventory(RED, BLUE), play_hosts=[BLUE, GREEN])
    declared["problems"] += reading.read_identity_files(declared, {}.get, NOW)
    planned = planning.build_plan(declared, {RED: facts(), BLUE: facts(BLUE)}, NOW)
    planned = plan_steps.advance(planned, "addresses", {host: fed.opened(planned)[host] for host in (RED, BLUE)})
    assert [export.host for export in exports(planned, {})] == [BLUE]


def test_an_identity_ends_with_its_roots() -> None:
    soon = certificate("soon", end=NOW + 9 * DAY)
    planned = planning.build_plan(declare(inventory(), {}), {RED: facts(root=soon)}, NOW)
    planned = plan_steps.advance(planned, "addresses", {RED: fed.opened(planned)[RED]})
    assert reading.parse(exports(planned, {})[0].text, RED, GREEN, "x", NOW)[0]["valid_until"] == "2026-06-10T00:00:00Z"


def test_an_unchanged_identity_is_kept_while_half_of_its_validity_is_left() -> None:
    long = certificate("long", end=NOW + 3650 * DAY)
    root = {"root": long}
    planned = plan({}, **root)
    first = exports(planned, {})[0]
    files = {first.path: first.text + "# a note\n"}
    assert exports(planned, files, NOW + 182 * DAY)[0].text == files[first.path]
    assert exports(planned, files, NOW + 184 * DAY)[0].text != files[first.path]
    answered = plan({PATH: write.render(identity())}, **root)
    assert exports(answered, files)[0].text != files[first.path]
    assert exports(planned, {first.path: "{{"})[0].text == first.text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"readable": False}, "could not be read"),
        ({"root": ""}, "no root certificate yet"),
        ({"root": certificate("x", end=NOW - DAY)}, "expired at"),
    ],
)
def test_an_identity_that_cannot_be_written_is_reported(changes: Json, word: str) -> None:
    planned = planning.build_plan(declare(inventory(), {}), {RED: facts(**changes)}, NOW)
    planned = plan_steps.advance(planned, "addresses", {RED: fed.opened(planned)[RED]})
    exported, failures = write.exports(planned, {}.get, NOW)
    assert exported == [] and [failure.host for failure in failures] == [RED] and word in failures[0].message


def test_a_missing_address_is_reported_and_in_check_mode_known_later() -> None:
    planned = planning.build_plan(declare(inventory(), {}), {RED: facts()}, NOW)
    assert "no address yet" in write.exports(planned, {}.get, NOW)[1][0].message
    exported, failures = write.exports(planned, {}.get, NOW, True)
    assert failures == [] and "known once the gateway for green-mesh has an address" in exported[0].text


# -- the next step, and who has it


def live(**status: Any) -> Json:
    entry = {"pod": "istiod", "watch": {"connected": False}, **status}
    where = "active" if entry["watch"].get("connected") else "inactive"
    return {
        **fed.live_peer(GREEN, namespace="red-mesh-system", ours=GREEN),
        "status": {"discoveryStatus": {where: [entry]}},
    }


@pytest.mark.parametrize(
    ("answers", "peers", "expected", "message", "awaited"),
    [
        (None, [], "unanswered", "has not loaded", False),
        ("ours", [], "answered", "", True),
        ("ab" * 32, [], "older", "an older identity", False),
        (None, [live()], "unanswered", "has not loaded", False),
        (None, [live(watch={"connected": False, "lastFullSync": "2026-05-31T00:00:00Z"})], "answered", "", True),
        (None, [live(remotes=[{"connected": False}])], "answered", "", True),
        ("ab" * 32, [live(watch={"connected": True})], "older", "an older identity", True),
    ],
)
def test_a_link_is_awaited_when_the_other_side_has_loaded_our_identity(
    answers: str | None, peers: list[Json], expected: str, message: str, awaited: bool
) -> None:
    if answers == "ours":
        answers = handover.digest(handover.own_identity(plan({}), RED, GREEN))
    planned = plan({PATH: write.render(identity(answers=answers))}, peers=peers)
    side = planned["sides"][RED][GREEN]
    assert handover.answer(planned, side) == expected
    assert message in handover.not_answered(planned, side)
    assert bool(expectations.wait_links(planned, RED)) == awaited
    hand = "Send identities/red-mesh-for-green-mesh.yml to the administrator of green-mesh"
    assert (hand in handover.next_step(planned, side)) == (expected != "answered")


def test_a_missing_file_is_requested() -> None:
    planned = plan({})
    assert handover.answer(planned, planned["sides"][RED][GREEN]) == "missing"
    assert f"save the file that comes back as {PATH}" in handover.next_step(planned, planned["sides"][RED][GREEN])


def status(**more: Any) -> Json:
    return {
        "peer_name": GREEN,
        "connected": True,
        "synced": True,
        "imported": [],
        "missing": [],
        "exported": [],
        "text": "",
        "message": "",
        "remedy": "",
        "accepted": True,
        "suspect": None,
        "code": "connected",
        "inbound": True,
        "inbound_message": "message",
        **more,
    }


@pytest.mark.parametrize(
    ("inbound", "state", "cell"),
    [(True, "healthy", "ok (seen from red-mesh)"), (False, "pending", "pending"), (None, "pending", "pending")],
)
def test_the_link_of_a_mesh_without_access_is_judged_from_our_side(inbound: bool | None, state: str, cell: str) -> None:
    answers = handover.digest(handover.own_identity(plan({}), RED, GREEN))
    planned = plan({PATH: write.render(identity(answers=answers))})
    links = link_report.links(planned, {RED: {"links": [status(inbound=inbound)]}})
    seen = next(link for link in links if link["from"] == GREEN)
    assert (seen["state"], seen["seen_from"], seen["failed"]) == (state, RED, False)
    assert cell in "\n".join(matrix_report.matrix(links))
    assert next(link for link in links if link["from"] == RED)["healthy"]


def test_a_link_that_is_not_seen_fails_only_where_all_are_required() -> None:
    answers = handover.digest(handover.own_identity(plan({}), RED, GREEN))
    planned = plan({PATH: write.render(identity(answers=answers))})
    results = {"links": {RED: {"links": [status(inbound=False)], "problems": []}}}
    for required in (False, True):
        planned["options"]["federation_fail_on_pending"] = required
        failures = run_result.report({**planned, "pending_steps": ["report"]}, results, {RED: facts()})["failures"]
        assert list(failures) == ([RED] if required else [])
        assert not required or failures[RED] == "green-mesh -> red-mesh pending. See the report above."


def test_a_numbered_matrix_marks_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_report, "WIDTH", 10)
    text = "\n".join(matrix_report.matrix(link_report.links(plan({}), {RED: {"links": [status()]}})))
    assert "ok*" in text and "* = as the mesh of the column sees it" in text


@pytest.mark.parametrize(
    ("wanted", "inbound", "several_pods", "healthy"),
    [
        (True, True, False, True),
        (True, False, False, False),
        (True, None, False, False),
        (True, None, True, True),
        (None, None, False, True),
    ],
)
def test_the_other_side_must_be_seen_by_a_single_pod(
    wanted: bool | None, inbound: bool | None, several_pods: bool, healthy: bool
) -> None:
    link = status(inbound=inbound, several_pods=several_pods, offered=[], last_full_sync="2026-06-01T00:00:00Z")
    assert link_reader.judge_link({"inbound": wanted}, link)["healthy"] == healthy


def test_an_unreadable_mesh_of_ours_gives_the_other_administrator_no_step() -> None:
    planned = plan({PATH: write.render(identity())}, readable=False)
    seen = next(link for link in link_report.links(planned, {}) if link["from"] == GREEN)
    assert (seen["state"], seen["failed"]) == ("unknown", False)
    assert seen["message"] == "cannot be seen: red-mesh could not be read" and "Hand" not in seen["remedy"]


def test_a_link_that_is_up_is_up_while_a_file_is_missing() -> None:
    links = {link["from"]: link for link in link_report.links(plan({}), {RED: {"links": [status()]}})}
    assert links[GREEN]["healthy"] and links[RED]["healthy"]
    assert links[RED]["unverified"] == f"{PATH} does not exist yet"


def test_a_mesh_of_ours_without_a_reading_leaves_both_links_unknown() -> None:
    answers = handover.digest(handover.own_identity(plan({}), RED, GREEN))
    planned = plan({PATH: write.render(identity(answers=answers))})
    assert {link["state"] for link in link_report.links(planned, {RED: {"links": [], "problems": []}})} == {"unknown"}
