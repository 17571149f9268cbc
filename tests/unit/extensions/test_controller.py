# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions for controllers: they are the generated ones, every playbook has one, and AWX and the gateway accept them."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import controller
import jsonschema
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from jinja2.nativetypes import NativeEnvironment
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.plugin_utils._model.surveys import ASKED, REQUIRED, SURVEYS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

Json = dict[str, Any]
PLAYBOOKS = controller.playbooks()


# What is generated


@pytest.mark.parametrize("name", controller.FILES)
def test_the_file_is_the_generated_one(name: str) -> None:
    assert (controller.FOLDER / name).read_text(encoding="utf-8") == controller.text(name), (
        "run python tests/controller.py"
    )


def test_the_playbook_for_awx_is_the_generated_one() -> None:
    for name, text in {"playbooks": controller.playbook_text(), "tasks": controller.tasks_text()}.items():
        path = controller.FOLDER / name / "awx.yml"
        assert path.read_text(encoding="utf-8") == text, "run python tests/controller.py"


def test_the_folder_has_no_other_definitions() -> None:
    assert {path.name for path in controller.FOLDER.glob("*.yml")} == set(controller.FILES)


def test_every_playbook_has_a_template_and_no_other_has() -> None:
    assert set(controller.PLAYBOOKS) == set(PLAYBOOKS), "a new playbook needs a row in tests/controller.py"
    paths = [template["playbook"] for template in rendered()["controller_templates"]]
    # The last one is that of the self-healing.
    assert paths == [f"playbooks/{playbook}.yml" for playbook in [*PLAYBOOKS, "federate"]]
    assert all((controller.ROOT / path).is_file() for path in paths)


# Definitions with the settings in their place


