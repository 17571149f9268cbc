# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a diagnosis."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import HealedBy
from ansible_collections.ossm.federation.plugins.module_utils._product.rungs import RungName
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause

#: ``skipped``: not judged, since an earlier rung is the reason.
RungState = Literal["passed", "failed", "unknown", "skipped"]
#: ``UNKNOWN``: nothing is known to be broken, and something could not be judged that matters.
Verdict = Literal["HEALTHY", "UNKNOWN", "BROKEN"]


class RungResult(TypedDict):
    """One rung of one link.

    Only a failed rung has the ``mesh`` whose administrator corrects it, the evidence (``object``, ``field``, ``value`` and ``expected``
    value, as far as there are such) and a ``remedy`` (one command or edit). It has a ``code`` of ``_product.codes``, as has one that a
    probe was to prove and could not; ``docs`` is the page and anchor of the code, else of the rung. ``message`` says what was seen,
    ``needs`` what an unknown rung needs, ``credentials`` the meshes whose API servers have to be readable, ``seen_from`` from where the
    rung was judged.
    """

    rung: RungName
    state: RungState
    code: str
    mesh: str
    object: str
    field: str
    value: Any
    expected: Any
    message: str
    needs: str
    credentials: List[str]
    seen_from: str
    remedy: str
    docs: str


#: The rungs of one directed link, in the order of ``_product.rungs``: ``from`` watches ``to``. ``broken``: a rung has failed.
Ladder = TypedDict(
    "Ladder", {"from": str, "to": str, "from_host": str, "to_host": str, "broken": bool, "rungs": List[RungResult]}
)


class Healing(TypedDict):
    """Whether a cause may be corrected without a person. ``by`` is what the table of codes names for it, ``hosts`` are the inventory hosts
    that the run is limited to, ``reason`` says why it is not safe."""

    safe: bool
    by: HealedBy
    hosts: List[str]
    reason: str


class DiagnosedCause(Cause):
    """A cause with its evidence and the place in the documentation. The first code of ``codes`` is its own."""

    object: str
    field: str
    value: Any
    expected: Any
    docs: str
    healing: Healing


class Diagnosis(TypedDict):
    """All that is known of why links are as they are. ``failures`` are messages by host; ``version`` is that of this document."""

    version: int
    verdict: Verdict
    headline: str
    links: int
    broken: int
    ladders: List[Ladder]
    causes: List[DiagnosedCause]
    failures: Dict[str, str]
