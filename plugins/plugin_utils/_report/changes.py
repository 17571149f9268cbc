# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what was changed, as numbers, as one line per mesh, and object by object. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count, listed, wrapped
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Change

VERBS = ("created", "changed", "deleted")
_WOULD = {"created": "would create", "changed": "would change", "deleted": "would delete"}


def read_changes(results: Sequence[Json], meshes: Mapping[str, str]) -> List[Change]:
    """What was, or in check mode would be, changed, from results of mesh_objects and istiod_restart; ``meshes`` are names by
    host."""
    return [
        {
            "mesh": written["mesh"],
            "peer": meshes.get(written.get("peer") or ""),
            "kind": written["kind"],
            "namespace": written.get("namespace"),
            "name": written["name"],
            "verb": written["verb"],
            "fields": written["fields"],
        }
        for result in results
        for written in result.get("objects") or []
        if written["verb"] in VERBS
    ]


def count_objects(changes: Sequence[Change]) -> Dict[str, int]:
    """Numbers of objects by verb. An object that several applies changed counts once, and as created if one created it."""
    verbs: Dict[object, str] = {}
    for change in changes:
        key = (change["mesh"], change["kind"], change["namespace"], change["name"])
        verbs[key] = "created" if "created" in (verbs.get(key), change["verb"]) else change["verb"]
    return {verb: list(verbs.values()).count(verb) for verb in VERBS}


def count_sentence(counts: Mapping[str, int], check_mode: bool) -> str:
    """The numbers as a sentence.

    >>> count_sentence({"created": 20, "changed": 6}, False)
    '20 objects created, 6 changed.'
    """
    numbers = [(verb, counts[verb]) for verb in VERBS if counts.get(verb)]
    if not numbers:
        return "Nothing would be changed." if check_mode else "Nothing was changed."
    verb, number = numbers[0]
    first = f"{count(number, 'object')} {'would be ' if check_mode else ''}{verb}"
    return ", ".join([first, *(f"{number} {verb}" for verb, number in numbers[1:])]) + "."


def summary_lines(changes: Sequence[Change], check_mode: bool, *, gateways: str = "added") -> List[str]:
    """One line per mesh: its gateways by peer, then its objects by kind. ``gateways`` is what became of those whose
    ``enabled`` has changed."""
    by_mesh: Dict[str, List[Change]] = {}
    for change in changes:
        by_mesh.setdefault(change["mesh"], []).append(change)
    return [
        line
        for mesh, group in sorted(by_mesh.items())
        for line in wrapped(f"{mesh}: {_summary(group, check_mode, gateways)}")
    ]


def _summary(changes: Sequence[Change], check_mode: bool, gateways: str) -> str:
    parts = _control_plane_parts(
        [change for change in changes if change["kind"] == "ServiceMeshControlPlane"], check_mode, gateways
    )
    if any(change["kind"] == "Deployment" for change in changes):
        parts.append("istiod would be restarted" if check_mode else "istiod restarted")
    for verb in VERBS:
        kinds: Dict[str, int] = {}
        for change in changes:
            if change["verb"] == verb and (
                change["kind"] not in ("ServiceMeshControlPlane", "Deployment") or verb != "changed"
            ):
                kinds[change["kind"]] = kinds.get(change["kind"], 0) + 1
        if kinds:
            numbers = ", ".join(count(number, kind) for kind, number in sorted(kinds.items()))
            parts.append(f"{_WOULD[verb] if check_mode else verb} {numbers}")
    return "; ".join(parts)


def _control_plane_parts(changes: Sequence[Change], check_mode: bool, gateways: str) -> List[str]:
    """What changes of a control plane mean: gateways by peer, the trust domain, or only the fields."""
    peers: Dict[str, List[str]] = {}
    others: List[str] = []
    for change in changes:
        if change["verb"] != "changed":
            continue
        if change["peer"] and any(field.startswith("spec.gateways.") for field in change["fields"]):
            is_toggled = any(
                field.startswith("spec.gateways.") and field.endswith(".enabled") for field in change["fields"]
            )
            peers.setdefault(gateways if is_toggled else "changed", []).append(change["peer"])
        else:
            is_domain = any(field.startswith("spec.security.trust") for field in change["fields"])
            others.append("trust domain set" if is_domain else "control plane changed")
    would = "would be " if check_mode else ""
    parts = [
        f"gateways for {listed(sorted(set(names)), most=10)} {would}{verb}" for verb, names in sorted(peers.items())
    ]
    return parts + [
        part.replace(" set", f" {would}set").replace(" changed", f" {would}changed") for part in dict.fromkeys(others)
    ]


def object_details(changes: Sequence[Change], check_mode: bool) -> List[str]:
    """Every object with its fields, below a title; nothing where nothing was changed."""
    return ["", "Objects", *detail_lines(changes, check_mode)] if changes else []


def detail_lines(changes: Sequence[Change], check_mode: bool, *, fields: bool = True) -> List[str]:
    """One line per object, where wanted with the fields of those that existed before."""
    lines: List[str] = []
    for change in changes:
        name = "/".join(part for part in (change["namespace"], change["name"]) if part)
        verb = _WOULD[change["verb"]] if check_mode else change["verb"]
        paths = f" ({', '.join(change['fields'])})" if fields and change["verb"] == "changed" else ""
        lines += wrapped(f"{change['mesh']}: {verb} {change['kind']} {name}{paths}")
    return lines
