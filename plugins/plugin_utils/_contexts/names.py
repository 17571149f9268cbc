# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the names of clusters and hosts. Pure.

The name of a host is that of the mesh, and so a part of the names of objects in all its peers. It depends on the context (or the
ManagedCluster) and the namespace alone: not on what else is found, nor on what answers.
"""

from __future__ import annotations

import hashlib
import re

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL, PEER_MAX, distinct

#: What ``oc login`` calls a context: project, address of the API server, and user.
_LOGIN = re.compile(r"[^/]*/([^/]+)/[^/]+\Z")
_PORT = re.compile(r":\d+\Z")
#: The namespace of the product's documentation: the control plane in it has the name of its cluster.
_USUAL = "istio-system"
#: What the namespace of a control plane has behind the name of the mesh, as install.yml names it.
_SUFFIX = "-system"


def cluster_name(context: str) -> str:
    """The name of a cluster, by the name of its context; a valid name of a mesh.

    >>> cluster_name("default/api-red-example-com:6443/kube:admin")
    'red-example-com'
    """
    login = _LOGIN.match(context)
    text = _PORT.sub("", login.group(1)) if login else context
    if login and text.startswith("api-"):
        text = text[len("api-") :]
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "cluster"
    if len(name) <= PEER_MAX:
        return name
    return f"{name[: PEER_MAX - 9].rstrip('-')}-{hashlib.sha256(context.encode()).hexdigest()[:8]}"


def host_name(cluster: str, namespace: str) -> str:
    """The name of the host for a control plane.

    >>> host_name("red", "istio-system"), host_name("red", "payments"), host_name("red", "red-mesh-system")
    ('red', 'red-payments', 'red-mesh')
    """
    if namespace == _USUAL:
        return cluster
    mesh = namespace[: -len(_SUFFIX)] if namespace.endswith(_SUFFIX) else namespace
    has_cluster = mesh == cluster or mesh.startswith(f"{cluster}-")
    return mesh if has_cluster and len(mesh) <= PEER_MAX else distinct(cluster, mesh, PEER_MAX)


def is_mesh_name(name: object) -> bool:
    """Whether a value is a valid name of a mesh."""
    return isinstance(name, str) and len(name) <= PEER_MAX and bool(LABEL.match(name))
