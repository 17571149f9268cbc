# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' in-process twins: same arguments, same results, and where the work is done."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.action import mesh_objects
from ansible_collections.ossm.federation.plugins.module_utils._cluster import access
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible import action as core_action

Json = dict[str, Any]
ROOT = "ansible_collections.ossm.federation.plugins"
NAMES = ["gateway_wait", "istiod_restart", "mesh_info", "mesh_objects", "operator_wait", "peer_info", "peer_wait"]
NAMES += ["network_check", "trust_domain_wait", "workload_identities"]


class _Echo(core_action.CoreAction):
    """An action that tells what its core was given."""

    MODULE = "ossm.federation.echo"
    SPEC = {
        "word": {"type": "str", "required": True},
        "auth": {"type": "dict", "options": {"api_key": {"type": "str", "no_log": True}}},
    }

    @staticmethod
    def CORE(params: Json, check_mode: bool, say: Any) -> Json:
        key = (params.get("auth") or {}).get("api_key")
        return {
            "changed": False,
            "word": params["word"],
            "check": check_mode,
            "types": type(params["word"]).__name__,
            "environment": os.environ.get("OSSM_TEST"),
            "leak": f"key {key}",
        }


def _make(args: Json, *, transport: str = "local", cls: Any = _Echo, **task: Any) -> Any:
    defaults = {"become": False, "async_val": 0, "check_mode": False, "diff": False, "environment": []}
    fake = SimpleNamespace(args=args, action="echo", **{**defaults, **task})
    action = cls.__new__(cls)
    action._task = fake
    action._connection = SimpleNamespace(transport=transport)
    action._play_context = SimpleNamespace(become=False)
    action._load_name = "echo"
    return action


@pytest.mark.parametrize(
    ("transport", "task", "here"),
    [
        ("local", {}, True),
        ("local", {"become": True}, False),
        ("local", {"async_val": 10}, False),
        ("ssh", {}, False),
        ("ansible.netcommon.anything", {}, False),
    ],
)
def test_where_the_work_is_done(transport: str, task: Json, here: bool) -> None:
    assert _make({}, transport=transport, **task).runs_in_process() is here


def test_in_process() -> None:
    class Tagged(str):
        """A string as Ansible marks them."""

    result = _make(
        {"word": Tagged("hello"), "auth": {"api_key": "hidden"}},
        check_mode=True,
        diff=True,
        environment=[{"OSSM_TEST": Tagged("1")}],
    )._in_process()
    assert (result["word"], result["types"], result["check"], result["environment"]) == ("hello", "str", True, "1")
    assert "hidden" not in str(result)
    assert "OSSM_TEST" not in os.environ


@pytest.mark.parametrize("diff", [True, False])
def test_a_diff_is_only_made_where_it_is_shown(diff: bool) -> None:
    result = _make(
        {"auth": {"host": "x"}, "mesh": "red", "objects": []}, cls=mesh_objects.ActionModule, diff=diff
    )._in_process()
    assert ("diff" in result) is diff


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "ossm.federation.echo: missing required arguments: word"),
        ({"word": "x", "wrod": "y"}, "Unsupported parameters for ossm.federation.echo: wrod."),
        ({"word": "x", "auth": "hidden"}, "ossm.federation.echo: dictionary requested"),
        ({"auth": {"api_key": "hidden"}}, "ossm.federation.echo: missing required arguments: word"),
    ],
)
def test_wrong_arguments_fail_and_show_no_credential(args: Json, message: str) -> None:
    """An exception with the arguments as its origin is printed by ansible-core 2.19 with these arguments."""
    result = _make(args)._in_process()
    assert result["failed"] and not result["changed"] and result["msg"].startswith(message)
    assert "hidden" not in str(result)


def test_an_environment_that_cannot_be_honoured_is_refused_by_name() -> None:
    with pytest.raises(AnsibleActionFail, match="PYTHONPATH"):
        _make({"word": "x"}, environment=[{"PYTHONPATH": "/x"}])._in_process()


def test_values_become_plain() -> None:
    class Number(int):
        """A number of a derived type."""

    class Lazy(dict[str, Any]):
        """A container of a derived type."""

    converted = core_action.plain(Lazy(a=(Number(1), True, None, 1.5), b={"x"}))
    assert converted == {"a": [1, True, None, 1.5], "b": ["x"]}
    assert [converted.__class__, converted["a"][0].__class__] == [dict, int]


def test_only_credentials_are_hidden() -> None:
    user = {"name": "red", "user": {"token": "token-of-red", "client-key-data": "S0VZ"}}
    config = {"apiVersion": "v1", "users": [user], "contexts": [{"name": "red"}]}
    args = {"meshes": [{"mesh": "red", "auth": {"kubeconfig": config, "password": "pass-word", "context": "red"}}]}
    assert core_action.secrets(args) == {"token-of-red", "S0VZ", "pass-word"}
    assert core_action.secrets({"auth": {"kubeconfig": "/some/path"}}) == set()
    handed_on = core_action.portable(args)["meshes"][0]["auth"]
    assert isinstance(handed_on["kubeconfig"], str) and handed_on["context"] == "red"
    assert access.normalised(handed_on)["kubeconfig"] == config


