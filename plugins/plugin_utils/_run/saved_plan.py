# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a saved plan, and how the plan of a later run differs from it. Pure.

A saved plan has the objects that federate.yml would write, the part of each live object that they were compared with, and digests of
what the inventory declares. A run that applies it plans anew and compares: where nothing differs, it writes exactly these
objects. What changes by itself is not compared: status, resource versions, the names of istiod's pods, the spelling of an address.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import last_apply
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS, VERSION
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import (
    VARIABLE as SERVICES,
    is_shared,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import KEPT
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import plain_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, PlannedMesh

#: The format of a saved plan. A file with another one is rejected.
FORMAT = "ossm.federation/plan/v1"
#: The options that decide what is written; all others only say how a run waits, fails or reports.
_OPTIONS = (
    "federation_adopt",
    "federation_allow_shared_root",
    "federation_confirm_address_change",
    "federation_confirm_trust_domain",
    "federation_force_conflicts",
    "federation_prune",
    "federation_services",
)
#: What is declared for a mesh, by the variable that a message names.
_DECLARED: Dict[str, Tuple[str, ...]] = {
    "mesh_control_plane": ("control_plane",),
    "mesh_egress": ("egress", "egress_by_peer"),
    "mesh_identity_file": ("by_file", "identity_files"),
    "mesh_ingress": ("ingress", "ingress_by_peer"),
    "mesh_locality": ("locality",),
    "mesh_may_export": ("may_export",),
    "mesh_name": ("mesh",),
    "mesh_peer_names": ("peer_names",),
    "mesh_peers": ("peers",),
    "mesh_platform": ("platform",),
    "mesh_trust_domain": ("trust_domain",),
    "mesh_trust_fingerprints": ("pins",),
}
#: What was read of a mesh, by the words of a message. Its objects are compared one by one.
READ: Dict[str, str] = {
    "readable": "whether it can be read",
    "in_play": "whether the run may write to it",
    "namespace": "its namespace",
    "control_plane": "its control plane",
    "uid": "the UID of its control plane",
    "trust_domain": "its trust domain",
    "set_trust_domain": "whether the run sets its trust domain",
}
#: The parts of an object, by the words of a message.
_PARTS: Dict[str, str] = {
    "live": "live object",
    "owned": "fields of our last apply (digest)",
    "definition": "planned object",
    "unknown": "value that is known later",
}
CONTROL_PLANE = "ServiceMeshControlPlane"
_ABSENT = "none"
#: The longest value that a message shows.
_SHOWN = 80


class Difference(NamedTuple):
    """One field that differs: the ``mesh``, the object or variable, the field (empty for the whole), and both values as text;
    of what the inventory declares there are only digests and no values."""

    mesh: str
    where: str
    field: str = ""
    saved: str = ""
    current: str = ""


def save_plan(plan: Plan, facts: Mapping[str, Json], declaration: Declaration) -> Json:
    """The plan of a run of federate.yml as it is saved; ``facts`` are the MeshFacts by host that it was made from."""
    saved: Json = {
        "format": FORMAT,
        "collection": VERSION,
        "declared": _declared(declaration),
        "undeclared": list(plan.get("undeclared") or []),
        "meshes": {
            host: {
                "mesh": mesh["mesh"],
                **{key: dict(mesh)[key] for key in READ},
                "objects": _objects(plan, host, facts.get(host) or {}),
            }
            for host, mesh in sorted(plan["meshes"].items())
        },
    }
    return {**saved, "digest": digest(saved)}


def compare_plan(
    text: Optional[str], path: str, plan: Plan, facts: Mapping[str, Json], declaration: Declaration
) -> List[Problem]:
    """What keeps a run from applying the saved plan in the file ``path`` with this content (None: there is none)."""
    saved, fault = _read(text)
    if fault:
        return [problem("plan-file", plan["group"], path, fault)]
    return [
        problem("plan-outdated", found.mesh, found.where, _message(found))
        for found in find_differences(saved, save_plan(plan, facts, declaration), plan["group"])
    ]


def find_differences(saved: Json, current: Json, group: str) -> List[Difference]:
    """The differences between two saved plans, in the order inventory, meshes, objects."""
    found = [
        Difference(group, variable)
        for variable, dummy, dummy in _both(saved["declared"]["options"], current["declared"]["options"])
    ]
    if saved["undeclared"] != current["undeclared"]:
        values = (", ".join(plan["undeclared"]) or _ABSENT for plan in (saved, current))
        found.append(Difference(group, "pairs of meshes", "not declared any more", *values))
    for host, then, now in _both(saved["meshes"], current["meshes"], equal=True):
        mesh = (now or then)["mesh"]
        if then is None or now is None:
            found.append(
                Difference(mesh, "inventory", "this mesh", *("there" if one else _ABSENT for one in (then, now)))
            )
            continue
        declared = (plan["declared"]["meshes"][host] for plan in (saved, current))
        found += [Difference(mesh, name) for name, dummy, dummy in _both(*declared)]
        read = [
            Difference(mesh, "mesh", words, _shown(then[key]), _shown(now[key]))
            for key, words in READ.items()
            if then[key] != now[key]
        ]
        # Of a mesh that cannot be read any more, or is outside the limit, every object would differ.
        found += read or _object_differences(mesh, then["objects"], now["objects"])
    return found


def _object_differences(mesh: str, saved: List[Json], current: List[Json]) -> List[Difference]:
    then, now = ({(row["where"], row["field_manager"]): row for row in rows} for rows in (saved, current))
    found: List[Difference] = []
    for where, manager in [*then, *(key for key in now if key not in then)]:
        before, after = then.get((where, manager)), now.get((where, manager))
        if before is None or after is None:
            found.append(Difference(mesh, where, f"what {manager} writes", *map(_written, (before, after))))
            continue
        found += [
            Difference(mesh, where, f"{words} {path}".rstrip(), *(_shown(value, bool(path)) for value in values))
            for part, words in _PARTS.items()
            for path, *values in _fields(before[part], after[part])
        ]
    return found


def _fields(saved: Any, current: Any, path: str = "") -> Iterator[Tuple[str, Any, Any]]:
    """The paths at which two values differ, with both; a list of plain values is one value."""
    if isinstance(saved, dict) and isinstance(current, dict):
        for key in sorted({*saved, *current}):
            yield from _fields(saved.get(key), current.get(key), f"{path}.{key}".lstrip("."))
    elif _are_lists_of_objects(saved, current):
        for index in range(max(len(saved), len(current))):
            then, now = (values[index] if index < len(values) else None for values in (saved, current))
            yield from _fields(then, now, f"{path}[{index}]")
    elif saved != current:
        yield path, saved, current


def _are_lists_of_objects(*values: Any) -> bool:
    return all(isinstance(value, list) and all(isinstance(item, dict) for item in value) for value in values)


def _both(saved: Mapping[str, Any], current: Mapping[str, Any], equal: bool = False) -> Iterator[Tuple[str, Any, Any]]:
    """The keys of both, sorted, with their values; those with equal values only where asked for."""
    for key in sorted({*saved, *current}):
        if equal or saved.get(key) != current.get(key):
            yield key, saved.get(key), current.get(key)


def _message(found: Difference) -> str:
    if not found.field:
        return "it is not declared as it was when the plan was saved"
    return f"{found.field}: {found.saved} when the plan was saved, {found.current} now"


def _written(row: Optional[Json]) -> str:
    return "written" if row else "not written"


def _shown(value: Any, is_field: bool = True) -> str:
    """A value as text; of a whole object only whether it is there."""
    if not is_field:
        return "absent" if value is None else "present"
    if value is None:
        return _ABSENT
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _read(text: Optional[str]) -> Tuple[Json, str]:
    """The saved plan in the text of a file, and what is wrong with the file."""
    if text is None:
        return {}, "there is no such file"
    try:
        content = json.loads(text)
    except ValueError as error:
        return {}, f"it is not JSON: {error}"
    saved = dig(content, "saved")
    if not isinstance(saved, dict):
        return {}, "it has no saved plan: it was not written by plan.yml of this collection"
    if saved.get("format") != FORMAT:
        return {}, f"its format is {_shown(saved.get('format'))}, and this collection reads {FORMAT}"
    if saved.get("digest") != digest({key: value for key, value in saved.items() if key != "digest"}):
        return {}, "it was changed after it was saved: its digest is that of another plan"
    return saved, ""


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _declared(declaration: Declaration) -> Json:
    """Digests of what the inventory declares, by variable: the values themselves are not needed."""
    options = {name: declaration["options"].get(name) for name in _OPTIONS}
    return {
        "options": {name: digest(value) for name, value in options.items()},
        "meshes": {host: _declared_mesh(mesh) for host, mesh in sorted(declaration["meshes"].items())},
    }


def _declared_mesh(mesh: DeclaredMesh) -> Dict[str, str]:
    values: Json = dict(mesh)
    return {
        **{name: digest([values[key] for key in keys]) for name, keys in _DECLARED.items()},
        "mesh_exports": digest(_own_rules(mesh["export_lists"])),
        "mesh_imports": digest(_own_rules(mesh["import_lists"])),
    }


def _own_rules(lists: List[RuleList]) -> Dict[str, List[Rule]]:
    """The rules of a mesh by peer without those of ``federation_services``, which are a variable of their own."""
    return {
        peer: [rule for rule, where in zip(written["rules"], written["places"]) if not is_shared(where)]
        for written in lists
        if written["where"] != SERVICES
        for peer in written["peers"]
    }


def _objects(plan: Plan, host: str, facts: Json) -> List[Json]:
    """The objects of one mesh in the order of writing."""
    mesh: PlannedMesh = plan["meshes"][host]
    if not mesh["readable"] or mesh["by_file"]:
        return []
    return [
        {"step": step, **_object(target)}
        for step in WRITING
        for target in desired.build_objects(plan, step, host, facts)
    ]


def _object(target: DesiredObject) -> Json:
    definition, live = target["definition"], target["live"]
    meta, last = definition["metadata"], last_apply(live, target["field_manager"])
    return {
        "where": f"{definition['kind']} {meta['namespace']}/{meta['name']}",
        "field_manager": target["field_manager"],
        "peer": target["peer"],
        "resourceVersion": dig(live, "metadata", "resourceVersion"),
        "definition": _comparable(definition),
        "unknown": dict.fromkeys(target["unknown"], "later"),
        "live": None if live is None else _live_part(definition, live),
        "owned": digest(json.loads(last["fields"])) if last else None,
    }


def _live_part(definition: Json, live: Json) -> Json:
    """What an apply of a definition depends on: its content, our labels and our annotations; of a control plane, which is not
    only ours, the fields that the definition names."""
    meta = live["metadata"]
    ours = {
        key: {name: value for name, value in (meta.get(key) or {}).items() if OURS in (name.split("/")[0], value)}
        for key in ("labels", "annotations")
    }
    is_shared = definition["kind"] == CONTROL_PLANE
    body: Json = {
        key: _named(definition[key], live.get(key)) if is_shared else live.get(key)
        for key in ("spec", "data")
        if key in definition
    }
    return _comparable({"metadata": {"uid": meta.get("uid"), **ours}, **body})


def _named(definition: Any, live: Any) -> Any:
    """The fields of a live value that a definition names."""
    if isinstance(definition, dict) and isinstance(live, dict):
        return {key: _named(definition[key], live.get(key)) for key in definition}
    return live


def _comparable(obj: Json) -> Json:
    """An object without what changes by itself: istiod's pods in our note, and the spelling of an address."""
    meta = dict(obj["metadata"])
    if meta.get("annotations"):
        meta["annotations"] = {key: value for key, value in meta["annotations"].items() if key != KEPT}
    result = {**obj, "metadata": meta}
    if dig(obj, "spec", "remote"):
        result["spec"] = {**obj["spec"], "remote": plain_section(obj["spec"]["remote"])}
    return result
