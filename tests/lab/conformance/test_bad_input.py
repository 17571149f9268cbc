# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API refuses, and what it takes although nobody can make sense of it. All of it as dry runs."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.dynamic.exceptions import DynamicApiError

from lab.conformance.conftest import Grounds
from lab.conformance.kube import Object
from lab.conformance.mesh import CONTROL_PLANE, EXPORTS, IMPORTS, PEER, Mesh

VERSIONS = {
    PEER: "federation.maistra.io/v1",
    EXPORTS: "federation.maistra.io/v1",
    IMPORTS: "federation.maistra.io/v1",
    CONTROL_PLANE: "maistra.io/v2",
    "ServiceMeshMemberRoll": "maistra.io/v1",
}


def rehearse(mesh: Mesh, kind: str, spec: Object | None, name: str = "trial") -> Object:
    """Create the object as a dry run."""
    body: Object = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": {"name": name, "namespace": mesh.namespace}}
    return mesh.api.create(body if spec is None else body | {"spec": spec}, dry_run=True)


def refused(mesh: Mesh, kind: str, spec: Object | None, name: str = "trial") -> str:
    """Return the API's words about an object that it refuses."""
    with pytest.raises(DynamicApiError) as caught:
        rehearse(mesh, kind, spec, name)
    assert caught.value.status in (400, 403, 422), caught.value
    return str(caught.value.body)


def changed(mesh: Mesh, spec: Object) -> Object:
    """Change the control plane as a dry run."""
    return mesh.api.patch(CONTROL_PLANE, mesh.control_plane, mesh.namespace, {"spec": spec}, dry_run=True)


@pytest.mark.row("short-09")
@pytest.mark.parametrize("kind", [PEER, EXPORTS, IMPORTS])
@pytest.mark.parametrize("spec", [None, {}])
def test_an_empty_spec_is_taken(ground: Grounds, kind: str, spec: Object | None) -> None:
    """Nothing validates federation objects: no spec at all, or an empty one, is accepted."""
    rehearse(ground.red, kind, spec)


@pytest.mark.row("input-peer-accepted")
@pytest.mark.parametrize(
    "spec",
    [
        {"remote": {"addresses": ["192.0.2.1"]}},
        {"remote": {"addresses": []}, "security": {"trustDomain": "x.local"}},
        {"remote": {"addresses": ["192.0.2.1"], "discoveryPort": 0}},
        {"remote": {"addresses": ["192.0.2.1"], "discoveryPort": 99999}},
        {"security": {"certificateChain": {"kind": "Secret", "name": "x"}}},
        {"gateways": {"ingress": {}, "egress": {"name": "x"}}},
    ],
    ids=["no-security-no-gateways", "empty-addresses", "port-0", "port-99999", "chain-secret", "gateway-without-name"],
)
def test_a_peer_that_makes_no_sense_is_taken(ground: Grounds, spec: dict[str, Any]) -> None:
    """The schema of a peer demands next to nothing."""
    rehearse(ground.red, PEER, spec)


@pytest.mark.row("input-peer-refused")
def test_a_peer_of_wrong_types_is_refused(ground: Grounds) -> None:
    """A port as string and a bad name are refused, unknown fields are pruned."""
    assert "integer" in refused(ground.red, PEER, {"remote": {"discoveryPort": "8188"}})
    assert "Bad_Name" in refused(ground.red, PEER, {}, "Bad_Name")
    kept = rehearse(ground.red, PEER, {"remote": {"addresses": ["192.0.2.1"], "nonsense": 1}, "also": "nonsense"})
    assert kept["spec"] == {"remote": {"addresses": ["192.0.2.1"]}}


@pytest.mark.row("input-exports")
def test_an_export_rule_needs_a_type_of_any_kind(ground: Grounds) -> None:
    """No type is refused; a type that does not exist, or a NameSelector without its selector, is not."""
    words = refused(ground.red, EXPORTS, {"exportRules": [{"nameSelector": {"name": "x"}}]})
    assert "type" in words and "Required" in words
    rehearse(ground.red, EXPORTS, {"exportRules": [{"type": "Bogus"}, {"type": "NameSelector"}]})


