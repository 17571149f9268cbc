# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which roots a rotation is about, from the request, the mesh, and what its peers trust. Pure."""

from __future__ import annotations

from typing import Collection, List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import RotationMark


class Chosen(NamedTuple):
    """Fingerprints of the old and the new roots; ``conflict`` is why the request does not fit a rotation that is under way."""

    old: List[str]
    new: List[str]
    conflict: str = ""


def choose_roots(
    published: Collection[str],
    coming: Collection[str],
    trusted: Mapping[str, Collection[str]],
    marks: Sequence[RotationMark],
) -> Optional[Chosen]:
    """The roots of a rotation; None where there is nothing to rotate.

    ``published`` are those of the mesh, ``coming`` those of a file, ``trusted`` those of each peer by name, ``marks`` those of a rotation
    that is under way. A rotation that is under way goes on, or goes back where the file names roots of it.
    """
    if marks:
        return _under_way(set(coming), marks)
    all_trusted: Set[str] = {one for peer in trusted.values() for one in peer}
    common = set.intersection(*map(set, trusted.values())) if trusted else set(published)
    # Without a file, the roots that the mesh publishes and not all peers trust; where there are none, those that it publishes.
    new = set(coming) or set(published) - common or set(published)
    old = (set(published) | all_trusted) - new
    if set(published) == new and all(set(peer) == new for peer in trusted.values()):
        return None
    return Chosen(sorted(old), sorted(new))


def _under_way(coming: Set[str], marks: Sequence[RotationMark]) -> Chosen:
    """The roots of a rotation that is under way, in the direction of the file."""
    every = {one for mark in marks for one in (*mark["old"], *mark["new"])}
    news = {tuple(mark["new"]) for mark in marks}
    if not coming and len(news) == 1:
        new = set(next(iter(news)))
        return Chosen(sorted(every - new), sorted(new))
    if not coming:
        return Chosen([], sorted(every), "its peers are marked with rotations to different roots")
    if not coming <= every:
        new = set(next(iter(sorted(news))))
        return Chosen(sorted(every - new), sorted(new), "the file has another root than the rotation that is under way")
    return Chosen(sorted(every - coming), sorted(coming))
