# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All contexts of kubeconfigs, and a client with a limit of time."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import list_contexts
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError


def write(path: Path, *names: str, **cluster: Any) -> str:
    """Write a kubeconfig with contexts, each with a cluster and a user of its own."""
    content = {
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": f"{name}-ns"}} for name in names
        ],
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{name}.example.com/", **cluster}} for name in names
        ],
        "users": [{"name": name, "user": {"token": f"{name}-token"}} for name in names],
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_each_context_is_listed_with_a_kubeconfig_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "config", "red", "green", **{"proxy-url": "http://proxy:3128"})
    [red, green], problems = list_contexts({"kubeconfig": path})
    assert problems == [] and (green.name, green.namespace) == ("green", "green-ns")
    assert (red.server, red.proxy) == ("https://red.example.com", "http://proxy:3128")
    assert red.kubeconfig["current-context"] == "red" and "green" not in yaml.safe_dump(red.kubeconfig)
    assert red.kubeconfig["users"] == [{"name": "red", "user": {"token": "red-token"}}]
    Cluster({"kubeconfig": red.kubeconfig, "context": "red"})


def test_files_of_the_environment_are_merged_and_may_be_absent(tmp_path: Path) -> None:
    """The first of two contexts of one name counts, and an entry may be in another file than its context."""
    first = write(tmp_path / "first", "red")
    (tmp_path / "second").write_text(
        yaml.safe_dump(
            {"contexts": [{"name": name, "context": {"cluster": "red", "user": "red"}} for name in ("red", "admin")]}
        )
    )
    environ = {"KUBECONFIG": f"{tmp_path / 'absent'}:{first}:{tmp_path / 'second'}"}
    contexts, problems = list_contexts({"context": "any"}, environ)
    assert problems == [] and [(one.name, one.namespace, one.server) for one in contexts] == [
        ("red", "red-ns", "https://red.example.com"),
        ("admin", "", "https://red.example.com"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "kubeconfig-missing"),
        ("", "kubeconfig-empty"),
        ("[", "kubeconfig-not-yaml"),
        ("a: 1", "kubeconfig-not-yaml"),
    ],
)
def test_a_kubeconfig_that_cannot_be_read_is_a_problem(tmp_path: Path, text: str | None, code: str) -> None:
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    contexts, [problem] = list_contexts({"kubeconfig": str(path)})
    assert contexts == [] and problem["code"] == code and str(path) in problem["message"]
    _none, [same] = list_contexts({"context": "any"}, {"KUBECONFIG": str(path)})
    assert same["code"] == code


@pytest.mark.parametrize(
    "entry", [None, 3, {}, {"name": "x"}, {"name": "x", "context": None}, {"name": "x", "context": {"cluster": ["y"]}}]
)
def test_entries_of_wrong_types_are_no_failure(tmp_path: Path, entry: Any) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump({"contexts": [entry], "clusters": [entry], "users": entry}))
    contexts, problems = list_contexts({"kubeconfig": str(path)})
    assert problems == [] and all(one.server == "" for one in contexts)


def test_names_of_files_in_a_kubeconfig_count_from_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "config"
    content: dict[str, Any] = {
        "contexts": [{"name": "red", "context": {"cluster": "red", "user": "red"}}],
        "clusters": [{"name": "red", "cluster": {"server": "https://red", "certificate-authority": "ca.pem"}}],
        "users": [{"name": "red", "user": {"client-key": "/abs/key", "exec": {"command": "./login"}}}],
    }
    path.write_text(yaml.safe_dump(content))
    [[red], _problems] = list_contexts({"kubeconfig": str(path)})
    user = red.kubeconfig["users"][0]["user"]
    assert red.kubeconfig["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.pem")
    assert user["client-key"] == "/abs/key" and Path(user["exec"]["command"]) == tmp_path / "login"


def test_a_client_with_a_limit_of_time_does_not_repeat_a_request() -> None:
    """A server that accepts and never answers, with one second for all requests together."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        cluster = Cluster({"host": f"http://127.0.0.1:{server.getsockname()[1]}", "api_key": "x"}, seconds=1)
        start = time.monotonic()
        for _attempt in range(3):
            with pytest.raises(ClusterError) as error:
                cluster.list("Namespace")
            assert error.value.code == "unreachable" and "does not answer in time" in error.value.message
        # Without the limit each request takes a minute, four times.
        assert time.monotonic() - start < 30
