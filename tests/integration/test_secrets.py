# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials appear neither in output, nor in the report, nor in the arguments of any process."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Federation, two_meshes


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; red is accessed with a token, green with an inline kubeconfig that contains its key."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    lab = federation.lab
    lab.kubectl("red", "create", "serviceaccount", "federator", "-n", "default")
    lab.kubectl(
        "red",
        "create",
        "clusterrolebinding",
        "federator",
        "--clusterrole=cluster-admin",
        "--serviceaccount=default:federator",
    )
    token = lab.kubectl("red", "create", "token", "federator", "-n", "default").strip()
    federation.hosts["red-mesh"].pop("mesh_kubeconfig")
    authority = federation.folder / "ca.crt"
    content = yaml.safe_load(Path(lab.clusters["red"].kubeconfig).read_text())
    authority.write_bytes(_bytes(content["clusters"][0]["cluster"], "certificate-authority"))
    federation.hosts["red-mesh"] |= {
        "mesh_host": lab.clusters["red"].entry["server"],
        "mesh_api_key": token,
        "mesh_ca_cert": str(authority),
    }
    inline = yaml.safe_load(Path(lab.clusters["green"].kubeconfig).read_text())
    federation.hosts["green-mesh"]["mesh_kubeconfig"] = inline
    return federation


def _bytes(entry: dict[str, str], key: str) -> bytes:
    if f"{key}-data" in entry:
        return base64.b64decode(entry[f"{key}-data"])
    return Path(entry[key]).read_bytes()


def _secrets(federation: Federation) -> dict[str, str]:
    user = federation.hosts["green-mesh"]["mesh_kubeconfig"]["users"][0]["user"]
    secrets = {"the token": federation.hosts["red-mesh"]["mesh_api_key"]}
    if "client-key-data" in user:
        secrets["the key"] = user["client-key-data"]
    return secrets


@contextmanager
def _recorded_arguments(secrets: list[str], own: int) -> Iterator[set[str]]:
    """Read the arguments of all processes while the block runs, and yield those that contain a secret."""
    seen: set[str] = set()
    ended = threading.Event()

    def record() -> None:
        while not ended.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    arguments = (process / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if process.name != str(own) and any(secret in arguments for secret in secrets):
                    seen.add(arguments[:200])

    thread = threading.Thread(target=record)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("way", ["in process", "as modules", "rejected"])
def test_no_secret_is_shown(federation: Federation, way: str) -> None:
    report = federation.folder / "report.json"
    secrets = _secrets(federation)
    for host in federation.hosts.values():
        host.pop("ansible_connection", None)
        if way == "as modules":
            host["ansible_connection"] = "elsewhere"
    arguments = ["-vvv", "--diff", "-e", f"federation_report_file={report}"]
    if way == "rejected":
        arguments += ["-e", "federation_expected_meshes=9"]
    with _recorded_arguments(list(secrets.values()), os.getpid()) as seen:
        run = federation.run(*arguments)
    assert (run.code != 0) == (way == "rejected"), run.output
    for name, secret in secrets.items():
        for part in (secret, secret[-40:]):
            assert part not in run.output, f"{name} was printed: {_around(run.output, part)}"
            assert part not in (report.read_text() if report.exists() else ""), name
    assert not seen


def _around(text: str, part: str) -> str:
    start = text.index(part)
    return text[max(0, start - 300) : start] + "HERE"
