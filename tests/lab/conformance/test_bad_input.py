# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid input that the API rejects, and invalid input that it accepts. All cases are dry runs."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.dynamic.exceptions import DynamicApiError

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Object
from lab.conformance.mesh import Mesh
from lab.conformance.objects import CONTROL_PLANE, EXPORTS, IMPORTS, PEER

VERSIONS = {
    PEER: "federation.maistra.io/v1",
    EXPORTS: "federation.maistra.io/v1",
    IMPORTS: "federation.maistra.io/v1",
    CONTROL_PLANE: "maistra.io/v2",
    "ServiceMeshMemberRoll": "maistra.io/v1",
}


def dry_run_create(mesh: Mesh, kind: str, spec: Object | None, name: str = "trial") -> Object:
    """Create the object as a dry run."""
    body: Object = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": {"name": name, "namespace": mesh.namespace}}
    return mesh.api.create(body if spec is None else body | {"spec": spec}, dry_run=True)


def rejection(mesh: Mesh, kind: str, spec: Object | None, name: str = "trial") -> str:
    """Return the API's error message about an object that it rejects."""
    with pytest.raises(DynamicApiError) as caught:
        dry_run_create(mesh, kind, spec, name)
    assert caught.value.status in (400, 403, 422), caught.value
    return str(caught.value.body)


def dry_run_patch(mesh: Mesh, spec: Object) -> Object:
    """Patch the control plane as a dry run."""
    return mesh.api.patch(CONTROL_PLANE, mesh.control_plane, mesh.namespace, {"spec": spec}, dry_run=True)


@pytest.mark.observation("short-09")
@pytest.mark.parametrize("kind", [PEER, EXPORTS, IMPORTS])
@pytest.mark.parametrize("spec", [None, {}])
def test_empty_spec_is_accepted(meshes: Meshes, kind: str, spec: Object | None) -> None:
    """Federation objects without a spec, or with an empty spec, are accepted."""
    dry_run_create(meshes.red, kind, spec)


@pytest.mark.observation("input-peer-accepted")
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
def test_invalid_peer_is_accepted(meshes: Meshes, spec: dict[str, Any]) -> None:
    """The schema of a peer requires almost nothing."""
    dry_run_create(meshes.red, PEER, spec)


@pytest.mark.observation("input-peer-refused")
def test_peer_with_wrong_types_is_rejected(meshes: Meshes) -> None:
    """A port as string and an invalid name are rejected, unknown fields are pruned."""
    assert "integer" in rejection(meshes.red, PEER, {"remote": {"discoveryPort": "8188"}})
    assert "Bad_Name" in rejection(meshes.red, PEER, {}, "Bad_Name")
    stored = dry_run_create(
        meshes.red, PEER, {"remote": {"addresses": ["192.0.2.1"], "nonsense": 1}, "also": "nonsense"}
    )
    assert stored["spec"] == {"remote": {"addresses": ["192.0.2.1"]}}


@pytest.mark.observation("input-exports")
def test_export_rule_needs_any_type(meshes: Meshes) -> None:
    """A rule without type is rejected; an unknown type, or a NameSelector without selector, is accepted."""
    message = rejection(meshes.red, EXPORTS, {"exportRules": [{"nameSelector": {"name": "x"}}]})
    assert "type" in message and "Required" in message
    dry_run_create(meshes.red, EXPORTS, {"exportRules": [{"type": "Bogus"}, {"type": "NameSelector"}]})


@pytest.mark.observation("input-imports")
def test_import_set_is_hardly_validated(meshes: Meshes) -> None:
    """importAsLocal without alias and a zone without region are accepted; the unknown labelSelector is pruned."""
    spec: Object = {
        "locality": {"zone": "a"},
        "importRules": [
            {"type": "NameSelector", "importAsLocal": True, "nameSelector": {"name": "x"}},
            {"type": "LabelSelector", "labelSelector": {"namespace": "x"}},
        ],
    }
    stored = dry_run_create(meshes.red, IMPORTS, spec)
    assert stored["spec"] == spec | {"importRules": [spec["importRules"][0], {"type": "LabelSelector"}]}


@pytest.mark.observation("input-second-control-plane")
def test_second_control_plane_is_rejected(meshes: Meshes) -> None:
    """A second control plane in the same namespace is rejected."""
    message = rejection(meshes.red, CONTROL_PLANE, {"version": "v2.5"}, "second")
    assert "only one service mesh may be installed per project/namespace" in message


@pytest.mark.observation("input-version")
def test_unsupported_version_is_rejected(meshes: Meshes) -> None:
    """The error lists the supported versions."""
    with pytest.raises(DynamicApiError) as caught:
        dry_run_patch(meshes.red, {"version": "v9.9"})
    assert "invalid Version specified; supported versions are: [v2.0 v2.1" in str(caught.value.body)


@pytest.mark.observation("input-gateway-name", "input-gateway-twice")
@pytest.mark.parametrize(
    ("section", "message"),
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
def test_reserved_and_duplicate_gateway_names_are_rejected(
    meshes: Meshes, section: dict[str, Any], message: str
) -> None:
    """The default gateway's name, and the same name for both directions, are rejected."""
    with pytest.raises(DynamicApiError) as caught:
        dry_run_patch(meshes.red, {"gateways": section})
    body = caught.value.body
    assert message.replace("{namespace}", meshes.red.namespace) in (
        body.decode() if isinstance(body, bytes) else str(body)
    )


@pytest.mark.observation("input-control-plane-accepted")
@pytest.mark.parametrize(
    "gateway",
    [
        {"a-gw": {"enabled": True, "service": {"ports": [{"port": 15443}, {"port": 8188}]}}},
        {"A_b": {"enabled": True}},
        {"a-gw": {"enabled": True, "namespace": "no-member"}},
    ],
    ids=["ports-without-names", "bad-name", "no-member"],
)
def test_invalid_gateways_are_accepted(meshes: Meshes, gateway: dict[str, Any]) -> None:
    """Ports without names, an invalid Service name, and a namespace outside the mesh are accepted."""
    dry_run_patch(meshes.red, {"gateways": {"additionalIngress": gateway}})


@pytest.mark.observation("input-member-roll")
def test_member_roll_must_be_named_default(meshes: Meshes) -> None:
    """Another name is rejected; the control plane's namespace and a missing namespace are accepted as members."""
    message = rejection(meshes.red, "ServiceMeshMemberRoll", {"members": []}, "other")
    assert "ServiceMeshMemberRoll must be named 'default'" in message
    members = {"spec": {"members": [meshes.red.namespace, "no-such-namespace"]}}
    meshes.red.api.patch("ServiceMeshMemberRoll", "default", meshes.red.namespace, members, dry_run=True)
