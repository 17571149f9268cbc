# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: names, ports, labels and ownership: conventions, and what Kubernetes and istiod accept."""

from __future__ import annotations

import hashlib
import re
from typing import Dict, List, Literal, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner

#: The version of the collection, as in galaxy.yml: files that a run leaves say what wrote them.
VERSION = "1.0.0"

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
TRUST_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\Z")

LABEL_MAX = 63
# "ingress-<peer>" is the name of a Service and "<peer>-exports" a label of the host names that istiod creates
# (maistra/istio pkg/servicemesh/federation/server/server.go): 63 less 8 characters.
PEER_MAX = 55
# istiod's Service is "istiod-<control plane>".
CONTROL_PLANE_MAX = 56
TRUST_DOMAIN_MAX = 255

# Field manager of install.yml. No ServiceMeshPeer can have a name with an underscore, so no pair has this manager.
INSTALL_MANAGER = "ossm.federation/_install"
#: The trust domain of a control plane without one (istio's default).
DEFAULT_TRUST_DOMAIN = "cluster.local"
# The domain of a mesh's own services; the operator supports no other one (istio-discovery/templates/federation.yaml).
LOCAL_SUFFIX = "svc.cluster.local"
#: The name of the local registry of a control plane without one.
DEFAULT_CLUSTER_NAME = "Kubernetes"
# The webhook of the operator rejects additional gateways with these names.
RESERVED_GATEWAYS = frozenset({"istio-ingressgateway", "istio-egressgateway"})


def conventional_namespaces(mesh: str) -> Tuple[str, str]:
    """The namespaces in which the control plane of a mesh is expected: that of ``install.yml``, and that of the product's
    documentation."""
    return f"{mesh}-system", "istio-system"


def ingress_name(peer: str) -> str:
    return f"ingress-{peer}"


def egress_name(peer: str) -> str:
    return f"egress-{peer}"


def config_map_name(peer_name: str) -> str:
    return f"{peer_name}-ca-root-cert"


def network_view(peer_name: str) -> str:
    """The network of a peer's endpoints (maistra/istio pkg/servicemesh/federation/discovery/controller.go)."""
    return f"network-{peer_name}"


def peer_of_view(view: str) -> Optional[str]:
    """The peer of a network view, or None."""
    prefix = network_view("")
    return view[len(prefix) :] or None if view.startswith(prefix) else None


def client_id(trust_domain: str, namespace: str, egress: str) -> str:
    """The identity of an egress gateway in the format of a peer's ``clientID``: without ``spiffe://``."""
    return f"{trust_domain}/ns/{namespace}/sa/{egress}-service-account"


def distinct(first: str, second: str, longest: int) -> str:
    """A unique name made of two names; one that is too long ends with its hash.

    >>> distinct("bookinfo", "red-mesh", 63)
    'bookinfo-red-mesh'
    """
    whole = f"{first}-{second}"
    if len(whole) <= longest:
        return whole
    return f"{whole[: longest - 9].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def field_manager(peer_name: Optional[str]) -> str:
    """The field manager of a pair, or of the whole mesh."""
    return f"ossm.federation/{peer_name}" if peer_name else "ossm.federation"


def label_faults(name: str, longest: int = LABEL_MAX) -> List[str]:
    """Why a name is not a DNS-1123 label of at most ``longest`` characters; empty if it is one."""
    faults = []
    if len(name) > longest:
        faults.append(f"{name!r} has {len(name)} characters, at most {longest} are allowed")
    if not LABEL.match(name):
        faults.append(f"{name!r} must consist of lower case letters, digits and inner hyphens")
    return faults


def trust_domain_faults(name: str) -> List[str]:
    """Why a name is not a SPIFFE trust domain; empty if it is one."""
    if name.startswith("spiffe://"):
        return [f"{name!r} must not begin with spiffe://, which is not part of a trust domain"]
    if len(name) > TRUST_DOMAIN_MAX:
        return [f"{name!r} has {len(name)} characters, at most {TRUST_DOMAIN_MAX} are allowed"]
    if not TRUST_DOMAIN.match(name):
        return [f"{name!r} must consist of lower case letters, digits, dots, hyphens and underscores"]
    return []


