# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A federation whose objects are all applied and whose links are healthy; tests change a link or an object."""

from __future__ import annotations

import copy
from typing import Any

from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.plugin_utils._objects import identity_note
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._run import restarts as recovery

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
FIRST = {"clientID": "green.local/ns/green/sa/egress-service-account", "ingress": "ingress-green"}
CREATED, CHANGED, SYNCED = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T00:30:00Z"


def seconds_after(time: str, seconds: int) -> str:
    """The time of the same day that is so many seconds later."""
    hour, minute, second = (int(part) for part in time[11:19].split(":"))
    total = hour * 3600 + minute * 60 + second + seconds
    return f"{time[:11]}{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}Z"


class Federation:
    """Red, green and blue: all objects are applied and all links healthy, until a test changes one."""

    def __init__(self, **options: Any) -> None:
        declared = fed.declare(fed.inventory(red_mesh={"mesh_exports": {GREEN: ["bookinfo/ratings"]}, **options}))
        self.facts = {host: fed.facts(host) for host in fed.COLOURS}
        fed.federate(declared, self.facts)
        self.plan = copy.deepcopy(dict(planning.build_plan(declared, self.facts, fed.NOW)))
        for read in self.facts.values():
            for peer in read["peers"]:
                peer["metadata"]["creationTimestamp"] = CREATED
        self.links = {
            host: {"links": [self.healthy_link(peer) for peer in fed.COLOURS if peer != host]} for host in fed.COLOURS
        }

    @staticmethod
    def healthy_link(peer: str) -> Json:
        return {
            "peer": peer,
            "peer_name": peer,
            "exists": True,
            "accepted": True,
            "connected": True,
            "code": "connected",
            "suspect": None,
            "last_attempt": CREATED,
            "last_full_sync": SYNCED,
            "created": CREATED,
            "imported": [],
            "offered": [],
            "missing": [],
            "synced": True,
            "root_not_loaded": False,
        }

    def link(self, host: str, peer: str, **changes: Any) -> Json:
        found = next(link for link in self.links[host]["links"] if link["peer"] == peer)
        found.update(changes)
        return found

    def peer(self, host: str, peer: str) -> Json:
        return next(one for one in self.facts[host]["peers"] if one["metadata"]["name"] == peer)

    def needs(self, **more: Any) -> list[tuple[str, str, str]]:
        needs = recovery.needs(self.plan, self.links, self.facts, **more)
        assert all(problem["remedy"] and problem["message"] for problem in needs)
        return [(problem["code"], problem["mesh"], problem["peer"]) for problem in needs]


def change_client_id(federation: Federation, host: str = RED) -> None:
    """Give the peer for green another client ID, as an earlier version did: without a note."""
    federation.peer(host, GREEN)["spec"]["security"]["clientID"] = FIRST["clientID"]
    del federation.peer(host, GREEN)["metadata"]["annotations"][identity_note.KEPT]


DOWN = {"connected": False, "synced": False, "code": "peer-unreachable"}
