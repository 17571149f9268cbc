# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""adopt.yml: three federations that people made by hand become an inventory, with which federate.yml changes nothing. The tests build on
each other.

The names are those of the product's documentation, of the sample scripts (maistra/istio samples/federation/base), and of the add-on for
Advanced Cluster Management (stolostron/multicluster-mesh-addon pkg/translate/translate-ossm.go and pkg/agent/federation).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import FEDERATE, ROOT, TIMEOUTS, Federation, Object, Run, request_lines, run_playbook
from lab.api import Lab

ADOPT = ROOT / "playbooks" / "adopt.yml"
UNLINK = ROOT / "playbooks" / "unlink.yml"
#: The field manager of ``kubectl apply`` without ``--server-side``.
KUBECTL = "kubectl-client-side-apply"
PAIRS = (("red-mesh", "green-mesh"), ("one", "two"), ("east", "west"))
SIDES = [side for pair in PAIRS for side in (pair, pair[::-1])]
#: What each mesh calls the other, and its gateways: as the documentation, the samples and the add-on have it.
PEER_NAMES = {**{name: name for name in ("red-mesh", "green-mesh", "east", "west")}, "one": "mesh1", "two": "mesh2"}
TOPOLOGY: Object = {
    "clusters": {"red": {"platform": "AWS"}, "green": {"platform": "Azure"}},
    "meshes": {
        "red-mesh": {"cluster": "red", "members": {"red-mesh-bookinfo": ["red-ratings", "reviews"]}},
        "green-mesh": {"cluster": "green"},
        "one": {
            "cluster": "red",
            "namespace": "mesh1-system",
            "control_plane": "fed-export",
            "trust_domain": "mesh1.local",
            "members": {"mesh1-bookinfo": ["ratings", "mongodb"]},
        },
        "two": {
            "cluster": "green",
            "namespace": "mesh2-system",
            "control_plane": "fed-import",
            "trust_domain": "mesh2.local",
            "members": {"mesh2-bookinfo": ["ratings"]},
        },
        "east": {"cluster": "red", "namespace": "mesh-system", "members": {"east-bookinfo": ["ratings"]}},
        "west": {"cluster": "green", "namespace": "mesh-system", "members": {"west-bookinfo": ["ratings"]}},
    },
}
SMALL = {"deployment": {"autoScaling": {"enabled": False}}, "container": {"resources": {"requests": {"cpu": "10m"}}}}


def _rule(namespace: str, name: str | None = None, alias: Object | None = None, **more: Any) -> Object:
    selector = {"namespace": namespace, "name": name, "alias": alias}
    return {
        "type": "NameSelector",
        **more,
        "nameSelector": {key: value for key, value in selector.items() if value is not None},
    }


RATINGS = {"namespace": "bookinfo", "name": "ratings"}
LABELS = {"matchLabels": {"export-service": "true"}}
#: Export and import rules by side.
EXPORTS = {
    ("red-mesh", "green-mesh"): [
        _rule("red-mesh-bookinfo", "red-ratings", RATINGS),
        {
            "type": "LabelSelector",
            "labelSelector": {
                "namespace": "red-mesh-bookinfo",
                "selector": LABELS,
                "aliases": [{"namespace": "*", "name": "*", "alias": {"namespace": "bookinfo"}}],
            },
        },
    ],
    ("one", "two"): [
        _rule("mesh1-bookinfo", name, {"namespace": "bookinfo", "name": name}) for name in ("ratings", "mongodb")
    ],
    ("east", "west"): [_rule("east-bookinfo", "ratings")],
}
IMPORTS = {
    ("green-mesh", "red-mesh"): [_rule("bookinfo", "ratings", RATINGS, importAsLocal=True)],
    ("two", "one"): [_rule("bookinfo", alias={"namespace": "mesh2-bookinfo"}, importAsLocal=False)],
    ("west", "east"): [_rule("east-bookinfo", "ratings")],
}
LOCALITIES = {("green-mesh", "red-mesh"): {"region": "us-west"}}


def names(own: str, other: str) -> tuple[str, str]:
    """Return the names of ingress and egress gateway of a side."""
    name = PEER_NAMES[other]
    if own in PAIRS[0]:
        return f"ingress-{name}", f"egress-{name}"
    return f"{name}-ingress", f"{name}-egress"


