# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are rejected before a cluster is read."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem

_LONG = "m" * 56
# name, variables of red-mesh, the place, the code, a part of the words
REJECTED: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("no access", {"mesh_kubeconfig": None}, "mesh_kubeconfig", "access-missing", "mesh_context or mesh_host"),
    ("unknown peer", {"mesh_peers": ["gren-mesh"]}, "mesh_peers", "peer-unknown", "Did you mean green-mesh"),
    ("unknown peer, nothing close", {"mesh_peers": ["x"]}, "mesh_peers", "peer-unknown", "into the inventory"),
    ("peer of itself", {"mesh_peers": ["red-mesh"]}, "mesh_peers", "peer-self", "peer of itself"),
    (
        "peer of itself by its other name",
        {"mesh_name": "rubin", "mesh_peers": ["rubin"]},
        "mesh_peers",
        "peer-self",
        "itself",
    ),
    (
        "name too long for ingress-<peer>",
        {"mesh_name": _LONG},
        "mesh_name",
        "name-invalid",
        "at most 55 characters",
    ),
    ("name that is no label", {"mesh_name": "Red_Mesh"}, "mesh_name", "name-invalid", "lower case"),
    ("namespace too long", {"mesh_namespace": "n" * 64}, "mesh_namespace", "name-invalid", "at most 63 characters"),
    (
        "control plane too long",
        {"mesh_control_plane": "c" * 57},
        "mesh_control_plane",
        "name-invalid",
        "at most 56 characters",
    ),
    (
        "trust domain with scheme",
        {"mesh_trust_domain": "spiffe://red"},
        "mesh_trust_domain",
        "trust-domain-invalid",
        "spiffe://",
    ),
    (
        "trust domain with space",
        {"mesh_trust_domain": "red mesh"},
        "mesh_trust_domain",
        "trust-domain-invalid",
        "lower case",
    ),
    ("trust domain too long", {"mesh_trust_domain": "t" * 256}, "mesh_trust_domain", "trust-domain-invalid", "255"),
    ("named like the registry", {"mesh_name": "kubernetes"}, "mesh_name", "peer-name-registry", "registry"),
    ("misspelled variable", {"mesh_kubeconfg": "x"}, "mesh_kubeconfg", "variable-misspelled", "mesh_kubeconfig"),
    ("misspelled, other prefix", {"mesh_adopt": True}, "mesh_adopt", "variable-misspelled", "federation_adopt"),
    (
        "misspelled option",
        {"federation_waittimeout": 3},
        "federation_waittimeout",
        "variable-misspelled",
        "federation_wait_timeout",
    ),
    ("wrong type", {"mesh_peers": 7}, "mesh_peers", "variable-type", "must be a list"),
    (
        "wrong type of option",
        {"federation_wait_timeout": "soon"},
        "federation_wait_timeout",
        "variable-type",
        "must be a whole number",
    ),
    (
        "list with no name in it",
        {"mesh_peers": [7]},
        "mesh_peers",
        "variable-type",
        "a list with entries that are a string",
    ),
    ("empty text", {"mesh_context": ""}, "mesh_context", "variable-type", "empty"),
    ("option of one host", {"federation_adopt": True}, "federation_adopt", "option-differs", "concerns them all"),
    ("two hosts of one name", {"mesh_name": "green-mesh"}, "mesh_name", "mesh-duplicate", "green-mesh, red-mesh"),
    ("exports to an unknown peer", {"mesh_exports": {"pink": []}}, "mesh_exports", "peer-unknown", "pink"),
    (
        "exports to no peer",
        {"mesh_peers": ["green-mesh"], "mesh_exports": {"red-mesh": []}},
        "mesh_exports.red-mesh",
        "peer-not-paired",
        "are not a pair",
    ),
    ("exports that are no list", {"mesh_exports": 1}, "mesh_exports", "rule-shape", "list"),
    ("rule that is no dictionary", {"mesh_exports": [1]}, "mesh_exports[0]", "rule-shape", "dictionary"),
    ("short rule without namespace", {"mesh_exports": ["ratings"]}, "mesh_exports[0]", "rule-short", "namespace/name"),
    (
        "short rule with partial wildcard",
        {"mesh_imports": ["bookinfo/rat*"]},
        "mesh_imports[0].name",
        "rule-wildcard",
        "wildcards",
    ),
    (
        "rule of unknown type",
        {"mesh_exports": [{"type": "ServiceSelector"}]},
        "mesh_exports[0].type",
        "rule-type",
        "skips",
    ),
    (
        "rule without type",
        {"mesh_exports": [{"nameSelector": {}}]},
        "mesh_exports[0].type",
        "rule-type",
        "NameSelector",
    ),
    (
        "import by label",
        {"mesh_imports": [{"type": "LabelSelector", "labelSelector": {}}]},
        "mesh_imports[0].type",
        "rule-type",
        "NameSelector",
    ),
    (
        "rule without body",
        {"mesh_exports": [{"type": "NameSelector"}]},
        "mesh_exports[0]",
        "rule-body",
        "nameSelector must be a dictionary",
    ),
    (
        "rule with two bodies",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {}, "labelSelector": {}}]},
        "mesh_exports[0].labelSelector",
        "rule-body",
        "ignores",
    ),
    (
        "capital selector",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"Selector": {}}}]},
        "mesh_exports[0].labelSelector.Selector",
        "key-unknown",
        "selector",
    ),
    (
        "alias for aliases",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"alias": []}}]},
        "mesh_exports[0].labelSelector.alias",
        "key-unknown",
        "aliases",
    ),
    (
        "aliases that are no list",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"aliases": {}}}]},
        "mesh_exports[0].labelSelector.aliases",
        "rule-shape",
        "list",
    ),
    (
        "label selector of everything",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"namespace": "a"}}]},
        "mesh_exports[0].labelSelector",
        "rule-selector",
        "every service",
    ),
    (
        "labels that are no strings",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"selector": {"matchLabels": {"a": True}}}}]},
        "mesh_exports[0].labelSelector.selector.matchLabels",
        "rule-shape",
        "Quote",
    ),
    (
        "unknown operator",
        {
            "mesh_exports": [
                {
                    "type": "LabelSelector",
                    "labelSelector": {"selector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}},
                }
            ]
        },
        "mesh_exports[0].labelSelector.selector.matchExpressions[0].operator",
        "rule-shape",
        "In, NotIn",
    ),
    (
        "importAsLocal too deep",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {"importAsLocal": True}}]},
        "mesh_imports[0].nameSelector.importAsLocal",
        "key-unknown",
        "accepted are alias, name, namespace",
    ),
    (
        "importAsLocal in typographic quotes",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {}, "importAsLocal": "\u201ctrue\u201d"}]},
        "mesh_imports[0].importAsLocal",
        "rule-shape",
        "quotes",
    ),
    (
        "importAsLocal without namespace",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {"alias": {"name": "a"}}, "importAsLocal": True}]},
        "mesh_imports[0]",
        "rule-local",
        "alias.namespace",
    ),
    (
        "the cluster's suffix",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {}, "domainSuffix": "svc.cluster.local"}]},
        "mesh_imports[0].domainSuffix",
        "rule-local",
        "importAsLocal",
    ),
    (
        "unknown key of an alias",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {"alias": {"ns": "a"}}}]},
        "mesh_exports[0].nameSelector.alias.ns",
        "key-unknown",
        "name",
    ),
    (
        "name that is no string",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {"name": 1}}]},
        "mesh_exports[0].nameSelector.name",
        "rule-shape",
        "must be a string",
    ),
    (
        "unknown key of ingress",
        {"mesh_ingress": {"exposur": "NodePort"}},
        "mesh_ingress.exposur",
        "key-unknown",
        "exposure",
    ),
    ("a Route", {"mesh_ingress": {"exposure": "Route"}}, "mesh_ingress.exposure", "ingress-value", "Route cannot"),
    (
        "a Route, and what can serve",
        {"mesh_ingress": {"exposure": "route"}},
        "mesh_ingress.exposure",
        "ingress-value",
        "mesh_ingress.addresses",
    ),
    (
        "an Ingress",
        {"mesh_ingress": {"exposure": "Ingress"}},
        "mesh_ingress.exposure",
        "ingress-value",
        "Ingress cannot",
    ),
    (
        "a fixed address that is none",
        {"mesh_ingress": {"loadBalancerIP": "balancer.example"}},
        "mesh_ingress.loadBalancerIP",
        "ingress-value",
        "IP address",
    ),
    (
        "one fixed address for two gateways",
        {"mesh_ingress": {"loadBalancerIP": "192.0.2.1"}},
        "mesh_ingress",
        "ingress-shared",
        "mesh_ingress.peers",
    ),
    (
        "source ranges without mask",
        {"mesh_ingress": {"loadBalancerSourceRanges": ["192.0.2.1"]}},
        "mesh_ingress.loadBalancerSourceRanges",
        "ingress-value",
        "192.0.2.0/24",
    ),
    (
        "another traffic policy",
        {"mesh_ingress": {"externalTrafficPolicy": "local"}},
        "mesh_ingress.externalTrafficPolicy",
        "ingress-value",
        "Cluster, Local",
    ),
    (
        "a platform that is misspelled",
        {"mesh_platform": "BareMetall"},
        "mesh_platform",
        "platform-unknown",
        "BareMetal",
    ),
    ("a platform that does not exist", {"mesh_platform": "Mars"}, "mesh_platform", "platform-unknown", "one of AWS"),
    (
        "annotation that is no string",
        {"mesh_ingress": {"annotations": {"a": True}}},
        "mesh_ingress.annotations",
        "ingress-value",
        "quote",
    ),
    (
        "port out of range",
        {"mesh_ingress": {"discoveryPort": 99999}},
        "mesh_ingress.discoveryPort",
        "ingress-value",
        "port",
    ),
    (
        "unknown node port",
        {"mesh_ingress": {"nodePorts": {"https": 30001}}},
        "mesh_ingress.nodePorts.https",
        "key-unknown",
        "tls",
    ),
    (
        "node ports for two gateways",
        {"mesh_ingress": {"nodePorts": {"tls": 30001}}},
        "mesh_ingress",
        "ingress-shared",
        "node port 30001",
    ),
    (
        "one address for two gateways",
        {"mesh_ingress": {"exposure": "LoadBalancer", "addresses": ["192.0.2.1"]}},
        "mesh_ingress",
        "ingress-shared",
        "192.0.2.1:8188",
    ),
    (
        "one address and port for two",
        {"mesh_ingress": {"addresses": ["192.0.2.1"], "discoveryPort": 1}},
        "mesh_ingress",
        "ingress-shared",
        "192.0.2.1:1",
    ),
    ("ingress of no peer", {"mesh_ingress": {"peers": {"pink": {}}}}, "mesh_ingress.peers", "peer-unknown", "pink"),
    ("ingress peers as list", {"mesh_ingress": {"peers": []}}, "mesh_ingress.peers", "ingress-value", "dictionary"),
    (
        "ingress peer as list",
        {"mesh_ingress": {"peers": {"green-mesh": []}}},
        "mesh_ingress.peers.green-mesh",
        "ingress-value",
        "keys",
    ),
    (
        "zone without region",
        {"mesh_locality": {"zone": "a"}},
        "mesh_locality.zone",
        "locality-value",
        "must have region",
    ),
    ("unknown key of locality", {"mesh_locality": {"area": "a"}}, "mesh_locality.area", "key-unknown", "region"),
    ("locality that is no string", {"mesh_locality": {"region": 1}}, "mesh_locality.region", "locality-value", "Quote"),
]


#: Words of a fix that say nothing by themselves.
FILLERS = frozenset(
    "a add all an another be choose correct each for from give in it its key list name not of or remove set the this to "
    "value whole with write".split()
)


def adds_something(found: Problem) -> bool:
    """Whether the fix of a problem is empty, or says more than its message and its place."""
    words = set(re.findall(r"[\w/*.-]+", found["remedy"].lower()))
    said = set(re.findall(r"[\w/*.-]+", f"{found['where']} {found['message']}".lower()))
    return not found["remedy"] or bool(words - said - FILLERS)
