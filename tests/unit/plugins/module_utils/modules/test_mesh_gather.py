# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""mesh_gather: what it asks pods and oc for, within which limits, and what it says of what is missing."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import stat
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ossm.federation.plugins.module_utils._cluster import recording
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules import gather_inspect, mesh_gather
from ansible_collections.ossm.federation.plugins.module_utils._modules.gather_pods import PodTexts, federation_pods

Json = dict[str, Any]
SECRET = "Zq8-planted-7Hx2Lw"
PARAMS = {
    "auth": {"host": "https://red", "api_key": SECRET},
    "log_lines": 100,
    "log_bytes": 1000,
    "log_seconds": 0,
    "oc": "oc",
    "oc_timeout": 20,
}
#: As openshift/oc pkg/cli/admin/inspect behaves: it writes nothing where a kind cannot be listed, one file for each object, and a file of times.
OC = """#!/bin/sh
echo "$@" >> "{calls}"
stat -L -c %a "$KUBECONFIG" >> "{calls}"
grep -l {secret} "$HOME"/* > "{calls}.files" 2> /dev/null
cp "$KUBECONFIG" "{calls}.kubeconfig"
env > "{calls}.environment"
for last; do :; done
while [ "$1" != "--dest-dir" ]; do shift; done
case "$last" in *{refused}*) echo "Error from server (Forbidden): {refused} is forbidden, token={secret}" >&2; exit 1;; esac
mkdir -p "$2/namespaces/red/core/pods" "$2/namespaces/red/core/secrets"
echo "2026-01-31 03:04:05" > "$2/timestamp"
echo "<html>{secret}</html>" > "$2/event-filter.html"
printf 'kind: Pod\\nmetadata: {{name: x, creationTimestamp: "2026-01-31T00:00:00Z"}}\\nspec: {{env: [{{name: PASSWORD, value: {secret}}}]}}\\n' \\
    > "$2/namespaces/red/core/pods/x.yaml"
printf 'kind: Secret\\ndata: {{k: {secret}}}\\n' > "$2/namespaces/red/core/secrets/y.yaml"
printf 'token={secret}\\n' | gzip > "$2/namespaces/red/rotated.log.gz"
"""


class Pods:
    """Answers for logs and pages, as ``RecordingCluster`` gives them."""

    is_impersonating = False

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[Any] = []

    def log(self, pod: tuple[str, str], container: str, query: Json) -> str:
        self.asked.append((pod[1], container, query))
        return self._answer(self.answers.get("log", "one\n"), query)

    def page(self, pod: tuple[str, str], port: int, path: str, most: int) -> str:
        self.asked.append((pod[1], port, path, most))
        return self._answer(self.answers.get("page", "{}"), path)

    @staticmethod
    def _answer(answer: Any, about: Any) -> str:
        found = answer(about) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return str(found)


def pod(name: str, app: str, node: str = "n", restarts: int = 0) -> Json:
    statuses = [{"name": "proxy", "restartCount": restarts}]
    return {
        "metadata": {"name": name, "namespace": "red", "labels": {"app": app}},
        "spec": {"nodeName": node, "containers": [{"name": "proxy"}]},
        "status": {"containerStatuses": statuses},
    }


PODS = federation_pods(
    [pod("istiod-1", "istiod"), pod("in-1", "ingress-green", restarts=1), pod("x", "shop")], ["ingress-green"]
)


def collect(cluster: Any, **params: Any) -> tuple[Json, list[tuple[str, str, str]]]:
    missed: list[tuple[str, str, str]] = []
    texts = PodTexts(cluster, {**PARAMS, **params}, lambda *what: missed.append(what))
    texts.read_logs(PODS)
    texts.read_pages(PODS)
    return texts.texts, missed


def test_logs_and_pages_of_istiod_and_of_gateways_are_collected_without_secrets() -> None:
    texts, missed = collect(Pods(log=f"password={SECRET}\n", page=json.dumps({"token": SECRET})))
    assert not missed and SECRET not in json.dumps(texts)
    assert sorted(texts) == [
        *(f"debug/istiod-1/{name}.json" for name in ("config_dump-in-1", "configz", "endpointz", "registryz", "syncz")),
        "logs/in-1/proxy.log",
        "logs/in-1/proxy.previous.log",
        "logs/istiod-1/proxy.log",
    ]


def test_the_newest_lines_are_kept_where_a_log_is_too_large() -> None:
    cluster = Pods(log=lambda query: "x" * min(40 * query["tailLines"], query["limitBytes"]))
    texts, dummy = collect(cluster, log_seconds=60)
    assert [query["tailLines"] for name, container, query in cluster.asked[:4] if name == "istiod-1"] == [
        100,
        50,
        25,
        12,
    ][:3] + [12]
    assert len(texts["logs/istiod-1/proxy.log"]) == 480
    assert cluster.asked[0][2]["sinceSeconds"] == 60 and cluster.asked[0][2]["timestamps"] == "true"


