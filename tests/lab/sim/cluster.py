# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of the lab as the simulator sees it: a store fed by watches, and verbs that write.

kopf watches (it lists again after an API server was unavailable), kubernetes_asyncio writes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
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

from lab.sim.kinds import KINDS, RESOURCES, WATCHED, api_version
from lab.sim.store import Object, Store, key_of

LOG = logging.getLogger("lab.sim.cluster")

#: errors of a write when the API server is unavailable, overloaded or denies it
API_ERRORS = (DynamicApiError, aiohttp.ClientError, OSError, asyncio.TimeoutError)
#: watches that were disconnected together list again within this many seconds
RELIST_SECONDS = 1.0
FIRST_LIST_ATTEMPTS = 30
#: a watch that gives up would end the simulator, so it waits longer than any test stops an API server
WATCH_ATTEMPTS = 600
ESTABLISHED_POLL_SECONDS = 0.05
MERGE = "application/merge-patch+json"


class _NoDiffs(kopf.DiffBaseStorage):
    """Disables kopf's computation of differences, which the simulator does not use."""

    def build(self, *, body: Any, extra_fields: Any = None, **rest: Any) -> Any:
        """Return an empty essence."""
        return {}

    def fetch(self, *, body: Any) -> Any:
        """Return no stored essence."""
        return None

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        """Store nothing, so that objects get no annotations."""


