# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes ``extensions/controller``: what AWX or Ansible Automation Platform needs to run the playbooks, as definitions.

``python tests/controller.py`` from the root of the checkout, after ``tests/tree.py link``. A unit test compares the files. Surveys are made
from the tables of variables and surveys, job templates from the folder of playbooks; a new playbook needs a row in ``PLAYBOOKS``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import VERSION
from ansible_collections.ossm.federation.plugins.plugin_utils._model.surveys import REQUIRED, SURVEYS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES, Variable
from ansible_collections.ossm.federation.plugins.plugin_utils._model.yaml_files import Indented

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "extensions" / "controller"
PAGE = ROOT / "docs" / "controller.md"
Json = dict[str, Any]

_HEAD = """\
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Written by tests/controller.py; change that file, not this one. Documentation: docs/controller.md.
{words}---
"""


class Template(NamedTuple):
    """The job template of a playbook: whether it ``writes`` to clusters, so that it has a check mode, whether it needs the
    ``credential`` of the clusters, and its own ``variables``."""

    writes: bool = False
    credential: bool = True
    variables: Json = {}


def _directory(name: str) -> str:
    return "{{ ossm_federation_directory }}/" + name


#: The job templates by playbook.
PLAYBOOKS: dict[str, Template] = {
    "adopt": Template(variables={"federation_adopt_to": _directory("adopted")}),
    "doctor": Template(),
    "export_identity": Template(writes=True, variables={"federation_identity_dir": _directory("identities")}),
    "federate": Template(writes=True),
    "gather": Template(variables={"federation_gather_dir": _directory("gathered")}),
    "install": Template(writes=True),
    "leave": Template(writes=True),
    "lint": Template(credential=False),
    "plan": Template(variables={"federation_pass_plan": True}),
    "remove_mesh": Template(writes=True),
    "remove_service": Template(writes=True),
    "render": Template(variables={"federation_render_dir": _directory("rendered")}),
    "rotate_trust": Template(writes=True),
    "share": Template(writes=True),
    "status": Template(),
    "trust_domain": Template(writes=True),
    "unlink": Template(writes=True),
}
_SHOWS = "Without it the job only shows what it would do."
#: What is typed for ``federation_confirm``, by playbook.
CONFIRMATIONS: dict[str, str] = {
    "federate": "The meshes whose rules select more services than federation_max_exports, with commas between them.",
    "leave": f"The name of the group of the federation. {_SHOWS}",
    "remove_mesh": f"The name of the mesh again. {_SHOWS}",
    "remove_service": f"Namespace and name of the service again. {_SHOWS}",
    "rotate_trust": "The name of the mesh again: the administrators of its peers without access trust both roots.",
    "trust_domain": "The meshes with peers whose trust domain is changed, with commas between them.",
    "unlink": f"The names of the two meshes again. {_SHOWS}",
}
#: The playbooks that remove something; each has a workflow that asks for approval.
REMOVALS = ("unlink", "remove_mesh", "remove_service", "leave")
#: Seconds after which a workflow without approval ends.
APPROVAL_TIMEOUT = 86400
ORGANIZATION = "{{ ossm_federation_organization }}"
INVENTORY = "OSSM federation"
PROJECT = "OSSM federation"
INVENTORY_PROJECT = "OSSM federation inventory"
ENVIRONMENT = "OSSM federation"
CREDENTIAL = "OSSM federation kubeconfig"
OPERATORS, APPROVERS = "OSSM federation operators", "OSSM federation approvers"
#: The hooks of notifications, by event; each is a list of names of notification templates.
EVENTS = ("started", "success", "error")

