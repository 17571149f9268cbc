# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cost of a mesh grows with the number of meshes, on simulated API servers that answer from memory.

A hub and its spokes are federated from nothing, once more, and after some spokes have joined, which a seed chooses. Each is compared
with a play of the same hosts that does nothing, measured in the same run.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from lab.state import ROOT

from bench import canned, contestants
from bench.contestants import ANSIBLE
from bench.observe import Memory

Json = dict[str, Any]
SIZES = "10,50,100,250"
#: Every how manieth spoke joins, and the seed that chooses them.
JOINING, SEED = 10, 12
#: How much more a mesh may cost with the most meshes than with the fewest.
FLAT = 1.3
FULL, FULL_SECONDS = 100, 15.0
#: The kinds of run, and what each costs a mesh.
LEGS = ("first", "second", "churn")
FIGURES = ("cpu", "requests", "tasks", "memory_mib")
BESIDE_START = ("cpu", "memory_mib")
PLAYBOOKS = {name: ROOT / "playbooks" / f"{name}.yml" for name in ("federate", "plan", "status")}
CALLBACKS = Path(__file__).resolve().parent / "callbacks"
NOTHING = [{"hosts": "federation", "gather_facts": False, "tasks": [{"ansible.builtin.meta": "noop"}]}]
CORES = ("", *contestants.CORES)


def measure(directory: Path, sizes: list[int], core: str = "", *, hub: bool = True) -> list[Json]:
    """The costs of each size, by the kind of run; ``core`` is one of ``CORES``. A hub and its spokes, or a full mesh."""
    shape = "scale" if hub else "full"
    playbook = contestants.ansible(f"ours-{core}")
    return [_size(directory / f"{shape}-{size}", size, playbook, hub) for size in sizes]


