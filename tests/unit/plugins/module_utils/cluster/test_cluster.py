# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to a cluster, sessions, watches, and the decoding of failures."""

from __future__ import annotations

import base64
import datetime
import json
import queue
import socket
import ssl
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
import yaml
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kubernetes.client import Configuration
from kubernetes.client.exceptions import ApiException

from ansible_collections.ossm.federation.plugins.module_utils._cluster import access, client, errors, session, watch
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError, Request
from ansible_collections.ossm.federation.plugins.module_utils._modules import arguments

Json = dict[str, Any]


def _kubeconfig(name: str = "red", **user: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443"}}],
        "users": [{"name": name, "user": user or {"token": f"token-of-{name}"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    path = tmp_path / "red"
    path.write_text(yaml.safe_dump(_kubeconfig()), encoding="utf-8")
    return path


def _codes(auth: Json, environ: dict[str, str] | None = None) -> list[str]:
    return [problem["code"] for problem in access.check_access(auth, "red-mesh", environ or {})]


def test_auth_is_that_of_kubernetes_core() -> None:
    ours = arguments.AUTH_OPTION["options"]
    assert set(ours) == set(AUTH_ARG_SPEC)
    for name, theirs in AUTH_ARG_SPEC.items():
        assert ours[name]["type"] == theirs.get("type", "str"), name
        assert bool(ours[name].get("no_log")) == bool(theirs.get("no_log")), name


def test_good_access(file: Path) -> None:
    assert _codes({"kubeconfig": str(file)}) == []
    assert _codes({"kubeconfig": str(file), "context": "red"}) == []
    assert _codes({"kubeconfig": _kubeconfig()}) == []
    assert _codes({"context": "red"}, {"KUBECONFIG": str(file)}) == []
    assert _codes({"host": "https://x", "api_key": "t"}) == []
    assert _codes({"host": "https://x", "client_cert": str(file), "client_key": str(file)}) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "kubeconfig-empty"),
        ("  \n", "kubeconfig-empty"),
        ("a: [", "kubeconfig-not-yaml"),
        ("just words", "kubeconfig-not-yaml"),
        ("contexts: []", "context-unknown"),
    ],
)
def test_bad_kubeconfigs(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    assert _codes({"kubeconfig": str(path)}) == [code]


def test_bad_access(file: Path, tmp_path: Path) -> None:
    assert _codes({}) == ["access-missing"]
    assert _codes({"host": "https://x"}) == ["access-incomplete"]
    assert _codes({"host": "https://x", "username": "u"}) == ["access-incomplete"]
    assert _codes({"kubeconfig": str(tmp_path / "none")}) == ["kubeconfig-missing"]
    assert _codes({"kubeconfig": str(tmp_path)}) == ["kubeconfig-unreadable"]
    assert _codes({"kubeconfig": str(file), "context": "blue"}) == ["context-unknown"]
    assert _codes({"context": "red"}, {"KUBECONFIG": str(tmp_path / "none")}) == ["kubeconfig-missing"]
    both = f"{tmp_path / 'none'}:{tmp_path}"
    assert _codes({"kubeconfig": both}) == ["kubeconfig-missing", "kubeconfig-unreadable"]


@pytest.mark.parametrize("option", ["client_cert", "client_key", "ca_cert"])
def test_a_file_of_the_access_that_cannot_be_read_is_named(file: Path, option: str) -> None:
    """Without this check the client fails late, and blames the network or the API server's certificate."""
    authority = file.parent / "authority.pem"
    authority.write_bytes(_certificate(datetime.datetime.now(datetime.timezone.utc)))
    files = {"client_cert": str(file), "client_key": str(file), "ca_cert": str(authority)}
    wrong = {"host": "https://x", **files, option: str(file.parent / "none.pem")}
    (found,) = access.check_access(wrong, "red-mesh", {})
    assert (found["code"], found["where"]) == ("access", f"mesh_{option}")
    assert found["message"] == f"{file.parent / 'none.pem'} cannot be read: No such file or directory"
    (found,) = access.check_access({"kubeconfig": str(file), option: str(file.parent)}, "red-mesh", {}, prefix="auth.")
    assert found["where"] == f"auth.{option}" and found["message"] == f"{file.parent} cannot be read: Is a directory"


def test_a_kubeconfig_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x84\xff")
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "binary", "it is not UTF-8 text")):
        (found,) = access.check_access({"kubeconfig": str(path)}, "red", {})
        assert found["message"] == f"{path} cannot be read: {reason}"


