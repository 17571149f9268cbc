# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the text about shared services. Pure."""

from __future__ import annotations

import json
from typing import Dict, List, Sequence

from ansible_collections.ossm.federation.plugins.plugin_utils._plan.sharing import SharedRule, Sharing
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import INDENT, count, table, wrapped

#: Services of a rule that a text lists, unless all are asked for.
_LISTED = 4


def sharing_lines(shared: Sequence[Sharing], most: int = _LISTED) -> List[str]:
    """The rules of all pairs in their order, each with at most so many of the services that it selects now.

    Consumers of one exporter with the same rules and names stand together.
    """
    if not shared:
        return []
    consumers: Dict[str, List[str]] = {}
    first: Dict[str, Sharing] = {}
    for pair in shared:
        key = json.dumps([pair["exporter"], pair["rules"], pair["imports"]])
        consumers.setdefault(key, []).append(pair["consumer"])
        first.setdefault(key, pair)
    lines = ["Shared services: export rules in their order, and what each one selects now"]
    for key, pair in first.items():
        lines += wrapped(f"{pair['exporter']} to {', '.join(consumers[key])}", INDENT)
        for rule in pair["rules"]:
            lines += _rule(rule, most)
        for text in pair["imports"] or []:
            lines += wrapped(f"import rule {text}: no service", INDENT * 2)
    return lines


def all_shared(shared: Sequence[Sharing]) -> List[str]:
    """The same with all services, where ``sharing_lines`` leaves some out."""
    most = max((len(rule["services"] or []) for pair in shared for rule in pair["rules"]), default=0)
    return ["", *sharing_lines(shared, most)] if most > _LISTED else []


def _rule(rule: SharedRule, most: int) -> List[str]:
    """A rule, and the services that it selects now with their names at the consumer."""
    services = rule["services"]
    number = "Services not read" if services is None else count(len(services), "service") if services else "no service"
    lines = wrapped(f"{rule['where']}: {rule['rule']}: {number}", INDENT * 2)
    rows = [[service["service"], service["host"] or "not imported"] for service in (services or [])[:most]]
    left = len(services or []) - len(rows)
    return lines + table(rows, INDENT * 3) + ([f"{INDENT * 3}and {left} more"] if left else [])
