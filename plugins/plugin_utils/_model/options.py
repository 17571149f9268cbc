# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the options of the whole federation (``federation_*``). Pure."""

from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.resolver import Resolver
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import to_bool_or_names
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

CONFIRM = "federation_confirm"
_RESTART = "federation_restart_control_plane"
_CONFIRMED = ("federation_confirm_trust_domain", "federation_confirm_address_change")


def read_options(values: Mapping[str, Json], hosts: List[str], group: str) -> Tuple[Json, List[Problem]]:
    """The options of the whole federation, with defaults; they must be equal on all hosts."""
    options: Json = {}
    problems: List[Problem] = []
    for name, variable in VARIABLES.items():
        if not name.startswith("federation_"):
            continue
        given = [values[host][name] for host in hosts if name in values[host]]
        options[name] = given[0] if given else variable.default
        if any(value != given[0] for value in given) or (given and len(given) < len(hosts)):
            problems.append(_differs(name, given, len(hosts), group))
    options["federation_group"] = group
    return options, problems


def _differs(name: str, given: List[Any], hosts: int, group: str) -> Problem:
    distinct = (
        ["not shown, as it may be a credential"] if VARIABLES[name].secret else list(dict.fromkeys(map(shown, given)))
    )
    listed = " and ".join(distinct[:2]) + (f" and {len(distinct) - 2} more" if len(distinct) > 2 else "")
    unset = f", and is not set for {hosts - len(given)} of {hosts} meshes" if len(given) < hosts else ""
    message = f"must be equal for all meshes, as it concerns them all; it is {listed}{unset}"
    return problem("option-differs", group, name, message, f"Set it once, for the group {group}")


def check_options(options: Json, resolver: Resolver, group: str) -> List[Problem]:
    """Check the options against the meshes of the group, and resolve the hosts whose istiod may be restarted."""
    problems = _check_size(options["federation_expected_meshes"], len(resolver.meshes), group)
    options[_RESTART], unknown = _restarts(to_bool_or_names(options[_RESTART]), resolver, group)
    problems += unknown
    for name in _CONFIRMED:
        problems += [
            resolver.unknown(mesh, group, name, "a mesh") for mesh in options[name] or [] if not resolver.is_mesh(mesh)
        ]
    return problems


def confirmed_meshes(options: Json) -> List[str]:
    """The meshes that ``federation_confirm`` names."""
    return [name.strip() for name in str(options.get(CONFIRM) or "").split(",") if name.strip()]


def _restarts(declared: Any, resolver: Resolver, group: str) -> Tuple[List[str], List[Problem]]:
    """The hosts whose istiod may be restarted."""
    if isinstance(declared, bool):
        return sorted(resolver.meshes) if declared else [], []
    unknown = [resolver.unknown(name, group, _RESTART) for name in declared if not resolver.hosts(name)]
    return sorted({host for name in declared for host in resolver.hosts(name)}), unknown


def _check_size(expected: Any, meshes: int, group: str) -> List[Problem]:
    if expected is None or expected == meshes:
        return []
    message = f"must be the number of meshes in the group, {meshes}, not {shown(expected)}"
    return [problem("mesh-count", group, "federation_expected_meshes", message)]
