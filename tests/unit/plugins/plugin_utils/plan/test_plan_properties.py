# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties that hold for every federation, whatever its shape, its names and the existing objects."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning, types as plan_types

Json = dict[str, Any]
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
PLATFORMS = ("AWS", "Azure", "GCP", "IBMCloud", "OpenStack", "BareMetal", "None", "VSphere", "Mars", "")

names = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?\Z", fullmatch=True).filter(lambda name: name != "kubernetes")
odd_names = st.one_of(names, st.sampled_from(["egress-x", "ingress-x", "x-ca-root-cert", "the-other-one"]))


@st.composite
def federations(draw: st.DrawFn) -> tuple[model_types.Declaration, dict[str, Json]]:
    """A declaration without problems, and what is read of its meshes: several per cluster, with peers there or not."""
    hosts = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    hostvars = fed.inventory(*hosts)
    group = draw(st.lists(st.sampled_from(hosts), unique=True))
    for host in hosts:
        others = [other for other in hosts if other != host]
        hostvars[host].update(draw(_variables(others, bool(set(group) - {host}))))
    declared_meshes = fed.declare(hostvars, groups={"some": group})
    read = {}
    for number, host in enumerate(hosts):
        read[host] = fed.facts(
            host, draw(st.sampled_from(PLATFORMS)), cluster_uid=draw(st.sampled_from(["c1", "c2", None]))
        )
        if draw(st.booleans()) and number:
            read[host] = fed.unset_trust_domain(host, members=[], cluster_uid=read[host]["cluster_uid"])
        read[host]["peers"] = draw(_live_peers(host, [other for other in hosts if other != host]))
    for host in draw(st.lists(st.sampled_from(hosts), max_size=2, unique=True)):
        if draw(st.booleans()):
            read[host]["readable"] = False
        else:
            del read[host]
    return declared_meshes, read


def _variables(others: list[str], some: bool) -> st.SearchStrategy[Json]:
    rules = st.lists(st.sampled_from(["bookinfo/ratings", "*/reviews", "shop/*"]), max_size=2, unique=True)
    return st.fixed_dictionaries(
        {},
        optional={
            "mesh_peers": st.lists(st.sampled_from(others + (["some"] if some else [])), unique=True),
            "mesh_exports": rules,
            "mesh_imports": rules,
            "mesh_locality": st.just({"region": "eu"}),
            "mesh_ingress": st.sampled_from(
                [{}, {"exposure": "NodePort"}, {"exposure": "LoadBalancer", "internal": True}]
            ),
        },
    )


@st.composite
def _live_peers(draw: st.DrawFn, host: str, others: list[str]) -> list[Json]:
    """Peers that are there: ours or not, for a mesh of the federation or for another one, with any gateway names."""
    found = []
    for name in draw(st.lists(st.one_of(odd_names, st.sampled_from(others)), max_size=3, unique=True)):
        other = draw(st.sampled_from([*others, "stranger"]))
        spec: Json = {}
        if draw(st.booleans()):
            pool = st.sampled_from(["gw-one", "gw-two", f"ingress-{other}", f"egress-{other}", "istio-ingressgateway"])
            spec["gateways"] = {"ingress": {"name": draw(pool)}, "egress": {"name": draw(pool)}}
        if draw(st.booleans()):
            spec["security"] = {
                "trustDomain": f"{other}.local",
                "clientID": f"{other}.local/ns/{other}-system/sa/x-service-account",
            }
        found.append(fed.live_peer(name, namespace=f"{host}-system", ours=draw(st.sampled_from([None, other])), **spec))
    return found


def sides(plan: plan_types.Plan, *states: str) -> list[plan_types.Side]:
    return [side for by_peer in plan["sides"].values() for side in by_peer.values() if side["state"] in states]


common = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(federations())
@common
def test_each_client_id_is_the_other_sides_egress(federation: tuple[model_types.Declaration, dict[str, Json]]) -> None:
    declaration, read = federation
    plan = planning.build_plan(declaration, read, fed.NOW)
    for side in sides(plan, "ready"):
        other, back = plan["meshes"][side["peer_host"]], plan["sides"][side["peer_host"]][side["host"]]
        account = f"{back['egress']}-service-account"
        assert side["client_id"] == f"{other['trust_domain']}/ns/{other['namespace']}/sa/{account}"
        assert side["remote_trust_domain"] == other["trust_domain"]