#: Field managers of this collection begin with this.
OURS = "ossm.federation"
#: Prefix, followed by a mesh's name, of a control plane's annotation with the adopted gateways of that pair.
ADOPTED_GATEWAYS = f"{OURS}/adopted-"
INGRESS, EGRESS = "additionalIngress", "additionalEgress"
VIEW = "requestedNetworkView"
#: The labels that the Services of our ingress and egress gateways have, with the name of the gateway.
INGRESS_FOR, EGRESS_FOR = "federation.maistra.io/ingress-for", "federation.maistra.io/egress-for"
#: Owners of gateways that are never changed.
NOT_OURS = ("unmanaged", "adopted")


MANAGED_BY = "app.kubernetes.io/managed-by"
PEER_LABEL = "ossm.federation/peer"


def is_ours(live: Json) -> bool:
    """Whether an object has our label: only then it is ever written, pruned or deleted."""
    return bool(dig(live, "metadata", "labels", MANAGED_BY) == OURS)


def owner(live: Optional[Json]) -> Owner:
    """Who manages a live object, by its labels."""
    if live is None:
        return "absent"
    return "ours" if is_ours(live) else "unmanaged"


#: Port numbers of a federation ingress gateway's Service; istiod requires exactly these.
DISCOVERY_PORT = 8188
SERVICE_PORT = 15443
DISCOVERY_NAME = "https-discovery"
SERVICE_NAME = "tls"
#: Types of Service with which an ingress gateway can be exposed.
ExposureType = Literal["LoadBalancer", "NodePort", "ClusterIP"]
LOAD_BALANCER: ExposureType = "LoadBalancer"
NODE_PORT: ExposureType = "NodePort"
CLUSTER_IP: ExposureType = "ClusterIP"
EXPOSURES: Tuple[ExposureType, ...] = (LOAD_BALANCER, NODE_PORT, CLUSTER_IP)

#: Fields of a gateway's Service that the operator passes on (istio-operator, charts gateways/*/templates/service.yaml), and
#: the types with which the API server accepts them.
SERVICE_FIELDS: Dict[str, Tuple[str, ...]] = {
    "loadBalancerIP": (LOAD_BALANCER,),
    "loadBalancerSourceRanges": (LOAD_BALANCER,),
    "externalTrafficPolicy": (LOAD_BALANCER, NODE_PORT),
}


ROOT_KEY = "root-cert.pem"
ROOT_ANNOTATION = "ossm.federation/root-sha256"
#: Annotation of a ConfigMap with the roots of a peer whose root is being rotated: the fingerprints of ``old`` and ``new`` as JSON.
ROTATION_ANNOTATION = "ossm.federation/rotating"
ADOPTED = "ossm.federation/adopted"
#: The annotation of a control plane whose trust domain is being changed: ``<former>[,<former>] to <new>``.
TRUST_DOMAIN_CHANGE = "ossm.federation/trust-domain-change"


#: The annotation of an object about requests: the service as it is exported, ``namespace/name``.
SERVICE_ANNOTATION = "ossm.federation/service"
#: The label of an object about requests with the mesh that it is for: another mesh of the cluster may have the same peer.
MESH_LABEL = "ossm.federation/mesh"


def is_adopted(obj: Json) -> bool:
    """Whether an object, live or desired, is one that others made and that we have adopted."""
    return dig(obj, "metadata", "annotations", ADOPTED) is not None


FEDERATION_API = "federation.maistra.io/v1"


#: The kind that a Service Mesh operator installs; those of the federation come with the first control plane.
DEFINITION = "servicemeshcontrolplanes.maistra.io"
SUBSCRIPTION, CSV = "Subscription", "ClusterServiceVersion"


#: The label by which istiod selects the pods of a gateway of a federation.
CANONICAL_NAME = "service.istio.io/canonical-name"
#: The ConfigMap to which istiod writes its root.
ROOT_CONFIG_MAP = "istio-ca-root-cert"


def istiod_name(control_plane: str) -> str:
    """The name of a control plane's istiod Deployment (maistra/istio-operator charts, istio-discovery).

    >>> istiod_name("red")
    'istiod-red'
    """
    return f"istiod-{control_plane}"


#: The label that istiod's pods have (maistra/istio-operator charts, istio-discovery).
ISTIOD_SELECTOR = "app=istiod"


#: The port on which istiod serves its debug pages, and those that show what it knows of a federation (maistra/istio
#: pilot/pkg/xds/debug.go): its objects in memory, endpoints, services, and what each proxy has accepted.
DEBUG_PORT = 15014
DEBUG_PAGES = ("configz", "endpointz", "registryz", "syncz")
