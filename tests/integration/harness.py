# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks on a lab as a person would, and read what they print and what the API servers then show."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from lab import state
from lab.api import Lab, Mark, Request
from warm import Warm

ROOT = state.ROOT
FEDERATE = ROOT / "playbooks" / "federate.yml"
CONNECTIONS = Path(__file__).resolve().parent / "connections"
RUN_SECONDS = 240
#: Nothing in a lab with fast clocks takes longer, so a run that waits for what never happens ends soon.
TIMEOUTS = {"federation_gateway_timeout": 60, "federation_wait_timeout": 60, "federation_trust_domain_timeout": 60}
RATINGS = "red-mesh-bookinfo/ratings"
EXPORTED = "ratings.red-mesh-bookinfo.svc.green-mesh-exports.local"
IMPORTED = "ratings.red-mesh-bookinfo.svc.red-mesh-imports.local"
#: The variables of the meshes in inventory/lab besides their kubeconfigs; test_federate.py compares the two.
DEFAULT_VARIABLES: dict[str, dict[str, Any]] = {
    "red-mesh": {"mesh_exports": {"green-mesh": [RATINGS]}},
    "green-mesh": {"mesh_imports": {"red-mesh": [RATINGS]}},
    "blue-mesh": {},
}
DEFAULT_LINKS = [(mesh, peer) for mesh in DEFAULT_VARIABLES for peer in DEFAULT_VARIABLES if mesh != peer]
FEDERATION_KINDS = ("servicemeshpeers", "exportedservicesets", "importedservicesets")
WRITTEN_KINDS = ("servicemeshcontrolplanes", "configmaps", *FEDERATION_KINDS)
#: The kinds of all objects that a federation brings into the namespace of a mesh.
LEFT_KINDS = (
    *FEDERATION_KINDS,
    "configmaps",
    "services",
    "deployments",
    "serviceaccounts",
    "routes",
    "networkpolicies",
)
_CLEARED_PREFIXES = ("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG", "OSSM_LAB")
_MATRIX = "Links (the mesh of a row watches the mesh of a column)"
_RESULT = re.compile(r"^(?:ok|changed|skipping|fatal|failed|included): |^\[(?:ERROR|WARNING)\]|^(?:TASK|PLAY) ")
_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)
_WARM: list[Warm] = []
Object = dict[str, Any]
Change = tuple[str, str, str, str, tuple[str, ...]]


def _without_status(item: Object) -> Object:
    metadata = {
        key: value for key, value in item["metadata"].items() if key not in ("resourceVersion", "managedFields")
    }
    managers = [entry for entry in item["metadata"].get("managedFields", []) if entry.get("subresource") != "status"]
    return {**item, "status": None, "metadata": {**metadata, "managedFields": managers}}


