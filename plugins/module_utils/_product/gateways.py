# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Shapes of what is read of a control plane and its gateways."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: The two maps of additional gateways in a ServiceMeshControlPlane, ``spec.gateways``.
GatewayKind = Literal["additionalIngress", "additionalEgress"]


class ControlPlaneStatus(TypedDict):
    """What a ServiceMeshControlPlane shows.

    ``chart_version`` and ``operator_version`` have the patch level, ``version`` has not. ``trust_domain`` is the one in
    force, ``trust_domain_set`` whether the spec sets it. ``ready``: Ready at the present ``generation``, else ``message``
    says why not. ``additionalIngress`` and ``additionalEgress`` are the gateways as in the spec.
    """

    name: str
    uid: Optional[str]
    version: Optional[str]
    chart_version: Optional[str]
    operator_version: Optional[str]
    trust_domain: str
    trust_domain_set: bool
    cluster_name: str
    ready: bool
    message: str
    generation: int
    observed_generation: int
    additionalIngress: Dict[str, Json]
    additionalEgress: Dict[str, Json]


class ControlPlaneFacts(ControlPlaneStatus):
    """A control plane as mesh_info returns it: also the field managers of the trust domain and of each additional gateway by
    path (``owners``), those of the whole (``managers``), and the ``object`` without its status."""

    owners: Dict[str, List[str]]
    managers: List[str]
    object: Json


class GatewayFacts(TypedDict, total=False):
    """Where an ingress gateway is reached: ``addresses`` with a pair of ports, or else only ``pending``: why it has no
    address yet."""

    addresses: List[str]
    discoveryPort: int
    servicePort: int
    pending: str


class GatewayPod(TypedDict):
    """A pod of a gateway; ``message`` is why it is not ``ready``, as far as its status says."""

    name: str
    ready: bool
    message: str
