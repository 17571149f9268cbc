# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writing: a list of objects present or absent, one request each. Private to this collection.

Presence is a server-side apply, check mode the API server's own dry run. A failure skips the later objects of the same
field manager, which is one pair of meshes; all others are written.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import settled
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import (
    ABSENT_CODES,
    FATAL_CODES,
    ClusterError,
)
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import connect
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import COMMON_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.object_changes import changes, to_text
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import core
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import (
    DesiredObject,
    ObjectDiff,
    ObjectResult,
    ObjectsResult,
    Verb,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._product.resources import RESOURCES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem

ARGUMENT_SPEC: Json = {
    **COMMON_OPTIONS,
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
            "remove_fields": {"type": "dict", "default": {}},
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force_conflicts": {"type": "bool", "default": False},
}

CONTROL_PLANE = "ServiceMeshControlPlane"


def check_objects(params: Json) -> str:
    """What is wrong with the first of ``objects`` that cannot be written; empty where nothing is."""
    for index, desired in enumerate(params["objects"]):
        fault = _check_definition(desired["definition"])
        if not fault and desired.get("live") and not isinstance(desired["live"].get("metadata"), Mapping):
            fault = "live.metadata: None is not a dictionary. Fix: Set live to the object as it was read."
        if fault:
            return f"objects[{index}].{fault}"
    return ""


def _check_definition(definition: Json) -> str:
    """What is wrong with a definition, from the name of its option on; empty where nothing is."""
    kind = KINDS.get(str(definition.get("kind")))
    if kind is None:
        return f"definition.kind: {definition.get('kind')!r} is not one of {', '.join(sorted(RESOURCES))}. Fix: Correct it."
    if definition.get("apiVersion") != kind.api_version:
        return f"definition.apiVersion: {definition.get('apiVersion')!r} is not {kind.api_version!r}. Fix: Correct it."
    meta = definition.get("metadata")
    for key in ("name", "namespace") if kind.namespaced else ("name",):
        value = meta.get(key) if isinstance(meta, Mapping) else None
        if not value or not isinstance(value, str):
            return f"definition.metadata.{key}: {value!r} is not a name. Fix: Set it."
    return ""


@core(ARGUMENT_SPEC, check=check_objects)
def run(params: Json, check_mode: bool, say: Say, *, diff: bool = True) -> ObjectsResult:
    """Bring the objects of ``params["objects"]`` to ``params["state"]``, in the order given; with ``diff`` return each
    changed object before and after."""
    writer = _Writer(params, check_mode, diff)
    for desired in params["objects"]:
        writer.handle(desired)
    result: ObjectsResult = {
        "changed": any(written["verb"] in ("created", "changed", "deleted") for written in writer.results),
        "mesh": writer.mesh,
        "objects": writer.results,
        "problems": writer.problems,
    }
    if diff:
        result["diff"] = writer.diff
    return result


class _Writer:
    """Applies or removes objects one by one and remembers the result of each.

    A desired object is an item of the option ``objects``.
    """

    def __init__(self, params: Json, check_mode: bool, diff: bool) -> None:
        self.mesh: str = params["mesh"]
        self.is_absent = params.get("state") == "absent"
        self.is_forced = bool(params.get("force_conflicts"))
        self.is_check = check_mode
        self.returns_diff = diff
        self.results: List[ObjectResult] = []
        self.problems: List[Problem] = []
        self.diff: List[ObjectDiff] = []
        self._auth: Mapping[str, Any] = params["auth"]
        self._cluster: Optional[Cluster] = None
        #: Field managers whose later objects are skipped, with the reason; the key "" is for all.
        self._stopped: Dict[str, str] = {}
        #: The latest state of each object that was written, by kind and name.
        self._latest: Dict[str, Json] = {}
        #: Each object as it was read, from the first item with ``live``, by kind and name.
        self._live: Dict[str, Json] = {}
        #: Values that a dry run has announced already: a real run would not change them a second time.
        self._announced: Dict[str, Dict[str, Any]] = {}

    def handle(self, desired: DesiredObject) -> None:
        """Write one object, unless it is settled, cannot be written yet, or an earlier failure stops it."""
        manager, live = desired["field_manager"], desired.get("live")
        if live:
            self._live.setdefault(name_of(desired["definition"]), live)
        reason = self._stopped.get("") or self._stopped.get(manager)
        if reason:
            self._note(desired, "skipped", message=f"not tried: {reason}")
        elif desired.get("unknown") and not self.is_check and not self.is_absent:
            self._note(desired, "skipped", message="; ".join(desired["unknown"].values()))
        elif desired.get("later") and self.is_check and not self.is_absent and self._before(desired) is None:
            self._announce(desired)
        elif not self._is_settled(desired):
            self._write(desired)

    def _is_settled(self, desired: DesiredObject) -> bool:
        """Whether an apply would change nothing, as far as that is known without a request; then that is the result."""
        if self.is_absent or desired.get("unknown"):
            return False
        last = settled(desired["definition"], desired["field_manager"], self._before(desired))
        if last is not None:
            self._note(desired, "unchanged", time=last["time"])
        return last is not None

    def _write(self, desired: DesiredObject) -> None:
        """Send the request for one object."""
        if self._cluster is None:
            self._cluster, problems = connect(self._auth, self.mesh)
            if self._cluster is None:
                self.problems += problems
                self._stopped[""] = problems[0]["message"]
                self._note(desired, "skipped", message=f"not tried: {problems[0]['message']}")
                return
        try:
            if not self.is_absent:
                self._apply(self._cluster, desired)
            elif desired["definition"]["kind"] == CONTROL_PLANE:
                self._shrink(self._cluster, desired)
            else:
                self._delete(self._cluster, desired)
        except ClusterError as error:
            self._fail(desired, error)

    def _announce(self, desired: DesiredObject) -> None:
        """Report an object as created that the API server cannot check yet, as its namespace or kind does not exist."""
        self._note(desired, "created", changes(None, desired["definition"]), desired.get("later") or "")
        self._show(desired, None, desired["definition"], {})

    def _fail(self, desired: DesiredObject, error: ClusterError) -> None:
        """Note a failure and stop what depends on it."""
        self.problems.append(error.problem(self.mesh, name_of(desired["definition"]), peer=desired.get("peer")))
        self._stopped["" if error.code in FATAL_CODES else desired["field_manager"]] = error.message
        self._note(desired, "failed", message=error.message)

    def _note(
        self,
        desired: DesiredObject,
        verb: Verb,
        fields: Iterable[str] = (),
        message: str = "",
        time: Optional[str] = None,
    ) -> None:
        """Remember the result of one object."""
        meta = desired["definition"]["metadata"]
        self.results.append(
            {
                "mesh": self.mesh,
                "kind": desired["definition"]["kind"],
                "name": meta["name"],
                "namespace": meta.get("namespace"),
                "verb": verb,
                "fields": sorted(fields),
                "peer": desired.get("peer"),
                "field_manager": desired["field_manager"],
                "message": message,
                "time": time,
            }
        )

    def _before(self, desired: DesiredObject) -> Optional[Json]:
        """The current object, as far as it is known without a request."""
        key = name_of(desired["definition"])
        return self._latest.get(key) or desired.get("live") or self._live.get(key)

    def _apply(self, cluster: Cluster, desired: DesiredObject) -> None:
        """Apply one object."""
        before = self._before(desired)
        after, is_created = cluster.apply(
            desired["definition"], desired["field_manager"], dry_run=self.is_check, force=self.is_forced
        )
        self._note_write(desired, before, after, changes(before, after), is_created)

    def _shrink(self, cluster: Cluster, desired: DesiredObject) -> None:
        """Remove from a control plane all that the field manager has in it: an apply of nothing but the identity.

        Fields that other managers own too are removed by a patch before. In check mode the apply does not see its effect, so
        the changes of both are put together.
        """
        kind, meta = desired["definition"]["kind"], desired["definition"]["metadata"]
        name, namespace, manager = meta["name"], meta.get("namespace"), desired["field_manager"]
        identity = {key: meta[key] for key in ("name", "namespace", "uid") if meta.get(key)}
        definition = {"apiVersion": desired["definition"]["apiVersion"], "kind": kind, "metadata": identity}
        changed: Dict[str, Any] = {}
        try:
            before = self._before(desired) or cluster.get(kind, name, namespace)
        except ClusterError as error:
            if error.code not in ABSENT_CODES:
                raise
            self._note(desired, "unchanged", message="it does not exist")
            return
        if desired.get("remove_fields"):
            fields = desired["remove_fields"]
            patched = cluster.remove_fields(kind, name, namespace, fields, manager, dry_run=self.is_check)
            changed = changes(before, patched)
        after, is_created = cluster.apply(definition, manager, dry_run=self.is_check, force=self.is_forced)
        self._note_write(desired, before, after, {**changed, **changes(before, after)}, is_created)

    def _note_write(
        self, desired: DesiredObject, before: Optional[Json], after: Json, changed: Dict[str, Any], is_created: bool
    ) -> None:
        """Remember the result of an apply."""
        key = name_of(desired["definition"])
        if self.is_check:
            changed = self._new_changes(key, changed)
        else:
            self._latest[key] = after
        unknown = {} if self.is_absent else desired.get("unknown") or {}
        fields = {*changed, *unknown}
        verb: Verb = "created" if is_created else "changed" if fields else "unchanged"
        self._note(
            desired,
            verb,
            fields if verb != "unchanged" else (),
            "; ".join(unknown.values()),
            None if self.is_check else applied_at(after, desired["field_manager"]),
        )
        if verb != "unchanged":
            self._show(desired, before, after, unknown)

    def _new_changes(self, key: str, changed: Dict[str, Any]) -> Dict[str, Any]:
        """The changes of a dry run that no earlier one has announced: each starts from the current object, also where
        several managers write it."""
        announced = self._announced.setdefault(key, {})
        new = {path: value for path, value in changed.items() if path not in announced or announced[path] != value}
        announced.update(new)
        return new

    def _delete(self, cluster: Cluster, desired: DesiredObject) -> None:
        """Delete one object with our label, exactly the one that was read."""
        definition = desired["definition"]
        kind, meta = definition["kind"], definition["metadata"]
        before = self._before(desired)
        try:
            if before is None:
                before = cluster.get(kind, meta["name"], meta.get("namespace"))
            if not is_ours(before):
                raise ClusterError(
                    "unmanaged",
                    f"{name_of(definition)} does not have our label and is not deleted",
                    "Delete it manually if it is not needed",
                )
            cluster.delete(
                kind, meta["name"], meta.get("namespace"), uid=before["metadata"].get("uid"), dry_run=self.is_check
            )
        except ClusterError as error:
            if error.code not in ABSENT_CODES:
                raise
            self._note(desired, "unchanged", message="it does not exist")
            return
        self._note(desired, "deleted", changes(before, None))
        self._show(desired, before, None, {})

    def _show(
        self, desired: DesiredObject, before: Optional[Json], after: Optional[Json], unknown: Mapping[str, str]
    ) -> None:
        """Add one object to the diff, where one is returned: YAML of a control plane takes its time."""
        if not self.returns_diff:
            return
        header = f"{self.mesh}: {name_of(desired['definition'])} ({desired['field_manager']})"
        self.diff.append(
            {
                "before": to_text(before),
                "after": to_text(after, unknown),
                "before_header": header,
                "after_header": header,
            }
        )


def name_of(obj: Json) -> str:
    """``Kind namespace/name``."""
    meta = obj["metadata"]
    return f"{obj['kind']} " + "/".join(part for part in (meta.get("namespace"), meta["name"]) if part)


def applied_at(obj: Json, manager: str) -> Optional[str]:
    """When a manager's apply last changed the object, by the API server's clock (RFC 3339, whole seconds)."""
    times = [
        str(entry.get("time"))
        for entry in obj["metadata"].get("managedFields") or []
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and entry.get("time")
    ]
    return max(times, default=None)
