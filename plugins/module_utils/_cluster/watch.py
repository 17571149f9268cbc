# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Watches of a cluster, several at once, and the loop that all waits share. Private to this collection."""

from __future__ import annotations

import queue
import threading
import time
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Literal,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
    Tuple,
)

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FINAL_CODES, ClusterError, Request
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Seconds without an event after which a watch reports a TICK.
TICK = 15.0
#: Seconds without an event after which a burst of events counts as complete.
BURST = 0.1
#: Longest pause in seconds between two failed attempts of a watch.
LONGEST_PAUSE = 5.0

#: Shows one line of progress.
Say = Callable[[str], None]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "RESET", "ERROR", "FATAL", "QUIET", "TICK"]


class Event(NamedTuple):
    """What a watch reports.

    ADDED, MODIFIED or DELETED with an object; RESET when the watch of a kind starts anew, and all objects follow again;
    ERROR with a ClusterError, FATAL when that watch is given up; QUIET at the end of a burst of events; TICK when nothing
    has happened for a while.
    """

    kind: str
    type: EventType
    object: Json
    error: Optional[ClusterError] = None


class WatchFor(NamedTuple):
    """Which objects to watch: a kind in a namespace (None: in the cluster), one name or all; of all, those that the selectors
    ``labels`` and ``fields`` select."""

    kind: str
    namespace: Optional[str]
    name: Optional[str] = None
    labels: str = ""
    fields: str = ""


class EventSource(Protocol):
    """What a watch needs of a cluster."""

    def open_stream(self) -> Any:
        """A new stream for ``events``, which ``stop`` ends."""

    def events(self, target: WatchFor, seconds: int, stream: Any) -> Iterator[Tuple[EventType, Json]]:
        """Type and object of the events of a single watch request that ends after ``seconds``."""

    def decode(self, error: Exception, request: Request) -> ClusterError:
        """A failure of ``events`` as a ClusterError."""


# -- objects that watches report -----------------------------------------------------------------------------------------


class LiveObjects:
    """Objects by kind and name, kept up to date by the events of watches."""

    def __init__(self) -> None:
        self._objects: Dict[str, Dict[str, Json]] = {}

    def take(self, event: Event) -> Optional[str]:
        """Apply an event about objects; the name of the object that changed, or None where all of the kind did."""
        if event.type == "RESET":
            self.fill(event.kind, ())
            return None
        name = str(event.object["metadata"]["name"])
        if event.type == "DELETED":
            self._objects.setdefault(event.kind, {}).pop(name, None)
        else:
            self._objects.setdefault(event.kind, {})[name] = event.object
        return name

    def fill(self, kind: str, objects: Iterable[Json]) -> None:
        """Replace all objects of a kind by those that were read."""
        self._objects[kind] = by_name(objects)

    def of(self, kind: str) -> Dict[str, Json]:
        """The objects of a kind by name."""
        return self._objects.get(kind) or {}

    def get(self, kind: str, name: str) -> Optional[Json]:
        """One object; None when it does not exist."""
        return self.of(kind).get(name)


# -- the loop that all waits share ---------------------------------------------------------------------------------------


class WaitState(Protocol):
    """What a wait knows: the state that events change, and whether it is what is waited for."""

    @property
    def mesh(self) -> str:
        """The name of the mesh, which every line begins with."""

    def take(self, event: Event) -> None:
        """Apply an event that is about objects: ADDED, MODIFIED, DELETED or RESET."""

    def is_done(self) -> bool:
        """Whether nothing is left to wait for; asked after every change of an object, so in the middle of a burst."""

    def is_over(self) -> bool:
        """Whether waiting ends, because all is done or can no longer be reached; asked when no event has followed for
        ``BURST`` seconds."""

    def changes(self) -> Iterable[str]:
        """One line for each thing that differs from what the last call returned; called at the end of a burst."""

    def status_line(self) -> str:
        """What is still waited for, in one line; called for each heartbeat, and may read more to explain it."""


class Watching(Protocol):
    """A cluster that can be watched."""

    def watch_many(self, targets: Sequence[WatchFor], deadline: float) -> Iterator[Event]:
        """Events of several watches until ``deadline`` (seconds of ``time.monotonic()``)."""


