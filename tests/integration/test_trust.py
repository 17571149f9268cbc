# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal trust domains, one common root, and trust domains without a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import DEFAULT_LINKS, Federation, Object, Run, request_lines, two_meshes
from lab.sim.ca import Authority

COMMON_TRUST_DOMAIN = "one.local"
UNMANAGED_PEER = "partner"
OTHER_MANAGER = "other-manager"
LINKS = set(DEFAULT_LINKS)


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes with one trust domain, at first with different roots."""
    lab = start(two_meshes(red={"trust_domain": COMMON_TRUST_DOMAIN}, green={"trust_domain": COMMON_TRUST_DOMAIN}))
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {})


def test_equal_trust_domains_with_different_roots_are_rejected(federation: Federation) -> None:
    for allowed in (False, True):
        mark = federation.lab.mark()
        federation.options["federation_allow_shared_root"] = allowed
        run = federation.run()
        assert run.code != 0
        assert "[trust-domain-shared]" in run.flat and COMMON_TRUST_DOMAIN in run.flat
        assert "red-mesh" in run.flat and "green-mesh" in run.flat
        assert not federation.writes(mark), request_lines(federation.writes(mark))


def test_one_common_root_is_allowed_on_request(federation: Federation) -> None:
    lab = federation.lab
    secret = federation.get("red-mesh", "secrets", "istio-ca-secret")
    lab.kubectl(
        "green",
        "patch",
        "secret/istio-ca-secret",
        "-n",
        "green-mesh-system",
        "--type=merge",
        "-p",
        f'{{"data": {{{", ".join(_member(*item) for item in secret["data"].items())}}}}}',
    )
    lab.fault("istiod-restart", mesh="green-mesh")
    root = federation.get("red-mesh", "configmaps", "istio-ca-root-cert")["data"]
    federation.eventually(lambda: federation.get("green-mesh", "configmaps", "istio-ca-root-cert")["data"] == root)
    federation.options["federation_allow_shared_root"] = False
    rejected = federation.run()
    assert (
        rejected.code != 0
        and "[trust-domain-shared-root]" in rejected.flat
        and "federation_allow_shared_root" in rejected.flat
    )
    federation.options["federation_allow_shared_root"] = True
    run = federation.succeed()
    assert "policies cannot distinguish the meshes" in run.flat
    peer = federation.get("red-mesh", "servicemeshpeers", "green-mesh")
    assert "certificateChain" not in peer["spec"]["security"]
    assert "green-mesh-ca-root-cert" not in federation.names("red-mesh", "configmaps")
    assert federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]


def _member(key: str, value: str) -> str:
    return f'"{key}": "{value}"'


def test_an_empty_mesh_without_trust_domain_receives_one(
    start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab = start(two_meshes(red={"trust_domain": None, "members": {}}, green={"trust_domain": None}))
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {})
    run = federation.succeed()
    plane = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert plane["spec"]["security"]["trust"]["domain"] == "red-mesh.local"
    assert "trust" not in federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["spec"]["security"]
    assert (
        federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["security"]["trustDomain"]
        == "cluster.local"
    )
    assert set(run.cells.values()) == {"ok"}
    assert federation.succeed().unchanged


@pytest.fixture(name="conflict")
def _conflict(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Three meshes, not yet federated; red has an unmanaged peer with green's trust domain and another root."""
    topology = two_meshes()
    topology["meshes"]["blue-mesh"] = {"cluster": "green"}
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"), {})
    cluster, namespace = federation.location("red-mesh")
    federation.lab.apply(cluster, _partner(namespace), OTHER_MANAGER)
    yield federation
    _remove_partner(federation)


def _partner(namespace: str) -> list[Object]:
    """Return a peer that no mesh of the inventory matches by name, client ID or gateways, and the ConfigMap with its root."""
    root = Authority.create("green-mesh.local").cert_pem.decode()
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "root-of-partner", "namespace": namespace},
            "data": {"root-cert.pem": root},
        },
        {
            "apiVersion": "federation.maistra.io/v1",
            "kind": "ServiceMeshPeer",
            "metadata": {"name": UNMANAGED_PEER, "namespace": namespace},
            "spec": {
                "remote": {"addresses": ["192.0.2.1"]},
                "gateways": {"ingress": {"name": "partner-ingress"}, "egress": {"name": "partner-egress"}},
                "security": {
                    "trustDomain": "green-mesh.local",
                    "certificateChain": {"kind": "ConfigMap", "name": "root-of-partner"},
                    "clientID": "green-mesh.local/ns/partner-system/sa/egress-of-partner",
                },
            },
        },
    ]


def _remove_partner(federation: Federation) -> None:
    cluster, namespace = federation.location("red-mesh")
    names = (f"servicemeshpeer/{UNMANAGED_PEER}", "configmap/root-of-partner")
    federation.lab.kubectl(cluster, "delete", "-n", namespace, "--ignore-not-found", *names)


def _peers(run: Run) -> set[tuple[str, str]]:
    """Return meshes and peers for which the run would write a ServiceMeshPeer."""
    return {
        (mesh, name.rpartition("/")[2]) for mesh, kind, name, dummy, dummy in run.changes if kind == "ServiceMeshPeer"
    }


def test_a_trust_domain_that_an_unmanaged_peer_already_has(conflict: Federation) -> None:
    """Red skips that pair and names the unmanaged peer; red and blue are federated, and all are after its removal."""
    run = conflict.run("--check")
    assert run.code != 0, run.output
    message = f"red-mesh: ServiceMeshPeer red-mesh-system/{UNMANAGED_PEER}: it has the trust domain of green-mesh, green-mesh.local"
    assert message in run.flat and "[trust-domain-taken]" in run.flat
    assert (run.cells["red-mesh", "green-mesh"], run.cells["green-mesh", "red-mesh"]) == ("skipped", "pending"), (
        run.matrix
    )
    assert not [change for change in run.changes if change[0] == "red-mesh" and "green-mesh" in str(change)], run.report
    assert _peers(run) == LINKS - {("red-mesh", "green-mesh"), ("green-mesh", "red-mesh")}
    assert {mesh for mesh in run.recap if run.recap[mesh]["failed"]} == {"red-mesh"}
    _remove_partner(conflict)
    removed = conflict.succeed("--check")
    assert "trust-domain-taken" not in removed.flat and _peers(removed) == LINKS
