# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between meshes, and pairs of meshes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lab.conformance.kube import Object, SeenVersion
from lab.conformance.mesh import Mesh, reset
from lab.conformance.objects import (
    EXPORTS,
    IMPORTS,
    PEER,
    entries_in,
    fails_with,
    is_connected,
    is_disconnected,
    lists_import,
    rule,
    sync_times,
)


class Link:
    """The link of ``mesh`` to ``other``: peer object, sets and config map in ``mesh``, which watches ``other``."""

    def __init__(self, mesh: Mesh, other: Mesh, name: str | None = None) -> None:
        self.mesh, self.other = mesh, other
        self.name = name or other.colour

    @property
    def reverse(self) -> Link:
        """Return the link of the opposite direction."""
        return Link(self.other, self.mesh)

    def spec(self, **changes: Any) -> Object:
        """Return the valid spec of the peer object; ``remote``, ``gateways`` and ``security`` change parts of it."""
        addresses, discovery, service = self.other.address(f"{self.mesh.colour}-ingress")
        identity = f"{self.other.trust_domain}/ns/{self.other.namespace}/sa/{self.mesh.colour}-egress-service-account"
        chain = {"kind": "ConfigMap", "name": f"{self.name}-ca-root-cert"}
        spec: Object = {
            "remote": {"addresses": addresses, "discoveryPort": discovery, "servicePort": service},
            "gateways": {
                "ingress": {"name": f"{self.other.colour}-ingress"},
                "egress": {"name": f"{self.other.colour}-egress"},
            },
            "security": {"trustDomain": self.other.trust_domain, "clientID": identity, "certificateChain": chain},
        }
        for key, value in changes.items():
            spec[key] = spec[key] | value if value is not None else None
        return {key: value for key, value in spec.items() if value is not None}

    def trust(self, pem: str | None = None) -> None:
        """Write the config map with the root of the other mesh, or with another text."""
        self.mesh.trust(self.name, self.other.root() if pem is None else pem)

    def peer(self, **changes: Any) -> float:
        """Write the peer object; return the time before."""
        spec = self.spec(**changes)
        moment = time.monotonic()
        self.mesh.apply(PEER, self.name, spec)
        return moment

    def exports(self, *rules: Object) -> float:
        """Write the export set (default: the mesh's ratings); return the time before."""
        moment = time.monotonic()
        self.mesh.apply(EXPORTS, self.name, {"exportRules": list(rules or [rule(self.mesh.app, "ratings")])})
        return moment

    def imports(self, *rules: Object, **more: Any) -> float:
        """Write the import set (default: all services); return the time before."""
        moment = time.monotonic()
        self.mesh.apply(IMPORTS, self.name, {"importRules": list(rules or [rule()])} | more)
        return moment

    def exported_name(self, service: str = "ratings") -> str:
        """Return the exported name of a service of ``mesh``'s application for ``other``."""
        return f"{service}.{self.mesh.app}.svc.{self.name}-exports.local"

    def host(self, service: str = "ratings") -> str:
        """Return the local host name of an imported service of the other mesh's application."""
        return f"{service}.{self.other.app}.svc.{self.name}-imports.local"

    def until(
        self, predicate: Callable[[Object], Any], seconds: float, since: float | None = None, expected: str = ""
    ) -> SeenVersion:
        """Wait until the peer object satisfies the predicate."""
        return self.mesh.until(PEER, self.name, predicate, seconds, since, expected)

    def with_current_pods(self, body: Object) -> Object:
        """Return the peer object with only the entries of current istiod pods: entries of terminated pods stay a while."""
        pods = self.mesh.pods("istiod")
        current = {
            state: [entry for entry in entries_in(body, state) if entry["pod"] in pods]
            for state in ("active", "inactive")
        }
        return body | {"status": {"discoveryStatus": current}} if body else body

    def until_synced(self, seconds: float = 130) -> SeenVersion:
        """Wait for the next full sync, so that none runs in the next seconds; the times are whole seconds."""
        before = sync_times(self.read())
        return self.until(lambda peer: sync_times(peer) - before, seconds)

    def until_connected(self, seconds: float = 120, since: float | None = None) -> SeenVersion:
        """Wait until the watch of a current istiod pod is connected."""
        return self.until(lambda body: is_connected(self.with_current_pods(body)), seconds, since, "a connected watch")

    def never_connected(self, seconds: float, unexpected: str = "connected") -> None:
        """Assert for product seconds that no watch of a current istiod pod is connected."""
        self.mesh.never(PEER, self.name, lambda body: is_connected(self.with_current_pods(body)), seconds, unexpected)

    def never_down(self, seconds: float, unexpected: str = "not connected") -> None:
        """Assert for product seconds that the watches of the current istiod pods stay connected."""
        self.mesh.never(
            PEER, self.name, lambda body: is_disconnected(self.with_current_pods(body)), seconds, unexpected
        )

    def until_imported(self, host: str | None = None, seconds: float = 120, since: float | None = None) -> SeenVersion:
        """Wait until the import set lists a local host name."""
        host = host or self.host()
        return self.mesh.until(IMPORTS, self.name, lists_import(host), seconds, since, f"the import {host}")

    def until_disconnect_status(self, *codes: str, seconds: float = 60, since: float | None = None) -> SeenVersion:
        """Wait until the watch fails with one of the codes."""
        return self.until(
            lambda body: fails_with(*codes)(self.with_current_pods(body)),
            seconds,
            since,
            f"a watch that fails with {' or '.join(codes)}",
        )

    def read(self) -> Object:
        """Read the peer object from the API server."""
        return self.mesh.get(PEER, self.name)


class Pair:
    """Two meshes and both links between them; ``first`` is the link of the first mesh."""

    def __init__(self, first: Mesh, second: Mesh) -> None:
        self.first, self.second = Link(first, second), Link(second, first)
        self.links = (self.first, self.second)
        self.meshes = (first, second)

    def trust(self) -> None:
        """Write both config maps."""
        for link in self.links:
            link.trust()

    def peers(self) -> float:
        """Write both peer objects; return the time before."""
        specs = [(link, link.spec()) for link in self.links]
        moment = time.monotonic()
        for link, spec in specs:
            link.mesh.apply(PEER, link.name, spec)
        return moment

    def sets(self) -> None:
        """Write all import sets, then all export sets."""
        for link in self.links:
            link.imports()
        for link in self.links:
            link.exports()

    def until_connected(self, seconds: float = 120, since: float | None = None) -> float:
        """Wait until both links are connected; return the time of the later one."""
        return max(link.until_connected(seconds, since).moment for link in self.links)

    def until_imported(self, seconds: float = 150, since: float | None = None) -> float:
        """Wait for both imports; return the time of the later one."""
        return max(link.until_imported(None, seconds, since).moment for link in self.links)

    def federate(self, sets: bool = True) -> None:
        """Federate the two meshes in the right order, and wait until all links and imports are up."""
        self.trust()
        if sets:
            self.sets()
        since = self.peers()
        self.until_connected(since=since)
        if sets:
            self.until_imported(since=since)

    def reset(self) -> None:
        """Reset both meshes to their base state."""
        reset(self.meshes)
