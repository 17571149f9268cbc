# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The one door to a cluster: access, reading, server-side apply, deletion and watches.

Private to this collection. Everything that leaves the process goes through ``Cluster``. Authentication is
kubernetes.core's, option for option, and its internals are imported in this file only. Requests go through the
Kubernetes client's ``DynamicClient`` with a fixed table of kinds, so that no discovery request is ever sent.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime
import json
import os
import queue
import re
import threading
import time
import traceback
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
    TypedDict,
    cast,
)

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import (
    check_access,
    host_is_enough,
    kubeconfig_paths,
    normalised,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import read_roots

IMPORT_ERROR: Optional[str] = None
try:
    import urllib3
    import yaml
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import kube_config
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError
    from kubernetes.dynamic.resource import Resource
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
from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS, Kind
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Seconds to open a connection, and seconds that a single answer may take.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 60
#: Seconds between two ticks of a watch that has nothing to tell.
TICK = 15.0
#: Pauses in seconds after a write that the API server refused because another came between.
RACE_PAUSES = (0.1, 0.3, 0.9)
#: Seconds without an event after which a burst of events counts as over.
BURST = 0.1
#: Longest pause in seconds between two failed attempts of a watch.
LONGEST_PAUSE = 5.0


class Ask(NamedTuple):
    """What a request asks for: the verb as RBAC names it, a kind, and where."""

    verb: str
    kind: str
    namespace: Optional[str] = None
    name: Optional[str] = None


#: Codes after which nothing else can be asked of this cluster.
FATAL_CODES = ("unreachable", "certificate", "unauthorized", "access")

#: What the operator's webhooks want of an account, by what they say (maistra/istio-operator,
#: pkg/controller/servicemesh/webhooks/validation/memberroll.go and pkg/controller/versions): rights that no rule of RBAC shows.
ASKED_BY_WEBHOOKS = (
    ("permission to access namespace(s)", "Grant the verb update on pods in these namespaces to this user"),
    ("permission to access all namespaces", "Grant the verb update on pods in all namespaces to this user"),
    ("update pods at the cluster scope", "Grant the verb update on pods in all namespaces to this user"),
    ("a cluster-scoped SMCP may only be created by users", "Grant that to this user, or leave mode: ClusterWide out"),
)

#: Codes that time does not heal for a watch that has never worked.
FINAL_CODES = ("forbidden", "unauthorized", "certificate", "kind-missing")


class Conflict(TypedDict):
    """A field that another manager owns: the manager's name and the path as the API server writes it."""

    manager: str
    field: str


class ClusterError(Exception):
    """A request that failed, decoded.

    ``code`` is one of access, unreachable, certificate, unauthorized, forbidden, kind-missing, namespace-missing,
    missing, conflict, uid-mismatch, refused, invalid, busy, expired-watch or failed; ``message`` says what happened,
    ``remedy`` what to do next, ``conflicts`` the fields of others, ``status`` the HTTP status (0 without one).
    """

    def __init__(
        self, code: str, message: str, remedy: str = "", *, status: int = 0, conflicts: Sequence[Conflict] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.status = status
        self.conflicts: List[Conflict] = list(conflicts)

    def problem(self, mesh: str, where: str, *, peer: Optional[str] = None) -> Problem:
        """The error as a problem of one mesh, severity error."""
        return problem(self.code, mesh, where, self.message, self.remedy or "Run again", peer=peer)


def to_yaml(value: Any) -> str:
    """Plain data as YAML, keys in the order given."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False, default_flow_style=False, width=10000))


def remove_credential_files() -> None:
    """Remove the files into which the Kubernetes client wrote certificates and keys that a kubeconfig embeds.

    The client does that itself at the end of its process, but a worker of Ansible's ends without such a moment.
    """
    if not IMPORT_ERROR:
        kube_config._cleanup_temp_files()




def token_expiry(token: str) -> Optional[datetime.datetime]:
    """When a JSON web token expires (UTC), or None for any other token. Nothing is verified."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        body = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.datetime.fromtimestamp(float(body["exp"]), datetime.timezone.utc)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError):
        return None


def certificate_expiry(path: Optional[str]) -> Optional[str]:
    """Until when the client certificate in a file is good, if that is over (RFC 3339, UTC); else None."""
    try:
        with open(path or "", encoding="utf-8") as file:
            until = str(read_roots(file.read())[0]["not_after"])
    except (OSError, ValueError, IndexError):
        return None
    return until if until < f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}" else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything under it: urllib3 nests the cause in ``reason`` and in the arguments."""
    seen: Set[int] = set()
    todo: List[Any] = [error]
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]


