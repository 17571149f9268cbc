# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the files of ``federation_status_dir``. Pure."""

from __future__ import annotations

import json
import os
from typing import Callable, Dict, List

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._report.junit import as_junit
from ansible_collections.ossm.federation.plugins.plugin_utils._report.metrics import as_metrics
from ansible_collections.ossm.federation.plugins.plugin_utils._report.page import page
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus

NAME = "federation-status"


def as_json(status: FederationStatus) -> str:
    """The document itself."""
    return json.dumps(status, indent=2, ensure_ascii=False) + "\n"


#: What makes the text of each file, by the end of its name.
FORMATS: Dict[str, Callable[[FederationStatus], str]] = {
    "json": as_json,
    "xml": as_junit,
    "prom": as_metrics,
    "html": page,
}


def status_files(status: FederationStatus, directory: str) -> List[Json]:
    """The files as the action ``show`` writes them; none without a directory. Metrics are read by the node exporter's own account."""
    if not directory:
        return []
    return [
        {"path": os.path.join(directory, f"{NAME}.{end}"), "content": make(status), "make_directory": True}
        for end, make in FORMATS.items()
    ]
