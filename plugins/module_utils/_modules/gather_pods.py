# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Logs of istiod and of the gateways of a federation, and istiod's debug pages. Private to this collection.

istiod answers its debug pages to its own loopback interface alone, or to an identity of the mesh (maistra/istio pilot/pkg/xds/debug.go,
allowAuthenticatedOrLocalhost). So the port is forwarded by the API server, as istioctl does it: that needs less than the right to
run commands in a pod that has the key of the mesh's CA.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence
from urllib.parse import quote

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.recording import RecordingCluster
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    CANONICAL_NAME,
    DEBUG_PAGES,
    DEBUG_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import redact_text

_REQUEST = re.compile(r"Get \"https?://[^\"]*\": ")
#: Notes what could not be collected: what, why, and a remedy.
Miss = Callable[[str, str, str], None]


class FederationPod(NamedTuple):
    """A pod whose logs are collected; ``gateway`` is empty for istiod."""

    namespace: str
    name: str
    node: str
    gateway: str
    containers: Sequence[str]
    restarted: Sequence[str]


def federation_pods(pods: Sequence[Json], gateways: Sequence[str]) -> List[FederationPod]:
    """The pods of istiod and of some gateways, by name."""
    found = []
    for pod in pods:
        labels = dig(pod, "metadata", "labels") or {}
        gateway = next((labels[key] for key in (CANONICAL_NAME, "app") if labels.get(key) in gateways), "")
        # A pod that no node has accepted has no log.
        if dig(pod, "spec", "nodeName") and (gateway or labels.get("app") == "istiod"):
            found.append(_federation_pod(pod, gateway))
    return sorted(found, key=lambda pod: (pod.gateway, pod.name))


def _federation_pod(pod: Json, gateway: str) -> FederationPod:
    statuses = dig(pod, "status", "containerStatuses") or []
    return FederationPod(
        pod["metadata"]["namespace"],
        pod["metadata"]["name"],
        dig(pod, "spec", "nodeName") or "",
        gateway,
        [container["name"] for container in dig(pod, "spec", "containers") or []],
        [status["name"] for status in statuses if status.get("restartCount")],
    )


class PodTexts:
    """Texts that pods answer, by path below the folder of the mesh, without secrets."""

    def __init__(self, cluster: RecordingCluster, params: Json, miss: Miss) -> None:
        self.texts: Dict[str, str] = {}
        self._cluster, self._params, self._miss = cluster, params, miss
        #: Why nodes, or all pods ("*"), are not asked any more.
        self._refused: Dict[str, str] = {}

    def read_logs(self, pods: Sequence[FederationPod]) -> None:
        """The logs of all containers, and those from before their last restart."""
        for pod in pods:
            for container in pod.containers:
                self._read_log(pod, container, previous=False)
                if container in pod.restarted:
                    self._read_log(pod, container, previous=True)

    def _read_log(self, pod: FederationPod, container: str, *, previous: bool) -> None:
        reason = self._refused.get("*") or self._refused.get(pod.node)
        if reason is None:
            try:
                suffix = ".previous.log" if previous else ".log"
                self.texts[f"logs/{pod.name}/{container}{suffix}"] = redact_text(self._log(pod, container, previous))
                return
            except ClusterError as error:
                # The API server names the whole request to the kubelet.
                reason = _REQUEST.sub("", error.message)
                if error.code == "forbidden":
                    self._refused["*"] = reason
                elif error.status >= 500 or not error.status:
                    self._refused[pod.node] = reason
        if "*" in self._refused:
            self._miss("logs", reason, "Grant the verb get on pods/log (docs/rbac/gather.yaml)")
        elif pod.node in self._refused:
            self._miss(f"logs of pods on {pod.node}", reason, "")
        else:
            self._miss(f"log of {pod.name}", reason, "")

    def _log(self, pod: FederationPod, container: str, previous: bool) -> str:
        """The end of a log. ``limitBytes`` cuts at the end, where the newest lines are, so fewer lines are asked for instead."""
        lines, most = max(1, int(self._params["log_lines"])), max(1, int(self._params["log_bytes"]))
        query: Json = {"limitBytes": most, "timestamps": "true"}
        if previous:
            query["previous"] = "true"
        if self._params["log_seconds"]:
            query["sinceSeconds"] = self._params["log_seconds"]
        while True:
            text = self._cluster.log((pod.namespace, pod.name), container, {**query, "tailLines": lines})
            if len(text.encode()) < most or lines == 1:
                return text
            lines = max(1, lines // 2)

    def read_pages(self, pods: Sequence[FederationPod]) -> None:
        """The debug pages of each istiod, and what each of the gateways has been configured with."""
        gateways = [pod for pod in pods if pod.gateway]
        if self._cluster.is_impersonating:
            self._miss("debug pages of istiod", "ports are not forwarded for an impersonated user", "")
            return
        for istiod in (pod for pod in pods if not pod.gateway):
            pages = {page: f"/debug/{page}" for page in DEBUG_PAGES}
            for pod in gateways:
                proxy = quote(f"{pod.name}.{pod.namespace}")
                pages[f"config_dump-{pod.name}"] = f"/debug/config_dump?proxyID={proxy}"
            if not self._read_pages(istiod, pages):
                return

    def _read_pages(self, istiod: FederationPod, pages: Dict[str, str]) -> bool:
        """The pages of one istiod; whether those of the others are worth asking."""
        failures = []
        for name, path in pages.items():
            failure = self._read_page(istiod, name, path)
            if failure is None:
                continue
            if failure.code == "forbidden":
                remedy = "Grant the verbs create and get on pods/portforward (docs/rbac/gather-debug.yaml)"
                self._miss("debug pages of istiod", failure.message, remedy)
                return False
            failures.append(failure)
            if failure.code == "unreachable":
                break
        # One page may be missing: a gateway is connected to another istiod, or this version does not have the page.
        if failures and (failures[-1].code == "unreachable" or len(failures) == len(pages)):
            self._miss(f"debug pages of {istiod.name}", failures[-1].message, "")
        return True

    def _read_page(self, istiod: FederationPod, name: str, path: str) -> Optional[ClusterError]:
        try:
            most = int(self._params["log_bytes"])
            text = self._cluster.page((istiod.namespace, istiod.name), DEBUG_PORT, path, most)
        except ClusterError as error:
            return error
        self.texts[f"debug/{istiod.name}/{name}.json"] = redact_text(text)
        return None
