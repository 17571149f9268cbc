# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator: control planes, their gateways, conditions and config maps."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.dynamic.exceptions import NotFoundError

from lab import seed
from lab.api import LabMesh
from lab.conformance.conftest import Meshes
from lab.conformance.kube import Clock, Object
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import (
    CONTROL_PLANE,
    EXPORTS,
    IMPORTS,
    PEER,
    SLACK,
    assert_duration,
    condition,
    egress_of,
    has_address,
    ingress_of,
    is_connected,
    is_ready,
)

GATEWAY_KINDS = ("Deployment", "Service", "HorizontalPodAutoscaler")


@pytest.fixture()
def new_mesh(worker_meshes: Meshes) -> Iterator[Mesh]:
    """Return a mesh in a new namespace without control plane; its control plane is deleted afterwards."""
    name = f"gold-{uuid.uuid4().hex[:8]}"
    entry = LabMesh(
        name, worker_meshes.red.cluster, f"{name}-system", name, "v2.5", f"{name}.local", True, [f"{name}-app"], {}
    )
    mesh = Mesh("gold", entry, worker_meshes.red.api, worker_meshes.lab, worker_meshes.clock)
    for namespace in (entry.namespace, f"{name}-app"):
        mesh.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    yield mesh
    mesh.delete(CONTROL_PLANE, name)


def install(mesh: Mesh, **changes: object) -> Object:
    """Create the control plane."""
    body = seed.control_plane(
        {
            "control_plane": mesh.control_plane,
            "namespace": mesh.namespace,
            "version": "v2.5",
            "trust_domain": mesh.trust_domain,
        }
    )
    body["spec"] |= changes
    return mesh.api.create(dict(body))


def reasons(mesh: Mesh, kind: str, since: float) -> list[tuple[str, str]]:
    """Return the distinct (status, reason) of a condition in the order of their appearance."""
    states: list[tuple[str, str]] = []
    for seen in mesh.watch(CONTROL_PLANE).versions(mesh.control_plane, since):
        state = condition(seen.body or {}, kind)
        if state[0] and states[-1:] != [state]:
            states.append(state)
    return states


def gateways(name: str, **more: Any) -> Object:
    """Return a spec with an additional ingress and egress gateway."""
    return {
        "gateways": {
            "additionalIngress": {f"{name}-ingress": ingress_of(name, **more)},
            "additionalEgress": {f"{name}-egress": egress_of(name)},
        }
    }


@pytest.mark.observation("operator-config-maps")
def test_mesh_has_config_maps(meshes: Meshes) -> None:
    """A mesh has the config map of the root, of its configuration and of the injector."""
    red = meshes.red
    for name in ("istio-ca-root-cert", f"istio-{red.control_plane}", f"istio-sidecar-injector-{red.control_plane}"):
        assert red.watch("ConfigMap").current(name), f"no config map {name}"


@pytest.mark.observation("operator-install", "operator-config-maps", "operator-ca", "operator-webhook")
def test_installation_conditions_and_duration(new_mesh: Mesh, clock: Clock) -> None:
    """A control plane without gateways: ResourceCreated, PausingInstall, InstallSuccessful within 22-25 s, the root earlier."""
    maps, secrets = new_mesh.watch("ConfigMap"), new_mesh.watch("Secret")
    begin = time.monotonic()
    new_mesh.watch(CONTROL_PLANE)
    install(new_mesh)
    root = maps.until(
        "istio-ca-root-cert",
        lambda body: body and body["data"]["root-cert.pem"].startswith("-----BEGIN CERT"),
        clock.real(30) + SLACK,
        begin,
    )
    done = new_mesh.until(CONTROL_PLANE, new_mesh.control_plane, lambda body: body and is_ready(body), 40, begin)
    assert_duration(clock, begin, done.moment, 20, 25)
    assert_duration(clock, begin, root.moment, 4, 22)
    assert reasons(new_mesh, "Reconciled", begin) == [
        ("False", "ResourceCreated"),
        ("False", "PausingInstall"),
        ("True", "InstallSuccessful"),
    ]
    assert reasons(new_mesh, "Ready", begin)[-1] == ("True", "ComponentsReady")
    assert {status for status, dummy in reasons(new_mesh, "Ready", begin)[:-1]} == {"False"}
    secret = secrets.current("istio-ca-secret")
    assert secret and not secret["metadata"].get("ownerReferences")
    assert done.body and done.body["metadata"]["finalizers"] == ["maistra.io/istio-operator"]


