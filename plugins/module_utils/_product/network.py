# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of what network_check sees."""

from __future__ import annotations

from typing import List, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem


class Leaf(TypedDict):
    """The certificate that a server shows: ``identity`` is its SPIFFE URI without ``spiffe://`` (empty: it has none), ``names`` are its DNS
    names, ``not_after`` is RFC 3339."""

    identity: str
    names: List[str]
    subject: str
    issuer: str
    sha256: str
    not_after: str


class NetworkCheck(Leaf):
    """One address, seen from where network_check runs.

    ``resolved`` are its IP addresses, ``connected`` those of them that accept connections on ``port``. ``tls``: whether a server shows a
    certificate, None where nothing connected; ``trusted``: whether its chain ends at an expected root, None where that is not known.
    """

    peer: str
    address: str
    port: int
    resolved: List[str]
    resolve_message: str
    connected: List[str]
    connect_message: str
    tls: Optional[bool]
    tls_message: str
    trusted: Optional[bool]
    trust_message: str


class NetworkResult(TypedDict):
    """The result of network_check."""

    changed: bool
    mesh: str
    checks: List[NetworkCheck]
    problems: List[Problem]
