# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: conversion of Ansible's special types to plain Python and back.

ansible-core 2.16 wraps text from outside (AnsibleUnsafeText) and returns host variables as lazy mappings; 2.19 tags every value
and renders the templates in a container when the container is read. The model accepts plain types only.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any, Callable, Dict, Iterable, List, Tuple

from ansible.utils.unsafe_proxy import wrap_var

try:
    from ansible.template import is_trusted_as_template, trust_as_template
except ImportError:  # before ansible-core 2.19 a string is a template unless it is marked as unsafe

    def is_trusted_as_template(value: Any) -> bool:
        """Whether Ansible would render a string."""
        return not hasattr(value, "__UNSAFE__")

    def inert(value: Any) -> Any:
        """Plain data in which Ansible renders no string: data of a cluster is never a template."""
        return wrap_var(value)

    def harmless(value: str) -> str:
        """A string that is known not to be a template, without any mark."""
        return value

else:  # a string is a template only where it is marked as one, which plain data never is

    def inert(value: Any) -> Any:
        """Plain data in which Ansible renders no string: data of a cluster is never a template."""
        return value

    def harmless(value: str) -> str:
        """A string that is known not to be a template, without any mark: what Ansible does not trust is marked when it is written."""
        trusted: str = trust_as_template(value)
        return trusted


#: A string with none of these is no template, whatever Ansible makes of it.
_TEMPLATE_MARKS = frozenset("{}#\n")


def inert_texts(value: Any) -> Any:
    """Plain data in which Ansible renders no string, as ``inert``; but where a string cannot be a template, it has no mark.

    For variables of an inventory: ansible-inventory writes the mark into its output, and AWX stores that as the value.
    """
    if isinstance(value, str):
        return inert(value) if _TEMPLATE_MARKS & set(value) else harmless(value)
    if isinstance(value, dict):
        return {inert_texts(key): inert_texts(item) for key, item in value.items()}
    return [inert_texts(item) for item in value] if isinstance(value, list) else value


Unreadable = Tuple[str, str, str]

#: Types whose values are plain.
PLAIN = frozenset((str, bool, int, float))


def plain(value: Any) -> Any:
    """A deep copy that consists of dict, list, str, int, float, bool and None only.

    Strings of a subclass of str lose the subclass, encrypted ones are decrypted, dates become ISO 8601, anything else becomes
    ``str()`` of it.
    """
    if value is None or type(value) in PLAIN:
        return value
    # The check for any kind of mapping is slow, and most are dictionaries.
    if isinstance(value, (dict, Mapping)):
        return {str(plain(key)): plain(value[key]) for key in value}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    # str() returns a string of Ansible's types unchanged, and decrypts an encrypted one.
    return str.__str__(value if isinstance(value, str) else str(value))


def host_variables(
    hostvars: Mapping[str, Any], hosts: Iterable[str], wanted: Callable[[str], bool]
) -> Tuple[Dict[str, Dict[str, Any]], List[Unreadable]]:
    """Read the wanted variables of hosts, and list those that could not be rendered: (host, variable, reason).

    No other variable is read: reading a host variable renders its template.
    """
    found: Dict[str, Dict[str, Any]] = {}
    unreadable: List[Unreadable] = []
    for host in hosts:
        variables = hostvars[host]
        found[host] = {}
        for name in sorted(str.__str__(key) for key in variables if wanted(key)):
            try:
                value = variables[name]
                if _unrendered(value):
                    raise ValueError(f"{plain(value)!r} has an undefined variable in it")
                found[host][name] = plain(value)
            except Exception as error:  # a template may raise anything
                unreadable.append((host, name, " ".join(str(error).split())))
    return found, unreadable


def _unrendered(value: Any) -> bool:
    """Whether a template is left in a value: ansible-core 2.16 does not render it when a variable in it is undefined."""
    if isinstance(value, str):
        return any(mark in value for mark in ("{{", "{%")) and bool(is_trusted_as_template(value))
    if isinstance(value, Mapping):
        return any(_unrendered(value[key]) for key in value)
    return isinstance(value, (list, tuple)) and any(_unrendered(item) for item in value)


def has(value: Any, key: str) -> bool:
    """Whether a value is a dictionary with a key."""
    return isinstance(value, dict) and key in value


SEALED = "sealed"


def seal(whole: Any, shown: Mapping[str, Any]) -> Dict[str, Any]:
    """Pack a large structure for Ansible: the part that roles read, and the whole as one string.

    Ansible visits every value of a variable in each expression that uses it; a string is one value. With ten meshes that is
    milliseconds instead of seconds for each mesh and task.
    """
    return seal_text(json.dumps(whole, separators=(",", ":")), shown)


def seal_text(text: str, shown: Mapping[str, Any]) -> Dict[str, Any]:
    """The same with the whole as a text that only its own reader understands."""
    return dict(inert({**shown, SEALED: text}))


def sealed_text(value: Any) -> str:
    """The text that ``seal_text`` packed; empty when the value is anything else."""
    return str(plain(value[SEALED])) if is_sealed(value) else ""


def is_sealed(value: Any) -> bool:
    """Whether a value is what ``seal`` returns."""
    return isinstance(value, Mapping) and SEALED in value


def unseal(value: Any) -> Any:
    """The whole structure that ``seal`` packed; None when the value is anything else."""
    return json.loads(plain(value[SEALED])) if is_sealed(value) else None


def plain_arguments(arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """The arguments of a task as plain data; those that a filter has sealed are unpacked."""
    return {str(plain(name)): unseal(value) if is_sealed(value) else plain(value) for name, value in arguments.items()}
