# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Failed requests: their codes, and what an answer or a broken connection means. Private to this collection.

Pure, apart from reading the client certificate of an access; needs no Kubernetes client.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
from typing import Any, Dict, Iterator, List, Literal, NamedTuple, Optional, Sequence, Set, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, now
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import read_roots

ErrorCode = Literal[
    "access",
    "unreachable",
    "certificate",
    "unauthorized",
    "forbidden",
    "kind-missing",
    "namespace-missing",
    "missing",
    "conflict",
    "uid-mismatch",
    "unmanaged",
    "rejected",
    "invalid",
    "busy",
    "expired-watch",
    "failed",
]

#: Codes after which no other request to this cluster can succeed.
FATAL_CODES: Tuple[ErrorCode, ...] = ("unreachable", "certificate", "unauthorized", "access")
#: Codes that waiting does not heal for a watch that has never worked.
FINAL_CODES: Tuple[ErrorCode, ...] = ("forbidden", "unauthorized", "certificate", "kind-missing")
#: Codes by which the API server itself says that an object does not exist.
ABSENT_CODES: Tuple[ErrorCode, ...] = ("missing", "kind-missing", "namespace-missing")

#: What the operator's webhooks require of an account, by a part of their message, with the remedy: rights that no RBAC rule
#: shows (maistra/istio-operator, pkg/controller/servicemesh/webhooks/validation/memberroll.go and pkg/controller/versions).
WEBHOOK_REMEDIES = (
    ("permission to access namespace(s)", "Grant the verb update on pods in these namespaces to this user"),
    ("permission to access all namespaces", "Grant the verb update on pods in all namespaces to this user"),
    ("update pods at the cluster scope", "Grant the verb update on pods in all namespaces to this user"),
    ("a cluster-scoped SMCP may only be created by users", "Grant that to this user, or leave mode: ClusterWide out"),
)

_CHECK_ROUTE = "Check network and proxy between here and the API server"
_CHECK_NAME = "Correct the host name, or the resolver of this machine"
#: Parts of a connection failure's text (lower case), with message and remedy. The first that fits counts.
_CONNECTION_FAILURES = (
    (
        "proxyerror",
        "cannot be reached through the proxy",
        "Start the proxy, or correct mesh_proxy (auth.proxy of a module)",
    ),
    ("connection refused", "refuses the connection", "Start the API server, or correct the address and port"),
    ("nameresolution", "does not resolve", _CHECK_NAME),
    ("name or service not known", "does not resolve", _CHECK_NAME),
    ("no route to host", "cannot be routed to", _CHECK_ROUTE),
    ("network is unreachable", "cannot be routed to", _CHECK_ROUTE),
    ("timed out", "does not answer in time", "Check network, proxy and load of the API server"),
    ("timeout", "does not answer in time", "Check network, proxy and load of the API server"),
    ("reset", "breaks the connection", "Check that the API server stays up, and what is between here and there"),
    ("ended prematurely", "breaks the connection", "Check that the API server stays up"),
    ("incompleteread", "breaks the connection", "Check that the API server stays up"),
    ("remotedisconnected", "breaks the connection", "Check that the API server stays up"),
)
#: Parts of a failure (lower case) of TLS before the first byte is sent: our own certificates or key are the reason.
_OWN_FILES = (
    "no_certificate_or_crl_found",
    "no certificate or crl found",
    "pem lib",
    "values_mismatch",
    "values mismatch",
)
_FIX_OWN_FILES = (
    "Correct certificate-authority, client-certificate and client-key of the kubeconfig (of a module: auth.ca_cert, "
    "auth.client_cert, auth.client_key); key and certificate have to belong together"
)
#: The name of a manager in a cause of a conflict, and what follows it.
_CONFLICT = re.compile(r'conflict with "(.+?)"(.*)')


class Request(NamedTuple):
    """What a request does: the verb as RBAC names it, a kind, and where."""

    verb: str
    kind: str
    namespace: Optional[str] = None
    name: Optional[str] = None


class Conflict(TypedDict):
    """A field that another manager owns: the manager's name and the path as the API server writes it."""

    manager: str
    field: str


class ClusterError(Exception):
    """A request that failed, decoded.

    ``message`` says what happened, ``remedy`` what to do next, ``conflicts`` which fields other managers own,
    ``status`` the HTTP status (0 without an answer).
    """

    def __init__(
        self, code: ErrorCode, message: str, remedy: str = "", *, status: int = 0, conflicts: Sequence[Conflict] = ()
    ) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.remedy = remedy
        self.status = status
        self.conflicts: List[Conflict] = list(conflicts)

    def problem(self, mesh: str, where: str, *, peer: Optional[str] = None) -> Problem:
        """The error as a problem of one mesh, severity error."""
        return problem(self.code, mesh, where, self.message, self.remedy or "Run again", peer=peer)


