# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: versions of control planes, how they differ, and the known faults of each. Pure.

The faults are those of the product's release notes (openshift/openshift-docs, ossm-rn-fixed-issues and
ossm-rn-known-issues) and of its pull requests (maistra/istio). The table has only faults that are fixed in a released
version. Where the patch release of a fix is unknown, the next minor version is listed.
"""

from __future__ import annotations

import re
from typing import Any, List, Literal, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig

#: When endpoints are filtered by network: always, never, or only with multi-network on.
NetworkFilter = Literal["always", "never", "multi-network"]

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Version(NamedTuple):
    """Version of a control plane; ``patch`` is None where only the minor version is known."""

    major: int
    minor: int
    patch: Optional[int] = None

    def __str__(self) -> str:
        """Format as 2.3.2, or as v2.3 (like a control plane's spec) where the patch level is unknown."""
        return f"v{self.major}.{self.minor}" if self.patch is None else f"{self.major}.{self.minor}.{self.patch}"

    @property
    def release(self) -> Tuple[int, int]:
        """Major and minor version."""
        return self.major, self.minor


#: The first version with federation, and the first version without it again.
FIRST, BEYOND = Version(2, 1, 0), Version(3, 0, 0)
#: The release from which each behaviour applies: what decides whether an egress gateway gets only the endpoints of the networks
#: that it requests. From maistra/istio: pilot/pkg/xds/ep_filters.go (2.1 to 2.5; in 2.2 federation gateways have no network,
#: in 2.3 to 2.5 the filter ends early without multi-network) and endpoints/endpoint_builder.go (2.6). Observed on 2.3 and 2.5.
NETWORK_FILTERS: Tuple[Tuple[Tuple[int, int], NetworkFilter], ...] = (
    ((2, 1), "always"),
    ((2, 2), "never"),
    ((2, 3), "multi-network"),
    ((2, 6), "always"),
)
#: The only release whose gateways need a router mode: without it 2.1 routes no service (maistra/istio
#: pilot/pkg/networking/core/v1alpha3/cluster.go), and later releases do not read it.
ROUTER_MODE_RELEASE = (2, 1)


class Fault(NamedTuple):
    """A fault of federation: its numbers in the product's tracker, the first version with it, the first version without it,
    its symptom, and the topic that a mesh must use to be affected (empty: every mesh).

    Topics: ``sharing`` (exports or imports anything), ``failover`` (imports with a locality), ``own authority``.
    """

    numbers: str
    first: Version
    fixed: Version
    symptom: str
    topic: str = ""


FAULTS = (
    Fault(
        "MAISTRA-2411",
        FIRST,
        Version(2, 2, 0),
        "additional ingress gateways get no NetworkPolicy, so policies of the mesh can block the other meshes",
    ),
    Fault(
        "MAISTRA-2687",
        FIRST,
        Version(2, 2, 0),
        "egress gateways do not send intermediate certificates, so the other meshes refuse their connections",
        "own authority",
    ),
    Fault(
        "OSSM-1093",
        FIRST,
        Version(2, 2, 0),
        "long names of services, namespaces and peers result in names that istiod cannot use",
    ),
    Fault(
        "OSSM-1211",
        FIRST,
        Version(2, 2, 0),
        "failover to an imported service ignores its locality, or fails with TLS errors",
        "failover",
    ),
    Fault(
        "OSSM-1962", FIRST, Version(2, 3, 0), "endpoints of exported services are missing in large meshes", "sharing"
    ),
    Fault(
        "OSSM-2376",
        FIRST,
        Version(2, 3, 3),
        "right after a restart of istiod exports and imports are incomplete, or come and go",
        "sharing",
    ),
    Fault(
        "OSSM-3644, OSSM-3599",
        Version(2, 3, 0),
        Version(2, 3, 3),
        "egress gateways get invalid endpoints, and requests to them fail",
        "sharing",
    ),
    Fault(
        "OSSM-6079",
        FIRST,
        Version(2, 5, 0),
        "new addresses behind a peer's host name are used only after up to five minutes",
    ),
)


def parse(text: Any) -> Optional[Version]:
    """Parse the version at the beginning of a text such as ``v2.5``, ``2.3.11`` or ``2.5.1-0``; None if there is none.

    >>> str(parse("2.5.1-0"))
    '2.5.1'
    """
    match = _VERSION.match(str(text or ""))
    if match is None:
        return None
    major, minor, patch = match.groups()
    return Version(int(major), int(minor), None if patch is None else int(patch))


def version_of(control_plane: Mapping[str, Any]) -> Optional[Version]:
    """The version of a control plane, as exactly as it is reported; None if it is not.

    ``control_plane`` has ``version`` (of its spec, the minor version), ``chart_version`` and ``operator_version`` (of its
    status). One operator runs control planes of several minor versions, so its own patch level counts only for its own
    minor version, and only if the charts report none.
    """
    reported = [parse(control_plane.get(key)) for key in ("version", "chart_version", "operator_version")]
    minor = reported[0] or reported[1]
    if minor is None:
        return None
    exact = (
        version for version in reported if version and version.patch is not None and version.release == minor.release
    )
    return next(exact, minor)


def supported(version: Version) -> bool:
    """Whether a version has the federation that this collection manages."""
    return FIRST.release <= version.release < BEYOND.release


def has(version: Version, fault: Fault) -> Optional[bool]:
    """Whether a version has a fault; None if that depends on a patch level that is unknown."""
    if version.patch is not None:
        return fault.first <= version < fault.fixed
    if not fault.first.release <= version.release <= fault.fixed.release:
        return False
    return True if version.release < fault.fixed.release else None if fault.fixed.patch else False


def faults(version: Version, topics: Tuple[str, ...] = ()) -> List[Tuple[Fault, str]]:
    """The faults that affect a mesh of this version and these topics, each with a message that names the version."""
    affecting = []
    for fault in FAULTS:
        known = has(version, fault)
        if known is False or (fault.topic and fault.topic not in topics):
            continue
        subject = f"{version} has" if known else f"{version} has, before {fault.fixed},"
        affecting.append((fault, f"{subject} the fault {fault.numbers}: {fault.symptom}"))
    return affecting


def has_multi_network(control_plane: Mapping[str, Any]) -> bool:
    """Whether multi-network is on in a control plane: istiod then has a list of networks.

    ``control_plane`` are its facts. Beside ``meshNetworks``, the operator lists the mesh's own network when
    ``spec.cluster`` has a name, a network and any ``multiCluster`` (maistra/istio-operator
    pkg/apis/maistra/conversion/cluster.go); ``multiCluster.enabled`` alone lists none.
    """
    cluster = dig(control_plane, "object", "spec", "cluster") or {}
    if dig(cluster, "multiCluster", "meshNetworks"):
        return True
    return bool(cluster.get("name") and cluster.get("network") and cluster.get("multiCluster") is not None)


def network_filter(control_plane: Mapping[str, Any]) -> Optional[str]:
    """Why an egress gateway of a control plane gets only endpoints of the networks that it requests; None if it gets all.

    An unknown version is judged like 2.3 to 2.5.
    """
    version = version_of(control_plane)
    kind: NetworkFilter = "multi-network"
    if version is not None:
        kind = next((kind for release, kind in reversed(NETWORK_FILTERS) if version.release >= release), "never")
    if kind == "always":
        return f"{version} always filters endpoints by network"
    if kind == "multi-network" and has_multi_network(control_plane):
        return "multi-network is on, and filters endpoints by network"
    return None


def needs_router_mode(version: Optional[str]) -> bool:
    """Whether federation gateways of a control plane of this version need ``routerMode: sni-dnat``."""
    parsed = parse(version)
    return parsed is not None and parsed.release == ROUTER_MODE_RELEASE
