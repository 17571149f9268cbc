# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contestant costs, seen from outside: memory from ``/proc``, requests from the API servers' audit logs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.1
USER = "lab:admin"
WRITES = ("create", "update", "patch")


#: What a read in ``/proc`` raises when the process or thread has ended; any other error is a failure of the observer.
ENDED = (FileNotFoundError, ProcessLookupError)


class ObserverError(Exception):
    """A cost could not be measured, and so the result of the run would be wrong."""


class Memory(threading.Thread):
    """Samples the memory of a process and all its descendants until ``stop``; ``peak_mib`` is the highest sum.

    Proportional set sizes are summed (``smaps_rollup``): pages that forked workers share count once.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak_mib = 0.0
        self._error: Exception | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sample until ``stop`` is called or a sample fails."""
        try:
            while not self._stopped.wait(SAMPLE_SECONDS):
                self.peak_mib = max(self.peak_mib, sum(map(_pss_mib, family(self.pid))))
        except Exception as error:
            self._error = error

    def stop(self) -> float:
        """End the sampling and return the peak in MiB; ObserverError when a sample failed or none was taken."""
        self._stopped.set()
        self.join()
        if self._error or not self.peak_mib:
            reason = repr(self._error) if self._error else "no sample was taken"
            raise ObserverError(f"memory of process {self.pid}: {reason}") from self._error
        return self.peak_mib


def family(pid: int) -> list[int]:
    """Return the process and all its living descendants; one that ends meanwhile has no descendants."""
    members, pending = [], [pid]
    while pending:
        current = pending.pop()
        members.append(current)
        with suppress(*ENDED):
            for thread in os.listdir(f"/proc/{current}/task"):
                with suppress(*ENDED):
                    children = Path(f"/proc/{current}/task/{thread}/children").read_text(encoding="utf-8")
                    pending.extend(map(int, children.split()))
    return members


def _pss_mib(pid: int) -> float:
    """Return the proportional set size in MiB, 0 when the process has ended."""
    with suppress(*ENDED):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pids: list[int]) -> float:
    """Return the processor time that the processes have used so far, in seconds."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Requests:
    """The requests from now on, as the API servers have logged them: those that the lab's user sends, and all that write
    a control plane."""

    def __init__(self, logs: dict[str, Path]) -> None:
        self._logs = logs
        self._begin = {cluster: log.stat().st_size for cluster, log in logs.items()}

    def by_cluster(self) -> dict[str, Counter[str]]:
        """Return the number of requests of each cluster by ``verb resource``, each request counted once."""
        return {cluster: self._count(cluster) for cluster in self._logs}

    def _count(self, cluster: str) -> Counter[str]:
        return Counter(
            {
                event["auditID"]: _kind(event) for event in self._events(cluster) if event["user"]["username"] == USER
            }.values()
        )

    def control_plane_writes(self) -> int:
        """Return the number of writes of control planes by all users, the operator's of their status included."""
        return len(
            {
                event["auditID"]
                for cluster in self._logs
                for event in self._events(cluster)
                if event.get("objectRef", {}).get("resource") == "servicemeshcontrolplanes" and event["verb"] in WRITES
            }
        )

    def _events(self, cluster: str) -> Iterator[dict[str, Any]]:
        with self._logs[cluster].open("rb") as stream:
            stream.seek(self._begin[cluster])
            yield from map(json.loads, stream)


def _kind(event: dict[str, Any]) -> str:
    target = event.get("objectRef", {})
    return f"{event['verb']} {target.get('resource') or event['requestURI'].split('?')[0]}"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on: processor, cores, memory in GiB, system."""
    information = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = (line.partition(":")[2].strip() for line in information if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": next(models, platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions(kubectl: str) -> dict[str, str]:
    """Return the versions of the programs that took part."""
    answer = json.loads(
        subprocess.run(
            [kubectl, "version", "--client", "--output=json"], check=True, text=True, stdout=subprocess.PIPE
        ).stdout
    )
    libraries = {name: version(name) for name in ("ansible-core", "kubernetes", "cryptography")}
    return {"Python": platform.python_version(), **libraries, "kubectl": answer["clientVersion"]["gitVersion"]}
