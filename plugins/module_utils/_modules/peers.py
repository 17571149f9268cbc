# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading and awaiting the links of one mesh, in at most three requests. Private to this collection."""

from __future__ import annotations

import time
from typing import Callable, Dict, FrozenSet, Iterator, List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event, WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import AUTH_OPTION
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation, LinkStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import judge_link, read_link, unread_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_imports

Say = Callable[[str], None]

PEER, IMPORTS, EXPORTS = "ServiceMeshPeer", "ImportedServiceSet", "ExportedServiceSet"

INFO_SPEC: Json = {
    "auth": AUTH_OPTION,
    "mesh": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "links": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "peer": {"type": "str", "required": True},
            "peer_host": {"type": "str"},
            "peer_name": {"type": "str", "required": True},
            "imports_expected": {"type": "list", "elements": "str"},
            "import_rules": {"type": "list", "elements": "dict"},
            "since": {"type": "str"},
            "root_since": {"type": "str"},
            "inbound": {"type": "bool"},
            "terminated_pods": {"type": "list", "elements": "str"},
        },
    },
}

#: Seconds after which istiod has looked at every peer again: what it has not taken up by then needs its restart.
STUCK_SECONDS = 70

WAIT_SPEC: Json = {
    **INFO_SPEC,
    "pods": {"type": "list", "elements": "str", "default": []},
    "known": {"type": "list", "elements": "dict", "default": []},
    "timeout": {"type": "float", "default": 300},
}


