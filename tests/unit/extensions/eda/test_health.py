# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source: when it polls, what it says once, how often it heals, and that no event has a secret or a template."""

from __future__ import annotations

import asyncio
import json
import os
import select
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from unit.builders.diagnosed import GREEN, RED, Federation

from ansible_collections.ossm.federation.extensions.eda.plugins.event_source import health

Json = dict[str, Any]
INVENTORY = "inventory"
LINK = "green-mesh -> red-mesh"


def _cause(
    code: str = "set-missing", *, safe: bool = True, by: str = "federate", link: str = LINK, **more: Any
) -> Json:
    ends = link.split(" -> ")
    return {
        "severity": "error",
        "codes": [code],
        "mesh": ends[1],
        "links": [{"from": ends[0], "to": ends[1], "state": "down"}],
        "object": f"ExportedServiceSet {ends[1]}-system/{ends[0]}",
        "field": "",
        "value": "SECRET",
        "expected": "SECRET",
        "findings": [{"where": ["x"], "message": "SECRET"}],
        "summary": f"{ends[1]}: {code}",
        "remedy": "Run federate.yml",
        "docs": f"docs/codes.md#{code}",
        "healing": {"safe": safe, "by": by, "hosts": [ends[1]] if safe else [], "reason": "" if safe else "a reason"},
        **more,
    }


def _poll(*causes: Json, verdict: str = "") -> health.Poll:
    verdict = verdict or ("BROKEN" if causes else "HEALTHY")
    return health.Poll({"verdict": verdict, "headline": f"{len(causes)} causes.", "causes": list(causes)})


class Run:
    """A watch that is asked again and again; the clock moves by the interval."""

    def __init__(self, state: Path | None = None, **options: Any) -> None:
        given = {"inventory": INVENTORY, "interval": 60, "state": str(state or ""), **options}
        self.options = health.read_options(given)
        self.watch = health.Watch(self.options, health.Memory(self.options.state))
        self.now = 1_000_000.0

    def poll(self, *causes: Json, times: int = 1, verdict: str = "", problem: str = "") -> list[Json]:
        """The events of so many polls."""
        events = []
        for _number in range(times):
            self.now += self.options.interval
            found = health.Poll(None, problem) if problem else _poll(*causes, verdict=verdict)
            events += self.watch.judge(found, self.now)
        return events

    def kinds(self, *causes: Json, **options: Any) -> list[str]:
        """The kinds of these events."""
        return [event["federation"]["kind"] for event in self.poll(*causes, **options)]


def test_a_healthy_federation_has_no_event() -> None:
    assert Run().poll(times=5) == []


def test_a_cause_counts_after_so_many_polls_in_a_row() -> None:
    run = Run(confirm=3)
    assert run.kinds(_cause(), times=2) == [] and run.kinds() == [] and run.kinds(_cause(), times=2) == []
    assert run.kinds(_cause()) == ["cause", "heal"]


def test_a_safe_cause_is_healed_once_and_its_end_is_said_once() -> None:
    run = Run()
    cause, heal = run.poll(_cause(), times=2)
    assert cause["federation"]["cause"]["code"] == "set-missing"
    assert heal["meta"] == {"hosts": [RED]} and heal["federation"]["links"] == [LINK]
    assert (heal["federation"]["run"], heal["federation"]["limit"], heal["federation"]["restart"]) == (1, 4, [])
    assert run.kinds(_cause(), times=3) == [] and run.kinds() == []
    assert run.kinds() == ["healthy"] and run.kinds(times=3) == []


def test_what_is_not_safe_is_raised_once_until_it_is_gone() -> None:
    run = Run()
    unsafe = _cause("client-id-differs", safe=False, by="")
    events = run.poll(unsafe, times=10)
    assert [event["federation"]["kind"] for event in events] == ["cause", "raise"]
    assert events[1]["federation"]["causes"][0]["reason"] == "a reason" and "meta" not in events[1]
    assert run.kinds() == [] and run.kinds(unsafe, times=5) == []
    assert run.kinds(times=2) == ["healthy"] and run.kinds(unsafe, times=2) == ["cause", "raise"]


def test_one_run_heals_all_that_is_safe_and_the_next_waits_for_it() -> None:
    run = Run(heal=["federate", "restart"], settle=600)
    other = _cause("sync-lock", by="restart", link="blue-mesh -> green-mesh")
    events = run.poll(_cause(), other, times=2)
    assert [event["federation"]["kind"] for event in events] == ["cause", "cause", "heal"]
    assert events[2]["meta"]["hosts"] == [GREEN, RED] and events[2]["federation"]["restart"] == [GREEN]
    third = _cause(link="red-mesh -> blue-mesh")
    assert run.kinds(_cause(), third, times=3) == ["cause"]
    assert run.kinds(third) == ["heal"]


