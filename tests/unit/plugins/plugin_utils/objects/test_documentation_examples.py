# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the product's documentation about control plane, peer, export and import, in our variables.

For each one: which page shows it, the inventory that asks for the same, what the example writes as a table of field and
value, and the differences that are meant, by reason: the value that we write instead or in addition, or that we leave
the field out. A difference that is not listed fails, and so does a listed one that is none or has another value.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject

Json = dict[str, Any]

RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
#: In a table of differences: a documented field that we do not write.
ABSENT = object()

# Why what we write differs. Files are those of maistra/istio, maistra/istio-operator and maistra/api.
OWNER = (
    "how a mesh is run is its owner's: the documentation edits the whole control plane, we apply to it the fields of "
    "the federation alone"
)
UID = "the uid of the control plane that was read: the API server then refuses to create one under a misspelled name"
LABELS = (
    "nothing else cleans up after a federation, and the documented removal of a mesh leaves sets and ConfigMaps behind: "
    "by these labels our objects, and no others, are found again"
)
ROUTE = (
    "left to itself the operator adds a Route to every ingress gateway (istio-ingressgateway-route.yaml), which cannot "
    "carry raw TLS with other server names than its own, although the documented address of a peer looks like one"
)
VIEW = (
    "istiod puts a peer's endpoints into the network network-<peer> (federation/discovery/controller.go), while the "
    "documentation shows <colour>-network: where views are applied (2.1, 2.6, several networks) that one hides them, "
    "and imports answer 503"
)
PAIR = (
    "only the ingress gateway is shown, yet a peer needs two gateways that no other peer uses: the egress for our "
    "requests, and the ingress since istiod denies it to all others (federation/discovery/discovery.go)"
)
ROOT = (
    "istiod does not watch the ConfigMap with a peer's root but reads it when it looks at the peer "
    "(federation/discovery/controller.go), of which the documentation says nothing: with this fingerprint a new root "
    "changes the peer too"
)
KEPT = (
    "for service traffic istiod keeps the client ID and ingress gateway that it took first "
    "(federation/server/server.go): noted with the pods that did, so that a change under them is recognised"
)
DEFAULT = "false is what a rule without it means (importedserviceset_types.go), and the short form sends no default"
WHOSE = "the text speaks of federating with green-mesh, yet the example is green-mesh's own; here it is red-mesh's"
PARTIAL = "the example is cut down to the field that it is about; without an API version nothing can be applied"


class Example(NamedTuple):
    """``desired_object``: variables by host. ``written``: the documented fields. ``differences``: our values, by reason."""

    page: str
    declared: dict[str, Json]
    host: str
    kind: str
    name: str
    written: Json
    differences: dict[str, Json]
    read: dict[str, Json] = {}


def _gateway(prefix: str, way: str, name: str, *, type_: str | None, node_ports: tuple[int, int] | None = None) -> Json:
    """The fields of one documented gateway."""
    fields: Json = {
        f"{prefix}.enabled": True,
        f"{prefix}.service.metadata.labels.federation.maistra.io/{way}-for": name,
        f"{prefix}.service.ports[15443].port": 15443,
        f"{prefix}.service.ports[15443].name": "tls",
        f"{prefix}.service.ports[8188].port": 8188,
        f"{prefix}.service.ports[8188].name": "https-discovery" if way == "ingress" else "http-discovery",
    }
    if type_:
        fields[f"{prefix}.service.type"] = type_
    for number, port in zip((15443, 8188), node_ports or ()):
        fields[f"{prefix}.service.ports[{number}].nodePort"] = port
    return fields


IN = "spec.gateways.additionalIngress"
OUT = "spec.gateways.additionalEgress"
SMCP = {"apiVersion": "maistra.io/v2", "kind": "ServiceMeshControlPlane"}
FEDERATION = "federation.maistra.io/v1"


def _set(kind: str, name: str, namespace: str) -> Json:
    return {"apiVersion": FEDERATION, "kind": kind, "metadata.name": name, "metadata.namespace": namespace}


def _labels(peer: str) -> Json:
    return {
        "metadata.labels.app.kubernetes.io/managed-by": "ossm.federation",
        "metadata.labels.ossm.federation/peer": peer,
    }


