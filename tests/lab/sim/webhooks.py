# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's admission webhooks: HTTPS on loopback, registered with each API server (failurePolicy Fail).

Source: maistra/istio-operator maistra-2.5, pkg/controller/servicemesh/webhooks and (for ClusterWide) pkg/controller/versions;
messages as observed on the operator.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import datetime
import ipaddress
import json
import logging
import os
import ssl
import threading
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubernetes_asyncio import config as client_config
from kubernetes_asyncio.client import (
    ApiClient,
    AuthorizationV1Api,
    V1ResourceAttributes,
    V1SubjectAccessReview,
    V1SubjectAccessReviewSpec,
)
from kubernetes_asyncio.dynamic.exceptions import DynamicApiError, NotFoundError

from lab.sim.cluster import Cluster
from lab.sim.manifests import dig
from lab.sim.store import Object
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.webhooks")
NAME = "openshift-operators.servicemesh-resources.maistra.io"
VERSIONS = ("v2.0", "v2.1", "v2.2", "v2.3", "v2.4", "v2.5")
PROBE_ATTEMPTS, PROBE_PAUSE_SECONDS = 100, 0.1
UPDATE_PODS = {"verb": "update", "group": "", "resource": "pods"}
#: Right that the author of a cluster-wide control plane needs, by version, and its name in the message.
CLUSTER_WIDE_RIGHTS = {"v2.4": ({"verb": "*", "group": "*", "resource": "*"}, "cluster-admin")}
CLUSTER_WIDE_DEFAULT = (
    {"verb": "create", "group": "maistra.io", "resource": "servicemeshcontrolplanes"},
    'cluster-scoped "create SMCP"',
)
RESERVED = ("istio-ingressgateway", "istio-egressgateway")


def validation_error(body: Object, others: list[Object], creating: bool) -> str:
    """Return the error message of the validating webhook for a control plane, or an empty string."""
    if creating and any(
        other["metadata"]["namespace"] == body["metadata"].get("namespace")
        and other["metadata"]["name"] != body["metadata"].get("name")
        for other in others
    ):
        return "only one service mesh may be installed per project/namespace"
    version = dig(body, "spec", "version")
    if version and version not in VERSIONS:
        return f"invalid Version specified; supported versions are: [{' '.join(VERSIONS)}]"
    if dig(body, "spec", "mode") and version in VERSIONS[:4]:
        return f"field spec.mode is not supported in version {version}"
    is_cluster_wide = dig(body, "spec", "mode") == "ClusterWide"
    remaining = [other for other in others if other["metadata"].get("uid") != body["metadata"].get("uid")]
    if is_cluster_wide and remaining:
        return "a cluster-scoped SMCP may only be created when no other SMCPs exist"
    if any(dig(other, "spec", "mode") == "ClusterWide" for other in remaining):
        return "no other SMCPs may be created when a cluster-scoped SMCP exists"
    return _gateway_error(body)


def _gateway_error(body: Object) -> str:
    section = dig(body, "spec", "gateways") or {}
    seen = set()
    for key in ("additionalIngress", "additionalEgress"):
        for name, spec in sorted((section.get(key) or {}).items()):
            if name in RESERVED:
                return f'cannot define additional gateway named "{name}"'
            key_of_gateway = f"{(spec or {}).get('namespace') or body['metadata'].get('namespace')}/{name}"
            if key_of_gateway in seen:
                return f'multiple gateways defined for "{key_of_gateway}"'
            seen.add(key_of_gateway)
    return ""


def defaulted(body: Object) -> Object:
    """Return the control plane with the defaults of the mutating webhook: targetPort 0 in all ports, profile, version."""
    new = copy.deepcopy(body)
    spec = new.setdefault("spec", {})
    spec.setdefault("version", VERSIONS[-1])
    if not spec.get("profiles"):
        spec["profiles"] = ["default"]
    section = spec.get("gateways") or {}
    all_gateways = [
        section.get("ingress"),
        section.get("egress"),
        *(section.get("additionalIngress") or {}).values(),
        *(section.get("additionalEgress") or {}).values(),
    ]
    for gateway in all_gateways:
        for port in dig(gateway, "service", "ports") or []:
            port.setdefault("targetPort", 0)
    if section and "openshiftRoute" not in section:
        section["openshiftRoute"] = {"enabled": False}
    return new