def decode_connection(error: BaseException, host: str) -> ClusterError:
    """A failure below HTTP: refused, unreachable, not resolvable, or a certificate that does not fit."""
    text = " ".join(f"{type(one).__name__} {one}" for one in _causes(error))
    lower = text.lower()
    if "certificate_verify_failed" in lower or "certificate verify failed" in lower or "sslerror" in lower:
        reason = re.search(r"certificate verify failed: ([^(\"']+)", text)
        detail = reason.group(1).strip() if reason else "TLS failed"
        return ClusterError(
            "certificate",
            f"{host} shows a certificate that is not accepted: {detail}",
            "Set mesh_ca_cert to the authority of this API server, or take the kubeconfig of the right cluster",
        )
    known = (
        ("connection refused", "refuses the connection", "Start the API server, or correct the address and port"),
        ("nameresolution", "does not resolve", "Correct the host name, or the resolver of this machine"),
        ("name or service not known", "does not resolve", "Correct the host name, or the resolver of this machine"),
        ("no route to host", "cannot be routed to", "Check network and proxy between here and the API server"),
        ("network is unreachable", "cannot be routed to", "Check network and proxy between here and the API server"),
        ("timed out", "does not answer in time", "Check network, proxy and load of the API server"),
        ("timeout", "does not answer in time", "Check network, proxy and load of the API server"),
        ("reset", "breaks the connection", "Check that the API server stays up, and what is between here and there"),
        ("ended prematurely", "breaks the connection", "Check that the API server stays up"),
        ("incompleteread", "breaks the connection", "Check that the API server stays up"),
        ("remotedisconnected", "breaks the connection", "Check that the API server stays up"),
        ("proxyerror", "cannot be reached through the proxy", "Correct mesh_proxy"),
    )
    for sign, message, remedy in known:
        if sign in lower:
            return ClusterError("unreachable", f"{host} {message}", remedy)
    return ClusterError("unreachable", f"{host} cannot be reached: {error}", "Check the address, network and proxy")


def _status_of(body: Any) -> Json:
    """The API server's Status object in an answer; a text answer becomes its message."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        status = json.loads(text)
    except ValueError:
        return {"message": text.strip()}
    return status if isinstance(status, dict) else {"message": text.strip()}


def _conflicts(status: Json) -> List[Conflict]:
    """Managers and fields of a refused server-side apply, from the causes of the API server's Status."""
    found: List[Conflict] = []
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") != "FieldManagerConflict":
            continue
        manager = re.search(r'conflict with "(.+?)"', cause.get("message") or "")
        found.append({"manager": manager.group(1) if manager else "somebody else", "field": cause.get("field") or ""})
    return found


def _hand_over(status: Json) -> str:
    """How the other managers of a conflict give their fields up. The API server adds an API version to the names of
    those that write by update (apimachinery ``managedfields/internal/conflict.go``); all others apply."""
    causes = [str(cause.get("message")) for cause in (status.get("details") or {}).get("causes") or []]
    found = (re.search(r'conflict with "(.+?)"(.*)', cause) for cause in causes)
    updates = {one.group(1): " using " in one.group(2) for one in found if one}
    ways = [
        f"See that {manager} does not write there any more (an edit by hand is over, a controller must be told)"
        if update
        else f"Take the fields out of what {manager} applies and apply that again "
             f"(kubectl apply --server-side --field-manager={manager}), and they are free"
        for manager, update in sorted(updates.items())
    ]
    return ". ".join([*ways, "To take the fields over from whoever has them, set federation_force_conflicts: true"])