def _gateways(host: str, peer: str) -> Object:
    """Return ``spec.gateways`` of a side as the documentation, the samples or the add-on write it."""
    name, (ingress, egress) = PEER_NAMES[peer], names(host, peer)
    is_documented, is_add_on = host in PAIRS[0], host in PAIRS[2]
    ports = {
        kind: [
            {"port": port, "name": port_name, **({"targetPort": port} if is_add_on else {})}
            for port, port_name in ((15443, "tls"), (8188, f"{kind}-discovery"))
        ]
        for kind in ("http", "https")
    }
    more = {} if is_documented else {"routerMode": "sni-dnat", "runtime": SMALL}
    nlb = {} if is_documented else {"annotations": {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}}
    labels = {
        kind: {f"federation.maistra.io/{kind}-for": gateway if is_documented else name}
        for kind, gateway in (("ingress", ingress), ("egress", egress))
    }
    return {
        "additionalEgress": {
            egress: {
                "enabled": True,
                "requestedNetworkView": [f"{name[:-5]}-network" if is_documented else f"network-{name}"],
                "service": {
                    "metadata": {"labels": labels["egress"]},
                    "ports": ports["http"],
                    **({"type": "ClusterIP"} if is_add_on else {}),
                },
                **more,
            }
        },
        "additionalIngress": {
            ingress: {
                "enabled": True,
                "service": {
                    "type": "LoadBalancer",
                    "metadata": {"labels": labels["ingress"], **nlb},
                    "ports": ports["https"],
                },
                **more,
            }
        },
    }


def _objects(federation: Federation, host: str, peer: str) -> list[Object]:
    """Return the ConfigMap, the sets and the ServiceMeshPeer of a side."""
    name, (ingress, egress) = PEER_NAMES[peer], names(host, peer)
    service = federation.get(peer, "services", names(peer, host)[0])
    domain = TOPOLOGY["meshes"][peer].get("trust_domain", f"{peer}.local")
    ports = {} if host in PAIRS[0] else {"discoveryPort": 8188, "servicePort": 15443}
    spec = {
        "remote": {"addresses": [next(iter(service["status"]["loadBalancer"]["ingress"][0].values()))], **ports},
        "gateways": {"ingress": {"name": ingress}, "egress": {"name": egress}},
        "security": {
            "trustDomain": domain,
            "clientID": f"{domain}/ns/{federation.location(peer)[1]}/sa/{names(peer, host)[1]}-service-account",
            "certificateChain": {"kind": "ConfigMap", "name": f"{name}-ca-root-cert"},
        },
    }
    root = federation.get(peer, "configmaps", "istio-ca-root-cert")["data"]
    found: list[Object] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-ca-root-cert"}, "data": root}
    ]
    for kind, field, rules in (("Imported", "importRules", IMPORTS), ("Exported", "exportRules", EXPORTS)):
        if (host, peer) in rules:
            sets = {
                field: rules[host, peer],
                **({"locality": LOCALITIES[host, peer]} if (host, peer) in LOCALITIES and kind == "Imported" else {}),
            }
            found.append(
                {
                    "apiVersion": "federation.maistra.io/v1",
                    "kind": f"{kind}ServiceSet",
                    "metadata": {"name": name},
                    "spec": sets,
                }
            )
    return [
        *found,
        {"apiVersion": "federation.maistra.io/v1", "kind": "ServiceMeshPeer", "metadata": {"name": name}, "spec": spec},
    ]


def _apply(federation: Federation, build: Callable[[str, str], list[Object]]) -> None:
    """Apply the objects of all sides as a person does, those of a cluster with one command."""
    by_cluster: dict[str, list[Object]] = {}
    for host, peer in SIDES:
        cluster, namespace = federation.location(host)
        for item in build(host, peer):
            item["metadata"]["namespace"] = namespace
            by_cluster.setdefault(cluster, []).append(item)
    for cluster, items in by_cluster.items():
        federation.lab.kubectl(cluster, "apply", "-f", "-", stdin=yaml.safe_dump_all(items))


