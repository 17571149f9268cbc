# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting until a control plane has a changed trust domain: in the mesh's config, in the injector, and in its gateways. Private
to this collection."""

from __future__ import annotations

import json
import time
from typing import Dict, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say, WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._cluster.yaml_text import from_yaml
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.confirmed_wait import ConfirmedWait
from ansible_collections.ossm.federation.plugins.module_utils._modules.live_object import field_owners, trim
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import TrustDomainResult
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import (
    domain_changed_at,
    read_control_plane,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import (
    is_former,
    is_gateway,
    proxy_pods,
)

PLANE, CONFIG, POD = "ServiceMeshControlPlane", "ConfigMap", "Pod"
ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "control_plane": {"type": "str", "required": True},
    "trust_domain": {"type": "str", "required": True},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "absent": {"type": "list", "elements": "str", "default": []},
    "gateways": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 300},
}


class _Progress(ConfirmedWait):
    """How far a control plane is with a trust domain; the state of the wait for it."""

    def __init__(self, params: Json) -> None:
        super().__init__(params["mesh"], params["namespace"], "trust domain", "the mesh has it")
        self.plane_name: str = params["control_plane"]
        self._domain: str = params["trust_domain"]
        self._aliases: List[str] = params["aliases"]
        self._absent: List[str] = params["absent"]
        self._checks_gateways: bool = params["gateways"]

    def targets(self) -> List[WatchFor]:
        """What is worth to be watched."""
        return [
            WatchFor(PLANE, self.namespace, self.plane_name),
            WatchFor(CONFIG, self.namespace),
            WatchFor(POD, self.namespace),
        ]

    def plane(self) -> Optional[Json]:
        """The control plane as it was seen last."""
        return self.live.get(PLANE, self.plane_name)

    def changed_at(self) -> Optional[str]:
        """Since when the control plane has its trust domain."""
        live = self.plane()
        return domain_changed_at(live) if live else None

    def config(self) -> Json:
        """Trust domain and aliases of the mesh's config."""
        mesh = from_yaml(self._data(f"istio-{self.plane_name}", "mesh"))
        aliases = dig(mesh, "trustDomainAliases") or []
        return {"trust_domain": str(dig(mesh, "trustDomain") or ""), "aliases": [str(alias) for alias in aliases]}

    def _injected(self) -> Optional[str]:
        """The trust domain that new sidecars get; None where the injector's values do not name one."""
        try:
            values = json.loads(self._data(f"istio-sidecar-injector-{self.plane_name}", "values") or "{}")
        except ValueError:
            return None
        named = dig(values, "global", "trustDomain")
        return str(named) if named else None

    def _data(self, name: str, key: str) -> str:
        return str(dig(self.live.get(CONFIG, name), "data", key) or "")

    def gateways(self) -> Dict[str, bool]:
        """The pods of gateways by name, and whether each may have a former identity."""
        changed_at = self.changed_at()
        return {
            str(pod["metadata"]["name"]): is_former(pod, self._domain, changed_at)
            for pod in proxy_pods(self.live.of(POD).values())
            if is_gateway(pod)
        }

    def missing(self) -> List[str]:
        """What is still waited for."""
        live = self.plane()
        if live is None:
            return ["the control plane does not exist"]
        status, config, injected = read_control_plane(live), self.config(), self._injected()
        missing = [] if status["ready"] else [f"control plane: {status['message'] or 'not ready'}"]
        name = f"{CONFIG} istio-{self.plane_name}"
        if config["trust_domain"] != self._domain:
            missing.append(f"{name} has the trust domain {config['trust_domain'] or 'none'}, not {self._domain}")
        missing += [f"{name} has no alias {alias}" for alias in self._aliases if alias not in config["aliases"]]
        missing += [f"{name} still has the alias {alias}" for alias in self._absent if alias in config["aliases"]]
        if injected not in (None, self._domain):
            missing.append(f"the injector gives new pods the trust domain {injected}")
        former = sorted(pod for pod, is_old in self.gateways().items() if is_old and self._checks_gateways)
        return missing + ([f"gateway pods with a former identity: {', '.join(former)}"] if former else [])


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> TrustDomainResult:
    """Wait until the mesh's config, the injector and all gateways have the trust domain and aliases; check mode reads once."""
    state = _Progress(params)

    def work(cluster: Cluster) -> None:
        state.follow(cluster, time.monotonic() + (0 if check_mode else params["timeout"]), say)

    problems = use_cluster(params["auth"], state.mesh, work)
    missing, live = ([] if problems else state.missing()), state.plane()
    message = problems[0]["message"] if problems else "; ".join(missing)
    config = state.config()
    return {
        "changed": False,
        "mesh": state.mesh,
        "namespace": state.namespace,
        "complete": not problems and not missing,
        "message": message or "the mesh has the trust domain",
        "trust_domain": config["trust_domain"],
        "aliases": config["aliases"],
        "changed_at": state.changed_at(),
        "gateways": sorted(state.gateways()),
        "control_plane": trim(live, status=False) if live else {},
        "owners": field_owners(live) if live else {},
        "problems": problems or ([] if check_mode else _late(state, params)),
    }


def _late(state: _Progress, params: Json) -> List[Problem]:
    """The error about what is missing at the deadline."""
    missing = state.missing()
    if not missing:
        return []
    where = f"{PLANE} {state.namespace}/{state.plane_name}"
    message = f"not complete {at_deadline(params['timeout'])}: {'; '.join(missing)}"
    return [problem("trust-domain-late", state.mesh, where, message)]
