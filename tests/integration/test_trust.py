# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal trust domains, one common root, and trust domains that nobody has set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import DEFAULT_LINKS, Federation, Object, Run, request_lines, two_meshes
from lab.sim.ca import Authority

COMMON = "one.local"
FOREIGN = "partner"
SOMEBODY = "somebody-else"
PAIRS = set(DEFAULT_LINKS)


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes with one trust domain, each with a root of its own at first."""
    lab = start(two_meshes(red={"trust_domain": COMMON}, green={"trust_domain": COMMON}))
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"), {})


def test_equal_trust_domains_with_different_roots_are_refused(federation: Federation) -> None:
    for allowed in (False, True):
        mark = federation.lab.mark()
        federation.options["federation_allow_shared_root"] = allowed
        run = federation.run()
        assert run.code != 0
        assert "[trust-domain-shared]" in run.flat and COMMON in run.flat
        assert "red-mesh" in run.flat and "green-mesh" in run.flat
        assert not federation.writes(mark), request_lines(federation.writes(mark))


def test_one_common_root_is_allowed_when_asked_for(federation: Federation) -> None:
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
        f'{{"data": {{{", ".join(_pair(*one) for one in secret["data"].items())}}}}}',
    )
    lab.fault("istiod-restart", mesh="green-mesh")
    root = federation.get("red-mesh", "configmaps", "istio-ca-root-cert")["data"]
    federation.eventually(lambda: federation.get("green-mesh", "configmaps", "istio-ca-root-cert")["data"] == root)
    federation.options["federation_allow_shared_root"] = False
    refused = federation.run()
    assert refused.code != 0 and "[trust-domain-shared-root]" in refused.flat and "federation_allow_shared_root" in refused.flat
    federation.options["federation_allow_shared_root"] = True
    run = federation.succeed()
    assert "policies cannot tell the meshes apart" in run.flat
    peer = federation.get("red-mesh", "servicemeshpeers", "green-mesh")
    assert "certificateChain" not in peer["spec"]["security"]
    assert "green-mesh-ca-root-cert" not in federation.names("red-mesh", "configmaps")
    assert federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]


def _pair(key: str, value: str) -> str:
    return f'"{key}": "{value}"'


def test_an_empty_mesh_without_trust_domain_gets_one(
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


@pytest.fixture
def taken(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Three meshes, not yet federated; in red somebody has made a peer with green's trust domain and another root."""
    topology = two_meshes()
    topology["meshes"]["blue-mesh"] = {"cluster": "green"}
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"), {})
    cluster, namespace = federation.location("red-mesh")
    federation.lab.apply(cluster, _partner(namespace), SOMEBODY)
    yield federation
    _remove_partner(federation)


def _partner(namespace: str) -> list[Object]:
    """A peer that is no mesh of ours, by its name, its client ID and its gateways, and the ConfigMap with its root."""
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
            "metadata": {"name": FOREIGN, "namespace": namespace},
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
    names = (f"servicemeshpeer/{FOREIGN}", "configmap/root-of-partner")
    federation.lab.kubectl(cluster, "delete", "-n", namespace, "--ignore-not-found", *names)


def _peers(run: Run) -> set[tuple[str, str]]:
    """Meshes and peers for which the run would write a ServiceMeshPeer."""
    made = {(mesh, name) for mesh, kind, name, dummy, dummy in run.changes if kind == "ServiceMeshPeer"}
    return {(mesh, name.rpartition("/")[2]) for mesh, name in made}


def test_a_trust_domain_that_a_peer_of_somebody_else_has_already(taken: Federation) -> None:
    """That pair is left out in red, with the peer that is in the way; red and blue go on, and all do once it is gone."""
    run = taken.run("--check")
    assert run.code != 0, run.output
    said = f"red-mesh: ServiceMeshPeer red-mesh-system/{FOREIGN}: it has the trust domain of green-mesh, green-mesh.local"
    assert said in run.flat and "[trust-domain-taken]" in run.flat
    assert (run.cells["red-mesh", "green-mesh"], run.cells["green-mesh", "red-mesh"]) == ("skipped", "pending"), run.matrix
    assert not [one for one in run.changes if one[0] == "red-mesh" and "green-mesh" in str(one)], run.report
    assert _peers(run) == PAIRS - {("red-mesh", "green-mesh"), ("green-mesh", "red-mesh")}
    assert {mesh for mesh in run.recap if run.recap[mesh]["failed"]} == {"red-mesh"}
    _remove_partner(taken)
    free = taken.succeed("--check")
    assert "trust-domain-taken" not in free.flat and _peers(free) == PAIRS
