# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the spellings of ``spec.remote`` of a ServiceMeshPeer, which all mean the same. Pure.

istiod compares ``spec.remote`` field by field and not by its meaning (observed on 2.5; maistra/istio UpdatePeerConfig). So a
default port that is written out, or an address that is listed twice, restarts the watch, which begins with a full sync.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import owned_keys
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_PORT,
    OURS,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Remote

#: What istiod uses for a port that is not written out.
DEFAULT_PORTS = {"discoveryPort": DISCOVERY_PORT, "servicePort": SERVICE_PORT}


def remote_section(remote: Remote) -> Json:
    """The shortest spelling: addresses, and ports only if they differ from istiod's defaults."""
    ports: Dict[str, Any] = {"discoveryPort": remote["discoveryPort"], "servicePort": remote["servicePort"]}
    return {"addresses": remote["addresses"], **{key: ports[key] for key in ports if ports[key] != DEFAULT_PORTS[key]}}


def plain_section(section: Json) -> Json:
    """The meaning of any spelling: all ports, and each address once."""
    addresses = section.get("addresses")
    plain = {**DEFAULT_PORTS, **section}
    return {**plain, "addresses": _unique(addresses)} if addresses else plain


def kept_section(remote: Remote, live: Json, manager: str) -> Json:
    """``remote`` as our last apply to the live ServiceMeshPeer spelled it, so that sending it again changes nothing.

    A default port, or a repeated address, is only sent if ``manager`` owns it: what another manager has written out stays
    without us.
    """
    section, current, owned = remote_section(remote), _current(live), _owned(live, manager)
    for key, default in DEFAULT_PORTS.items():
        if key not in section and key in owned and current.get(key) == default:
            section[key] = default
    addresses = current.get("addresses")
    if addresses and "addresses" in owned and _unique(addresses) == _unique(section["addresses"]):
        section["addresses"] = addresses
    return section


def other_section(remote: Remote, live: Json, manager: str) -> Optional[Json]:
    """``remote`` in another spelling than the live ServiceMeshPeer has; None where the live value is not ``remote``, so that a
    change of it is due anyway, or where no other spelling is possible.

    Ports are written out or left out if one of them is the default, else an address is listed twice or once. A port that is left
    out disappears only if no other manager owns it, and a changed list conflicts with another manager that owns it.
    """
    kept, current, owned = kept_section(remote, live, manager), _current(live), _owned(live, manager)
    if _applied(kept, current, owned) != current:
        return None
    # A port that another manager has set to another value is drift, and not written by us.
    defaults = [key for key in DEFAULT_PORTS if {**kept, **current}.get(key) in (None, DEFAULT_PORTS[key])]
    is_written = any(key in kept for key in defaults)
    spellings = [
        {key: value for key, value in kept.items() if key not in defaults}
        if is_written
        else {**kept, **{key: DEFAULT_PORTS[key] for key in defaults}}
    ]
    if kept["addresses"] and all(manager.startswith(OURS) for manager in live.get("managers") or [""]):
        addresses = _unique(kept["addresses"])
        is_repeated = addresses != kept["addresses"]
        spellings.append({**kept, "addresses": addresses if is_repeated else [*addresses, addresses[0]]})
    return next((section for section in spellings if _applied(section, current, owned) != current), None)


def _unique(addresses: List[str]) -> List[str]:
    return list(dict.fromkeys(addresses))


def _current(live: Json) -> Json:
    current: Json = dig(live, "spec", "remote") or {}
    return current


def _owned(live: Json, manager: str) -> Set[str]:
    return owned_keys(live, manager, "spec", "remote")


def _applied(section: Json, current: Json, owned: Set[str]) -> Json:
    """The live section after an apply: what we owned and no longer send goes."""
    return {**{key: value for key, value in current.items() if key not in owned}, **section}