def _has_address(federation: Federation, host: str, peer: str) -> bool:
    cluster, namespace = federation.location(host)
    services = federation.lab.get(cluster, "services", namespace=namespace)
    return any(
        one["metadata"]["name"] == names(host, peer)[0] and one.get("status", {}).get("loadBalancer", {}).get("ingress")
        for one in services
    )


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Six meshes in two clusters, linked in three pairs by hand; the inventory has nothing but the access."""
    federation = Federation.for_lab(start(TOPOLOGY), tmp_path_factory.mktemp("f"), {})
    for host in federation.hosts:
        federation.hosts[host]["mesh_namespace"] = federation.location(host)[1]

    def plane(host: str, peer: str) -> list[Object]:
        name = federation.lab.meshes[host].control_plane
        spec = {"gateways": _gateways(host, peer)}
        return [
            {"apiVersion": "maistra.io/v2", "kind": "ServiceMeshControlPlane", "metadata": {"name": name}, "spec": spec}
        ]

    _apply(federation, plane)
    federation.eventually(lambda: all(_has_address(federation, *side) for side in SIDES), 120)
    _apply(federation, lambda host, peer: _objects(federation, host, peer))
    federation.eventually(lambda: len(federation.connected()) == len(SIDES), 120)
    return federation


def adopt(federation: Federation, *arguments: str, code: int = 0) -> Run:
    """Run adopt.yml, which must only read the clusters."""
    mark = federation.lab.mark()
    run = federation.play(ADOPT, *arguments)
    assert run.code == code, run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    return run


def written(federation: Federation) -> dict[str, str]:
    folder = federation.folder / "adopted"
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def with_written(federation: Federation, *arguments: str, playbook: Path = FEDERATE) -> Run:
    """Run a playbook with the inventory that was written."""
    report = f"federation_report_file={federation.folder / 'run-report.json'}"
    inventory = federation.folder / "adopted"
    run = run_playbook(playbook, inventory, federation.folder, "-e", report, "-e", json.dumps(TIMEOUTS), *arguments)
    federation.runs.append(run)
    return run


def specs(federation: Federation) -> dict[str, str]:
    """Return the bytes of what all objects say, but for their metadata and status."""
    return {
        f"{host}: {name}": json.dumps(
            {key: value for key, value in item.items() if key not in ("metadata", "status")}, sort_keys=True
        )
        for host in federation.hosts
        for name, item in federation.writable_objects(host).items()
    }


def test_check_mode_writes_no_file(federation: Federation) -> None:
    run = adopt(federation, "--check", "--diff")
    assert written(federation) == {} and "mesh_namespace: mesh1-system" in run.text
    assert run.data["verdict"] == "DESCRIBED" and len(run.data["changes"]) == len(federation.hosts) + 2


def test_the_inventory_describes_the_federations(federation: Federation) -> None:
    run = adopt(federation)
    assert run.data["verdict"] == "DESCRIBED" and run.data["problems"] == [], run.output
    files = written(federation)
    variables = {name[10:-4]: yaml.safe_load(text) for name, text in files.items() if name.startswith("host_vars/")}
    assert {host: found["mesh_peers"] for host, found in variables.items()} == {
        host: [PEER_NAMES[peer]] for host, peer in SIDES
    }
    assert {host: found.get("mesh_name") for host, found in variables.items() if "mesh_name" in found} == {
        "one": "mesh1",
        "two": "mesh2",
    }
    assert variables["red-mesh"]["mesh_exports"] == {"green-mesh": EXPORTS["red-mesh", "green-mesh"]}
    assert variables["red-mesh"]["mesh_locality"] == {"region": "us-west"}
    assert variables["two"]["mesh_imports"] == {"mesh1": IMPORTS["two", "one"]}
    assert variables["west"]["mesh_imports"] == {"east": ["east-bookinfo/ratings"]}
    assert variables["east"]["mesh_egress"] == {"peers": {"west": {"runtime": SMALL}}}
    assert "mesh_peer_names" not in str(variables) and "addresses" not in str(variables)
    left = {(one["mesh"], one["where"].rpartition(".")[2]): one["message"] for one in run.data["fields"]}
    assert left["red-mesh", "egress-green-mesh"].startswith("requestedNetworkView"), left
    assert left["mesh1", "mesh2-ingress"].startswith("name, routeConfig"), left
    assert "mesh2-ingress" in files["cannot-express.md"]


def test_a_second_run_changes_no_byte_and_edited_files_stay(federation: Federation) -> None:
    before = written(federation)
    assert adopt(federation).data["changes"] == [] and written(federation) == before
    edited = federation.folder / "adopted" / "host_vars" / "two.yml"
    edited.write_text(before["host_vars/two.yml"] + "mesh_may_export: []\n")
    run = adopt(federation, code=2)
    assert "[adopt-exists]" in run.flat and run.data["verdict"] == "FAILED"
    assert written(federation) == {**before, "host_vars/two.yml": edited.read_text()}
    edited.write_text(before["host_vars/two.yml"])


def test_federate_changes_nothing_with_it(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = with_written(federation, "--check", "--diff")
    assert run.code == 0 and run.data["changes"] == [], run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    assert set(run.cells) == set(_links()) and run.report[0].startswith("HEALTHY"), run.output


def _links() -> list[tuple[str, str]]:
    return [(PEER_NAMES[host], PEER_NAMES[peer]) for host, peer in SIDES]


def test_ownership_is_taken_without_a_change(federation: Federation) -> None:
    before = specs(federation)
    run = with_written(federation, "-e", "federation_adopt=true")
    assert run.code == 0, run.output
    assert specs(federation) == before
    for host, peer in SIDES:
        live = federation.get(host, "servicemeshpeers", PEER_NAMES[peer])
        assert live["metadata"]["labels"]["ossm.federation/peer"] == PEER_NAMES[peer]
        managers = {entry["manager"] for entry in live["metadata"]["managedFields"] if not entry.get("subresource")}
        assert managers == {KUBECTL, f"ossm.federation/{PEER_NAMES[peer]}"}
    mark = federation.lab.mark()
    run = with_written(federation)
    assert run.code == 0 and run.unchanged and specs(federation) == before, run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))


def test_what_was_adopted_can_be_removed(federation: Federation) -> None:
    pair = "mesh1,mesh2"
    run = with_written(
        federation, "-e", f"federation_unlink={pair}", "-e", f"federation_confirm={pair}", playbook=UNLINK
    )
    assert run.code == 0, run.output
    for host, peer in (PAIRS[1], PAIRS[1][::-1]):
        assert federation.left(host, PEER_NAMES[peer]) == []
    assert len(federation.connected()) == len(SIDES) - 2
