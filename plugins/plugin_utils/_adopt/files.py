# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a described federation as the files of an inventory. Pure: the same input gives the same bytes."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import GROUP, Adoption
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import ACCESS, VARIABLES
from ansible_collections.ossm.federation.plugins.plugin_utils._model.yaml_files import Indented

_MARK = "# Written by adopt.yml of ossm.federation"
LEFT = "cannot-express.md"
#: What Ansible would take for a template.
_TEMPLATES = ("{{", "{%", "{#")


class _Dumper(Indented):
    """Text of a cluster is never a template."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values in full."""
        return True

    def represent_text(self, text: str) -> Any:
        """Mark text that Ansible would take for a template."""
        if any(mark in text for mark in _TEMPLATES):
            return self.represent_scalar("!unsafe", text, style="'")
        return self.represent_str(text)


_Dumper.add_representer(str, _Dumper.represent_text)


class Access(NamedTuple):
    """The access of the meshes that can be written, by host, and the problems of what cannot: credentials."""

    variables: Dict[str, Json]
    problems: List[Problem]


def access_of(variables: Mapping[str, Json], meshes: Mapping[str, str]) -> Access:
    """The access that the inventory of this run sets. No credential is written."""
    written: Dict[str, Json] = {host: {} for host in meshes}
    problems = []
    for host, values in sorted(variables.items()):
        for name in ACCESS:
            if values.get(name) is None:
                continue
            if _is_credential(name, values[name]):
                problems.append(
                    problem("adopt-credential", meshes[host], name, "it may be a credential, so it was not written")
                )
            else:
                written[host][name] = values[name]
    return Access(written, problems)


def _is_credential(name: str, value: Any) -> bool:
    """Whether a value must not be written; the path of a kubeconfig may be, and a proxy without a password."""
    if name == "mesh_kubeconfig":
        return not isinstance(value, str) or "\n" in value
    return VARIABLES[name].secret or (isinstance(value, str) and "@" in value and name.endswith(("proxy", "host")))


def inventory_files(adoption: Adoption, access: Mapping[str, Json]) -> Dict[str, str]:
    """The files of the inventory by their path in its directory."""
    hosts = {host: access.get(host) or {} for host in adoption.variables}
    files = {
        "hosts.yml": _document(
            f"{_MARK}: the meshes of the federation, and the access to them",
            {"all": {"children": {GROUP: {"hosts": hosts}}}},
        ),
        LEFT: left_text(adoption),
    }
    for host, variables in adoption.variables.items():
        files[f"host_vars/{host}.yml"] = _document(f"{_MARK}: what {adoption.meshes[host]} has", variables)
    if adoption.options:
        files[f"group_vars/{GROUP}.yml"] = _document(f"{_MARK}: what concerns all meshes", adoption.options)
    return dict(sorted(files.items()))


def left_text(adoption: Adoption) -> str:
    """The page with all that the inventory does not describe."""
    lines = ["# What this inventory does not describe", "", f"{_MARK[2:]}. `federate.yml` changes nothing of it."]
    for title, problems in (("Not described", adoption.problems), ("Stays as it is", adoption.fields)):
        lines += ["", f"## {title}", "", *([_item(one) for one in problems] or ["Nothing."])]
    return "\n".join(lines) + "\n"


def _item(found: Problem) -> str:
    fix = f" Fix: {found['remedy'].rstrip('.')}." if found["remedy"] and found["severity"] != "info" else ""
    return f"- {found['mesh']}: {found['where']}: {found['message']}.{fix} [{found['code']}]"


def _document(title: str, content: Json) -> str:
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=120, allow_unicode=True)
    return f"{title}\n---\n{text}"
