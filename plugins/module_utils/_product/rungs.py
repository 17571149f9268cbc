# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs of the ladder that a link climbs from its declaration to a served request, in one table.

``doctor.yml`` judges every rung of every link in this order. ``plugin_utils._doctor`` has a judge for each, and ``docs/doctor.md`` a
row.
"""

from __future__ import annotations

from typing import Dict, Literal, NamedTuple, Tuple

#: Whose credentials a rung needs: of the mesh that watches (``from``), of the mesh that is watched (``to``), of both, or of none.
Credentials = Literal["from", "to", "both", "none"]
#: From where a rung looks: at the objects of the API servers, over the network from where network_check runs, or from a pod.
Place = Literal["API servers", "controller", "probe"]
RungName = Literal[
    "declared",
    "applied",
    "control-plane-ready",
    "gateway-pods-ready",
    "address-published",
    "address-equals",
    "name-resolves",
    "tcp-open",
    "tls",
    "root-equals",
    "identity-expected",
    "allowed",
    "watching",
    "synced",
    "exported",
    "imported",
    "serving",
]

#: Where people read about the rungs.
PAGE = "docs/doctor.md"


class Rung(NamedTuple):
    """One rung: ``title`` is what holds when it is passed, ``needs`` what it takes to know that.

    ``is_effect``: it shows the effect of the rungs before it, so it is skipped below a failed one unless it is passed.
    """

    name: RungName
    title: str
    credentials: Credentials
    place: Place
    needs: str
    is_effect: bool = False

    @property
    def anchor(self) -> str:
        """Where the documentation describes it."""
        return f"{PAGE}#{self.name}"


_CLUSTERS: Place = "API servers"
_TABLE = (
    Rung("declared", "the inventory declares the link, without a contradiction", "both", _CLUSTERS, "both meshes"),
    Rung(
        "applied",
        "both meshes have the peer, its root ConfigMap and the gateways that the peer names",
        "both",
        _CLUSTERS,
        "list on peers, ConfigMaps and control planes of both meshes",
    ),
    Rung(
        "control-plane-ready",
        "both control planes are ready",
        "both",
        _CLUSTERS,
        "list on control planes of both meshes",
    ),
    Rung(
        "gateway-pods-ready",
        "the egress gateway here and the ingress gateway there have a ready pod",
        "both",
        _CLUSTERS,
        "list on pods of both meshes",
    ),
    Rung(
        "address-published",
        "the ingress gateway of the watched mesh has an address",
        "to",
        _CLUSTERS,
        "list on Services of the watched mesh",
    ),
    Rung(
        "address-equals",
        "the peer has the address and the ports of that gateway",
        "both",
        _CLUSTERS,
        "the peer here, and list on Services of the watched mesh",
    ),
    Rung(
        "name-resolves",
        "the host names of the address resolve",
        "none",
        "controller",
        "a controller that uses the same DNS",
    ),
    Rung(
        "tcp-open",
        "the discovery port accepts connections",
        "none",
        "controller",
        "a controller that may reach the address",
    ),
    Rung(
        "tls",
        "TLS presents the ingress gateway of the watched mesh, with a certificate of its root",
        "to",
        "controller",
        "a controller that may reach the address, and the root of the watched mesh",
    ),
    Rung(
        "root-equals",
        "each mesh trusts the root that the other publishes, for the other's trust domain",
        "both",
        _CLUSTERS,
        "list on ConfigMaps and peers of both meshes",
    ),
    Rung(
        "identity-expected",
        "the watched mesh expects the identity of the egress gateway here",
        "both",
        _CLUSTERS,
        "the control plane here, and list on peers of the watched mesh",
    ),
    Rung(
        "allowed",
        "the watched mesh accepts that identity for discovery and for requests",
        "both",
        _CLUSTERS,
        "list on peers and pods of both meshes",
    ),
    Rung(
        "watching", "istiod here watches the other mesh", "from", _CLUSTERS, "list on peers of the watching mesh", True
    ),
    Rung(
        "synced",
        "it has read everything since the last change",
        "from",
        _CLUSTERS,
        "list on peers of the watching mesh",
        True,
    ),
    Rung(
        "exported",
        "the watched mesh offers what its rules export",
        "to",
        _CLUSTERS,
        "list on export sets and Services of the watched mesh",
    ),
    Rung(
        "imported",
        "everything is imported that is offered and matched",
        "both",
        _CLUSTERS,
        "list on sets of both meshes",
        True,
    ),
    Rung("serving", "requests to the imported services are answered", "from", "probe", "federation_probe: true", True),
)

#: All rungs by name, in their order.
RUNGS: Dict[str, Rung] = {rung.name: rung for rung in _TABLE}
#: The rungs that network_check looks at.
NETWORK: Tuple[RungName, ...] = tuple(rung.name for rung in _TABLE if rung.place == "controller")
