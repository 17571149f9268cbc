# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What support needs of one mesh: the answers to what the playbooks read, logs, pages of istiod, and what ``oc`` inspects. Never
writes to a cluster, and requests no Secret. Private to this collection.

Nothing that is missing fails: it is listed with its reason, and the rest is collected.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any, Dict, List

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.recording import RecordingCluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import api_server
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say
from ansible_collections.ossm.federation.plugins.module_utils._modules import mesh_info
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import COMMON_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.gather_inspect import inspect
from ansible_collections.ossm.federation.plugins.module_utils._modules.gather_pods import PodTexts, federation_pods
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import core
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import GatherResult, MeshFacts, Missing
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import GATHERED
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import redact, redact_text

ARGUMENT_SPEC: Json = {
    **COMMON_OPTIONS,
    "namespace": {"type": "str"},
    "control_plane": {"type": "str"},
    "additional_services": {"type": "list", "elements": "str", "default": []},
    "additional_objects": mesh_info.ARGUMENT_SPEC["additional_objects"],
    "rights_for": mesh_info.ARGUMENT_SPEC["rights_for"],
    "logs": {"type": "bool", "default": True},
    "log_lines": {"type": "int", "default": 2000},
    "log_bytes": {"type": "int", "default": 5000000},
    "log_seconds": {"type": "int", "default": 0},
    "debug_pages": {"type": "bool", "default": True},
    "oc": {"type": "str", "default": "oc"},
    "oc_timeout": {"type": "int", "default": 120},
}


#: What is read of a mesh: all that any playbook that only reads asks for.
_SUBSET = ["all", "gateway_pods"]


@core(ARGUMENT_SPEC, check=mesh_info.check_options)
def run(params: Json, check_mode: bool, say: Say) -> GatherResult:
    """Collect from one mesh."""
    state = _Collection({**params, "subset": _SUBSET})
    state.collect(say)
    document = {"answers": state.answers, "texts": state.texts, "facts": state.summary()}
    content = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 6, mtime=0)
    return {
        "changed": False,
        "mesh": params["mesh"],
        "namespace": state.facts["namespace"],
        "readable": state.facts["readable"],
        "missing": state.missing,
        "content": base64.b64encode(content).decode(),
        "files": len(state.texts),
        "bytes": sum(len(text) for text in state.texts.values()),
        "problems": redact(state.facts["problems"]),
    }


class _Collection:
    """What was collected from one mesh."""

    def __init__(self, params: Json) -> None:
        self.facts: MeshFacts = mesh_info.empty_facts(params)
        self.answers: List[Json] = []
        self.texts: Dict[str, str] = {}
        self.missing: List[Missing] = []
        self._params = params

    def miss(self, what: str, reason: str, remedy: str = "") -> None:
        """Note what could not be collected, once; a reason may have what a cluster or a proxy has answered."""
        found: Missing = {"what": what, "reason": redact_text(reason), "remedy": remedy}
        if found not in self.missing:
            self.missing.append(found)

    def collect(self, say: Say) -> None:
        """Collect all parts; a cluster that cannot be reached leaves them empty."""
        problems = check_access(self._params["auth"], self._params["mesh"], prefix="auth.")
        if problems:
            self._miss_all(problems[0]["message"], problems[0]["remedy"])
            self.facts["problems"] += problems
            return
        try:
            cluster = RecordingCluster(self._params["auth"], is_checked=True)
        except ClusterError as error:
            self._note_fatal(error)
            return
        try:
            self._read(cluster, say)
        except ClusterError as error:
            self._note_fatal(error)
        finally:
            self.answers = cluster.answers

    def _read(self, cluster: RecordingCluster, say: Say) -> None:
        self.facts["readable"] = mesh_info.read(Reading(cluster, self.facts), self._params)
        namespace = self.facts["namespace"]
        if not namespace:
            self.miss("objects of the mesh", "its namespace is not known", "Set mesh_namespace")
            return
        lists = {kind: self._list(cluster, kind, namespace) for kind in GATHERED}
        pods = federation_pods(lists["Pod"], self._gateways())
        say(f"{self.facts['mesh']}: reading logs of {len(pods)} pods")
        texts = PodTexts(cluster, self._params, self.miss)
        if self._params["logs"]:
            texts.read_logs(pods)
        if self._params["debug_pages"]:
            texts.read_pages(pods)
        self.texts.update(texts.texts)
        if self._params["oc"]:
            self.texts.update(inspect(cluster, namespace, self._params, self.miss))

    def _list(self, cluster: Cluster, kind: str, namespace: str) -> List[Json]:
        """The objects of a kind of the mesh's namespace; none, and a note, where they cannot be listed."""
        try:
            return cluster.list(kind, namespace)
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
            if error.code != "kind-missing":
                self.miss(f"{kind} of {namespace}", error.message, error.remedy)
            return []

    def _gateways(self) -> List[str]:
        """The names of the gateways of the federation."""
        plane: Any = self.facts["control_plane"] or {}
        by_peer = [
            dig(peer, "spec", "gateways", side, "name")
            for peer in self.facts["peers"]
            for side in ("ingress", "egress")
        ]
        own = [*(plane.get("additionalIngress") or ()), *(plane.get("additionalEgress") or ())]
        return sorted({str(name) for name in (*own, *by_peer) if name})

    def _note_fatal(self, error: ClusterError) -> None:
        """Note why nothing else can be read."""
        self.facts["problems"].append(error.problem(self._params["mesh"], api_server(self._params["mesh"])))
        self._miss_all(error.message, error.remedy)

    def _miss_all(self, reason: str, remedy: str) -> None:
        self.miss("everything" if not self.texts else "the rest of the mesh", reason, remedy)

    def summary(self) -> Json:
        """What the archive has to know of the mesh beside the answers."""
        plane: Any = self.facts["control_plane"] or {}
        return {
            "mesh": self.facts["mesh"],
            "namespace": self.facts["namespace"],
            "control_plane": plane.get("name") or "",
            "readable": self.facts["readable"],
            "gateways": self._gateways(),
            "problems": redact(self.facts["problems"]),
            "missing": self.missing,
        }