def _size(folder: Path, size: int, ansible: Path, hub: bool) -> Json:
    """The costs of one size."""
    variables = canned.inventory(size, hub=hub)
    spokes = [host for host in variables if host != canned.HUB]
    joining = random.Random(SEED).sample(spokes, max(1, len(spokes) // JOINING))
    links = 2 * len(spokes) if hub else size * len(spokes)
    costs: Json = {"meshes": size, "links": links, "joining": len(joining)}
    with canned.serving(variables, variables) as hosts:
        costs["nothing"] = run(folder, hosts, "nothing", ansible)
        costs["first"] = run(folder, hosts, "federate", ansible)
        costs["second"] = run(folder, hosts, "federate", ansible)
    with canned.serving(variables, joining) as hosts:
        costs["churn"] = run(folder, hosts, "federate", ansible)
    return costs


def full_plan(directory: Path, size: int = FULL) -> Json:
    """The costs of the plan of a full mesh in which each mesh exports a service of its own to all, without access to any."""
    hosts = [f"mesh-{number:03}" for number in range(1, size + 1)]
    variables: dict[str, Json] = {
        host: {
            "mesh_kubeconfig": "/none",
            "mesh_exports": [f"{host}-shop/ratings"],
            "mesh_imports": {peer: [f"{peer}-shop/ratings"] for peer in hosts if peer != host},
        }
        for host in hosts
    }
    return {
        "meshes": size,
        **run(directory / f"plan-{size}", variables, "plan", ANSIBLE, "-e", "federation_offline=true"),
    }


def run(folder: Path, hosts: dict[str, Json], playbook: str, ansible: Path, *arguments: str) -> Json:
    """Run a playbook for meshes, and return what it costs; AssertionError with the end of its output where it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    inventory, nothing, tasks = folder / "inventory.yml", folder / "nothing.yml", folder / "tasks.json"
    inventory.write_text(json.dumps({"all": {"children": {"federation": {"hosts": hosts}}}}), encoding="utf-8")
    nothing.write_text(yaml.safe_dump(NOTHING), encoding="utf-8")
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_", "KUBE"))
    }
    environment |= {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "bench_tasks",
        "BENCH_TASKS": str(tasks),
    }
    requests, used, begin = _requests(hosts), resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [ansible, "-i", inventory, PLAYBOOKS.get(playbook, nothing), *arguments]
    with (folder / f"{playbook}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        memory = Memory(process.pid)
        memory.start()
        code = process.wait()
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = memory.stop()
    if code:
        raise AssertionError((folder / f"{playbook}.log").read_text(encoding="utf-8")[-4000:])
    counted = json.loads(tasks.read_text(encoding="utf-8"))
    sent = {host: count - requests.get(host, 0) for host, count in _requests(hosts).items()}
    return {
        "seconds": round(seconds, 2),
        "cpu": round(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, 2),
        "memory_mib": round(peak),
        "requests": sum(sent.values()),
        "hub_requests": sent.get(canned.HUB, 0),
        "tasks": sum(counted["tasks"].values()),
        "slowest": max(counted["timeline"], key=lambda task: task["seconds"], default=None),
    }


def _requests(hosts: dict[str, Json]) -> dict[str, int]:
    """The requests that the API servers have had, by mesh; none where there are no servers."""
    first = next(iter(hosts.values())).get("mesh_host")
    if not first:
        return {}
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        f"{first.rpartition('/')[0]}{canned.REQUESTS}"
    ) as answer:
        counts: dict[str, int] = json.load(answer)
        return counts


def lines(sizes: list[Json]) -> list[str]:
    """The results as lines for the terminal: each figure for one mesh, then whether it stays flat."""
    text = []
    for leg in LEGS:
        for size in sizes:
            costs, meshes = size[leg], size["meshes"]
            text.append(
                f"{leg} run of {meshes} meshes: {costs['seconds']:.1f} s, processor {costs['cpu']:.1f} s; for each mesh processor "
                f"{per_mesh(size, leg, 'cpu') * 1000:.0f} ms, {per_mesh(size, leg, 'requests'):.1f} requests, "
                f"{per_mesh(size, leg, 'tasks'):.1f} tasks, {per_mesh(size, leg, 'memory_mib'):.1f} MiB; {ratio_to_nothing(size, leg):.1f} "
                f"times a play that does nothing; slowest: {costs['slowest']['name']}"
            )
        for figure in FIGURES if len(sizes) > 1 else ():
            growth = growth_of(sizes, leg, figure)
            text.append(
                f"{'reached' if growth <= FLAT else 'MISSED '}  {leg}, {figure} of a mesh, most to fewest meshes: {growth:.2f} (at most {FLAT})"
            )
    return text


def per_mesh(size: Json, leg: str, figure: str) -> float:
    """A figure of a run for each mesh, beside what a play that does nothing costs: otherwise Ansible's own start would hide growth."""
    start = size["nothing"][figure] if figure in BESIDE_START else 0
    return float((size[leg][figure] - start) / size["meshes"])


def growth_of(sizes: list[Json], leg: str, figure: str) -> float:
    """How many times as much a mesh costs with the most meshes as with the fewest."""
    first, last = (per_mesh(size, leg, figure) for size in (sizes[0], sizes[-1]))
    return round(last / first, 2)


def ratio_to_nothing(size: Json, leg: str) -> float:
    """The processor time of a run by that of a play that does nothing."""
    return float(size[leg]["cpu"] / size["nothing"]["cpu"])


def plan_lines(plan: Json) -> list[str]:
    """The result of the plan as lines for the terminal."""
    verdict = "reached" if plan["seconds"] <= FULL_SECONDS else "MISSED "
    links = plan["meshes"] * (plan["meshes"] - 1)
    return [
        f"{verdict}  plan of a full mesh of {plan['meshes']}, {links} links: {plan['seconds']:.1f} s (at most {FULL_SECONDS:g}), "
        f"processor {plan['cpu']:.1f} s, {plan['memory_mib']} MiB; slowest: {plan['slowest']['name']}"
    ]