def test_a_kubeconfig_without_contexts_is_not_to_be_given_one_of_them() -> None:
    for contexts in ([], None, 5, "red", [5, None]):
        (found,) = access.check_access({"kubeconfig": {"clusters": [], "contexts": contexts}}, "red", {})
        assert found["code"] == "context-unknown" and found["message"] == "the kubeconfig has no contexts"
        assert "none" not in found["remedy"]


@pytest.mark.parametrize(
    "changes",
    [
        {"clusters": [{"name": "red", "cluster": {"server": 5}}]},
        {"clusters": "red"},
        {"clusters": 5},
        {"users": "red"},
        {"contexts": [{"name": "red", "context": None}]},
    ],
)
def test_a_kubeconfig_with_a_value_of_another_type_is_a_problem(changes: Json) -> None:
    """The client's parser raised whatever came of it, and the host was lost for the run."""
    cluster, problems = session.connect({"kubeconfig": {**_kubeconfig(), **changes}}, "red-mesh")
    assert cluster is None and [found["code"] for found in problems] == ["access"]
    assert problems[0]["message"].startswith("the kubeconfig cannot be used: ")


def test_problems_name_mesh_variable_and_what_is_there(file: Path) -> None:
    reported = access.check_access({"kubeconfig": str(file), "context": "blue"}, "red-mesh", {})[0]
    assert (reported["mesh"], reported["where"]) == ("red-mesh", "mesh_context")
    assert "blue" in reported["message"] and "red" in reported["remedy"]


def test_k8s_auth_variables_are_refused_by_name(file: Path) -> None:
    environ = {"K8S_AUTH_API_KEY": "secret", "K8S_AUTH_HOST": "x"}
    problems = access.check_access({"kubeconfig": str(file)}, "red-mesh", environ)
    assert [problem["code"] for problem in problems] == ["environment"]
    assert "K8S_AUTH_API_KEY, K8S_AUTH_HOST" in problems[0]["message"]
    assert "secret" not in json.dumps(problems)


def test_several_files_of_kubeconfig_may_miss_one(file: Path, tmp_path: Path) -> None:
    assert _codes({"context": "red"}, {"KUBECONFIG": f"{tmp_path / 'none'}:{file}"}) == []


def test_one_cluster_leaves_nothing_behind_for_the_next(tmp_path: Path, file: Path) -> None:
    first = client.Cluster({"kubeconfig": str(file)})
    second = client.Cluster({"host": "https://green.example", "api_key": "token-of-green"})
    assert (first.host, second.host) == ("https://red.example:6443", "https://green.example")
    assert "token-of-red" not in str(vars(second._client.configuration))
    assert "token" not in str(Configuration.get_default_copy().api_key)


def test_no_access_is_an_error_not_the_account_of_the_pod() -> None:
    with pytest.raises(ClusterError) as caught:
        client.Cluster({})
    assert caught.value.code == "access"


