# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``federation_services``: an entry alone exports and imports, and what goes too far is rejected before the first write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import ROOT, Federation, Run, two_meshes

PLAN, REMOVE = ROOT / "playbooks" / "plan.yml", ROOT / "playbooks" / "remove_service.yml"
RED, GREEN = "red-mesh", "green-mesh"
MEMBER = f"{RED}-bookinfo"
#: Services of red; only reviews has the label.
SERVICES = {
    "ratings": 9080,
    "details": 9080,
    "reviews": {"ports": [{"name": "http", "port": 9080}], "labels": {"a": "b"}},
}
MEMBERS = {"red": {"members": {MEMBER: SERVICES, f"{RED}-shop": {"cart": 80}}}}
RATINGS = {"service": f"{MEMBER}/ratings", "mesh": RED, "alias": "prod/stars"}
LABELLED = {"selector": {"namespace": MEMBER, "labels": {"matchLabels": {"a": "b"}}}, "mesh": RED, "consumers": [GREEN]}
ALL = {"service": f"{MEMBER}/*", "mesh": RED}
STARS = "stars.prod.svc.red-mesh-imports.local"
CONFIRM = ("-e", f"federation_confirm={RED}")


def _own(name: str) -> str:
    return f"{name}.{MEMBER}.svc.red-mesh-imports.local"


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes without any rules of their own; red lets only one namespace leave it."""
    federation = Federation.for_lab(start(two_meshes(**MEMBERS)), tmp_path_factory.mktemp("f"), {})
    federation.hosts[RED]["mesh_may_export"] = [MEMBER]
    return federation


def _share(federation: Federation, *entries: Any, **options: Any) -> None:
    federation.options.update(federation_services=list(entries), **options)


def _rejected(federation: Federation, *text: str) -> Run:
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0 and not run.report and all(part in run.flat for part in text), run.output
    assert not federation.writes(mark)
    return run


def test_entries_export_and_import(federation: Federation) -> None:
    _share(federation, RATINGS, LABELLED)
    plan = federation.play(PLAN)
    assert plan.code == 0, plan.output
    shared = plan.printed("Report the plan")
    shared = shared[shared.index(f"    {RED} to {GREEN}") :]
    assert shared[1:5] == [
        f"        federation_services[0]: {MEMBER}/ratings: 1 service",
        f"            {MEMBER}/ratings  {STARS}",
        f"        federation_services[1]: {MEMBER}/* with a=b: 1 service",
        f"            {MEMBER}/reviews  {_own('reviews')}",
    ], plan.output
    federation.succeed()
    assert sorted(federation.imported(GREEN, RED)) == sorted([STARS, _own("reviews")])

    _share(federation, RATINGS, LABELLED, {"service": f"{RED}-shop/cart", "mesh": RED})
    _rejected(
        federation,
        f"ERROR {RED}: federation_services[2]: exports {RED}-shop/cart of {RED}, and only {MEMBER} may leave it.",
        "[export-policy]",
    )

    _share(federation, RATINGS, ALL, federation_max_exports=1)
    _rejected(
        federation,
        f"federation_services[1]: exports 2 services of {RED}, and federation_max_exports is 1: {MEMBER}/details, {MEMBER}/reviews",
        f"Run again with -e federation_confirm={RED}",
        "[exports-unconfirmed]",
    )
    confirmed = federation.succeed(*CONFIRM, "--diff")
    assert f"        federation_services[1]: {MEMBER}/*: 2 services" in confirmed.printed("Announce the changes")
    everything = sorted([STARS, _own("details"), _own("reviews")])
    assert sorted(federation.imported(GREEN, RED)) == everything

    mark = federation.lab.mark()
    again = federation.succeed()
    assert again.unchanged and not federation.writes(mark), again.output
    assert sorted(federation.imported(GREEN, RED)) == everything


def test_a_removal_names_the_entry_once(federation: Federation) -> None:
    _share(federation, RATINGS)
    removed = ("-e", f"federation_remove_service={MEMBER}/ratings", "-e", f"federation_remove_exporter={RED}")
    run = federation.play(REMOVE, *removed, "-e", f"federation_confirm={MEMBER}/ratings")
    assert run.code != 0 and f"ERROR {GREEN}: federation_services[0]: it still imports" in run.flat, run.output
    assert run.flat.count("federation: federation_services[0] ") == 1
