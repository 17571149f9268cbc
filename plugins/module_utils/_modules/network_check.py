# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the core of network_check: who answers at the addresses of other meshes, seen from where it runs.

An ingress gateway shows its certificate before it asks for one (TLS 1.3), so a handshake without a client certificate is enough to see it.
Nothing is sent after the handshake.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from typing import List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import core
from ansible_collections.ossm.federation.plugins.module_utils._product.network import NetworkCheck, NetworkResult
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import read_leaf

ARGUMENT_SPEC: Json = {
    "mesh": {"type": "str", "required": True},
    "targets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "peer": {"type": "str", "required": True},
            "addresses": {"type": "list", "elements": "str", "required": True},
            "port": {"type": "int", "required": True},
            "server_name": {"type": "str"},
            "roots": {"type": "str", "default": ""},
        },
    },
    "timeout": {"type": "float", "default": 5.0},
}

#: What a federation's gateways speak.
ALPN = ["h2", "http/1.1"]
#: Checks at one time.
MOST = 16


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> NetworkResult:
    """Look at all addresses at once; each name, connection and handshake has ``timeout`` seconds."""
    rows = [
        _Row(target, address, float(params["timeout"]))
        for target in params["targets"]
        for address in target["addresses"]
    ]
    return {"changed": False, "mesh": params["mesh"], "checks": _all(rows), "problems": []}


class _Row:
    """One address of one target."""

    def __init__(self, target: Json, address: str, timeout: float) -> None:
        self.target, self.address, self.timeout = target, address, timeout
        self.check: NetworkCheck = {
            "peer": target["peer"],
            "address": address,
            "port": target["port"],
            "resolved": [],
            "resolve_message": "",
            "connected": [],
            "connect_message": "not tried",
            "tls": None,
            "tls_message": "not tried",
            "identity": "",
            "names": [],
            "subject": "",
            "issuer": "",
            "sha256": "",
            "not_after": "",
            "trusted": None,
            "trust_message": "",
        }


def _all(rows: List[_Row]) -> List[NetworkCheck]:
    """The checks in their order. The threads are daemons: a resolver that hangs must not keep the task from its end."""
    waiting: "queue.Queue[_Row]" = queue.Queue()
    for row in rows:
        waiting.put(row)

    def work() -> None:
        while True:
            try:
                _check(waiting.get_nowait())
            except queue.Empty:
                return

    threads = [threading.Thread(target=work, daemon=True) for dummy in range(min(MOST, len(rows)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [row.check for row in rows]


def _check(row: _Row) -> None:
    check = row.check
    check["resolved"], check["resolve_message"] = _resolve(row.address, row.target["port"], row.timeout)
    messages = []
    for address in check["resolved"]:
        reason = _try(row, address)
        if reason:
            messages.append(f"{address}: {reason}")
            continue
        row.check["connected"].append(address)
    if check["resolved"]:
        row.check["connect_message"] = "; ".join(messages)


def _resolve(name: str, port: int, timeout: float) -> Tuple[List[str], str]:
    """The addresses of a name, and the reason where there are none."""
    answer: "queue.Queue[Tuple[List[str], str]]" = queue.Queue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answer.put(([], str(getattr(error, "strerror", "") or error)))
            return
        answer.put((sorted({str(row[4][0]) for row in rows}), ""))

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.get(timeout=timeout)
    except queue.Empty:
        return [], f"no answer within {timeout:g} s"


def _try(row: _Row, address: str) -> str:
    """Connect and shake hands; why no connection was made. Of several addresses the first that shows a certificate counts."""
    try:
        with socket.create_connection((address, row.target["port"]), timeout=row.timeout) as connection:
            if row.check["tls"] is not True:
                _handshake(row, connection, address)
    except socket.timeout:
        return f"no answer within {row.timeout:g} s"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _handshake(row: _Row, connection: socket.socket, address: str) -> None:
    """Note who answers. The certificate is not verified at first: whose it is says more than that it is wrong."""
    check = row.check
    leaf, reason = _certificate(_context(None), connection, row.target)
    check["tls"], check["tls_message"] = leaf is not None, reason
    if leaf is None:
        return
    try:
        check = row.check = {**check, **read_leaf(leaf)}
    except ValueError as error:
        check["tls"], check["tls_message"] = False, f"the certificate cannot be read: {error}"
        return
    if row.target["roots"]:
        check["trusted"], check["trust_message"] = _verified(row, address)


def _context(roots: Optional[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE if roots is None else ssl.CERT_REQUIRED
    context.set_alpn_protocols(ALPN)
    if roots is not None:
        context.load_verify_locations(cadata=roots)
    return context


def _certificate(context: ssl.SSLContext, connection: socket.socket, target: Json) -> Tuple[Optional[bytes], str]:
    """The certificate of the server, and the reason where there is none."""
    try:
        with context.wrap_socket(connection, server_hostname=target.get("server_name") or None) as secure:
            return secure.getpeercert(True), ""
    except ssl.SSLCertVerificationError as error:
        return None, error.verify_message
    except ssl.SSLError as error:
        return None, str(error.reason or error).replace("_", " ").lower()
    except OSError as error:
        return None, "no answer to the handshake" if isinstance(error, socket.timeout) else str(error.strerror or error)


def _verified(row: _Row, address: str) -> Tuple[Optional[bool], str]:
    """Whether the chain that is shown ends at an expected root; None where that is not known."""
    try:
        context = _context(row.target["roots"])
    except ssl.SSLError as error:
        return None, f"the expected root cannot be loaded: {error.reason}"
    try:
        with socket.create_connection((address, row.target["port"]), timeout=row.timeout) as connection:
            leaf, reason = _certificate(context, connection, row.target)
    except OSError as error:
        return None, str(error)
    return leaf is not None, reason
