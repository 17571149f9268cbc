# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Requests to one cluster: reading, server-side apply, patches, deletion and dry runs. Private to this collection.

Everything that leaves the process goes through ``Cluster``. Authentication is kubernetes.core's, option for option, and its
internals are imported in this file only. Requests go through the Kubernetes client's ``DynamicClient`` with a fixed table of
kinds, so that no discovery request is ever sent.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import traceback
from typing import Any, Callable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster import watch
from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import (
    check_access,
    exec_plugin,
    host_is_enough,
    kubeconfig_paths,
    normalised,
)
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import (
    ClusterError,
    Request,
    certificate_expiry,
    decode_connection,
    decode_no_object,
    decode_response,
)
from ansible_collections.ossm.federation.plugins.module_utils._cluster.exec_plugins import (
    check_plugin,
    collected_log,
    name_plugin,
)
from ansible_collections.ossm.federation.plugins.module_utils._cluster.table import Table, keep_host
from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

IMPORT_ERROR: Optional[str] = None
try:
    import urllib3
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import kube_config
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError
    from kubernetes.watch import Watch
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
try:
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import (
        _create_auth_spec,
        _create_configuration,
        _create_headers,
        _set_header,
    )
except ImportError:
    IMPORT_ERROR = IMPORT_ERROR or traceback.format_exc()

#: Seconds to open a connection, and seconds that a single answer may take.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 60
#: Pauses in seconds before a write is sent again that the API server rejected because another came between.
RACE_PAUSES = (0.1, 0.3, 0.9)


