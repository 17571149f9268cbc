# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the access to one mesh's API server: its entry in the inventory gets a kubeconfig of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from confusion.slots import Mesh, Object, Slot

ACCOUNT = "nobody"


def _stopped(slot: Slot, mesh: Mesh, content: Object) -> None:
    content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"


def _certificate(slot: Slot, mesh: Mesh, content: Object) -> None:
    """The kubeconfig has the authority of the other cluster."""
    other = slot.east if mesh is slot.west else slot.west
    pki = slot.federation.lab.clusters[other.cluster].folder / "pki" / "ca.crt"
    content["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(pki.read_bytes()).decode()


def _expired(slot: Slot, mesh: Mesh, content: Object) -> None:
    pki = slot.federation.lab.clusters[mesh.cluster].folder / "pki"
    content["users"][0]["user"] = {
        key: base64.b64encode((pki / name).read_bytes()).decode()
        for key, name in (("client-certificate-data", "expired.crt"), ("client-key-data", "expired.key"))
    }


def _forbidden(slot: Slot, mesh: Mesh, content: Object) -> None:
    """An account without any right."""
    lab = slot.federation.lab
    lab.kubectl(mesh.cluster, "create", "serviceaccount", ACCOUNT, "-n", mesh.namespace)
    token = lab.kubectl(mesh.cluster, "create", "token", ACCOUNT, "-n", mesh.namespace).strip()
    content["users"][0]["user"] = {"token": token}


def _of(change: Callable[[Slot, Mesh, Object], None]) -> Callable[[str], Callable[[Slot], None]]:
    def for_side(side: str) -> Callable[[Slot], None]:
        def switch(slot: Slot) -> None:
            mesh = getattr(slot, side)
            slot.credentials(mesh, lambda content: change(slot, mesh, content))

        return switch

    return for_side


#: (name, description, switch by side, code)
FAULTS: list[tuple[str, str, Callable[[str], Any], str]] = [
    ("api-stopped", "the API server refuses connections", _of(_stopped), "unreachable"),
    ("wrong-certificate", "the API server's certificate is not accepted", _of(_certificate), "certificate"),
    ("expired-credentials", "the credentials have expired", _of(_expired), "unauthorized"),
    ("forbidden", "the account has no rights", _of(_forbidden), "forbidden"),
]
