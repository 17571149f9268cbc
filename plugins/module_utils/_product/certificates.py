# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: fingerprints of certificates and the facts about a root certificate. Pure; ``_readers.roots`` reads them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import FrozenSet, Optional, TypedDict

_HEXADECIMAL = re.compile(r"[0-9a-f]{64}\Z")
_BODY = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class Root(TypedDict):
    """One certificate of a mesh's root bundle; times are UTC as ``2026-01-31T00:00:00Z``.

    ``signed_by`` is the fingerprint of the certificate of the bundle that signed it (its own for a root), or None.
    """

    sha256: str
    subject: str
    not_before: str
    not_after: str
    is_ca: bool
    signed_by: Optional[str]


def colons(sha256: str) -> str:
    """A fingerprint in the spelling that people compare.

    >>> colons("00ff")
    '00:FF'
    """
    return ":".join(sha256[index : index + 2] for index in range(0, len(sha256), 2)).upper()


def fingerprint(text: str) -> Optional[str]:
    """Normalize a fingerprint in any usual spelling to 64 lower case hexadecimal digits; None if it is none.

    >>> fingerprint("SHA256:" + "0A:" * 31 + "0a")[:8]
    '0a0a0a0a'
    """
    plain = re.sub(r"\A(sha-?256)?(\s*fingerprint)?[:=]?|[:\s]", "", text.strip().lower())
    return plain if _HEXADECIMAL.match(plain) else None


def fingerprints_in(pem: str) -> FrozenSet[str]:
    """The fingerprints of the certificates in a text, without those that are not base64."""
    fingerprints = set()
    for body in _BODY.findall(pem):
        try:
            fingerprints.add(hashlib.sha256(base64.b64decode("".join(body.split()), validate=True)).hexdigest())
        except binascii.Error:
            continue
    return frozenset(fingerprints)
