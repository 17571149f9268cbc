# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from live objects to an inventory with which ``federate.yml`` changes nothing. Pure."""

from __future__ import annotations

import datetime
from typing import Dict, List, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import platform_of
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import LINKING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import read_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.draft import Draft
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.fields import unexpressed_fields
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.gateways import egress_settings, ingress_settings
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.peers import match_peers
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.sets import (
    SETS,
    live_set,
    localities,
    set_rules,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Adoption, Live, Matched, SideKey
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import plain_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import build_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import SKIPPED, Plan, Side


def describe(live: Live, declared: Declaration, now: datetime.datetime) -> Adoption:
    """Describe the federation that ``live`` shows. ``declared`` is the declaration of this run: it names the meshes."""
    matched = match_peers(live, declared)
    pairs, problems = _pairs(live, matched)
    problems = [*matched.problems, *problems]
    draft = Draft(live, matched.meshes, pairs)
    problems += _first_draft(draft, matched)
    while True:
        declaration = draft.declaration()
        errors = [found for found in declaration["problems"] if found["severity"] == "error"]
        dropped = [_dropped(draft, matched, found) for found in errors if draft.drop(draft.place(found))]
        if dropped:
            problems += dropped
            continue
        plan = build_plan(declaration, live.facts, now)
        found = _settle(draft, matched, plan)
        if found is None:
            break
        problems += found
    problems += [found for found in errors if found not in problems] + _plan_problems(plan)
    fields = unexpressed_fields(plan, live, declaration)
    listed = [one for one in problems if one["code"] != "adopt-field"]
    return Adoption(
        draft.host_variables(),
        draft.options,
        matched.meshes,
        sorted(pairs),
        _distinct(listed),
        _distinct([*(one for one in problems if one["code"] == "adopt-field"), *fields]),
    )


def _distinct(problems: List[Problem]) -> List[Problem]:
    found = {(one["code"], one["mesh"], one["where"], one["message"]): one for one in problems}
    return [found[key] for key in sorted(found)]


def _pairs(live: Live, matched: Matched) -> Tuple[Set[SideKey], List[Problem]]:
    """The pairs whose sides both exist, and the sides that have no other side. A mesh that is known by files has none to read."""
    pairs: Set[SideKey] = set()
    problems: List[Problem] = []
    for (host, other), peer in sorted(matched.peers.items()):
        if (other, host) in matched.peers or other in live.identity_files:
            pairs.add((min(host, other), max(host, other)))
            continue
        names = matched.meshes
        problems.append(
            problem(
                "adopt-one-sided",
                names[host],
                f"ServiceMeshPeer {live.facts[host]['namespace']}/{dig(peer, 'metadata', 'name')}",
                f"{names[other]} has no ServiceMeshPeer for {names[host]}, so the link is not described",
                f"Add {names[other]} to mesh_peers of {names[host]} in the written inventory: federate.yml then completes the link",
                peer=names[other],
            )
        )
    return pairs, problems


def _first_draft(draft: Draft, matched: Matched) -> List[Problem]:
    """Put what the live objects of each side say into the draft."""
    live, names = draft.live, matched.meshes
    peer_names: Dict[SideKey, str] = {}
    for host, other in sorted(side for pair in draft.pairs for side in (pair, pair[::-1]) if side in matched.peers):
        peer, facts = matched.peers[(host, other)], live.facts[host]
        name = peer_names[(host, other)] = str(dig(peer, "metadata", "name"))
        if name != names[other]:
            draft.put(host, "mesh_peer_names", other, name)
        gateways = dig(peer, "spec", "gateways")
        platform = live.variables.get(host, {}).get("mesh_platform") or platform_of(dig(facts, "platform", "type"))[0]
        same = facts["cluster_uid"] is not None and facts["cluster_uid"] == dig(live.facts.get(other), "cluster_uid")
        ingress = ingress_settings(facts, str(dig(gateways, "ingress", "name")), platform, same)
        draft.put(host, "mesh_ingress", other, dict(ingress))
        draft.put(host, "mesh_egress", other, egress_settings(facts, str(dig(gateways, "egress", "name"))))
        for variable in SETS:
            found = live_set(facts, variable, name)
            if found is not None:
                draft.put(host, variable, other, set_rules(found, variable))
    chosen, problems = localities(live, names, peer_names)
    for host, locality in chosen.items():
        draft.variables[host]["mesh_locality"] = locality
    return problems


def _dropped(draft: Draft, matched: Matched, found: Problem) -> Problem:
    """The problem of what an inventory cannot have, which was dropped."""
    place = draft.place(found)
    if place.variable not in SETS:
        message = f"{found['message']}; it is not described, and stays as it is"
        return problem("adopt-field", found["mesh"], found["where"], message)
    other = next((host for host, mesh in draft.meshes.items() if mesh == place.peer), "")
    name = dig(matched.peers.get((place.host, other)), "metadata", "name")
    rule = found["where"].partition("[")[2].partition("]")[0]
    return problem(
        "adopt-rules",
        found["mesh"],
        f"{SETS[place.variable][1]} {draft.live.facts[place.host]['namespace']}/{name}",
        f"rule {rule} is one that federate.yml rejects ({found['message']}), so the set is not described and stays as it is",
        found["remedy"] or None,
        peer=place.peer,
    )


def _settle(draft: Draft, matched: Matched, plan: Plan) -> Optional[List[Problem]]:
    """Change the draft where ``federate.yml`` would change something, with the problems of that; None where it would not."""
    if _set_trust(draft, plan):
        return []
    found = _declare_addresses(draft, matched, plan)
    return found if found is not None else _leave_out(draft, plan)


def _set_trust(draft: Draft, plan: Plan) -> bool:
    """Declare current trust domains that would change, and a root that meshes share; whether the draft has changed."""
    changed = [host for host, mesh in plan["meshes"].items() if mesh["set_trust_domain"]]
    for host in changed:
        draft.variables[host]["mesh_trust_domain"] = dig(draft.live.facts[host], "control_plane", "trust_domain")
    shared = any(found["code"] == "trust-domain-shared-root" for found in plan["problems"])
    if shared:
        draft.options["federation_allow_shared_root"] = True
    return bool(changed) or shared


def _declare_addresses(draft: Draft, matched: Matched, plan: Plan) -> Optional[List[Problem]]:
    """Declare the addresses at which peers reach a gateway where its Service has others; None where nothing is new."""
    problems: List[Problem] = []
    is_new = False
    for host, sides in sorted(plan["sides"].items()):
        for other, side in sorted(sides.items()):
            peer = matched.peers.get((host, other))
            if peer is None or other not in draft.live.facts or _is_skipped(plan, host, other):
                continue
            wanted = _declared_remote(plain_section(dig(peer, "spec", "remote") or {}), side)
            current = draft.variables[other].get("mesh_ingress", {}).get(draft.meshes[host], {})
            if not wanted or {**current, **wanted} == current:
                continue
            is_new = True
            draft.put(other, "mesh_ingress", host, {**current, **wanted})
            if "addresses" in wanted and side["remote"] and not read_peer(peer)["connected"]:
                problems.append(_stale_address(side, wanted["addresses"]))
    return problems if is_new else None


def _is_skipped(plan: Plan, host: str, other: str) -> bool:
    """Whether one of the sides of a pair is skipped: it may name a gateway of another pair."""
    return SKIPPED in (plan["sides"][host][other]["state"], plan["sides"][other][host]["state"])


def _declared_remote(live: Json, side: Side) -> Json:
    """What ``mesh_ingress`` of the peer has to say, so that a side connects to where its live ServiceMeshPeer does."""
    addresses, remote = live.get("addresses") or [], side["remote"]
    if not addresses:
        return {}
    if remote is None or set(addresses) != set(remote["addresses"]):
        return {"addresses": sorted(addresses)}
    ports = {"discoveryPort": remote["discoveryPort"], "servicePort": remote["servicePort"]}
    return {key: live[key] for key, port in ports.items() if live[key] != port}


def _stale_address(side: Side, addresses: List[str]) -> Problem:
    remote = side["remote"]
    return problem(
        "adopt-address",
        side["mesh"],
        f"ServiceMeshPeer {side['namespace']}/{side['peer_name']}",
        f"it connects to {', '.join(addresses)} without success, and the gateway of {side['peer']} is at "
        f"{', '.join(remote['addresses'] if remote else [])}; the former is described",
        f"Remove addresses from mesh_ingress of {side['peer']} where they are out of date, and run federate.yml",
        peer=side["peer"],
    )


def _leave_out(draft: Draft, plan: Plan) -> Optional[List[Problem]]:
    """Take the pairs out of the draft for which ``federate.yml`` would write something; None where there are none."""
    writes: Dict[SideKey, List[str]] = {}
    for host, facts in sorted(draft.live.facts.items()):
        for step in LINKING:
            for target in desired.build_objects(plan, step, host, facts):
                other = target.get("peer")
                if other and would_change(target):
                    writes.setdefault((min(host, other), max(host, other)), []).append(_written(target, plan, host))
    draft.pairs.difference_update(writes)
    names = draft.meshes
    found = [
        problem(
            "adopt-incomplete",
            names[pair[0]],
            f"link with {names[pair[1]]}",
            f"federate.yml would write {', '.join(objects)}, so the link is not described",
            f"Add {names[pair[1]]} to mesh_peers of {names[pair[0]]} in the written inventory, and let federate.yml write it",
            peer=names[pair[1]],
        )
        for pair, objects in sorted(writes.items())
    ]
    return found or None


def _written(target: DesiredObject, plan: Plan, host: str) -> str:
    """An object that a run would write, in words."""
    definition = target["definition"]
    where = f"{definition['kind']} {plan['meshes'][host]['namespace']}/{definition['metadata']['name']}"
    gateways = sorted(
        name for kind in dig(definition, "spec", "gateways") or {} for name in definition["spec"]["gateways"][kind]
    )
    return f"{' and '.join(gateways)} of {where}" if gateways else where


def _plan_problems(plan: Plan) -> List[Problem]:
    """What is wrong with the live federation, as ``federate.yml`` will report it."""
    found = [*plan["problems"]]
    for host, mesh in sorted(plan["meshes"].items()):
        found += mesh["problems"]
        found += [one for _other, side in sorted(plan["sides"][host].items()) for one in side["problems"]]
    return found
