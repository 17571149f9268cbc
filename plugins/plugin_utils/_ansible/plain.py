# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from Ansible's special types to plain Python.

ansible-core 2.16 wraps texts that came from outside (AnsibleUnsafeText) and hands out host variables as lazy mappings;
2.19 tags every value and templates containers when they are read. The model wants none of that.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

from ansible.utils.unsafe_proxy import wrap_var

try:
    from ansible.template import is_trusted_as_template
except ImportError:  # before ansible-core 2.19 a text is a template unless it is marked as unsafe

    def is_trusted_as_template(value: Any) -> bool:
        """Whether Ansible would render a text."""
        return not hasattr(value, "__UNSAFE__")

    def inert(value: Any) -> Any:
        """Plain data of which Ansible never renders any text: what clusters say is data, not a template."""
        return wrap_var(value)

else:  # a text is a template only where it is marked as one, which plain data never is

    def inert(value: Any) -> Any:
        """Plain data of which Ansible never renders any text: what clusters say is data, not a template."""
        return value

Unreadable = Tuple[str, str, str]

#: Types of which a value is plain already.
PLAIN = frozenset((str, bool, int, float))


def plain(value: Any) -> Any:
    """A deep copy made of dict, list, str, int, float, bool and None only.

    Texts of a subclass of str lose the subclass, encrypted ones are decrypted, dates become ISO texts, anything else
    the text that it gives of itself.
    """
    if value is None or type(value) in PLAIN:
        return value
    # Whether something is any kind of mapping takes long to tell, and most are dictionaries.
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
    # str() of a text of Ansible's gives it back as it is; of an encrypted one it decrypts.
    return str.__str__(value if isinstance(value, str) else str(value))


def host_variables(
    hostvars: Mapping[str, Any], hosts: Iterable[str], wanted: Callable[[str], bool]
) -> Tuple[Dict[str, Dict[str, Any]], List[Unreadable]]:
    """Read the wanted variables of hosts, and say which could not be resolved: (host, variable, reason).

    Only wanted ones are touched: reading a host variable renders its template.
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
    """Whether a template is left in it: ansible-core 2.16 leaves it as it is when a variable in it is undefined."""
    if isinstance(value, str):
        return any(mark in value for mark in ("{{", "{%")) and bool(is_trusted_as_template(value))
    if isinstance(value, Mapping):
        return any(_unrendered(value[key]) for key in value)
    return isinstance(value, (list, tuple)) and any(_unrendered(item) for item in value)


def registered(hostvars: Mapping[str, Any], hosts: Iterable[str], name: str) -> Dict[str, Any]:
    """What each host has registered under a name; hosts that have not are left out, as are skipped tasks.

    Results are data, so they are taken as they were stored: reading them through Ansible's templating would look for
    templates in every value, which with ten meshes costs seconds of a run.
    """
    return all_registered(hostvars, hosts, [name])[name]


def all_registered(
    hostvars: Mapping[str, Any], hosts: Iterable[str], names: Sequence[str]
) -> Dict[str, Dict[str, Any]]:
    """``registered`` for several names, by name; the variables of each host are put together once, not once a name."""
    found: Dict[str, Dict[str, Any]] = {name: {} for name in names}
    for host in hosts:
        variables = _stored(hostvars, host)
        for name in names:
            result = plain(variables[name]) if name in variables else None
            if isinstance(result, dict) and not result.get("skipped"):
                found[name][host] = result
    return found


def mesh_facts(hostvars: Mapping[str, Any], host: str) -> Dict[str, Any]:
    """What role mesh has read of a host's own mesh (MeshFacts); empty when it has not."""
    meshes = registered(hostvars, [host], "mesh_facts").get(host, {}).get("meshes") or [{}]
    return dict(meshes[0])


def facts_of(hosts: Iterable[str], hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Dict[str, Any]]:
    """MeshFacts by host: what the hosts of the play have read, and the results of ``mesh_info`` for those outside."""
    facts = {read["host"]: read for read in _meshes(plain(outside))}
    for host, result in registered(hostvars, hosts, "mesh_facts").items():
        for read in _meshes(result):
            facts[host] = read
    return facts


def _meshes(value: Any) -> Iterator[Dict[str, Any]]:
    """Every MeshFacts in results of mesh_info, in a list of them, or in a registered loop."""
    if isinstance(value, list):
        for item in value:
            yield from _meshes(item)
    elif isinstance(value, dict) and "host" in value and "readable" in value:
        yield value
    elif isinstance(value, dict):
        yield from _meshes(value.get("meshes", value.get("results", [])))


def _stored(hostvars: Mapping[str, Any], host: str) -> Mapping[str, Any]:
    """The variables of a host, not rendered where Ansible's own mapping offers that."""
    raw_get = getattr(hostvars, "raw_get", None)
    if raw_get is None:
        return hostvars.get(host, {})
    found = raw_get(host)
    return found if isinstance(found, Mapping) else {}


def has(value: Any, key: str) -> bool:
    """Tell whether a value is a dictionary with a key."""
    return isinstance(value, dict) and key in value


SEALED = "sealed"


def seal(whole: Mapping[str, Any], shown: Mapping[str, Any]) -> Dict[str, Any]:
    """What a filter hands to Ansible of a big structure: the part that roles look at, and the whole as one text.

    Ansible visits every value of a variable, over and over, with each expression that uses it; a text is one value. With
    ten meshes that is the difference between milliseconds and seconds for each mesh and task.
    """
    return dict(inert({**shown, SEALED: json.dumps(whole, separators=(",", ":"))}))


def unseal(value: Any, key: str) -> Any:
    """The whole of what ``seal`` made; None when it is something else, or has not the key."""
    if not isinstance(value, Mapping) or SEALED not in value:
        return None
    whole = json.loads(plain(value[SEALED]))
    return whole if has(whole, key) else None


def part(value: Any, keys: Iterable[str]) -> Dict[str, Any]:
    """Some keys of a mapping as plain data; the others are not even looked at."""
    return {key: plain(value[key]) for key in keys if key in value} if isinstance(value, Mapping) else {}