SETTINGS: Json = {
    "ossm_federation_organization": "Default",
    "ossm_federation_project_url": "https://github.com/ossm-federation/ossm.federation.git",
    "ossm_federation_project_branch": VERSION,
    "ossm_federation_playbooks": "playbooks",
    "ossm_federation_inventory_url": "https://git.example.com/mesh/federation-inventory.git",
    "ossm_federation_inventory_branch": "main",
    "ossm_federation_inventory_path": "hosts.yml",
    "ossm_federation_scm_credential": "",
    "ossm_federation_image": f"registry.example.com/ossm/federation-ee:{VERSION}",
    "ossm_federation_kubeconfig_file": "kubeconfig",
    "ossm_federation_forks": 20,
    "ossm_federation_timeout": 7200,
    "ossm_federation_directory": "/tmp/ossm-federation",
    "ossm_federation_notify_started": [],
    "ossm_federation_notify_success": [],
    "ossm_federation_notify_error": [],
    "ossm_federation_notify_approvals": [],
    "controller_notifications": [],
}


def playbooks() -> list[str]:
    """The playbooks of the collection; the argument specification of a playbook is none."""
    return sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if not path.stem.endswith(".meta"))


def template_name(playbook: str) -> str:
    return f"OSSM federation: {playbook.replace('_', ' ')}"


def _description(playbook: str) -> str:
    """The first two sentences of the comment at the head of a playbook."""
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8").partition("---\n")[2]
    lines = text.partition("\n- ")[0].splitlines()
    sentences = re.split(r"(?<=\.) (?=[A-Z])", " ".join(line.lstrip("# ") for line in lines if line.startswith("#")))
    return " ".join(sentences[:2])


def _plain(text: str) -> str:
    """A text without the markup of Ansible's documentation."""
    return re.sub(r"\b[A-Z]\(([^)]*)\)", r"\1", text)


def _answer(variable: Variable) -> Json:
    """Type, limits and default of the answer to a question."""
    if variable.type == "bool":
        return {"type": "multiplechoice", "choices": ["false", "true"], "default": str(variable.default).lower()}
    if variable.choices:
        return {"type": "multiplechoice", "choices": list(variable.choices), "default": variable.default}
    if variable.type == "int":
        limits = {"min": variable.minimum, "max": variable.maximum, "default": variable.default}
        return {"type": "integer", **{key: value for key, value in limits.items() if value is not None}}
    # A default would be passed as the value of a variable that is not set.
    return {"type": "text", "min": 0, "max": 1024}


def question(playbook: str, name: str, required: bool | None = None) -> Json:
    """The question of a survey for one variable."""
    variable = VARIABLES[name]
    words = CONFIRMATIONS[playbook] if name == "federation_confirm" else _plain(variable.description)
    return {
        "question_name": name.removeprefix("federation_").replace("_", " ").capitalize(),
        "question_description": words,
        "variable": name,
        "required": name in REQUIRED if required is None else required,
        **_answer(variable),
    }


def survey(playbook: str, required: Iterable[str] = ()) -> Json:
    """The keys of a template with the survey of a playbook, which has none if nothing differs from launch to launch."""
    if playbook not in SURVEYS:
        return {"survey_enabled": False}
    questions = [question(playbook, name, True if name in required else None) for name in SURVEYS[playbook]]
    spec = {"name": template_name(playbook), "description": "What differs from launch to launch", "spec": questions}
    return {"survey_enabled": True, "survey_spec": spec}


def _notifications(*events: str) -> Json:
    return {f"notification_templates_{event}": "{{ ossm_federation_notify_" + event + " }}" for event in events}


