# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Requests to imported services from short-lived pods inside of a mesh. Private to this collection.

Nothing of it stays: the Jobs are deleted at the end, and where the run is killed before, their deadline and their time to live remove
them (see ``probe_job``).
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import (
    ChangeLog,
    Event,
    LiveObjects,
    Say,
    WatchFor,
    follow,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._modules.probe_job import (
    GRACE,
    TIME_TO_LIVE,
    parts_of,
    probe_job,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import ProbeResult
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import LABEL, ProbedRequest, ProbeTarget
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import GATEWAY
from ansible_collections.ossm.federation.plugins.module_utils._readers.probe import (
    PodState,
    proxy_image,
    read_pod,
    read_report,
    rejection,
    rejection_fix,
    summary,
)

JOB, POD, EVENT = "Job", "Pod", "Event"
_JOB_NAME = "job-name"
#: Seconds to wait until deleted pods are gone: their own time to end, and what the cluster needs for that.
_GONE_SECONDS = GRACE + 25
_HEADER = re.compile(r"[A-Za-z0-9-]+\Z")
_PATH = re.compile(r"/[\x21-\x7e]*\Z")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")

ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "probe_namespace": {"type": "str", "required": True},
    "targets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "protocol": {"type": "str", "choices": ["http", "tcp"], "default": "http"},
            "service": {"type": "str", "default": ""},
            "peer": {"type": "str"},
        },
    },
    "image": {"type": "str"},
    "count": {"type": "int", "default": 1},
    "path": {"type": "str", "default": "/"},
    "header": {"type": "str"},
    "requests": {"type": "int", "default": 3},
    "request_timeout": {"type": "int", "default": 5},
    "timeout": {"type": "float", "default": 120},
}


class _Pods:
    """The pods of a probe; the state of the wait for their reports."""

    def __init__(self, mesh: str, count: int) -> None:
        self.mesh = mesh
        #: The targets of each Job by its name.
        self.targets: Dict[str, List[ProbeTarget]] = {}
        #: Why the cluster accepts no pod of a Job.
        self.rejected: Dict[str, str] = {}
        self._count = count
        self._live = LiveObjects()
        self._log = ChangeLog()

    def take(self, event: Event) -> None:
        """Apply an event about a pod, or about a Job that cannot create one."""
        if event.kind == POD:
            self._live.take(event)
        elif event.type in ("ADDED", "MODIFIED"):
            name, reason = str((event.object.get("involvedObject") or {}).get("name")), rejection(event.object)
            if name in self.targets and reason:
                self.rejected[name] = reason

    def states(self) -> Dict[str, PodState]:
        """Every pod by name."""
        return {name: read_pod(pod) for name, pod in sorted(self._live.of(POD).items())}

    def job_of(self, pod: str) -> str:
        """The Job of a pod."""
        return str((self._live.of(POD)[pod]["metadata"].get("labels") or {}).get(_JOB_NAME))

    def is_done(self) -> bool:
        """Whether each Job is rejected, or has all pods and nothing changes in them any more. One pod that fails ends the wait: its Job
        creates no others."""
        return all(job in self.rejected or self._is_final(job) for job in self.targets)

    def is_over(self) -> bool:
        """The same as ``is_done``."""
        return self.is_done()

    def _is_final(self, job: str) -> bool:
        own = [state for name, state in self.states().items() if self.job_of(name) == job]
        return any(state.code for state in own) or (len(own) >= self._count and all(state.is_final for state in own))

    def changes(self) -> List[str]:
        """One line for each pod that has changed its state, and for each Job that is rejected."""
        messages = {f"{self.mesh}: pod {name}": state.message for name, state in self.states().items()}
        messages.update({f"{self.mesh}: Job {name}": reason for name, reason in self.rejected.items()})
        return self._log.changes(messages)

    def status_line(self) -> str:
        """What is waited for."""
        pending = [f"pod {name}: {state.message}" for name, state in self.states().items() if not state.is_final]
        return "; ".join(pending) or "the pods of the probe"