def _token(expiry: float) -> str:
    parts = [{"alg": "none"}, {"exp": expiry}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".x"


WRITING = Request("patch", "ServiceMeshPeer", "ns", "a")


def _decode(status: int, body: Any, ask: Request = WRITING, token: str = "") -> ClusterError:
    text = body if isinstance(body, str) else json.dumps(body)
    return errors.decode_response(status, text.encode(), ask, token)


def test_an_expired_token_is_named() -> None:
    assert "expired at 2001-09-09 01:46:40 UTC" in _decode(401, {}, token=_token(1e9)).message
    assert "expired" not in _decode(401, {}, token=_token(time.time() + 3600)).message
    assert "expired" not in _decode(401, {}, token="opaque").message
    assert _decode(401, {}).code == "unauthorized"


def test_forbidden_names_verb_and_resource() -> None:
    error = _decode(403, {"message": "no"}, Request("list", "ServiceMeshPeer", "ns"))
    assert error.code == "forbidden"
    assert "list servicemeshpeers.federation.maistra.io" in error.message
    assert "list on servicemeshpeers.federation.maistra.io" in error.remedy


def test_the_verb_that_is_missing_is_the_one_that_the_api_server_names() -> None:
    """An apply is a patch, and needs create where nothing is there."""
    said = 'servicemeshpeers "a" is forbidden: User "u" cannot create resource "servicemeshpeers" in API group "x"'
    error = _decode(403, {"message": said})
    assert error.message.startswith("may not create servicemeshpeers.") and "the verb create on" in error.remedy


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("user 'u' does not have permission to access namespace(s): [a b]", "update on pods in these namespaces"),
        ("user 'u' does not have permission to access all namespaces", "update on pods in all namespaces"),
        (
            "only users that are allowed to update pods at the cluster scope are allowed to use wildcards",
            "update on pods in all",
        ),
        ("a cluster-scoped SMCP may only be created by users with cluster-admin permissions", "mode: ClusterWide"),
        ("another thing", "Change what the webhook names"),
    ],
)
def test_a_right_that_a_webhook_asks_for_is_named(said: str, remedy: str) -> None:
    error = _decode(403, {"message": f'admission webhook "smmr.validation.maistra.io" denied the request: {said}'})
    assert error.code == "rejected" and remedy in error.remedy


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, "404 page not found", "kind-missing"),
        (404, {"message": "the server could not find the requested resource", "details": {}}, "kind-missing"),
        (
            404,
            {"message": 'namespaces "ns" not found', "details": {"name": "ns", "kind": "namespaces"}},
            "namespace-missing",
        ),
        (404, {"message": "not found", "details": {"name": "a", "kind": "servicemeshpeers"}}, "missing"),
        (
            409,
            {"message": "uid mismatch: the provided object specified uid x, and no existing object was found"},
            "uid-mismatch",
        ),
        (409, {"message": "Precondition failed: UID in precondition: a, UID in object meta: b"}, "uid-mismatch"),
        (409, {"message": "the object has been modified"}, "busy"),
        (400, {"message": 'admission webhook "x" denied the request: no'}, "rejected"),
        (403, {"message": 'admission webhook "x" denied the request: no'}, "rejected"),
        (422, {"message": "spec.x: Invalid value"}, "invalid"),
        (429, {"message": "too many"}, "busy"),
        (500, "broken", "busy"),
        (504, {"message": "timeout"}, "busy"),
        (410, {"message": "too old resource version"}, "expired-watch"),
        (418, "teapot", "failed"),
    ],
)
def test_answers(status: int, body: Any, code: str) -> None:
    error = _decode(status, body)
    assert error.code == code and error.message


def test_a_conflict_names_managers_and_fields() -> None:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "mesh-owner" using maistra.io/v2',
            "field": ".spec.security.trust.domain",
        },
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "argocd" using maistra.io/v2 at 2026',
            "field": ".spec.version",
        },
    ]
    error = _decode(409, {"message": "Apply failed with 2 conflicts", "details": {"causes": causes}})
    assert error.code == "conflict"
    assert error.conflicts == [
        {"manager": "mesh-owner", "field": ".spec.security.trust.domain"},
        {"manager": "argocd", "field": ".spec.version"},
    ]
    assert "mesh-owner has .spec.security.trust.domain" in error.message


@pytest.mark.parametrize(
    ("message", "way"),
    [
        ('conflict with "argocd"', "kubectl apply --server-side --field-manager=argocd"),
        ('conflict with "kubectl-edit" using maistra.io/v2', "See that kubectl-edit does not write there any more"),
        ('conflict with "kubectl-edit" using v1 at 2026-01-01T00:00:00Z', "See that kubectl-edit does not write"),
        ('conflict with "c" with subresource "scale" using apps/v1', "See that c does not write"),
    ],
)
def test_a_conflict_says_how_its_field_is_handed_over(message: str, way: str) -> None:
    cause = {"reason": "FieldManagerConflict", "message": message, "field": ".spec.x"}
    error = _decode(409, {"message": "Apply failed", "details": {"causes": [cause]}})
    assert way in error.remedy and error.remedy.endswith("federation_force_conflicts: true")


