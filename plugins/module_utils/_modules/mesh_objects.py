# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writing: a list of objects present or absent, one request each. Private to this collection.

Presence is a server-side apply, check mode the API server's own dry run. A failure stops the later objects of the same
field manager, which is one pair of meshes; the others go on.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import settled
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster, to_yaml
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import AUTH_OPTION
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem

Say = Callable[[str], None]

ARGUMENT_SPEC: Json = {
    "auth": AUTH_OPTION,
    "mesh": {"type": "str", "required": True},
    "objects": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "definition": {"type": "dict", "required": True},
            "field_manager": {"type": "str", "required": True},
            "peer": {"type": "str"},
            "live": {"type": "dict"},
            "unknown": {"type": "dict", "default": {}},
            "later": {"type": "str"},
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force_conflicts": {"type": "bool", "default": False},
}

CONTROL_PLANE = "ServiceMeshControlPlane"
_ABSENT = object()
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")




def comparable(obj: Optional[Json]) -> Json:
    """The part of an object that people write: labels, annotations, and all that is neither metadata nor status."""
    if not obj:
        return {}
    meta = obj.get("metadata") or {}
    told = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    rest = {key: value for key, value in obj.items()
            if key not in ("apiVersion", "kind", "metadata", "status", "managers", "applied")}
    return {**({"metadata": told} if told else {}), **rest}


def _item_key(items: Sequence[Any]) -> Optional[str]:
    """The key by which the items of a list are told apart, when all have it and no two have the same."""
    for key in ("name", "pod", "exportedName"):
        values = [item.get(key) if isinstance(item, dict) else None for item in items]
        if all(isinstance(value, str) for value in values) and len(set(values)) == len(values):
            return key
    return None


def leaves(value: Any, path: str = "") -> Dict[str, Any]:
    """Every leaf of plain data by its path: ``spec.ports[tls].port``, ``metadata.labels["a.b/c"]``, ``rules[0].type``.

    Items of a list go by their name where they have one, else by their place; a list of plain values is one leaf, and
    so is an empty container.
    """
    if isinstance(value, dict) and value:
        found: Dict[str, Any] = {}
        for key, inner in value.items():
            step = key if _PLAIN_KEY.match(key) else None
            found.update(leaves(inner, f'{path}["{key}"]' if step is None else f"{path}.{step}".lstrip(".")))
        return found
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        key_name = _item_key(value)
        found = {}
        for index, item in enumerate(value):
            name = item[key_name] if key_name else index
            found.update(leaves(item, f"{path}[{name}]"))
        return found
    return {path: value}


def changes(before: Optional[Json], after: Optional[Json]) -> Dict[str, Any]:
    """Leaf paths in which two objects differ, with the later value (a private marker where it is gone)."""
    old, new = leaves(comparable(before)), leaves(comparable(after))
    paths = {path for path in {*old, *new} if path and old.get(path, _ABSENT) != new.get(path, _ABSENT)}
    return {path: new.get(path, _ABSENT) for path in sorted(paths)}




def _set_path(obj: Json, path: str, message: str) -> None:
    """Put words where a value is not known yet (a dotted path of plain keys)."""
    *parents, last = path.split(".")
    room = obj
    for parent in parents:
        room = room.setdefault(parent, {})
    room[last] = f"({message})"


def shown(obj: Optional[Json], unknown: Optional[Mapping[str, str]] = None) -> str:
    """An object as YAML for people, without what the API server adds; empty for no object."""
    if not obj:
        return ""
    meta = obj.get("metadata") or {}
    told = {key: meta[key] for key in ("name", "namespace", "labels", "annotations") if meta.get(key)}
    view = copy.deepcopy({"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": told})
    view.update(copy.deepcopy({key: value for key, value in comparable(obj).items() if key != "metadata"}))
    for path, message in (unknown or {}).items():
        _set_path(view, path, message)
    return to_yaml(view)




def run(params: Json, check_mode: bool, say: Say, *, diff: bool = True) -> Json:
    """Bring the objects of ``params["objects"]`` to ``params["state"]``, in the order given; with ``diff`` show each
    changed object before and after."""
    writer = _Writer(params, check_mode, diff)
    for wish in params["objects"]:
        writer.handle(wish)
    return {
        "changed": any(one["verb"] in ("created", "changed", "deleted") for one in writer.results),
        "objects": writer.results,
        "problems": writer.problems,
        **({"diff": writer.diff} if diff else {}),
    }


