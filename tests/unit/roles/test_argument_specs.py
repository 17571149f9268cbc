# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model's table of variables and the roles' argument specifications agree."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import Any

import pytest
import yaml

from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import BY_PEER, KEYS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

ROLES = pathlib.Path(__file__).parents[3] / "roles"


def _options(role: str) -> dict[str, Any]:
    return yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]


def test_the_mesh_role_documents_every_public_variable() -> None:
    assert list(_options("mesh")) == list(VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_type_default_and_description_agree(name: str) -> None:
    option, variable = _options("mesh")[name], VARIABLES[name]
    assert option["type"] == variable.type
    assert option.get("default") == variable.default
    assert " ".join(option["description"].split()) == variable.documentation
    assert tuple(option.get("choices", ())) == variable.choices


def test_credentials_are_kept_out_of_results() -> None:
    """A user name is shown, as kubernetes.core shows it: Ansible would hide the word everywhere."""
    hidden = {name for name, option in _options("mesh").items() if option.get("no_log")}
    assert hidden == {name for name, variable in VARIABLES.items() if variable.secret} - {"mesh_username"}


@pytest.mark.parametrize("name", KEYS)
def test_keys_of_dictionaries_agree(name: str) -> None:
    options, keys = _options("mesh")[name]["options"], KEYS[name]
    assert list(options) == [*keys, *(["peers"] if name in BY_PEER else [])]
    for key, entry in keys.items():
        assert options[key]["type"] == entry.type
        assert tuple(options[key].get("choices", ())) == entry.choices
        assert (
            " ".join(options[key]["description"].split()) == f"{entry.description} Accepted: {entry.domain.accepted}."
        )


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_no_role_has_defaults_of_public_variables(role: str) -> None:
    for name in ("defaults", "vars"):
        path = ROLES / role / name / "main.yml"
        assert not path.exists() or not set(yaml.safe_load(path.read_text()) or {}) & set(VARIABLES)


PLANNED = ("gateways", "sharing", "peering", "report", "identity")


def test_a_role_without_its_plan_says_so(tmp_path: pathlib.Path) -> None:
    """Each role for itself; no cluster is contacted."""
    plays = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {
                    "block": [{"ansible.builtin.include_role": {"name": f"ossm.federation.{role}"}}],
                    "rescue": [
                        {
                            "ansible.builtin.debug": {
                                "msg": role + ": {{ ansible_failed_result.msg | replace('\n', ' ') }}"
                            }
                        }
                    ],
                }
            ],
        }
        for role in PLANNED
    ]
    (tmp_path / "roles.yml").write_text(yaml.safe_dump(plays))
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(tmp_path / "roles.yml")]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for role in PLANNED:
        assert f"{role}: Validation of arguments failed: missing required arguments: mesh_plan" in text, text
