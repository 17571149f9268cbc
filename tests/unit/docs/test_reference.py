# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated pages of the documentation are those of the code, and the examples in them are accepted."""

from __future__ import annotations

from typing import Any

import pytest
import reference
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.ossm.federation.plugins.plugin_utils._model import declare as declaring
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

MESHES = ("red-mesh", "green-mesh", "blue-mesh")
#: What an example needs beside it to be complete.
BESIDE: dict[str, dict[str, Any]] = {
    "mesh_host": {"mesh_api_key": "secret"},
    "mesh_client_cert": {"mesh_client_key": "~/.kube/red.key"},
    "mesh_client_key": {"mesh_client_cert": "~/.kube/red.crt"},
    "mesh_username": {"mesh_password": "secret"},
    "mesh_password": {"mesh_username": "federation"},
}


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_page_is_the_generated_one(name: str) -> None:
    assert (reference.DOCS / name).read_text(encoding="utf-8") == reference.PAGES[name](), (
        "run python tests/reference.py"
    )


def test_every_variable_has_an_example() -> None:
    assert list(reference.EXAMPLES) == list(VARIABLES)


def _hostvars(name: str) -> dict[str, dict[str, Any]]:
    """An inventory of three meshes with the example of a variable in its place."""
    hosts: dict[str, dict[str, Any]] = {mesh: {"mesh_kubeconfig": {"current-context": "x"}} for mesh in MESHES}
    value = reference.EXAMPLES[name]
    if name == "mesh_identity_file":
        hosts["red-mesh"] = {name: value, "mesh_peers": []}
        return hosts
    if name in ("mesh_host", "mesh_context", "mesh_kubeconfig"):
        hosts["red-mesh"] = {}
    hosts["red-mesh"].update({name: value, **BESIDE.get(name, {})})
    if name.startswith("federation_"):
        for variables in hosts.values():
            variables[name] = value
    return hosts


@pytest.mark.parametrize("name", VARIABLES)
def test_the_model_accepts_every_example(name: str) -> None:
    hosts = _hostvars(name)
    groups = {"all": list(hosts), "federation": list(hosts)}
    declaration = declaring.declare(hosts, groups, {}, group="federation", play_hosts=list(hosts))
    assert [problem for problem in declaration["problems"] if problem["severity"] == "error"] == []


# -- argument specifications of playbooks ----------------------------------------------------------------------------------


def _options(playbook: str) -> dict[str, Any]:
    """The options as ansible-core 2.20 and later finds them (ansible/playbook/play.py)."""
    path = reference.PLAYBOOKS / f"{playbook}.meta.yml"
    options: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"][playbook]["options"]
    return options


@pytest.mark.parametrize("playbook", reference.playbooks())
def test_the_specification_of_a_playbook_is_the_generated_one(playbook: str) -> None:
    written = (reference.PLAYBOOKS / f"{playbook}.meta.yml").read_text(encoding="utf-8")
    assert written == reference.playbook_meta(playbook), "run python tests/reference.py"


def test_no_play_of_the_collection_has_a_keyword_that_older_versions_reject() -> None:
    for playbook in reference.playbooks():
        plays = yaml.safe_load((reference.PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8"))
        assert not any("validate_argspec" in play for play in plays)


def test_a_specification_has_the_variables_of_its_playbook() -> None:
    """Those of its role, those that its tasks name, all of meshes, and none of another purpose."""
    assert {"federation_unlink", "federation_confirm", "federation_record_dir", "mesh_exports"} <= set(
        _options("unlink")
    )
    assert {"federation_prune", "federation_wait_timeout", "federation_apply_plan"} <= set(_options("federate"))
    assert {"federation_rotate_mesh", "federation_restart_workloads"} <= set(_options("rotate_trust"))
    assert not {"federation_unlink", "federation_gather_dir"} & set(_options("status"))


@pytest.mark.parametrize("playbook", ["federate", "trust_domain"])
def test_ansible_accepts_the_examples_and_names_what_is_wrong(playbook: str) -> None:
    validator = ArgumentSpecValidator(_options(playbook))
    examples = {name: value for name, value in reference.EXAMPLES.items() if name in _options(playbook)}
    assert validator.validate(examples).error_messages == []
    [message] = validator.validate({**examples, "federation_wait_timeout": "soon"}).error_messages
    assert "federation_wait_timeout" in message
    # A credential of a wrong type is left to our own check, which does not show it.
    assert validator.validate({"mesh_api_key": {"secret": 1}, "mesh_proxy_headers": "secret"}).error_messages == []


def test_a_playbook_without_its_target_is_named() -> None:
    for playbook in ("unlink", "remove_mesh", "remove_service", "rotate_trust"):
        assert "missing required arguments" in ArgumentSpecValidator(_options(playbook)).validate({}).error_messages[0]
