# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the keys of the variables that are dictionaries, in one table.

Argument specifications are compared with it by tests. ``mesh_control_plane_spec`` and ``runtime`` are the product's own
shapes (``_model.install``, ``_model.runtime``).
"""

from __future__ import annotations

import re
from typing import Dict, NamedTuple, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_NAME,
    EXPOSURES,
    SERVICE_NAME,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import (
    ADDRESSES,
    BOOLEAN,
    DICTIONARY,
    IP_ADDRESS,
    NETWORKS,
    PORT,
    TEXT_MAP,
    TEXTS,
    Domain,
    is_list_of,
    is_port,
    is_text,
    one_of,
    whole_number,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.runtime import RUNTIME

PORT_NAMES = (SERVICE_NAME, DISCOVERY_NAME)
_POLICIES = ("Cluster", "Local")
_APPROVALS = ("Automatic", "Manual")
_TEXT = TEXTS["text"]


class Key(NamedTuple):
    """A key of a dictionary. ``type`` is a type of Ansible's argument specifications."""

    type: str
    description: str
    domain: Domain
    choices: Tuple[str, ...] = ()


_RUNTIME = Key(
    "dict",
    "Runtime settings of the gateways, in the product's shape.",
    Domain(
        lambda value: isinstance(value, dict),
        f"a dictionary in the product's shape of runtime, with the keys {', '.join(RUNTIME)}",
    ),
)
INGRESS: Dict[str, Key] = {
    "exposure": Key(
        "str", "Type of the gateways' Services. Default: by the platform.", one_of(EXPOSURES), tuple(EXPOSURES)
    ),
    "internal": Key("bool", "Whether the gateways get private addresses.", BOOLEAN),
    "annotations": Key("dict", "Annotations of the gateways' Services.", TEXT_MAP),
    "labels": Key("dict", "Labels of the gateways' Services.", TEXT_MAP),
    "addresses": Key(
        "list", "Addresses at which the peers reach the gateways. Default: read in the cluster.", ADDRESSES
    ),
    "discoveryPort": Key("int", "Port at which the peers reach discovery. Default: read in the cluster.", PORT),
    "servicePort": Key("int", "Port at which the peers reach services. Default: read in the cluster.", PORT),
    "nodePorts": Key(
        "dict",
        "Node ports of the gateways' Services, by port name.",
        Domain(
            lambda value: isinstance(value, dict) and all(map(is_port, value.values())),
            f"a dictionary of port numbers from 1 to 65535 with the keys {' and '.join(PORT_NAMES)}",
        ),
    ),
    "loadBalancerIP": Key("str", "Fixed address of the load balancer.", IP_ADDRESS),
    "loadBalancerSourceRanges": Key("list", "Networks from which the load balancer is reachable.", NETWORKS),
    "externalTrafficPolicy": Key("str", "Traffic policy of the gateways' Services.", one_of(_POLICIES), _POLICIES),
    "runtime": _RUNTIME,
}
EGRESS: Dict[str, Key] = {"runtime": _RUNTIME}
LOCALITY: Dict[str, Key] = {
    "region": Key("str", "Region of the mesh.", _TEXT),
    "zone": Key("str", "Zone of the mesh; it needs a region.", _TEXT),
    "subzone": Key("str", "Subzone of the mesh; it needs a zone.", _TEXT),
}
SUBSCRIPTION: Dict[str, Key] = {
    "name": Key("str", "Name of the operator's package.", _TEXT),
    "channel": Key("str", "Channel of the package.", _TEXT),
    "source": Key("str", "Name of the CatalogSource.", _TEXT),
    "sourceNamespace": Key("str", "Namespace of the CatalogSource.", TEXTS["label"]),
    "installPlanApproval": Key("str", "Approval of install plans.", one_of(_APPROVALS), _APPROVALS),
    "startingCSV": Key("str", "First version of the operator to install.", _TEXT),
    "config": Key("dict", "Configuration of the operator's Deployment, in the shape of the Subscription.", DICTIONARY),
}
_DURATION = Domain(
    lambda value: isinstance(value, str) and re.fullmatch(r"[0-9]+(ms|s|m|h)", value) is not None,
    "a duration such as 10s or 1m",
)
_PERCENT = whole_number(0, 100)
_COUNT = whole_number(0, None)
#: The fields of ``outlierDetection`` of a DestinationRule (istio/api networking/v1beta1, OutlierDetection).
OUTLIER: Dict[str, Key] = {
    "consecutive5xxErrors": Key("int", "Errors 5xx in a row after which an endpoint is ejected.", _COUNT),
    "consecutiveGatewayErrors": Key("int", "Errors 502, 503 and 504 in a row after which it is ejected.", _COUNT),
    "splitExternalLocalOriginErrors": Key("bool", "Whether errors of the connection count apart.", BOOLEAN),
    "consecutiveLocalOriginFailures": Key("int", "Errors of the connection in a row, where they count apart.", _COUNT),
    "interval": Key("str", "Time between two looks at the errors.", _DURATION),
    "baseEjectionTime": Key("str", "Shortest time of an ejection.", _DURATION),
    "maxEjectionPercent": Key("int", "Largest part of the endpoints that is ejected.", _PERCENT),
    "minHealthPercent": Key("int", "Part of healthy endpoints below which none is ejected.", _PERCENT),
}
FAILOVER: Dict[str, Key] = {
    "to": Key(
        "str",
        "The mesh that answers when the consumer's own endpoints do not: C(mesh).",
        Domain(is_text, "the name of a mesh"),
    ),
    "from_region": Key("str", "Region of the consumers. Default: C(mesh_locality) of each.", _TEXT),
    "outlier": Key(
        "dict", "When an endpoint counts as failed, in the product's shape of C(outlierDetection).", DICTIONARY
    ),
}
PROTOCOLS = ("http", "tcp")
WEIGHTS: Dict[str, Key] = {
    "local": Key("int", "Part of the requests to the consumer's own service.", _PERCENT),
    "remote": Key("int", "Part of the requests to the imported service.", _PERCENT),
    "protocol": Key("str", "What is split: requests (http) or connections (tcp).", one_of(PROTOCOLS), PROTOCOLS),
}
ALLOW: Dict[str, Key] = {
    "labels": Key("dict", "Labels of the pods of the service, in the mesh that exports it.", TEXT_MAP)
}
_SERVICE = 'of the form namespace/name, each part a name or "*"'
#: An entry of ``federation_services``.
SHARED_SERVICE: Dict[str, Key] = {
    "service": Key(
        "str", "The service in the mesh that exports it. Each part may be C(*) for any.", Domain(is_text, _SERVICE)
    ),
    "selector": Key(
        "dict",
        "Services by their labels, instead of C(service): C(namespace), and C(labels) with the product's C(matchLabels) and "
        "C(matchExpressions).",
        Domain(DICTIONARY.accepts, "a dictionary with the keys namespace and labels"),
    ),
    "mesh": Key("str", "The mesh that exports.", Domain(is_text, "the name of a mesh")),
    "consumers": Key(
        "list",
        "The meshes that import, by their names or inventory groups. Default: all that are linked with C(mesh).",
        Domain(is_list_of(is_text), "a list of names of meshes or groups"),
    ),
    "alias": Key(
        "str",
        "Namespace and name under which the consumers see it. A part that is C(*) stays as it is.",
        Domain(is_text, _SERVICE),
    ),
    "as_local": Key(
        "bool",
        "Whether the consumers see it as a service of their own cluster, which joins one of the same name.",
        BOOLEAN,
    ),
    "locality": Key(
        "dict",
        "Location of the exporting mesh, for all that a consumer imports from it. Default: C(mesh_locality) of that mesh.",
        Domain(DICTIONARY.accepts, f"a dictionary with the keys {', '.join(LOCALITY)}"),
    ),
    "failover": Key(
        "dict",
        "Let requests of the consumers go to C(mesh) when their own endpoints fail; needs C(as_local).",
        Domain(DICTIONARY.accepts, f"a dictionary with the keys {', '.join(FAILOVER)}"),
    ),
    "weights": Key(
        "dict",
        "Split requests of the consumers between their own service and the imported one.",
        Domain(DICTIONARY.accepts, f"a dictionary with the keys {', '.join(WEIGHTS)}"),
    ),
    "allow": Key(
        "dict",
        "Let only the consumers of this entry, and all workloads of C(mesh) itself, reach the pods of the service.",
        Domain(DICTIONARY.accepts, f"a dictionary with the keys {', '.join(ALLOW)}"),
    ),
}
#: By variable, the keys of each entry of a list.
ENTRIES: Dict[str, Dict[str, Key]] = {"federation_services": SHARED_SERVICE}
#: By variable. Those with ``peers`` have the same keys by peer below it.
KEYS: Dict[str, Dict[str, Key]] = {
    "mesh_ingress": INGRESS,
    "mesh_egress": EGRESS,
    "mesh_locality": LOCALITY,
    "mesh_install_subscription": SUBSCRIPTION,
}
BY_PEER = ("mesh_ingress", "mesh_egress")