@pytest.mark.observation("operator-webhook")
def test_webhook_sets_target_ports_and_profile(new_mesh: Mesh, meshes: Meshes) -> None:
    """A dry run shows the defaults of the mutating webhook and changes nothing."""
    body = seed.control_plane(
        {
            "control_plane": new_mesh.control_plane,
            "namespace": new_mesh.namespace,
            "version": "v2.5",
            "trust_domain": None,
        }
    )
    del body["spec"]["profiles"]
    body["spec"] |= gateways("extra")
    preview = new_mesh.api.create(body, dry_run=True)
    assert preview["spec"]["profiles"] == ["default"]
    for section in ("additionalIngress", "additionalEgress"):
        (gateway,) = preview["spec"]["gateways"][section].values()
        assert [port["targetPort"] for port in gateway["service"]["ports"]] == [0, 0]
    with pytest.raises(NotFoundError):
        new_mesh.smcp()
    before = meshes.red.smcp()
    preview = meshes.red.apply_smcp(gateways("extra"), "pair/extra", dry_run=True)
    port = preview["spec"]["gateways"]["additionalIngress"]["extra-ingress"]["service"]["ports"][0]
    assert port == {"name": "tls", "port": 15443, "targetPort": 0}
    assert meshes.red.smcp()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


@pytest.mark.observation("operator-change", "operator-conditions", "short-07")
def test_change_keeps_the_old_ready_for_a_moment(meshes: Meshes, clock: Clock) -> None:
    """After any change: the old Ready, then SpecUpdated, then Ready at the new generation after 5-8 s."""
    red = meshes.red
    red.watch(CONTROL_PLANE)
    begin = time.monotonic()
    generation = red.patch(CONTROL_PLANE, red.control_plane, {"spec": {"general": {"logging": {"logAsJSON": True}}}})[
        "metadata"
    ]["generation"]
    done = red.until_ready()
    versions = [seen.body for seen in red.watch(CONTROL_PLANE).versions(red.control_plane, begin)[1:] if seen.body]
    assert condition(versions[0], "Ready")[0] == "True" and versions[0]["metadata"]["generation"] == generation
    assert versions[0]["status"]["observedGeneration"] == generation - 1
    condition_pairs = [(condition(body, "Reconciled"), condition(body, "Ready")) for body in versions]
    assert (("False", "SpecUpdated"), ("False", "SpecUpdated")) in condition_pairs
    assert reasons(red, "Reconciled", begin)[-1] == ("True", "UpdateSuccessful")
    assert reasons(red, "Ready", begin)[-1] == ("True", "ComponentsReady")
    assert_duration(clock, begin, done.moment, 4.5, 8)


@pytest.mark.observation("operator-add-gateways", "operator-objects", "operator-remove-gateways", "operator-conditions")
def test_gateways_are_added_and_removed_with_all_objects(meshes: Meshes, clock: Clock) -> None:
    """Two gateways added: Ready after about 7 s; removed: all their objects are deleted after about 6 s."""
    red = meshes.red
    begin = time.monotonic()
    route = {"routeConfig": {"enabled": True}}
    red.apply_smcp(gateways("extra", **route), "pair/extra")
    assert_duration(clock, begin, red.until_ready().moment, 5, 9)
    assert ("False", "PausingUpdate") in reasons(red, "Reconciled", begin)
    owner = red.smcp()["metadata"]["uid"]
    expected = [(kind, f"extra-{side}") for kind in GATEWAY_KINDS for side in ("ingress", "egress")]
    expected += [("ServiceAccount", f"extra-{side}-service-account") for side in ("ingress", "egress")]
    expected += [(kind, f"extra-{side}-sds") for kind in ("Role", "RoleBinding") for side in ("ingress", "egress")]
    expected += [(kind, "extra-ingress") for kind in ("Route", "NetworkPolicy")]
    for kind, name in expected:
        body = red.until(kind, name, bool, 20).body or {}
        (reference,) = body["metadata"]["ownerReferences"]
        assert reference["uid"] == owner and reference["controller"] is True, (kind, name)
    for kind in ("Route", "NetworkPolicy"):
        assert red.watch(kind).current("extra-egress") is None
    begin = time.monotonic()
    red.apply_smcp({}, "pair/extra")
    moments = [
        red.until(kind, name, lambda body: not body, 30, expected="the deletion").moment for kind, name in expected
    ]
    assert_duration(clock, begin, min(moments), 4, 10)
    red.until_ready()