class _Writer:
    """Applies or removes one object after the other and remembers how each ended."""

    def __init__(self, params: Json, check_mode: bool, diff: bool) -> None:
        self.mesh: str = params["mesh"]
        self.absent = params.get("state") == "absent"
        self.force = bool(params.get("force_conflicts"))
        self.check = check_mode
        self.auth = {key: value for key, value in (params.get("auth") or {}).items() if value is not None}
        self.cluster: Optional[Cluster] = None
        self.results: List[Json] = []
        self.problems: List[Problem] = check_access(self.auth, self.mesh) if params["objects"] else []
        self.diff: List[Json] = []
        self.shows = diff
        #: Field managers that stop, with the reason; the key "" stops all.
        self.stopped: Dict[str, str] = {"": self.problems[0]["message"]} if self.problems else {}
        #: The latest state of each object, by kind and name.
        self.latest: Dict[str, Json] = {}
        #: Values that a dry run has announced already: a real run would not change them a second time.
        self.announced: Dict[str, Dict[str, Any]] = {}

    def handle(self, wish: Json) -> None:
        """One object."""
        manager = wish["field_manager"]
        reason = self.stopped.get("") or self.stopped.get(manager)
        if reason:
            self._note(wish, "skipped", message=f"not tried: {reason}")
            return
        if wish.get("unknown") and not self.check and not self.absent:
            self._note(wish, "skipped", message="; ".join(wish["unknown"].values()))
            return
        if wish.get("later") and self.check and not self.absent and self._before(wish) is None:
            self._announce(wish)
            return
        last = None if self.absent or wish.get("unknown") else settled(wish["definition"], manager, self._before(wish))
        if last is not None:
            self._note(wish, "unchanged", time=last["time"])
            return
        try:
            if self.cluster is None:
                self.cluster = Cluster(self.auth)
            if self.absent and wish["definition"]["kind"] != CONTROL_PLANE:
                self._delete(self.cluster, wish)
            else:
                self._apply(self.cluster, wish)
        except ClusterError as error:
            self._failed(wish, error)

    def _announce(self, wish: Json) -> None:
        """An object that the API server cannot rehearse, as its namespace or kind is not there before this run."""
        self._note(wish, "created", changes(None, wish["definition"]), wish["later"])
        self._show(wish, None, wish["definition"], {})

    def _failed(self, wish: Json, error: ClusterError) -> None:
        """Note a failure and stop what depends on it."""
        self.problems.append(error.problem(self.mesh, name_of(wish["definition"]), peer=wish.get("peer")))
        self.stopped["" if error.code in FATAL_CODES else wish["field_manager"]] = error.message
        self._note(wish, "failed", message=error.message)

    def _note(self, wish: Json, verb: str, fields: Sequence[str] = (), message: str = "", time: Optional[str] = None,
              ) -> None:
        """Remember how one object ended."""
        meta = wish["definition"]["metadata"]
        self.results.append({
            "mesh": self.mesh, "kind": wish["definition"]["kind"], "name": meta["name"],
            "namespace": meta.get("namespace"), "verb": verb, "fields": sorted(fields), "peer": wish.get("peer"),
            "field_manager": wish["field_manager"], "message": message, "time": time,
        })

    def _before(self, wish: Json) -> Optional[Json]:
        """The object as it is now, as far as it is known without asking."""
        return self.latest.get(name_of(wish["definition"])) or wish.get("live")

    def _apply(self, cluster: Cluster, wish: Json) -> None:
        """Server-side apply. An absent wish for a control plane sends only its identity: what we owned goes."""
        definition, key = wish["definition"], name_of(wish["definition"])
        if self.absent:
            definition = {"apiVersion": definition["apiVersion"], "kind": definition["kind"], "metadata": {
                key: definition["metadata"][key] for key in ("name", "namespace", "uid")
                if definition["metadata"].get(key)}}
        before = self._before(wish)
        after, created = cluster.apply(definition, wish["field_manager"], dry_run=self.check, force=self.force)
        found = changes(before, after)
        if self.check:
            # Every dry run starts from what lives; so an object of several managers is compared with that each time.
            announced = self.announced.setdefault(key, {})
            found = {path: value for path, value in found.items()
                     if path not in announced or announced[path] != value}
            announced.update(found)
        else:
            self.latest[key] = after
        unknown = {} if self.absent else wish.get("unknown") or {}
        fields = {*found, *unknown}
        verb = "created" if created else "changed" if fields else "unchanged"
        self._note(wish, verb, fields if verb != "unchanged" else (), "; ".join(unknown.values()),
                   None if self.check else applied_at(after, wish["field_manager"]))
        if verb != "unchanged":
            self._show(wish, before, after, unknown)

    def _delete(self, cluster: Cluster, wish: Json) -> None:
        """Delete one object of ours, exactly the one that was read."""
        definition = wish["definition"]
        kind, meta = definition["kind"], definition["metadata"]
        before = self._before(wish)
        try:
            if before is None:
                before = cluster.get(kind, meta["name"], meta.get("namespace"))
            if not is_ours(before):
                raise ClusterError("unmanaged", f"{name_of(definition)} does not carry our label and stays",
                                   "Delete it by hand if it is not needed")
            cluster.delete(kind, meta["name"], meta.get("namespace"), uid=before["metadata"].get("uid"),
                           dry_run=self.check)
        except ClusterError as error:
            if error.code not in ("missing", "kind-missing", "namespace-missing"):
                raise
            self._note(wish, "unchanged", message="not there")
            return
        self._note(wish, "deleted", changes(before, None))
        self._show(wish, before, None, {})

    def _show(
        self, wish: Json, before: Optional[Json], after: Optional[Json], unknown: Mapping[str, str]
    ) -> None:
        """Add one object to the diff, where one is wanted: a control plane is long, and takes its time as YAML."""
        if not self.shows:
            return
        header = f"{self.mesh}: {name_of(wish['definition'])} ({wish['field_manager']})"
        self.diff.append({
            "before": shown(before), "after": shown(after, unknown), "before_header": header, "after_header": header,
        })


def name_of(obj: Json) -> str:
    """``Kind namespace/name``."""
    meta = obj["metadata"]
    return f"{obj['kind']} " + "/".join(one for one in (meta.get("namespace"), meta["name"]) if one)


def applied_at(obj: Json, manager: str) -> Optional[str]:
    """When a manager's apply last changed the object, by the API server's clock (RFC 3339, whole seconds)."""
    times = [str(one.get("time")) for one in obj["metadata"].get("managedFields") or []
             if one.get("manager") == manager and one.get("operation") == "Apply" and one.get("time")]
    return max(times, default=None)