def follow(cluster: Watching, targets: Sequence[WatchFor], state: WaitState, deadline: float, say: Say) -> bool:
    """Follow watches until ``state`` is done or over (True) or ``deadline`` has come (False; ``time.monotonic()``).

    ``say`` gets a line for each change, a heartbeat with what is missing while nothing happens, and a failure of a watch
    once while it repeats. Raises the ClusterError of a watch that can never work.
    """
    reported = ""
    for event in cluster.watch_many(targets, deadline):
        if event.error is not None:
            if event.type == "FATAL":
                raise event.error
            if event.error.message != reported:
                reported = event.error.message
                say(f"{state.mesh}: {reported}; trying again")
        elif event.type == "TICK":
            if state.is_over():
                return True
            status = state.status_line()
            say(f"{state.mesh}: {deadline - time.monotonic():.0f} s left; waiting for {status}")
        elif event.type == "QUIET":
            for line in state.changes():
                say(line)
            if state.is_over():
                return True
        else:
            state.take(event)
            if event.type != "RESET" and state.is_done():
                return True
    return False


class ChangeLog:
    """Remembers the last message of each subject, so that only what changed is reported."""

    def __init__(self) -> None:
        self._messages: Dict[str, str] = {}

    def changes(self, messages: Dict[str, str]) -> List[str]:
        """``subject: message`` for each subject whose message is new; subjects that are absent are forgotten."""
        lines = [
            f"{subject}: {message}" for subject, message in messages.items() if self._messages.get(subject) != message
        ]
        self._messages = dict(messages)
        return lines


# -- watches -------------------------------------------------------------------------------------------------------------


def watch_many(source: EventSource, targets: Sequence[WatchFor], deadline: float) -> Iterator[Event]:
    """Events of several watches until ``deadline`` (seconds of ``time.monotonic()``).

    Each watch starts without a resource version, so that the API server sends the existing objects first: no list request
    is needed. A watch that ends or breaks starts again; one that can never work (forbidden, kind missing) ends with a FATAL
    event.
    """
    bus: queue.Queue[Event] = queue.Queue()
    watchers = [Watcher(source, target, deadline, bus) for target in targets]
    for watcher in watchers:
        watcher.start()
    try:
        in_burst = False
        while True:
            rest = deadline - time.monotonic()
            if rest <= 0:
                return
            try:
                yield bus.get(timeout=min(rest, BURST if in_burst else TICK))
                in_burst = True
            except queue.Empty:
                if time.monotonic() < deadline:
                    yield Event("", "QUIET" if in_burst else "TICK", {})
                in_burst = False
    finally:
        for watcher in watchers:
            watcher.stop()


class Watcher(threading.Thread):
    """One watch in a thread of its own; a daemon, so that a blocked read never keeps the process alive."""

    def __init__(self, source: EventSource, target: WatchFor, deadline: float, bus: "queue.Queue[Event]") -> None:
        super().__init__(daemon=True, name=f"watch {target.kind}")
        self._source = source
        self._target = target
        self._deadline = deadline
        self._bus = bus
        self._ended = threading.Event()
        self._stream = source.open_stream()
        self._has_worked = False

    def run(self) -> None:
        """Watch, again and again, until the deadline or a failure that waiting does not heal."""
        failures = 0
        while not self._ended.is_set():
            rest = self._deadline - time.monotonic()
            if rest <= 0:
                return
            failures = 0 if self._watch_once(rest) else failures + 1
            if failures:
                self._ended.wait(min(0.1 * 2**failures, LONGEST_PAUSE))

    def _watch_once(self, rest: float) -> bool:
        """Send one watch request; whether it ended in good order or reported an event."""
        is_first = True
        try:
            for type_, obj in self._source.events(self._target, max(1, int(rest)), self._stream):
                if self._ended.is_set():
                    return True
                self._report(type_, obj, is_first)
                is_first = False
        except Exception as error:
            self._fail(error)
            return not is_first or self._ended.is_set()
        if is_first and not self._ended.is_set():
            # No object existed all the time.
            self._bus.put(Event(self._target.kind, "RESET", {}))
        self._has_worked = True
        return True

    def _report(self, type_: EventType, obj: Json, is_first: bool) -> None:
        """Pass an event on; what was known before a break is void with the first event after it."""
        if is_first and self._has_worked:
            self._bus.put(Event(self._target.kind, "RESET", {}))
        self._has_worked = True
        self._bus.put(Event(self._target.kind, type_, obj))

    def _fail(self, error: Exception) -> None:
        """Report a failure. A rejection is final unless the watch has worked: an API server that has just started rejects
        requests for a moment."""
        if self._ended.is_set():
            return
        decoded = self._source.decode(error, Request("watch", *self._target[:3]))
        if decoded.code == "expired-watch":
            return
        is_final = decoded.code in FINAL_CODES and not self._has_worked
        self._bus.put(Event(self._target.kind, "FATAL" if is_final else "ERROR", {}, decoded))
        if is_final:
            self._ended.set()

    def stop(self) -> None:
        """End the watch; a read that is under way is cut by the client where its version can."""
        self._ended.set()
        self._stream.stop()
