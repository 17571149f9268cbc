# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A cluster whose answers are kept, without secrets, so that they can be given again; logs of pods and pages of their ports.
Private to this collection."""

from __future__ import annotations

import http.client
import json
import re
import socket
import traceback
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import CONNECT_TIMEOUT, Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError, Request
from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import SECRET, redact, redact_text

IMPORT_ERROR: Optional[str] = None
try:
    import yaml
    from kubernetes.client import CoreV1Api
    from kubernetes.stream import portforward
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

#: Seconds that a page of a pod may take.
PAGE_TIMEOUT = 15
#: The parts of an answer that are no part of the request.
_ANSWER = ("api", "status", "code", "body")


class RecordingCluster(Cluster):
    """A cluster that keeps what it answers to ``get``, ``list`` and ``review``. ``answers`` are in the order of the first requests;
    each is the request (``verb``, ``kind``, ``api``, ``namespace``, ``name``, ``fields``, ``labels``, ``spec``), the HTTP ``status`` (0
    without an answer) and the ``body``: an object, a list of objects, the status of a review, or the Status of a failure."""

    def __init__(self, auth: Any, *, is_checked: bool = False) -> None:
        super().__init__(auth, is_checked=is_checked)
        self.answers: List[Json] = []
        self._known: Dict[str, None] = {}
        self._failure: Any = None

    @property
    def configuration(self) -> Any:
        """The connection as the Kubernetes client has resolved it: address, certificates, credentials."""
        return self._client.configuration

    @property
    def is_impersonating(self) -> bool:
        """Whether requests are sent as another user, or through a proxy with headers of its own."""
        return bool(self._auth.get("impersonate_user") or self._auth.get("impersonate_groups"))

    def get(self, kind: str, name: str, namespace: Optional[str] = None) -> Json:
        """One object, as ``Cluster.get``; its answer is kept."""
        return dict(self._kept({"verb": "get", "kind": kind, "namespace": namespace, "name": name}, super().get))

    def list(self, kind: str, namespace: Optional[str] = None, *, fields: str = "", labels: str = "") -> List[Json]:
        """All objects of a kind, as ``Cluster.list``; the answer is kept."""
        request = {"verb": "list", "kind": kind, "namespace": namespace, "fields": fields, "labels": labels}
        return list(self._kept(request, super().list))

    def review(self, kind: str, spec: Json) -> Json:
        """What the account may do, as ``Cluster.review``; the answer is kept."""
        return dict(self._kept({"verb": "review", "kind": kind, "spec": spec}, super().review))

    def _kept(self, request: Json, function: Any) -> Any:
        """Send a request, and keep what is answered, with the place of the kind in the API."""
        if request["kind"] == SECRET:
            raise ClusterError("access", "a Secret is never requested")
        try:
            answer = function(**{name: value for name, value in request.items() if name != "verb"})
        except ClusterError as error:
            status = error.status or {"unauthorized": 401}.get(error.code, 0)
            body = _status_of(self._failure) if status else {"message": redact_text(error.message)}
            self._keep({**request, "status": status, "code": error.code, "body": body})
            raise
        self._keep({**request, "status": 200, "body": redact(answer)})
        return answer

    def _keep(self, answer: Json) -> None:
        answer["api"] = KINDS[answer["kind"]]._asdict()
        key = json.dumps({name: answer[name] for name in answer if name not in _ANSWER}, sort_keys=True)
        if key not in self._known:
            self._known[key] = None
            self.answers.append(answer)

    def decode(self, error: Exception, request: Request) -> ClusterError:
        """Any failure as a ClusterError; the answer is kept for the record."""
        self._failure = getattr(error, "body", None) or str(error)
        return super().decode(error, request)

    def log(self, pod: Tuple[str, str], container: str, query: Json) -> str:
        """The log of a container of a pod (namespace, name) with options of the API: ``tailLines``, ``limitBytes``, ..."""
        namespace, name = pod
        answer = self._send(
            Request("get", "pods/log", namespace, name),
            self._client.request,
            "get",
            f"/api/v1/namespaces/{namespace}/pods/{name}/log",
            query_params=[("container", container), *query.items()],
            serialize=False,
        )
        return str(answer.data.decode("utf-8", "replace"))

    def page(self, pod: Tuple[str, str], port: int, path: str, most: int) -> str:
        """What a pod answers on its own loopback interface to HTTP GET, at most so many bytes.

        The API server forwards the port. ClusterError where it does not, or where the answer is no success.
        """
        if IMPORT_ERROR:
            raise ClusterError("access", "the Kubernetes client cannot forward ports")
        namespace, name = pod
        request = Request("get", "pods/portforward", namespace, name)
        before = socket.getdefaulttimeout()
        # The client opens this connection without any limit of its own.
        socket.setdefaulttimeout(CONNECT_TIMEOUT)
        try:
            forward = portforward(
                CoreV1Api(self._client.client).connect_get_namespaced_pod_portforward, name, namespace, ports=str(port)
            )
        except Exception as error:  # the client wraps any failure of the handshake
            raise _not_forwarded(str(getattr(error, "reason", error))) from error
        finally:
            socket.setdefaulttimeout(before)
        connection = forward.socket(port)
        try:
            connection.setblocking(True)
            connection.settimeout(PAGE_TIMEOUT)
            return _answer(connection, path, most)
        except (OSError, http.client.HTTPException) as error:
            raise self.decode(error, request) from error
        finally:
            forward.close()


def plain_yaml(text: str) -> Any:
    """The data of a YAML text, with times as the texts that they are; None where it is no YAML."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
        for first, rules in base.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader=type("Loader", (base,), {"yaml_implicit_resolvers": resolvers}))
    except yaml.YAMLError:
        return None


def _not_forwarded(reason: str) -> ClusterError:
    """A port that the API server does not forward: the client has its answer as text, with all headers."""
    status = re.search(r"Handshake status (\d{3})", reason)
    message = re.search(r'"message":"((?:[^"\\]|\\.)*)"', reason)
    shown = message[1].replace('\\"', '"') if message else " ".join(reason.partition(" -+-+-")[0].split())[:200]
    number = int(status[1]) if status else 0
    return ClusterError("forbidden" if number == 403 else "unreachable", redact_text(shown), status=number)


def _answer(connection: Any, path: str, most: int) -> str:
    """The body of the answer to one HTTP request on an open connection."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read(most).decode("utf-8", "replace")
    if response.status != 200:
        raise ClusterError("failed", f"HTTP {response.status}: {redact_text(body)[:200]}", status=response.status)
    return body


def _status_of(body: Any) -> Json:
    """The Status of a failure as data, without secrets."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        status = json.loads(text)
    except ValueError:
        status = None
    return redact(status) if isinstance(status, dict) else {"message": redact_text(text)}