def job_template(playbook: str) -> Json:
    """The job template of a playbook."""
    if playbook not in PLAYBOOKS:
        raise LookupError(
            f"playbooks/{playbook}.yml needs a row in PLAYBOOKS of tests/controller.py, for its job template"
        )
    row = PLAYBOOKS[playbook]
    return {
        "name": template_name(playbook),
        "description": _description(playbook),
        "organization": ORGANIZATION,
        "job_type": "run",
        "inventory": INVENTORY,
        "project": PROJECT,
        "playbook": "{{ ossm_federation_playbooks }}/" + f"{playbook}.yml",
        "credentials": [CREDENTIAL] if row.credential else [],
        "execution_environment": ENVIRONMENT,
        "forks": "{{ ossm_federation_forks }}",
        "job_slice_count": 1,
        "timeout": "{{ ossm_federation_timeout }}",
        "use_fact_cache": False,
        "allow_simultaneous": False,
        "become_enabled": False,
        "diff_mode": row.writes,
        "ask_job_type_on_launch": row.writes,
        "ask_diff_mode_on_launch": row.writes,
        "ask_limit_on_launch": row.credential,
        "ask_verbosity_on_launch": True,
        "ask_variables_on_launch": False,
        **({"extra_vars": row.variables} if row.variables else {}),
        **survey(playbook),
        **_notifications(*EVENTS),
    }


def healing() -> Json:
    """The job template of the self-healing (docs/eda.md): federate.yml with limits that no launch can change. The rulebook gives
    the hosts and the answer."""
    name, variable = "OSSM federation: heal", "federation_restart_control_plane"
    asked = {**question("federate", variable, True), "min": 1}
    return {
        **job_template("federate"),
        "name": name,
        "description": "Corrects what is safe without a person. Launched by Event-Driven Ansible.",
        "extra_vars": dict.fromkeys(("federation_force_conflicts", "federation_adopt", "federation_prune"), False),
        "survey_spec": {"name": name, "description": "What the rulebook answers", "spec": [asked]},
    }


def _node(identifier: str, playbook: str, success: str | None, **prompts: Any) -> Json:
    return {
        "identifier": identifier,
        "unified_job_template": {
            "name": template_name(playbook),
            "type": "job_template",
            "organization": {"name": ORGANIZATION},
        },
        **prompts,
        "related": {"success_nodes": [{"identifier": success}] if success else []},
    }


def _approval(name: str, words: str, success: str) -> Json:
    return {
        "identifier": "approve",
        "unified_job_template": {
            "name": name,
            "description": words,
            "type": "workflow_approval",
            "timeout": APPROVAL_TIMEOUT,
        },
        "related": {"success_nodes": [{"identifier": success}]},
    }


def _workflow(name: str, words: str, nodes: list[Json], asked: Json) -> Json:
    return {
        "name": name,
        "description": words,
        "organization": ORGANIZATION,
        "allow_simultaneous": False,
        "ask_variables_on_launch": False,
        "ask_inventory_on_launch": False,
        "ask_limit_on_launch": False,
        **asked,
        **_notifications(*EVENTS, "approvals"),
        "workflow_nodes": nodes,
    }


def federating() -> Json:
    """The workflow that federates what was approved."""
    return _workflow(
        "OSSM federation: plan, approve and federate",
        "Checks the inventory, plans, waits for approval, applies exactly that plan, and shows the status.",
        [
            _node("lint", "lint", "plan"),
            _node("plan", "plan", "approve"),
            _approval(
                "Approve the plan of the federation",
                "Read the output of the job before: it lists what will be written. Where clusters or inventory change until the approval, "
                "nothing is written.",
                "federate",
            ),
            _node("federate", "federate", "status"),
            _node("status", "status", None),
        ],
        survey("federate"),
    )


def removing(playbook: str) -> Json:
    """The workflow that removes what was approved. Its plan is the removal in check mode: the API servers try each change."""
    words = playbook.replace("_", " ")
    return _workflow(
        f"OSSM federation: plan, approve and {words}",
        "Checks the inventory, tries the removal without a change, waits for approval, removes, and shows the status.",
        [
            _node("lint", "lint", "plan"),
            _node("plan", playbook, "approve", job_type="check", diff_mode=True),
            _approval(
                f"Approve: {words}",
                "Read the output of the job before: it lists what will be removed, and the API servers have tried each change.",
                "remove",
            ),
            _node("remove", playbook, "status"),
            _node("status", "status", None),
        ],
        survey(playbook, required=("federation_confirm",)),
    )