def test_a_restart_takes_permission() -> None:
    [_cause_event, raised] = Run().poll(_cause("deadlock", by="restart"), times=2)
    assert "restart is not among" in raised["federation"]["causes"][0]["reason"]
    assert Run(heal=[]).kinds(_cause(), times=2) == ["cause", "raise"]


def _broken_again(run: Run, link: str = LINK) -> list[str]:
    """A cause that a run heals for some minutes."""
    kinds = run.kinds(_cause(link=link), times=2)
    return kinds + run.kinds(times=2)


def test_a_link_is_healed_so_often_within_an_hour_then_raised() -> None:
    run = Run(heals_per_link=2, heals_per_hour=10)
    assert [_broken_again(run)[1] for _number in range(4)] == ["heal", "heal", "raise", "raise"]
    assert _broken_again(run, "red-mesh -> blue-mesh")[1] == "heal"
    run.now += health.HOUR
    assert _broken_again(run)[1] == "heal"


def test_so_many_runs_within_an_hour_are_the_limit_of_all_links() -> None:
    run = Run(heals_per_hour=3)
    links = [f"mesh-{number} -> red-mesh" for number in range(4)]
    assert [_broken_again(run, link)[1] for link in links] == ["heal", "heal", "heal", "raise"]


def test_what_a_run_does_not_heal_is_healed_again_and_then_raised() -> None:
    run = Run(settle=120, heals_per_link=2)
    events = run.poll(_cause(), times=30)
    assert [event["federation"]["kind"] for event in events] == ["cause", "heal", "heal", "raise"]
    assert "healed 2 times within an hour" in events[3]["federation"]["causes"][0]["reason"]


@given(st.lists(st.integers(min_value=0, max_value=7), max_size=150), st.integers(0, 4), st.integers(0, 3))
def test_no_hour_has_more_healing_runs_than_the_limits(polls: list[int], total: int, per_link: int) -> None:
    """Whatever is broken when: each number is the set of the links that are broken at a poll."""
    run = Run(heals_per_hour=total, heals_per_link=per_link, settle=180, confirm=1)
    links, heals = ["a -> b", "b -> c", "c -> a"], []
    for broken in polls:
        for event in run.poll(*(_cause(link=link) for bit, link in enumerate(links) if broken & 1 << bit)):
            if event["federation"]["kind"] == "heal":
                heals.append((run.now, event["federation"]["links"]))
    for start, _links in heals:
        hour = [found for time, found in heals if start <= time < start + health.HOUR]
        assert len(hour) <= total and all(sum(link in found for found in hour) <= per_link for link in links)


def test_limits_and_what_was_raised_hold_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "health.json"
    run = Run(state, heals_per_hour=1)
    unsafe = _cause("client-id-differs", safe=False, by="", link="a -> b")
    assert run.kinds(_cause(), unsafe, times=2) == ["cause", "cause", "heal", "raise"]
    assert stat.S_IMODE(state.stat().st_mode) == 0o600 and os.listdir(tmp_path) == ["health.json"]
    again = Run(state, heals_per_hour=1)
    again.now = run.now
    assert again.kinds(_cause(), unsafe, times=5) == ["cause", "raise"]
    assert again.kinds(times=2) == ["healthy"]
    state.write_text("{}")
    with pytest.raises(ValueError, match="remove it"):
        Run(state)


def test_a_federation_that_cannot_be_judged_is_raised_once_and_nothing_is_known_to_be_gone() -> None:
    run = Run()
    assert run.kinds(_cause(), times=2) == ["cause", "heal"]
    events = run.poll(times=6, problem="doctor.yml took longer than 5 seconds")
    assert [event["federation"]["kind"] for event in events] == ["cause", "raise"]
    assert "took longer than 5 seconds" in events[1]["federation"]["headline"]
    assert run.kinds(times=2) == ["healthy"]


def test_without_a_mesh_nothing_is_known_to_be_gone() -> None:
    run = Run()
    run.poll(_cause("client-id-differs", safe=False), times=2)
    unreadable = _cause("unreachable", safe=False, by="", link="x -> y")
    assert run.kinds(unreadable, times=4, verdict="UNKNOWN") == ["cause", "raise"]
    assert run.kinds(_cause("client-id-differs", safe=False), times=3) == []


def test_warnings_are_no_causes() -> None:
    assert Run().poll(_cause("probe-left", severity="warning"), times=3) == []


