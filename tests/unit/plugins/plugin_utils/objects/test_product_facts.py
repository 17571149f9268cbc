# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the product that the objects rest on, each shown by the smallest federation that depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._readers import control_plane as control_plane_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

Json = dict[str, Any]
RED, GREEN = "red-mesh", "green-mesh"
ROLES = Path(__file__).parents[5] / "roles"
RULES = ["b/y", "b/*", "a/x"]


def written(read: Json, **variables: Json) -> list[Json]:
    """All that is written in red, which shares with green alone; ``read`` is what is read of red."""
    sharing = {"mesh_peers": [GREEN], "mesh_exports": RULES, "mesh_imports": RULES}
    hosts = fed.inventory(RED, GREEN, red_mesh=sharing, **variables)
    green = fed.facts(GREEN)
    green["control_plane"]["object"]["spec"]["cluster"] = {"network": "far-away"}
    dummy, desired_objects = fed.federate(fed.declare(hosts), {RED: read, GREEN: green})
    return [wanted["definition"] for wanted in desired_objects[RED]]


def with_peer(name: str) -> Json:
    """What is read of red when our peer for green has another name than the mesh."""
    return fed.facts(RED, peers=[fed.live_peer(name, namespace="red-mesh-system", ours=GREEN)])


def gateways(objects: list[Json]) -> Json:
    """The gateways of all applies to the control plane, by kind."""
    found: Json = {"additionalIngress": {}, "additionalEgress": {}}
    for one in objects:
        for kind, entries in one.get("spec", {}).get("gateways", {}).items():
            if kind in found:
                found[kind].update(entries)
    return found


def test_the_network_view_goes_by_the_name_of_the_peer_alone() -> None:
    """istiod puts a peer's endpoints into network-<peer>, whatever the other mesh calls its network."""
    entries = gateways(written(with_peer("east")))["additionalEgress"]
    assert [egress["requestedNetworkView"] for egress in entries.values()] == [["network-east"]]


def test_sets_and_root_go_by_the_name_of_the_peer() -> None:
    """A set of any other name is ignored, and the root is looked for under the peer's."""
    names = {definition["kind"]: definition["metadata"]["name"] for definition in written(with_peer("east"))}
    assert (names["ImportedServiceSet"], names["ExportedServiceSet"], names["ServiceMeshPeer"]) == ("east",) * 3
    assert names["ConfigMap"] == "east-ca-root-cert"


def test_everything_goes_into_the_namespace_of_the_control_plane() -> None:
    """istiod looks nowhere else, and says nothing about what lies elsewhere."""
    objects = written(fed.facts(RED, namespace="mesh-one"))
    assert objects and {item["metadata"]["namespace"] for item in objects} == {"mesh-one"}


def test_rules_keep_their_order() -> None:
    """The first rule that matches wins, in both directions."""
    for kind, field in (("ExportedServiceSet", "exportRules"), ("ImportedServiceSet", "importRules")):
        (one,) = [found for found in written(fed.facts(RED)) if found["kind"] == kind]
        selectors = [rule["nameSelector"] for rule in one["spec"][field]]
        assert [f"{selector['namespace']}/{selector['name']}" for selector in selectors] == RULES


def test_ports_are_the_two_that_istiod_looks_for_and_lead_to_themselves() -> None:
    """istiod takes endpoints by the target port 15443; a port without one leads to its own number."""
    found = gateways(written(fed.facts(RED)))
    for entry in [*found["additionalIngress"].values(), *found["additionalEgress"].values()]:
        ports = entry["service"]["ports"]
        assert sorted(port["port"] for port in ports) == [8188, 15443]
        assert not any("targetPort" in port for port in ports)


@pytest.mark.parametrize("addresses", [["192.0.2.1", "192.0.2.2"], ["192.0.2.2", "192.0.2.1"]])
def test_the_order_of_addresses_changes_nothing(addresses: list[str]) -> None:
    """istiod takes them as a set; another order would cut the watch for nothing."""
    ingress = {"mesh_ingress": {"exposure": "LoadBalancer", "addresses": addresses}}
    (peer,) = [
        definition
        for definition in written(fed.facts(RED), green_mesh=ingress)
        if definition["kind"] == "ServiceMeshPeer"
    ]
    assert peer["spec"]["remote"] == {"addresses": ["192.0.2.1", "192.0.2.2"]}


def test_a_service_of_the_users_own_may_lead_to_a_gateway() -> None:
    """The address is declared; the gateway's own Service stays inside the cluster, where istiod looks for it."""
    ingress = {"mesh_ingress": {"peers": {RED: {"exposure": "ClusterIP", "addresses": ["198.51.100.7"]}}}}
    (peer,) = [
        definition
        for definition in written(fed.facts(RED), green_mesh=ingress)
        if definition["kind"] == "ServiceMeshPeer"
    ]
    assert peer["spec"]["remote"] == {"addresses": ["198.51.100.7"]}


def tasks(value: Any) -> Iterator[Json]:
    """All tasks below a value, those of blocks too."""
    for one in value if isinstance(value, list) else []:
        yield one
        for part in ("block", "rescue", "always"):
            yield from tasks(one.get(part))


@pytest.mark.parametrize("role", ["gateways", "sharing", "peering"])
def test_federating_deletes_nothing(role: str) -> None:
    """A peer that is deleted while its set exports something deadlocks istiod."""
    found = [
        task["ossm.federation.mesh_objects"]
        for path in (ROLES / role / "tasks").glob("*.yml")
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
        if "ossm.federation.mesh_objects" in task
    ]
    assert found and not any("state" in options for options in found)


def test_waiting_for_links_lasts_longer_than_reconnecting() -> None:
    """After a repair istiod may take two minutes to try again, twice."""
    assert VARIABLES["federation_wait_timeout"].default >= 300


def test_a_control_plane_that_is_not_ready_counts_its_components() -> None:
    status = {
        "observedGeneration": 1,
        "annotations": {"readyComponentCount": "3/5"},
        "conditions": [{"type": "Ready", "status": "False", "reason": "ComponentsNotReady"}],
    }
    plane = control_plane_reader.read_control_plane({"metadata": {"name": "red", "generation": 1}, "status": status})
    assert plane["message"] == "ComponentsNotReady (3/5 components ready)"