@functools.cache
def rendered() -> Json:
    """All lists as Ansible gives them to modules: each expression has its value."""
    environment = NativeEnvironment()
    environment.globals["lookup"] = lambda _plugin, path: f"content of {path}"

    def render(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: render(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [render(entry) for entry in value]
        return environment.from_string(value).render(controller.SETTINGS) if isinstance(value, str) else value

    lists: Json = render(controller.definitions())
    for row in lists["controller_credential_types"]:
        row["injectors"] = injectors(row)
    return lists


def injectors(credential_type: Json) -> Json:
    """The injectors of a type of credential as a controller gets them."""
    text = yaml.safe_dump(credential_type["injectors"], width=1000).replace("{  {", "{{")
    result: Json = yaml.safe_load(text)
    return result


# What the modules of awx.awx accept


class Captured(Exception):
    """Ends a module when its argument specification is known."""


def module_spec(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Json, Json]:
    """The argument specification of a module of awx.awx, and the documentation of its options."""
    module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
    specs: list[Json] = []

    def capture(argument_spec: Json, **_others: Any) -> None:
        specs.append(argument_spec)
        raise Captured

    monkeypatch.setattr(module, "ControllerAPIModule", capture)
    with pytest.raises(Captured):
        module.main()
    return specs[0], yaml.safe_load(module.DOCUMENTATION)["options"]


@pytest.mark.parametrize("name", controller.MODULES)
def test_the_module_of_awx_accepts_each_entry(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, _options = module_spec(controller.MODULES[name][0], monkeypatch)
    entries = rendered()[name] or [NOTIFICATION]
    for entry in entries:
        assert ArgumentSpecValidator(spec).validate(entry).error_messages == [], entry["name"]


#: What a user may put into controller_notifications: it is documented so.
NOTIFICATION = {
    "name": "Mesh channel",
    "description": "The channel of the mesh team",
    "organization": "Default",
    "notification_type": "slack",
    "notification_configuration": {"token": "secret", "channels": ["#mesh"]},
    "messages": {},
}


def test_the_task_for_notifications_passes_what_the_module_accepts() -> None:
    assert set(controller.NOTIFICATION) == set(NOTIFICATION)


def test_the_playbook_for_awx_passes_every_key_of_every_entry() -> None:
    tasks = {task["loop"].strip("{} "): task for task in controller.awx_tasks() if "loop" in task}
    for name, (module, _words) in controller.MODULES.items():
        keys = {key for entry in controller.definitions()[name] for key in entry} or set(controller.NOTIFICATION)
        assert set(tasks[name][f"awx.awx.{module}"]) == keys


def test_roles_of_teams_are_those_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, _options = module_spec("role", monkeypatch)
    task = controller.awx_tasks()[-1]
    assert set(task["awx.awx.role"]) <= set(spec) and {"approval", "execute"} <= set(spec["role"]["choices"])


def faults(value: Any, option: Json, where: str) -> Iterator[str]:
    """What of a value does not fit the documentation of an option, whose suboptions no specification checks."""
    types = {"str": str, "int": int, "bool": bool, "dict": dict, "list": list}
    if not isinstance(value, types[option["type"]]) or value not in option.get("choices", [value]):
        yield f"{where}: {value}"
    elif option["type"] == "list":
        for index, entry in enumerate(value):
            yield from faults(entry, {**option, "type": option["elements"]}, f"{where}[{index}]")
    elif option["type"] == "dict" and "suboptions" in option:
        known = option["suboptions"]
        yield from (f"{where}.{key}" for key in value if key not in known)
        yield from (f"{where}.{key}" for key in known if known[key].get("required") and key not in value)
        for key in set(value) & set(known):
            yield from faults(value[key], known[key], f"{where}.{key}")


def test_the_nodes_of_workflows_are_as_the_module_documents_them(monkeypatch: pytest.MonkeyPatch) -> None:
    _spec, options = module_spec("workflow_job_template", monkeypatch)
    for workflow in rendered()["controller_workflows"]:
        assert list(faults(workflow["workflow_nodes"], options["workflow_nodes"], workflow["name"])) == []


# Surveys

#: The rules of AWX: types of questions with the type of a default, and the keys of a question (awx/api/views, _validate_spec_data).
ANSWERS: dict[str, type] = {"text": str, "textarea": str, "multiplechoice": str, "integer": int}
KEYS = {"question_name", "question_description", "variable", "required", "type"}


def surveys() -> list[tuple[str, Json]]:
    lists = rendered()
    rows = [*lists["controller_templates"], *lists["controller_workflows"]]
    return [(row["name"], row["survey_spec"]) for row in rows if row["survey_enabled"]]


@pytest.mark.parametrize(("name", "spec"), surveys(), ids=[name for name, _spec in surveys()])
def test_awx_accepts_the_survey(name: str, spec: Json) -> None:
    assert set(spec) == {"name", "description", "spec"} and spec["spec"]
    variables = [question["variable"] for question in spec["spec"]]
    assert len(variables) == len(set(variables))
    for question in spec["spec"]:
        assert KEYS <= set(question) <= {*KEYS, "min", "max", "default", "choices"}
        assert all(question[key] and isinstance(question[key], str) for key in KEYS - {"required"})
        assert isinstance(question["required"], bool)
        default = question.get("default")
        assert default is None or isinstance(default, ANSWERS[question["type"]])
        assert not isinstance(default, bool)
        assert default is None or default in question.get("choices", [default])
        assert ("choices" in question) == (question["type"] == "multiplechoice")
        assert all(isinstance(question.get(key, 0), int) for key in ("min", "max"))


def test_a_survey_asks_for_variables_of_the_run_only() -> None:
    assert set(SURVEYS) <= set(PLAYBOOKS) and ASKED <= set(VARIABLES) and REQUIRED <= ASKED
    assert all(name.startswith("federation_") and not VARIABLES[name].secret for name in ASKED)


@pytest.mark.parametrize("playbook", SURVEYS)
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "left empty"])
def test_the_model_accepts_the_answers(playbook: str, answered: bool) -> None:
    """Answers are strings and numbers, and passed as extra variables, which all hosts have."""
    texts = {"federation_confirm_trust_domain": "red-mesh,green-mesh", "federation_confirm_address_change": "red-mesh"}
    answers = {
        question["variable"]: question.get("default", texts.get(question["variable"], "red-mesh") if answered else "")
        for question in controller.survey(playbook)["survey_spec"]["spec"]
    }
    hosts = {host: {**variables, **answers} for host, variables in fed.inventory().items()}
    problems = fed.declare(hosts)["problems"]
    assert [one for one in problems if one["severity"] == "error"] == []


# Workflows


def nodes(workflow: Json) -> dict[str, Json]:
    return {node["identifier"]: node for node in workflow["workflow_nodes"]}


def path(workflow: Json) -> list[str]:
    """The nodes from the first one on, each by the success of the one before."""
    found, following = [], [next(iter(nodes(workflow)))]
    while following:
        found += following
        following = [row["identifier"] for row in nodes(workflow)[found[-1]]["related"]["success_nodes"]]
    return found


@pytest.mark.parametrize("workflow", rendered()["controller_workflows"], ids=lambda workflow: workflow["name"])
def test_nothing_is_written_before_the_approval(workflow: Json) -> None:
    assert path(workflow) == list(nodes(workflow)), "each node follows the success of the one before"
    templates = {template["name"]: template for template in rendered()["controller_templates"]}
    before = path(workflow)[: path(workflow).index("approve")]
    for name in path(workflow):
        node = nodes(workflow)[name]
        job = node["unified_job_template"]
        if job["type"] == "workflow_approval":
            assert job["timeout"] > 0
            continue
        template = templates[job["name"]]
        writes = template["ask_job_type_on_launch"] and node.get("job_type", "run") == "run"
        assert writes == (name in ("federate", "remove")) and (not writes or name not in before)
        assert "job_type" not in node or template["ask_job_type_on_launch"] and template["ask_diff_mode_on_launch"]
    assert path(workflow)[0] == "lint" and path(workflow)[-1] == "status"


def test_each_removal_is_typed_twice() -> None:
    for workflow in rendered()["controller_workflows"][1:]:
        required = [row["variable"] for row in workflow["survey_spec"]["spec"] if row["required"]]
        assert "federation_confirm" in required


def test_the_plan_passes_its_digests() -> None:
    plan = next(row for row in rendered()["controller_templates"] if row["playbook"].endswith("/plan.yml"))
    assert plan["extra_vars"] == {"federation_pass_plan": True}
    assert "federation_pass_plan" in VARIABLES


# Job templates and the rest


@pytest.mark.parametrize("template", rendered()["controller_templates"], ids=lambda template: template["name"])
def test_a_template_breaks_no_exchange_between_meshes(template: Json) -> None:
    """Slices take meshes out of the inventory, a fact cache brings old root certificates back, extra variables replace the model."""
    assert template["job_slice_count"] == 1 and template["forks"] >= 10 and template["timeout"] > 0
    off = ("use_fact_cache", "allow_simultaneous", "ask_variables_on_launch", "become_enabled")
    assert not any(template[key] for key in off)
    assert set(template.get("extra_vars", {})) <= set(VARIABLES)
    assert template["diff_mode"] == template["ask_job_type_on_launch"] == template["ask_diff_mode_on_launch"]


#: The form of injectors (awx/main/fields.py, CredentialTypeInjectorField).
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": {
            "type": "object",
            "patternProperties": {"^template$": {"type": "string"}},
            "additionalProperties": False,
        },
        "env": {
            "type": "object",
            "patternProperties": {"^(?!ANSIBLE_|K8S_AUTH_)[A-Z][A-Z0-9_]*$": {"type": "string"}},
            "additionalProperties": False,
        },
    },
}


