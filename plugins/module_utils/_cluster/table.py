# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the Kubernetes client is given besides an access: the kinds of this collection as it describes them, so that no discovery
request is sent, and a host that it keeps. Private to this collection."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS, Kind

# Without the client there is no cluster, which the module that makes one reports.
with contextlib.suppress(ImportError):
    from kubernetes.dynamic.resource import Resource


class Table:
    """A discoverer that knows the kinds beforehand, so that the client never asks the API server for them."""

    def __init__(self, client: Any, cache_file: Any) -> None:
        self._resources = {name: _resource(client, name, kind) for name, kind in KINDS.items()}

    def get(self, kind: str) -> Any:
        """The resource of a kind of the table."""
        return self._resources[kind]


def _resource(client: Any, name: str, kind: Kind) -> Any:
    """One kind as the Kubernetes client describes it."""
    group, slash, version = kind.api_version.rpartition("/")
    return Resource(
        prefix="apis" if slash else "api",
        group=group or None,
        api_version=version,
        kind=name,
        namespaced=kind.namespaced,
        verbs=[],
        name=kind.plural,
        client=client,
    )


def keep_host(configuration: Any) -> None:
    """Let the option ``host`` count for every request: with a token in the kubeconfig, the client sets the API server of the kubeconfig
    again before each one."""
    host, refresh = configuration.host, configuration.refresh_api_key_hook

    def refresh_and_keep(current: Any) -> None:
        refresh(current)
        current.host = host

    if refresh is not None:
        configuration.refresh_api_key_hook = refresh_and_keep