def _decode_conflict(status: Json) -> ClusterError:
    """A 409: fields of others, another object than meant, or a busy object."""
    message = str(status.get("message") or "conflict")
    conflicts = _conflicts(status)
    if conflicts:
        by: Dict[str, List[str]] = {}
        for one in conflicts:
            by.setdefault(one["manager"], []).append(one["field"])
        message = "; ".join(f"{manager} has {', '.join(fields)}" for manager, fields in sorted(by.items()))
        return ClusterError(
            "conflict",
            f"owned by others: {message}",
            _hand_over(status),
            status=409,
            conflicts=conflicts,
        )
    if "uid" in message.lower():
        return ClusterError(
            "uid-mismatch",
            f"it is not the object that was read: that is gone or was made again meanwhile ({message})",
            "Run again, so that the present object is read first",
            status=409,
        )
    return ClusterError("busy", message, "Run again", status=409)


def _decode_missing(status: Json, kind: str) -> ClusterError:
    """A 404: the kind, the namespace or the object itself."""
    details = status.get("details") or {}
    message = str(status.get("message") or "")
    if details.get("kind") == "namespaces" and kind != "Namespace":
        return ClusterError(
            "namespace-missing",
            f"there is no namespace {details.get('name')}",
            "Create the namespace, or correct mesh_namespace",
            status=404,
        )
    if details.get("name"):
        return ClusterError("missing", "it does not exist", "Create it, or correct the name", status=404)
    group = KINDS[kind].api_version.split("/", maxsplit=1)[0] if kind in KINDS else ""
    if "namespaces" in message and "not found" in message and kind != "Namespace":
        return ClusterError("namespace-missing", message, "Create the namespace", status=404)
    plural = KINDS[kind].plural if kind in KINDS else kind
    remedy = f"Install the custom resource definition {plural}.{group}"
    if group == "federation.maistra.io":
        remedy = "The operator installs it once it has reconciled a ServiceMeshControlPlane of version 2.1 or newer"
    elif group == "maistra.io":
        remedy = "Install the OpenShift Service Mesh operator"
    elif group == "operators.coreos.com":
        remedy = "This cluster has no Operator Lifecycle Manager: install the OpenShift Service Mesh operator by hand"
    return ClusterError("kind-missing", f"the cluster has no kind {kind} ({group})", remedy, status=404)


def decode_response(status_code: int, body: Any, ask: Ask, token: str = "") -> ClusterError:
    """An HTTP answer that is no success, in the light of what was asked for."""
    kind = ask.kind
    status = _status_of(body)
    message = str(status.get("message") or f"HTTP {status_code}")
    if status_code == 401:
        expiry = token_expiry(token) if token else None
        if expiry and expiry < datetime.datetime.now(datetime.timezone.utc):
            message = f"the token expired at {expiry:%Y-%m-%d %H:%M:%S} UTC"
            return ClusterError("unauthorized", message, "Log in again and renew the kubeconfig or token", status=401)
        message = "the API server does not accept the credentials (401)"
        return ClusterError("unauthorized", message, "Log in again, or correct the credentials", status=401)
    if "admission webhook" in message:
        remedy = next((advice for sign, advice in ASKED_BY_WEBHOOKS if sign in message), "Change what the webhook names")
        return ClusterError("refused", message, remedy, status=status_code)
    if status_code == 403:
        plural = KINDS[kind].plural if kind in KINDS else kind
        group = KINDS[kind].api_version.rpartition("/")[0] if kind in KINDS else ""
        resource = f"{plural}.{group}" if group else plural
        # An apply asks for patch, and where it makes the object for create as well: which one is missing, is only said there.
        said = re.search(r"cannot (\w+) resource", message)
        verb = said.group(1) if said else ask.verb
        remedy = f"Grant the verb {verb} on {resource} to this user (docs/rbac has a role for each playbook)"
        return ClusterError("forbidden", f"may not {verb} {resource}: {message}", remedy, status=403)
    if status_code == 404:
        return _decode_missing(status, kind)
    if status_code == 409:
        return _decode_conflict(status)
    if status_code == 410:
        return ClusterError("expired-watch", message, "", status=410)
    if status_code in (400, 422):
        return ClusterError("invalid", message, "Correct the field that is named", status=status_code)
    if status_code == 429 or status_code >= 500:
        remedy = "Run again when the API server has recovered"
        return ClusterError("busy", f"the API server answers {status_code}: {message}", remedy,
                            status=status_code)
    return ClusterError("failed", f"HTTP {status_code}: {message}", "", status=status_code)




