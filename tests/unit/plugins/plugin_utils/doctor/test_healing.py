# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what the table of codes names is healed without a person, and only where the run that heals it would change nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from unit.builders.certificates import certificate
from unit.builders.diagnosed import BLUE, GREEN, RED, Federation, causes, root_of

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ROTATION_ANNOTATION
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor import text
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import Healing
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.rotation_mark import render_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._run.restarts import RESTART_CODES


def _healing(federation: Federation, code: str) -> Healing:
    return causes(federation.diagnose())[code]["healing"]


def _without_exports() -> Federation:
    federation = Federation()
    federation.remove(RED, "exports", GREEN)
    return federation


def test_nothing_that_touches_trust_addresses_or_others_is_in_the_table() -> None:
    """Repeated here on purpose: a new row has to fit the rule beside ``healed_by``, and changes both lists."""
    healed = {name: code.healed_by for name, code in CODES.items() if code.healed_by}
    restarts = {"deadlock", "imports-stale", "peer-lost", "sync-lock"}
    assert healed == {"set-missing": "federate", **dict.fromkeys(restarts, "restart")}
    assert restarts == {*RESTART_CODES} - {"identity-kept", "root-not-loaded"}


def test_a_missing_set_is_healed_by_a_run_that_is_limited_to_its_mesh() -> None:
    assert _healing(_without_exports(), "set-missing") == {"safe": True, "by": "federate", "hosts": [RED], "reason": ""}


def test_the_report_says_it_for_what_is_in_the_table() -> None:
    federation = _without_exports()
    assert "    Self-healing: may correct it." in text.diagnosis_lines(federation.diagnose())
    _with_files_of_others(federation)
    reason = f"    Self-healing: no, as others than this collection write the objects of {RED}."
    assert reason in text.diagnosis_lines(federation.diagnose())
    federation = Federation()
    _with_wrong_client_id(federation)
    assert "Self-healing" not in "".join(text.diagnosis_lines(federation.diagnose()))


def test_a_lost_peer_is_healed_by_a_restart_of_the_istiod_that_lost_it() -> None:
    federation = Federation()
    for peer in federation.facts[RED]["peers"]:
        peer["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    federation.down(GREEN, RED, "400 Bad Request", lastConnected="2026-01-01T00:02:00Z")
    assert _healing(federation, "peer-lost") == {"safe": True, "by": "restart", "hosts": [RED], "reason": ""}


def _with_wrong_client_id(federation: Federation) -> None:
    federation.peer(RED, GREEN)["spec"]["security"]["clientID"] = "other"


def _with_another_address(federation: Federation) -> None:
    federation.peer(RED, BLUE)["spec"]["remote"]["addresses"] = ["192.0.2.1"]


def _with_files_of_others(federation: Federation) -> None:
    """An object with our label and without an apply of ours, as a rendered file that Argo CD applies."""
    federation.peer(RED, GREEN)["applied"] = {}


def _with_a_rotation(federation: Federation) -> None:
    """Red's root is rotated: green trusts both."""
    coming = certificate("coming")
    bundle = federation.live(GREEN, "config_maps", f"{RED}-ca-root-cert")
    bundle["data"]["root-cert.pem"] = root_of(RED) + coming
    old, new = (sorted(fingerprints_in(pem)) for pem in (root_of(RED), coming))
    bundle["metadata"].setdefault("annotations", {})[ROTATION_ANNOTATION] = render_mark(
        {"old": old, "new": new, "pem": ""}
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_with_wrong_client_id, f"federate.yml would change more: ServiceMeshPeer {RED}-system/{GREEN} of {RED}"),
        (_with_another_address, f"federate.yml would change more: ServiceMeshPeer {RED}-system/{BLUE} of {RED}"),
        (_with_files_of_others, f"others than this collection write the objects of {RED}"),
        (_with_a_rotation, f"the trust of {RED} is being changed in stages"),
    ],
)
def test_a_missing_set_is_not_healed_where_the_run_would_do_more(
    change: Callable[[Federation], None], reason: str
) -> None:
    federation = _without_exports()
    change(federation)
    healing = _healing(federation, "set-missing")
    assert (healing["safe"], healing["hosts"]) == (False, []) and healing["reason"].startswith(reason)


def test_what_another_mesh_has_does_not_matter() -> None:
    federation = _without_exports()
    federation.peer(BLUE, GREEN)["spec"]["remote"]["addresses"] = ["192.0.2.1"]
    assert _healing(federation, "set-missing")["safe"]


def test_a_person_decides_about_everything_else() -> None:
    federation = Federation()
    _with_wrong_client_id(federation)
    _with_another_address(federation)
    found = federation.diagnose()["causes"]
    assert len(found) == 2
    assert [cause["healing"] for cause in found] == [
        {"safe": False, "by": "", "hosts": [], "reason": "it takes a person to decide"}
    ] * 2


def test_a_mesh_outside_of_the_limit_is_not_healed() -> None:
    federation = _without_exports()
    federation.declaration["outside"].append(RED)
    assert _healing(federation, "set-missing")["reason"] == f"{RED} is outside of the limit of this run"