@pytest.mark.observation("operator-no-autoscaler", "operator-route", "operator-labels")
def test_labels_and_selectors_of_gateways(meshes: Meshes) -> None:
    """Labels of Service and pods, selector, identity, network view; no autoscaler and no Route when disabled."""
    red = meshes.red
    no_autoscaling = {"runtime": {"deployment": {"autoScaling": {"enabled": False}}}}
    red.apply_smcp(gateways("extra", **no_autoscaling), "pair/extra")
    red.until_ready()
    service = red.until("Service", "extra-ingress", bool, 20).body or {}
    selector = {"app": "extra-ingress", "istio": "ingressgateway", "federation.maistra.io/ingress-for": "extra"}
    labels = selector | {
        "app.kubernetes.io/component": "istio-ingress",
        "app.kubernetes.io/instance": red.namespace,
        "app.kubernetes.io/managed-by": "maistra-istio-operator",
        "app.kubernetes.io/part-of": "istio",
        "istio.io/rev": red.control_plane,
        "maistra.io/owner": red.namespace,
        "maistra.io/owner-name": red.control_plane,
        "release": "istio",
    }
    assert labels.items() <= service["metadata"]["labels"].items()
    assert {"app.kubernetes.io/name", "app.kubernetes.io/version", "maistra-version"} <= set(
        service["metadata"]["labels"]
    )
    assert service["spec"]["selector"] == selector
    (pod,) = red.pods("extra-ingress").values()
    assert (
        selector
        | {
            "maistra.io/gateway": f"extra-ingress.{red.namespace}",
            "maistra-control-plane": red.namespace,
            "service.istio.io/canonical-name": "extra-ingress",
        }
    ).items() <= pod["metadata"]["labels"].items()
    (pod,) = red.pods("extra-egress").values()
    assert pod["metadata"]["labels"]["istio"] == "egressgateway"
    assert pod["spec"]["serviceAccountName"] == "extra-egress-service-account"
    assert {"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "network-extra"} in pod["spec"]["containers"][0][
        "env"
    ]
    red.until("HorizontalPodAutoscaler", "extra-egress", bool, 20)
    red.until("NetworkPolicy", "extra-ingress", bool, 20)
    assert red.watch("HorizontalPodAutoscaler").current("extra-ingress") is None
    assert red.watch("Route").current("extra-ingress") is None


@pytest.mark.observation("operator-pod-restart")
def test_restarting_pod_affects_only_ready(meshes: Meshes) -> None:
    """While a gateway's pod restarts, Ready is False with ComponentsNotReady and Reconciled stays True."""
    red = meshes.red
    red.watch(CONTROL_PLANE)
    begin = time.monotonic()
    red.restart("green-ingress")
    red.until(
        CONTROL_PLANE,
        red.control_plane,
        lambda body: condition(body, "Ready") == ("False", "ComponentsNotReady"),
        20,
        begin,
    )
    red.until_ready()
    assert [status for status, dummy in reasons(red, "Reconciled", begin)] == ["True"]