class _Table:
    """A discoverer that knows the kinds beforehand, so that the client never asks the API server for them."""

    def __init__(self, client: Any, cache_file: Any) -> None:
        self._resources = {kind: _resource(client, kind, place) for kind, place in KINDS.items()}

    def get(self, kind: str) -> Any:
        """The resource of a kind of the table."""
        return self._resources[kind]


def _resource(client: Any, kind: str, place: Kind) -> Any:
    """One kind as the Kubernetes client describes it."""
    group, slash, version = place.api_version.rpartition("/")
    return Resource(
        prefix="apis" if slash else "api",
        group=group or None,
        api_version=version,
        kind=kind,
        namespaced=place.namespaced,
        verbs=[],
        name=place.plural,
        client=client,
    )


def _raw(client: Any, data: Any) -> Any:
    """Keep an answer as the plain data that it is."""
    return data


def _retries() -> Any:
    """Which failures are tried again: all our requests may be repeated, each either reads or states what should be."""
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


class Event(NamedTuple):
    """What a watch tells: ADDED, MODIFIED or DELETED with an object; RESET when a watch of that kind has begun again
    (all objects follow anew); ERROR with a ClusterError, FATAL when that watch is given up; QUIET when a burst of
    events is over; TICK when there was nothing for a while."""

    kind: str
    type: str
    object: Json
    error: Optional[ClusterError] = None


class WatchFor(NamedTuple):
    """Which objects to watch: a kind in a namespace, one name or all."""

    kind: str
    namespace: Optional[str]
    name: Optional[str] = None