def _nested(inner: Exception) -> Exception:
    return urllib3.exceptions.MaxRetryError(None, "/x", inner)  # the way urllib3 hands failures up


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (
            _nested(urllib3.exceptions.NewConnectionError(None, "[Errno 111] Connection refused")),
            "unreachable",
            "refuses",
        ),
        (_nested(urllib3.exceptions.ConnectTimeoutError("timed out")), "unreachable", "in time"),
        (
            _nested(
                urllib3.exceptions.SSLError(
                    ssl.SSLCertVerificationError(
                        1, "certificate verify failed: unable to get local issuer certificate (_ssl.c:1)"
                    )
                )
            ),
            "certificate",
            "local issuer",
        ),
        (
            urllib3.exceptions.ProtocolError(
                "Connection aborted.", ConnectionResetError(104, "Connection reset by peer")
            ),
            "unreachable",
            "breaks",
        ),
        (
            _nested(
                urllib3.exceptions.ProxyError(
                    "Unable to connect to proxy",
                    urllib3.exceptions.NewConnectionError(None, "[Errno 111] Connection refused"),
                )
            ),
            "unreachable",
            "through the proxy",
        ),
        (
            _nested(urllib3.exceptions.SSLError(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"))),
            "unreachable",
            "does not speak TLS",
        ),
        (
            UnicodeEncodeError("latin-1", "Bearer x", 7, 8, "ordinal not in range(256)"),
            "unauthorized",
            "a character that",
        ),
        (RuntimeError("strange"), "unreachable", "strange"),
    ],
)
def test_connections(error: Exception, code: str, word: str) -> None:
    found = errors.decode_connection(error, "https://red.example")
    assert found.code == code and word in found.message and "red.example" in found.message