class Cluster:
    """An API server: the store fed by its watches, and the verbs that write."""

    def __init__(self, name: str, info: Object) -> None:
        self.name = name
        self.info = info
        self.store = Store()
        self._client: ApiClient | None = None
        self._dynamic: DynamicClient | None = None
        self._stop = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._writers = asyncio.Semaphore(8)
        self._listed_uids: set[str] = set()
        self._relisting: asyncio.Task[None] | None = None
        self._relist_again = False

    # ---- life ----

    async def start(self) -> None:
        """Connect and start the watches; return when the first lists are complete."""
        self._client = await client_config.new_client_from_config(self.info["simulator_kubeconfig"])
        self._dynamic = DynamicClient(self._client)
        self._watching = asyncio.create_task(self._watch(), name=f"watch-{self.name}")
        await self._fill()

    async def stop(self) -> None:
        """Stop the watches and close the connections."""
        self._stop.set()
        if self._relisting is not None:
            self._relisting.cancel()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching}, timeout=1.0)
        if self._client is not None:
            await self._client.close()

    async def _fill(self) -> None:
        """List each watched kind once, so that the store is complete before listeners act."""
        for kind in WATCHED:
            for body in await self._first_list(kind):
                self.store.update(kind, body)
        self.store.start_notifying()

    async def _first_list(self, kind: str) -> list[Object]:
        """List a kind; retry while a starting API server responds with 429 because the kind's storage is not ready."""
        for attempt in range(FIRST_LIST_ATTEMPTS):
            try:
                return await self.list_all(kind)
            except API_ERRORS as error:
                LOG.info("%s: %s cannot be listed (attempt %d): %s", self.name, kind, attempt, str(error)[:300])
            await asyncio.sleep(RELIST_SECONDS)
        return await self.list_all(kind)

    def _note_listed(self, uid: str) -> None:
        """Note an object listed by a watch; a second listing means that the API server was unavailable."""
        if uid not in self._listed_uids:
            self._listed_uids.add(uid)
            return
        self._relist_again = True
        if self._relisting is None or self._relisting.done():
            self._relisting = asyncio.create_task(self._relist(), name=f"relist-{self.name}")

    async def _relist(self) -> None:
        """List all kinds again while watches do: a watch does not report what was deleted before its list."""
        while self._relist_again:
            await asyncio.sleep(RELIST_SECONDS)
            self._relist_again = False
            try:
                for kind in WATCHED:
                    await self._relist_kind(kind)
            except API_ERRORS as error:
                LOG.info("%s cannot be listed, will retry: %s", self.name, str(error)[:300])
                self._relist_again = True

    async def _relist_kind(self, kind: str) -> None:
        before = self.store.all(kind)
        listed = {body["metadata"]["uid"]: body for body in await self.list_all(kind)}
        for body in before:
            if body["metadata"]["uid"] not in listed:
                LOG.info("%s: %s %s was deleted while its watch was disconnected", self.name, kind, key_of(body))
                self.store.update(kind, body, deleted=True)
        for body in listed.values():
            self.store.update(kind, body)

    async def _watch(self) -> None:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for kind in WATCHED:
            group, version, plural = KINDS[kind][:3]
            kopf.on.event(group, version, plural, registry=registry, id=f"update-{plural}")(self._event_handler(kind))
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.persistence.diffbase_storage = _NoDiffs()
        settings.networking.request_timeout = 30
        settings.networking.error_backoffs = (RELIST_SECONDS,) * WATCH_ATTEMPTS
        await kopf.operator(
            registry=registry, settings=settings, standalone=True, clusterwide=True, stop_flag=self._stop
        )

    def _event_handler(self, kind: str) -> Callable[..., Any]:
        async def handle(event: Any, **rest: Any) -> None:
            body = dict(event["object"])
            if event["type"] is None:
                self._note_listed(body["metadata"]["uid"])
            elif event["type"] == "DELETED":
                self._listed_uids.discard(body["metadata"]["uid"])
            self.store.update(kind, body, deleted=event["type"] == "DELETED")

        return handle

    def _login(self, **rest: Any) -> kopf.ConnectionInfo:
        document = yaml.safe_load(Path(self.info["simulator_kubeconfig"]).read_text(encoding="utf-8"))
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        return kopf.ConnectionInfo(
            server=cluster["server"],
            ca_path=cluster.get("certificate-authority"),
            ca_data=_text(cluster, "certificate-authority-data"),
            certificate_path=user.get("client-certificate"),
            certificate_data=_text(user, "client-certificate-data"),
            private_key_path=user.get("client-key"),
            private_key_data=_text(user, "client-key-data"),
            token=user.get("token"),
        )

    # ---- verbs ----

    async def _call(self, verb: str, kind: str, *args: Any, **kwargs: Any) -> Object:
        if self._dynamic is None:
            raise RuntimeError("the cluster is not started")
        async with self._writers:
            response = await getattr(self._dynamic, verb)(
                RESOURCES[kind], *args, serialize=False, header_params={}, query_params=[], **kwargs
            )
            return await _checked(response)

    def _stored(self, kind: str, body: Object) -> Object:
        """Update the store with the body of a response and return it."""
        if KINDS[kind][4] and body.get("kind") == kind:
            self.store.update(kind, body)
        return body

    async def list_all(self, kind: str) -> list[Object]:
        """Return all objects of a kind; none if the kind does not exist."""
        try:
            response = await self._call("get", kind)
        except NotFoundError:
            return []
        return [dict(item, kind=kind, apiVersion=api_version(kind)) for item in response.get("items", [])]

    async def read(self, kind: str, namespace: str, name: str) -> Object | None:
        """Read the object from the API server into the store; None if it does not exist."""
        try:
            return self._stored(kind, await self._call("get", kind, name, namespace or None))
        except NotFoundError:
            return None

    async def create(self, kind: str, body: Object, dry_run: bool = False) -> Object:
        """Create an object. ConflictError if it exists."""
        body = {"apiVersion": api_version(kind), "kind": kind, **body}
        if dry_run:
            return await self._call("create", kind, body, body["metadata"].get("namespace"), dry_run="All")
        return self._stored(kind, await self._call("create", kind, body, body["metadata"].get("namespace")))

    async def install_crds(self, definitions: list[Object]) -> None:
        """Create the missing CRDs, and wait until the API server serves them.

        kopf looks for new kinds when a CRD changes, but discovery lists a kind only some time after its CRD is
        established. So each CRD is annotated when discovery lists it; otherwise its kind might never be watched.
        """
        for body in definitions:
            with contextlib.suppress(ConflictError):
                await self.create("CustomResourceDefinition", body)
        for body in definitions:
            name = body["metadata"]["name"]
            while not (await self._is_established(name) and await self._is_discovered(body)):
                await asyncio.sleep(ESTABLISHED_POLL_SECONDS)
            await self.patch(
                "CustomResourceDefinition", "", name, {"metadata": {"annotations": {"lab/discovered": "true"}}}
            )

    async def _is_discovered(self, definition: Object) -> bool:
        """Return whether the API server's discovery lists the kind of a CRD."""
        if self._dynamic is None:
            raise RuntimeError("the cluster is not started")
        spec = definition["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}"
        async with self._writers:
            response = await self._dynamic.request("get", path, header_params={}, query_params=[], serialize=False)
            try:
                resource_list = await _checked(response)
            except NotFoundError:
                return False
        return any(resource["name"] == spec["names"]["plural"] for resource in resource_list.get("resources", []))

    async def _is_established(self, name: str) -> bool:
        body = await self.read("CustomResourceDefinition", "", name)
        conditions = ((body or {}).get("status") or {}).get("conditions") or []
        return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)

    async def patch(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        """Apply a JSON merge patch."""
        return self._stored(kind, await self._call("patch", kind, body, name, namespace or None, content_type=MERGE))

    async def patch_status(self, kind: str, namespace: str, name: str, status: Object | None) -> Object:
        """Apply a JSON merge patch to the status subresource."""
        if self._dynamic is None:
            raise RuntimeError("the cluster is not started")
        path = RESOURCES[kind].path(name=name, namespace=namespace or None) + "/status"
        async with self._writers:
            response = await self._dynamic.request(
                "patch",
                path,
                body={"status": status},
                content_type=MERGE,
                header_params={},
                query_params=[],
                serialize=False,
            )
            return self._stored(kind, await _checked(response))

    async def delete(self, kind: str, namespace: str, name: str, now: bool = False, uid: str | None = None) -> None:
        """Delete an object, only the one with this uid where one is given; ignore that it does not exist."""
        options: Object = {"gracePeriodSeconds": 0} if now else {}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        try:
            body = await self._call("delete", kind, name, namespace or None, body=options or None)
        except NotFoundError:
            return
        except ConflictError:
            if uid is None:
                raise
            return  # another object of that name
        known = self.store.get(kind, namespace, name)
        if now and known is not None and body.get("kind") in (kind, "Status"):
            self.store.update(kind, known, deleted=True)

    async def ensure(self, kind: str, body: Object) -> Object:
        """Create an object, or patch the existing one."""
        namespace, name = key_of(body)
        try:
            return await self.create(kind, body)
        except ConflictError:
            return await self.patch(kind, namespace, name, body)


async def _checked(response: Any) -> Object:
    """Return the body of a response, or raise its error, which the client does not do."""
    text = await response.read()
    if response.status >= 400:
        error = ApiException(status=response.status, reason=response.reason)
        error.body, error.headers = text.decode(errors="replace"), response.headers
        raise api_exception(error)
    body: Object = json.loads(text)
    return body


def _text(section: Object, key: str) -> str | None:
    """Return a data field of a kubeconfig as kopf needs it: base64, validated."""
    value = section.get(key)
    if value is not None:
        base64.b64decode(value, validate=True)
    return value
