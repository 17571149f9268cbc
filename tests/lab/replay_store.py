# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of an archive for support, as an API server gives them.

An answer is given again as it was, also one that is a failure. A request that was not sent when the archive was written is answered from a
list that covers it; where there is none, the account of the archive could not have read it, so it is forbidden. All times are moved
by the age of the archive, so that ages are what they were.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Object = dict[str, Any]
Response = tuple[int, Object]
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z\Z")
_FORMAT = "%Y-%m-%dT%H:%M:%S"
#: A part of a selector that can be applied here. Any other is only answered where the archive has the answer to it.
_EQUALITY = re.compile(r"[^=!<>()\s]+==?[^=!<>()\s]*\Z")


class Target(NamedTuple):
    """What a request is about, by the path of its URL. ``subresource`` is what is asked of one object."""

    api_version: str
    plural: str
    namespace: str | None
    name: str | None
    subresource: str


def target_of(path: str) -> Target | None:
    """Return what the path of a request is about; None for a path outside of the resources."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        version, rest = parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        version, rest = "/".join(parts[1:3]), parts[3:]
    else:
        return None
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    return Target(version, rest[0], namespace, rest[1] if len(rest) > 1 else None, "/".join(rest[2:]))


def moved(value: Any, age: datetime.timedelta) -> Any:
    """Return plain data with every time in it later by ``age``."""
    if isinstance(value, dict):
        return {key: moved(inner, age) for key, inner in value.items()}
    if isinstance(value, list):
        return [moved(inner, age) for inner in value]
    match = _TIME.match(value) if isinstance(value, str) else None
    if match is None:
        return value
    time = datetime.datetime.strptime(match[1], _FORMAT) + age
    return f"{time.strftime(_FORMAT)}{match[2] or ''}Z"


def failure(status: int, reason: str, message: str, **details: str) -> Response:
    """Return a failure as the API server reports it."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status}
    return status, body | {"reason": reason, "message": message, "details": details}


