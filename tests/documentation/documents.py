# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a YAML block of the documentation. What a block is follows from its keys."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from documentation.blocks import PART, ROOT, Block
from documentation.inventories import Hosts, base, faults as inventory_faults, read

#: Words of a task that are no module.
_TASK_WORDS = {
    "become", "changed_when", "delegate_to", "failed_when", "loop", "name", "no_log", "register", "run_once", "tags", "vars",
    "until", "when",
}  # fmt: skip
_PLAY_WORDS = {
    "connection", "gather_facts", "hosts", "module_defaults", "name", "roles", "strategy", "tasks", "validate_argspec", "vars",
}  # fmt: skip
#: Objects of other products, and the keys that the page shows of their spec.
_OTHERS = {
    ("argoproj.io/v1alpha1", "Application"): {"project", "source", "destination", "ignoreDifferences", "syncPolicy"},
    ("ossm.federation/v1", "MeshIdentity"): {"namespace", "trustDomain", "clientID", "remote", "roots"},
}
#: What stands for a part of an object that a page does not show.
_LEFT_OUT = "…"


def faults(block: Block) -> list[str]:
    """Return what is wrong with the documents of a block."""
    documents = list(yaml.safe_load_all(block.text))
    return [fault for document in documents for fault in _document_faults(document, block)]


def _document_faults(document: Any, block: Block) -> list[str]:
    if block.mark.startswith(PART):
        return inventory_faults(_with_part(document, block))
    if isinstance(document, list):
        return [fault for entry in document for fault in play_faults(entry)]
    for key, check in _KINDS.items():
        if key in document:
            return check(document)
    hosts = hosts_of(document)
    return inventory_faults(hosts) if hosts else [f"no test knows what this is: {', '.join(map(str, document))}"]


def hosts_of(document: dict[str, Any]) -> Hosts:
    """Return the hosts of an inventory, or of a part of one in a base inventory; none if it is no such part."""
    if "all" in document:
        return read(document["all"])[0]
    if set(document) == {"federation"}:
        return read({"children": document})[0]
    if all(name.startswith("federation_") for name in document):
        return {host: {**variables, **document} for host, variables in base().items()}
    if all(name.startswith("mesh_") for name in document):
        return base() | {"red-mesh": document}
    if all(isinstance(body, dict) and all(name.startswith("mesh_") for name in body) for body in document.values()):
        return base() | document
    return {}


def _with_part(part: dict[str, Any], block: Block) -> Hosts:
    """Return the hosts of the block before, where the last entry of a list has the part too."""
    name, earlier = block.mark.removeprefix(PART), block.before
    while earlier and not (earlier.language == "yaml" and f"{name}:" in earlier.text):
        earlier = earlier.before
    assert earlier, f"no block with {name} before {block}"
    hosts = hosts_of(yaml.safe_load(earlier.text))
    for variables in hosts.values():
        variables[name] = [*variables[name][:-1], {**variables[name][-1], **part}]
    return hosts


# -- playbooks -----------------------------------------------------------------------------------------------------------


