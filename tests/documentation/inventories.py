# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories of the documentation, whole or in parts, as the model and lint judge them."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._model import declare as declaring
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

Hosts = dict[str, dict[str, Any]]
GROUP = "federation"
MESHES = ("red-mesh", "green-mesh", "blue-mesh")
_ACCESS = ("mesh_kubeconfig", "mesh_context", "mesh_host", "mesh_identity_file")
#: Access that names no file: the pages name files of their readers.
_NO_FILE = {"current-context": "any"}


def base() -> Hosts:
    """Return the hosts that a page's part of an inventory is added to."""
    return {mesh: {} for mesh in MESHES}


def read(inventory: dict[str, Any]) -> tuple[Hosts, dict[str, list[str]]]:
    """Return the variables by host, and the hosts by group, of an inventory's `all`."""
    hosts: Hosts = {}
    groups: dict[str, list[str]] = {}
    _read_group(inventory, {}, hosts, groups, "all")
    return hosts, groups


def _read_group(
    group: dict[str, Any], inherited: dict[str, Any], hosts: Hosts, groups: dict[str, list[str]], name: str
) -> list[str]:
    own = {**inherited, **(group.get("vars") or {})}
    for host, variables in (group.get("hosts") or {}).items():
        hosts[host] = {**hosts.get(host, {}), **own, **(variables or {})}
    below = [
        host
        for child, body in (group.get("children") or {}).items()
        for host in _read_group(body or {}, own, hosts, groups, child)
    ]
    groups[name] = list(dict.fromkeys([*(group.get("hosts") or {}), *below]))
    return groups[name]


def faults(hosts: Hosts, groups: dict[str, list[str]] | None = None) -> list[str]:
    """Return the errors of an inventory, those of lint included; access to clusters is not looked for."""
    groups = groups or {"all": list(hosts), GROUP: list(hosts)}
    hosts = copy.deepcopy(hosts)
    for variables in hosts.values():
        if "mesh_kubeconfig" in variables or not set(variables) & set(_ACCESS):
            variables["mesh_kubeconfig"] = _NO_FILE
    declaration = declaring.declare(hosts, groups, {}, group=GROUP, play_hosts=list(hosts))
    problems = [*declaration["problems"], *lint(declaration)]
    return [
        f"{found['mesh']}: {found['where']}: {found['message']} [{found['code']}]"
        for found in problems
        if found["severity"] == "error"
    ]


def faults_of_variables(variables: dict[str, Any], hosts: Hosts) -> list[str]:
    """Return what is wrong with variables that a command adds with `-e` to an inventory."""
    unknown = [f"there is no variable {name}" for name in variables if name not in VARIABLES]
    if unknown or not variables:
        return unknown
    given = {host: {**values, **variables} for host, values in (hosts or base()).items()}
    before = faults(hosts or base())
    return [fault for fault in faults(given) if fault not in before]
