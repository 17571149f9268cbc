# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Event source for ansible-rulebook: polls the doctor, and says what may be healed and what a person has to look at.

ansible-rulebook runs this file alone and without the loader of collections, so it imports the standard library only. What is safe to
heal is not decided here: doctor.yml says it for each cause. Here are times and limits.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: health
short_description: Watch a federation, with events about what may be healed and what a person has to look at
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Runs the playbook C(ossm.federation.doctor) again and again, which only reads, and sends events about what has changed.
  - An event is below the key C(federation). Its C(kind) is V(cause), V(heal), V(raise) or V(healthy); C(docs/eda.md) describes each.
options:
  inventory:
    description: Inventory of the federation - a path, or the inventory itself as a dictionary.
    type: raw
    required: true
  extra_vars: {description: Variables for the doctor., type: dict, default: {}}
  interval: {description: Seconds from the start of one poll to the start of the next., type: float, default: 300}
  jitter: {description: By which share of the interval it varies., type: float, default: 0.2}
  budget: {description: Share of the time that polls may take., type: float, default: 0.5}
  timeout: {description: Seconds after which a poll is ended., type: float, default: 120}
  confirm: {description: Number of polls in a row that have to find a cause, or to miss it, before that counts., type: int, default: 2}
  settle: {description: Seconds that a healing run and the links have until its causes count again., type: float, default: 900}
  heal:
    description: What may be done without a person. With V(restart) the run may restart an istiod; an empty list never heals.
    type: list
    elements: str
    choices: [federate, restart]
    default: [federate]
  heals_per_hour: {description: Healing runs within an hour., type: int, default: 4}
  heals_per_link: {description: Healing runs within an hour for one link., type: int, default: 2}
  state: {description: File that keeps both limits and what was raised over a restart., type: path}
"""

EXAMPLES = r"""
- name: Watch the federation
  hosts: all
  sources:
    - ossm.federation.health:
        inventory: /etc/federation/inventory
        state: /var/lib/federation/health.json
  rules:
    - name: Show what is broken
      condition: event.federation.kind == "cause"
      action:
        print_event:
          pretty: true
