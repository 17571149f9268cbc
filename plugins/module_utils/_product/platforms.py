# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the table of platforms, and the detection of a cluster's platform. Pure.

Sources: openshift/api config/v1/types_infrastructure.go for the types; openshift/cluster-ingress-operator
pkg/operator/controller/ingress/load_balancer_service.go and the clouds' own documents for the annotations and for the
clouds that change the scope of a live load balancer. AlibabaCloud's annotation is from its own cloud controller.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import PlatformFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

_AWS = "service.beta.kubernetes.io/aws-load-balancer-"
_AZURE = "service.beta.kubernetes.io/azure-load-balancer-"
_IBM = "service.kubernetes.io/ibm-load-balancer-cloud-provider-"
_OPENSTACK = "service.beta.kubernetes.io/openstack-internal-load-balancer"
_ALIBABA = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
_GCP = "cloud.google.com/load-balancer-type"
_GKE = "networking.gke.io/load-balancer-type"

#: The annotation that selects AWS's classic provider or its Load Balancer Controller, and the values of the latter.
AWS_TYPE = f"{_AWS}type"
AWS_CONTROLLER_TYPES = ("external", "nlb-ip")

#: Annotation -> the value with which a load balancer has a private address.
INTERNAL: Dict[str, str] = {
    f"{_AWS}internal": "true",
    f"{_AWS}scheme": "internal",
    f"{_AZURE}internal": "true",
    _GCP: "Internal",
    _GKE: "Internal",
    f"{_IBM}ip-type": "private",
    _OPENSTACK: "true",
    f"{_ALIBABA}address-type": "intranet",
}
#: Annotations that decide which address a load balancer has: another value is another address. The scope is one of them.
DECIDING = frozenset(
    {
        *INTERNAL,
        AWS_TYPE,
        *(f"{_AWS}{part}" for part in ("eip-allocations", "name", "private-ipv4-addresses", "subnets")),
        *(f"{_AZURE}{part}" for part in ("internal-subnet", "ipv4", "resource-group")),
        "service.beta.kubernetes.io/azure-pip-name",
        f"{_IBM}enable-features",
        *(f"{_IBM}{part}" for part in ("vlan", "vpc-subnets", "zone")),
        "loadbalancer.openstack.org/floating-network-id",
        "loadbalancer.openstack.org/load-balancer-id",
        "loadbalancer.openstack.org/network-id",
        "loadbalancer.openstack.org/subnet-id",
        *(f"{_ALIBABA}{part}" for part in ("id", "vswitch-id")),
        *(
            f"{group}/{part}"
            for group in ("metallb.io", "metallb.universe.tf")
            for part in ("address-pool", "loadBalancerIPs")
        ),
    }
)
#: Our own annotation of a Service with node ports that are reached at the nodes' internal addresses.
NODES_INTERNAL = ("ossm.federation/node-addresses", "internal")


class Platform(NamedTuple):
    """What a platform provides for Services of type LoadBalancer.

    ``public`` and ``internal`` are the Service's annotations; ``internal`` is None where something else decides, and then
    ``scope`` says what. ``address`` is what ``status.loadBalancer.ingress`` or the nodes have. ``in_place``: the cloud
    moves a live load balancer to the other scope; elsewhere the Service must be created again for that.
    """

    load_balancer: bool
    public: Dict[str, str]
    internal: Optional[Dict[str, str]]
    address: str
    message: str
    scope: str = ""
    in_place: bool = False


def _cloud(
    message: str,
    *,
    common: Optional[Dict[str, str]] = None,
    internal: Dict[str, str],
    public: Optional[Dict[str, str]] = None,
    address: str = "IP address",
    in_place: bool = False,
) -> Platform:
    both = common or {}
    return Platform(True, {**both, **(public or {})}, {**both, **internal}, address, message, in_place=in_place)


def _undecided(message: str, scope: str, address: str = "IP address or host name") -> Platform:
    return Platform(True, {}, None, address, message, scope)


