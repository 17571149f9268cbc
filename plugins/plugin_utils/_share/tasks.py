# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the objects that each task of a run that shares services writes, and what it waits for. Pure."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._share.types import SharedLink, SharePlan

#: Results of the tasks, by what they are about (see ``_product.steps``) and host.
Results = Mapping[str, Mapping[str, Json]]
IMPORTS, EXPORTS, PEERS, EXPORTED, IMPORTED = (
    "share_imports",
    "share_exports",
    "share_peers",
    "share_exported",
    "share_imported",
)
#: The tasks in their order.
TASKS = (IMPORTS, EXPORTS, PEERS, EXPORTED, IMPORTED)
#: Seconds in which istiod lists what export rules name: at once (observed on 2.3 and 2.5: 0.2 s).
EXPORT_SECONDS = 30


def build_task(share: SharePlan, task: str, host: str, results: Results) -> List[Json]:
    """What one task writes in one mesh, or the sets that it waits for."""
    return _BUILDERS[task](share, host, results)


def written(share: SharePlan, task: str, host: str) -> List[DesiredObject]:
    """The objects of one task in one mesh."""
    return share["objects"][task].get(host) or []


def _objects(task: str) -> Callable[[SharePlan, str, Results], List[Json]]:
    return lambda share, host, results: [{**desired} for desired in written(share, task, host)]


def _peers(share: SharePlan, host: str, results: Results) -> List[Json]:
    """The peers, without those whose import set could not be written."""
    return [
        {**desired}
        for desired in written(share, PEERS, host)
        if not _is_failed(results, IMPORTS, host, desired["definition"]["metadata"]["name"])
    ]


def _exported(share: SharePlan, host: str, results: Results) -> List[Json]:
    """The export sets of a mesh, for ``sharing_wait``."""
    return [
        {"name": link["export_set"], "peer": link["consumer"], "exported_names": link["expected"]}
        for link in share["links"]
        if link["exporter_host"] == host and link["writes_exports"] and not link["unlinked"]
        if not _is_failed(results, EXPORTS, host, link["export_set"])
    ]


def _imported(share: SharePlan, host: str, results: Results) -> List[Json]:
    """The import sets of a mesh, for ``sharing_wait``."""
    return [
        {"name": link["import_set"], "peer": link["exporter"], "offered": offered(link, results) or []}
        for link in share["links"]
        if link["consumer_host"] == host and link["writes_imports"] and not link["unlinked"]
        if not _is_failed(results, IMPORTS, host, link["import_set"])
    ]


def offered(link: SharedLink, results: Results) -> Optional[List[str]]:
    """The exported names that the exporter lists: by the wait for its exports, else as they were read."""
    found = find_set(results, EXPORTED, link["exporter_host"], "exports", link["export_set"])
    return [service["exportedName"] for service in found["exported"]] if found is not None else link["offered"]


def find_set(results: Results, task: str, host: str, key: str, name: str) -> Optional[Json]:
    """One set in the result of ``sharing_wait``; None without that result, or where nothing could be read."""
    result: Json = results.get(task, {}).get(host) or {}
    return next((found for found in result.get(key) or [] if found["name"] == name), None)


def _is_failed(results: Results, task: str, host: str, name: str) -> bool:
    """Whether the set could not be written: nothing is to be waited for then."""
    objects = (results.get(task, {}).get(host) or {}).get("objects") or []
    return any(one["name"] == name and one["verb"] == "failed" for one in objects)


def slow_reasons(share: SharePlan) -> Dict[str, List[Tuple[str, str]]]:
    """The links whose changed import rules istiod reads only in time, as exporter and consumer, by reason."""
    reasons: Dict[str, List[Tuple[str, str]]] = {}
    for link in share["links"]:
        if link["slow"]:
            reasons.setdefault(link["slow"], []).append((link["exporter"], link["consumer"]))
    return reasons


#: What each task writes or waits for, in one mesh.
_BUILDERS: Dict[str, Callable[[SharePlan, str, Results], List[Json]]] = {
    IMPORTS: _objects(IMPORTS),
    EXPORTS: _objects(EXPORTS),
    PEERS: _peers,
    EXPORTED: _exported,
    IMPORTED: _imported,
}