class Cluster:
    """One cluster, reached as ``auth`` says; raises ``ClusterError`` for everything that goes wrong.

    ``auth``: kubernetes.core's authentication options. The connection is opened by the first request and kept.
    """

    def __init__(self, auth: Mapping[str, Any]) -> None:
        if IMPORT_ERROR:
            raise ClusterError("access", "the Python packages kubernetes and PyYAML and the collection "
                               "kubernetes.core are needed here", "Install them beside Ansible")
        wrong = check_access(auth)
        if wrong:
            raise ClusterError("access", wrong[0]["message"], wrong[0]["remedy"])
        self._client = _connect(auth)
        configuration = self._client.configuration
        self.host: str = configuration.host
        self._certificate: Optional[str] = configuration.cert_file
        # The name under which the client keeps the token differs between its versions.
        header = next(iter((configuration.api_key or {}).values()), "")
        self._token = str(header).rpartition(" ")[2]

    def get(self, kind: str, name: str, namespace: Optional[str] = None) -> Json:
        """One object; ``ClusterError`` with the code missing, kind-missing, ... when it cannot be had."""
        resource = self._client.resources.get(kind)
        return cast(Json, self._send(Ask("get", kind, namespace, name), self._client.get, resource, name=name,
                                       namespace=namespace))

    def list(
        self, kind: str, namespace: Optional[str] = None, *, fields: str = "", labels: str = ""
    ) -> List[Json]:
        """All objects of a kind in a namespace (or in the cluster), each with apiVersion and kind; ``fields`` is a field
        selector that the API server knows for this kind, ``labels`` a label selector."""
        resource = self._client.resources.get(kind)
        selectors = {"field_selector": fields, "label_selector": labels}
        options = {name: text for name, text in selectors.items() if text}
        answer = self._send(Ask("list", kind, namespace), self._client.get, resource, namespace=namespace, **options)
        version = KINDS[kind].api_version
        return [{"apiVersion": version, "kind": kind, **item} for item in answer.get("items") or []]

    def review(self, kind: str, spec: Json) -> Json:
        """The answer (its status) to a SelfSubjectRulesReview or SelfSubjectAccessReview: a question to the API server about
        the account itself, sent as an object that is never stored."""
        resource = self._client.resources.get(kind)
        body = {"apiVersion": KINDS[kind].api_version, "kind": kind, "spec": spec}
        answer = self._send(Ask("create", kind), self._client.create, resource, body=body)
        return cast(Json, answer.get("status") or {})

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
            Ask("patch", kind, meta.get("namespace"), meta["name"]), self._client.server_side_apply, resource,
            body=definition, name=meta["name"], namespace=meta.get("namespace"), serialize=False, **options)
        return json.loads(answer.data), answer.status == 201

    def delete(
        self,
        kind: str,
        name: str,
        namespace: Optional[str] = None,
        *,
        uid: Optional[str] = None,
        resource_version: Optional[str] = None,
        dry_run: bool = False,
    ) -> Json:
        """Delete one object, only if it still has this uid and resource version where they are given."""
        wanted = {"uid": uid, "resourceVersion": resource_version}
        body: Json = {"apiVersion": "v1", "kind": "DeleteOptions",
                      "preconditions": {key: value for key, value in wanted.items() if value}}
        options: Json = {}
        if dry_run:
            # The API server takes all options from the body when there is one, and then ignores the query, which is only
            # there for who reads the audit log.
            body["dryRun"] = ["All"]
            options["dry_run"] = "All"
        resource = self._client.resources.get(kind)
        return cast(Json, self._send(Ask("delete", kind, namespace, name), self._client.delete, resource, name=name,
                                       namespace=namespace, body=body, **options))

    def json_patch(
        self, kind: str, name: str, namespace: Optional[str], operations: List[Json], field_manager: str,
        *, dry_run: bool = False,
    ) -> Json:
        """Apply JSON patch operations (RFC 6902) to one object."""
        return self._patch(Ask("patch", kind, namespace, name), operations, "json-patch", field_manager, dry_run)

    def merge_patch(
        self, kind: str, name: str, namespace: Optional[str], change: Json, field_manager: str,
        *, dry_run: bool = False,
    ) -> Json:
        """Merge a change (RFC 7386) into one object that exists; nobody's ownership of a field stands in its way."""
        return self._patch(Ask("patch", kind, namespace, name), change, "merge-patch", field_manager, dry_run)

    def _patch(self, ask: Ask, body: Any, patch_type: str, field_manager: str, dry_run: bool) -> Json:
        """One patch of one kind, for a field manager: the object as it is afterwards, or would be."""
        options: Json = {"field_manager": field_manager, "content_type": f"application/{patch_type}+json"}
        if dry_run:
            options["dry_run"] = "All"
        resource = self._client.resources.get(ask.kind)
        path = resource.path(name=ask.name, namespace=ask.namespace)
        return cast(Json, self._send(ask, self._client.request, "patch", path, body=body, **options))

    def _send(self, ask: Ask, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """One request; the answer as plain data. A write that met another one is tried again a few times."""
        for pause in (*RACE_PAUSES, None):
            try:
                return function(*args, serializer=_raw, _request_timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), **kwargs)
            except Exception as error:
                decoded = self.decode(error, ask)
                if pause is None or decoded.code != "busy" or decoded.status != 409:
                    raise decoded from error
            time.sleep(pause)
        raise AssertionError("the last attempt neither answered nor failed")

    def decode(self, error: Exception, ask: Ask) -> ClusterError:
        """Any failure of the client as a ClusterError."""
        if isinstance(error, ClusterError):
            return error
        if isinstance(error, (DynamicApiError, ApiException)) and error.status:
            body = error.body if error.body else json.dumps({"message": str(error.reason or "")})
            decoded = decode_response(error.status, body, ask, self._token)
            until = certificate_expiry(self._certificate) if decoded.status == 401 else None
            if until:
                decoded.message = f"the client certificate expired at {until}"
                decoded.remedy = "Renew the kubeconfig"
            return decoded
        return decode_connection(error, self.host)

    # -- watching ----------------------------------------------------------------------------------------------------

    def watch_many(self, watches: Sequence[WatchFor], deadline: float) -> Iterator[Event]:
        """Events of several watches until ``deadline`` (seconds of ``time.monotonic()``).

        Each watch starts without a resource version, so that the API server tells first what is there: no list
        request. A watch that ends or breaks begins again; one that can never work (forbidden, kind missing) ends with a
        FATAL event.
        """
        bus: queue.Queue[Event] = queue.Queue()
        runners = [_Watcher(self, one, deadline, bus) for one in watches]
        for runner in runners:
            runner.start()
        try:
            burst = False
            while True:
                rest = deadline - time.monotonic()
                if rest <= 0:
                    return
                try:
                    yield bus.get(timeout=min(rest, BURST if burst else TICK))
                    burst = True
                except queue.Empty:
                    if time.monotonic() < deadline:
                        yield Event("", "QUIET" if burst else "TICK", {})
                    burst = False
        finally:
            for runner in runners:
                runner.stop()

    def events(self, one: WatchFor, seconds: int, watcher: Any) -> Iterator[Tuple[str, Json]]:
        """Type and object of the events of a single watch request that ends after ``seconds``."""
        resource = self._client.resources.get(one.kind)
        options: Json = {"field_selector": f"metadata.name={one.name}"} if one.name else {}
        # The dynamic client's own watch would wrap every object into another form, which costs more than reading it.
        for event in watcher.stream(resource.get, namespace=one.namespace, serialize=False, timeout_seconds=seconds,
                                    **options):
            yield event["type"], event["raw_object"]


