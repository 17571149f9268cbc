# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API servers of two meshes have of a federation, so that two moments can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness import Federation

LABEL = "app.kubernetes.io/managed-by"
OURS = "ossm.federation"
#: What two runs can find of each other: another write came between, or an object was deleted, or created again, since it was read.
_NAMED = {"busy", "conflict", "uid-mismatch", "missing"}
_WRITTEN = ("ServiceMeshControlPlane", "ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet", "ConfigMap")


def written_state(federation: Federation, peers: Mapping[str, str], managed: bool = True) -> dict[str, Any]:
    """Return by path all that runs can write, without what differs in an object that is made again; ``peers`` are the two meshes,
    each with the other.

    Without ``managed`` it is what is not ours: objects without our label, and control planes without what the pair needs in them.
    """
    values: dict[str, Any] = {}
    for mesh, peer in peers.items():
        for name, body in federation.writable_objects(mesh).items():
            metadata = body["metadata"]
            if not managed and metadata.get("labels", {}).get(LABEL) == OURS:
                continue
            content = {key: body.get(key) for key in ("spec", "data")} | {
                "metadata": {key: metadata.get(key) for key in ("labels", "annotations")},
                "owners": {
                    entry["manager"]: json.dumps(entry["fieldsV1"], sort_keys=True) if managed else metadata["uid"]
                    for entry in metadata["managedFields"]
                    if "subresource" not in entry and (managed or OURS not in entry["manager"])
                },
            }
            values |= {
                path: value
                for path, value in _leaves(f"{mesh}: {name}", content)
                if managed
                or not re.search(rf"\.gateways\.(additional(In|E)gress\.(in|e)gress-{peer}|openshiftRoute)\.", path)
            }
    return values


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield all values of nested dictionaries by path; a dictionary without keys has none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    else:
        yield path, value


def mark_unmanaged(federation: Federation, peers: Mapping[str, str]) -> list[str]:
    """Create in each mesh an object of a user whose name is like that of the peer; return what ``left`` then finds of it."""
    for mesh, peer in peers.items():
        cluster, namespace = federation.location(mesh)
        notes = {"name": f"{peer}-notes", "namespace": namespace}
        federation.lab.apply(
            cluster, [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": notes, "data": {"a": "b"}}]
        )
    return sorted(f"configmaps/{peer}-notes" for peer in peers.values())


def unnamed_problems(report: Mapping[str, Any]) -> set[str]:
    """Return the codes of errors that stopped a write, and that another run at the same time does not explain."""
    errors = [found for found in report["problems"] if found["severity"] == "error"]
    return {found["code"] for found in errors if found["where"].partition(" ")[0] in _WRITTEN} - _NAMED
