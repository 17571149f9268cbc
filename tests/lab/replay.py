# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay an archive of gather.yml: API servers that answer as those of the field did, and an inventory for them.

An archive comes from somebody else: nothing of it may run, or name a file outside of it.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import yaml

from lab import clusters, launcher, processes, state
from lab.clusters import Cluster
from lab.replay_server import READY
from lab.state import LabError
from lab.topology import CLUSTER_DEFAULTS

FORMAT, VERSION = "ossm.federation/gather", 1
ROLE = "replay"
START_SECONDS = 60.0
_POLL_SECONDS = 0.05
#: Names of meshes, which become folders; and what Ansible would evaluate.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TEMPLATE = re.compile(r"\{[{%#]")
_PATHS = ("mesh_identity_file", "federation_identity_dir")
Content = dict[str, Any]


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive and return its only folder. LabError where it is none of gather.yml."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as members:
            names = {member.name.partition("/")[0] for member in members}
            members.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise LabError(f"{archive} cannot be unpacked: {error}") from error
    root = folder / next(iter(names), "")
    manifest = state.read_json(root / "manifest.json", {})
    if len(names) != 1 or (manifest.get("format"), manifest.get("version")) != (FORMAT, VERSION):
        raise LabError(f"{archive} is not an archive of gather.yml, version {VERSION}.")
    for one in manifest.get("meshes", {}).values():
        if not _NAME.fullmatch(one["mesh"]):
            raise LabError(f"{archive} names a mesh {one['mesh']!r}, which is no name.")
    return root


def inside(root: Path, path: str) -> Path:
    """Return a path of an archive. LabError where it leads out of it."""
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()):
        raise LabError(f"The archive names {path}, which is outside of it.")
    return root / path


def replay(archive: Path, directory: Path) -> Path:
    """Start the API servers of an archive; return the path of the inventory."""
    if (directory / "lab.json").exists():
        raise LabError(f"There is a lab in {directory}. Run `down` first, or set another --dir.")
    with state.locked(directory.with_name(f".{directory.name}.lock")):
        root = unpack(archive, directory / "archive")
        manifest = state.read_json(root / "manifest.json")
        content = _content(directory, root, manifest)
        state.write_json(directory / "lab.json", content)
        for name, entry in content["clusters"].items():
            clusters.write_files(Cluster(name, directory, entry))
        command = [sys.executable, "-m", "lab.replay_server", "--dir", str(directory)]
        processes.start(ROLE, directory, command, directory / "replay.log", launcher.python_environment())
        _await_ready(directory)
        inventory = directory / "inventory.yml"
        text = yaml.safe_dump(inventory_of(root, manifest, content["clusters"]), sort_keys=True, width=120)
        state.write_atomically(inventory, text)
        return inventory


def _content(directory: Path, root: Path, manifest: Content) -> Content:
    """Return the content of ``lab.json``: each mesh has a cluster of its own; one that did not answer has no server."""
    network = state.claim_network(directory)
    meshes = {one["mesh"]: one for one in manifest["meshes"].values() if not one["by_file"]}
    settings = CLUSTER_DEFAULTS | {"platform": "None", "nodes": 0}
    entries = {
        name: clusters.new_entry(directory, network, index, name, settings, clusters.JSON)
        for index, name in enumerate(meshes, start=1)
    }
    answers = {name: str(inside(root, one["answers"])) for name, one in meshes.items() if _has_answered(root, one)}
    return {
        "name": directory.name,
        "directory": str(directory),
        "network": network,
        "simulator": False,
        "clusters": entries,
        "meshes": {},
        "replay": {"created": manifest["created"], "answers": answers},
    }


def _has_answered(root: Path, mesh: Content) -> bool:
    return bool(mesh["answers"]) and any(answer["status"] for answer in state.read_json(inside(root, mesh["answers"])))


def inventory_of(root: Path, manifest: Content, entries: Content) -> Content:
    """Return the inventory of the archive with access to the replayed API servers."""
    groups = yaml.safe_load((root / "inventory.yml").read_text(encoding="utf-8"))["all"]["children"]
    hosts: Content = {
        host: _declared(variables or {}) for host, variables in groups[manifest["group"]]["hosts"].items()
    }
    children: Content = {name: {"hosts": {host: {} for host in group["hosts"]}} for name, group in groups.items()}
    children[manifest["group"]] = {"hosts": hosts}
    inventory = {"all": {"children": children}}
    _reject_templates(inventory)
    for host, one in manifest["meshes"].items():
        variables = hosts[host]
        variables["federation_doctor_network_file"] = str(root / "doctor" / "network.json")
        for name in _PATHS:
            if name in variables:
                variables[name] = str(inside(root, variables[name]))
        codes = {found["code"] for found in one["problems"]}
        if one["by_file"] or "access-missing" in codes:
            continue
        kubeconfig = Path(entries[one["mesh"]]["kubeconfig"])
        # A file of the archive could have this name; no file of the lab does.
        is_missing = "kubeconfig-missing" in codes
        variables["mesh_kubeconfig"] = str(kubeconfig.with_name("kubeconfig-missing") if is_missing else kubeconfig)
    return inventory


def _declared(variables: Content) -> Content:
    """Return the variables that are part of a declaration; others could run programs, or lead to other clusters."""
    collections = str(state.ROOT / "build" / "collections")
    if collections not in sys.path:
        sys.path.append(collections)
    package = "ansible_collections.ossm.federation.plugins.plugin_utils._gather"
    try:
        is_kept = importlib.import_module(f"{package}.inventory").is_kept
    except ImportError as error:
        raise LabError("The collection is not linked. Run `make links` first.") from error
    return {name: value for name, value in variables.items() if is_kept(name)}


def _reject_templates(value: Any) -> None:
    """Raise LabError where Ansible would evaluate a text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _reject_templates(name)
            _reject_templates(inner)
    elif isinstance(value, list):
        for inner in value:
            _reject_templates(inner)
    elif isinstance(value, str) and _TEMPLATE.search(value):
        raise LabError(f"The inventory of the archive has a template, which would be evaluated here: {value}")


def _await_ready(directory: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (directory / READY).exists():
        if not any(process.role == ROLE for process in processes.of_lab(directory)):
            raise LabError(f"The replay ended:\n{clusters.tail(directory / 'replay.log')}")
        if time.monotonic() > deadline:
            raise LabError(
                f"The replay was not ready within {START_SECONDS:.0f} s:\n{clusters.tail(directory / 'replay.log')}"
            )
        time.sleep(_POLL_SECONDS)


def describe(directory: Path) -> list[str]:
    """Return lines about a replayed archive."""
    root = next((directory / "archive").iterdir())
    manifest = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
    content = state.load(directory)
    running = any(process.role == ROLE for process in processes.of_lab(directory))
    lines = [f"Replay of {root.name}, gathered at {manifest['created']}; {'running' if running else 'not running'}."]
    for one in manifest["meshes"].values():
        name = one["mesh"]
        if name in content["replay"]["answers"]:
            lines.append(f"  {name}: {content['clusters'][name]['server']}")
        else:
            lines.append(f"  {name}: known by identity files" if one["by_file"] else f"  {name}: it did not answer")
    return [*lines, f"Inventory: {directory / 'inventory.yml'}", f"Archive:   {root}"]