class _Watcher(threading.Thread):
    """One watch in a thread of its own; a daemon, so that a blocked read never keeps the process alive."""

    def __init__(self, cluster: Cluster, one: WatchFor, deadline: float, bus: "queue.Queue[Event]") -> None:
        super().__init__(daemon=True, name=f"watch {one.kind}")
        self._cluster = cluster
        self._one = one
        self._deadline = deadline
        self._bus = bus
        self._ended = threading.Event()
        self._watch = Watch()
        self._worked = False

    def run(self) -> None:
        """Watch, again and again, until the deadline or a failure that time does not heal."""
        failures = 0
        while not self._ended.is_set():
            rest = self._deadline - time.monotonic()
            if rest <= 0:
                return
            failures = 0 if self._once(rest) else failures + 1
            if failures and not self._ended.wait(min(0.1 * 2 ** failures, LONGEST_PAUSE)):
                continue

    def _once(self, rest: float) -> bool:
        """One watch request; True when it ended in good order or told something."""
        told = False
        try:
            for type_, obj in self._cluster.events(self._one, max(1, int(rest)), self._watch):
                if self._ended.is_set():
                    return True
                self._tell(type_, obj, first=not told)
                told = True
        except Exception as error:
            return self._failed(error, told)
        if not told and not self._ended.is_set():
            # Nothing was there all the time.
            self._bus.put(Event(self._one.kind, "RESET", {}))
        self._worked = True
        return True

    def _tell(self, type_: str, obj: Json, *, first: bool) -> None:
        """Pass an event on; what was known before a break is void with the first event after it."""
        if first and self._worked:
            self._bus.put(Event(self._one.kind, "RESET", {}))
        self._worked = True
        self._bus.put(Event(self._one.kind, type_, obj))

    def _failed(self, error: Exception, told: bool) -> bool:
        """Say what went wrong. A refusal is final unless the watch has worked: an API server that has just started
        refuses for a moment."""
        if self._ended.is_set():
            return True
        decoded = self._cluster.decode(error, Ask("watch", *self._one))
        if decoded.code == "expired-watch":
            return told
        final = decoded.code in FINAL_CODES and not self._worked
        self._bus.put(Event(self._one.kind, "FATAL" if final else "ERROR", {}, decoded))
        if final:
            self._ended.set()
        return told

    def stop(self) -> None:
        """End the watch; a read that is under way is cut by the client where its version can."""
        self._ended.set()
        self._watch.stop()


def _connect(auth: Mapping[str, Any]) -> Any:
    """A dynamic client for this access, without any request."""
    options = normalised(auth)
    paths = kubeconfig_paths(options)
    if paths and not host_is_enough(options):
        # The client reads $KUBECONFIG only when it is imported; a task may have set it since.
        options["kubeconfig"] = os.pathsep.join(paths)
    try:
        with _clean_defaults():
            configuration = _create_configuration(_create_auth_spec(**options))
        configuration.retries = _retries()
        configuration.connection_pool_maxsize = 4
        client = ApiClient(configuration)
        for header, value in _create_headers(**options).items():
            _set_header(client, header, value)
        return DynamicClient(client, discoverer=_Table)
    except ConfigException as error:
        raise ClusterError("access", f"the kubeconfig cannot be used: {error}", "Correct mesh_kubeconfig") from error
    except (OSError, ValueError) as error:
        raise ClusterError("access", f"the access cannot be used: {error}", "Correct the files it names") from error


@contextlib.contextmanager
def _clean_defaults() -> Iterator[None]:
    """Keep the client's process-wide default configuration out: one mesh's certificates must not reach the next."""
    Configuration.set_default(None)
    try:
        yield
    finally:
        Configuration.set_default(None)