class Store:
    """The answers of one mesh."""

    def __init__(self, answers: Iterable[Object], age: datetime.timedelta) -> None:
        self._answers: list[Object] = [answer | {"body": moved(answer["body"], age)} for answer in answers]
        self._kinds = {
            (answer["api"]["api_version"], answer["api"]["plural"]): (answer["kind"], answer["api"])
            for answer in self._answers
        }

    def respond(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Response:
        """Return the status and the body of the answer to a request."""
        if method == "GET" and (discovered := self._discovery(path)) is not None:
            return 200, discovered
        target = target_of(path)
        if target is None:
            return failure(404, "NotFound", "the server could not find the requested resource")
        kind = self._kinds.get((target.api_version, target.plural), ("", {}))[0]
        if method == "POST" and target.plural.startswith("selfsubject"):
            return self._review(kind, (body or {}).get("spec"))
        if method != "GET" or target.subresource or query.get("watch") in ("1", "true"):
            return failure(405, "MethodNotAllowed", "this mesh is replayed from an archive: it can only be read")
        unanswered = failure(
            403, "Forbidden", f'{target.plural} is forbidden: the archive does not have what "{path}" answers'
        )
        if target.name:
            return self._get(kind, target) or unanswered
        return (
            self._list(kind, target, query.get("fieldSelector") or "", query.get("labelSelector") or "") or unanswered
        )

    # -- objects ---------------------------------------------------------------------------------------------------------

    def _get(self, kind: str, target: Target) -> Response | None:
        exact = self._answer("get", kind, target.namespace, name=target.name)
        if exact is not None:
            return exact["status"], exact["body"]
        listed = self._list(kind, target, "", "")
        if listed is None or listed[0] != 200:
            return listed
        found = [item for item in listed[1]["items"] if item["metadata"]["name"] == target.name]
        if found:
            return 200, found[0]
        message = f'{target.plural} "{target.name}" not found'
        return failure(404, "NotFound", message, name=str(target.name), kind=target.plural)

    def _list(self, kind: str, target: Target, fields: str, labels: str) -> Response | None:
        found = self._answer("list", kind, target.namespace, fields=fields, labels=labels)
        if found is None:
            found = self._covering(kind, target.namespace)
            if found is not None and found["status"] == 200:
                if not all(_EQUALITY.match(part) for part in f"{fields},{labels}".split(",") if part):
                    return None
                items = [
                    item
                    for item in found["body"]
                    if target.namespace in (None, item["metadata"].get("namespace"))
                    and _is_selected(item, fields, labels)
                ]
                found = {"status": 200, "body": items}
        if found is None:
            return None
        if found["status"] != 200:
            return found["status"], found["body"]
        body = {"apiVersion": target.api_version, "kind": f"{kind}List", "metadata": {"resourceVersion": "1"}}
        return 200, body | {"items": found["body"]}

    def _covering(self, kind: str, namespace: str | None) -> Object | None:
        """Return an answer that has all objects of a kind in a namespace, or else the failure of one."""
        own = self._answer("list", kind, namespace, fields="", labels="")
        whole = self._answer("list", kind, None, fields="", labels="")
        complete = [answer for answer in (own, whole) if answer is not None and answer["status"] == 200]
        if complete:
            return complete[0]
        return own or whole or (self._union(kind) if namespace is None else None)

    def _union(self, kind: str) -> Object | None:
        """Return the lists of single namespaces as one, where the list of all was not asked for."""
        lists = [
            answer
            for answer in self._answers
            if (answer["verb"], answer["kind"], answer["status"]) == ("list", kind, 200) and not answer.get("labels")
        ]
        found = {
            (item["metadata"].get("namespace"), item["metadata"]["name"]): item for one in lists for item in one["body"]
        }
        return {"status": 200, "body": list(found.values())} if lists else None

    def _answer(self, verb: str, kind: str, namespace: str | None, **options: Any) -> Object | None:
        wanted = {"verb": verb, "kind": kind, "namespace": namespace} | options
        return next(
            (
                answer
                for answer in self._answers
                if answer["status"]
                and all((answer.get(key) or None) == (value or None) for key, value in wanted.items())
            ),
            None,
        )

    def _review(self, kind: str, spec: Any) -> Response:
        for answer in self._answers:
            if (answer["verb"], answer["kind"], answer.get("spec")) == ("review", kind, spec) and answer["status"]:
                body = {"kind": kind, "apiVersion": answer["api"]["api_version"], "metadata": {}, "spec": spec}
                is_success = answer["status"] == 200
                return (201, body | {"status": answer["body"]}) if is_success else (answer["status"], answer["body"])
        return failure(403, "Forbidden", "the archive does not have the rights of its account")

    # -- discovery, for kubectl ------------------------------------------------------------------------------------------

    def _discovery(self, path: str) -> Object | None:
        """Return the API's description of itself: kubectl asks for it."""
        path = path.rstrip("/")
        groups = sorted({version.rpartition("/")[0] for version, plural in self._kinds} - {""})
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(name) for name in groups]}
        version = path.removeprefix("/apis/") if path.startswith("/apis/") else path.removeprefix("/api/")
        resources = [
            {
                "name": plural,
                "singularName": kind.lower(),
                "namespaced": api["namespaced"],
                "kind": kind,
                "verbs": ["get", "list"],
            }
            for (known, plural), (kind, api) in sorted(self._kinds.items())
            if known == version
        ]
        if not resources:
            return None
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}

    def _group(self, name: str) -> Object:
        versions = sorted({version for version, plural in self._kinds if version.rpartition("/")[0] == name})
        listed = [{"groupVersion": version, "version": version.rpartition("/")[2]} for version in versions]
        return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _is_selected(item: Object, fields: str, labels: str) -> bool:
    """Return whether an object has the values of two selectors that know equality alone."""
    by_field = {"metadata.name": item["metadata"].get("name"), "metadata.namespace": item["metadata"].get("namespace")}
    by_label = item["metadata"].get("labels") or {}
    return all(
        known.get(key) == value
        for selector, known in ((fields, by_field), (labels, by_label))
        for key, value in (part.split("=", 1) for part in selector.replace("==", "=").split(",") if part)
    )