@pytest.mark.parametrize("answer", ["<html>\n log in", "", [1], None])
def test_a_web_server_that_is_no_api_server_is_a_problem(
    file: Path, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login page with status 200 made every module fail with an exception of Python."""
    cluster = client.Cluster({"kubeconfig": str(file)})
    monkeypatch.setattr(cluster._client, "request", lambda *_arguments, **_options: answer)
    monkeypatch.setattr(cluster._client, "get", lambda *_arguments, **_options: answer)
    body = json.dumps(answer) if isinstance(answer, list) else answer or ""
    applied = SimpleNamespace(data=body.encode(), status=200)
    monkeypatch.setattr(cluster._client, "server_side_apply", lambda *_arguments, **_options: applied)
    config_map = {"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "ns"}}
    for send in (
        lambda: cluster.get("Namespace", "kube-system"),
        lambda: cluster.list("Node"),
        lambda: cluster.merge_patch("Namespace", "a", None, {}, "m"),
        lambda: cluster.apply(config_map, "m"),
    ):
        with pytest.raises(ClusterError, match="answers with") as caught:
            send()
        assert caught.value.code == "unreachable" and "red.example" in caught.value.message


@pytest.mark.parametrize("items", [5, ["x"], [None]])
def test_a_list_of_anything_else_is_a_problem(file: Path, items: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = client.Cluster({"kubeconfig": str(file)})
    monkeypatch.setattr(cluster._client, "get", lambda *_arguments, **_options: {"items": items})
    with pytest.raises(ClusterError, match="no Kubernetes object"):
        cluster.list("Node")


def test_a_certificate_that_is_not_verified_on_request_is_no_warning() -> None:
    """Each worker printed a warning of urllib3 for each mesh."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        client.Cluster({"host": "https://red.example", "api_key": "t", "validate_certs": False})
        warnings.warn("not verified", urllib3.exceptions.InsecureRequestWarning, stacklevel=1)
    assert not shown


class _Stream:
    """A stream of watch events that can be stopped."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def stop(self) -> None:
        self.ended.set()


class _Scripted:
    """A cluster whose watch requests follow a script: an exception is raised, events are reported."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)

    def open_stream(self) -> Any:
        return _Stream()

    def events(self, target: Any, seconds: int, stream: Any) -> Any:
        step = self.script.pop(0) if self.script else []
        for event in [step] if isinstance(step, Exception) else step:
            if isinstance(event, Exception):
                raise event
            yield event
        if not self.script:
            stream.ended.wait(5)

    def decode(self, error: Exception, ask: Request) -> ClusterError:
        assert isinstance(error, ClusterError)
        return error


def _watched(*script: Any, count: int) -> list[tuple[str, str]]:
    bus: queue.Queue[Any] = queue.Queue()
    cluster: Any = _Scripted(*script)
    watcher = watch.Watcher(cluster, watch.WatchFor("Service", "ns"), time.monotonic() + 20, bus)
    watcher.start()
    try:
        found = [bus.get(timeout=10) for _number in range(count)]
    finally:
        watcher.stop()
    return [(event.type, event.object.get("name", event.error.code if event.error else "")) for event in found]


def test_a_watch_that_breaks_begins_again_with_a_reset() -> None:
    gone = ClusterError("expired-watch", "too old")
    found = _watched(
        [("ADDED", {"name": "a"}), ClusterError("unreachable", "cut")],
        ClusterError("forbidden", "not yet"),
        [("ADDED", {"name": "b"}), gone],
        [("ADDED", {"name": "c"})],
        count=7,
    )
    assert found == [
        ("ADDED", "a"),
        ("ERROR", "unreachable"),
        ("ERROR", "forbidden"),
        ("RESET", ""),
        ("ADDED", "b"),
        ("RESET", ""),
        ("ADDED", "c"),
    ]


def test_a_watch_that_may_never_work_is_given_up() -> None:
    assert _watched(ClusterError("forbidden", "no"), count=1) == [("FATAL", "forbidden")]


@pytest.mark.parametrize(
    ("status", "again"),
    [
        (429, True),
        (500, True),
        (502, True),
        (503, True),
        (504, True),
        (400, False),
        (403, False),
        (404, False),
        (409, False),
    ],
)
def test_what_an_api_server_may_answer_otherwise_a_moment_later_is_asked_again(status: int, again: bool) -> None:
    assert client._retries().is_retry("PATCH", status) is again


def test_the_pauses_between_attempts_grow() -> None:
    policy, pauses = client._retries(), []
    for _attempt in range(4):
        policy = policy.increment("PATCH", "/", response=urllib3.HTTPResponse(status=503))
        pauses.append(policy.get_backoff_time())
    assert pauses == sorted(pauses) and pauses[1] > 0 and pauses[3] == 4 * pauses[1]
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        policy.increment("PATCH", "/", response=urllib3.HTTPResponse(status=503))


def test_every_kind_has_its_path_without_a_question_to_the_api_server(file: Path) -> None:
    resources = client.Cluster({"kubeconfig": str(file)})._client.resources
    assert resources.get("Service").path(name="a", namespace="ns") == "/api/v1/namespaces/ns/services/a"
    assert (
        resources.get("ServiceMeshPeer").path(name="a", namespace="ns")
        == "/apis/federation.maistra.io/v1/namespaces/ns/servicemeshpeers/a"
    )


def test_a_session_is_a_cluster_or_its_problems(file: Path) -> None:
    cluster, problems = session.connect({"kubeconfig": str(file), "context": None}, "red-mesh")
    assert cluster is not None and cluster.host == "https://red.example:6443" and problems == []
    cluster, problems = session.connect({}, "red-mesh")
    assert cluster is None and [(problem["code"], problem["mesh"]) for problem in problems] == [
        ("access-missing", "red-mesh")
    ]


def test_what_fails_inside_a_session_is_a_problem(file: Path) -> None:
    def work(cluster: client.Cluster) -> None:
        raise ClusterError("forbidden", "may not", "Grant it")

    auth = {"kubeconfig": str(file)}
    used: list[client.Cluster] = []
    assert session.use_cluster(auth, "red-mesh", used.append) == [] and len(used) == 1
    problems = session.use_cluster(auth, "red-mesh", work)
    assert [(problem["code"], problem["where"]) for problem in problems] == [("forbidden", "API server of red-mesh")]
    assert session.use_cluster(auth, "red-mesh", work, where="Pod a")[0]["where"] == "Pod a"
    assert [problem["code"] for problem in session.use_cluster({}, "red-mesh", work)] == ["access-missing"]


class _Wait:
    """A wait for a Service of some name."""

    mesh = "red-mesh"

    def __init__(self, name: str, gives_up: bool = False) -> None:
        self.name, self.gives_up = name, gives_up
        self.objects, self.log = watch.LiveObjects(), watch.ChangeLog()

    def take(self, event: watch.Event) -> None:
        self.objects.take(event)

    def is_done(self) -> bool:
        return self.name in self.objects.of("Service")

    def is_over(self) -> bool:
        return self.is_done() or self.gives_up

    def changes(self) -> list[str]:
        return self.log.changes(dict.fromkeys(sorted(self.objects.of("Service")), "exists"))

    def status_line(self) -> str:
        return self.name


class _Story:
    """A cluster whose watches report what a list has."""

    def __init__(self, *events: watch.Event) -> None:
        self.events = list(events)

    def watch_many(self, targets: Any, deadline: float) -> Any:
        while self.events:
            yield self.events.pop(0)


def _service(name: str, type_: watch.EventType = "ADDED") -> watch.Event:
    return watch.Event("Service", type_, {"metadata": {"name": name}})


QUIET, TICK, RESET = (watch.Event("", "QUIET", {}), watch.Event("", "TICK", {}), watch.Event("Service", "RESET", {}))
CUT = watch.Event("Service", "ERROR", {}, ClusterError("unreachable", "cut"))


def _follow(wait: _Wait, *events: watch.Event) -> tuple[bool, list[str], list[watch.Event]]:
    lines: list[str] = []
    story = _Story(*events)
    ended = watch.follow(story, [watch.WatchFor("Service", "ns")], wait, time.monotonic() + 60, lines.append)
    return ended, lines, story.events


def test_a_wait_ends_with_the_event_that_completes_it() -> None:
    assert _follow(_Wait("b"), _service("a"), _service("b"), QUIET) == (True, [], [QUIET])


def test_a_wait_reports_changes_after_a_burst_and_what_is_missing_at_a_heartbeat() -> None:
    ended, lines, _rest = _follow(
        _Wait("c"), _service("a"), _service("b"), QUIET, TICK, _service("a", "DELETED"), QUIET
    )
    assert not ended and lines[:2] == ["a: exists", "b: exists"] and len(lines) == 3
    assert lines[2].startswith("red-mesh: ") and lines[2].endswith(" s left; waiting for c")


def test_an_error_that_repeats_is_reported_once() -> None:
    other = CUT._replace(error=ClusterError("busy", "too many"))
    lines = _follow(_Wait("a"), CUT, CUT, other, CUT)[1]
    assert lines == [f"red-mesh: {text}; trying again" for text in ("cut", "too many", "cut")]


def test_a_watch_that_is_given_up_ends_the_wait() -> None:
    with pytest.raises(ClusterError, match="cut"):
        _follow(_Wait("a"), CUT._replace(type="FATAL"))


@pytest.mark.parametrize("event", [QUIET, TICK])
def test_a_wait_that_cannot_be_completed_ends(event: watch.Event) -> None:
    assert _follow(_Wait("a", gives_up=True), RESET, event, TICK) == (True, [], [TICK])


def test_a_reset_alone_completes_no_wait() -> None:
    class _Nothing(_Wait):
        def is_done(self) -> bool:
            return not self.objects.of("Service")

    assert _follow(_Nothing("a"), RESET, _service("a", "DELETED"), TICK) == (True, [], [TICK])


def test_objects_follow_their_watches() -> None:
    objects = watch.LiveObjects()
    assert [objects.take(_service(name)) for name in "ab"] == ["a", "b"]
    assert objects.take(_service("a", "DELETED")) == "a" and list(objects.of("Service")) == ["b"]
    assert objects.get("Service", "a") is None and objects.get("Pod", "b") is None
    assert objects.take(RESET) is None and objects.of("Service") == {}


def _certificate(until: datetime.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "user")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    )
    builder = builder.not_valid_before(until - datetime.timedelta(days=9)).not_valid_after(until)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_an_expired_client_certificate_is_named(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    old, good, garbage = tmp_path / "old", tmp_path / "healthy", tmp_path / "garbage"
    old.write_bytes(_certificate(datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)))
    good.write_bytes(_certificate(now + datetime.timedelta(days=1)))
    garbage.write_text("no certificate", encoding="utf-8")
    assert str(errors.certificate_expiry(str(old))).startswith("2020-01-02T00:00:00")
    others = [str(good), str(garbage), str(tmp_path / "none"), None]
    assert [errors.certificate_expiry(path) for path in others] == [None] * 4