@pytest.mark.observation("operator-delete", "operator-ca")
def test_ca_outlives_the_control_plane(meshes: Meshes, clock: Clock) -> None:
    """The control plane is deleted after about 1.8 s; the CA stays, and a new control plane has the same root."""
    red = meshes.red
    root = red.root()
    red.watch(CONTROL_PLANE)
    begin = time.monotonic()
    red.delete(CONTROL_PLANE, red.control_plane)
    deleted = red.until(CONTROL_PLANE, red.control_plane, lambda body: not body, 20, begin, "the deletion")
    assert_duration(clock, begin, deleted.moment, 1.5, 5)
    red.until("Deployment", f"istiod-{red.control_plane}", lambda body: not body, 20)
    red.until("Service", "green-ingress", lambda body: not body, 20)
    assert red.api.exists("Secret", "istio-ca-secret", red.namespace)
    red.api.apply(
        seed.control_plane(
            {
                "control_plane": red.control_plane,
                "namespace": red.namespace,
                "version": "v2.5",
                "trust_domain": red.trust_domain,
            }
        ),
        "mesh-owner",
    )
    red.until(CONTROL_PLANE, red.control_plane, lambda body: body and is_ready(body), 60)
    assert red.root() == root


@pytest.mark.observation("operator-delete")
def test_deleted_control_plane_keeps_peers(pair: Pair, clock: Clock) -> None:
    """Peers, sets and config maps stay, and the peer's status still reports a connection."""
    pair.federate()
    red = pair.first.mesh
    before = pair.first.read()["status"]
    red.delete(CONTROL_PLANE, red.control_plane)
    red.until(CONTROL_PLANE, red.control_plane, lambda body: not body, 20, expected="the deletion")
    pair.second.until_disconnect_status("503", "404", "400", seconds=120)
    clock.sleep(20)
    peer = pair.first.read()
    assert is_connected(peer), peer.get("status")
    watch = peer["status"]["discoveryStatus"]["active"][0]["watch"]
    assert watch == before["discoveryStatus"]["active"][0]["watch"] | {"lastFullSync": watch["lastFullSync"]}
    for kind in (PEER, EXPORTS, IMPORTS):
        assert red.api.exists(kind, "green", red.namespace)
    assert red.api.exists("ConfigMap", "green-ca-root-cert", red.namespace)


@pytest.mark.observation("operator-trust-domain")
def test_changed_trust_domain_disconnects_all_links(pair: Pair, clock: Clock) -> None:
    """Both links are down with 503 until the old trust domain is restored (or the peers have the new one)."""
    pair.federate()
    red = pair.first.mesh
    old = set(red.pods("green-ingress"))
    change = {"spec": {"security": {"trust": {"domain": "other.local"}}}}
    begin = time.monotonic()
    red.patch(CONTROL_PLANE, red.control_plane, change)
    assert_duration(clock, begin, red.until_ready().moment, 5, 20)
    for link in pair.links:
        link.until_disconnect_status("503", seconds=120)
    assert not old & set(red.pods("green-ingress")), "gateways restart; istiod does in 2.3, and goes on in 2.5"
    clock.sleep(30)
    assert not is_connected(pair.first.read()) and not is_connected(pair.second.read())
    change["spec"]["security"]["trust"]["domain"] = red.trust_domain
    red.patch(CONTROL_PLANE, red.control_plane, change)
    pair.until_connected(150)


@pytest.mark.observation("operator-address")
@pytest.mark.parametrize("colour", ["red", "green"])
def test_recreated_service_has_another_address(meshes: Meshes, colour: str) -> None:
    """The operator recreates a deleted ingress Service, and its load balancer gets another address."""
    mesh: Mesh = getattr(meshes, colour)
    other = "green" if colour == "red" else "red"
    old, dummy, dummy = mesh.address(f"{other}-ingress")
    uid = mesh.get("Service", f"{other}-ingress")["metadata"]["uid"]
    mesh.delete("Service", f"{other}-ingress")
    mesh.until(
        "Service", f"{other}-ingress", lambda body: body and body["metadata"]["uid"] != uid and has_address(body), 60
    )
    new, dummy, dummy = mesh.address(f"{other}-ingress")
    assert new != old