def test_the_credential_is_injected_as_a_file_and_sets_no_access_of_kubernetes_core() -> None:
    (credential_type,) = rendered()["controller_credential_types"]
    jsonschema.validate(credential_type["injectors"], INJECTORS)
    environment = NativeEnvironment()
    file = environment.from_string(credential_type["injectors"]["file"]["template"]).render(kubeconfig="clusters: []\n")
    variable = environment.from_string(credential_type["injectors"]["env"]["KUBECONFIG"])
    assert (file.rstrip(), variable.render(tower={"filename": "/runner/env/file"})) == (
        "clusters: []",
        "/runner/env/file",
    )
    fields = {field["id"]: field for field in credential_type["inputs"]["fields"]}
    assert set(credential_type["inputs"]["required"]) == set(fields) == {"kubeconfig"}
    assert fields["kubeconfig"]["secret"] and fields["kubeconfig"]["multiline"]
    assert [row["credential_type"] for row in rendered()["controller_credentials"]] == [credential_type["name"]]


def test_a_host_with_a_context_has_access_and_a_mesh_of_another_administrator_has_none(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\nclusters: [{name: red, cluster: {server: 'https://red.example'}}]\n"
        "users: [{name: red, user: {token: secret}}]\ncontexts: [{name: red, context: {cluster: red, user: red}}]\n"
    )
    hosts = {"red-mesh": {"mesh_context": "red"}, "green-mesh": {"mesh_identity_file": "green.yml"}}
    declared = fed.declare(hosts, environ={"KUBECONFIG": str(kubeconfig)})
    assert not [one for one in declared["problems"] if one["severity"] == "error" and one["mesh"] == "red-mesh"]
    assert declared["meshes"]["green-mesh"]["by_file"] and not declared["meshes"]["red-mesh"]["by_file"]


def test_the_status_runs_each_hour() -> None:
    (schedule,) = rendered()["controller_schedules"]
    assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=HOURLY;INTERVAL=1", schedule["rrule"])
    assert schedule["unified_job_template"] == controller.template_name("status")


def test_all_names_lead_to_definitions() -> None:
    lists = rendered()
    named = {name: {row["name"] for row in rows} for name, rows in lists.items() if name.startswith("controller_")}
    for template in lists["controller_templates"]:
        assert template["project"] in named["controller_projects"]
        assert template["inventory"] in named["controller_inventories"]
        assert set(template["credentials"]) <= named["controller_credentials"]
        assert template["execution_environment"] in named["controller_execution_environments"]
    for source in lists["controller_inventory_sources"]:
        assert source["source_project"] in named["controller_projects"] and source["update_on_launch"]
    teams = {row["name"] for row in lists["aap_teams"]}
    types = {"job_templates": "controller_templates", "workflow_job_templates": "controller_workflows"}
    for role in lists["ossm_federation_team_roles"]:
        assert role["team"] in teams
        assert all(row["name"] in named[types[row["type"]]] for row in role["assignment_objects"])


