# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the fields of an identity document, and what their values must be. Pure.

An identity document is YAML, for one pair and one direction: all that a peer needs to know about a mesh, and no secret.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._readers import roots as root_reader

API_VERSION, KIND = "ossm.federation/v1", "MeshIdentity"

_ACCOUNT_MAX = 253


def parse_port(value: str) -> Optional[int]:
    """A port number, or None when the text is none."""
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 5 else 0
    return number if 1 <= number <= 65535 else None


def shown(value: Any) -> str:
    """A value for a message: strings only, shortened to a line."""
    if not isinstance(value, str):
        names = {dict: "a dictionary", list: "a list", bool: f"{value is True}".lower(), type(None): "nothing"}
        return names.get(type(value), "another type")
    return repr(value if len(value) <= 60 else f"{value[:57]}...")


def _is_time(value: str) -> bool:
    try:
        parse_time(value)
    except ValueError:
        return False
    return True


def _is_mesh(value: str) -> bool:
    return not conventions.label_faults(value, conventions.PEER_MAX)


def _is_client_id(value: str) -> bool:
    identity = root_reader.identity(value)
    return bool(
        identity
        and not value.startswith("spiffe://")
        and not conventions.trust_domain_faults(identity.trust_domain)
        and not conventions.label_faults(identity.namespace)
        and not conventions.label_faults(identity.service_account, _ACCOUNT_MAX)
    )


class Field(NamedTuple):
    """A string of a document: its dictionary (see ``PATHS``), its key, its check, and the accepted values in words."""

    parent: str
    key: str
    is_valid: Callable[[str], bool]
    accepted: str
    required: bool = True

    @property
    def path(self) -> str:
        """Its path in the document."""
        return f"{PATHS[self.parent]}.{self.key}".lstrip(".")


_A_TIME = "a time like 2026-01-31T00:00:00Z"
_CLIENT_ID = "an identity like red.local/ns/red-system/sa/egress-green-service-account, without spiffe://"
FIELDS = (
    Field("", "apiVersion", API_VERSION.__eq__, f"{API_VERSION}: this collection reads no other version"),
    Field("", "kind", KIND.__eq__, KIND),
    Field("metadata", "mesh", _is_mesh, "the name of a mesh"),
    Field("metadata", "peer", _is_mesh, "the name of a mesh"),
    Field("metadata", "created", _is_time, _A_TIME),
    Field("metadata", "validUntil", _is_time, _A_TIME),
    Field("metadata", "answers", lambda value: bool(conventions.SHA256.match(value)), "64 hexadecimal digits", False),
    Field("spec", "namespace", lambda value: not conventions.label_faults(value), "the name of a namespace"),
    Field("spec", "trustDomain", lambda value: not conventions.trust_domain_faults(value), "a trust domain"),
    Field("spec", "clientID", _is_client_id, _CLIENT_ID),
    Field("remote", "discoveryPort", lambda value: parse_port(value) is not None, "a port number from 1 to 65535"),
    Field("remote", "servicePort", lambda value: parse_port(value) is not None, "a port number from 1 to 65535"),
)
#: The keys of each dictionary whose values are no strings; of a root, all keys.
OTHER_KEYS: Dict[str, Tuple[str, ...]] = {
    "": ("metadata", "spec"),
    "metadata": (),
    "spec": ("remote", "roots"),
    "remote": ("addresses",),
    "root": ("sha256", "certificate"),
}
#: The path of each dictionary in a document.
PATHS = {"": "", "metadata": "metadata", "spec": "spec", "remote": "spec.remote"}