def test_no_event_has_evidence_or_a_template() -> None:
    cause = _cause(safe=False, remedy="as {{ lookup('pipe', 'id') }} {% x %} {# y #} has changed it")
    text = json.dumps(Run().poll(cause, times=2))
    assert "SECRET" not in text and "lookup" in text
    assert not {"{{", "{%", "{#"} & {text[index : index + 2] for index in range(len(text))}


def test_a_diagnosis_of_the_doctor_is_understood() -> None:
    federation = Federation()
    federation.remove(RED, "exports", GREEN)
    run = Run(confirm=1)
    events = run.watch.judge(health.Poll(json.loads(json.dumps(federation.diagnose()))), run.now)
    assert [event["federation"]["kind"] for event in events] == ["cause", "heal"]
    assert events[1]["meta"]["hosts"] == [RED] and events[1]["federation"]["links"] == [LINK]


@given(st.floats(0, 1000), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_polls_vary_by_the_jitter_and_take_no_more_than_their_share(
    elapsed: float, chance: float, jitter: float, budget: float
) -> None:
    options = health.read_options({"inventory": INVENTORY, "interval": 300, "jitter": jitter, "budget": budget})
    period = health.pause(options, elapsed, chance) + elapsed
    assert elapsed <= period * budget * 1.000001
    if elapsed <= 300 * (1 - jitter) * budget:
        assert 300 * (1 - jitter) - 0.001 <= period <= 300 * (1 + jitter) + 0.001


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "inventory is missing"),
        ({"inventory": "x", "intervall": 3}, "no option intervall"),
        ({"inventory": "x", "interval": "soon"}, "interval must be a number from 1 to"),
        ({"inventory": "x", "interval": float("nan")}, "interval must be a number from 1 to"),
        ({"inventory": "x", "budget": 2}, "budget must be a number"),
        ({"inventory": "x", "heal": ["federate", "everything"]}, "heal must be a list"),
        ({"inventory": "x", "extra_vars": "a=b"}, "extra_vars must be a dictionary"),
    ],
)
def test_wrong_options_are_rejected(args: Json, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        health.read_options(args)


def test_options_of_templates_are_numbers() -> None:
    options = health.read_options(
        {"inventory": "x", "interval": "60", "confirm": "3", "state": "", "eda_feedback_queue": 1}
    )
    assert (options.interval, options.confirm, options.heals_per_hour, options.state) == (60.0, 3, 4, "")


def _program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in the place of ansible-playbook."""
    program = folder / "bin" / "ansible-playbook"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_a_poll_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, never = tmp_path / "opened", tmp_path / "never"
    os.mkfifo(opened)
    os.mkfifo(never)
    reading = os.open(opened, os.O_RDONLY | os.O_NONBLOCK)
    _program(tmp_path, f"exec 9> {opened}; cat {never} & cat {never}", monkeypatch)
    poll = asyncio.run(health.diagnose(health.read_options({"inventory": "x", "timeout": 1})))
    assert poll == health.Poll(None, "doctor.yml took longer than 1 seconds")
    # The end of the file comes when no process has it open any more.
    select.select([reading], [], [], 60)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_a_failed_poll_has_no_output_in_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "echo SECRET; echo SECRET >&2; exit 4", monkeypatch)
    poll = asyncio.run(health.diagnose(health.read_options({"inventory": "x"})))
    assert poll == health.Poll(None, "doctor.yml ended with 4 and without a diagnosis")
    monkeypatch.setenv("PATH", "")
    poll = asyncio.run(health.diagnose(health.read_options({"inventory": "x"})))
    assert poll.problem.startswith("ansible-playbook cannot be started")


def test_the_source_polls_for_ever_and_files_with_credentials_are_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inventory is data here; the program checks the files that it gets, and writes what it was asked for."""
    script = f"""test "$1" = ossm.federation.doctor && test "$(stat -c %a $(dirname $3))" = 700 || exit 9
grep -q token "$3" && grep -q a_variable "${{5#@}}" || exit 8
cp {tmp_path}/found.json "$(dirname $3)/doctor.json"; exit 2"""
    _program(tmp_path, script, monkeypatch)
    (tmp_path / "found.json").write_text(json.dumps(_poll(_cause()).found))
    args = {"inventory": {"token": "x"}, "extra_vars": {"a_variable": 1}, "interval": 1, "jitter": 0, "confirm": 2}

    async def first_events() -> list[str]:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        task = asyncio.create_task(health.main(queue, args))
        kinds = [(await queue.get())["federation"]["kind"] for _number in range(2)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return kinds

    assert asyncio.run(asyncio.wait_for(first_events(), 60)) == ["cause", "heal"]
