# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: probes: what they request, what they report, and which protocol a port has."""

from __future__ import annotations

from typing import Literal, Optional, TypedDict

Protocol = Literal["http", "tcp"]
#: Who answered a request: the service behind the sidecar, a proxy (Envoy) in its place, or nobody.
Answerer = Literal["application", "envoy", ""]

ENVOY: Answerer = "envoy"
#: What a row says of a host name that pods do not know.
NO_HOST = "the host name does not resolve in the pod"
#: An answer that an AuthorizationPolicy gives, and the lowest code of an error of the service.
DENIED, ERROR = 403, 500
#: The container that sends the requests; its pods have the label, with a value for each run of the module.
CONTAINER, LABEL = "probe", "ossm.federation/probe"
#: Services that one pod requests: their results fit into a termination message, which has 4096 bytes.
TARGETS_PER_POD = 20

#: Names of ports by which Istio knows that the protocol is HTTP, or a protocol for which a request is no use: the name is the protocol,
#: or begins with it and a hyphen (istio pkg/config/kube/conversion.go). TLS of an application is a protocol of its own.
_HTTP = ("http", "http2", "grpc", "grpc-web")
_TCP = ("tcp", "tls", "https", "mongo", "mysql", "redis", "udp")


class ProbeTarget(TypedDict):
    """One imported service that a probe requests: ``peer`` is the inventory host of the exporter, ``service`` the exported name, ``host``
    the local host name."""

    peer: Optional[str]
    service: str
    host: str
    port: int
    protocol: Protocol


class ProbedRequest(TypedDict):
    """What one pod has seen of one service: ``status`` is the HTTP code (0 without one), ``answered_by`` is application, envoy, nothing, or
    what the application calls itself, ``latency_ms`` is that of the last request (None where nothing answered)."""

    peer: Optional[str]
    service: str
    host: str
    port: int
    protocol: Protocol
    pod: str
    status: int
    answered_by: str
    latency_ms: Optional[int]
    message: str
    ok: bool


def protocol_of(port_name: str) -> Optional[Protocol]:
    """The protocol of a port by its name; None where Istio detects the protocol from what is sent.

    >>> protocol_of("http-web"), protocol_of("mongo"), protocol_of("web")
    ('http', 'tcp', None)
    """
    name = port_name.lower()
    if _begins(name, _TCP):
        return "tcp"
    return "http" if _begins(name, _HTTP) else None


def _begins(name: str, protocols: "tuple[str, ...]") -> bool:
    return any(name == protocol or name.startswith(f"{protocol}-") for protocol in protocols)