@dataclass(frozen=True, repr=False)
class Run:
    """Output and exit code of a run of ansible-playbook."""

    code: int
    text: str
    errors: str
    seconds: float
    folder: Path
    #: Content of the run's report file; empty when the run ended before its report.
    data: Object = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return a short text: a test that needs the output shows it itself."""
        return f"<run: exit {self.code} after {self.seconds:.1f} s>"

    @property
    def output(self) -> str:
        """Return standard output and standard error."""
        return self.text + self.errors

    @property
    def flat(self) -> str:
        """Return the whole output with every run of white space as one blank, and without JSON's escapes."""
        return " ".join(self.output.replace('\\"', '"').replace("\\n", " ").split())

    @property
    def report(self) -> list[str]:
        """Return the paragraphs of the report of links; empty when none was printed."""
        return self.paragraphs("Report the links")

    @property
    def unchanged(self) -> bool:
        """Return whether the report says, as text and as data, that nothing was changed."""
        return "Nothing was changed." in " ".join(self.report[:2]) and self.data["changes"] == []

    @property
    def matrix(self) -> str:
        """Return the matrix with its heading and the lines below it."""
        lines = self.printed("Report the links")
        return "\n".join(lines[lines.index(_MATRIX) :] if _MATRIX in lines else [])

    @property
    def cells(self) -> dict[tuple[str, str], str]:
        """Return the matrix's cell of each directed link, by watching and watched mesh."""
        rows = [re.split(r"\s{2,}", line.strip()) for line in self.matrix.split("\n")[2:]]
        names = rows[0] if rows else []
        return {
            (row[0], name): cell
            for row in rows[1:]
            if row[0] in names
            for name, cell in zip(names, row[1:])
            if cell not in ("-", ".")
        }

    @property
    def changes(self) -> set[Change]:
        """Return mesh, kind, name, verb and fields of every object that was (or would be) changed."""
        return {
            (
                change["mesh"],
                change["kind"],
                "/".join(filter(None, (change["namespace"], change["name"]))),
                change["verb"][:-1],
                tuple(sorted(change["fields"])),
            )
            for change in self.data.get("changes", [])
        }

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """Return the counts of the play recap by host."""
        dummy, dummy, tail = self.text.rpartition("PLAY RECAP")
        return {
            host: {key: int(value) for key, value in (part.split("=") for part in counts.split())}
            for host, counts in _RECAP.findall(tail)
        }

    def printed(self, task: str) -> list[str]:
        """Return the lines that the last task of this name printed; empty without such a task."""
        dummy, *outputs = re.split(rf"^TASK \[(?:[\w.]+ : )?{re.escape(task)}\].*\n", self.text, flags=re.MULTILINE)
        lines = outputs[-1].split("\n") if outputs else []
        end = next((index for index, line in enumerate(lines) if _RESULT.match(line)), len(lines))
        return lines[:end]

    def paragraphs(self, task: str) -> list[str]:
        """Return the paragraphs that the last task of this name printed, each as one line."""
        paragraphs: list[str] = []
        for line in self.printed(task):
            if line.startswith("    ") and paragraphs and paragraphs[-1]:
                paragraphs[-1] += f" {line.strip()}"
            else:
                paragraphs.append(line)
        return paragraphs