@given(federations())
@common
def test_no_two_peers_share_a_gateway_and_names_are_valid(
    federation: tuple[model_types.Declaration, dict[str, Json]],
) -> None:
    declaration, read = federation
    plan = planning.build_plan(declaration, read, fed.NOW)
    for host in plan["sides"]:
        acting = [side for side in plan["sides"][host].values() if side["state"] != "skipped"]
        gateways = Counter(name for side in acting for name in (side["ingress"], side["egress"]))
        assert all(count == 1 for count in gateways.values()), gateways
        strangers = {
            name
            for live in read.get(host, {}).get("peers", [])
            if live["metadata"]["name"] not in {side["peer_name"] for side in acting}
            for name in _declared(live)
        }
        assert not strangers & set(gateways)
        assert len({side["peer_name"] for side in acting}) == len(acting)
        for side in acting:
            for name in (side["peer_name"], side["ingress"], side["egress"]):
                assert LABEL.match(name), name


def _declared(live: Json) -> list[str]:
    gateways = live["spec"].get("gateways", {})
    return [gateways[kind]["name"] for kind in gateways]


@given(federations())
@common
def test_planning_twice_plans_nothing_new(federation: tuple[model_types.Declaration, dict[str, Json]]) -> None:
    declaration, read = federation
    first, _wishes = fed.federate(declaration, read)
    second, objects = fed.federate(declaration, copy.deepcopy(read))
    assert fed.changes(objects) == []
    assert second["load_balancers"]["new"] == 0
    for before, after in zip(
        sides(first, "ready", "pending", "skipped"), sides(second, "ready", "pending", "skipped"), strict=True
    ):
        for key in ("peer_name", "ingress", "egress", "config_map", "client_id", "remote", "state"):
            assert dict(before)[key] == dict(after)[key], key


@given(federations(), st.randoms())
@common
def test_the_order_of_what_is_read_does_not_matter(
    federation: tuple[model_types.Declaration, dict[str, Json]], random: Any
) -> None:
    declaration, read = federation
    shuffled = copy.deepcopy(read)
    for one in shuffled.values():
        random.shuffle(one["peers"])
    shuffled = dict(sorted(shuffled.items(), reverse=True))
    straight, dummy = fed.federate(declaration, read)
    turned, dummy = fed.federate(declaration, shuffled)
    assert json.dumps(straight, sort_keys=True) == json.dumps(turned, sort_keys=True)


@given(federations())
@common
def test_an_unreadable_mesh_stops_only_its_own_pairs(
    federation: tuple[model_types.Declaration, dict[str, Json]],
) -> None:
    declaration, read = federation
    plan, objects = fed.federate(declaration, read)
    for side in sides(plan, "ready", "pending", "skipped"):
        own, other = plan["meshes"][side["host"]], plan["meshes"][side["peer_host"]]
        if not own["readable"]:
            assert side["state"] == "skipped"
        elif not other["readable"] and not side["problems"]:
            assert (side["state"], side["pending_on"]) == ("pending", side["peer_host"])
        elif not side["problems"] and not plan["sides"][side["peer_host"]][side["host"]]["problems"]:
            assert side["state"] == "ready"
    for host, mine in objects.items():
        assert mine == [] or plan["meshes"][host]["readable"]


@given(federations())
@common
def test_desired_objects_are_ours_sorted_and_complete(
    federation: tuple[model_types.Declaration, dict[str, Json]],
) -> None:
    declaration, read = federation
    before = copy.deepcopy(read)
    plan, objects = fed.federate(declaration, read)
    for host, mine in objects.items():
        kinds = [desired_object["definition"]["kind"] for desired_object in mine]
        order = {
            "ServiceMeshControlPlane": 0,
            "ImportedServiceSet": 1,
            "ExportedServiceSet": 2,
            "ConfigMap": 3,
            "ServiceMeshPeer": 3,
        }
        assert [order[kind] for kind in kinds] == sorted(order[kind] for kind in kinds)
        foreign = {
            live["metadata"]["name"] for live in before.get(host, {}).get("peers", []) if not live["metadata"]["labels"]
        }
        for desired_object in mine:
            definition = desired_object["definition"]
            if definition["kind"] == "ServiceMeshControlPlane":
                assert definition["metadata"]["uid"] == plan["meshes"][host]["uid"]
                continue
            assert (
                definition["metadata"]["labels"]["ossm.federation/peer"]
                == plan["meshes"][desired_object["peer"] or ""]["mesh"]
            )
            assert definition["kind"] != "ServiceMeshPeer" or definition["metadata"]["name"] not in foreign
            assert desired_object["unknown"] == {}
        keys = [
            (
                desired_object["definition"]["kind"],
                desired_object["definition"]["metadata"]["name"],
                desired_object["field_manager"],
            )
            for desired_object in mine
        ]
        assert len(set(keys)) == len(keys)
        assert steps.LINKING == ("gateways", "sets", "peers")