def settings() -> Json:
    return SETTINGS


def credentials() -> Json:
    """The type of credential: one kubeconfig with a context for each mesh. Hosts choose theirs with mesh_context, so that a mesh
    of another administrator, which has none, gets no access. The spaces between braces are those of infra.aap_configuration."""
    return {
        "controller_credential_types": [
            {
                "name": "Kubeconfig of a mesh federation",
                "description": "A kubeconfig with one context for each mesh; the hosts of the inventory name theirs in mesh_context.",
                "kind": "cloud",
                "inputs": {
                    "fields": [
                        {
                            "id": "kubeconfig",
                            "type": "string",
                            "label": "Kubeconfig",
                            "help_text": "One context for each mesh, with tokens and certificates in the file itself",
                            "secret": True,
                            "multiline": True,
                        }
                    ],
                    "required": ["kubeconfig"],
                },
                "injectors": {
                    "file": {"template": "{  { kubeconfig }}"},
                    "env": {"KUBECONFIG": "{  { tower.filename }}"},
                },
            }
        ],
        "controller_credentials": [
            {
                "name": CREDENTIAL,
                "description": "Access to the clusters of all meshes",
                "organization": ORGANIZATION,
                "credential_type": "Kubeconfig of a mesh federation",
                "inputs": {"kubeconfig": "{{ lookup('ansible.builtin.file', ossm_federation_kubeconfig_file) }}"},
            }
        ],
    }


def _project(name: str, words: str, prefix: str, **others: Any) -> Json:
    return {
        "name": name,
        "description": words,
        "organization": ORGANIZATION,
        "scm_type": "git",
        "scm_url": "{{ " + prefix + "_url }}",
        "scm_branch": "{{ " + prefix + "_branch }}",
        "credential": "{{ ossm_federation_scm_credential }}",
        "allow_override": False,
        **others,
    }


def resources() -> Json:
    """Execution environment, projects and inventory."""
    environment = {
        "name": ENVIRONMENT,
        "description": "The collection with what it needs, made from execution-environment.yml",
        "organization": ORGANIZATION,
        "image": "{{ ossm_federation_image }}",
        "pull": "missing",
    }
    source = {
        "name": "OSSM federation inventory",
        "description": "The inventory of the federation, from its repository",
        "organization": ORGANIZATION,
        "inventory": INVENTORY,
        "source": "scm",
        "source_project": INVENTORY_PROJECT,
        "source_path": "{{ ossm_federation_inventory_path }}",
        "execution_environment": ENVIRONMENT,
        "overwrite": True,
        "overwrite_vars": True,
        "update_on_launch": True,
        "update_cache_timeout": 0,
    }
    inventory = {
        "name": INVENTORY,
        "description": "One host for each mesh, in the group federation",
        "organization": ORGANIZATION,
    }
    return {
        "controller_execution_environments": [environment],
        "controller_projects": [
            _project(
                PROJECT, "The playbooks of ossm.federation", "ossm_federation_project", scm_update_on_launch=False
            ),
            _project(
                INVENTORY_PROJECT,
                "The inventory of the federation",
                "ossm_federation_inventory",
                scm_update_on_launch=True,
            ),
        ],
        "controller_inventories": [inventory],
        "controller_inventory_sources": [source],
    }


def job_templates() -> Json:
    return {"controller_templates": [*map(job_template, playbooks()), healing()]}


def workflows() -> Json:
    return {"controller_workflows": [federating(), *map(removing, REMOVALS)]}


def schedules() -> Json:
    status = {
        "name": "OSSM federation: status each hour",
        "description": "Fails, and so notifies, when the federation is not healthy",
        "organization": ORGANIZATION,
        "unified_job_template": template_name("status"),
        "rrule": "DTSTART:20260101T001700Z RRULE:FREQ=HOURLY;INTERVAL=1",
        "enabled": True,
    }
    return {"controller_schedules": [status]}