class Cluster:
    """One cluster, reached as ``auth`` says; raises ``ClusterError`` for everything that goes wrong.

    ``auth``: kubernetes.core's authentication options; ``is_checked``: ``check_access`` has found no problem with them;
    ``seconds``: how long all reading together may take, from ``begin`` on, for a caller that goes on without this cluster. Then
    no request is repeated. The connection is opened by the first request and kept.
    """

    def __init__(self, auth: Mapping[str, Any], *, is_checked: bool = False, seconds: Optional[float] = None) -> None:
        if IMPORT_ERROR:
            raise ClusterError(
                "access",
                "the Python packages kubernetes and PyYAML and the collection kubernetes.core are required",
                "Install them beside Ansible",
            )
        problems = [] if is_checked else check_access(auth, prefix="auth.")
        if problems:
            raise ClusterError("access", problems[0]["message"], problems[0]["remedy"])
        self._auth = auth
        self._seconds = seconds
        self._deadline: Optional[float] = None
        self._client = _connect(auth, _retries() if seconds is None else urllib3.Retry(0, raise_on_status=False))
        self.begin()
        configuration = self._client.configuration
        self.host: str = configuration.host
        self._certificate: Optional[str] = configuration.cert_file
        # The name under which the client keeps the token differs between its versions.
        header = next(iter((configuration.api_key or {}).values()), "")
        self._token = str(header).rpartition(" ")[2]

    def begin(self) -> None:
        """Count the seconds of this cluster from now on."""
        if self._seconds is not None:
            self._deadline = time.monotonic() + self._seconds

    def get(self, kind: str, name: str, namespace: Optional[str] = None) -> Json:
        """One object; ``ClusterError`` with the code missing, kind-missing, ... when it cannot be read."""
        resource = self._client.resources.get(kind)
        request = Request("get", kind, namespace, name)
        live: Json = self._send(request, self._client.get, resource, name=name, namespace=namespace)
        return live

    def list(self, kind: str, namespace: Optional[str] = None, *, fields: str = "", labels: str = "") -> List[Json]:
        """All objects of a kind in a namespace (or in the cluster), each with apiVersion and kind; ``fields`` is a field
        selector that the API server knows for this kind, ``labels`` a label selector."""
        resource = self._client.resources.get(kind)
        answer = self._send(
            Request("list", kind, namespace),
            self._client.get,
            resource,
            namespace=namespace,
            **_selectors(fields, labels),
        )
        version = KINDS[kind].api_version
        items = answer.get("items") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise decode_no_object(items, self.host)
        return [{"apiVersion": version, "kind": kind, **item} for item in items]

    def review(self, kind: str, spec: Json) -> Json:
        """The status of a SelfSubjectRulesReview or SelfSubjectAccessReview: what the account itself may do. The object is
        sent to the API server and never stored."""
        resource = self._client.resources.get(kind)
        body = {"apiVersion": KINDS[kind].api_version, "kind": kind, "spec": spec}
        answer: Json = self._send(Request("create", kind), self._client.create, resource, body=body)
        status: Json = answer.get("status") or {}
        return status

    def apply(
        self, definition: Json, field_manager: str, *, dry_run: bool = False, force: bool = False
    ) -> Tuple[Json, bool]:
        """Server-side apply of one object, one request: the object as it is afterwards (or would be), and whether
        it was created by this."""
        kind, meta = definition["kind"], definition["metadata"]
        options: Json = {"field_manager": field_manager}
        if dry_run:
            options["dry_run"] = "All"
        if force:
            options["force_conflicts"] = True
        resource = self._client.resources.get(kind)
        answer = self._send(
            Request("patch", kind, meta.get("namespace"), meta["name"]),
            self._client.server_side_apply,
            resource,
            body=definition,
            name=meta["name"],
            namespace=meta.get("namespace"),
            serialize=False,
            **options,
        )
        return _object_of(answer.data, self.host), answer.status == 201

    def delete(
        self,
        kind: str,
        name: str,
        namespace: Optional[str] = None,
        *,
        uid: Optional[str] = None,
        dry_run: bool = False,
        with_dependents: bool = False,
    ) -> Json:
        """Delete one object, only if it still has this uid where one is given; with what it owns, as ``with_dependents`` says, since the pods
        of a Job stay otherwise."""
        body: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid} if uid else {}}
        options: Json = {}
        if with_dependents:
            body["propagationPolicy"] = "Background"
        if dry_run:
            # The API server takes all options from the body when there is one, and then ignores the query, which is only
            # there for readers of the audit log.
            body["dryRun"] = ["All"]
            options["dry_run"] = "All"
        resource = self._client.resources.get(kind)
        request = Request("delete", kind, namespace, name)
        answer: Json = self._send(
            request, self._client.delete, resource, name=name, namespace=namespace, body=body, **options
        )
        return answer

    def merge_patch(
        self,
        kind: str,
        name: str,
        namespace: Optional[str],
        change: Json,
        field_manager: str,
        *,
        dry_run: bool = False,
    ) -> Json:
        """Merge a change (RFC 7386) into one existing object; it ignores which manager owns a field."""
        return self._patch("application/merge-patch+json", (kind, name, namespace), change, field_manager, dry_run)

    def remove_fields(
        self, kind: str, name: str, namespace: Optional[str], fields: Json, field_manager: str, *, dry_run: bool = False
    ) -> Json:
        """Remove fields of one existing object, whoever owns them, by a JSON patch (RFC 6902); ``fields`` has by JSON pointer the
        value that each must still have, else nothing is removed."""
        steps = [
            step
            for pointer, value in fields.items()
            for step in ({"op": "test", "path": pointer, "value": value}, {"op": "remove", "path": pointer})
        ]
        return self._patch("application/json-patch+json", (kind, name, namespace), steps, field_manager, dry_run)

    def _patch(
        self,
        content_type: str,
        target: Tuple[str, str, Optional[str]],
        body: Any,
        field_manager: str,
        dry_run: bool,
    ) -> Json:
        """Send one patch for kind, name and namespace."""
        kind, name, namespace = target
        options: Json = {"field_manager": field_manager, "content_type": content_type}
        if dry_run:
            options["dry_run"] = "All"
        path = self._client.resources.get(kind).path(name=name, namespace=namespace)
        request = Request("patch", kind, namespace, name)
        patched: Json = self._send(request, self._client.request, "patch", path, body=body, **options)
        return patched

    def _send(self, request: Request, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Send one request; the answer as plain data. A write that another one preceded is sent again a few times."""
        for pause in (*RACE_PAUSES, None):
            try:
                answer = function(*args, serializer=_raw, _request_timeout=self._timeouts(), **kwargs)
                if kwargs.get("serialize", True) and not isinstance(answer, dict):
                    raise decode_no_object(answer, self.host)
                return answer
            except Exception as error:
                decoded = self.decode(error, request)
                if pause is None or decoded.code != "busy" or decoded.status != 409:
                    raise decoded from error
            time.sleep(pause)
        raise AssertionError("the last attempt neither answered nor failed")

    def _timeouts(self) -> Tuple[float, float]:
        """Seconds to open a connection and for an answer, as far as there is time left."""
        if self._deadline is None:
            return CONNECT_TIMEOUT, READ_TIMEOUT
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return min(CONNECT_TIMEOUT, left), min(READ_TIMEOUT, left)

    def decode(self, error: Exception, request: Request) -> ClusterError:
        """Any failure of the client as a ClusterError."""
        if isinstance(error, ClusterError):
            return error
        if isinstance(error, (DynamicApiError, ApiException)) and error.status:
            body = error.body if error.body else json.dumps({"message": str(error.reason or "")})
            decoded = decode_response(error.status, body, request, self._token)
            expiry = certificate_expiry(self._certificate) if decoded.status == 401 else None
            if expiry:
                decoded.message = f"the client certificate expired at {expiry}"
                decoded.remedy = "Renew the kubeconfig"
            elif decoded.status == 401:
                name_plugin(decoded, exec_plugin(self._auth))
            return decoded
        return decode_connection(error, self.host)

    # -- watching ----------------------------------------------------------------------------------------------------

    def watch_many(self, targets: Sequence[watch.WatchFor], deadline: float) -> Iterator[watch.Event]:
        """Events of several watches until ``deadline`` (seconds of ``time.monotonic()``); see ``watch.watch_many``."""
        return watch.watch_many(self, targets, deadline)

    def open_stream(self) -> Any:
        """A new stream for ``events``, which ``stop`` ends."""
        return Watch()

    def events(self, target: watch.WatchFor, seconds: int, stream: Any) -> Iterator[Tuple[watch.EventType, Json]]:
        """Type and object of the events of a single watch request that ends after ``seconds``."""
        resource = self._client.resources.get(target.kind)
        fields = f"metadata.name={target.name}" if target.name else target.fields
        # The dynamic client's own watch would wrap every object into another form, which costs more than reading it.
        for event in stream.stream(
            resource.get,
            namespace=target.namespace,
            serialize=False,
            timeout_seconds=seconds,
            **_selectors(fields, target.labels),
        ):
            yield event["type"], event["raw_object"]


def _selectors(fields: str, labels: str) -> Json:
    """The selectors of a request as options of the client; none where they are empty."""
    return {name: text for name, text in (("field_selector", fields), ("label_selector", labels)) if text}


def _connect(auth: Mapping[str, Any], retries: Any) -> Any:
    """A dynamic client for this access, without any request."""
    options = normalised(auth)
    paths = kubeconfig_paths(options)
    if paths and not host_is_enough(options):
        # The client reads $KUBECONFIG only when it is imported; a task may have set it since.
        options["kubeconfig"] = os.pathsep.join(paths)
    try:
        with _clean_defaults(), collected_log() as log:
            configuration = _create_configuration(_create_auth_spec(**options))
        if not (configuration.api_key or configuration.cert_file or configuration.username):
            check_plugin(exec_plugin(options), log)
        if not configuration.verify_ssl:
            # On request of the user; urllib3 warns of it with every request of every process.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        configuration.retries = retries
        if options.get("host"):
            keep_host(configuration)
        configuration.connection_pool_maxsize = 4
        client = ApiClient(configuration)
        for header, value in _create_headers(**options).items():
            _set_header(client, header, value)
        return DynamicClient(client, discoverer=Table)
    except ConfigException as error:
        raise ClusterError(
            "access", f"the kubeconfig cannot be used: {error}", "Correct mesh_kubeconfig (auth.kubeconfig of a module)"
        ) from error
    except (AttributeError, KeyError, TypeError) as error:
        # The client's parser checks no types: it fails with what comes of using a value as another type.
        message = "the kubeconfig cannot be used: a cluster, user or context in it has a value of the wrong type"
        raise ClusterError("access", message, "Write the kubeconfig again, for instance by 'oc login'") from error
    except (OSError, ValueError) as error:
        raise ClusterError("access", f"the access cannot be used: {error}", "Correct the files it names") from error


@contextlib.contextmanager
def _clean_defaults() -> Iterator[None]:
    """Ignore the client's process-wide default configuration: one mesh's certificates must not reach the next."""
    Configuration.set_default(None)
    try:
        yield
    finally:
        Configuration.set_default(None)


def _raw(client: Any, data: Any) -> Any:
    """Keep an answer as the plain data that it is."""
    return data


def _object_of(body: Any, host: str) -> Json:
    """The object in the body of an answer."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if not isinstance(answer, dict):
        raise decode_no_object(answer, host)
    return answer


def _retries() -> Any:
    """Which failures are tried again: every request may be repeated, as each reads or states the desired state."""
    return urllib3.Retry(
        total=8,
        connect=3,
        read=3,
        status=4,
        other=0,
        redirect=0,
        allowed_methods=None,
        status_forcelist=(429, 500, 502, 503, 504),
        backoff_factor=0.25,
        raise_on_status=False,
    )


def remove_credential_files() -> None:
    """Remove the files into which the Kubernetes client wrote certificates and keys that a kubeconfig embeds.

    The client does that itself at the end of its process, but a worker process of Ansible ends without running such handlers.
    """
    if not IMPORT_ERROR:
        kube_config._cleanup_temp_files()
