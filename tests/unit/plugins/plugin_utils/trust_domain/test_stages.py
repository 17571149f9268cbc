# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a change of the trust domain: in whatever order runs, kills and restarts come, no pod is rejected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DEFAULT_TRUST_DOMAIN,
    TRUST_DOMAIN_CHANGE,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain import stages

Json = dict[str, Any]
OLD, NEW, OTHER = "cluster.local", "red.local", "blue.local"
PARTNER = "partner.example"


def plane(domain: str | None = None, aliases: list[str] | None = None, note: str = "") -> Json:
    """A control plane with this trust section and this note of a change."""
    trust = {key: value for key, value in (("domain", domain), ("additionalDomains", aliases)) if value is not None}
    metadata: Json = {"annotations": {TRUST_DOMAIN_CHANGE: note}} if note else {}
    return {"metadata": metadata, "spec": {"security": {"trust": trust}}}


def _accepted(trust: Json) -> list[str]:
    """The trust domains that a mesh accepts with this ``spec.security.trust``, while it has no peer."""
    return [trust.get("domain") or DEFAULT_TRUST_DOMAIN, *(trust.get("additionalDomains") or [])]


@pytest.mark.parametrize(
    ("control_plane", "target", "stage", "former"),
    [
        (plane(), NEW, "accept", [OLD]),
        (plane(OLD), NEW, "accept", [OLD]),
        (plane(), OLD, None, []),
        (plane(NEW), NEW, None, []),
        (plane(None, [NEW], f"{OLD} to {NEW}"), NEW, "switch", [OLD]),
        (plane(NEW, [OLD], f"{OLD} to {NEW}"), NEW, "workloads", [OLD]),
        # The alias was removed by hand while pods may need it.
        (plane(NEW, [], f"{OLD} to {NEW}"), NEW, "switch", [OLD]),
        # The owner of the control plane has done both steps, without our note.
        (plane(NEW, [OLD]), NEW, "workloads", [OLD]),
        (plane(None, [NEW]), NEW, "switch", [OLD]),
        # An alias of another owner is no part of the change.
        (plane(NEW, [PARTNER]), NEW, None, []),
        (plane(OLD, [PARTNER]), NEW, "accept", [OLD]),
        # The change goes back, at each stage.
        (plane(None, [NEW], f"{OLD} to {NEW}"), OLD, "workloads", []),
        (plane(NEW, [OLD], f"{OLD} to {NEW}"), OLD, "switch", [NEW]),
        # The target changes when some pods have the first one already.
        (plane(NEW, [OLD], f"{OLD} to {NEW}"), OTHER, "accept", [OLD, NEW]),
        (plane(OTHER, [OLD, NEW], f"{OLD},{NEW} to {OTHER}"), OTHER, "workloads", [OLD, NEW]),
    ],
)
def test_the_stage_is_found_in_the_control_plane(
    control_plane: Json, target: str, stage: str | None, former: list[str]
) -> None:
    state = stages.read_state(control_plane, target)
    assert (stages.stage_of(state), state["former"]) == (stage, former)


def write(control_plane: Json, target: str, pods: list[str]) -> Json:
    """Return the control plane after the next write of a run; a field that is not sent goes, as only we own it."""
    state = stages.read_state(control_plane, target)
    stage = stages.stage_of(state)
    if stage is None or (stage == "workloads" and set(pods) - {target}):
        return control_plane
    name = "complete" if stage == "workloads" else stage
    sent = stages.trust_after(state, name, sends_domain=True, keeps_list=False)
    return plane(sent["domain"], sent.get("additionalDomains"), "" if name == "complete" else stages.note(state))


STEPS = strategies.one_of(
    strategies.tuples(strategies.just("write"), strategies.sampled_from([OLD, NEW, OTHER])),
    strategies.tuples(strategies.just("restart"), strategies.integers(0, 2)),
)


@settings(max_examples=300, deadline=None)
@given(strategies.lists(STEPS, max_size=14), strategies.sampled_from([NEW, OTHER]))
def test_every_identity_is_accepted_until_no_pod_has_it(steps: list[tuple[str, Any]], target: str) -> None:
    """Runs that end after any write, with any target; pods are made again at any time. Then the change can be completed."""
    live, pods = plane(OLD, [PARTNER]), [OLD, OLD, OLD]

    def check() -> None:
        accepted = _accepted(live["spec"]["security"]["trust"])
        assert set(pods) <= set(accepted) and PARTNER in accepted

    for kind, value in steps:
        if kind == "write":
            live = write(live, value, pods)
        else:
            pods[value] = _accepted(live["spec"]["security"]["trust"])[0]
        check()
    for _number in range(2):
        live = write(live, target, pods)
        check()
    pods = [target] * 3
    check()
    live = write(live, target, pods)
    assert live == plane(target, [PARTNER]) and stages.stage_of(stages.read_state(live, target)) is None


def test_an_empty_list_of_aliases_is_sent_only_where_another_owner_would_keep_it() -> None:
    state = stages.read_state(plane(NEW, [OLD], f"{OLD} to {NEW}"), NEW)
    sent = [stages.trust_after(state, "complete", sends_domain=True, keeps_list=keeps) for keeps in (False, True)]
    assert sent == [{"domain": NEW}, {"domain": NEW, "additionalDomains": []}]


def test_a_domain_that_nobody_set_is_not_set_by_the_first_stage() -> None:
    state = stages.read_state(plane(), NEW)
    assert stages.trust_after(state, "accept", sends_domain=False, keeps_list=False) == {"additionalDomains": [NEW]}


@pytest.mark.parametrize("text", ["", "x", "a to ", " to "])
def test_a_note_that_says_nothing_is_no_change(text: str) -> None:
    assert stages.read_note(plane(note=text)) == ([], None)
