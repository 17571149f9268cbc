# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain Kubernetes for the cases: write, and look through watches that remember when they saw what."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import config, watch
from kubernetes.client import ApiException, Configuration
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError
from kubernetes.dynamic.resource import Resource

Object = dict[str, Any]
Predicate = Callable[[Object], Any]

API_VERSIONS = {
    "ServiceMeshPeer": "federation.maistra.io/v1",
    "ExportedServiceSet": "federation.maistra.io/v1",
    "ImportedServiceSet": "federation.maistra.io/v1",
    "ServiceMeshControlPlane": "maistra.io/v2",
    "ServiceMeshMemberRoll": "maistra.io/v1",
    "Deployment": "apps/v1",
    "Route": "route.openshift.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}
MERGE = "application/merge-patch+json"
WATCH_SECONDS = 300
CONNECTIONS = 64


class Clock:
    """The product's seconds: the simulator runs ``speed`` times as fast."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    def real(self, seconds: float) -> float:
        """Return how long so many of the product's seconds take here."""
        return seconds / self.speed

    def product(self, real: float) -> float:
        """Return how many of the product's seconds have gone by in ``real`` seconds."""
        return real * self.speed

    def sleep(self, seconds: float) -> None:
        """Let so many of the product's seconds go by: only where the case itself is 'so long later'."""
        threading.Event().wait(self.real(seconds))


@dataclass(frozen=True)
class Sight:
    """One version of an object (None: it is gone), and when it was seen (monotonic seconds)."""

    moment: float
    name: str
    body: Object | None


class Eye:
    """Watches one kind in one namespace for as long as the session lasts, and remembers everything that it saw."""

    def __init__(self, api: Api, kind: str, namespace: str) -> None:
        self._api, self._kind, self._namespace = api, kind, namespace
        self._news = threading.Condition()
        self._sights: list[Sight] = []
        self._now: dict[str, Object] = {}
        self._listed = threading.Event()
        threading.Thread(target=self._look, daemon=True, name=f"eye {namespace} {kind}").start()
        if not self._listed.wait(30):
            raise TimeoutError(f"{kind} in {namespace} could not be listed")

    def _look(self) -> None:
        resource = self._api.resource(self._kind)
        while True:
            try:
                self._follow(resource, self._list(resource))
            except (ApiException, DynamicApiError, urllib3.exceptions.HTTPError, ValueError):
                threading.Event().wait(0.1)

    def _list(self, resource: Resource) -> str:
        answer = resource.get(namespace=self._namespace).to_dict()
        found = {item["metadata"]["name"]: item for item in answer["items"]}
        with self._news:
            gone = set(self._now) - set(found)
        for name in gone:
            self._take(name, None)
        for name, item in found.items():
            self._take(name, {"kind": self._kind} | item)
        self._listed.set()
        return str(answer["metadata"]["resourceVersion"])

    def _follow(self, resource: Resource, version: str) -> None:
        stream = watch.Watch().stream(
            resource.get,
            namespace=self._namespace,
            resource_version=version,
            serialize=False,
            timeout_seconds=WATCH_SECONDS,
        )
        for event in stream:
            body = event["raw_object"]
            if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                self._take(body["metadata"]["name"], None if event["type"] == "DELETED" else body)

    def _take(self, name: str, body: Object | None) -> None:
        with self._news:
            if body is None:
                self._now.pop(name, None)
            else:
                self._now[name] = body
            self._sights.append(Sight(time.monotonic(), name, body))
            self._news.notify_all()

    def forget(self) -> None:
        """Forget what was before this case; what is there now stays known."""
        with self._news:
            moment = time.monotonic()
            self._sights = [Sight(moment, name, body) for name, body in self._now.items()]

    def now(self, name: str) -> Object | None:
        """Return the newest version seen, None when there is no such object."""
        with self._news:
            return self._now.get(name)

    def all(self) -> dict[str, Object]:
        """Return the newest versions of all objects by name."""
        with self._news:
            return dict(self._now)

    def sights(self, name: str, since: float = 0.0) -> list[Sight]:
        """Return every version seen since the moment; the first one is what was there at that moment."""
        with self._news:
            mine = [sight for sight in self._sights if sight.name == name]
        before = [sight for sight in mine if sight.moment < since]
        return before[-1:] + [sight for sight in mine if sight.moment >= since]

    def until(
        self, name: str, predicate: Predicate, real_seconds: float, since: float | None = None, words: str = ""
    ) -> Sight:
        """Return the first version (since the moment, default: what is there now) that the predicate likes.

        AssertionError with the last version when the time is over. A gone object is {} to the predicate.
        """
        begin = time.monotonic()
        since = begin if since is None else since
        deadline = begin + real_seconds
        with self._news:
            while True:
                for sight in self.sights_unlocked(name, since):
                    if predicate(sight.body or {}):
                        return Sight(max(sight.moment, since), name, sight.body)
                rest = deadline - time.monotonic()
                if rest <= 0:
                    break
                self._news.wait(rest)
            last = self._now.get(name)
        raise AssertionError(
            f"{self._kind} {self._namespace}/{name}: {words or 'what was awaited'} was not seen within "
            f"{real_seconds:.1f} s; it is {shown(last)}"
        )

    def sights_unlocked(self, name: str, since: float) -> list[Sight]:
        """As ``sights``, for a caller that holds the lock; nothing seen at all counts as 'is not there'."""
        mine = [sight for sight in self._sights if sight.name == name]
        before = [sight for sight in mine if sight.moment < since]
        first = before[-1:] or [Sight(since, name, None)]
        return first + [sight for sight in mine if sight.moment >= since]

    def never(self, name: str, predicate: Predicate, real_seconds: float, words: str) -> None:
        """Watch for so long; AssertionError as soon as a version is seen that the predicate likes."""
        begin = time.monotonic()
        try:
            sight = self.until(name, predicate, real_seconds, begin)
        except AssertionError:
            return
        raise AssertionError(
            f"{self._kind} {self._namespace}/{name}: {words} after {sight.moment - begin:.2f} s: {shown(sight.body)}"
        )


def shown(body: Object | None) -> str:
    """Return what a person wants to see of an object."""
    if body is None:
        return "not there"
    meta = body["metadata"]
    brief = {
        "generation": meta.get("generation"),
        "created": meta.get("creationTimestamp"),
        "spec": body.get("spec"),
        "status": body.get("status"),
    }
    return json.dumps(brief, indent=1)


def _plain(answer: Any) -> Object:
    """Return an answer of the dynamic client as a plain dictionary."""
    body: Object = answer.to_dict()
    return body


class Api:
    """One cluster's API, as its administrator."""

    def __init__(self, kubeconfig: str, cache: Path) -> None:
        settings = Configuration()
        settings.connection_pool_maxsize = CONNECTIONS
        self.client = DynamicClient(
            config.new_client_from_config(kubeconfig, client_configuration=settings), cache_file=str(cache)
        )
        self._resources: dict[str, Resource] = {}

    def resource(self, kind: str) -> Resource:
        """Return the resource of a kind."""
        if kind not in self._resources:
            self._resources[kind] = self.client.resources.get(api_version=API_VERSIONS.get(kind, "v1"), kind=kind)
        return self._resources[kind]

    def get(self, kind: str, name: str, namespace: str | None) -> Object:
        """Return the object; NotFoundError when there is none."""
        return _plain(self.resource(kind).get(name=name, namespace=namespace))

    def exists(self, kind: str, name: str, namespace: str | None) -> bool:
        """Say whether the object is there."""
        try:
            self.get(kind, name, namespace)
        except NotFoundError:
            return False
        return True

    def list(self, kind: str, namespace: str, **options: Any) -> list[Object]:
        """Return the objects of a namespace."""
        items: list[Object] = self.resource(kind).get(namespace=namespace, **options).to_dict()["items"]
        return items

    def create(self, body: Object, dry_run: bool = False) -> Object:
        """Create the object."""
        options = {"dry_run": "All"} if dry_run else {}
        return _plain(
            self.resource(body["kind"]).create(body=body, namespace=body["metadata"].get("namespace"), **options)
        )

    def apply(self, body: Object, manager: str = "conformance", force: bool = False, dry_run: bool = False) -> Object:
        """Apply the object server-side."""
        options: dict[str, Any] = {"dry_run": "All"} if dry_run else {}
        return _plain(
            self.resource(body["kind"]).server_side_apply(
                body=body,
                name=body["metadata"]["name"],
                namespace=body["metadata"].get("namespace"),
                field_manager=manager,
                force_conflicts=force,
                **options,
            )
        )

    def patch(self, kind: str, name: str, namespace: str | None, change: Object, dry_run: bool = False) -> Object:
        """Merge the change into the object (JSON merge patch)."""
        options = {"dry_run": "All"} if dry_run else {}
        return _plain(
            self.resource(kind).patch(body=change, name=name, namespace=namespace, content_type=MERGE, **options)
        )

    def replace(self, body: Object) -> Object:
        """Put the object in the place of the old one."""
        return _plain(self.resource(body["kind"]).replace(body=body, namespace=body["metadata"].get("namespace")))

    def delete(self, kind: str, name: str, namespace: str | None) -> None:
        """Delete the object; that it is gone already is no error."""
        try:
            self.resource(kind).delete(name=name, namespace=namespace)
        except NotFoundError:
            return
