# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a plan as one text of which a mesh reads only its own part. Pure.

Every task of every mesh needs the plan. With all of it, a run with n meshes would parse n plans of n meshes for each task. The first
line is an index of where each part begins; each further line is one part as JSON.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, cast

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan

#: Where the parts begin: of a host, and of a host and another key of it.
Offsets = Dict[str, int]
#: The parts of a plan that are by host. Of ``sides`` and ``readings`` a peer needs one entry, of ``meshes`` the whole.
_BY_HOST = ("meshes", "sides", "readings", "terminated_pods")
#: What belongs to no host, and is needed by each.
_COMMON = ("group", "options", "pending_steps", "recorded_at")


class _Text:
    """Parts, one a line, and where each of them begins."""

    def __init__(self) -> None:
        self.lines: List[str] = []
        self._length = 0

    def add(self, part: Any) -> int:
        """Append a part; where it begins."""
        line = json.dumps(part, separators=(",", ":"))
        begin = self._length
        self.lines.append(line)
        self._length += len(line) + 1
        return begin


def pack(plan: Plan) -> str:
    """The plan as one text."""
    whole, text = cast(Json, plan), _Text()
    index: Json = {
        "common": text.add({key: whole[key] for key in _COMMON if key in whole}),
        "rest": text.add({key: value for key, value in whole.items() if key not in (*_BY_HOST, *_COMMON)}),
        "known": [key for key in _BY_HOST if key in whole],
        "meshes": {host: text.add(mesh) for host, mesh in plan["meshes"].items()},
        "terminated_pods": {host: text.add(pods) for host, pods in (plan.get("terminated_pods") or {}).items()},
        "sides": {
            host: {peer: text.add(side) for peer, side in sides.items()} for host, sides in plan["sides"].items()
        },
        "readings": {host: _pack_reading(text, reading) for host, reading in (plan.get("readings") or {}).items()},
    }
    return "\n".join([json.dumps(index, separators=(",", ":")), *text.lines])


def _pack_reading(text: _Text, reading: Json) -> Json:
    """Where the parts of one reading begin; ``links`` are by name of the ServiceMeshPeer."""
    rest = {key: value for key, value in reading.items() if key != "links"}
    return {"rest": text.add(rest), "links": {link["peer_name"]: text.add(link) for link in reading.get("links") or []}}


class _Parts:
    """The parts of a packed plan; each is parsed when it is asked for."""

    def __init__(self, packed: str) -> None:
        self._text = packed
        self._begin = packed.index("\n") + 1
        self.index: Json = json.loads(packed[: self._begin])

    def read(self, offset: int) -> Any:
        """The part that begins at an offset."""
        begin = self._begin + offset
        end = self._text.find("\n", begin)
        return json.loads(self._text[begin : end if end >= 0 else len(self._text)])

    def by_key(self, offsets: Offsets, keys: Iterable[str]) -> Json:
        """Those of some parts that exist, by their keys."""
        return {key: self.read(offsets[key]) for key in keys if key in offsets}

    def reading(self, host: str, names: Iterable[str]) -> Json:
        """What was read of one mesh, with the links of some names."""
        reading = self.index["readings"][host]
        return {**self.read(reading["rest"]), "links": list(self.by_key(reading["links"], names).values())}


def unpack(packed: str) -> Plan:
    """The whole plan."""
    parts = _Parts(packed)
    index = parts.index
    by_host: Json = {
        "meshes": parts.by_key(index["meshes"], index["meshes"]),
        "terminated_pods": parts.by_key(index["terminated_pods"], index["terminated_pods"]),
        "sides": {host: parts.by_key(sides, sides) for host, sides in index["sides"].items()},
        "readings": {host: parts.reading(host, reading["links"]) for host, reading in index["readings"].items()},
    }
    known = {key: by_host[key] for key in index["known"]}
    return cast(Plan, {**parts.read(index["rest"]), **parts.read(index["common"]), **known})


def unpack_for(packed: str, host: str) -> Plan:
    """What one mesh needs of the plan: itself, its peers, both sides of each of its links, and what was read of them.

    No problem, warning or line for people is in it. KeyError for a host that is not in the plan.
    """
    parts = _Parts(packed)
    index = parts.index
    own = parts.by_key(index["sides"][host], index["sides"][host])
    sides = {host: own, **{peer: parts.by_key(index["sides"].get(peer) or {}, [host]) for peer in own}}
    names = {peer: [side["peer_name"] for side in sides[peer].values()] for peer in own}
    names[host] = list((index["readings"].get(host) or {}).get("links") or [])
    by_host: Json = {
        "meshes": parts.by_key(index["meshes"], [host, *own]),
        "terminated_pods": parts.by_key(index["terminated_pods"], [host]),
        "sides": sides,
        "readings": {reader: parts.reading(reader, names[reader]) for reader in index["readings"] if reader in names},
    }
    known = {key: by_host[key] for key in index["known"]}
    return cast(Plan, {**parts.read(index["common"]), **known})
