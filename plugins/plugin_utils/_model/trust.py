# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which root certificates of a mesh its peers may use. Pure; the moment is a parameter.

A bundle without one usable certificate makes Envoy reject the whole trust configuration, for every proxy of the mesh
that loads it (envoyproxy/envoy ``cert_validator/spiffe/spiffe_validator.cc``), so a root is checked before it is written.
"""

from __future__ import annotations

import datetime
from typing import Collection, Dict, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root, colons
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem


def root_lines(mesh: str, roots: Sequence[Root]) -> List[str]:
    """One line per root for people, with the fingerprint to compare."""
    return [
        f"{mesh}: root {root['subject']}, SHA-256 {colons(root['sha256'])}, valid until {root['not_after']}"
        for root in roots
    ]


def judge_roots(
    mesh: str,
    namespace: str,
    roots: Sequence[Root],
    now: datetime.datetime,
    *,
    warning_days: int,
    pins: Optional[Collection[str]] = None,
) -> List[Problem]:
    """Find what is wrong with a mesh's own roots at a moment (with its zone).

    Errors, after which this bundle must not be written: no usable root in it, or one that is not among ``pins``
    (fingerprints as ``fingerprint`` returns them; None for no pins). Istiod loads every certificate of a bundle, so one
    usable root is enough, and an unusable one beside it is a warning; but each would be trusted, so each must be pinned.
    """
    where = f"ConfigMap {namespace}/istio-ca-root-cert"
    by_print = {root["sha256"]: root for root in roots}
    faults = [(root, _fault(root, by_print, now)) for root in roots]
    usable = any(fault is None for _root, fault in faults)
    found = [
        problem(code, mesh, where, f"{_name(root)} {message}", remedy, severity="warning" if usable else "error")
        for root, fault in faults
        if fault is not None
        for code, message, remedy in [fault]
    ]
    found += [
        _expires(mesh, where, root, now) for root, fault in faults if fault is None and _days(root, now) < warning_days
    ]
    return found + [
        problem(
            "root-not-pinned",
            mesh,
            where,
            f"{_name(root)} is not among mesh_trust_fingerprints",
            "Find out who changed the root; if it is correct, add its fingerprint to mesh_trust_fingerprints",
        )
        for root in roots
        if pins is not None and root["sha256"] not in pins
    ]


def _expires(mesh: str, where: str, root: Root, now: datetime.datetime) -> Problem:
    return problem(
        "root-expires",
        mesh,
        where,
        f"{_name(root)} expires at {root['not_after']}, in {_days(root, now)} days",
        "Rotate the root before that: first a bundle of the old root and the new one, then the new authority",
        severity="warning",
    )


def _name(root: Root) -> str:
    return f"the root {root['subject'] or 'without a subject'}, SHA-256 {colons(root['sha256'])},"


def _days(root: Root, now: datetime.datetime) -> int:
    """Whole days until a root expires."""
    return (parse_time(root["not_after"]) - now).days


def _fault(root: Root, bundle: Dict[str, Root], now: datetime.datetime) -> Optional[Tuple[str, str, str]]:
    """Code, message and remedy of an unusable certificate; one that is not self-signed needs its issuer."""
    seen: List[str] = []
    current: Optional[Root] = root
    while current is not None:
        fault = _own_fault(current, now)
        if fault is not None:
            return fault if current is root else ("root-chain", f"is signed by a certificate that {fault[1]}", fault[2])
        signer = current["signed_by"]
        if signer == current["sha256"]:
            return None
        seen.append(current["sha256"])
        current = bundle.get(signer) if signer is not None and signer not in seen else None
    return (
        "root-chain",
        "is neither self-signed nor signed by another certificate of the bundle",
        "Complete the chain in the mesh's root-cert.pem, up to its root",
    )


def _own_fault(root: Root, now: datetime.datetime) -> Optional[Tuple[str, str, str]]:
    moment = format_time(now)
    if not root["is_ca"]:
        return (
            "root-no-authority",
            "is not a certificate authority",
            "Put the root certificate into the bundle, not the certificate of a server",
        )
    if moment > root["not_after"]:
        return "root-expired", f"expired at {root['not_after']}", "Renew the mesh's certificate authority"
    if moment < root["not_before"]:
        return "root-not-yet-valid", f"is not valid before {root['not_before']}", "Compare the clocks"
    return None
