# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal trust domains, one common root, and trust domains that nobody has set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, texts, two

COMMON = "one.local"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes with one trust domain, each with a root of its own at first."""
    lab = start(two(red={"trust_domain": COMMON}, green={"trust_domain": COMMON}))
    return Federation.of(lab, tmp_path_factory.mktemp("f"), {})


def test_equal_trust_domains_with_different_roots_are_refused(federation: Federation) -> None:
    for allowed in (False, True):
        mark = federation.lab.mark()
        federation.options["federation_common_root"] = allowed
        run = federation.run()
        assert run.code != 0
        assert "[trust-domain-shared]" in run.flat and COMMON in run.flat
        assert "red-mesh" in run.flat and "green-mesh" in run.flat
        assert not federation.writes(mark), texts(federation.writes(mark))


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
    federation.options["federation_common_root"] = False
    refused = federation.run()
    assert refused.code != 0 and "[trust-domain-common]" in refused.flat and "federation_common_root" in refused.flat
    federation.options["federation_common_root"] = True
    run = federation.good()
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
    lab = start(two(red={"trust_domain": None, "members": {}}, green={"trust_domain": None}))
    federation = Federation.of(lab, tmp_path_factory.mktemp("f"), {})
    run = federation.good()
    plane = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert plane["spec"]["security"]["trust"]["domain"] == "red-mesh.local"
    assert "trust" not in federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["spec"]["security"]
    assert (
        federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["security"]["trustDomain"]
        == "cluster.local"
    )
    assert set(run.cells.values()) == {"ok"}
    assert "Nothing was changed." in federation.good().report