def teams() -> Json:
    """Who may launch, and who may approve: for the gateway of Ansible Automation Platform."""
    launched = [
        {"name": template_name(playbook), "type": "job_templates"}
        for playbook in playbooks()
        if not PLAYBOOKS[playbook].writes
    ]
    flows = [{"name": flow["name"], "type": "workflow_job_templates"} for flow in workflows()["controller_workflows"]]
    return {
        "aap_organizations": [{"name": ORGANIZATION}],
        "aap_teams": [
            {
                "name": OPERATORS,
                "organization": ORGANIZATION,
                "description": "Launches the workflows of the federation",
            },
            {"name": APPROVERS, "organization": ORGANIZATION, "description": "Approves plans and removals"},
        ],
        "ossm_federation_team_roles": [
            {"team": OPERATORS, "role_definition": "JobTemplate Execute", "assignment_objects": launched},
            {"team": OPERATORS, "role_definition": "WorkflowJobTemplate Execute", "assignment_objects": flows},
            {"team": APPROVERS, "role_definition": "WorkflowJobTemplate Approve", "assignment_objects": flows},
        ],
    }


#: The modules of awx.awx that take the entries of each list, in the order in which they are needed, and the words of the task.
MODULES: dict[str, tuple[str, str]] = {
    "aap_organizations": ("organization", "organizations"),
    "controller_credential_types": ("credential_type", "types of credentials"),
    "controller_credentials": ("credential", "credentials"),
    "controller_execution_environments": ("execution_environment", "execution environments"),
    "controller_notifications": ("notification_template", "notifications"),
    "controller_projects": ("project", "projects"),
    "controller_inventories": ("inventory", "inventories"),
    "controller_inventory_sources": ("inventory_source", "sources of inventories"),
    "controller_templates": ("job_template", "job templates"),
    "controller_workflows": ("workflow_job_template", "workflows"),
    "controller_schedules": ("schedule", "schedules"),
    "aap_teams": ("team", "teams"),
}
#: The keys of notifications, which are defined by the user.
NOTIFICATION = ("name", "description", "organization", "notification_type", "notification_configuration", "messages")
#: The spaces between the braces of injectors are removed here, as infra.aap_configuration does.
_INJECTORS = "{{ item.injectors | to_json | replace('{  {', '{' ~ '{') | from_json }}"


def definitions() -> Json:
    """All lists of all files."""
    return {name: value for _words, content in FILES.values() for name, value in content().items()}


def _argument(key: str, entries: list[Json]) -> str:
    if key == "injectors":
        return _INJECTORS
    if not entries or not all(key in entry for entry in entries):
        return "{{ item." + key + " | default(omit) }}"
    return "{{ item." + key + (" | default(omit, true) }}" if key == "credential" else " }}")


def _task(name: str, entries: list[Json]) -> Json:
    """The task that gives the entries of one list to their module."""
    module, words = MODULES[name]
    keys = dict.fromkeys(
        NOTIFICATION if name == "controller_notifications" else (key for row in entries for key in row)
    )
    return {
        "name": f"Define {words}",
        f"awx.awx.{module}": {key: _argument(key, entries) for key in keys},
        "loop": "{{ " + name + " }}",
        "loop_control": {"label": "{{ item.name }}"},
        **({"no_log": True} if module == "credential" else {}),
    }


def _roles() -> Json:
    """The task that gives the teams their roles."""
    objects = "{{ item.assignment_objects | selectattr('type', 'eq', '%s') | map(attribute='name') | list }}"
    return {
        "name": "Give the teams their roles",
        "awx.awx.role": {
            "teams": ["{{ item.team }}"],
            "role": "{{ 'approval' if item.role_definition is search('Approve') else 'execute' }}",
            "job_templates": objects % "job_templates",
            "workflows": objects % "workflow_job_templates",
        },
        "loop": "{{ ossm_federation_team_roles }}",
        "loop_control": {"label": "{{ item.team }}: {{ item.role_definition }}"},
    }