EXAMPLES = [
    Example(
        page="Configuring a Service Mesh control plane for federation: red with green and blue, load balancers",
        declared={RED: {"mesh_trust_domain": "red-mesh.local", "mesh_ingress": {"exposure": "LoadBalancer"}}},
        host=RED,
        kind="ServiceMeshControlPlane",
        name=RED,
        written={
            **SMCP,
            "metadata.name": RED,
            "metadata.namespace": "red-mesh-system",
            "spec.version": "v2.4",
            "spec.runtime.defaults.container.imagePullPolicy": "Always",
            "spec.security.trust.domain": "red-mesh.local",
            **_gateway(f"{OUT}.egress-green-mesh", "egress", "egress-green-mesh", type_=None),
            f"{OUT}.egress-green-mesh.requestedNetworkView[0]": "green-network",
            **_gateway(f"{OUT}.egress-blue-mesh", "egress", "egress-blue-mesh", type_=None),
            f"{OUT}.egress-blue-mesh.requestedNetworkView[0]": "blue-network",
            **_gateway(f"{IN}.ingress-green-mesh", "ingress", "ingress-green-mesh", type_="LoadBalancer"),
            **_gateway(f"{IN}.ingress-blue-mesh", "ingress", "ingress-blue-mesh", type_="LoadBalancer"),
        },
        differences={
            OWNER: {"spec.version": ABSENT, "spec.runtime.defaults.container.imagePullPolicy": ABSENT},
            UID: {"metadata.uid": "uid-of-red-mesh"},
            VIEW: {
                f"{OUT}.egress-green-mesh.requestedNetworkView[0]": "network-green-mesh",
                f"{OUT}.egress-blue-mesh.requestedNetworkView[0]": "network-blue-mesh",
            },
            ROUTE: {
                f"{IN}.ingress-green-mesh.routeConfig.enabled": False,
                f"{IN}.ingress-blue-mesh.routeConfig.enabled": False,
            },
        },
        read={RED: fed.unset_trust_domain(RED, platform="Azure", members=[])},
    ),
    Example(
        page="Understanding federation gateways: node ports by number",
        declared={
            RED: {
                "mesh_peers": [GREEN],
                "mesh_ingress": {"exposure": "NodePort", "nodePorts": {"tls": 30510, "https-discovery": 32359}},
            },
            GREEN: {"mesh_peers": [RED]},
            BLUE: {"mesh_peers": []},
        },
        host=RED,
        kind="ServiceMeshControlPlane",
        name=RED,
        written={
            **SMCP,
            "metadata.name": GREEN,
            "metadata.namespace": "green-mesh-system",
            **_gateway(
                f"{IN}.ingress-green-mesh", "ingress", "ingress-green-mesh", type_="NodePort", node_ports=(30510, 32359)
            ),
        },
        differences={
            WHOSE: {"metadata.name": RED, "metadata.namespace": "red-mesh-system"},
            UID: {"metadata.uid": "uid-of-red-mesh"},
            ROUTE: {f"{IN}.ingress-green-mesh.routeConfig.enabled": False},
            PAIR: {
                **_gateway(f"{OUT}.egress-green-mesh", "egress", "egress-green-mesh", type_=None),
                f"{OUT}.egress-green-mesh.requestedNetworkView[0]": "network-green-mesh",
            },
        },
    ),
    Example(
        page="Understanding federation trust domain parameters",
        declared={
            RED: {"mesh_trust_domain": "red-mesh.local", "mesh_peers": []},
            GREEN: {"mesh_peers": []},
            BLUE: {"mesh_peers": []},
        },
        host=RED,
        kind="ServiceMeshControlPlane",
        name=RED,
        written={
            "kind": "ServiceMeshControlPlane",
            "metadata.name": RED,
            "metadata.namespace": "red-mesh-system",
            "spec.security.trust.domain": "red-mesh.local",
        },
        differences={PARTIAL: {"apiVersion": "maistra.io/v2"}, UID: {"metadata.uid": "uid-of-red-mesh"}},
        read={RED: fed.unset_trust_domain(RED, members=[])},
    ),
    Example(
        page="Joining a federated mesh: red's peer for green",
        declared={
            GREEN: {
                "mesh_ingress": {
                    "peers": {
                        RED: {
                            "exposure": "LoadBalancer",
                            "addresses": ["ingress-red-mesh.green-mesh-system.apps.domain.com"],
                        }
                    }
                }
            }
        },
        host=RED,
        kind="ServiceMeshPeer",
        name=GREEN,
        written={
            **_set("ServiceMeshPeer", GREEN, "red-mesh-system"),
            "spec.remote.addresses[0]": "ingress-red-mesh.green-mesh-system.apps.domain.com",
            "spec.gateways.ingress.name": "ingress-green-mesh",
            "spec.gateways.egress.name": "egress-green-mesh",
            "spec.security.trustDomain": "green-mesh.local",
            "spec.security.clientID": "green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account",
            "spec.security.certificateChain.kind": "ConfigMap",
            "spec.security.certificateChain.name": "green-mesh-ca-root-cert",
        },
        differences={
            LABELS: _labels(GREEN),
            ROOT: {"metadata.annotations.ossm.federation/root-sha256": fed.facts(GREEN)["fingerprints"][0]},
            KEPT: {
                "metadata.annotations.ossm.federation/istiod-keeps": (
                    '{"clientID":"green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account",'
                    '"ingress":"ingress-green-mesh","pods":["istiod-red-mesh-1"]}'
                )
            },
        },
    ),
    Example(
        page="Exporting a service: red to green, one by name with an alias, others by label",
        declared={
            RED: {
                "mesh_exports": {
                    GREEN: [
                        {
                            "type": "NameSelector",
                            "nameSelector": {
                                "namespace": "red-mesh-bookinfo",
                                "name": "red-ratings",
                                "alias": {"namespace": "bookinfo", "name": "ratings"},
                            },
                        },
                        {
                            "type": "LabelSelector",
                            "labelSelector": {
                                "namespace": "red-mesh-bookinfo",
                                "selector": {"matchLabels": {"export-service": "true"}},
                                "aliases": [{"namespace": "*", "name": "*", "alias": {"namespace": "bookinfo"}}],
                            },
                        },
                    ]
                }
            }
        },
        host=RED,
        kind="ExportedServiceSet",
        name=GREEN,
        written={
            **_set("ExportedServiceSet", GREEN, "red-mesh-system"),
            "spec.exportRules[0].type": "NameSelector",
            "spec.exportRules[0].nameSelector.namespace": "red-mesh-bookinfo",
            "spec.exportRules[0].nameSelector.name": "red-ratings",
            "spec.exportRules[0].nameSelector.alias.namespace": "bookinfo",
            "spec.exportRules[0].nameSelector.alias.name": "ratings",
            "spec.exportRules[1].type": "LabelSelector",
            "spec.exportRules[1].labelSelector.namespace": "red-mesh-bookinfo",
            "spec.exportRules[1].labelSelector.selector.matchLabels.export-service": "true",
            "spec.exportRules[1].labelSelector.aliases[0].namespace": "*",
            "spec.exportRules[1].labelSelector.aliases[0].name": "*",
            "spec.exportRules[1].labelSelector.aliases[0].alias.namespace": "bookinfo",
        },
        differences={LABELS: _labels(GREEN)},
    ),
    Example(
        page="Exporting a service: red to blue, every ratings of the mesh",
        declared={RED: {"mesh_exports": {BLUE: ["*/ratings"]}}},
        host=RED,
        kind="ExportedServiceSet",
        name=BLUE,
        written={
            **_set("ExportedServiceSet", BLUE, "red-mesh-system"),
            "spec.exportRules[0].type": "NameSelector",
            "spec.exportRules[0].nameSelector.namespace": "*",
            "spec.exportRules[0].nameSelector.name": "ratings",
        },
        differences={LABELS: _labels(BLUE)},
    ),
    Example(
        page="Exporting a service: red to green, a whole namespace",
        declared={RED: {"mesh_exports": {GREEN: ["west-data-center/*"]}}},
        host=RED,
        kind="ExportedServiceSet",
        name=GREEN,
        written={
            **_set("ExportedServiceSet", GREEN, "red-mesh-system"),
            "spec.exportRules[0].type": "NameSelector",
            "spec.exportRules[0].nameSelector.namespace": "west-data-center",
            "spec.exportRules[0].nameSelector.name": "*",
        },
        differences={LABELS: _labels(GREEN)},
    ),
    Example(
        page="Importing a service: green from red, with an alias",
        declared={
            GREEN: {
                "mesh_imports": {
                    RED: [
                        {
                            "type": "NameSelector",
                            "importAsLocal": False,
                            "nameSelector": {
                                "namespace": "bookinfo",
                                "name": "ratings",
                                "alias": {"namespace": "bookinfo", "name": "ratings"},
                            },
                        }
                    ]
                }
            }
        },
        host=GREEN,
        kind="ImportedServiceSet",
        name=RED,
        written={
            **_set("ImportedServiceSet", RED, "green-mesh-system"),
            "spec.importRules[0].type": "NameSelector",
            "spec.importRules[0].importAsLocal": False,
            "spec.importRules[0].nameSelector.namespace": "bookinfo",
            "spec.importRules[0].nameSelector.name": "ratings",
            "spec.importRules[0].nameSelector.alias.namespace": "bookinfo",
            "spec.importRules[0].nameSelector.alias.name": "ratings",
        },
        differences={LABELS: _labels(RED)},
    ),
    Example(
        page="Importing a service: blue from red, under its own name",
        declared={BLUE: {"mesh_imports": {RED: ["bookinfo/ratings"]}}},
        host=BLUE,
        kind="ImportedServiceSet",
        name=RED,
        written={
            **_set("ImportedServiceSet", RED, "blue-mesh-system"),
            "spec.importRules[0].type": "NameSelector",
            "spec.importRules[0].importAsLocal": False,
            "spec.importRules[0].nameSelector.namespace": "bookinfo",
            "spec.importRules[0].nameSelector.name": "ratings",
        },
        differences={LABELS: _labels(RED), DEFAULT: {"spec.importRules[0].importAsLocal": ABSENT}},
    ),
    Example(
        page="Importing a service: green from red, a whole namespace",
        declared={GREEN: {"mesh_imports": {RED: ["west-data-center/*"]}}},
        host=GREEN,
        kind="ImportedServiceSet",
        name=RED,
        written={
            **_set("ImportedServiceSet", RED, "green-mesh-system"),
            "spec.importRules[0].type": "NameSelector",
            "spec.importRules[0].importAsLocal": False,
            "spec.importRules[0].nameSelector.namespace": "west-data-center",
            "spec.importRules[0].nameSelector.name": "*",
        },
        differences={LABELS: _labels(RED), DEFAULT: {"spec.importRules[0].importAsLocal": ABSENT}},
    ),
    Example(
        page="Configuring an ImportedServiceSet for failover: green from red, which is in us-west",
        declared={
            GREEN: {
                "mesh_imports": {
                    RED: [
                        {
                            "type": "NameSelector",
                            "importAsLocal": True,
                            "nameSelector": {
                                "namespace": "bookinfo",
                                "name": "ratings",
                                "alias": {"namespace": "bookinfo", "name": "ratings"},
                            },
                        }
                    ]
                }
            },
            RED: {"mesh_locality": {"region": "us-west"}},
        },
        host=GREEN,
        kind="ImportedServiceSet",
        name=RED,
        written={
            **_set("ImportedServiceSet", RED, "green-mesh-system"),
            "spec.importRules[0].type": "NameSelector",
            "spec.importRules[0].importAsLocal": True,
            "spec.importRules[0].nameSelector.namespace": "bookinfo",
            "spec.importRules[0].nameSelector.name": "ratings",
            "spec.importRules[0].nameSelector.alias.namespace": "bookinfo",
            "spec.importRules[0].nameSelector.alias.name": "ratings",
            "spec.locality.region": "us-west",
        },
        differences={LABELS: _labels(RED)},
    ),
]