def json_patch(before: Any, after: Any, path: str = "") -> list[Object]:
    """Return the JSON patch between two values; lists of different length are replaced as a whole."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        steps = []
        for key, value in after.items():
            child = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            steps += (
                json_patch(before[key], value, child)
                if key in before
                else [{"op": "add", "path": child, "value": value}]
            )
        return steps
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [step for n, pair in enumerate(zip(before, after)) for step in json_patch(*pair, f"{path}/{n}")]
    return [{"op": "replace", "path": path, "value": after}]


class Webhooks:
    """An HTTPS server for all clusters; the path contains the name of the cluster."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._runner: web.AppRunner | None = None
        self._clients: dict[str, ApiClient] = {}
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="webhooks", daemon=True)
        self._identity = world.directory / "simulator-webhooks.pem"
        self._port_file = world.directory / "simulator-webhooks.port"
        if not self._identity.exists():
            certificate, key = self._certificate()
            with open(os.open(self._identity, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                file.write(certificate + key)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self._identity)
        self._ca_pem = x509.load_pem_x509_certificate(self._identity.read_bytes()).public_bytes(
            serialization.Encoding.PEM
        )

    @staticmethod
    def _certificate() -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "maistra-admission-controller")])
        now = datetime.datetime.now(datetime.timezone.utc)
        cert = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=365))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cert, pem

    async def start(self) -> None:
        """Listen, and register with every cluster.

        The server runs in its own thread, because writes to the API servers wait for it and must not wait for the
        rest of the simulator.
        """
        self._thread.start()
        port = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._serve(), self._loop))
        self._port_file.write_text(str(port), encoding="ascii")
        self._port = port
        clusters = [
            cluster for name, cluster in self.world.clusters.items() if self.world.olms[name].is_operator_running()
        ]
        await asyncio.gather(*(self.register(cluster) for cluster in clusters))

    async def _serve(self) -> int:
        # The clients of the clusters belong to the simulator's event loop.
        for name, cluster in self.world.clusters.items():
            self._clients[name] = await client_config.new_client_from_config(cluster.info["simulator_kubeconfig"])
        app = web.Application()
        app.router.add_post("/{cluster}/{action}/{kind}", self._review)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen(self._runner)
        return int(self._runner.addresses[0][1])

    async def _listen(self, runner: web.AppRunner) -> None:
        """Listen on the previous port if it is free, so that registrations stay valid after a restart."""
        previous = int(self._port_file.read_text(encoding="ascii")) if self._port_file.exists() else 0
        try:
            await web.TCPSite(runner, "127.0.0.1", previous, ssl_context=self._context).start()
        except OSError:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._context).start()

    @staticmethod
    async def _await_registration(cluster: Cluster) -> None:
        """Wait until the API server calls the webhook: it then rejects a member roll with an invalid name."""
        probe = {"metadata": {"name": "probe", "namespace": "default"}, "spec": {"members": []}}
        for attempt in range(PROBE_ATTEMPTS):
            try:
                await cluster.create("ServiceMeshMemberRoll", probe, dry_run=True)
            except NotFoundError:
                return  # no such kind or namespace in this cluster
            except DynamicApiError as error:
                if "must be named" in str(error.body):
                    return
            await asyncio.sleep(PROBE_PAUSE_SECONDS)
            LOG.debug("webhooks of %s are not active yet (attempt %d)", cluster.name, attempt)

    async def stop(self) -> None:
        """Stop listening. The registrations stay: without the operator a control plane cannot be written."""
        if self._runner is not None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._close(self._runner), self._loop))
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _close(self, runner: web.AppRunner) -> None:
        await runner.cleanup()
        for client in self._clients.values():
            await client.close()

    async def register(self, cluster: Cluster) -> None:
        """Register the webhooks with the API server of a cluster, and wait until it calls them."""
        base = f"https://127.0.0.1:{self._port}/{cluster.name}"

        def hook(name: str, action: str, resource: str, versions: list[str], operations: list[str]) -> Object:
            return {
                "name": name,
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 10,
                "clientConfig": {
                    "url": f"{base}/{action}/{resource}",
                    "caBundle": base64.b64encode(self._ca_pem).decode(),
                },
                "rules": [
                    {
                        "apiGroups": ["maistra.io"],
                        "apiVersions": versions,
                        "operations": operations,
                        "resources": [resource],
                        "scope": "*",
                    }
                ],
            }

        both = ["CREATE", "UPDATE"]
        await cluster.ensure(
            "MutatingWebhookConfiguration",
            {
                "metadata": {"name": NAME},
                "webhooks": [hook("smcp.mutation.maistra.io", "mutate", "servicemeshcontrolplanes", ["v2"], both)],
            },
        )
        await cluster.ensure(
            "ValidatingWebhookConfiguration",
            {
                "metadata": {"name": NAME},
                "webhooks": [
                    hook("smcp.validation.maistra.io", "validate", "servicemeshcontrolplanes", ["v2"], both),
                    hook("smmr.validation.maistra.io", "validate", "servicemeshmemberrolls", ["v1"], both),
                ],
            },
        )
        await self._await_registration(cluster)

    async def _review(self, request: web.Request) -> web.Response:
        review = await request.json()
        cluster = self.world.clusters[request.match_info["cluster"]]
        admission, body = review["request"], review["request"].get("object") or {}
        response: Object = {"uid": admission["uid"], "allowed": True}
        if request.match_info["action"] == "mutate":
            steps = json_patch(body, defaulted(body))
            if steps:
                response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(steps).encode()).decode()}
        else:
            code, reason = 400, self._validate(cluster, request.match_info["kind"], admission, body)
            if not reason:
                code, reason = 403, await self._authorize(cluster, request.match_info["kind"], admission, body)
            if reason:
                response |= {"allowed": False, "status": {"message": reason, "code": code}}
        return web.json_response({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})

    @staticmethod
    def _validate(cluster: Cluster, kind: str, admission: Object, body: Object) -> str:
        if body.get("metadata", {}).get("deletionTimestamp"):
            return ""
        if kind == "servicemeshmemberrolls":
            return "" if body["metadata"].get("name") == "default" else "ServiceMeshMemberRoll must be named 'default'"
        others = cluster.store.all("ServiceMeshControlPlane")
        return validation_error(body, others, admission["operation"] == "CREATE")

    async def _authorize(self, cluster: Cluster, kind: str, admission: Object, body: Object) -> str:
        """Return the error message about further rights that the author of an object lacks, or an empty string."""
        if body.get("metadata", {}).get("deletionTimestamp"):
            return ""
        if kind == "servicemeshmemberrolls":
            return await self._authorize_members(cluster, admission, body)
        if admission["operation"] != "CREATE" or dig(body, "spec", "mode") != "ClusterWide":
            return ""
        right, right_name = CLUSTER_WIDE_RIGHTS.get(dig(body, "spec", "version"), CLUSTER_WIDE_DEFAULT)
        allowed = await self._is_allowed(cluster, admission, right)
        return "" if allowed else f"a cluster-scoped SMCP may only be created by users with {right_name} permissions"

    async def _authorize_members(self, cluster: Cluster, admission: Object, body: Object) -> str:
        """Check that the author may update pods in the whole cluster, or else in each new member namespace."""
        if await self._is_allowed(cluster, admission, UPDATE_PODS):
            return ""
        user, members = admission["userInfo"]["username"], dig(body, "spec", "members") or []
        if dig(body, "spec", "memberSelectors") or any("*" in member for member in members):
            return (
                "only users that are allowed to update pods at the cluster scope are allowed to use wildcards or member "
                f"selectors; user {user} does not have that permission"
            )
        known = {*(dig(admission, "oldObject", "spec", "members") or []), body["metadata"].get("namespace")}
        rejected = [
            member
            for member in members
            if member not in known
            and not await self._is_allowed(cluster, admission, UPDATE_PODS | {"namespace": member})
        ]
        return (
            f"user '{user}' does not have permission to access namespace(s): [{' '.join(rejected)}]" if rejected else ""
        )

    async def _is_allowed(self, cluster: Cluster, admission: Object, right: Object) -> bool:
        """Return whether the author of a request has a right, by a review of the API server."""
        user = admission["userInfo"]
        review = await AuthorizationV1Api(self._clients[cluster.name]).create_subject_access_review(
            V1SubjectAccessReview(
                api_version="authorization.k8s.io/v1",
                kind="SubjectAccessReview",
                spec=V1SubjectAccessReviewSpec(
                    user=user["username"],
                    groups=user.get("groups"),
                    uid=user.get("uid"),
                    extra=user.get("extra"),
                    resource_attributes=V1ResourceAttributes(**right),
                ),
            )
        )
        return bool(review.status and review.status.allowed and not review.status.denied)