SECRET = "the-secret-of-red"


def _with_plugin(tmp_path: Path, script: str, command: str = "") -> Json:
    """A kubeconfig whose user has a command for its credentials."""
    path = tmp_path / "login"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    config = _kubeconfig()
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command or str(path), "args": [SECRET]}
    config["users"][0]["user"] = {"exec": plugin}
    return config


@pytest.mark.parametrize(
    ("script", "command", "reason"),
    [
        (f"echo {SECRET} >&2; exit 3", "", "ended with exit code 3"),
        (f"echo {SECRET}", "", "returned no ExecCredential"),
        ('echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "E", "status": {}}\'', "", "returned no"),
        ("", "/missing/login", "cannot be started"),
    ],
)
def test_a_command_that_returns_no_credentials_is_named(
    tmp_path: Path, script: str, command: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    cluster, problems = session.connect({"kubeconfig": _with_plugin(tmp_path, script, command)}, "red-mesh")
    (found,) = problems
    assert cluster is None and (found["code"], found["mesh"]) == ("access", "red-mesh")
    path = command or str(tmp_path / "login")
    expected = f"the command {path}, which returns the credentials of the user red in the kubeconfig, {reason}"
    assert found["message"].startswith(expected) and found["remedy"].startswith(f"Log in again for {path}")
    assert SECRET not in str(found) + caplog.text


def test_credentials_of_a_command_that_are_not_accepted_name_it(tmp_path: Path) -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": SECRET, "expirationTimestamp": "2020-01-01T00:00:00Z"},
    }
    cluster = client.Cluster({"kubeconfig": _with_plugin(tmp_path, f"echo '{json.dumps(credential)}'")})
    found = cluster.decode(ApiException(status=401, reason="Unauthorized"), Request("get", "Namespace"))
    expected = f"as returned by the command {tmp_path / 'login'} for the user red of the kubeconfig"
    assert found.code == "unauthorized" and expected in found.message and "Log in again" in found.remedy
    assert SECRET not in found.message + found.remedy


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("cluster", "certificate-authority-data"),
        ("user", "client-certificate-data"),
        ("user", "client-key-data"),
    ],
)
@pytest.mark.parametrize("data", ["no base64!", base64.b64encode(b"no certificate").decode()])
def test_unusable_data_of_a_kubeconfig_is_named(kind: str, field: str, data: str) -> None:
    config = _kubeconfig()
    config[f"{kind}s"][0][kind][field] = data
    (found,) = access.check_access({"kubeconfig": config}, "red-mesh", {})
    assert (found["code"], found["mesh"], found["where"]) == ("access", "red-mesh", "mesh_kubeconfig")
    assert found["message"].startswith(f"{field} of the {kind} red contains no ") and "oc login" in found["remedy"]
    assert data not in str(found)


