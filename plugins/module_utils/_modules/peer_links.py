# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The links of one mesh, read once or awaited, in at most four requests: the cores of peer_info and peer_wait.

Private to this collection.
"""

from __future__ import annotations

import time
from typing import Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import (
    ChangeLog,
    Event,
    LiveObjects,
    Say,
    WatchFor,
    follow,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.link_conditions import Conditions
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core, first_error
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import ConditionedLink, LinkResult
from ansible_collections.ossm.federation.plugins.module_utils._product.links import (
    LinkExpectation,
    LinkState,
    LinkStatus,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import judge_link, read_link, unread_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_imports

PEER, IMPORTS, EXPORTS = "ServiceMeshPeer", "ImportedServiceSet", "ExportedServiceSet"

INFO_SPEC: Json = {
    **MESH_OPTIONS,
    "links": {
        "type": "list",
        "elements": "dict",
        "options": {
            "peer_name": {"type": "str", "required": True},
            "peer": {"type": "str"},
            "expect": {
                "type": "dict",
                "options": {
                    "imports_expected": {"type": "list", "elements": "str"},
                    "import_rules": {"type": "list", "elements": "dict"},
                    "since": {"type": "str"},
                    "root_since": {"type": "str"},
                    "reconciled_since": {"type": "str"},
                    "attempt_since": {"type": "str"},
                    "inbound": {"type": "bool"},
                    "terminated_pods": {"type": "list", "elements": "str"},
                },
            },
        },
    },
    "condition": {"type": "list", "elements": "str", "default": []},
    "expect": {
        "type": "dict",
        "options": {
            "pods": {"type": "list", "elements": "str"},
            "known": {"type": "list", "elements": "dict"},
        },
    },
}

WAIT_SPEC: Json = {**INFO_SPEC, "timeout": {"type": "float", "default": 300}}

#: Seconds after which istiod has read every peer again: what it has not accepted by then needs its restart.
STUCK_SECONDS = 70


class _Links:
    """The links of one mesh at a moment, and what is expected of them; the state of a wait."""

    def __init__(self, params: Json, conditions: Conditions) -> None:
        expect = params.get("expect") or {}
        self.mesh: str = params["mesh"]
        self.conditions = conditions
        self.objects = LiveObjects()
        #: Kinds of which the cluster has reported anything.
        self.kinds_read: Set[str] = set()
        self.known: Dict[str, ConditionedLink] = {link["peer_name"]: link for link in expect.get("known") or []}
        self._pods: FrozenSet[str] = frozenset(expect.get("pods") or [])
        self._log = ChangeLog()
        self._begun = time.monotonic()
        #: Links as they were read since their objects last changed: a burst of events is about one of them each.
        self._links: Dict[str, ConditionedLink] = {}
        #: None: every ServiceMeshPeer of the namespace.
        self.expectations: Optional[List[LinkExpectation]] = None
        if params.get("links") is not None:
            self.expectations = [_expectation(link) for link in params["links"]]
        self._names: Set[str] = set(self.known)

    def expected(self) -> List[LinkExpectation]:
        """The links and what is expected of each, in the shape of ``read_link``."""
        if self.expectations is not None:
            return self.expectations
        return [{"peer": name, "peer_name": name} for name in sorted(self._names)]

    def fill(self, kind: str, objects: Iterable[Json]) -> None:
        """Replace all objects of a kind by those that were read."""
        self.objects.fill(kind, objects)
        self._changed(kind, None)

    def take(self, event: Event) -> None:
        """Apply an event about objects."""
        name = self.objects.take(event)
        if event.type == "DELETED" and event.kind == PEER and name:
            self._names.discard(name)
        self._changed(event.kind, name)

    def _changed(self, kind: str, name: Optional[str]) -> None:
        self.kinds_read.add(kind)
        if kind == PEER:
            self._names |= set(self.objects.of(PEER))
        if name is None:
            self._links.clear()
        else:
            self._links.pop(name, None)

    def forget(self) -> None:
        """Ignore an earlier reading."""
        self.known = {}
        self._links.clear()

    def links(self) -> List[ConditionedLink]:
        """The links as they are."""
        return [self._link(expectation) for expectation in self.expected()]

    def _link(self, expectation: LinkExpectation) -> ConditionedLink:
        name = expectation["peer_name"]
        if name not in self._links:
            link = self._read(expectation, name)
            unmet = self.conditions.unmet(link)
            healthy = link["healthy"] and not unmet
            state: LinkState = "healthy" if healthy else "degraded"
            self._links[name] = {**link, "unmet": unmet, "healthy": healthy, "state": state}
        return self._links[name]

    def _read(self, expectation: LinkExpectation, name: str) -> LinkStatus:
        imports = self.objects.get(IMPORTS, name)
        if name not in self.known:
            peer, exports = self.objects.get(PEER, name), self.objects.get(EXPORTS, name)
            return read_link(self.mesh, expectation, peer, imports, exports, pods=self._pods)
        link: LinkStatus = self.known[name]
        return judge_link(expectation, link if imports is None else {**link, **read_imports(imports)})

    def unread(self, expectation: LinkExpectation, reason: Problem) -> ConditionedLink:
        """A link whose ServiceMeshPeer could not be read."""
        return {**unread_link(self.mesh, expectation, reason["message"], reason["remedy"]), "unmet": []}

    def is_up(self) -> bool:
        """Whether an earlier reading shows every link connected and synced, so that only imports can be missing."""
        names = {expectation["peer_name"] for expectation in self.expected()}
        return (
            bool(names)
            and names <= set(self.known)
            and all(link["connected"] and link["synced"] for link in self.links())
        )

    def is_healthy(self) -> bool:
        """Whether there are links and all of them are healthy."""
        links = self.links()
        return bool(links) and all(link["healthy"] for link in links)

    def is_done(self) -> bool:
        """Whether every link is healthy and every import rule has imported a service. Before that, what a rule asks for
        may still come with the status updates of a full sync, or never, when nothing that it matches is exported."""
        return self.is_healthy() and all(
            any(rule_imports([rule], service["exportedName"]) for service in link["imported"])
            for expectation, link in zip(self.expected(), self.links())
            for rule in expectation.get("import_rules") or []
        )

    def is_over(self) -> bool:
        """Whether every link is healthy, or those that are not need a restart of istiod."""
        links = self.links()
        if not links or time.monotonic() - self._begun <= STUCK_SECONDS:
            return self.is_healthy()
        return all(link["healthy"] or link["suspect"] or link["root_not_loaded"] for link in links)

    def changes(self) -> List[str]:
        """One line for each link that has changed."""
        return self._log.changes({f"{self.mesh} -> {link['peer']}": link_message(link) for link in self.links()})

    def status_line(self) -> str:
        """The links that are not healthy."""
        return summary(self.links(), "; ") or "a ServiceMeshPeer"


def _expectation(link: Json) -> LinkExpectation:
    """An item of the option ``links`` in the shape of ``read_link``."""
    expect = link.get("expect") or {}
    return {
        "peer_name": link["peer_name"],
        "peer": link.get("peer") or link["peer_name"],
        "imports_expected": expect.get("imports_expected"),
        "import_rules": expect.get("import_rules"),
        "since": expect.get("since"),
        "root_since": expect.get("root_since"),
        "reconciled_since": expect.get("reconciled_since"),
        "attempt_since": expect.get("attempt_since"),
        "inbound": expect.get("inbound"),
        "terminated_pods": expect.get("terminated_pods"),
    }


def link_message(link: ConditionedLink) -> str:
    """One link in a few words."""
    if not link["connected"]:
        text = f"{link['text']}: " if link["text"] and link["accepted"] else ""
        return f"{text}{link['message']}"
    if not link["synced"]:
        return "connected, not synced since the last change"
    if link["missing"]:
        return f"connected, not imported yet: {', '.join(link['missing'])}"
    if link["unmet"]:
        return f"connected, condition not met: {', '.join(link['unmet'])}"
    if not link["healthy"]:
        return f"connected; {link['inbound_message']}"
    proven = ", new root not proven" if link["root_proven"] is False else ""
    return f"connected, {len(link['imported'])} imported{proven}"


def summary(links: List[ConditionedLink], separator: str) -> str:
    """The links that are not healthy, in words; empty where all are."""
    return separator.join(f"{link['peer']}: {link_message(link)}" for link in links if not link["healthy"])


def unhealthy(params: Json, check_mode: bool, result: Json) -> Optional[Problem]:
    """The problem for which peer_wait fails: what could not be read, else a link that is not healthy. In check mode
    nothing was changed that could make a link healthy."""
    error = first_error(params, check_mode, result)
    if error is not None or check_mode or result["healthy"]:
        return error
    mesh, namespace = params["mesh"], params["namespace"]
    if not result["links"]:
        where = f"namespace {namespace}" if params.get("links") is None else "links"
        return problem(
            "peer-missing", mesh, where, result["message"], "Create a ServiceMeshPeer, or correct namespace or links"
        )
    link = next(link for link in result["links"] if not link["healthy"])
    code, remedy = _shortfall(link)
    return problem(
        code,
        mesh,
        f"ServiceMeshPeer {namespace}/{link['peer_name']}",
        f"not healthy {at_deadline(params['timeout'])}: {link_message(link)}",
        remedy,
        peer=link["peer"],
    )


def _shortfall(link: ConditionedLink) -> Tuple[str, str]:
    """Code and remedy of a link that is not healthy."""
    if not link["connected"]:
        return link["code"], link["remedy"]
    if not link["synced"]:
        return "not-synced", "Increase timeout: a full sync needs at most a minute (five minutes before 2.5)"
    if link["missing"]:
        return "not-imported", "Compare the export and import rules of the two meshes, or increase timeout"
    if link["unmet"]:
        return "condition-not-met", "Compare the condition with links in the result, or increase timeout"
    return "not-watched", f"Create the ServiceMeshPeer for this mesh in {link['peer']}"


def check_known(params: Json) -> str:
    """What is wrong with ``expect.known``; empty where nothing is."""
    for index, link in enumerate((params.get("expect") or {}).get("known") or []):
        missing = sorted(LinkStatus.__required_keys__ - set(link))
        if missing:
            return (
                f"expect.known[{index}]: it is no link of an earlier result, as it has no {missing[0]}. "
                "Fix: Set known to links of a result of peer_wait or peer_info."
            )
    return ""


@core(INFO_SPEC, check=check_known)
def info(params: Json, check_mode: bool, say: Say) -> LinkResult:
    """Read the links once."""
    return _run(params, 0.0, say)


@core(WAIT_SPEC, unhealthy, check=check_known)
def wait(params: Json, check_mode: bool, say: Say) -> LinkResult:
    """Wait until every link is healthy, at most ``timeout`` seconds; check mode reads once.

    Where ``known``, an earlier reading, shows all links healthy, no request is sent; where it shows them connected and
    synced, only the import sets are followed.
    """
    return _run(params, 0.0 if check_mode else params["timeout"], say)


def _run(params: Json, timeout: float, say: Say) -> LinkResult:
    """Read once (no timeout) or wait."""
    conditions = Conditions(params.get("condition") or [], params["mesh"])
    links = _Links(params, conditions)
    if conditions.problem is not None:
        return _result(params, links, [conditions.problem])
    only_imports = links.is_up()
    if links.expectations == [] or (only_imports and links.is_healthy()):
        return _result(params, links, [])
    if not only_imports:
        links.forget()

    def work(cluster: Cluster) -> None:
        _read(cluster, params["namespace"], links, timeout, say, only_imports)

    return _result(params, links, use_cluster(params["auth"], links.mesh, work))


def _read(cluster: Cluster, namespace: str, links: _Links, timeout: float, say: Say, only_imports: bool) -> None:
    """Read or follow the peers and import sets, then read the export sets. Raises ClusterError."""
    kinds = [IMPORTS] if only_imports else [PEER, IMPORTS]
    if timeout > 0:
        if links.expectations is None and not only_imports:
            links.fill(PEER, cluster.list(PEER, namespace))
        targets = [WatchFor(kind, namespace) for kind in kinds]
        follow(cluster, targets, links, time.monotonic() + timeout, say)
        # A watch reports nothing where there is no object, or where the API server cannot be reached.
        kinds = [] if kinds[0] in links.kinds_read else kinds
    for kind in kinds:
        links.fill(kind, cluster.list(kind, namespace))
    if not only_imports:
        # Last: the offer to a peer is complete once that peer watches this mesh.
        links.fill(EXPORTS, cluster.list(EXPORTS, namespace))


def _result(params: Json, links: _Links, problems: List[Problem]) -> LinkResult:
    """The result of the modules."""
    found = links.links()
    if problems and PEER not in links.kinds_read:
        found = [
            link if link["peer_name"] in links.known else links.unread(expectation, problems[0])
            for expectation, link in zip(links.expected(), found)
        ]
    healthy = links.is_healthy() and not problems
    state: LinkState = "healthy" if healthy else "degraded"
    if any(link["state"] == "unknown" for link in found) or (not found and (problems or links.expectations == [])):
        state = "unknown"
    return {
        "changed": False,
        "mesh": links.mesh,
        "namespace": params["namespace"],
        "state": state,
        "healthy": healthy,
        "message": _message(params, links, found, problems),
        "links": found,
        "problems": problems,
    }


def _message(params: Json, links: _Links, found: List[ConditionedLink], problems: List[Problem]) -> str:
    """The links in one line."""
    if found:
        return summary(found, "; ") or f"{len(found)} of {len(found)} links healthy"
    if problems:
        return problems[0]["message"]
    return "no link to read: the list is empty" if links.expectations == [] else "the namespace has no ServiceMeshPeer"