# -- connections ---------------------------------------------------------------------------------------------------------


def decode_connection(error: BaseException, host: str) -> ClusterError:
    """A failure below HTTP: refused, unreachable, not resolvable, or a certificate that is not accepted."""
    text = " ".join(f"{type(cause).__name__} {cause}" for cause in _causes(error))
    lower = text.lower()
    if "wrong_version_number" in lower or "record layer failure" in lower:
        remedy = "Correct the port, or begin the address with http:// where TLS ends elsewhere"
        return ClusterError("unreachable", f"{host} does not speak TLS", remedy)
    if "unicodeencodeerror" in lower:
        message = f"the credentials for {host} contain a character that HTTP does not allow"
        return ClusterError("unauthorized", message, "Correct the token, the user name and the password")
    if "certificate_verify_failed" in lower or "certificate verify failed" in lower or "sslerror" in lower:
        reason = re.search(r"certificate verify failed: ([^(\"']+)", text)
        if not reason and any(sign in lower for sign in _OWN_FILES):
            return ClusterError("access", f"a certificate or key for {host} cannot be used", _FIX_OWN_FILES)
        detail = reason.group(1).strip() if reason else "TLS failed"
        return ClusterError(
            "certificate",
            f"{host} shows a certificate that is not accepted: {detail}",
            "Set mesh_ca_cert (auth.ca_cert of a module) to the CA certificate of this API server, or use the kubeconfig of the "
            "right cluster",
        )
    for sign, message, remedy in _CONNECTION_FAILURES:
        if sign in lower:
            return ClusterError("unreachable", f"{host} {message}", remedy)
    return ClusterError("unreachable", f"{host} cannot be reached: {error}", "Check the address, network and proxy")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything under it: urllib3 nests the cause in ``reason`` and in the arguments."""
    seen: Set[int] = set()
    queue: List[Any] = [error]
    while queue:
        cause = queue.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]


# -- answers -------------------------------------------------------------------------------------------------------------


def decode_response(status_code: int, body: Any, request: Request, token: str = "") -> ClusterError:
    """An HTTP answer that is no success, in the light of the request; ``token`` is the bearer token that was sent."""
    status = _status_of(body)
    message = str(status.get("message") or f"HTTP {status_code}")
    if status_code == 401:
        return _decode_unauthorized(token)
    if "admission webhook" in message:
        remedy = next((advice for sign, advice in WEBHOOK_REMEDIES if sign in message), "Change what the webhook names")
        return ClusterError("rejected", message, remedy, status=status_code)
    if status_code == 403:
        return _decode_forbidden(message, request)
    if status_code == 404:
        return _decode_missing(status, request.kind)
    if status_code == 409:
        return _decode_conflict(status)
    if status_code == 410:
        return ClusterError("expired-watch", message, "", status=410)
    if status_code in (400, 422):
        return ClusterError("invalid", message, "Correct the field that is named", status=status_code)
    if status_code == 429 or status_code >= 500:
        remedy = "Run again when the API server has recovered"
        return ClusterError("busy", f"the API server answers {status_code}: {message}", remedy, status=status_code)
    return ClusterError("failed", f"HTTP {status_code}: {message}", "", status=status_code)


def decode_no_object(answer: Any, host: str) -> ClusterError:
    """A success whose body is no Kubernetes object, as a proxy, a login page or another web server answers."""
    shown = " ".join(str(answer).split())[:60]
    return ClusterError(
        "unreachable",
        f"{host} answers with no Kubernetes object: {shown!r}" if shown else f"{host} answers with an empty body",
        "Correct the address: it is not an API server, or a proxy answers in its place",
    )


def _status_of(body: Any) -> Json:
    """The API server's Status object in an answer; a text answer becomes its message."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        status = json.loads(text)
    except ValueError:
        return {"message": text.strip()}
    return status if isinstance(status, dict) else {"message": text.strip()}


def _decode_unauthorized(token: str) -> ClusterError:
    """A 401: a token that expired, or any credentials that are not accepted."""
    expiry = token_expiry(token) if token else None
    if expiry and expiry < now():
        message = f"the token expired at {expiry:%Y-%m-%d %H:%M:%S} UTC"
        return ClusterError("unauthorized", message, "Log in again and renew the kubeconfig or token", status=401)
    message = "the API server does not accept the credentials (401)"
    return ClusterError("unauthorized", message, "Log in again, or correct the credentials", status=401)


