# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what is to be removed, from the variables of a removal. Pure."""

from __future__ import annotations

from typing import Dict, List, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import Request, Verb
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.undeclared import PRUNE

CONFIRM = "federation_confirm"
#: The variable that says what is removed, and what it must be; leave.yml removes all pairs of the group.
_TARGETS: Dict[Verb, Tuple[str, int, str]] = {
    "unlink": ("federation_unlink", 2, "the names of two meshes with a comma between them"),
    "remove_mesh": ("federation_remove_mesh", 1, "the name of one mesh"),
}


def read_request(declaration: Declaration, verb: Verb) -> Tuple[Request, List[Problem]]:
    """What the variables ask for; a confirmation of something else is an error, none at all is not."""
    options, group = declaration["options"], declaration["group"]
    if verb == "prune":
        request: Request = {"verb": verb, "meshes": [], "confirmation": group, "confirmed": bool(options[PRUNE])}
        return request, []
    written, problems = _target(declaration, verb)
    meshes = [mesh_name(declaration, name) for name in written]
    confirmation = ",".join(written) if written else group
    given = options.get(CONFIRM)
    confirmed = given is not None and _names(str(given), declaration) == _names(confirmation, declaration)
    if given is not None and not confirmed and not problems:
        problems.append(
            problem("removal-unconfirmed", group, CONFIRM, f"must be {shown(confirmation)}, not {shown(given)}")
        )
    request = {"verb": verb, "meshes": meshes, "confirmation": confirmation, "confirmed": confirmed}
    return request, problems + _unknown(declaration, request)


def _target(declaration: Declaration, verb: Verb) -> Tuple[List[str], List[Problem]]:
    """The names after the verb."""
    if verb not in _TARGETS:
        return [], []
    variable, number, accepted = _TARGETS[verb]
    value = declaration["options"].get(variable)
    names = _split(str(value or ""))
    if len(names) == number and len(set(names)) == number:
        return names, []
    given = "it is not set" if value is None else f"not {shown(value)}"
    where = declaration["group"]
    return [], [problem("removal-target", where, variable, f"must be {accepted}, {given}")]


def _unknown(declaration: Declaration, request: Request) -> List[Problem]:
    """A pair needs one mesh of the inventory at least; a mesh that is removed need not be in it any more."""
    known = {mesh["mesh"] for mesh in declaration["meshes"].values()}
    if request["verb"] != "unlink" or not request["meshes"] or known & set(request["meshes"]):
        return []
    message = f"must name a mesh of the inventory, not {shown(request['confirmation'])}"
    return [problem("removal-target", declaration["group"], "federation_unlink", message)]


def _split(text: str) -> List[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _names(text: str, declaration: Declaration) -> List[str]:
    """Names in an order of their own: a confirmation may name the two meshes the other way round."""
    return sorted(mesh_name(declaration, name) for name in _split(text))


def mesh_name(declaration: Declaration, name: str) -> str:
    """The name of a mesh, which a user may also call by its inventory host."""
    mesh = declaration["meshes"].get(name)
    return mesh["mesh"] if mesh else name
