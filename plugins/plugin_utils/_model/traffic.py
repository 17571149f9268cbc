# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what entries of ``federation_services`` say about requests: failover, weights, and who may ask. Pure.

An imported service joins a local one of the same name only with ``importAsLocal``, and only then requests can fail over to it: from one
region to another, and with outlier detection (the product's documentation, "failover"; without it Envoy keeps to a locality). A split is
between two hosts, so there the import must have a host of its own.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import TRAFFIC
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import (
    ALLOW,
    FAILOVER,
    OUTLIER,
    WEIGHTS,
    Key,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import Report
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Declaration,
    DeclaredMesh,
    ServiceNames,
    SharedService,
    Traffic,
    TrafficKind,
)

_CODE = "service-entry"
#: What the product's documentation sets.
DEFAULT_OUTLIER: Json = {"consecutive5xxErrors": 3, "interval": "10s", "baseEjectionTime": "1m"}
_KEYS: Tuple[Tuple[TrafficKind, Dict[str, Key]], ...] = (
    ("failover", FAILOVER),
    ("weights", WEIGHTS),
    ("allow", ALLOW),
)


def read_traffic(entry: Json, service: ServiceNames, report: Report, where: str) -> Dict[TrafficKind, Json]:
    """What an entry says about requests, by kind; its problems are added to ``report``."""
    read: Dict[TrafficKind, Json] = {}
    for kind, keys in _KEYS:
        if kind not in entry:
            continue
        at = f"{where}.{kind}"
        if service["namespace"] in ANY or service["name"] in ANY or "selector" in entry:
            message = "must stand in an entry for one service, as a host or pods of one service are named"
            report.add(_CODE, at, message, "Write service: namespace/name without wildcards, in an entry of its own")
        read[kind] = _values(entry[kind], keys, report, at)
    _check_failover(entry, read.get("failover"), report, f"{where}.failover")
    _check_weights(entry, read.get("weights"), report, f"{where}.weights")
    if "allow" in read and not read["allow"].get("labels"):
        message = "must have labels: a policy without labels is for all pods of the namespace"
        report.add(_CODE, f"{where}.allow", message, "Write the labels of the pods of the service")
    return read


def _values(value: Any, keys: Mapping[str, Key], report: Report, at: str) -> Json:
    """The valid values of a dictionary."""
    if not report.dictionary(value, tuple(keys), at, _CODE):
        return {}
    valid: Json = {}
    for key, row in keys.items():
        if value.get(key) is None:
            continue
        if row.domain.accepts(value[key]):
            valid[key] = value[key]
        else:
            report.reject(f"{at}.{key}", row.domain.accepted, value[key], "", _CODE)
    return valid


def _check_failover(entry: Json, failover: Optional[Json], report: Report, at: str) -> None:
    """Add the problems of failover, and its defaults."""
    if failover is None:
        return
    if entry.get("as_local") is not True:
        message = "must have as_local: true beside it: requests fail over only between endpoints of one host"
        report.add(_CODE, at, message, "Add as_local: true")
    if failover.get("to", entry.get("mesh")) != entry.get("mesh"):
        message = f"must be {shown(entry.get('mesh'))}, the mesh of the entry, not {shown(failover['to'])}"
        report.add(_CODE, f"{at}.to", message, "Remove it, or write an entry for that mesh")
    outlier = _values(failover.get("outlier") or {}, OUTLIER, report, f"{at}.outlier")
    failover["outlier"] = {**DEFAULT_OUTLIER, **outlier}


def _check_weights(entry: Json, weights: Optional[Json], report: Report, at: str) -> None:
    """Add the problems of weights, and the default of the protocol."""
    if weights is None:
        return
    if entry.get("as_local"):
        message = "must not have as_local: true beside it: the two services are then one host, which cannot be split"
        report.add(_CODE, at, message, "Remove as_local, or weights")
    parts = [weights.get("local"), weights.get("remote")]
    if None in parts or sum(part or 0 for part in parts) != 100:
        message = f"must have local and remote with the sum 100, not {shown(parts[0])} and {shown(parts[1])}"
        report.add(_CODE, at, message, "")
    weights.setdefault("protocol", "http")


def add_traffic(meshes: Mapping[str, DeclaredMesh], services: Sequence[SharedService], group: str) -> List[Problem]:
    """Add to each mesh its objects about requests, by host of the peer; failover between unknown or equal regions is a problem, and
    what two entries are about, and what a mesh is to get that is known by identity files only."""
    problems: List[Problem] = []
    taken: Set[Tuple[str, ...]] = set()
    for service in services:
        for consumer in service["consumers"]:
            for kind in service["traffic"]:
                traffic, is_allow = _traffic(service, kind), kind == "allow"
                owner, peer = (service["exporter"], consumer) if is_allow else (consumer, service["exporter"])
                # A host has one entry, whichever peer it is about; who may ask has a policy for each consumer.
                key = (owner, traffic["namespace"], traffic["name"], *(("allow", consumer) if is_allow else ()))
                if key in taken:
                    problems.append(_taken(service, kind, meshes[consumer]["mesh"], group))
                taken.add(key)
                if meshes[owner]["by_file"]:
                    problems.append(_elsewhere(service, kind, meshes[owner]["mesh"], group))
                if kind == "failover":
                    problems += _add_regions(traffic, service, meshes, consumer, group)
                meshes[owner]["traffic"].setdefault(peer, []).append(traffic)
    return list({(found["where"], found["message"]): found for found in problems}.values())


def objects_to_read(declaration: Declaration, host: str) -> List[Json]:
    """The kinds of objects about requests that a run reads of a mesh: unmanaged ones may be for the same hosts, and what is not
    declared any more is only known from the cluster. Where nothing is declared the account need not have the right."""
    options, is_declared = declaration["options"], bool(declaration["meshes"][host]["traffic"])
    if not (is_declared or options.get("federation_prune") or options.get("federation_services")):
        return []
    is_optional = not is_declared and not options.get("federation_prune")
    return [{"kind": kind, "optional": is_optional} for kind in TRAFFIC]


def _traffic(service: SharedService, kind: TrafficKind) -> Traffic:
    """One kind of an entry, with the names of the service in the mesh that gets the object."""
    own, alias = service["service"], service["alias"]
    if kind == "allow":
        alias = own
    return {
        "kind": kind,
        "where": service["where"],
        "service": f"{own['namespace']}/{own['name']}",
        "namespace": own["namespace"] if alias["namespace"] in ANY else alias["namespace"],
        "name": own["name"] if alias["name"] in ANY else alias["name"],
        "settings": dict(service["traffic"][kind]),
    }


def _taken(service: SharedService, kind: TrafficKind, consumer: str, group: str) -> Problem:
    where = f"{service['where']}.{kind}"
    if kind == "allow":
        message = f"another entry has allow for the same service and {consumer}: both would write one policy"
        return problem("service-conflict", group, where, message)
    message = f"another entry is about the same host of {consumer}: all requests for it would go by one of them"
    return problem(
        "service-conflict", group, where, message, "Keep one of the two, or give the import of one another alias"
    )


def _elsewhere(service: SharedService, kind: TrafficKind, mesh: str, group: str) -> Problem:
    """What this run does not write, as the mesh is another administrator's. Without its policy everybody could ask, so that this is
    an error."""
    return problem(
        "traffic-elsewhere",
        group,
        f"{service['where']}.{kind}",
        f"not written: {mesh} is known by its identity file only",
        f"Remove it here; the administrator of {mesh} declares it",
        severity="error" if kind == "allow" else "warning",
    )


def _add_regions(
    traffic: Traffic, service: SharedService, meshes: Mapping[str, DeclaredMesh], consumer: str, group: str
) -> List[Problem]:
    """Add the regions that requests fail over from and to."""
    exporter, settings = meshes[service["exporter"]], traffic["settings"]
    locality = meshes[consumer]["localities"].get(service["exporter"]) or exporter["locality"] or {}
    start = settings.pop("from_region", None) or (meshes[consumer]["locality"] or {}).get("region")
    settings.pop("to", None)
    settings.update({"from": start, "to": locality.get("region")})
    lacking = [mesh["mesh"] for mesh, region in ((meshes[consumer], start), (exporter, settings["to"])) if not region]
    at, names = f"{service['where']}.failover", " and ".join(lacking)
    if lacking:
        message = f"must have two regions to fail over between, and that of {names} is not known"
        return [problem("failover-region", group, at, message, f"Set mesh_locality with its region for {names}")]
    if start == settings["to"]:
        message = (
            f"must be between different regions: {meshes[consumer]['mesh']} and {exporter['mesh']} are both in {start}"
        )
        return [problem("failover-region", group, at, message)]
    return []
