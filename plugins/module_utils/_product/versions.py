# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: versions of control planes, and the faults of federation that each is known to have. Pure.

The faults are those of the product's release notes (openshift/openshift-docs, ossm-rn-fixed-issues and
ossm-rn-known-issues) and of its pull requests (maistra/istio). Only faults of which a released version is known to be free
are here. Where a fix went into a patch release that is not known, the first minor version after it is named.
"""

from __future__ import annotations

import re
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Version(NamedTuple):
    """Version of a control plane; ``patch`` is None where only the minor version is known."""

    major: int
    minor: int
    patch: Optional[int] = None

    def __str__(self) -> str:
        """As people write it: 2.3.2, or v2.3 as a control plane's spec does."""
        return f"v{self.major}.{self.minor}" if self.patch is None else f"{self.major}.{self.minor}.{self.patch}"

    @property
    def release(self) -> Tuple[int, int]:
        """Major and minor version."""
        return self.major, self.minor


#: The first version with federation, and the first of those that have none any more.
FIRST, BEYOND = Version(2, 1, 0), Version(3, 0, 0)
#: Versions in which an egress gateway only gets the endpoints of its requested networks, whatever else is configured
#: (maistra/istio, pilot/pkg/xds: ep_filters.go of 2.1, endpoints/endpoint_builder.go of 2.6).
ALWAYS_FILTERED = ((2, 1), (2, 6))
#: Versions in which gateways of a federation belong to no network, so that nothing is ever filtered.
NEVER_FILTERED = ((2, 2),)


class Fault(NamedTuple):
    """A fault of federation: its numbers in the product's tracker, the first version that has it, the first that has not,
    what is seen of it, and the topic that a mesh must have to do with (empty: every mesh).

    Topics: ``sharing`` (exports or imports anything), ``failover`` (imports with a locality), ``own authority``.
    """

    numbers: str
    first: Version
    fixed: Version
    symptom: str
    topic: str = ""


FAULTS = (
    Fault("MAISTRA-2411", FIRST, Version(2, 2, 0),
          "additional ingress gateways get no NetworkPolicy, so that the mesh's own policies can shut the other meshes out"),
    Fault("MAISTRA-2687", FIRST, Version(2, 2, 0),
          "egress gateways do not send intermediate certificates, so that the other meshes refuse them", "own authority"),
    Fault("OSSM-1093", FIRST, Version(2, 2, 0),
          "long names of services, namespaces and peers together make names that istiod cannot use"),
    Fault("OSSM-1211", FIRST, Version(2, 2, 0),
          "failover to an imported service ignores its locality, or ends in TLS errors", "failover"),
    Fault("OSSM-1962", FIRST, Version(2, 3, 0), "endpoints of exported services go missing in large meshes", "sharing"),
    Fault("OSSM-2376", FIRST, Version(2, 3, 3),
          "right after a restart of istiod exports and imports are incomplete, or come and go", "sharing"),
    Fault("OSSM-3644, OSSM-3599", Version(2, 3, 0), Version(2, 3, 3),
          "egress gateways get endpoints that are none, and requests sent there fail", "sharing"),
    Fault("OSSM-6079", FIRST, Version(2, 5, 0),
          "new addresses behind a peer's host name are noticed after up to five minutes"),
)


def parse(text: Any) -> Optional[Version]:
    """The version at the beginning of a text such as ``v2.5``, ``2.3.11`` or ``2.5.1-0``; None when there is none.

    >>> str(parse("2.5.1-0"))
    '2.5.1'
    """
    found = _VERSION.match(str(text or ""))
    if found is None:
        return None
    major, minor, patch = found.groups()
    return Version(int(major), int(minor), None if patch is None else int(patch))


def version_of(control_plane: Mapping[str, Any]) -> Optional[Version]:
    """The version of a control plane, as exactly as it is told; None when it is not.

    ``control_plane`` has ``version`` (its spec, which has the minor version), ``chart_version`` and ``operator_version``
    (its status). One operator runs control planes of several minor versions, so that its own patch level only counts
    for its own minor version, and only where the charts' is not told.
    """
    told = [parse(control_plane.get(key)) for key in ("version", "chart_version", "operator_version")]
    wanted = told[0] or told[1]
    if wanted is None:
        return None
    exact = (one for one in told if one and one.patch is not None and one.release == wanted.release)
    return next(exact, wanted)


def supported(version: Version) -> bool:
    """Whether a version has the federation that this collection is for."""
    return FIRST.release <= version.release < BEYOND.release


def has(version: Version, fault: Fault) -> Optional[bool]:
    """Whether a version has a fault; None when that depends on a patch level that is not known."""
    if version.patch is not None:
        return fault.first <= version < fault.fixed
    if not fault.first.release <= version.release <= fault.fixed.release:
        return False
    return True if version.release < fault.fixed.release else None if fault.fixed.patch else False


def faults(version: Version, topics: Tuple[str, ...] = ()) -> List[Tuple[Fault, str]]:
    """The faults that concern a mesh of this version and these topics, each with words that name the version."""
    found = []
    for fault in FAULTS:
        known = has(version, fault)
        if known is False or (fault.topic and fault.topic not in topics):
            continue
        who = f"{version} has" if known else f"{version} has, before {fault.fixed},"
        found.append((fault, f"{who} the fault {fault.numbers}: {fault.symptom}"))
    return found


def filters_networks(version: Optional[Version], multi_network: bool) -> Optional[str]:
    """Why an egress gateway of this version only gets endpoints of the networks that it requests; None when it gets all.

    With multi-network on, 2.3 to 2.5 filter too (seen on 2.5; an unknown version is taken for one of those).
    """
    if version is not None and version.release in ALWAYS_FILTERED:
        return f"{version} always filters endpoints by network"
    if multi_network and (version is None or version.release not in NEVER_FILTERED):
        return "multi-network is on, and filters endpoints by network"
    return None