def fields(value: Any, path: str = "") -> Json:
    """Every leaf of an object by its path; ports by their number, as the API server knows them."""
    if value and isinstance(value, dict):
        return {
            key: leaf
            for name, inner in value.items()
            for key, leaf in fields(inner, f"{path}.{name}".lstrip(".")).items()
        }
    if value and isinstance(value, list):
        return {
            key: leaf
            for index, inner in enumerate(value)
            for key, leaf in fields(inner, f"{path}[{inner['port'] if path.endswith('.ports') else index}]").items()
        }
    return {path: value}


def sent(objects: list[DesiredObject], kind: str, name: str) -> Json:
    """The fields of one object, of all field managers together."""
    together: Json = {}
    for desired_object in objects:
        if (desired_object["definition"]["kind"], desired_object["definition"]["metadata"]["name"]) == (kind, name):
            together.update(fields(desired_object["definition"]))
    return together


def wanted(example: Example) -> Json:
    """The documented fields with our differences, each of which has to be one."""
    ours = dict(example.written)
    for why, values in example.differences.items():
        for path, value in values.items():
            assert ours.pop(path, ABSENT) != value, f"{path} is no difference: {why}"
            if value is not ABSENT:
                ours[path] = value
    return ours


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.page for example in EXAMPLES])
def test_we_write_what_the_documentation_writes(example: Example) -> None:
    declaration = fed.declare(
        fed.inventory(**{host.replace("-", "_"): variables for host, variables in example.declared.items()})
    )
    assert [product_types.problem_line(problem) for problem in declaration["problems"]] == []
    read = {host: example.read.get(host) or fed.facts(host, "Azure") for host in fed.COLOURS}
    plan, objects = fed.federate(declaration, read)
    assert [product_types.problem_line(problem) for problem in plan["problems"]] == []
    ours = sent(objects[example.host], example.kind, example.name)
    expected = wanted(example)
    assert ours == expected
    # To Python 1 is True, to the API server it is not.
    assert {path: type(value) for path, value in ours.items()} == {path: type(expected[path]) for path in ours}


def test_the_root_of_the_peer_is_written_as_documented() -> None:
    """The documentation names the ConfigMap of the peer's root and no example shows it: key and place are istiod's."""
    _made, objects = fed.federate(fed.declare(fed.inventory()), {host: fed.facts(host) for host in fed.COLOURS})
    found = sent(objects[RED], "ConfigMap", "green-mesh-ca-root-cert")
    assert found["data.root-cert.pem"] == "root of green-mesh\n"
    assert found["metadata.namespace"] == "red-mesh-system"
