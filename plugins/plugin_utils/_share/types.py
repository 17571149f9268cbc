# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a run that shares services: its links, its objects, and why a link is slow."""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan


class SharedLink(TypedDict):
    """What one mesh shares with another. ``exporter`` and ``consumer`` are mesh names, with their hosts; ``export_set`` and
    ``import_set`` are the names of their sets (of ServiceMeshPeers too), ``exports`` and ``imports`` the declared rules, None where
    none are declared.

    ``expected`` are the exported names that the export rules name for certain. ``offered`` and ``imported`` is what the status of the
    two sets listed when they were read; None where the mesh could not be read. ``writes_exports`` and ``writes_imports``: this run
    manages that set. ``unlinked`` says which mesh has no ServiceMeshPeer, so that sets have no effect yet; empty where none is known
    to lack it. ``slow`` says why istiod reads changed import rules only in time; empty where it reads them at once, or where none change.
    """

    exporter: str
    exporter_host: str
    consumer: str
    consumer_host: str
    export_set: str
    import_set: str
    exports: Optional[List[Rule]]
    imports: Optional[List[Rule]]
    expected: List[str]
    offered: Optional[List[str]]
    imported: Optional[List[Imported]]
    writes_exports: bool
    writes_imports: bool
    unlinked: str
    slow: str


class SharePlan(TypedDict):
    """What a run shares: the plan of the sets, the links, and the objects of each task (``share_imports``, ``share_exports``,
    ``share_peers``) by host. ``warnings`` do not stop the run."""

    plan: Plan
    links: List[SharedLink]
    objects: Dict[str, Dict[str, List[DesiredObject]]]
    problems: List[Problem]
    warnings: List[Problem]
