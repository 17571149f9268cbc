# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what ``mesh_ingress`` and ``mesh_egress`` may have, key by key. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import Domain, rejection, shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import EGRESS, INGRESS, PORT_NAMES, Key
from ansible_collections.ossm.federation.plugins.plugin_utils._model.runtime import check_runtime
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Egress, Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import unknown_keys

#: What routes HTTP by host name, and why it cannot serve here.
_ROUTED = {
    "route": "a Route cannot serve: ports 8188 and 15443 carry TLS that ends at the gateway, with server names that "
    "are no host of a Route, so that the router would reject it or send it elsewhere",
    "ingress": "an Ingress cannot serve: it ends TLS and routes HTTP, and ports 8188 and 15443 carry TLS that ends at the "
    "gateway, where both meshes authenticate",
}


def check_ingress(written: Mapping[str, Any], mesh: str, where: str) -> Tuple[Ingress, List[Problem]]:
    """Check one ``mesh_ingress`` (without its ``peers``); the result has no wrong parts."""
    accepted, problems = _check(written, INGRESS, mesh, where, "ingress-value")
    problems += unknown_keys(accepted.get("nodePorts", {}), PORT_NAMES, mesh, f"{where}.nodePorts")
    return cast(Ingress, accepted), problems


def check_egress(written: Mapping[str, Any], mesh: str, where: str) -> Tuple[Egress, List[Problem]]:
    """Check one ``mesh_egress`` (without its ``peers``): an egress gateway has only the runtime settings."""
    accepted, problems = _check(written, EGRESS, mesh, where, "egress-value")
    return cast(Egress, accepted if accepted.get("runtime") else {}), problems


def _check(
    written: Mapping[str, Any], keys: Mapping[str, Key], mesh: str, where: str, code: str
) -> Tuple[Dict[str, Any], List[Problem]]:
    problems = unknown_keys(written, keys, mesh, where)
    accepted: Dict[str, Any] = {}
    for key, shape in keys.items():
        value = written.get(key)
        if value is None:
            continue
        if shape.domain.accepts(value):
            accepted[key] = value
        else:
            problems.append(_rejected(key, value, mesh, f"{where}.{key}", code, shape.domain))
    if "runtime" in accepted:
        accepted["runtime"], runtime_problems = check_runtime(accepted["runtime"], mesh, f"{where}.runtime")
        problems += runtime_problems
    return accepted, problems


def _rejected(key: str, value: Any, mesh: str, where: str, code: str, domain: Domain) -> Problem:
    """A wrong value; for a Route or an Ingress with the reason, and with what can serve."""
    reason = _ROUTED.get(str(value).lower()) if key == "exposure" else None
    if reason is None:
        return rejection(code, mesh, where, domain.accepted, value)
    message = f"{reason}; must be {domain.accepted}, not {shown(value)}"
    remedy = "Name a load balancer of your own that passes TCP through in mesh_ingress.addresses"
    return problem(code, mesh, where, message, remedy)
