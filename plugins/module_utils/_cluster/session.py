# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the option ``auth`` to a cluster that can be used, or to problems. Private to this collection."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem


def connect(
    auth: Optional[Mapping[str, Any]], mesh: str, *, seconds: Optional[float] = None
) -> Tuple[Optional[Cluster], List[Problem]]:
    """The cluster of a mesh, with its access checked, or None and the problems. Sends no request.

    ``seconds`` limits how long all reading may take, see ``Cluster``.
    """
    options = auth or {}
    problems = check_access(options, mesh, prefix="auth.")
    if problems:
        return None, problems
    try:
        return Cluster(options, is_checked=True, seconds=seconds), []
    except ClusterError as error:
        return None, [error.problem(mesh, api_server(mesh))]


def use_cluster(
    auth: Optional[Mapping[str, Any]], mesh: str, work: Callable[[Cluster], None], *, where: str = ""
) -> List[Problem]:
    """Call ``work`` with the cluster of a mesh; the problems of the access, else of the request that failed in ``work``.

    ``where`` names the object of such a problem, by default the API server.
    """
    cluster, problems = connect(auth, mesh)
    if cluster is None:
        return problems
    try:
        work(cluster)
    except ClusterError as error:
        return [error.problem(mesh, where or api_server(mesh))]
    return []


def api_server(mesh: str) -> str:
    """The API server of a mesh, as the place of a problem."""
    return f"API server of {mesh}"
