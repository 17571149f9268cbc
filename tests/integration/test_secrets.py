# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials stay where they are: not in what is printed, not in the report, not in the arguments of any process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Federation, two_meshes


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; red is reached with a token, green with a password-like kubeconfig given as a dictionary."""
    made = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    lab = made.lab
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
    made.hosts["red-mesh"].pop("mesh_kubeconfig")
    authority = made.folder / "ca.crt"
    content = yaml.safe_load(Path(lab.clusters["red"].kubeconfig).read_text())
    authority.write_bytes(_bytes(content["clusters"][0]["cluster"], "certificate-authority"))
    made.hosts["red-mesh"] |= {
        "mesh_host": lab.clusters["red"].entry["server"],
        "mesh_api_key": token,
        "mesh_ca_cert": str(authority),
    }
    inline = yaml.safe_load(Path(lab.clusters["green"].kubeconfig).read_text())
    made.hosts["green-mesh"]["mesh_kubeconfig"] = inline
    return made


def _bytes(place: dict[str, str], key: str) -> bytes:
    import base64

    if f"{key}-data" in place:
        return base64.b64decode(place[f"{key}-data"])
    return Path(place[key]).read_bytes()


def _secrets(federation: Federation) -> dict[str, str]:
    user = federation.hosts["green-mesh"]["mesh_kubeconfig"]["users"][0]["user"]
    found = {"the token": federation.hosts["red-mesh"]["mesh_api_key"]}
    if "client-key-data" in user:
        found["the key"] = user["client-key-data"]
    return found


@contextmanager
def _listening(message: list[str], own: int) -> Iterator[set[str]]:
    """Look at the arguments of all processes while the block runs; yields those with a word in them."""
    seen: set[str] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    said = (process / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if process.name != str(own) and any(word in said for word in message):
                    seen.add(said[:200])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("way", ["in process", "as modules", "refused"])
def test_no_secret_is_shown(federation: Federation, way: str) -> None:
    report = federation.folder / "report.json"
    secrets = _secrets(federation)
    for host in federation.hosts.values():
        host.pop("ansible_connection", None)
        if way == "as modules":
            host["ansible_connection"] = "elsewhere"
    arguments = ["-vvv", "--diff", "-e", f"federation_report_file={report}"]
    if way == "refused":
        arguments += ["-e", "federation_expected_meshes=9"]
    with _listening(list(secrets.values()), os.getpid()) as seen:
        run = federation.run(*arguments)
    assert (run.code != 0) == (way == "refused"), run.output
    for name, secret in secrets.items():
        for part in (secret, secret[-40:]):
            assert part not in run.output, f"{name} was printed: {_around(run.output, part)}"
            assert part not in (report.read_text() if report.exists() else ""), name
    assert not seen


def _around(text: str, part: str) -> str:
    place = text.index(part)
    return text[max(0, place - 300) : place] + "HERE"