def _bare(message: str) -> Platform:
    scope = "the address pool decides: name one in mesh_ingress.annotations"
    return Platform(False, {}, None, "addresses of the nodes", message, scope)


def _ibm(message: str, features: Dict[str, str], address: str) -> Platform:
    scope = f"{_IBM}ip-type"
    return _cloud(message, common=features, internal={scope: "private"}, public={scope: "public"}, address=address)


_VPC = _ibm("a network load balancer of the VPC", {f"{_IBM}enable-features": "nlb"}, "IP address or host name")
_NO_BALANCER = "has no load balancer of its own; with MetalLB, set mesh_ingress.exposure to LoadBalancer"
_NO_PROVIDER = (
    "has no load balancer that OpenShift controls; with MetalLB or a load balancer of the vendor, set mesh_ingress.exposure to "
    "LoadBalancer"
)
_CONTROLLER = {AWS_TYPE: "external", f"{_AWS}nlb-target-type": "instance"}

#: The platform's type, as in the Infrastructure object, or a variant that only this table knows -> what it provides.
PLATFORMS: Dict[str, Platform] = {
    "AWS": _cloud(
        "a network load balancer, as the default one does not suit raw TLS",
        common={AWS_TYPE: "nlb"},
        internal={f"{_AWS}internal": "true"},
        address="host name",
    ),
    "AWSController": _cloud(
        "a network load balancer by the AWS Load Balancer Controller",
        common=_CONTROLLER,
        internal={f"{_AWS}scheme": "internal"},
        public={f"{_AWS}scheme": "internet-facing"},
        address="host name",
    ),
    "Azure": _cloud("a standard load balancer", internal={f"{_AZURE}internal": "true"}, in_place=True),
    "GCP": _cloud("a passthrough load balancer", internal={_GCP: "Internal"}, in_place=True),
    "IBMCloud": _VPC,
    "IBMCloudClassic": _ibm("a network load balancer of the classic infrastructure", {}, "IP address"),
    "PowerVS": _VPC,
    "OpenStack": _cloud("an Octavia load balancer", internal={_OPENSTACK: "true"}),
    "AlibabaCloud": _cloud("a classic load balancer", internal={f"{_ALIBABA}address-type": "intranet"}),
    "KubeVirt": _undecided(
        "the infrastructure cluster's load balancer",
        "the infrastructure cluster decides: set its annotation in mesh_ingress.annotations",
    ),
    "ExternalCloud": _undecided(
        "a load balancer by its vendor's cloud controller",
        "the vendor's cloud controller decides: set its annotation in mesh_ingress.annotations",
    ),
    "External": _bare(
        "has no detected load balancer of its vendor; if there is one, set mesh_ingress.exposure to LoadBalancer"
    ),
    "BareMetal": _bare(_NO_BALANCER),
    "None": _bare(_NO_BALANCER),
    "Libvirt": _bare(_NO_BALANCER),
    "VSphere": _bare(_NO_PROVIDER),
    "Nutanix": _bare(_NO_PROVIDER),
    "oVirt": _bare(_NO_PROVIDER),
    "EquinixMetal": _bare(_NO_PROVIDER),
}
#: Scheme of a node's ``spec.providerID`` -> platform, for clusters whose Infrastructure object has none.
PROVIDERS: Dict[str, str] = {
    "aws": "AWS",
    "azure": "Azure",
    "gce": "GCP",
    "openstack": "OpenStack",
    "vsphere": "VSphere",
    "ibm": "IBMCloud",
    "ibmpowervs": "PowerVS",
    "nutanix": "Nutanix",
    "baremetalhost": "BareMetal",
    "kubevirt": "KubeVirt",
    "ovirt": "oVirt",
}
#: Architectures that identify a machine where the platform does not: these report None, BareMetal or External.
ARCHITECTURES: Dict[str, str] = {"s390x": "IBM Z or LinuxONE", "ppc64le": "IBM Power"}

_KNOWN = {key.lower(): key for key in PLATFORMS}


