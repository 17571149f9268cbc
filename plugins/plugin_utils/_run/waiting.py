# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what each mesh waits for, by the plan and by the results of the run so far. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.advance import gateways_to_wait_for
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run.expectations import (
    changed_at,
    newest,
    readable_links,
    roots_changed_at,
    wait_links,
)

#: Results of tasks: by what they are about, then by inventory host.
Results = Mapping[str, Mapping[str, Json]]

#: The readings of links, the newest last.
READING = ("links", "imports", "links_again")
#: What a mesh can wait for, and the results on which that depends.
AWAITED: Dict[str, Tuple[str, ...]] = {"gateways": ("gateways",), "links": WRITING, "imports": (*WRITING, *READING)}


def wait_options(plan: Plan, subject: str, host: str, results: Results) -> List[Mapping[str, Any]]:
    """What one mesh waits for, as the option of gateway_wait or peer_wait; ``subject`` is a key of ``AWAITED``."""
    if subject == "gateways":
        return [*gateways_to_wait_for(plan, host, results.get("gateways", {}).get(host) or {})]
    written = [results.get(name, {}).get(host) for name in WRITING]
    readings = newest_readings(plan, results) if subject == "imports" else None
    links = wait_links(plan, host, readings, changed_at(written), roots_changed_at(written))
    return [_link_option(link) for link in links]


def missing_imports(plan: Plan, results: Results) -> List[str]:
    """The hosts that have not imported everything yet that other meshes offer and their rules import; ``results`` are those of
    ``READING``."""
    readings = newest_readings(plan, results)
    return [
        host
        for host, mesh in sorted(plan["meshes"].items())
        if mesh["in_play"] and mesh["readable"] and _misses_imports(plan, host, readings)
    ]


def _misses_imports(plan: Plan, host: str, readings: Mapping[str, Json]) -> bool:
    read = readable_links(readings.get(host))
    imported = {
        name: {service["exportedName"] for service in link.get("imported") or []} for name, link in read.items()
    }
    return any(
        set(link["imports_expected"] or []) - imported.get(link["peer_name"], set())
        for link in wait_links(plan, host, readings)
    )


def _link_option(link: LinkExpectation) -> Json:
    """One link as an item of the option ``links`` of peer_wait."""
    expect = {key: value for key, value in link.items() if key not in ("peer", "peer_name")}
    return {"peer": link["peer"], "peer_name": link["peer_name"], "expect": expect}


def newest_readings(plan: Plan, results: Results) -> Dict[str, Json]:
    """The newest reading of each link; the one before the first write where nothing was waited for."""
    readings = {host: _first_reading(plan, host, reading) for host, reading in (plan.get("readings") or {}).items()}
    for name in READING:
        for host, result in results.get(name, {}).items():
            readings[host] = newest(readings.get(host), result)
    return readings


def _first_reading(plan: Plan, host: str, reading: Json) -> Json:
    """What was read of one mesh before the first write, without the links that this run waits for: they may have changed."""
    if "report" not in plan["pending_steps"]:
        return reading
    awaited = {link["peer_name"] for link in wait_links(plan, host)}
    return {**reading, "links": [link for link in reading["links"] if link["peer_name"] not in awaited]}
