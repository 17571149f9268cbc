# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the variables of one host, converted to their types and checked for their domains. Pure."""

from __future__ import annotations

import difflib
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import platforms
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import (
    DICTIONARY,
    FALSE,
    TRUE,
    is_text,
    rejection,
    shown,
    whole_number,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.surveys import ASKED
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import (
    PREFIXES,
    REGISTERED,
    VARIABLES,
    Variable,
)

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+\Z")
#: Longer numbers are mistakes, and Python refuses to read some of them.
_DIGITS_MAX = 18


def to_bool(value: Any) -> bool:
    """Convert a value to a boolean as Ansible's argument specifications do; ValueError for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError


def _to_int(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not _WHOLE_NUMBER.match(text) or len(text) > _DIGITS_MAX:
        raise ValueError
    return int(text)


def _to_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    text = str(value).strip()
    if not is_text(text):
        raise ValueError
    return text


def to_names(value: Any) -> List[str]:
    """Convert a list of strings, or a string with commas, to a list; ValueError where an entry is empty or no string."""
    names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(map(is_text, names)):
        raise ValueError
    return names


def to_bool_or_names(value: Any) -> Any:
    """Convert a value to a boolean or to a list of names; ValueError for anything else."""
    try:
        return to_bool(value)
    except ValueError:
        return to_names(value)


def _to_dictionary(value: Any) -> Dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError
    return value


def _to_kubeconfig(value: Any) -> Any:
    return value if isinstance(value, dict) and value else _to_text(value)


def _to_rules(value: Any) -> Any:
    """Any value but an empty string: ``_model.rules`` checks rules, with a repaired form."""
    if value == "":
        raise ValueError
    return value


def _to_entries(value: Any) -> List[Any]:
    """A list of any entries: those that read them check them."""
    if not isinstance(value, list):
        raise ValueError
    return value


_BY_TYPE = {
    "bool": to_bool,
    "int": _to_int,
    "str": _to_text,
    "path": _to_text,
    "list": to_names,
    "dict": _to_dictionary,
}
_BY_NAME = {
    "mesh_kubeconfig": _to_kubeconfig,
    "mesh_exports": _to_rules,
    "mesh_imports": _to_rules,
    "mesh_may_export": _to_entries,
    "federation_services": _to_entries,
    "federation_restart_control_plane": to_bool_or_names,
    "federation_restart_workloads": to_bool_or_names,
}


def convert(variable: Variable, value: Any) -> Any:
    """Convert a value to the variable's type, as Ansible's argument specifications would; ValueError for a wrong type."""
    return (_BY_NAME.get(variable.name) or _BY_TYPE[variable.type])(value)


def read(variables: Mapping[str, Any], mesh: str, topic: Optional[str] = None) -> Tuple[Dict[str, Any], List[Problem]]:
    """Read the known variables of one host; the result has no null values and none of a wrong type."""
    values: Dict[str, Any] = {}
    problems: List[Problem] = []
    for name in sorted(variables):
        variable = VARIABLES.get(name)
        if variable is None or _is_unset(variable, variables[name]) or (topic and variable.topic != topic):
            continue
        try:
            values[name] = convert(variable, variables[name])
        except ValueError:
            problems.append(_wrong_type(variable, variables[name], mesh))
        else:
            problems += check_domain(variable, values[name], mesh)
    return values, problems


def _is_unset(variable: Variable, value: Any) -> bool:
    """Say whether a value means that the variable is not set: a controller passes an answer that was left empty as an empty string."""
    return value is None or variable.name in ASKED and value == ""


def _wrong_type(variable: Variable, value: Any, mesh: str) -> Problem:
    if variable.secret:
        message = f"must be {variable.accepted}; the value is not shown, as it may be a credential"
        return problem("variable-type", mesh, variable.name, message, "")
    return rejection("variable-type", mesh, variable.name, variable.accepted, value)


def check_domain(variable: Variable, value: Any, mesh: str) -> List[Problem]:
    """Find values of the right type that are outside the variable's domain."""
    if variable.type == "int":
        domain, wrong = whole_number(variable.minimum, variable.maximum), [value]
    elif variable.type in ("str", "path", "list"):
        domain, wrong = variable.texts, value if isinstance(value, list) else [value]
    elif variable.name == "mesh_proxy_headers":
        return _check_headers(value, mesh)
    else:
        return []
    problems = []
    for entry in wrong:
        if domain.accepts(entry):
            continue
        known = platforms.PLATFORMS if variable.kind == "platform" else variable.choices
        close = suggestion(entry, known) if isinstance(entry, str) else None
        fix = f"Did you mean {close}" if close else ""
        problems.append(rejection(domain.code, mesh, variable.name, domain.accepted, entry, fix))
    return problems


def _check_headers(value: Mapping[str, Any], mesh: str) -> List[Problem]:
    """Check the proxy headers, which are those of kubernetes.core; their values are credentials."""
    name, known = "mesh_proxy_headers", ("basic_auth", "proxy_basic_auth", "user_agent")
    problems = unknown_keys(value, known, mesh, name)
    for key in known:
        if value.get(key) is not None and not isinstance(value[key], str):
            message = "must be a string; the value is not shown, as it may be a credential"
            problems.append(problem("variable-value", mesh, f"{name}.{key}", message, "Quote the value"))
    return problems


def unknown(names: Iterable[str], mesh: str) -> List[Problem]:
    """Find variables of ours that do not exist: an error when one is close to a known name, else a warning."""
    problems = []
    for name in sorted(names):
        if not name.startswith(PREFIXES) or name in VARIABLES or name in REGISTERED:
            continue
        close = _closest(name)
        if close:
            message, remedy = f"there is no variable {name}", f"Did you mean {close}"
            problems.append(problem("variable-misspelled", mesh, name, message, remedy))
            continue
        message = f"there is no variable {name} in this collection; it has no effect"
        remedy = "Rename it if it is your own variable, or look up the name in docs/variables.md"
        problems.append(problem("variable-unknown", mesh, name, message, remedy, severity="warning"))
    return problems


def _closest(name: str) -> Optional[str]:
    """The known variable with the closest name; the common prefix would make everything look alike, so it is not compared."""
    by_rest = {known.partition("_")[2]: known for known in VARIABLES}
    return by_rest.get(suggestion(name.partition("_")[2], by_rest) or "")


def suggestion(name: str, known: Iterable[str]) -> Optional[str]:
    """The known name that is closest to a misspelled one, or None."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), sorted(by_lower), n=1, cutoff=0.75)
    return by_lower[close[0]] if close else None


def unknown_keys(value: Mapping[str, Any], allowed: Iterable[str], mesh: str, where: str) -> List[Problem]:
    """Find keys of a dictionary that neither the product nor the collection knows: the API server drops them silently."""
    known = sorted(allowed)
    problems = []
    for key in sorted(set(map(str, value)) - set(known)):
        close = suggestion(key, known)
        message = f"no such key: {shown(key)}; accepted are {', '.join(known)}"
        remedy = f"Did you mean {close}" if close else ""
        problems.append(problem("key-unknown", mesh, f"{where}.{key}", message, remedy))
    return problems


def dictionary_faults(value: Any, mesh: str, where: str, code: str, keys: Iterable[str]) -> List[Problem]:
    """The problem of a value that is not a dictionary, where one with these keys is expected."""
    if DICTIONARY.accepts(value):
        return []
    return [rejection(code, mesh, where, f"a dictionary with the keys {', '.join(keys)}", value)]
