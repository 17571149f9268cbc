# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contestants as command lines, and one timed run of one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.state import ROOT

from bench.observe import Memory, Requests
from bench.rig import Rig

HERE = Path(__file__).resolve().parent
NAMES = ("ours", "kubectl", "pairs", "usual")
#: The same playbooks by other means, which a run of the benchmark can ask for: the oldest and the newest ansible-core, and mitogen,
#: which keeps one interpreter for all modules of a host.
VARIANTS = {"ours-2.16": "ours", "ours-newest": "ours", "mitogen": "usual"}
#: The script, and the script with an apply for each pair: what one field manager for each pair costs the API servers.
SCRIPTS = ("kubectl", "pairs")
PLAYBOOKS = {
    ("ours", "federate"): ROOT / "playbooks" / "federate.yml",
    ("ours", "links"): HERE / "ours" / "links.yml",
    ("usual", "federate"): HERE / "usual" / "federate.yml",
    ("usual", "links"): HERE / "usual" / "links.yml",
}
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
#: The cores that are not that of the environment the benchmark runs in.
CORES = {"2.16": ROOT / ".venv-2.16", "newest": ROOT / ".venv-newest"}
MITOGEN = ROOT / "build" / "mitogen"


def kind(name: str) -> str:
    """The contestant that a variant is one of; else the contestant itself."""
    return VARIANTS.get(name, name)


def ansible(name: str) -> Path:
    """The ansible-playbook of a contestant."""
    core = CORES.get(name.partition("-")[2])
    return core / "bin" / "ansible-playbook" if core else ANSIBLE


class RunError(Exception):
    """A contestant failed; the text is the end of its output."""


@dataclass(frozen=True)
class Run:
    """One run: how long it took, the processor time that it, the API servers and the simulator used meanwhile, and,
    where it was observed, what else it cost."""

    seconds: float
    cpu: dict[str, float] = field(default_factory=dict)
    memory_mib: float = 0.0
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    control_plane_writes: int = 0
    counted: dict[str, Any] = field(default_factory=dict)

    @property
    def requests_per_mesh(self) -> int:
        """Return the requests of the mesh that sent most."""
        return max(sum(counter.values()) for counter in self.requests.values())

    @property
    def tasks_per_mesh(self) -> int:
        """Return the tasks of the host that ran most."""
        return max(self.counted["tasks"].values())


class Stage:
    """Everything that the contestants' runs on one lab share: inputs, environment, folder for what they print."""

    def __init__(self, rig: Rig, folder: Path, inputs: dict[str, Path]) -> None:
        self.rig = rig
        self.folder = folder
        self.inputs = inputs
        self.environment = self._environment()

    def _environment(self) -> dict[str, str]:
        """Return an environment in which only the checkout's own configuration counts."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_", "KUBE"))
        }
        collections = self.folder.parent / "collections"
        link = collections / "ansible_collections" / "ossm" / "federation"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(ROOT, target_is_directory=True)
        return kept | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "bench_tasks",
            "BENCH_TASKS": str(self.folder / "tasks.json"),
            "NO_PROXY": "*",
            "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
        }

    def command(self, name: str, verb: str) -> list[str]:
        """Return the command line of a contestant; ``verb`` is ``federate`` or ``links``."""
        if name in SCRIPTS:
            return [sys.executable, str(HERE / "kubectl_script.py"), verb, str(self.inputs[name])]
        return [str(ansible(name)), "--inventory", str(self.inputs[kind(name)]), str(PLAYBOOKS[kind(name), verb])]

    def environment_of(self, name: str) -> dict[str, str]:
        """Return the environment of a contestant."""
        if name != "mitogen":
            return self.environment
        strategies = MITOGEN / "ansible_mitogen" / "plugins" / "strategy"
        return self.environment | {
            "PYTHONPATH": str(MITOGEN),
            "ANSIBLE_STRATEGY": "mitogen_linear",
            "ANSIBLE_STRATEGY_PLUGINS": str(strategies),
        }

    def run(self, name: str, verb: str, observed: bool = False) -> Run:
        """Run a contestant once. Observed runs are also watched from outside, and not meant to be compared by time."""
        log = self.folder / f"{name}-{verb}.log"
        (self.folder / "tasks.json").unlink(missing_ok=True)
        requests = Requests(self.rig.audit_logs())
        before = self.rig.cpu()
        with log.open("w", encoding="utf-8") as output:
            begin = time.monotonic()
            process = subprocess.Popen(
                self.command(name, verb),
                env=self.environment_of(name),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            memory = Memory(process.pid) if observed else None
            if memory:
                memory.start()
            # Unlike Popen.wait this returns the processor time of the process and of all that it has waited for.
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - begin
            process.returncode = code = os.waitstatus_to_exitcode(status)
        peak = memory.stop() if memory else 0.0
        if code:
            output_end = log.read_text(encoding="utf-8")[-4000:]
            raise RunError(f"{name} {verb} ended with {code}; {log} ends with:\n{output_end}")
        cpu = {"own": usage.ru_utime + usage.ru_stime}
        cpu |= {part: used - before[part] for part, used in self.rig.cpu().items()}
        if not observed:
            return Run(seconds, cpu, counted=self._counted(name))
        return Run(seconds, cpu, peak, requests.by_cluster(), requests.control_plane_writes(), self._counted(name))

    def _counted(self, name: str) -> dict[str, Any]:
        return {} if name in SCRIPTS else json.loads((self.folder / "tasks.json").read_text(encoding="utf-8"))