class _Probe:
    """One run of a probe in a mesh."""

    def __init__(self, params: Json, check_mode: bool, say: Say) -> None:
        self.mesh: str = params["mesh"]
        self.image: str = params.get("image") or ""
        self.problems: List[Problem] = []
        self.requests: List[ProbedRequest] = []
        self.left: List[str] = []
        self._params, self._is_check, self._say = params, check_mode, say
        self._run = uuid.uuid4().hex[:8]
        self._namespace: str = params["probe_namespace"]
        self._pods = _Pods(self.mesh, params["count"])
        self._selector = f"{LABEL}={self._run}"

    def send(self, cluster: Cluster) -> None:
        """Create the Jobs, wait for the reports of their pods, and remove them whatever has happened."""
        self.image = self.image or self._find_image(cluster)
        if not self.image:
            return
        try:
            self._create(cluster)
            if self._is_check:
                return
            deadline = time.monotonic() + self._params["timeout"]
            targets = [
                WatchFor(POD, self._namespace, labels=self._selector),
                WatchFor(EVENT, self._namespace, fields="involvedObject.kind=Job"),
            ]
            follow(cluster, targets, self._pods, deadline, self._say)
            for line in self._pods.changes():
                self._say(line)
            self._read()
        finally:
            if self._pods.targets and not self._is_check:
                self._remove(cluster)

    def _find_image(self, cluster: Cluster) -> str:
        """The image of the mesh's own proxies."""
        image = proxy_image(cluster.list(POD, self._params["namespace"], labels=GATEWAY))
        if image is None:
            message = "no pod of a gateway runs, so the image of the mesh's proxies is not known"
            self._note("probe-image", f"namespace {self._params['namespace']}", message)
        return image or ""

    def _create(self, cluster: Cluster) -> None:
        for number, targets in enumerate(parts_of(self._params["targets"])):
            job = probe_job(self._params, self.image, self._run, number, targets)
            name = job["metadata"]["name"]
            if not self._is_check:
                # Before the request: where its answer is lost, the Job may exist.
                self._pods.targets[name] = targets
                self._say(f"{self.mesh}: Job {self._namespace}/{name} requests {_counted(targets)}")
            cluster.apply(job, OURS, dry_run=self._is_check)

    # -- reports -----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """What the pods have seen, and problems for those that have seen nothing."""
        states = self._pods.states()
        for name, state in states.items():
            if state.report is not None:
                self._read_report(name, state.report)
            elif state.code:
                self._note(state.code, f"Pod {self._namespace}/{name}", state.message)
        for job in self._pods.targets:
            if job in self._pods.rejected:
                message = self._pods.rejected[job]
                self._note("probe-rejected", f"Job {self._namespace}/{job}", message, rejection_fix(message))
            else:
                self._note_late(job, {name: state for name, state in states.items() if self._pods.job_of(name) == job})

    def _read_report(self, pod: str, report: str) -> None:
        targets = self._pods.targets[self._pods.job_of(pod)]
        try:
            self.requests += read_report(report, targets, pod)
        except (ValueError, TypeError) as error:
            self._note("probe-failed", f"Pod {self._namespace}/{pod}", f"its report cannot be read: {error}")

    def _note_late(self, job: str, states: Dict[str, PodState]) -> None:
        """A problem where pods of a Job have not reported in time; those that cannot report have theirs already."""
        count = self._params["count"]
        if any(state.code for state in states.values()) or sum(state.is_final for state in states.values()) >= count:
            return
        waiting = [f"pod {name} is {state.message}" for name, state in states.items() if not state.is_final]
        text = "; ".join(waiting) or f"the Job has {len(states) or 'no'} pod" + (f" of {count}" if states else "")
        message = f"no report {at_deadline(self._params['timeout'])}: {text}"
        self._note("probe-late", f"Job {self._namespace}/{job}", message)

    def _note(self, code: str, where: str, message: str, remedy: Optional[str] = None) -> None:
        """Note a problem once: several pods have the same."""
        if not any((one["code"], one["message"]) == (code, message) for one in self.problems):
            self.problems.append(problem(code, self.mesh, where, message, remedy))

    # -- removal -----------------------------------------------------------------------------------------------------

    def _remove(self, cluster: Cluster) -> None:
        """Delete the Jobs with their pods, and wait until these are gone. A failure is a warning: the Jobs remove themselves."""
        known, live, is_deleted = set(self._pods.states()), LiveObjects(), False
        if not known:
            self._delete(cluster)
            return
        watched = [WatchFor(POD, self._namespace, labels=self._selector)]
        for event in cluster.watch_many(watched, time.monotonic() + _GONE_SECONDS):
            if event.type in ("ADDED", "MODIFIED", "DELETED", "RESET"):
                live.take(event)
            # The watch is open before the Jobs are deleted, so that no end of a pod is missed.
            if not is_deleted and (event.kind != POD or event.error or known <= set(live.of(POD))):
                is_deleted = True
                self._delete(cluster)
            if self.left or event.type == "FATAL" or (is_deleted and not event.error and not live.of(POD)):
                break
        if not is_deleted:
            self._delete(cluster)
        if live.of(POD) and not self.left:
            pods = ", ".join(sorted(live.of(POD)))
            self._note_left(min(self._pods.targets), f"pods are left {at_deadline(_GONE_SECONDS)}: {pods}")

    def _delete(self, cluster: Cluster) -> None:
        for name in sorted(self._pods.targets):
            try:
                cluster.delete(JOB, name, self._namespace, with_dependents=True)
            except ClusterError as error:
                if error.code != "missing":
                    self._note_left(name, f"it is not deleted: {error.message}")

    def _note_left(self, name: str, message: str) -> None:
        self.left.append(name)
        longest = round(self._params["timeout"]) + TIME_TO_LIVE
        self._note(
            "probe-left",
            f"Job {self._namespace}/{name}",
            f"{message}; it removes itself within {longest} s of its start",
        )