@pytest.mark.parametrize("secret", ["token-of-red", 'two\nlines and a "quote"', "Schlüssel\t\\"])
def test_no_secret_is_left_in_a_result(secret: str) -> None:
    result = {"changed": False, "problems": [{"message": f"refused: {secret}!"}], "meshes": [{"name": "red"}]}
    hidden = core_action.without_secrets(result, {secret})
    assert secret not in str(hidden["problems"][0]["message"]) and hidden["problems"][0]["message"].startswith(
        "refused: "
    )
    assert hidden["meshes"] == [{"name": "red"}]
    assert core_action.without_secrets(result, {"of-another"}) is result


@pytest.mark.parametrize("name", NAMES)
def test_action_and_module_share_spec_and_core(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    action = importlib.import_module(f"{ROOT}.action.{name}").ActionModule
    module = importlib.import_module(f"{ROOT}.modules.{name}")
    given: list[Json] = []

    def remember(self: AnsibleModule, **kwargs: Any) -> None:
        given.append(kwargs)
        raise SystemExit(0)

    monkeypatch.setattr(AnsibleModule, "__init__", remember)
    with pytest.raises(SystemExit):
        module.main()
    assert given == [{"argument_spec": action.SPEC, "supports_check_mode": True}]
    assert action.MODULE == f"ossm.federation.{name}"
    assert action.CORE in vars(module).values()


@pytest.mark.parametrize("name", NAMES)
def test_what_changes_a_cluster_is_recorded(name: str) -> None:
    page = (Path(__file__).parents[4] / "docs" / "modules.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `ossm.federation.{name}` |"))
    action = importlib.import_module(f"{ROOT}.action.{name}").ActionModule
    assert action.WRITES == (row.split(" | ")[-1] != "nothing |"), row


def _compare(options: Json, spec: Json, path: str) -> None:
    assert set(options) == set(spec), path
    for key, option in options.items():
        documented = {
            "type": option.get("type", "str"),
            "required": bool(option.get("required")),
            "default": option.get("default"),
            "elements": option.get("elements"),
            "choices": option.get("choices"),
        }
        real = {
            "type": spec[key].get("type", "str"),
            "required": bool(spec[key].get("required")),
            "default": spec[key].get("default"),
            "elements": spec[key].get("elements"),
            "choices": spec[key].get("choices"),
        }
        assert documented == real, f"{path}.{key}"
        if "options" in spec[key]:
            _compare(option["suboptions"], spec[key]["options"], f"{path}.{key}")


def _fragment(name: str) -> Json:
    """A documentation fragment by its name: collection, file and, unless it is DOCUMENTATION, the part."""
    file, _dot, part = name.removeprefix("ossm.federation.").partition(".")
    module = importlib.import_module(f"{ROOT}.doc_fragments.{file}")
    fragment: Json = yaml.safe_load(getattr(module.ModuleDocFragment, part.upper() or "DOCUMENTATION"))
    return fragment


def _values(returned: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    for key, value in returned.items():
        yield f"{path}{key}", value
        yield from _values(value.get("contains") or {}, f"{path}{key}.")


@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_documented_with_type_sample_and_when_it_is_returned(name: str) -> None:
    returned = yaml.safe_load(importlib.import_module(f"{ROOT}.modules.{name}").RETURN)
    for path, value in _values(returned):
        assert {"description", "returned", "type"} <= set(value), path
        assert "sample" in value or "contains" in value, path


@pytest.mark.parametrize("name", NAMES)
def test_documentation_is_the_argument_spec(name: str) -> None:
    module = importlib.import_module(f"{ROOT}.modules.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    options = dict(documentation.get("options") or {})
    for fragment in documentation["extends_documentation_fragment"]:
        options.update(_fragment(fragment)["options"])
    spec = importlib.import_module(f"{ROOT}.action.{name}").ActionModule.SPEC
    _compare(options, spec, name)
    assert documentation["version_added"] == "1.0.0"
    assert yaml.safe_load(module.EXAMPLES) and yaml.safe_load(module.RETURN)


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_says_where_the_module_runs(name: str) -> None:
    documentation = yaml.safe_load(importlib.import_module(f"{ROOT}.modules.{name}").DOCUMENTATION)
    parts = [documentation, *map(_fragment, documentation["extends_documentation_fragment"])]
    notes = [note for part in parts for note in part.get("notes", [])]
    (place,) = [note for note in notes if "delegate_to" in note]
    assert all(f"C({words})" in place for words in ("hosts: localhost", "connection: local", "delegate_to: localhost"))