def test_usable_data_of_a_kubeconfig_is_no_problem() -> None:
    pem = _certificate(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1))
    config = _kubeconfig()
    config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(pem).decode()
    config["users"][0]["user"]["client-key-data"] = ""
    config["clusters"].append({"name": "other", "cluster": {"certificate-authority-data": "no base64!"}})
    assert access.check_access({"kubeconfig": config}, "red-mesh", {}) == []


def test_a_ca_file_without_a_certificate_is_named(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "ca"
    path.write_text("no certificate", encoding="utf-8")
    (found,) = access.check_access({"kubeconfig": str(file), "ca_cert": str(path)}, "red-mesh", {})
    assert found["where"] == "mesh_ca_cert" and f"{path} contains no certificate in PEM" in found["message"]


def test_files_of_a_kubeconfig_that_tls_cannot_use_are_not_those_of_the_api_server(tmp_path: Path) -> None:
    path = tmp_path / "ca"
    path.write_text("no certificate", encoding="utf-8")
    config = _kubeconfig()
    config["clusters"][0]["cluster"].update({"server": "https://127.0.0.1:1", "certificate-authority": str(path)})
    with socket.create_server(("127.0.0.1", 0)) as server:
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="a certificate or key for") as failure:
            client.Cluster({"kubeconfig": config}).get("Namespace", "x")
    assert failure.value.code == "access" and "certificate-authority" in failure.value.remedy