@pytest.mark.row("input-imports")
def test_an_import_set_is_hardly_looked_at(ground: Grounds) -> None:
    """importAsLocal without alias and a zone without region are taken; labelSelector is no field and is pruned."""
    spec: Object = {
        "locality": {"zone": "a"},
        "importRules": [
            {"type": "NameSelector", "importAsLocal": True, "nameSelector": {"name": "x"}},
            {"type": "LabelSelector", "labelSelector": {"namespace": "x"}},
        ],
    }
    kept = rehearse(ground.red, IMPORTS, spec)
    assert kept["spec"] == spec | {"importRules": [spec["importRules"][0], {"type": "LabelSelector"}]}


@pytest.mark.row("input-second-control-plane")
def test_one_control_plane_per_namespace(ground: Grounds) -> None:
    """A second one in the same namespace is refused."""
    words = refused(ground.red, CONTROL_PLANE, {"version": "v2.5"}, "second")
    assert "only one service mesh may be installed per project/namespace" in words


@pytest.mark.row("input-version")
def test_an_unsupported_version_is_refused(ground: Grounds) -> None:
    """The refusal lists the versions that there are."""
    with pytest.raises(DynamicApiError) as caught:
        changed(ground.red, {"version": "v9.9"})
    assert "invalid Version specified; supported versions are: [v2.0 v2.1" in str(caught.value.body)


@pytest.mark.row("input-gateway-name", "input-gateway-twice")
@pytest.mark.parametrize(
    ("section", "words"),
    [
        (
            {"additionalIngress": {"istio-ingressgateway": {"enabled": True}}},
            'cannot define additional gateway named \\"istio-ingressgateway\\"',
        ),
        (
            {"additionalIngress": {"a-gw": {"enabled": True}}, "additionalEgress": {"a-gw": {"enabled": True}}},
            'multiple gateways defined for \\"{namespace}/a-gw\\"',
        ),
    ],
    ids=["default-name", "twice"],
)
def test_gateways_cannot_be_called_anything(ground: Grounds, section: dict[str, Any], words: str) -> None:
    """The default gateway's name, and one name for both directions, are refused."""
    with pytest.raises(DynamicApiError) as caught:
        changed(ground.red, {"gateways": section})
    body = caught.value.body
    assert words.replace("{namespace}", ground.red.namespace) in (
        body.decode() if isinstance(body, bytes) else str(body)
    )


@pytest.mark.row("input-control-plane-accepted")
@pytest.mark.parametrize(
    "gateway",
    [
        {"a-gw": {"enabled": True, "service": {"ports": [{"port": 15443}, {"port": 8188}]}}},
        {"A_b": {"enabled": True}},
        {"a-gw": {"enabled": True, "namespace": "no-member"}},
    ],
    ids=["ports-without-names", "bad-name", "no-member"],
)
def test_gateways_that_cannot_work_are_taken(ground: Grounds, gateway: dict[str, Any]) -> None:
    """Ports without names, a name that no Service can have, a namespace outside the mesh."""
    changed(ground.red, {"gateways": {"additionalIngress": gateway}})


@pytest.mark.row("input-member-roll")
def test_a_member_roll_is_called_default(ground: Grounds) -> None:
    """Another name is refused; the control plane's own namespace and one that does not exist are taken as members."""
    words = refused(ground.red, "ServiceMeshMemberRoll", {"members": []}, "other")
    assert "ServiceMeshMemberRoll must be named 'default'" in words
    members = {"spec": {"members": [ground.red.namespace, "no-such-namespace"]}}
    ground.red.api.patch("ServiceMeshMemberRoll", "default", ground.red.namespace, members, dry_run=True)