def check_options(params: Json) -> str:
    """What is wrong with the options; empty where nothing is."""
    if not 1 <= params["count"] <= 20:
        return f"count must be 1 to 20, not {params['count']}"
    if not 1 <= params["requests"] <= 100:
        return f"requests must be 1 to 100, not {params['requests']}"
    if not 1 <= params["request_timeout"] <= 60:
        return f"request_timeout must be 1 to 60 seconds, not {params['request_timeout']}"
    if not _PATH.match(params["path"]):
        return f"path must begin with a slash and have no blanks, not {params['path']!r}"
    if params.get("header") and not _HEADER.match(params["header"]):
        return f"header must be the name of an HTTP header, not {params['header']!r}"
    for target in params["targets"]:
        if not _HOST.match(target["host"]) or not 1 <= target["port"] <= 65535:
            return f"a target must have a host name and a port, not {target['host']!r} and {target['port']}"
    return ""


@core(ARGUMENT_SPEC, check=check_options)
def run(params: Json, check_mode: bool, say: Say) -> ProbeResult:
    """Request every target from ``count`` pods, at most ``timeout`` seconds; check mode is a dry run that creates no pod."""
    probe = _Probe(params, check_mode, say)
    problems = use_cluster(params["auth"], probe.mesh, probe.send) if params["targets"] else []
    return _result(params, check_mode, probe, [*problems, *probe.problems])


def _result(params: Json, check_mode: bool, probe: _Probe, problems: List[Problem]) -> ProbeResult:
    """The result of the module."""
    failed = _failures(probe.mesh, probe.requests)
    numbers = summary(probe.requests)
    passed = bool(probe.requests) and numbers["ok"] == numbers["all"] and not problems
    message = f"{numbers['ok']} of {numbers['all']} requests answered by the services"
    if check_mode or not params["targets"]:
        message = f"{_counted(params['targets'])} would be requested"
    return {
        "changed": bool(probe.left),
        "mesh": probe.mesh,
        "namespace": params["namespace"],
        "probe_namespace": params["probe_namespace"],
        "passed": passed,
        "message": "; ".join([message, *(found["message"] for found in problems)]),
        "image": probe.image,
        "requests": probe.requests,
        "left": probe.left,
        "problems": [*problems, *failed],
    }


def _counted(targets: Sequence[ProbeTarget]) -> str:
    return "1 service" if len(targets) == 1 else f"{len(targets)} services"


def _failures(mesh: str, requests: List[ProbedRequest]) -> List[Problem]:
    """One problem for each service and message; several pods have seen the same."""
    seen: Dict[Tuple[str, str], Problem] = {}
    for request in requests:
        if not request["ok"]:
            where = f"{request['host']}:{request['port']}"
            failure = problem("requests-fail", mesh, where, request["message"], peer=request["peer"])
            seen.setdefault((where, request["message"]), failure)
    return list(seen.values())