@dataclass(repr=False)
class Federation:
    """A lab with an inventory for it. ``hosts`` and ``options`` may be changed between runs."""

    lab: Lab
    folder: Path
    hosts: dict[str, Object] = field(default_factory=dict)
    options: Object = field(default_factory=lambda: dict(TIMEOUTS))
    runs: list[Run] = field(default_factory=list)

    @classmethod
    def for_lab(cls, lab: Lab, folder: Path, variables: dict[str, Object] | None = None) -> Federation:
        """Build an inventory with every mesh of the lab: its kubeconfig, and its ``variables``, by mesh."""
        federation = cls(lab, folder)
        by_mesh = variables if variables is not None else DEFAULT_VARIABLES
        for mesh in lab.meshes.values():
            kubeconfig = lab.clusters[mesh.cluster].kubeconfig
            federation.hosts[mesh.name] = {"mesh_kubeconfig": kubeconfig, **copy.deepcopy(by_mesh.get(mesh.name, {}))}
        return federation

    def run(self, *arguments: str, core: str = "", environment: dict[str, str] | None = None) -> Run:
        """Run federate.yml with this inventory; ``core`` selects another ansible-core (``2.16``)."""
        return self.play(FEDERATE, *arguments, core=core, environment=environment)

    def succeed(self, *arguments: str, **options: Any) -> Run:
        """Run federate.yml, which must succeed."""
        run = self.run(*arguments, **options)
        assert run.code == 0, run.output
        return run

    def play(self, playbook: Path, *arguments: str, core: str = "", environment: dict[str, str] | None = None) -> Run:
        """Run any playbook with this inventory."""
        inventory = self.folder / "inventory.yml"
        inventory.write_text(
            yaml.safe_dump({"all": {"children": {"federation": {"hosts": self.hosts, "vars": self.options}}}}),
            encoding="utf-8",
        )
        report = f"federation_report_file={self.folder / 'run-report.json'}"
        self.runs.append(
            run_playbook(playbook, inventory, self.folder, "-e", report, *arguments, core=core, environment=environment)
        )
        return self.runs[-1]

    # -- state of the API servers ----------------------------------------------------------------------------------

    def location(self, mesh: str) -> tuple[str, str]:
        """Return cluster and namespace of a mesh."""
        described = self.lab.meshes[mesh]
        return described.cluster, described.namespace

    def get(self, mesh: str, resource: str, name: str) -> Object:
        """Return one object of the mesh's namespace."""
        cluster, namespace = self.location(mesh)
        return self.lab.get(cluster, resource, name, namespace)

    def names(self, mesh: str, resource: str) -> list[str]:
        """Return the names of the mesh's objects of a kind."""
        cluster, namespace = self.location(mesh)
        return sorted(item["metadata"]["name"] for item in self.lab.get(cluster, resource, namespace=namespace))

    def watch(self, mesh: str, peer: str) -> Object:
        """Return a watch of the mesh's ServiceMeshPeer: a connected one if there is any, else the first one."""
        status = self.get(mesh, "servicemeshpeers", peer).get("status", {}).get("discoveryStatus", {})
        watches = [entry.get("watch", {}) for part in ("active", "inactive") for entry in status.get(part, [])]
        return next((watch for watch in watches if watch.get("connected")), watches[0] if watches else {})

    def connected(self) -> list[tuple[str, str]]:
        """Return the directed links that are connected and have synced, as the watching side's API server shows."""
        links = [(mesh, peer) for mesh in self.lab.meshes for peer in self.names(mesh, "servicemeshpeers")]
        watches = {link: self.watch(*link) for link in links}
        return sorted(link for link, watch in watches.items() if watch.get("connected") and watch.get("lastFullSync"))

    def imported(self, mesh: str, peer: str) -> list[str]:
        """Return the local host names of the services that the mesh has imported from the peer."""
        rows = self.get(mesh, "importedservicesets", peer).get("status", {}).get("importedServices", [])
        return [row["localService"]["hostname"] for row in rows if row["localService"].get("hostname")]

    def left(self, mesh: str, peer: str) -> list[str]:
        """Return what a federation with the peer has left in the mesh: objects, gateways and field managers with its name."""
        names = [f"{kind}/{name}" for kind in LEFT_KINDS for name in self.names(mesh, kind) if peer in name]
        plane = self.get(mesh, "servicemeshcontrolplanes", self.lab.meshes[mesh].control_plane)
        gateways = [name for section in plane["spec"].get("gateways", {}).values() for name in section if peer in name]
        managers = [
            entry["manager"] for entry in plane["metadata"].get("managedFields", []) if peer in entry["manager"]
        ]
        return names + gateways + managers

    def writable_objects(self, mesh: str) -> dict[str, Object]:
        """Return the objects of the mesh's namespace that the collection may write, by kind and name."""
        cluster, namespace = self.location(mesh)
        items = [item for kind in WRITTEN_KINDS for item in self.lab.get(cluster, kind, namespace=namespace)]
        return {f"{item['kind']} {item['metadata']['name']}": item for item in items}

    def versions(self) -> dict[str, Object]:
        """Return every object that the collection may write, in all meshes, without what only the product writes.

        The operator and istiod may still write a status while a run goes on, and so a resourceVersion proves nothing. A
        write of the collection changes an object's content, or the managers of its fields and their times.
        """
        return {
            f"{mesh}: {name}": _without_status(item)
            for mesh in self.lab.meshes
            for name, item in self.writable_objects(mesh).items()
        }

    def eventually(self, read: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Return the first true value of ``read()``; fail without one in time. For values that no watch reports."""
        deadline = time.monotonic() + seconds
        while not (value := read()):
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.2)
        return value

    def requests(self, since: Mark) -> dict[str, list[Request]]:
        """Return the administrator's requests since the mark, by cluster."""
        return {cluster: self.lab.audit(cluster, since) for cluster in self.lab.clusters}

    def writes(self, since: Mark) -> dict[str, list[Request]]:
        """Return the administrator's requests that change objects, by cluster, without clusters that received none."""
        writes = {
            cluster: [request for request in sent if request.changes] for cluster, sent in self.requests(since).items()
        }
        return {cluster: sent for cluster, sent in writes.items() if sent}

    def describe(self) -> str:
        """Return the last runs and the state of the clusters, to investigate a failed test."""
        runs = [
            f"== run {number} of ansible-playbook: exit {run.code} after {run.seconds:.1f} s ==\n{run.output}"
            for number, run in enumerate(self.runs, 1)
        ]
        return "\n".join([*runs[-2:], self.lab.describe()])


#: The labs that run now.
RUNNING: list[Lab] = []


def descriptions(values: Iterable[Any]) -> list[tuple[str, str]]:
    """Return (title, text) with the state of the clusters, for federations among the values and every running lab."""
    federations = [value for value in values if isinstance(value, Federation)]
    covered = [federation.lab for federation in federations]
    others = [lab for lab in RUNNING if lab not in covered]
    return [("the lab", _describe_safely(subject)) for subject in (*federations, *others)]


def _describe_safely(value: Federation | Lab) -> str:
    try:
        return value.describe()
    except Exception as error:  # a description must not hide the failure of the test
        return f"cannot be described: {error!r}"


def run_playbook(
    playbook: Path,
    inventory: Path,
    folder: Path,
    *arguments: str,
    core: str = "",
    environment: dict[str, str] | None = None,
) -> Run:
    """Run a playbook with an inventory from a folder; ``core`` selects another ansible-core (``2.16``)."""
    start = time.monotonic()
    reports = [argument.partition("=")[2] for argument in arguments if argument.startswith("federation_report_file=")]
    report = folder / (reports[-1] if reports else "run-report.json")
    report.unlink(missing_ok=True)
    command = [str(program("ansible-playbook", core)), "-i", str(inventory), str(playbook), *arguments]
    if core or environment:
        completed = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            timeout=RUN_SECONDS,
            env=run_environment(folder, core, environment or {}),
        )
    else:
        completed = _warm(folder).run(command, folder, RUN_SECONDS)
    data = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Run(completed.returncode, completed.stdout, completed.stderr, time.monotonic() - start, folder, data)


