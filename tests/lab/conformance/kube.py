# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes access of the cases: an API client, and watches that record every version of an object with its time."""

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
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
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
    """Conversion of product seconds: the simulator runs ``speed`` times as fast."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    def real(self, seconds: float) -> float:
        """Convert product seconds to real seconds."""
        return seconds / self.speed

    def product(self, real: float) -> float:
        """Convert real seconds to product seconds."""
        return real * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait for product seconds; only for cases about the passage of time itself."""
        threading.Event().wait(self.real(seconds))


@dataclass(frozen=True)
class SeenVersion:
    """A version of an object (None: it was deleted) and when it was seen (monotonic seconds)."""

    moment: float
    name: str
    body: Object | None


class ObjectWatch:
    """Watch of a kind in a namespace for the whole session, which records all versions."""

    def __init__(self, api: Api, kind: str, namespace: str) -> None:
        self._api, self._kind, self._namespace = api, kind, namespace
        self._changed = threading.Condition()
        self._versions: list[SeenVersion] = []
        self._current: dict[str, Object] = {}
        self._listed = threading.Event()
        threading.Thread(target=self._run, daemon=True, name=f"watch {namespace} {kind}").start()
        if not self._listed.wait(30):
            raise TimeoutError(f"{kind} in {namespace} could not be listed")

    def _run(self) -> None:
        resource = self._api.resource(self._kind)
        while True:
            try:
                self._follow(resource, self._list(resource))
            except (ApiException, DynamicApiError, urllib3.exceptions.HTTPError, ValueError):
                threading.Event().wait(0.1)

    def _list(self, resource: Resource) -> str:
        response = resource.get(namespace=self._namespace).to_dict()
        listed = {item["metadata"]["name"]: item for item in response["items"]}
        with self._changed:
            deleted = set(self._current) - set(listed)
        for name in deleted:
            self._add(name, None)
        for name, item in listed.items():
            self._add(name, {"kind": self._kind} | item)
        self._listed.set()
        return str(response["metadata"]["resourceVersion"])

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
                self._add(body["metadata"]["name"], None if event["type"] == "DELETED" else body)

    def _add(self, name: str, body: Object | None) -> None:
        with self._changed:
            if body is None:
                self._current.pop(name, None)
            else:
                self._current[name] = body
            self._versions.append(SeenVersion(time.monotonic(), name, body))
            self._changed.notify_all()

    def forget_history(self) -> None:
        """Forget the versions before this case, except the current ones."""
        with self._changed:
            moment = time.monotonic()
            self._versions = [SeenVersion(moment, name, body) for name, body in self._current.items()]

    def current(self, name: str) -> Object | None:
        """Return the newest version, None when the object does not exist."""
        with self._changed:
            return self._current.get(name)

    def all(self) -> dict[str, Object]:
        """Return the newest version of all objects by name."""
        with self._changed:
            return dict(self._current)

    def versions(self, name: str, since: float = 0.0) -> list[SeenVersion]:
        """Return all versions since the moment, starting with the version current at that moment."""
        with self._changed:
            own = [seen for seen in self._versions if seen.name == name]
        before = [seen for seen in own if seen.moment < since]
        return before[-1:] + [seen for seen in own if seen.moment >= since]

    def until(
        self, name: str, predicate: Predicate, real_seconds: float, since: float | None = None, expected: str = ""
    ) -> SeenVersion:
        """Return the first version since the moment (default: now) that satisfies the predicate.

        AssertionError with the last version after the timeout. The predicate gets {} for a deleted object.
        """
        start = time.monotonic()
        since = start if since is None else since
        deadline = start + real_seconds
        with self._changed:
            while True:
                for seen in self._versions_unlocked(name, since):
                    if predicate(seen.body or {}):
                        return SeenVersion(max(seen.moment, since), name, seen.body)
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            last = self._current.get(name)
        raise AssertionError(
            f"{self._kind} {self._namespace}/{name}: {expected or 'the expected state'} was not seen within "
            f"{real_seconds:.1f} s; current object: {shown(last)}"
        )

    def _versions_unlocked(self, name: str, since: float) -> list[SeenVersion]:
        """Return ``versions`` for a caller that holds the lock; without any version the object does not exist."""
        own = [seen for seen in self._versions if seen.name == name]
        before = [seen for seen in own if seen.moment < since]
        first = before[-1:] or [SeenVersion(since, name, None)]
        return first + [seen for seen in own if seen.moment >= since]

    def never(self, name: str, predicate: Predicate, real_seconds: float, unexpected: str) -> None:
        """Watch for a time. AssertionError as soon as a version satisfies the predicate."""
        start = time.monotonic()
        try:
            seen = self.until(name, predicate, real_seconds, start)
        except AssertionError:
            return
        raise AssertionError(
            f"{self._kind} {self._namespace}/{name}: {unexpected} after {seen.moment - start:.2f} s: {shown(seen.body)}"
        )


def shown(body: Object | None) -> str:
    """Return the relevant parts of an object as text."""
    if body is None:
        return "none"
    meta = body["metadata"]
    brief = {
        "generation": meta.get("generation"),
        "created": meta.get("creationTimestamp"),
        "spec": body.get("spec"),
        "status": body.get("status"),
    }
    return json.dumps(brief, indent=1)


def _plain(response: Any) -> Object:
    """Return an response of the dynamic client as a plain dictionary."""
    body: Object = response.to_dict()
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
        """Return whether the object exists."""
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
        """Replace the object."""
        return _plain(self.resource(body["kind"]).replace(body=body, namespace=body["metadata"].get("namespace")))

    def delete(self, kind: str, name: str, namespace: str | None) -> None:
        """Delete the object; ignore that it does not exist."""
        try:
            self.resource(kind).delete(name=name, namespace=namespace)
        except NotFoundError:
            return
