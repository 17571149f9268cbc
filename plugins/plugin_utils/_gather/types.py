# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of an archive for support."""

from __future__ import annotations

from typing import Dict, List, Literal, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import Missing
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem

#: What the manifest of an archive says that it is; ``lab replay`` reads archives of this version.
FORMAT, VERSION = "ossm.federation/gather", 1

GatherVerdict = Literal["GATHERED", "INCOMPLETE", "EMPTY"]


class MeshFacts(TypedDict):
    """What mesh_gather says of a mesh beside the answers."""

    mesh: str
    namespace: str
    control_plane: str
    readable: bool
    gateways: List[str]
    problems: List[Problem]
    missing: List[Missing]


class Collected(TypedDict):
    """What mesh_gather has collected from one mesh. ``answers`` are requests with their answers, ``texts`` files by path."""

    answers: List[Json]
    texts: Dict[str, str]
    facts: MeshFacts


class GatheredPair(TypedDict):
    """The two ends of a link: host, and the name that each calls the other by."""

    host: str
    peer_name: str
    peer: str
    own_name: str


class Gathering(TypedDict):
    """What a run gathers: where the archive goes, the meshes by host, their pairs, and what is known before anything is collected.

    ``documents`` are texts by path in the archive; ``created`` is RFC 3339.
    """

    directory: str
    name: str
    created: str
    group: str
    meshes: Dict[str, str]
    by_file: List[str]
    pairs: List[GatheredPair]
    documents: Dict[str, str]