def test_a_missing_right_is_asked_for_once_and_a_silent_node_too() -> None:
    cluster = Pods(
        log=ClusterError("forbidden", "may not get pods/log"),
        page=ClusterError("forbidden", "may not forward", status=403),
    )
    texts, missed = collect(cluster)
    assert texts == {} and len(cluster.asked) == 2
    assert {what for what, dummy, dummy in missed} == {"logs", "debug pages of istiod"}
    message = 'the API server answers 500: Get "https://node:10250/containerLogs/x?limitBytes=1": dial tcp: refused'
    cluster = Pods(log=ClusterError("busy", message, status=500), page=ClusterError("unreachable", "404", status=404))
    texts, missed = collect(cluster)
    assert len(cluster.asked) == 2 and missed[0][:2] == (
        "logs of pods on n",
        "the API server answers 500: dial tcp: refused",
    )


def test_a_page_that_istiod_does_not_have_is_left_out() -> None:
    def answer(path: str) -> Any:
        return ClusterError("failed", "HTTP 404", status=404) if "registryz" in path else "{}"

    texts, missed = collect(Pods(page=answer))
    assert not missed and "debug/istiod-1/registryz.json" not in texts and "debug/istiod-1/configz.json" in texts
    texts, missed = collect(Pods(page=ClusterError("failed", "HTTP 401", status=401)))
    assert [what for what, dummy, dummy in missed] == ["debug pages of istiod-1"]


def test_a_page_is_read_from_a_forwarded_port() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    with ours, theirs:
        assert recording._answer(ours, "/debug/syncz", 100) == "hello"
        assert theirs.recv(100).startswith(b"GET /debug/syncz HTTP/1.1\r\n")


def test_why_a_port_is_not_forwarded_is_said_without_headers() -> None:
    text = 'Handshake status 403 Forbidden -+-+- {\'audit-id\': \'1\'} -+-+- b\'{"kind":"Status","message":"pods \\"x\\" is forbidden","code":403}\''
    error = recording._not_forwarded(text)
    assert (error.code, error.message, error.status) == ("forbidden", 'pods "x" is forbidden', 403)
    assert (
        recording._not_forwarded("Handshake status 404 Not Found -+-+- {} -+-+- x").message
        == "Handshake status 404 Not Found"
    )


# -- oc ----------------------------------------------------------------------------------------------------------------


def configuration(**changes: Any) -> Any:
    names = ("ssl_ca_cert", "cert_file", "key_file", "username", "password", "proxy", "tls_server_name")
    found = {
        "host": "https://red",
        "verify_ssl": True,
        "api_key": {"authorization": f"Bearer {SECRET}"},
        **dict.fromkeys(names),
    }
    return types.SimpleNamespace(**{**found, **changes})


@pytest.fixture(name="calls")
def _calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(gather_inspect.tempfile, "tempdir", None)
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path / "calls"


def write_oc(calls: Path, refused: str = "nothing", text: str = OC) -> None:
    program = calls.parent / "bin" / "oc"
    program.write_text(text.format(calls=calls, refused=refused, secret=SECRET))
    program.chmod(0o755)


def run_oc(calls: Path, **changes: Any) -> tuple[Json, list[tuple[str, str, str]]]:
    missed: list[tuple[str, str, str]] = []
    cluster: Any = types.SimpleNamespace(configuration=configuration(**changes))
    params: Any = {**PARAMS, "log_seconds": 60}
    texts = gather_inspect.inspect(cluster, "red", params, lambda *what: missed.append(what))
    assert list((calls.parent / "tmp").iterdir()) == [], "the kubeconfig has to be removed"
    return texts, missed


def test_oc_inspects_without_secrets_in_arguments_environment_and_result(calls: Path) -> None:
    write_oc(calls)
    texts, missed = run_oc(calls)
    assert not missed and SECRET not in json.dumps(texts)
    assert sorted(texts) == [
        "inspect/namespaces/red/core/pods/x.yaml",
        "inspect/namespaces/red/rotated.log",
        "inspect/timestamp",
    ]
    assert (
        yaml.safe_load(texts["inspect/namespaces/red/core/pods/x.yaml"])["metadata"]["creationTimestamp"]
        == "2026-01-31T00:00:00Z"
    )
    command, mode = calls.read_text().splitlines()
    assert command.startswith("adm inspect --since=60s --namespace red --dest-dir ") and mode == "600"
    assert "secrets" not in command and "configmaps" not in command and SECRET not in command
    assert SECRET not in Path(f"{calls}.environment").read_text()
    user = yaml.safe_load(Path(f"{calls}.kubeconfig").read_text())["users"][0]["user"]
    assert user == {"token": SECRET}