"""

import asyncio
import contextlib
import json
import logging
import os
import random
import re
import signal
import tempfile
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

Json = Dict[str, Any]
logger = logging.getLogger(__name__)

HOUR = 3600.0
PLAYBOOK = "ossm.federation.doctor"
#: The code of the cause that the federation could not be judged; it is not in the table of codes, as it is no diagnosis.
UNJUDGED = "unjudged"
_TEMPLATE = re.compile(r"\{(?=[{%#])")


class Options(NamedTuple):
    """The options of the source; see DOCUMENTATION."""

    inventory: Any
    extra_vars: Json = {}
    interval: float = 300.0
    jitter: float = 0.2
    budget: float = 0.5
    timeout: float = 120.0
    confirm: int = 2
    settle: float = 900.0
    heal: Sequence[str] = ("federate",)
    heals_per_hour: int = 4
    heals_per_link: int = 2
    state: str = ""


#: The lowest and the highest value of each number.
_RANGES = {
    "interval": (1.0, 86400.0),
    "jitter": (0.0, 1.0),
    "budget": (0.01, 1.0),
    "timeout": (1.0, 3600.0),
    "confirm": (1, 100),
    "settle": (0.0, 86400.0),
    "heals_per_hour": (0, 1000),
    "heals_per_link": (0, 1000),
}


class Poll(NamedTuple):
    """The diagnosis of one poll; None with the reason where there is none."""

    found: Optional[Json]
    problem: str = ""

    @property
    def causes(self) -> List[Json]:
        """What is broken; a poll without a diagnosis is a cause as well."""
        if self.found is None:
            return [_unjudged(self.problem)]
        return [cause for cause in self.found["causes"] if cause["severity"] == "error"]

    @property
    def headline(self) -> str:
        """The first line of the diagnosis."""
        return str(self.found["headline"]) if self.found else ""


def read_options(args: Mapping[str, Any]) -> Options:
    """The options of a rulebook, with numbers that templates have made texts of.

    Raises:
        ValueError: an option is missing, unknown, or has a value that is not accepted.
    """
    given = {key: value for key, value in args.items() if not key.startswith("eda_") and value not in (None, "")}
    if unknown := sorted(set(given) - set(Options._fields)):
        raise ValueError(f"ossm.federation.health has no option {', '.join(unknown)}")
    if not given.get("inventory"):
        raise ValueError("ossm.federation.health: inventory is missing: set it to the inventory of the federation")
    given = {**Options._field_defaults, **given}
    for name, (lowest, highest) in _RANGES.items():
        with contextlib.suppress(TypeError, ValueError):
            given[name] = type(lowest)(given[name])
        if not isinstance(given[name], (int, float)) or not lowest <= given[name] <= highest:
            raise ValueError(f"ossm.federation.health: {name} must be a number from {lowest:g} to {highest:g}")
    if not isinstance(given["heal"], (list, tuple)) or not set(given["heal"]) <= {"federate", "restart"}:
        raise ValueError("ossm.federation.health: heal must be a list of federate and restart")
    if not isinstance(given["extra_vars"], dict):
        raise ValueError("ossm.federation.health: extra_vars must be a dictionary")
    return Options(**given)


def pause(options: Options, elapsed: float, chance: float) -> float:
    """Seconds until the next poll after one that took ``elapsed``; ``chance`` from 0 to 1 is the jitter."""
    interval = options.interval * (1 + options.jitter * (2 * chance - 1))
    return max(interval, elapsed / options.budget) - elapsed


def plain(value: Any) -> Any:
    """A value of an event in which no text is a template: a rulebook and Ansible would render it."""
    if isinstance(value, str):
        return _TEMPLATE.sub("{ ", value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def key_of(cause: Json) -> str:
    """What tells a cause from others: code, mesh and place. Not the value, which may change again and again."""
    return "|".join([cause["codes"][0], cause["mesh"], cause["object"], cause["field"]])


def shown(cause: Json) -> Json:
    """A cause as events have it: without its evidence."""
    return {
        "code": cause["codes"][0],
        "links": links_of(cause),
        **{key: cause[key] for key in ("mesh", "object", "field", "summary", "remedy", "docs")},
        **{key: cause["healing"][key] for key in ("safe", "by", "reason")},
    }


def links_of(cause: Json) -> List[str]:
    """The links that a cause breaks."""
    return [f"{link['from']} -> {link['to']}" for link in cause["links"]]


def _unjudged(problem: str) -> Json:
    """A cause of no diagnosis, in the shape of one."""
    return {
        **dict.fromkeys(("mesh", "object", "field"), ""),
        "codes": [UNJUDGED],
        "links": [],
        "summary": f"The federation could not be judged: {problem}",
        "remedy": f"Run {PLAYBOOK} with the inventory and the credentials of this source",
        "docs": "docs/eda.md#what-can-go-wrong",
        "healing": {"safe": False, "by": "", "hosts": [], "reason": "no diagnosis"},
    }


class Memory:
    """What has to hold over a restart: the healing runs of the last hour, and what was raised. Without a path it does not."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.heals: List[Json] = []
        self.raised: Set[str] = set()
        if path and os.path.exists(path):
            self._read()

    def _read(self) -> None:
        try:
            with open(self.path, encoding="utf-8") as file:
                data = json.load(file)
            self.heals = [{"time": float(one["time"]), "links": list(one["links"])} for one in data["heals"]]
            self.raised = set(data["raised"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            # A limit that is not known is not kept, so the source does not start.
            raise ValueError(f"ossm.federation.health: {self.path} is not readable as a state: remove it") from error

    def save(self) -> None:
        """Write the file as a whole; only its owner may read it."""
        if not self.path:
            return
        content = {"version": 1, "heals": self.heals, "raised": sorted(self.raised)}
        folder = os.path.dirname(os.path.abspath(self.path))
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".health-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(temporary, self.path)

    def used(self, now: float, link: str = "") -> int:
        """Healing runs within the last hour, of all links or of one. A time in the future counts: clocks are set back."""
        self.heals = [one for one in self.heals if now - one["time"] < HOUR]
        return sum(not link or link in one["links"] for one in self.heals)


class Track:
    """How often a cause was found and missed, and until when a healing run has time for it."""

    def __init__(self, seen: int = 0) -> None:
        self.seen, self.missed, self.until = seen, 0, 0.0


class Watch:
    """Makes events of what polls find; ``judge`` is all that it does, so that it can be tested without time."""

    def __init__(self, options: Options, memory: Memory) -> None:
        self.options, self.memory = options, memory
        self._tracks = {key: Track(options.confirm) for key in memory.raised}

    def judge(self, poll: Poll, now: float) -> List[Json]:
        """The events of one poll at a time of the clock."""
        was_broken = any(self._is_confirmed(key) for key in self._tracks)
        causes = self._update(poll)
        confirmed = {key: cause for key, cause in causes.items() if self._is_confirmed(key)}
        events = [
            _event("cause", cause=shown(cause))
            for key, cause in confirmed.items()
            if self._tracks[key].seen == self.options.confirm
        ]
        waiting = {
            key: cause
            for key, cause in confirmed.items()
            if key not in self.memory.raised and self._tracks[key].until <= now
        }
        reasons = {key: self._against(cause, now) for key, cause in waiting.items()}
        healable = {key: cause for key, cause in waiting.items() if not reasons[key]}
        # One run at a time: the next one sees what this one has left.
        if healable and not any(track.until > now for track in self._tracks.values()):
            events.append(self._heal(healable, now))
        raised = [{**shown(waiting[key]), "reason": reason} for key, reason in reasons.items() if reason]
        if raised:
            self.memory.raised.update(key for key, reason in reasons.items() if reason)
            events.append(_event("raise", causes=raised, headline=poll.headline or raised[0]["summary"]))
        if was_broken and not self._tracks:
            events.append(_event("healthy", headline=poll.headline))
        self.memory.save()
        return [plain(event) for event in events]

    def _is_confirmed(self, key: str) -> bool:
        return self._tracks[key].seen >= self.options.confirm

    def _update(self, poll: Poll) -> Dict[str, Json]:
        """The causes of this poll; those that are gone for long enough are forgotten. Without a diagnosis, or without a mesh, nothing
        is known to be gone."""
        found = {key_of(cause): cause for cause in poll.causes}
        for key in found:
            track = self._tracks.setdefault(key, Track())
            track.seen, track.missed = track.seen + 1, 0
        for key in set(self._tracks) - set(found):
            if poll.found is None or (poll.found["verdict"] == "UNKNOWN" and not key.startswith(UNJUDGED)):
                continue
            track = self._tracks[key]
            track.missed, track.until = track.missed + 1, 0.0
            if track.missed >= self.options.confirm or not self._is_confirmed(key):
                del self._tracks[key]
                self.memory.raised.discard(key)
        return found

    def _against(self, cause: Json, now: float) -> str:
        """Why a cause is not healed; empty where it may be."""
        healing, options = cause["healing"], self.options
        if not healing["safe"]:
            return str(healing["reason"])
        if healing["by"] not in options.heal:
            return f"{healing['by']} is not among what may be done without a person (heal)"
        spent = [link for link in links_of(cause) if self.memory.used(now, link) >= options.heals_per_link]
        if spent:
            return f"healed {options.heals_per_link} times within an hour, and broken again: {', '.join(spent)}"
        if self.memory.used(now) >= options.heals_per_hour:
            return f"the limit of {options.heals_per_hour} healing runs within an hour is reached"
        return ""

    def _heal(self, causes: Mapping[str, Json], now: float) -> Json:
        """The event of one run for all that it heals. It counts before anything is done, so that a crash does not lose it."""
        links = sorted({link for cause in causes.values() for link in links_of(cause)})
        self.memory.heals.append({"time": now, "links": links})
        hosts: Dict[str, Set[str]] = {"federate": set(), "restart": set()}
        for key, cause in causes.items():
            self._tracks[key].until = now + self.options.settle
            hosts[cause["healing"]["by"]].update(cause["healing"]["hosts"])
        event = _event(
            "heal",
            causes=[shown(cause) for cause in causes.values()],
            links=links,
            restart=sorted(hosts["restart"]),
            run=self.memory.used(now),
            limit=self.options.heals_per_hour,
        )
        return {**event, "meta": {"hosts": sorted(hosts["federate"] | hosts["restart"])}}


def _event(kind: str, **content: Any) -> Json:
    return {"federation": {"kind": kind, **content}}


async def diagnose(options: Options) -> Poll:
    """Run the doctor once, and end it and all that it started when it takes too long."""
    with tempfile.TemporaryDirectory(prefix="ossm-federation-") as folder:
        report, variables, inventory = (
            os.path.join(folder, f"{name}.json") for name in ("doctor", "variables", "inventory")
        )
        _write(variables, {**options.extra_vars, "federation_doctor_file": report})
        if isinstance(options.inventory, dict):
            _write(inventory, options.inventory)
        else:
            inventory = os.path.abspath(options.inventory)
        command = ["ansible-playbook", PLAYBOOK, "-i", inventory, "-e", f"@{variables}"]
        try:
            code = await _run(command, folder, options.timeout)
        except OSError as error:
            return Poll(None, f"ansible-playbook cannot be started ({type(error).__name__})")
        if code is None:
            return Poll(None, f"doctor.yml took longer than {options.timeout:g} seconds")
        try:
            with open(report, encoding="utf-8") as file:
                return Poll(json.load(file))
        except (OSError, ValueError):
            return Poll(None, f"doctor.yml ended with {code} and without a diagnosis")


def _write(path: str, content: Json) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


async def _run(command: Sequence[str], folder: str, seconds: float) -> Optional[int]:
    """Run a program and discard its output, which may have secrets; return its exit code, None where it had to be ended."""
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=null, stdout=null, stderr=null, start_new_session=True
    )
    try:
        return await asyncio.wait_for(process.wait(), seconds)
    except asyncio.TimeoutError:
        return None
    finally:
        # Workers may outlive the first process.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def main(queue: asyncio.Queue[Any], args: Mapping[str, Any]) -> None:
    """Poll for ever."""
    options = read_options(args)
    memory = Memory(options.state)
    memory.save()
    watch = Watch(options, memory)
    await asyncio.sleep(options.interval * options.jitter * random.random())
    while True:
        start = time.monotonic()
        poll = await diagnose(options)
        for event in watch.judge(poll, time.time()):
            logger.info("event %s of the federation", event["federation"]["kind"])
            await queue.put(event)
        await asyncio.sleep(pause(options, time.monotonic() - start, random.random()))