def known(name: str) -> Optional[str]:
    """The platform's name as the table writes it, or None."""
    return _KNOWN.get(name.lower())


def platform_of(name: Optional[str]) -> Tuple[str, Platform]:
    """Look up a platform; an unknown or empty one is handled like None, as the platform's own documents require."""
    return (name or "None"), PLATFORMS[known(name or "None") or "None"]


def platform_of_provider(provider_id: str) -> Optional[str]:
    """The platform of a node's ``spec.providerID`` (``ProviderName://id``), or None."""
    return PROVIDERS.get(provider_id.partition("://")[0])


def balanced(service: Optional[Json]) -> bool:
    """Whether a Service shows that the cluster provides load balancers: it is of that type, and has an address."""
    live = service or {}
    addresses = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return (live.get("spec") or {}).get("type") == "LoadBalancer" and bool(addresses)


def infrastructure_type(infrastructure: Optional[Json]) -> str:
    """The type in an Infrastructure object (``config.openshift.io/v1``), or its deprecated twin; empty for none."""
    status = (infrastructure or {}).get("status") or {}
    return str((status.get("platformStatus") or {}).get("type") or status.get("platform") or "")


def detect(infrastructure: Optional[Json], nodes: Sequence[Json] = (), balancers: bool = False) -> PlatformFacts:
    """Detect the platform of a cluster: by its Infrastructure object, else its nodes' provider IDs, else their architecture.

    ``nodes`` are Nodes of the API; ``balancers`` is whether a Service with a load balancer's address was seen,
    which is only used for the type External. Returns ``type`` (a key of PLATFORMS, or an unknown type, or
    empty), ``name`` (an external platform's own name), ``source`` (infrastructure, nodes, architecture or
    none), ``architectures`` and ``message``.
    """
    status = ((infrastructure or {}).get("status") or {}).get("platformStatus") or {}
    type_, source = infrastructure_type(infrastructure), "infrastructure"
    architectures = sorted({architecture for architecture in map(_architecture, nodes) if architecture})
    if not type_:
        type_, source = next((platform for platform in map(_by_provider, nodes) if platform), ""), "nodes"
    if not type_:
        is_known = any(architecture in ARCHITECTURES for architecture in architectures)
        type_, source = ("None", "architecture") if is_known else ("", "none")
    name = str((status.get("external") or {}).get("platformName") or "") if type_ == "External" else ""
    message = _message(type_, name, source, architectures)
    if type_ == "External" and balancers:
        type_, message = "ExternalCloud", f"{message}; its router has a load balancer"
    if type_ == "IBMCloud" and (status.get("ibmcloud") or {}).get("providerType") == "Classic":
        type_, message = "IBMCloudClassic", f"{message}; it is the classic infrastructure"
    return {"type": type_, "name": name, "source": source, "architectures": architectures, "message": message}


def _by_provider(node: Json) -> Optional[str]:
    return platform_of_provider(str((node.get("spec") or {}).get("providerID") or ""))


def _architecture(node: Json) -> Optional[str]:
    labels = node["metadata"].get("labels") or {}
    info = (node.get("status") or {}).get("nodeInfo") or {}
    architecture = labels.get("kubernetes.io/arch") or info.get("architecture")
    return str(architecture) if architecture else None


def _message(type_: str, name: str, source: str, architectures: List[str]) -> str:
    """The platform and how it was detected."""
    title = f"{type_} ({name})" if name else type_
    message = {
        "infrastructure": f"{title}, from the Infrastructure object",
        "nodes": f"{type_}, from the provider IDs of its nodes",
        "architecture": "no cloud, from the architecture of its nodes",
        "none": "unknown, and so handled like None",
    }[source]
    if type_ and known(type_) is None:
        message += ", which is unknown and handled like None"
    machines = [f"{entry} ({ARCHITECTURES[entry]})" for entry in architectures if entry in ARCHITECTURES]
    if machines and not platform_of(type_)[1].load_balancer:
        message += f"; nodes are {' and '.join(machines)}"
    return message