def awx_tasks() -> list[Json]:
    """The tasks that apply all definitions with the modules of awx.awx."""
    lists = definitions()
    return [*(_task(name, lists[name]) for name in MODULES), _roles()]


def awx_playbook() -> list[Json]:
    """The playbook that applies all definitions to AWX.

    Its tasks are a file of their own: a linter without awx.awx does not accept a playbook with modules that it does not know.
    """
    read = {
        "name": "Read the definitions",
        "ansible.builtin.include_vars": {"dir": "..", "depth": 1, "extensions": ["yml"]},
    }
    apply = {"name": "Define all objects", "ansible.builtin.include_tasks": {"file": "../tasks/awx.yml"}}
    play = {"name": "Define the federation in AWX", "hosts": "localhost", "connection": "local", "gather_facts": False}
    return [{**play, "tasks": [read, apply]}]


#: What each file is, and its content.
FILES: dict[str, tuple[str, Callable[[], Json]]] = {
    "settings.yml": ("What differs from site to site. Set it with -e @FILE.", settings),
    "credentials.yml": ("Type of credential, and the credential itself.", credentials),
    "resources.yml": ("Execution environment, projects and inventory.", resources),
    "job_templates.yml": (
        "One job template for each playbook, with a survey where something differs per launch.",
        job_templates,
    ),
    "workflows.yml": ("Workflows in which a person approves what the plan shows.", workflows),
    "schedules.yml": ("The status, each hour.", schedules),
    "teams.yml": ("Teams and their roles, for the platform gateway (ansible.platform).", teams),
}


class _Full(Indented):
    """Equal values are written in full each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text(name: str) -> str:
    """Return the content of one file."""
    words, content = FILES[name]
    body = yaml.dump(content(), Dumper=_Full, sort_keys=False, width=140, allow_unicode=True)
    return _HEAD.format(words=f"# {words}\n") + body


def playbook_text() -> str:
    """Return the content of the playbook for AWX: tasks are separated by blank lines."""
    words = "# Applies the definitions to AWX. Its address and token: CONTROLLER_HOST and CONTROLLER_OAUTH_TOKEN.\n"
    return _tasks_text(awx_playbook(), words)


def tasks_text() -> str:
    """Return the content of the file of tasks for AWX."""
    return _tasks_text(awx_tasks(), "# The tasks of the playbook awx.yml.\n")


def _tasks_text(content: list[Json], words: str) -> str:
    body = yaml.dump(content, Dumper=_Full, sort_keys=False, width=140)
    return _HEAD.format(words=words) + re.sub(r"\n(?= *- name: (?!Read))", "\n\n", body)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The page about controllers with its table of job templates; all other text is written by hand."""
    rows = [_row(("Job template", "What it does", "Survey (**required**)", "Check mode")), "|---|---|---|---|"]
    for playbook in playbooks():
        names = [f"**`{name}`**" if name in REQUIRED else f"`{name}`" for name in SURVEYS.get(playbook, ())]
        first = re.split(r"(?<=\.) ", _description(playbook))[0]
        rows.append(
            _row((playbook.replace("_", " "), first, ", ".join(names), "yes" if PLAYBOOKS[playbook].writes else ""))
        )
    table = "\n".join(rows)
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(
        r"<!-- templates -->\n.*<!-- end of templates -->",
        lambda _match: f"<!-- templates -->\n{table}\n<!-- end of templates -->",
        text,
        flags=re.S,
    )


def main() -> int:
    """Write all files."""
    PAGE.write_text(page(), encoding="utf-8")
    for name in FILES:
        (FOLDER / name).write_text(text(name), encoding="utf-8")
    for name, content in {"playbooks": playbook_text(), "tasks": tasks_text()}.items():
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
        (FOLDER / name / "awx.yml").write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
