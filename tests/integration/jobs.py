# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX and Automation Controller run them: a private data directory for each, ansible-runner, and what the job leaves.

What the controller does here is what ansible/awx does in ``awx/main/tasks/jobs.py`` and ``Inventory.get_script_data``.
"""

from __future__ import annotations

import base64
import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from harness import ROOT, RUN_SECONDS, TIMEOUTS, Federation, Object, run_environment

GROUP = "federation"
IDENT, CREDENTIAL = "1", "tmpcredential"
TEMPLATES = ROOT / "extensions" / "controller" / "job_templates.yml"
#: Environment of every job besides that of its credentials.
SETTINGS = {
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_HOST_KEY_CHECKING": "False",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
}


class Unsafe(str):
    """An answer to a survey: the controller writes it as a string that is never a template."""


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def answered(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers to a survey as the controller writes them: every string, also in lists, is unsafe."""

    def unsafe(value: Any) -> Any:
        return (
            [unsafe(entry) for entry in value]
            if isinstance(value, list)
            else Unsafe(value)
            if isinstance(value, str)
            else value
        )

    return {name: unsafe(value) for name, value in answers.items()}


def merged_kubeconfig(federation: Federation) -> Object:
    """Return one kubeconfig with a context for each mesh; red is accessed with a token, all others with a client's key."""
    merged: Object = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    for mesh in federation.hosts:
        cluster = federation.location(mesh)[0]
        own = yaml.safe_load(Path(federation.lab.clusters[cluster].kubeconfig).read_text(encoding="utf-8"))
        user = own["users"][0]["user"]
        if mesh == "red-mesh":
            user = {"token": admin_token(federation, cluster, "controller")}
        merged["clusters"].append({"name": mesh, "cluster": own["clusters"][0]["cluster"]})
        merged["users"].append({"name": mesh, "user": user})
        merged["contexts"].append({"name": mesh, "context": {"cluster": mesh, "user": mesh}})
    return merged


def admin_token(federation: Federation, cluster: str, account: str) -> str:
    """Create an account that may do everything, and return a token of it."""
    for arguments in (
        ("serviceaccount", account, "-n", "default"),
        ("clusterrolebinding", account, "--clusterrole=cluster-admin", f"--serviceaccount=default:{account}"),
    ):
        federation.lab.kubectl(cluster, "create", *arguments)
    return federation.lab.kubectl(cluster, "create", "token", account, "-n", "default").strip()


def survey_answers(playbook: str) -> dict[str, Any]:
    """Return what the controller passes for a survey in which nothing was answered: the defaults, and empty texts."""
    templates = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))["controller_templates"]
    specs = [one.get("survey_spec", {}) for one in templates if one["playbook"].endswith(f"/{playbook}.yml")]
    questions = [question for spec in specs for question in spec.get("spec", [])]
    answers = {question["variable"]: question.get("default", "") for question in questions}
    # An empty answer to any other question is not passed.
    texts = {question["variable"] for question in questions if question["type"] in ("text", "textarea")}
    return {name: answer for name, answer in answers.items() if name in texts or answer != ""}


def sliced(hosts: Mapping[str, Object], number: int, count: int) -> dict[str, Object]:
    """Return the hosts of one slice, as ``Inventory.get_sliced_hosts`` does: every count-th one by name."""
    return {name: hosts[name] for name in sorted(hosts)[number - 1 :: count]}