def _warm(folder: Path) -> Warm:
    """Return the process whose copies run in a folder; only the last one is kept, as a file of tests has one folder."""
    if not _WARM or _WARM[-1].folder != folder:
        while _WARM:
            _WARM.pop().stop()
        _WARM.append(Warm(run_environment(folder, "", {}), folder))
    return _WARM[-1]


def run_environment(folder: Path, core: str, extra: dict[str, str]) -> dict[str, str]:
    """Return the environment of a run: that of this process without the settings of Ansible and of cluster access."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(_CLEARED_PREFIXES)}
    return (
        clean
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCAL_TEMP": str(folder / "local-tmp"),
            "ANSIBLE_CONNECTION_PLUGINS": str(CONNECTIONS),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote-tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ANSIBLE_PYTHON_INTERPRETER": str(interpreter(folder, core)),
            "COLUMNS": "200",
        }
        | extra
    )


def program(name: str, core: str = "") -> Path:
    """Return the path of a program of Ansible; ``core`` selects another ansible-core than this one (``2.16``)."""
    if not core:
        return Path(sys.executable).parent / name
    return Path(os.environ.get(f"OSSM_CORE_{core.upper().replace('.', '_')}") or ROOT / f".venv-{core}" / "bin") / name


def interpreter(folder: Path, core: str) -> Path:
    """Return the Python of an environment by a path without blanks, because Ansible cannot start one with a blank."""
    link = folder / f"python{core}"
    if not link.is_symlink():
        link.symlink_to(program("python", core).parent.parent.absolute())
    return link / "bin" / "python"


def two_meshes(**settings: Any) -> Object:
    """Return a topology of two meshes in two clusters, the smallest federation; ``settings`` are by colour."""
    meshes = {f"{colour}-mesh": {"cluster": colour, **settings.get(colour, {})} for colour in ("red", "green")}
    return {"clusters": {"red": {"platform": "AWS"}, "green": {"platform": "Azure"}}, "meshes": meshes}


def request_lines(requests: dict[str, list[Request]] | Iterable[Request]) -> list[str]:
    """Return requests as lines that a failed assertion can show."""
    if isinstance(requests, dict):
        return [f"{cluster}: {line}" for cluster, sent in requests.items() for line in request_lines(sent)]
    return [f"{request.verb} {request.uri} -> {request.code}" for request in requests]
