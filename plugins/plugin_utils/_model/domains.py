# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the values that inventories may have: what is accepted, and how a wrong value is shown. Pure."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any, Callable, Dict, Iterable, NamedTuple, Optional
from urllib.parse import urlsplit

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, platforms
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprint
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import Severity
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    CONTROL_PLANE_MAX,
    LABEL_MAX,
    PEER_MAX,
    TRUST_DOMAIN_MAX,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem

TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
FALSE = frozenset({"false", "no", "off", "0", "n", "f"})
#: A wrong value is shown with at most so many characters.
_SHOWN = 60
_HOST_MAX = 253
_PORT_MAX = 65535
_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_USER_OF_URL = re.compile(r"//[^/@\s]*@")


class Domain(NamedTuple):
    """The values that are accepted somewhere: ``accepted`` says so after "must be"; ``code`` is that of a wrong value."""

    accepts: Callable[[Any], bool]
    accepted: str
    code: str = "variable-value"


def shown(value: Any) -> str:
    """A wrong value for a message: shortened, and without the user and password of a URL."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = _USER_OF_URL.sub("//", text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def rejection(
    code: str,
    mesh: str,
    where: str,
    accepted: str,
    value: Any,
    remedy: str = "",
    *,
    severity: Severity = "error",
) -> Problem:
    """The problem of a wrong value, with the value and what is accepted. A ``remedy`` is for what this does not say already."""
    message = f"must be {accepted}, not {shown(value)}"
    return problem(code, mesh, where, message, remedy, severity=severity)


def one_of(choices: Iterable[str]) -> Domain:
    """One of some texts."""
    listed = tuple(choices)
    return Domain(lambda value: isinstance(value, str) and value in listed, f"one of {', '.join(listed)}")


def whole_number(minimum: Optional[int], maximum: Optional[int]) -> Domain:
    """A whole number with optional bounds, both inclusive."""
    bounds = "a whole number"
    if minimum is not None and maximum is not None:
        bounds += f" from {minimum} to {maximum}"
    elif minimum is not None:
        bounds += f" of at least {minimum}"

    def accepts(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)

    return Domain(accepts, bounds)


def is_text(value: Any) -> bool:
    """Whether this is a text of one line with at least one visible character."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def is_text_map(value: Any) -> bool:
    """Whether this is a dictionary with texts as keys and values; the values may be empty."""
    if not isinstance(value, dict):
        return False
    return all(isinstance(key, str) and bool(key) and isinstance(part, str) for key, part in value.items())


def is_list_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A check of a list with at least one entry, all of them accepted."""
    return lambda value: isinstance(value, list) and bool(value) and all(map(accepts, value))


def is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _PORT_MAX


def is_ip(value: Any) -> bool:
    """Whether this is an IP address that a gateway can have: neither unspecified nor multicast, without a zone."""
    try:
        address = ipaddress.ip_address(value) if isinstance(value, str) and "%" not in value else None
    except ValueError:
        return False
    return address is not None and not address.is_unspecified and not address.is_multicast


def is_address(value: Any) -> bool:
    """Whether this is an IP address or a host name, without scheme, port and path.

    A name whose last part is a number is a mistyped IP address (RFC 1123, 2.1).
    """
    if not isinstance(value, str) or len(value) > _HOST_MAX:
        return False
    labels = (value[:-1] if value.endswith(".") else value).split(".")
    return is_ip(value) or (all(map(_HOST_LABEL.match, labels)) and not labels[-1].isdigit())


def is_network(value: Any) -> bool:
    """Whether this is a network as Kubernetes accepts it: ``192.0.2.0/24``."""
    try:
        return isinstance(value, str) and "/" in value and bool(ipaddress.ip_network(value))
    except ValueError:
        return False


def is_url(value: Any) -> bool:
    """Whether this is an http or https URL with a host."""
    if not is_text(value) or any(character.isspace() for character in value):
        return False
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in ("http", "https") and is_address(parts.hostname) and (parts.port is None or parts.port > 0)
        )
    except ValueError:  # a port that is none, or a bracket too few
        return False


def _is_label(longest: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and not conventions.label_faults(value, longest)


def _label(longest: int) -> Domain:
    accepted = f"a DNS label of at most {longest} characters (lower case letters, digits and inner hyphens)"
    return Domain(_is_label(longest), accepted, "name-invalid")


#: Kinds of texts: of the value of a variable, or of each entry of a list.
TEXTS: Dict[str, Domain] = {
    "text": Domain(is_text, "a string of one line that is not empty"),
    "label": _label(LABEL_MAX),
    "mesh name": _label(PEER_MAX),
    "control plane": _label(CONTROL_PLANE_MAX),
    "member": Domain(
        lambda value: value == "*" or _is_label(LABEL_MAX)(value), 'the name of a namespace, or "*"', "name-invalid"
    ),
    "trust domain": Domain(
        lambda value: isinstance(value, str) and not conventions.trust_domain_faults(value),
        f"a trust domain of at most {TRUST_DOMAIN_MAX} characters (lower case letters, digits, dots, hyphens and "
        "underscores), without spiffe://",
        "trust-domain-invalid",
    ),
    "platform": Domain(
        lambda value: isinstance(value, str) and platforms.known(value) is not None,
        f"one of {', '.join(platforms.PLATFORMS)}",
        "platform-unknown",
    ),
    "fingerprint": Domain(
        lambda value: isinstance(value, str) and fingerprint(value) is not None,
        "a SHA-256 fingerprint of 64 hexadecimal digits, with or without colons",
        "fingerprint-invalid",
    ),
    "url": Domain(is_url, "a URL such as https://api.example.com:6443"),
}

#: Values of the keys of ``mesh_ingress`` and of other dictionaries.
BOOLEAN = Domain(lambda value: isinstance(value, bool), "a boolean (true or false)")
DICTIONARY = Domain(lambda value: isinstance(value, dict), "a dictionary")
TEXT_MAP = Domain(is_text_map, "a dictionary of strings (quote true and numbers)")
PORT = Domain(is_port, f"a port number from 1 to {_PORT_MAX}")
IP_ADDRESS = Domain(is_ip, "a quoted IP address")
ADDRESSES = Domain(is_list_of(is_address), "a list of IP addresses or host names, each without scheme, port and path")
NETWORKS = Domain(is_list_of(is_network), "a list of networks such as 192.0.2.0/24")