@dataclass(repr=False)
class Job:
    """A job that has ended: its private data directory, and what is in its artifacts."""

    folder: Path
    output: str

    @property
    def artifacts(self) -> Path:
        """Return the folder of the job's artifacts."""
        return self.folder / "artifacts" / IDENT

    @property
    def code(self) -> int:
        """Return the exit code of ansible-playbook: that of ansible-runner does not always say that a job has failed."""
        return int((self.artifacts / "rc").read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        """Return the standard output of ansible-playbook."""
        return (self.artifacts / "stdout").read_text(encoding="utf-8")

    @property
    def flat(self) -> str:
        """Return the standard output with every run of white space as one blank, and without JSON's escapes."""
        return " ".join(self.text.replace('\\"', '"').replace("\\n", " ").split())

    @property
    def events(self) -> list[Object]:
        """Return the events of the job in their order."""
        files = (self.artifacts / "job_events").glob("*.json")
        events = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        return sorted(events, key=lambda event: int(event["counter"]))

    @property
    def stats(self) -> Object:
        """Return what the next job of a workflow gets."""
        data = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(data[-1].get("artifact_data", {})) if data else {}

    def __repr__(self) -> str:
        """Return a short text: a test that needs the output shows it itself."""
        return f"<job in {self.folder}>"


@dataclass(repr=False)
class Controller:
    """What the controller knows: hosts with their variables, a credential, other credentials, and the facts of former jobs."""

    federation: Federation
    folder: Path
    hosts: dict[str, Object]
    kubeconfig: Object
    variables: Object = field(default_factory=lambda: dict(TIMEOUTS))
    environment: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    @classmethod
    def of(cls, federation: Federation, folder: Path) -> Controller:
        """Build the controller of a lab: hosts without access, which comes from the credential alone."""
        kubeconfig = merged_kubeconfig(federation)
        hosts = copy.deepcopy(federation.hosts)
        for name, host in hosts.items():
            del host["mesh_kubeconfig"]
            host["mesh_context"] = name
        return cls(federation, folder, hosts, kubeconfig)

    def prepare(
        self,
        playbook: str,
        arguments: str = "",
        answers: Mapping[str, Any] | None = None,
        hosts: Mapping[str, Object] | None = None,
        environment: Mapping[str, str] | None = None,
        root: Path | None = None,
    ) -> Path:
        """Write the private data directory of a job, and return it.

        ``environment`` is that of further credentials; ``root`` is where the directory is while the job runs, if that is elsewhere.
        """
        data = self.folder / f"{len(list(self.folder.iterdir()))}-{playbook}"
        for name in ("inventory", "env", "project"):
            (data / name).mkdir(parents=True)
        credential = data / "env" / CREDENTIAL
        credential.write_text(yaml.safe_dump(self.kubeconfig), encoding="utf-8")
        credential.chmod(0o600)
        (data / "project" / f"{playbook}.yml").write_text(
            f"- name: Job\n  ansible.builtin.import_playbook: ossm.federation.{playbook}\n", encoding="utf-8"
        )
        script = data / "inventory" / "hosts"
        script.write_text(self._inventory(self.hosts if hosts is None else hosts), encoding="utf-8")
        script.chmod(0o700)
        extra = {"awx_job_id": 1, **answered({"awx_job_template_name": playbook}), **answered(answers or {})}
        contents = {
            "extravars": yaml.safe_dump(extra),
            "envvars": yaml.safe_dump(
                {**SETTINGS, **self._own_environment(root or data), **self.environment, **(environment or {})}
            ),
            "cmdline": f"--forks=5 -vvv {arguments}".strip(),
            "settings": json.dumps(
                {"job_timeout": RUN_SECONDS, "idle_timeout": RUN_SECONDS, "fact_cache_type": "jsonfile"}
            ),
        }
        for name, content in contents.items():
            (data / "env" / name).write_text(content, encoding="utf-8")
        self._restore_facts(data)
        return data

    def run(self, playbook: str, arguments: str = "", answers: Mapping[str, Any] | None = None, **options: Any) -> Job:
        """Run a playbook of the collection as a job."""
        return self.start(self.prepare(playbook, arguments, answers, **options), playbook)

    def start(self, data: Path, playbook: str) -> Job:
        """Run the job of a private data directory."""
        output = self.runner("run", str(data), "-p", f"{playbook}.yml", "-i", IDENT)
        return self.ended(data, output.decode(errors="replace"))

    def ended(self, data: Path, output: str) -> Job:
        """Note a job that has ended."""
        job = Job(data, output)
        assert (job.artifacts / "rc").exists(), output
        self.jobs.append(job)
        return job

    def run_split(self, playbook: str, **options: Any) -> Job:
        """Run a playbook as a controller and a node do that share no folder: transmit, work, process."""
        node, ended = (self.folder / f"{name}-{len(self.jobs)}" for name in ("node", "ended"))
        data = self.prepare(playbook, root=node, **options)
        sent = self.runner("transmit", str(data), "-p", f"{playbook}.yml", "-i", IDENT)
        # Nothing but the stream reaches the node.
        data.rename(data.with_name(f"{data.name}-sent"))
        returned = self.runner("worker", "--private-data-dir", str(node), stdin=sent)
        return self.ended(
            ended, self.runner("process", str(ended), "-i", IDENT, stdin=returned).decode(errors="replace")
        )

    def runner(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run ansible-runner in an environment as a container's, without HOME, and return what it prints."""
        environment = run_environment(self.federation.folder, "", {})
        del environment["HOME"]
        completed = subprocess.run(
            [sys.executable, "-m", "ansible_runner", *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            check=False,
            cwd=self.folder,
            env=environment | {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"},
            timeout=RUN_SECONDS,
        )
        return completed.stdout

    def _inventory(self, hosts: Mapping[str, Object]) -> str:
        """Return the script that prints the inventory; groups have only the hosts that it has."""
        remote = {"remote_tower_enabled": "true", "remote_tower_id": 1}
        data = {
            "all": {"vars": {"remote_inventory": "meshes"}, "children": [GROUP]},
            GROUP: {"hosts": list(hosts), "vars": self.variables},
            "_meta": {"hostvars": {name: {**host, **remote} for name, host in hosts.items()}},
        }
        return f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(data)!r})\n"

    @staticmethod
    def _own_environment(data: Path) -> dict[str, str]:
        return {
            "KUBECONFIG": str(data / "env" / CREDENTIAL),
            "ANSIBLE_HOME": str(data / "home"),
            "ANSIBLE_LOCAL_TEMP": str(data / "local-tmp"),
            "ANSIBLE_REMOTE_TEMP": str(data / "remote-tmp"),
        }

    def _restore_facts(self, data: Path) -> None:
        """Write the facts of the last job's fact cache, as ``start_fact_cache`` does."""
        last = self.jobs[-1].artifacts / "fact_cache" if self.jobs else None
        if last and last.is_dir():
            shutil.copytree(last, data / "artifacts" / IDENT / "fact_cache")


def secrets_of(kubeconfig: Object) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every secret in a kubeconfig."""
    for entry in kubeconfig["users"]:
        user, name = entry["user"], entry["name"]
        if "token" in user:
            yield f"the token of {name}", user["token"]
            yield f"the signature of the token of {name}", user["token"].rpartition(".")[2]
        if "client-key-data" in user:
            yield f"the key of {name}, encoded", user["client-key-data"][40:-8]
            lines = base64.b64decode(user["client-key-data"]).decode().splitlines()
            yield f"the key of {name}", max(lines, key=len)
