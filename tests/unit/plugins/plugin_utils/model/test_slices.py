# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that a slice of a job lacks, and what is wrong with their description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import read_inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.inventory import is_kept

Json = dict[str, Any]
RED: Json = {"mesh_context": "red", "mesh_exports": {"green-mesh": ["bookinfo/ratings"]}}
GREEN: Json = {"mesh_context": "green", "mesh_imports": {"red-mesh": ["bookinfo/ratings"]}}
BLUE: Json = {"mesh_context": "blue", "mesh_peers": ["red-mesh"]}
MESHES = {"red-mesh": RED, "green-mesh": GREEN, "blue-mesh": BLUE}


def _declared(hosts: dict[str, Json], meshes: Any = None, **groups: list[str]) -> Json:
    """The declaration of an inventory with these hosts, of which all have ``meshes`` as federation_meshes."""
    variables = {host: {**own, "federation_wait_timeout": 60} for host, own in hosts.items()}
    for own in variables.values():
        if meshes is not None:
            own["federation_meshes"] = meshes
    members = {"all": list(hosts), "federation": list(hosts), **groups}
    return dict(
        read_inventory(variables, members, "federation", reader="test", environ={}, play_hosts=list(hosts)).declared
    )


def _errors(declared: Json) -> list[tuple[str, str]]:
    return [(found["code"], found["where"]) for found in declared["problems"] if found["severity"] == "error"]


@pytest.mark.parametrize("slice_", [["red-mesh"], ["green-mesh"], ["blue-mesh", "red-mesh"]])
def test_a_slice_declares_what_the_whole_inventory_declares(slice_: list[str]) -> None:
    whole = _declared(MESHES)
    part = _declared({host: MESHES[host] for host in slice_}, MESHES)
    assert _errors(whole) == _errors(part) == []
    assert {key: part[key] for key in ("hosts", "meshes", "pairs", "options")} == {
        key: whole[key] for key in ("hosts", "meshes", "pairs", "options")
    }
    assert part["outside"] == sorted(set(MESHES) - set(slice_)) and whole["outside"] == []


def test_without_the_variable_the_other_hosts_are_unknown() -> None:
    assert _errors(_declared({"red-mesh": RED})) == [("peer-unknown", "mesh_exports")]


def test_a_group_may_lack_hosts_so_it_is_no_name_of_peers() -> None:
    meshes = {**MESHES, "blue-mesh": {**BLUE, "mesh_peers": ["europe"]}}
    found = _errors(_declared({"blue-mesh": meshes["blue-mesh"]}, meshes, europe=["red-mesh"]))
    assert found == [("peer-unknown", "mesh_peers")]


@pytest.mark.parametrize(
    "meshes, found",
    [
        ({"green-mesh": GREEN}, [("slice-differs", "federation_meshes")]),
        ({**MESHES, "red-mesh": {"mesh_context": "red"}}, [("slice-differs", "federation_meshes.red-mesh")]),
        ({**MESHES, "red-mesh": {**RED, "mesh_api_key": "S3cret"}}, [("slice-differs", "federation_meshes.red-mesh")]),
        ({**MESHES, "green-mesh": ["S3cret"]}, [("variable-type", "federation_meshes.green-mesh")]),
        (["S3cret"], [("variable-type", "federation_meshes")]),
        ({**MESHES, "green-mesh": {**GREEN, "mesh_imprts": []}}, [("variable-misspelled", "mesh_imprts")]),
    ],
)
def test_a_wrong_description_is_rejected_and_no_value_is_shown(meshes: Any, found: list[tuple[str, str]]) -> None:
    declared = _declared({"red-mesh": RED}, meshes)
    assert set(found) <= set(_errors(declared))
    assert "S3cret" not in repr(declared["problems"]) + repr(declared["options"])


@pytest.mark.parametrize("is_relevant", [is_kept, lambda name: name.startswith("mesh_peer")])
def test_a_reader_gets_the_variables_that_it_reads_of_all_meshes(is_relevant: Callable[[str], bool]) -> None:
    """An archive has no access; that it leaves out federation_meshes does not hide the meshes in it."""
    variables = {"red-mesh": {**RED, "federation_meshes": MESHES}}
    members = {"federation": ["red-mesh"]}
    read = read_inventory(
        variables, members, "federation", reader="test", is_relevant=is_relevant, environ={}, access=False
    )
    expected = {host: {name: value for name, value in own.items() if is_relevant(name)} for host, own in MESHES.items()}
    found = {
        host: {name: value for name, value in own.items() if name != "federation_meshes"}
        for host, own in read.variables.items()
    }
    assert found == expected
    assert not [problem for problem in read.declared["problems"] if problem["code"] == "slice-differs"]