# The gateway of Ansible Automation Platform

#: The keys that ansible.platform accepts, by list: modules organization, team and role_team_assignment, as the roles
#: gateway_organizations, gateway_teams and gateway_role_team_assignments of infra.aap_configuration pass them.
PLATFORM = {
    "aap_organizations": {"name", "new_name", "description", "state"},
    "aap_teams": {"name", "new_name", "description", "organization", "new_organization", "state"},
    "ossm_federation_team_roles": {"team", "team_ansible_id", "role_definition", "assignment_objects", "state"},
}
ASSIGNED = {"name", "type", "object_id", "object_ansible_id"}
#: The roles of infra.aap_configuration, with the list that each reads.
ROLES = {
    "gateway_organizations": "aap_organizations",
    "gateway_teams": "aap_teams",
    "controller_credential_types": "controller_credential_types",
    "controller_credentials": "controller_credentials",
    "controller_execution_environments": "controller_execution_environments",
    "controller_notification_templates": "controller_notifications",
    "controller_projects": "controller_projects",
    "controller_inventories": "controller_inventories",
    "controller_inventory_sources": "controller_inventory_sources",
    "controller_job_templates": "controller_templates",
    "controller_workflow_job_templates": "controller_workflows",
    "controller_schedules": "controller_schedules",
    "gateway_role_team_assignments": "ossm_federation_team_roles",
}


def test_the_gateway_accepts_organization_teams_and_roles() -> None:
    lists = rendered()
    for name, keys in PLATFORM.items():
        assert all(set(entry) <= keys for entry in lists[name])
    assert all(
        set(row) <= ASSIGNED for role in lists["ossm_federation_team_roles"] for row in role["assignment_objects"]
    )


def test_the_playbook_for_the_platform_applies_every_list_in_order() -> None:
    (play,) = yaml.safe_load((controller.FOLDER / "playbooks" / "aap.yml").read_text(encoding="utf-8"))
    roles: list[str] = []
    for task in play["tasks"][1:]:
        name = task["ansible.builtin.include_role"]["name"].removeprefix("infra.aap_configuration.")
        roles += task.get("loop", [name])
    assert roles == list(ROLES)
    assert set(ROLES.values()) == set(controller.definitions()) - (
        set(controller.SETTINGS) - {"controller_notifications"}
    )


# The page docs/controller.md


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", controller.PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_page_has_the_generated_table() -> None:
    assert controller.PAGE.read_text(encoding="utf-8") == controller.page(), "run python tests/controller.py"


def test_the_settings_of_the_page_exist_and_its_notification_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = [block for text in blocks("yaml") for block in [yaml.safe_load(text)] if "all" not in block]
    written = {key: value for block in settings[1:] for key, value in block.items()}
    assert set(written) <= set(controller.SETTINGS)
    (notification,) = written["controller_notifications"]
    spec, _options = module_spec("notification_template", monkeypatch)
    assert ArgumentSpecValidator(spec).validate(notification).error_messages == []
    assert set(notification) == set(NOTIFICATION)


def test_the_files_of_the_commands_exist() -> None:
    files = {name for text in blocks("shell") for name in re.findall(r"[\w/]+/[\w/]+\.yml", text)}
    assert files == {"extensions/controller/playbooks/aap.yml", "extensions/controller/playbooks/awx.yml"}
    assert all((controller.ROOT / name).is_file() for name in files)


# Event-Driven Ansible


def launches(value: Any) -> Iterator[Json]:
    """The launches of job templates in a rulebook."""
    if isinstance(value, dict):
        yield from ([value["run_job_template"]] if "run_job_template" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from launches(entry)


def test_the_templates_take_what_the_rulebook_gives_them() -> None:
    rulebook = controller.ROOT / "extensions" / "eda" / "rulebooks" / "self_healing_controller.yml"
    templates = {template["name"]: template for template in rendered()["controller_templates"]}
    found = list(launches(yaml.safe_load(rulebook.read_text(encoding="utf-8"))))
    assert found
    for launch in found:
        name = re.search(r"default\('([^']+)'\)", launch["name"])
        assert name, launch
        template = templates[name[1]]
        asked = {question["variable"] for question in template["survey_spec"]["spec"]}
        assert set(launch.get("job_args", {}).get("extra_vars", {})) <= asked
        assert template["ask_limit_on_launch"]
