# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster of the lab as the simulator sees it: what is there (from watches) and how to write.

Watching is kopf's work (it lists anew and goes on when an API server was away), writing is kubernetes_asyncio's.
"""
from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import yaml
from kubernetes_asyncio import config as client_config
from kubernetes_asyncio.client import ApiClient
from kubernetes_asyncio.client.rest import ApiException
from kubernetes_asyncio.dynamic import DynamicClient
from kubernetes_asyncio.dynamic.exceptions import ConflictError, DynamicApiError, NotFoundError, api_exception
from kubernetes_asyncio.dynamic.resource import Resource

LOG = logging.getLogger("lab.sim.cluster")
Object = dict[str, Any]
Key = tuple[str, str]
Listener = Callable[[str, Object | None, Object | None], None]

#: what a write can fail with when the API server is away, overloaded or forbids
API_ERRORS = (DynamicApiError, aiohttp.ClientError, OSError, asyncio.TimeoutError)
#: kind -> (group, version, plural, namespaced, watched)
KINDS: dict[str, tuple[str, str, str, bool, bool]] = {
    "Namespace": ("", "v1", "namespaces", False, True),
    "Node": ("", "v1", "nodes", False, True),
    "Service": ("", "v1", "services", True, True),
    "Pod": ("", "v1", "pods", True, True),
    "ConfigMap": ("", "v1", "configmaps", True, True),
    "Secret": ("", "v1", "secrets", True, True),
    "ServiceAccount": ("", "v1", "serviceaccounts", True, False),
    "Event": ("", "v1", "events", True, False),
    "Deployment": ("apps", "v1", "deployments", True, True),
    "HorizontalPodAutoscaler": ("autoscaling", "v2", "horizontalpodautoscalers", True, False),
    "PodDisruptionBudget": ("policy", "v1", "poddisruptionbudgets", True, False),
    "Role": ("rbac.authorization.k8s.io", "v1", "roles", True, False),
    "RoleBinding": ("rbac.authorization.k8s.io", "v1", "rolebindings", True, False),
    "NetworkPolicy": ("networking.k8s.io", "v1", "networkpolicies", True, False),
    "Route": ("route.openshift.io", "v1", "routes", True, False),
    "MutatingWebhookConfiguration": (
        "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", False, False),
    "ValidatingWebhookConfiguration": (
        "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", False, False),
    "CustomResourceDefinition": ("apiextensions.k8s.io", "v1", "customresourcedefinitions", False, False),
    "Subscription": ("operators.coreos.com", "v1alpha1", "subscriptions", True, True),
    "ClusterServiceVersion": ("operators.coreos.com", "v1alpha1", "clusterserviceversions", True, True),
    "OperatorGroup": ("operators.coreos.com", "v1", "operatorgroups", True, True),
    "ServiceMeshControlPlane": ("maistra.io", "v2", "servicemeshcontrolplanes", True, True),
    "ServiceMeshMemberRoll": ("maistra.io", "v1", "servicemeshmemberrolls", True, True),
    "ServiceMeshPeer": ("federation.maistra.io", "v1", "servicemeshpeers", True, True),
    "ExportedServiceSet": ("federation.maistra.io", "v1", "exportedservicesets", True, True),
    "ImportedServiceSet": ("federation.maistra.io", "v1", "importedservicesets", True, True),
}
WATCHED = [kind for kind, facts in KINDS.items() if facts[4]]
#: watches that were cut together list anew within this many seconds
SETTLE = 1.0
FIRST_TRIES = 30
ESTABLISHED_PAUSE = 0.05
MERGE = "application/merge-patch+json"


def _resource(kind: str) -> Resource:
    group, version, plural, namespaced = KINDS[kind][:4]
    return Resource(prefix="apis" if group else "api", group=group, api_version=version, kind=kind, name=plural,
                    namespaced=namespaced)


RESOURCES = {kind: _resource(kind) for kind in KINDS}


def api_version(kind: str) -> str:
    """apiVersion as objects of the kind carry it."""
    return str(RESOURCES[kind].group_version)


def key_of(body: Object) -> Key:
    """(namespace, name) of an object."""
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


class Store:
    """What is in the cluster, by kind and (namespace, name), as the watches told; tells listeners of changes."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[Key, Object]] = {kind: {} for kind in KINDS}
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._held: bool = True
        #: (kind, namespace, name) -> resource version at which an object of that name was last seen to go
        self.gone_at: dict[tuple[str, str, str], int] = {}

    def release(self) -> None:
        """All kinds are listed: from now on listeners are told, of what is there first.

        Before that nobody decides anything: a pod whose Deployment is not listed yet is no orphan.
        """
        self._held = False
        for kind, objects in self._objects.items():
            for body in list(objects.values()):
                self._tell(kind, body, None)

    def listen(self, kind: str, listener: Listener) -> None:
        """Call listener(kind, new or None, old or None) at each change of an object of the kind."""
        self._listeners[kind].append(listener)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._objects[kind].get((namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """All objects of a kind, of one namespace if given."""
        return [one for key, one in list(self._objects[kind].items()) if namespace in (None, key[0])]

    def take(self, kind: str, body: Object, gone: bool = False) -> None:
        """Take in what a watch or an answer told. What is older than what is known, or than its end, is passed over."""
        objects, key = self._objects[kind], key_of(body)
        old = objects.get(key)
        if gone:
            if old is None or old["metadata"]["uid"] != body["metadata"]["uid"]:
                return
            del objects[key]
            self.gone_at[kind, *key] = version(body)
            self._tell(kind, None, old)
            return
        known = version(old) if old is not None else self.gone_at.get((kind, *key), 0)
        if known >= version(body):
            return
        objects[key] = body
        self._tell(kind, body, old)

    def _tell(self, kind: str, new: Object | None, old: Object | None) -> None:
        for listener in [] if self._held else list(self._listeners[kind]):
            try:
                listener(kind, new, old)
            except Exception:
                LOG.exception("a listener for %s failed", kind)


def version(body: Object) -> int:
    """Versions of one cluster can be compared: they count the writes to its store."""
    return int(body["metadata"]["resourceVersion"])


class _NoDiffs(kopf.DiffBaseStorage):
    """We take objects as they come: the differences that kopf would compute for each event are nobody's."""

    def build(self, *, body: Any, extra_fields: Any = None, **rest: Any) -> Any:
        """No essence of an object is needed."""
        return {}

    def fetch(self, *, body: Any) -> Any:
        """None was stored."""
        return None

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        """None is stored: the simulator leaves no annotations behind."""


class Cluster:
    """One API server: a store that its watches feed, and the verbs that write."""

    def __init__(self, name: str, info: Object) -> None:
        self.name = name
        self.info = info
        self.store = Store()
        self._client: ApiClient | None = None
        self._dynamic: DynamicClient | None = None
        self._stop = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._writers = asyncio.Semaphore(8)
        self._told: set[str] = set()
        self._relisting: asyncio.Task[None] | None = None
        self._relist_again = False

    # ---- life ----

    async def start(self) -> None:
        """Connect and begin to watch; returns when the first lists are in."""
        self._client = await client_config.new_client_from_config(self.info["simulator_kubeconfig"])
        self._dynamic = DynamicClient(self._client)
        self._watching = asyncio.create_task(self._watch(), name=f"watch-{self.name}")
        await self._fill()

    async def stop(self) -> None:
        """End the watches and the connections."""
        self._stop.set()
        if self._relisting is not None:
            self._relisting.cancel()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching}, timeout=1.0)
        if self._client is not None:
            await self._client.close()

    async def _fill(self) -> None:
        """One list of each watched kind, so that nobody decides before the watches have told everything."""
        for kind in WATCHED:
            for body in await self._first_list(kind):
                self.store.take(kind, body)
        self.store.release()

    async def _first_list(self, kind: str) -> list[Object]:
        """A young API server answers 429 for kinds whose storage it is still making."""
        for attempt in range(FIRST_TRIES):
            try:
                return await self.list_all(kind)
            except API_ERRORS as error:
                LOG.info("%s: %s cannot be listed yet (%d): %s", self.name, kind, attempt, str(error)[:300])
            await asyncio.sleep(SETTLE)
        return await self.list_all(kind)

    def _listed(self, uid: str) -> None:
        """A watch lists: what it lists a second time it lists because the API server was away."""
        if uid not in self._told:
            self._told.add(uid)
            return
        self._relist_again = True
        if self._relisting is None or self._relisting.done():
            self._relisting = asyncio.create_task(self._relist(), name=f"relist-{self.name}")

    async def _relist(self) -> None:
        """List all kinds anew, and again as long as watches do: no watch tells what was deleted before its list."""
        while self._relist_again:
            await asyncio.sleep(SETTLE)
            self._relist_again = False
            try:
                for kind in WATCHED:
                    await self._relist_kind(kind)
            except API_ERRORS as error:
                LOG.info("%s cannot be listed yet: %s", self.name, str(error)[:300])
                self._relist_again = True

    async def _relist_kind(self, kind: str) -> None:
        before = self.store.all(kind)
        found = {body["metadata"]["uid"]: body for body in await self.list_all(kind)}
        for body in before:
            if body["metadata"]["uid"] not in found:
                LOG.info("%s: %s %s went while nobody watched", self.name, kind, key_of(body))
                self.store.take(kind, body, gone=True)
        for body in found.values():
            self.store.take(kind, body)

    async def _watch(self) -> None:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for kind in WATCHED:
            group, version, plural = KINDS[kind][:3]
            kopf.on.event(group, version, plural, registry=registry, id=f"take-{plural}")(self._taker(kind))
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.persistence.diffbase_storage = _NoDiffs()
        settings.networking.request_timeout = 30
        await kopf.operator(registry=registry, settings=settings, standalone=True, clusterwide=True,
                            stop_flag=self._stop)

    def _taker(self, kind: str) -> Callable[..., Any]:
        async def take(event: Any, **rest: Any) -> None:
            body = dict(event["object"])
            if event["type"] is None:
                self._listed(body["metadata"]["uid"])
            elif event["type"] == "DELETED":
                self._told.discard(body["metadata"]["uid"])
            self.store.take(kind, body, gone=event["type"] == "DELETED")
        return take

    def _login(self, **rest: Any) -> kopf.ConnectionInfo:
        document = yaml.safe_load(Path(self.info["simulator_kubeconfig"]).read_text(encoding="utf-8"))
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        return kopf.ConnectionInfo(
            server=cluster["server"],
            ca_path=cluster.get("certificate-authority"), ca_data=_text(cluster, "certificate-authority-data"),
            certificate_path=user.get("client-certificate"), certificate_data=_text(user, "client-certificate-data"),
            private_key_path=user.get("client-key"), private_key_data=_text(user, "client-key-data"),
            token=user.get("token"))

    # ---- verbs ----

    async def _call(self, verb: str, kind: str, *args: Any, **kwargs: Any) -> Object:
        if self._dynamic is None:
            raise RuntimeError("the cluster is not started")
        async with self._writers:
            answer = await getattr(self._dynamic, verb)(RESOURCES[kind], *args, serialize=False,
                                                        header_params={}, query_params=[], **kwargs)
            return await _checked(answer)

    def _learn(self, kind: str, body: Object) -> Object:
        if KINDS[kind][4] and body.get("kind") == kind:
            self.store.take(kind, body)
        return body

    async def list_all(self, kind: str) -> list[Object]:
        """All objects of a kind; none where the kind does not exist."""
        try:
            answer = await self._call("get", kind)
        except NotFoundError:
            return []
        return [dict(one, kind=kind, apiVersion=api_version(kind)) for one in answer.get("items", [])]

    async def read(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object as the API server has it now; the store learns it."""
        try:
            return self._learn(kind, await self._call("get", kind, name, namespace or None))
        except NotFoundError:
            return None

    async def create(self, kind: str, body: Object, dry_run: bool = False) -> Object:
        """Create; ConflictError when it is there."""
        body = {"apiVersion": api_version(kind), "kind": kind, **body}
        if dry_run:
            return await self._call("create", kind, body, body["metadata"].get("namespace"), dry_run="All")
        return self._learn(kind, await self._call("create", kind, body, body["metadata"].get("namespace")))

    async def bring(self, definitions: list[Object]) -> None:
        """Create the custom resource definitions that are not there, and wait until the API server serves them.

        kopf looks for kinds when a definition changes, and discovery names a kind a moment after its definition is
        established: so each is touched once more when discovery names it, or its kind might never be watched.
        """
        for body in definitions:
            with contextlib.suppress(ConflictError):
                await self.create("CustomResourceDefinition", body)
        for body in definitions:
            name = body["metadata"]["name"]
            while not (await self._established(name) and await self._discovered(body)):
                await asyncio.sleep(ESTABLISHED_PAUSE)
            await self.patch("CustomResourceDefinition", "", name, {"metadata": {"annotations": {"lab/discovered": "true"}}})

    async def _discovered(self, definition: Object) -> bool:
        """Whether the API server's discovery names the kind of a definition."""
        if self._dynamic is None:
            raise RuntimeError("the cluster is not started")
        spec = definition["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}"
        async with self._writers:
            answer = await self._dynamic.request("get", path, header_params={}, query_params=[], serialize=False)
            try:
                found = await _checked(answer)
            except NotFoundError:
                return False
        return any(one["name"] == spec["names"]["plural"] for one in found.get("resources", []))

    async def _established(self, name: str) -> bool:
        body = await self.read("CustomResourceDefinition", "", name)
        conditions = ((body or {}).get("status") or {}).get("conditions") or []
        return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)

    async def patch(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        """JSON merge patch."""
        return self._learn(kind, await self._call("patch", kind, body, name, namespace or None, content_type=MERGE))

    async def patch_status(self, kind: str, namespace: str, name: str, status: Object | None) -> Object:
        """JSON merge patch of the status, through the status subresource."""
        if self._dynamic is None:
            raise RuntimeError("the cluster is not started")
        path = RESOURCES[kind].path(name=name, namespace=namespace or None) + "/status"
        async with self._writers:
            answer = await self._dynamic.request("patch", path, body={"status": status}, content_type=MERGE,
                                                 header_params={}, query_params=[], serialize=False)
            return self._learn(kind, await _checked(answer))

    async def delete(self, kind: str, namespace: str, name: str, now: bool = False) -> None:
        """Delete; that it is gone already is no error."""
        options = {"gracePeriodSeconds": 0} if now else None
        try:
            body = await self._call("delete", kind, name, namespace or None, body=options)
        except NotFoundError:
            return
        known = self.store.get(kind, namespace, name)
        if now and known is not None and body.get("kind") in (kind, "Status"):
            self.store.take(kind, known, gone=True)

    async def ensure(self, kind: str, body: Object) -> Object:
        """Create, or patch what is there to the same."""
        namespace, name = key_of(body)
        try:
            return await self.create(kind, body)
        except ConflictError:
            return await self.patch(kind, namespace, name, body)


async def _checked(answer: Any) -> Object:
    """Body of an answer; the client leaves it to us to see whether it is an error."""
    text = await answer.read()
    if answer.status >= 400:
        error = ApiException(status=answer.status, reason=answer.reason)
        error.body, error.headers = text.decode(errors="replace"), answer.headers
        raise api_exception(error)
    body: Object = json.loads(text)
    return body


def _text(section: Object, key: str) -> str | None:
    """kopf takes the data fields as they stand in a kubeconfig (base64)."""
    value = section.get(key)
    if value is not None:
        base64.b64decode(value, validate=True)
    return value


__all__ = ["API_ERRORS", "Cluster", "ConflictError", "DynamicApiError", "Key", "NotFoundError", "Object", "Store",
           "api_version", "key_of", "version"]
