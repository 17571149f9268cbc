# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a judge says about one rung of one link."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import RungState


class Outcome(NamedTuple):
    """One statement about a rung. The evidence of a failure is ``place``, ``field``, ``value`` and ``expected``; see ``RungResult``.

    ``is_symptom``: the failure is what istiod reports, or what the controller sees, and no wrong value was found. It counts only where
    nothing else of the link has failed. ``remedy`` is empty where the table of codes says what to do.
    """

    state: RungState
    message: str = ""
    code: str = ""
    mesh: str = ""
    place: str = ""
    field: str = ""
    value: Any = None
    expected: Any = None
    remedy: str = ""
    needs: str = ""
    is_symptom: bool = False


def passed(message: str = "") -> Outcome:
    """The rung holds."""
    return Outcome("passed", message)


def unknown(message: str, needs: str = "", code: str = "") -> Outcome:
    """It is not known whether the rung holds; ``needs`` is what it takes, by default what the table of rungs says, and ``code`` that of
    the problem that kept a probe from showing it."""
    return Outcome("unknown", message, code, needs=needs)


def skipped(message: str) -> Outcome:
    """The rung is not judged."""
    return Outcome("skipped", message)