class _State:
    """The peers and import sets of one mesh at a moment, and what of them is asked for."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self.wanted: List[LinkExpectation] = params["links"]
        self.objects: Dict[str, Dict[str, Json]] = {PEER: {}, IMPORTS: {}, EXPORTS: {}}
        self.known: Dict[str, LinkStatus] = {one["peer_name"]: one for one in params.get("known") or []}
        self.told: Dict[str, str] = {}
        self.pods: FrozenSet[str] = frozenset(params.get("pods") or [])
        self.begun = time.monotonic()
        #: Links as they were read since their objects last changed: a burst of events is about one of them each.
        self._links: Dict[str, LinkStatus] = {}
        #: Whether the API server has reported all peers, so that one that it did not report does not exist.
        self.peers_complete = False

    def fill(self, kind: str, objects: Sequence[Json]) -> None:
        """What lives now is all there is of a kind."""
        self.objects[kind] = {one["metadata"]["name"]: one for one in objects}
        self._links.clear()

    def forget(self) -> None:
        """An earlier reading counts no more."""
        self.known = {}
        self._links.clear()

    def take(self, event: Event) -> None:
        """Take in one event of a watch."""
        if event.type == "RESET":
            self.fill(event.kind, [])
            return
        name = event.object["metadata"]["name"]
        self._links.pop(name, None)
        if event.type == "DELETED":
            self.objects[event.kind].pop(name, None)
        else:
            self.objects[event.kind][name] = event.object

    def link(self, wanted: LinkExpectation) -> LinkStatus:
        """One link as it is."""
        name = wanted["peer_name"]
        if name not in self._links:
            self._links[name] = self._read(wanted, name)
        return self._links[name]

    def _read(self, wanted: LinkExpectation, name: str) -> LinkStatus:
        imports = self.objects[IMPORTS].get(name)
        if name not in self.known:
            peer, exports = self.objects[PEER].get(name), self.objects[EXPORTS].get(name)
            return read_link(self.mesh, wanted, peer, imports, exports, pods=self.pods)
        link = self.known[name]
        return judge_link(wanted, link if imports is None else {**link, **read_imports(imports)})

    def links(self) -> List[LinkStatus]:
        """All links that are asked for."""
        return [self.link(wanted) for wanted in self.wanted]

    def up(self) -> bool:
        """Whether an earlier reading has shown every link connected and synced, so that only imports can be missing."""
        return bool(self.known) and all(link["connected"] and link["synced"] for link in self.links())

    def served(self) -> bool:
        """Whether every import rule has taken something. Before that, what it asks for may still come with the burst of
        status writes of a full sync, or never, when nothing of it is exported."""
        return all(
            any(rule_imports([rule], one["exportedName"]) for one in link["imported"])
            for wanted, link in zip(self.wanted, self.links())
            for rule in wanted.get("import_rules") or []
        )

    def good(self) -> bool:
        """Whether every link is as it was asked for."""
        return all(link["healthy"] for link in self.links())

    def hopeless(self) -> bool:
        """Whether no link that is not good yet gets so without a restart of istiod."""
        bad = [link for link in self.links() if not link["healthy"]]
        stuck = all(link["suspect"] or link["root_not_loaded"] for link in bad)
        return stuck and time.monotonic() - self.begun > STUCK_SECONDS

    def news(self, links: Sequence[LinkStatus]) -> Iterator[str]:
        """One line for each link that is different from last time."""
        for link in links:
            message = link_words(link)
            if self.told.get(link["peer_name"]) != message:
                self.told[link["peer_name"]] = message
                yield f"{self.mesh} -> {link['peer']}: {message}"


def link_words(link: LinkStatus) -> str:
    """One link in a few words."""
    if not link["connected"]:
        text = f"{link['text']}: " if link["text"] and link["accepted"] else ""
        return f"{text}{link['message']}"
    if not link["synced"]:
        return "connected, not synced since the last change"
    if link["missing"]:
        return f"connected, not imported yet: {', '.join(link['missing'])}"
    if not link["healthy"]:
        return f"connected; {link['inbound_message']}"
    proven = ", new root not proven" if link["root_proven"] is False else ""
    return f"connected, {len(link['imported'])} imported{proven}"


def info(params: Json, check_mode: bool, say: Say) -> Json:
    """Read the links once."""
    return _run(params, 0.0, say)


def wait(params: Json, check_mode: bool, say: Say) -> Json:
    """Wait until every link is connected, synced and complete, at most ``timeout`` seconds; check mode looks once.

    When ``known``, an earlier result, shows all links to be good, no request is sent; when it shows them connected and
    synced, only the import sets are followed.
    """
    return _run(params, 0.0 if check_mode else params["timeout"], say)


def _run(params: Json, timeout: float, say: Say) -> Json:
    """Look once (no time) or wait."""
    state = _State(params)
    if not params["links"] or (state.known and state.good()):
        return _result(state, [])
    only_imports = state.up()
    if not only_imports:
        state.forget()
    auth = {key: value for key, value in params["auth"].items() if value is not None}
    problems = check_access(auth, state.mesh)
    if problems:
        return _result(state, problems)
    deadline = time.monotonic() + timeout
    followed = (IMPORTS,) if only_imports else (PEER, IMPORTS)
    try:
        cluster = Cluster(auth)
        if timeout > 0:
            _watch(cluster, [WatchFor(kind, params["namespace"]) for kind in followed], state, deadline, say)
        else:
            for kind in followed:
                state.fill(kind, cluster.list(kind, params["namespace"]))
                state.peers_complete = state.peers_complete or kind == PEER
        if not only_imports:
            # Last: what we offer is complete once the others watch us.
            state.fill(EXPORTS, cluster.list(EXPORTS, params["namespace"]))
            # The watches have reported what exists, as the API server answers to this user.
            state.peers_complete = True
    except ClusterError as error:
        return _result(state, [error.problem(state.mesh, f"API server of {state.mesh}")])
    return _result(state, [])


def _watch(cluster: Cluster, watches: Sequence[WatchFor], state: _State, deadline: float, say: Say) -> None:
    """Follow peers and import sets, or what of them is asked for, until every link is good or the deadline has come."""
    failing = ""
    for event in cluster.watch_many(watches, deadline):
        if event.error is not None:
            if event.type == "FATAL":
                raise event.error
            if event.error.message != failing:
                failing = event.error.message
                say(f"{state.mesh}: {failing}; trying again")
            continue
        if event.type == "TICK":
            if state.hopeless():
                return
            _heartbeat(state, deadline, say)
        elif event.type == "QUIET":
            for line in state.news(state.links()):
                say(line)
            if state.good() or state.hopeless():
                return
        else:
            state.take(event)
            if event.type != "RESET" and state.good() and state.served():
                return


def _heartbeat(state: _State, deadline: float, say: Say) -> None:
    """Say that we are still waiting, and for what."""
    rest = [f"{link['peer']} ({link_words(link)})" for link in state.links() if not link["healthy"]]
    say(f"{state.mesh}: {deadline - time.monotonic():.0f} s left; waiting for {'; '.join(rest)}")


def _result(state: _State, problems: List[Problem]) -> Json:
    """The result of the modules."""
    links = state.links()
    if problems and not state.peers_complete:
        reason, remedy = problems[0]["message"], problems[0]["remedy"]
        links = [link if link["exists"] else unread_link(state.mesh, wanted, reason, remedy)
                 for wanted, link in zip(state.wanted, links)]
    late = [f"{link['peer']}: {link_words(link)}" for link in links if not link["healthy"]]
    return {
        "changed": False,
        "healthy": not late and not problems,
        "message": "; ".join(late) or "every link is healthy",
        "links": links,
        "problems": problems,
    }