def test_the_kubeconfig_is_in_no_file_so_that_it_ends_with_the_run(calls: Path) -> None:
    """Whatever ends the run cannot leave it behind; each run of oc reads it from its start."""
    write_oc(calls, refused="replicasets")
    before = sorted(os.listdir("/proc/self/fd"))
    texts, dummy = run_oc(calls)
    assert texts and Path(f"{calls}.files").read_text() == ""
    assert yaml.safe_load(Path(f"{calls}.kubeconfig").read_text())["users"][0]["user"] == {"token": SECRET}
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("reason", ["missing", "refused", "unreadable"])
def test_without_files_in_memory_the_kubeconfig_is_a_private_file(
    calls: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    if reason == "missing":
        monkeypatch.delattr(os, "memfd_create")
    elif reason == "refused":
        monkeypatch.setattr(os, "memfd_create", lambda name: os.open("/nowhere", os.O_RDONLY))
    else:
        monkeypatch.setattr(os, "memfd_create", lambda name: os.open(os.devnull, os.O_RDONLY))
        monkeypatch.setattr(os, "fchmod", lambda descriptor, mode: None)
    write_oc(calls)
    texts, missed = run_oc(calls)
    assert texts and not missed and calls.read_text().splitlines()[1] == "600"
    assert Path(f"{calls}.files").read_text().strip().endswith("/kubeconfig")


def test_where_one_kind_is_refused_the_others_are_inspected(calls: Path) -> None:
    write_oc(calls, refused="replicasets")
    texts, missed = run_oc(calls)
    assert texts and [what for what, dummy, dummy in missed] == ["oc adm inspect replicasets.apps"]
    assert "forbidden" in missed[0][1] and SECRET not in str(missed)


def test_a_missing_a_failing_and_a_hanging_oc_leave_no_file(calls: Path) -> None:
    params: Any = {**PARAMS, "oc": "no-such-oc"}
    missed: list[tuple[str, str, str]] = []
    cluster: Any = types.SimpleNamespace(configuration=configuration())
    assert gather_inspect.inspect(cluster, "red", params, lambda *what: missed.append(what)) == {}
    assert "not on the PATH" in missed[0][1]
    write_oc(calls, text="#!/bin/sh\nexec sleep 60\n")
    params = {**PARAMS, "oc_timeout": 1}
    assert gather_inspect.inspect(cluster, "red", params, lambda *what: missed.append(what)) == {}
    assert missed[1][1] == "it did not end in time" and list((calls.parent / "tmp").iterdir()) == []
    write_oc(calls, text="not a program")
    texts, broken = run_oc(calls)
    assert texts == {} and len(broken) == 1


def test_the_kubeconfig_has_the_resolved_access_of_any_form(tmp_path: Path) -> None:
    (tmp_path / "pem").write_text("PEM")
    path = str(tmp_path / "pem")
    found = gather_inspect.kubeconfig(
        configuration(
            api_key={}, cert_file=path, key_file=path, ssl_ca_cert=path, proxy="http://p:1", tls_server_name="n"
        ),
        {"impersonate_user": "eve", "impersonate_groups": ["g"]},
    )
    pem = base64.b64encode(b"PEM").decode()
    assert found["users"][0]["user"] == {
        "client-certificate-data": pem,
        "client-key-data": pem,
        "as": "eve",
        "as-groups": ["g"],
    }
    assert found["clusters"][0]["cluster"] == {
        "server": "https://red",
        "certificate-authority-data": pem,
        "tls-server-name": "n",
        "proxy-url": "http://p:1",
    }
    insecure = gather_inspect.kubeconfig(configuration(verify_ssl=False, api_key={}, username="u", password=SECRET), {})
    assert insecure["clusters"][0]["cluster"]["insecure-skip-tls-verify"] is True
    assert insecure["users"][0]["user"] == {"username": "u", "password": SECRET}
    target = tmp_path / "private"
    gather_inspect._write_private(str(target), "x")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_a_mesh_without_access_is_missing_and_does_not_fail() -> None:
    params: Any = {**PARAMS, "auth": {}, "mesh": "red", "fail_on_problems": False}
    result = mesh_gather.run(params, False, print)
    assert not result.get("failed") and result["problems"][0]["code"] == "access-missing"
    assert [one["what"] for one in result["missing"]] == ["everything"]
    whole = json.loads(gzip.decompress(base64.b64decode(result["content"])))
    assert whole["answers"] == [] and whole["facts"]["readable"] is False


def test_a_reason_of_a_cluster_is_noted_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, auth: Json, is_checked: bool = False) -> None:
        raise ClusterError("unreachable", f"https://u:{SECRET}@proxy answers 407, password={SECRET}")

    monkeypatch.setattr(recording.RecordingCluster, "__init__", refuse)
    params: Any = {**PARAMS, "mesh": "red", "fail_on_problems": False}
    result = mesh_gather.run(params, False, print)
    assert result["missing"][0]["reason"] == "https://[redacted]@proxy answers 407, password=[redacted]"
    assert SECRET not in gzip.decompress(base64.b64decode(result["content"])).decode() + json.dumps(result)


def test_a_secret_is_never_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording.Cluster, "__init__", lambda self, auth, is_checked=False: None)
    cluster = recording.RecordingCluster({})
    with pytest.raises(ClusterError, match="never requested"):
        cluster.list("Secret", "red")
    assert cluster.answers == []
