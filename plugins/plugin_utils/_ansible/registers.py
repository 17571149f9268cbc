# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the variables with which roles pass data on, and how filters read them.

No other plugin names such a variable. Results of tasks are registered by the names in ``module_utils._product.steps``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Dict, Iterable, Iterator, Sequence, Tuple

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._product.steps import REGISTERS
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import (
    has,
    plain,
    seal_text,
    sealed_text,
    unseal,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.archive import unpack
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.types import Collected, Gathering
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import parts
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import RemovalPlan, ServicePlan
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import RotationPlan
from ansible_collections.ossm.federation.plugins.plugin_utils._share.types import SharePlan
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.types import TrustDomainPlan

#: Results of tasks: by what they are about (see ``REGISTERS``), then by inventory host.
Results = Dict[str, Dict[str, Any]]


def _unsealed(value: Any, reader: str, variable: str, role: str, key: str) -> Any:
    """What a role has sealed in a variable, known by a key; ``reader`` is the filter that needs it."""
    whole = unseal(value)
    if not has(whole, key):
        raise _unset(reader, variable, role)
    return whole


def _unset(reader: str, variable: str, role: str) -> AnsibleFilterError:
    return AnsibleFilterError(
        f"{reader} needs {variable}, which is undefined or not from the role ossm.federation.{role}: run that role first"
    )


def sealed_plan(value: Any, reader: str) -> Plan:
    """The plan in the variable ``mesh_plan``; ``reader`` is the filter that needs it."""
    return parts.unpack(_packed_plan(value, reader))


def sealed_plan_for(value: Any, host: Any, reader: str) -> Tuple[Plan, str]:
    """What one host needs of the plan in the variable ``mesh_plan`` (see ``_plan.parts``), and the host as plain text."""
    packed, name = _packed_plan(value, reader), str(plain(host))
    try:
        return parts.unpack_for(packed, name), name
    except KeyError as error:
        raise AnsibleFilterError(f"{reader}: {name} is not in the plan") from error


def seal_plan(plan: Plan, shown: Mapping[str, Any]) -> Dict[str, Any]:
    """The variable ``mesh_plan``: the part that roles read, and the whole as one text."""
    return seal_text(parts.pack(plan), shown)


def _packed_plan(value: Any, reader: str) -> str:
    packed = sealed_text(value)
    if not packed.startswith('{"common":'):
        raise _unset(reader, "mesh_plan", "mesh")
    return packed


def sealed_declaration(value: Any, reader: str) -> Declaration:
    """The declaration in the variable ``mesh_declaration``; ``reader`` is the filter that needs it."""
    declaration: Declaration = _unsealed(value, reader, "mesh_declaration", "mesh", "pairs")
    return declaration


def sealed_removal(value: Any, reader: str) -> RemovalPlan:
    """The plan in the variable ``removal_plan``; ``reader`` is the filter that needs it."""
    plan: RemovalPlan = _unsealed(value, reader, "removal_plan", "removal", "still_declared")
    return plan


def sealed_service_removal(value: Any, reader: str) -> ServicePlan:
    """The plan in the variable ``service_removal_plan``; ``reader`` is the filter that needs it."""
    plan: ServicePlan = _unsealed(value, reader, "service_removal_plan", "service_removal", "cuts")
    return plan


def sealed_rotation(value: Any, reader: str) -> RotationPlan:
    """The plan in the variable ``rotation_plan``; ``reader`` is the filter that needs it."""
    plan: RotationPlan = _unsealed(value, reader, "rotation_plan", "rotation", "roots")
    return plan


def sealed_trust_domain(value: Any, reader: str) -> TrustDomainPlan:
    """The plan in the variable ``trust_domain_plan``; ``reader`` is the filter that needs it."""
    plan: TrustDomainPlan = _unsealed(value, reader, "trust_domain_plan", "trust_domain", "unchanged")
    return plan


def sealed_share(value: Any, reader: str) -> SharePlan:
    """The plan in the variable ``share_plan``; ``reader`` is the filter that needs it."""
    plan: SharePlan = _unsealed(value, reader, "share_plan", "share", "links")
    return plan


def sealed_gathering(value: Any, reader: str) -> Gathering:
    """What is gathered, in the variable ``gather_plan``; ``reader`` is the filter that needs it."""
    gathering: Gathering = _unsealed(value, reader, "gather_plan", "gather", "documents")
    return gathering


def read_collected(hostvars: Mapping[str, Any], hosts: Iterable[str], outside: Any = ()) -> Dict[str, Collected]:
    """What mesh_gather has collected, by host: of the hosts of the play, and of those outside of it."""
    results = dict(_loop_results(plain(outside), "content"))
    results.update(read_results(hostvars, hosts, ["gathered"])["gathered"])
    return {host: unpack(result["content"]) for host, result in results.items() if result.get("content")}


def planned_host(plan: Plan, host: Any, reader: str) -> str:
    """The name of a host whose mesh is in the plan."""
    name = str(plain(host))
    if name not in plan["meshes"]:
        raise AnsibleFilterError(f"{reader}: {name} is not in the plan")
    return name


def read_results(hostvars: Mapping[str, Any], hosts: Iterable[str], about: Sequence[str]) -> Results:
    """Registered results; hosts without a result, and skipped tasks, are absent.

    Results are data, so they are read as they were stored: Ansible's templating would look for templates in every value, which
    takes seconds of a run with ten meshes. The variables of each host are read once, not once for each result.
    """
    results: Results = {subject: {} for subject in about}
    for host in hosts:
        variables = _stored(hostvars, host)
        for subject in about:
            name = REGISTERS[subject]
            result = plain(variables[name]) if name in variables else None
            if isinstance(result, dict) and not result.get("skipped"):
                results[subject][host] = result
    return results


def read_facts(hostvars: Mapping[str, Any], hosts: Iterable[str], outside: Any = ()) -> Dict[str, Dict[str, Any]]:
    """MeshFacts by host: those of the hosts of the play, and results of ``mesh_info`` for hosts outside of it."""
    facts = {host: {**read, "host": host} for host, read in _loop_results(plain(outside), "readable")}
    for host, result in read_results(hostvars, hosts, ["facts"])["facts"].items():
        if "readable" in result:
            facts[host] = {**result, "host": host}
    return facts


def _loop_results(value: Any, key: str) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Host and result of every result with a key in that of a loop over hosts, or in a list; the loop variable is the host."""
    if isinstance(value, list):
        for item in value:
            yield from _loop_results(item, key)
    elif isinstance(value, dict) and key in value:
        yield str(value.get("host") or value[value["ansible_loop_var"]]), value
    elif isinstance(value, dict):
        yield from _loop_results(value.get("results", []), key)


def _stored(hostvars: Mapping[str, Any], host: str) -> Mapping[str, Any]:
    """The variables of a host, not rendered where Ansible's own mapping offers that."""
    read = getattr(hostvars, "raw_get", hostvars.get)
    variables: Any = read(host)
    return variables if isinstance(variables, Mapping) else {}