def play_faults(entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with a play, with an import of a playbook, or with a task."""
    if imported := entry.get("ansible.builtin.import_playbook"):
        file = ROOT / "playbooks" / f"{str(imported).removeprefix('ossm.federation.')}.yml"
        return [] if file.is_file() else [f"there is no playbook {imported}"]
    if "hosts" not in entry:
        return task_faults(entry, [])
    found = [f"a play has no {key}" for key in sorted(set(entry) - _PLAY_WORDS)]
    checked = entry.get("validate_argspec")
    if checked and not (ROOT / "playbooks" / f"{checked}.meta.yml").is_file():
        found.append(f"no playbook {checked} has a specification of its variables")
    defaults = entry.get("module_defaults", {})
    given = [name for group in defaults.values() for name in group]
    return found + [fault for task in entry.get("tasks", []) for fault in task_faults(task, given)]


def task_faults(task: dict[str, Any], given: list[str]) -> list[str]:
    """Return what is wrong with a task: its module and the options; ``given`` are options that the play has for all."""
    modules = [name for name in task if name not in _TASK_WORDS]
    if len(modules) != 1:
        return [f"a task has one module, not {modules or 'none'}"]
    (module,) = modules
    if not module.startswith("ossm.federation."):
        source = f"ansible.modules.{module.removeprefix('ansible.builtin.')}"
        return [] if importlib.util.find_spec(source) else [f"there is no module {module}"]
    if (file := ROOT / "plugins" / "modules" / f"{module.rpartition('.')[2]}.py") and not file.is_file():
        return [f"there is no module {module}"]
    return option_faults(module, documented(file)["options"], task[module] or {}, given)


def option_faults(name: str, known: dict[str, Any], options: dict[str, Any], given: list[str]) -> list[str]:
    """Return the options that do not exist, those that are missing, and values that are no choice."""
    found = [f"{name} has no option {option}" for option in options if option not in known]
    for option, described in known.items():
        value = options.get(option)
        if described.get("required") and option not in (*options, *given):
            found.append(f"{name} needs {option}")
        if described.get("choices") and isinstance(value, str) and value not in described["choices"]:
            found.append(f"{name}: {option} is {value}")
        if isinstance(value, dict) and described.get("suboptions"):
            found += option_faults(f"{name}.{option}", described["suboptions"], value, [])
    return found


def documented(file: Any) -> dict[str, Any]:
    """Return the documentation of a plugin with that of its fragments."""
    documentation: dict[str, Any] = yaml.safe_load(_text(file, "DOCUMENTATION"))
    options = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or []:
        name, dummy, part = fragment.removeprefix("ossm.federation.").partition(".")
        source = ROOT / "plugins" / "doc_fragments" / f"{name}.py"
        if source.is_file():
            options |= yaml.safe_load(_text(source, (part or "documentation").upper())).get("options") or {}
    return {**documentation, "options": options}


def _text(file: Any, name: str) -> str:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return str(ast.literal_eval(node.value))
    raise LookupError(f"{file} has no {name}")


# -- objects -------------------------------------------------------------------------------------------------------------


@functools.cache
def _schemas() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the schemas of the lab's kinds, which allow no other field: an API server drops such a field silently."""
    schemas = {}
    for file in sorted((ROOT / "tests" / "lab" / "crds").glob("*.yaml")):
        for definition in yaml.load_all(file.read_text(encoding="utf-8"), _LOADER):
            spec = definition["spec"]
            for version in spec["versions"]:
                name = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                schemas[name] = _closed(version["schema"]["openAPIV3Schema"])
    return schemas


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key != "format"}
    if isinstance(schema.get("properties"), dict) and not (
        schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    ):
        closed["additionalProperties"] = False
    return closed


def object_faults(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with an object by the schema of its kind; of kinds without one by their place in the API."""
    name = (document["apiVersion"], document["kind"])
    shown = {key: value for key, value in _shown(document).items() if key not in ("apiVersion", "kind", "metadata")}
    if name in _schemas():
        schema = _schemas()[name] | {"required": []}
        return [f"{name[1]}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(shown)]
    if name in _OTHERS:
        return [f"{name[1]}: no field {field}" for field in document["spec"] if field not in _OTHERS[name]]
    is_known = any(kind == name[1] and place.api_version == name[0] for kind, place in KINDS.items())
    return [] if is_known else [f"no test knows the kind {' '.join(name)}"]


def _shown(value: Any) -> Any:
    """Return an object without the parts that the page does not show."""
    if isinstance(value, dict):
        return {key: _shown(part) for key, part in value.items() if part != _LEFT_OUT and part != {_LEFT_OUT: None}}
    return [_shown(part) for part in value] if isinstance(value, list) else value


# -- files of other programs -----------------------------------------------------------------------------------------------


def _requirements_faults(document: dict[str, Any]) -> list[str]:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    ours = f"{galaxy['namespace']}.{galaxy['name']}"
    names = [entry["name"] for entry in document["collections"]]
    return [] if ours in names else [f"the requirements do not have {ours}"]


def _rule_faults(document: dict[str, Any]) -> list[str]:
    """Check rules of Prometheus: every metric of ours that they name is a metric of the status."""
    metrics = (ROOT / "plugins" / "plugin_utils" / "_report" / "metrics.py").read_text(encoding="utf-8")
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    named = {name for rule in rules for name in re.findall(r"ossm_federation_(\w+)", rule["expr"])}
    return [f"there is no metric ossm_federation_{name}" for name in sorted(named) if name not in metrics]


def _plugin_faults(document: dict[str, Any]) -> list[str]:
    name = document["plugin"]
    file = ROOT / "plugins" / "inventory" / f"{name.rpartition('.')[2]}.py"
    if not file.is_file():
        return [f"there is no inventory plugin {name}"]
    known = documented(file)["options"] | dict.fromkeys(
        ("cache", "cache_plugin", "cache_timeout", "cache_connection"), {}
    )
    constructed = dict.fromkeys(("compose", "groups", "keyed_groups", "strict", "leading_separator"), {})
    return option_faults(name, constructed | known, document, [])


_KINDS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "all": lambda document: inventory_faults(*read(document["all"])),
    "plugin": _plugin_faults,
    "apiVersion": object_faults,
    "collections": _requirements_faults,
    "groups": _rule_faults,
}
