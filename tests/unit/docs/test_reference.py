# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated pages of the documentation are those of the code, and the examples in them are accepted."""

from __future__ import annotations

from typing import Any

import pytest
import reference

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
