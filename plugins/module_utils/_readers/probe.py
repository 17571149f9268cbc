# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The pods of a probe to what they have seen, or to the reason why they show nothing. Pure. Private to this collection."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import (
    CONTAINER,
    DENIED,
    ENVOY,
    ERROR,
    NO_HOST,
    ProbedRequest,
    ProbeTarget,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import GATEWAY, PROXY

#: Reasons of a waiting container that waiting does not heal, with their code.
_STUCK = {
    "ErrImageNeverPull": "probe-image",
    "ImagePullBackOff": "probe-image",
    "InvalidImageName": "probe-image",
    "CreateContainerConfigError": "probe-failed",
    "CreateContainerError": "probe-failed",
    "RunContainerError": "probe-failed",
}
#: Exit codes of a shell that cannot run the command, and of the script that lacks a program.
_NO_PROGRAM = (4, 126, 127, 128)
#: Exit codes of curl, which the script uses for TCP too, in words.
_EXITS = {
    6: NO_HOST,
    7: "the connection is refused",
    28: "no answer in time",
    35: "TLS failed",
    52: "the connection was closed without an answer",
    56: "the connection was reset",
    124: "no answer in time",
}


class PodState(NamedTuple):
    """One pod: what it does in words, its ``report`` when it has one, else the ``code`` of the problem that it cannot overcome."""

    message: str
    report: Optional[str] = None
    code: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self.report is not None or bool(self.code)


def proxy_image(pods: Iterable[Json]) -> Optional[str]:
    """The image of the proxy in the first pod of a gateway: every node of the cluster can pull it, since each sidecar has it."""
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["name"])):
        if GATEWAY in (pod["metadata"].get("labels") or {}):
            for container in dig(pod, "spec", "containers") or []:
                if container["name"] == PROXY:
                    return str(container["image"])
    return None


def read_pod(pod: Json) -> PodState:
    """What the pod of a probe does."""
    containers = [*(dig(pod, "spec", "initContainers") or []), *(dig(pod, "spec", "containers") or [])]
    if PROXY not in [container["name"] for container in containers]:
        return PodState("it has no sidecar", code="probe-not-injected")
    statuses = [*_statuses(pod, "initContainerStatuses"), *_statuses(pod, "containerStatuses")]
    ended = next((dig(one, "state", "terminated") for one in statuses if one["name"] == CONTAINER), None)
    if ended is not None:
        return _read_end(ended)
    waiting = [(one["name"], state) for one in statuses if (state := dig(one, "state", "waiting"))]
    for name, state in waiting:
        code = _STUCK.get(state.get("reason") or "")
        if code:
            return PodState(f"container {name}: {_reason(state)}", code=code)
    if dig(pod, "status", "phase") == "Failed":
        return PodState(_reason(pod.get("status") or {}) or "it failed", code="probe-failed")
    return PodState(_pending(pod, waiting))


def _statuses(pod: Json, key: str) -> List[Json]:
    return list(dig(pod, "status", key) or [])


def _read_end(ended: Json) -> PodState:
    """The end of the container: its report, or why there is none."""
    code, message = int(ended.get("exitCode") or 0), str(ended.get("message") or "").strip()
    if code == 0 and message.startswith("["):
        return PodState("it has reported", message)
    text = f"it ended with exit code {code}{f': {message}' if message else ''}{f' ({_reason(ended)})' if code else ' and no report'}"
    return PodState(text, code="probe-image" if code in _NO_PROGRAM else "probe-failed")


def _pending(pod: Json, waiting: Sequence[Any]) -> str:
    """What a pod waits for."""
    for condition in dig(pod, "status", "conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"not scheduled: {condition.get('message') or condition.get('reason')}"
    if waiting:
        return "; ".join(f"container {name}: {_reason(state)}" for name, state in waiting)
    return {"Running": "running"}.get(str(dig(pod, "status", "phase")), "starting")


def _reason(state: Json) -> str:
    """Reason and message of a state."""
    return ": ".join(str(state[key]) for key in ("reason", "message") if state.get(key))


# -- reports -------------------------------------------------------------------------------------------------------------


def read_report(report: str, targets: Sequence[ProbeTarget], pod: str) -> List[ProbedRequest]:
    """What the pod has seen, target by target.

    ValueError: the report is not what the script writes, for instance as it was cut.
    """
    rows = json.loads(report)
    if not isinstance(rows, list) or len(rows) != len(targets):
        raise ValueError(f"the report has not {len(targets)} rows")
    return [_read_row(row, target, pod) for row, target in zip(rows, targets)]


def _read_row(row: Any, target: ProbeTarget, pod: str) -> ProbedRequest:
    if not isinstance(row, list) or len(row) != 6:
        raise ValueError("a row of the report has not 6 values")
    status, who, latency, exit_code, served = int(row[0]), str(row[1]), int(row[2]), int(row[3]), int(row[4])
    by = {"a": "application", "e": ENVOY}.get(who, "")
    is_http = target["protocol"] == "http"
    ok = who == "a" and (not is_http or (0 < status < ERROR and status != DENIED))
    message = _http_message(status, who, exit_code, served) if is_http else _tcp_message(ok, exit_code)
    return {
        **target,
        "pod": pod,
        "status": status,
        "answered_by": str(row[5]) or by if who == "a" else by,
        "latency_ms": latency if is_http and who else None,
        "message": message,
        "ok": ok,
    }


def _http_message(status: int, who: str, exit_code: int, served: int) -> str:
    """What became of the requests, in words."""
    if not who:
        text = _EXITS.get(exit_code, f"no answer (curl exit code {exit_code})")
    elif who == "e":
        text = f"HTTP {status} from Envoy in place of the service"
    elif status == DENIED:
        text = (
            f"HTTP {status}: denied there; an AuthorizationPolicy of the exporter must allow the identity of its ingress gateway, or "
            "federation_probe_path needs a login"
        )
    elif status >= ERROR:
        text = f"HTTP {status}: the service, or its sidecar, failed"
    else:
        return f"HTTP {status}"
    return f"{text}, after {served} requests that were served" if served else text


def _tcp_message(ok: bool, exit_code: int) -> str:
    return "the connection stays open" if ok else _EXITS.get(exit_code, f"no connection (exit code {exit_code})")


def rejection(event: Json) -> str:
    """Why the controller of Jobs cannot create a pod, by an event; empty for any other event."""
    return str(event.get("message") or "") if event.get("reason") == "FailedCreate" else ""


def rejection_fix(message: str) -> str:
    """How to have the pods of a probe accepted."""
    lower = message.lower()
    if "exceeded quota" in lower or "must specify" in lower:
        return "Free or raise the quota, or set federation_probe_namespace to another member of the mesh"
    if "webhook" in lower:
        return "See that istiod of this mesh runs: its webhook adds the sidecar"
    if "security context constraint" in lower or "podsecurity" in lower:
        return "Set federation_probe_namespace to a member that accepts pods of restricted-v2 (sidecars need the CNI plugin of the operator)"
    return CODES["probe-rejected"].fix


def summary(requests: Sequence[ProbedRequest]) -> Dict[str, int]:
    """How many requests were answered by the service, of how many."""
    return {"ok": sum(request["ok"] for request in requests), "all": len(requests)}