def _decode_forbidden(message: str, request: Request) -> ClusterError:
    """A 403: the verb and the resource that the account lacks.

    An apply needs patch, and create as well where the object does not exist: only the message names the one that is missing.
    """
    kind = KINDS.get(request.kind)
    group = kind.api_version.rpartition("/")[0] if kind else ""
    plural = kind.plural if kind else request.kind
    resource = f"{plural}.{group}" if group else plural
    named = re.search(r"cannot (\w+) resource", message)
    verb = named.group(1) if named else request.verb
    remedy = f"Grant the verb {verb} on {resource} to this user (docs/rbac has a role for each playbook)"
    return ClusterError("forbidden", f"may not {verb} {resource}: {message}", remedy, status=403)


def _decode_missing(status: Json, kind: str) -> ClusterError:
    """A 404: the kind, the namespace or the object itself."""
    details = status.get("details") or {}
    message = str(status.get("message") or "")
    if details.get("kind") == "namespaces" and kind != "Namespace":
        return ClusterError(
            "namespace-missing",
            f"there is no namespace {details.get('name')}",
            "Create the namespace, or correct mesh_namespace (namespace of a module)",
            status=404,
        )
    if details.get("name"):
        return ClusterError("missing", "it does not exist", "Create it, or correct the name", status=404)
    if "namespaces" in message and "not found" in message and kind != "Namespace":
        return ClusterError("namespace-missing", message, "Create the namespace", status=404)
    group = KINDS[kind].api_version.split("/", maxsplit=1)[0] if kind in KINDS else ""
    plural = KINDS[kind].plural if kind in KINDS else kind
    remedy = f"Install the custom resource definition {plural}.{group}"
    if group == "federation.maistra.io":
        remedy = "The operator installs it once it has reconciled a ServiceMeshControlPlane of version 2.1 or newer"
    elif group == "maistra.io":
        remedy = "Install the OpenShift Service Mesh operator"
    elif group == "cluster.open-cluster-management.io":
        remedy = "This cluster is no hub of Advanced Cluster Management: name the context of the hub"
    elif group == "operators.coreos.com":
        remedy = "This cluster has no Operator Lifecycle Manager: install the OpenShift Service Mesh operator by hand"
    return ClusterError("kind-missing", f"the cluster has no kind {kind} ({group})", remedy, status=404)


def _decode_conflict(status: Json) -> ClusterError:
    """A 409: fields of other managers, another object than the one that was read, or an object that changed meanwhile."""
    message = str(status.get("message") or "conflict")
    conflicts = _conflicts(status)
    if conflicts:
        fields_of: Dict[str, List[str]] = {}
        for conflict in conflicts:
            fields_of.setdefault(conflict["manager"], []).append(conflict["field"])
        owners = "; ".join(f"{manager} has {', '.join(fields)}" for manager, fields in sorted(fields_of.items()))
        return ClusterError(
            "conflict",
            f"owned by other field managers: {owners}",
            _release_fields(status),
            status=409,
            conflicts=conflicts,
        )
    if "uid" in message.lower():
        return ClusterError(
            "uid-mismatch",
            f"the object was deleted or created again since it was read ({message})",
            "Run again, so that the present object is read first",
            status=409,
        )
    return ClusterError("busy", message, "Run again", status=409)


def _conflicts(status: Json) -> List[Conflict]:
    """Managers and fields of a rejected server-side apply, from the causes of the API server's Status."""
    conflicts: List[Conflict] = []
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") != "FieldManagerConflict":
            continue
        manager = _CONFLICT.search(cause.get("message") or "")
        name = manager.group(1) if manager else "another manager"
        conflicts.append({"manager": name, "field": cause.get("field") or ""})
    return conflicts


def _release_fields(status: Json) -> str:
    """The remedy of a conflict: how the other managers release their fields.

    The API server adds an API version to the names of managers that write by update (apimachinery
    ``managedfields/internal/conflict.go``); all others apply.
    """
    causes = [str(cause.get("message")) for cause in (status.get("details") or {}).get("causes") or []]
    matches = (_CONFLICT.search(cause) for cause in causes)
    writes_by_update = {match.group(1): " using " in match.group(2) for match in matches if match}
    ways = [
        f"See that {manager} does not write there any more (end the manual edit, or reconfigure the controller)"
        if by_update
        else f"Remove the fields from what {manager} applies and apply that again "
        f"(kubectl apply --server-side --field-manager={manager}), which releases them"
        for manager, by_update in sorted(writes_by_update.items())
    ]
    forced = "set force_conflicts: true in the task of a module, or federation_force_conflicts: true"
    return ". ".join([*ways, f"To take over the fields from any manager, {forced}"])


# -- credentials that expired --------------------------------------------------------------------------------------------


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
    """When the client certificate in a file expired (RFC 3339, UTC); None while it is valid, and for any other file."""
    try:
        with open(path or "", encoding="utf-8") as file:
            not_after = str(read_roots(file.read())[0]["not_after"])
    except (OSError, ValueError, IndexError, RuntimeError):
        return None
    return not_after if not_after < format_time(now()) else None
