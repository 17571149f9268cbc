# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How filters read the variables with which roles pass data on."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible import registers
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal


def test_results_are_read_by_what_they_are_about() -> None:
    hostvars = {
        "red": {"sharing_objects": {"changed": True}, "peering_objects": {"changed": False}},
        "green": {"sharing_objects": {"skipped": True}},
        "blue": {},
    }
    assert registers.read_results(hostvars, ["red", "green", "blue", "absent"], ["sets", "peers"]) == {
        "sets": {"red": {"changed": True}},
        "peers": {"red": {"changed": False}},
    }


@pytest.mark.parametrize("value", [None, "", {}, {"meshes": {}}, seal({"pairs": []}, {})])
def test_a_missing_plan_names_the_role_that_makes_it(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"needs mesh_plan, .* role ossm\.federation\.mesh: run that role"):
        registers.sealed_plan(value, "ossm.federation.report")


def test_a_missing_declaration_names_the_role_that_makes_it() -> None:
    with pytest.raises(
        AnsibleFilterError, match=r"needs mesh_declaration, .* role ossm\.federation\.mesh: run that role"
    ):
        registers.sealed_declaration(seal({"sides": {}}, {}), "ossm.federation.plan")
