# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks: valid by the schema of ansible-rulebook, with every option of the source and a rule for every kind of event; and
their description in docs/eda.md."""

from __future__ import annotations

import json
import re
import textwrap
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_rulebook.util import substitute_variables

from ansible_collections.ossm.federation.extensions.eda.plugins.event_source import health
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import to_bool_or_names
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "eda.md").read_text(encoding="utf-8")
RULEBOOKS = sorted((ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml"))
Json = dict[str, Any]


def _ruleset(path: Path) -> Json:
    [ruleset] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return dict(ruleset)


def _actions(ruleset: Json, kind: str) -> list[Json]:
    [rule] = [rule for rule in ruleset["rules"] if rule["condition"] == f'event.federation.kind == "{kind}"']
    return list(rule["actions"]) if "actions" in rule else [rule["action"]]


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_rulebook_is_valid(path: Path) -> None:
    schema = json.loads(resources.files("ansible_rulebook").joinpath("schema/ruleset_schema.json").read_text())
    jsonschema.validate([_ruleset(path)], schema)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_rulebook_has_every_option_with_its_default(path: Path) -> None:
    """Variables of people are of the rulebook, and have the prefix ``health_``."""
    [source] = _ruleset(path)["sources"]
    given = {key: value for key, value in source["ossm.federation.health"].items() if key != "extra_vars"}
    assert set(given) == set(health.Options._fields) - {"extra_vars"}
    for name, value in given.items():
        default = re.fullmatch(r"\{\{ health_%s(?: \| default\((.*)\))? \}\}" % name, value)
        assert default, value
        expected = health.Options._field_defaults.get(name)
        assert yaml.safe_load(default[1] or "null") == (list(expected) if isinstance(expected, tuple) else expected)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_run_that_heals_takes_nothing_from_others_and_removes_nothing(path: Path) -> None:
    ruleset = _ruleset(path)
    assert [_actions(ruleset, kind) for kind in ("cause", "raise", "healthy")]
    [action] = [action for action in _actions(ruleset, "heal") if "debug" not in action]
    [arguments] = action.values()
    variables = arguments.get("extra_vars") or arguments["job_args"]["extra_vars"]
    if "run_job_template" in action:
        # What a template does not ask for is ignored, so it has these variables itself.
        template = _template(arguments["name"])
        assert [question["variable"] for question in template["survey_spec"]["spec"]] == list(variables)
        assert template["ask_limit_on_launch"]
        variables = {**variables, **template["extra_vars"]}
    assert set(variables) <= set(VARIABLES)
    off = {name for name, value in variables.items() if value is False}
    assert off == {"federation_force_conflicts", "federation_adopt", "federation_prune"}


def _template(name: str) -> Json:
    """The job template that the default of a name means."""
    default = substitute_variables(name, {})
    path = ROOT / "extensions" / "controller" / "job_templates.yml"
    templates = yaml.safe_load(path.read_text(encoding="utf-8"))["controller_templates"]
    return dict(next(template for template in templates if template["name"] == default))


def test_the_job_that_raises_is_the_doctor_and_reads_all_meshes() -> None:
    ruleset = _ruleset(ROOT / "extensions" / "eda" / "rulebooks" / "self_healing_controller.yml")
    [action] = [action for action in _actions(ruleset, "raise") if "debug" not in action]
    template = _template(action["run_job_template"]["name"])
    assert template["playbook"].endswith("/doctor.yml") and template["notification_templates_error"]


@pytest.mark.parametrize(("restart", "answer"), [([], "false"), (["red-mesh", "green-mesh"], "red-mesh,green-mesh")])
def test_the_answer_of_the_survey_is_one_that_the_model_accepts(restart: list[str], answer: str) -> None:
    ruleset = _ruleset(ROOT / "extensions" / "eda" / "rulebooks" / "self_healing_controller.yml")
    [action] = [action for action in _actions(ruleset, "heal") if "debug" not in action]
    [text] = action["run_job_template"]["job_args"]["extra_vars"].values()
    rendered = substitute_variables(text, {"event": {"federation": {"restart": restart}}})
    assert rendered == answer and to_bool_or_names(rendered) == (restart or False)


def _blocks() -> list[Json]:
    """The YAML of docs/eda.md."""
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", PAGE, re.M | re.S)
    return [yaml.safe_load(textwrap.dedent(block)) for block in blocks]


def test_the_page_has_every_variable_with_its_default() -> None:
    defaults = dict(re.findall(r"^\| `health_(\w+)` \|(.*?)\|", PAGE, re.M))
    assert set(defaults) == set(health.Options._fields) - {"extra_vars"}
    for name, shown in defaults.items():
        expected = health.Options._field_defaults.get(name) or None
        assert yaml.safe_load(shown.strip(" `")) == (list(expected) if isinstance(expected, tuple) else expected), name


def test_the_variables_of_the_page_and_a_credential_reach_the_source() -> None:
    """As ansible-rulebook renders the arguments of a source, with the file that the platform makes of the credential."""
    dummy_environment, fields, injector, variables = _blocks()[-4:]
    [field] = fields["fields"]
    assert field["secret"] and fields["required"] == [field["id"]]
    assert injector == {"file": {"template.kubeconfig": "{{ %s }}" % field["id"]}}
    [source] = _ruleset(ROOT / "extensions" / "eda" / "rulebooks" / "self_healing_controller.yml")["sources"]
    for known, path in (({"eda": {"filename": {"kubeconfig": "/tmp/file"}}}, "/tmp/file"), ({}, "")):
        rendered = substitute_variables(source["ossm.federation.health"], {**variables, **known})
        options = health.read_options(rendered)
        assert options.inventory == variables["health_inventory"]
        assert options.extra_vars == {"health_kubeconfig": path}
        assert options == health.Options(options.inventory, options.extra_vars)._replace(heal=["federate"])


def test_the_documentation_of_the_source_has_its_options() -> None:
    documented = yaml.safe_load(health.DOCUMENTATION)["options"]
    assert set(documented) == set(health.Options._fields)
    for name, expected in health.Options._field_defaults.items():
        if name != "state":
            assert documented[name]["default"] == (list(expected) if isinstance(expected, tuple) else expected), name
    assert yaml.safe_load(health.EXAMPLES)
