# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook as a job of a controller, with all answers of its survey; and nothing that a job leaves has a secret in it.

The tests build on each other: one lab, from the inventory to the removal of the last link. All jobs run with ``-vvv``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness import RATINGS, ROOT, Federation, request_lines, two_meshes
from jobs import Controller, admin_token, secrets_of, survey_answers
from lab.api import ADMIN, Lab
from leaks import leaks
from planted import AUTH, SECRET, planted_objects

RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
ACCOUNT = "system:serviceaccount:default"
#: No rules in the inventory any more.
WITHOUT_RULES: dict[str, Any] = {RED: {}, GREEN: {}}


class Case(NamedTuple):
    """A job: its playbook, arguments of ansible-playbook, answers to its survey and other variables of its template.

    ``expected`` are texts of its output, ``files`` what it writes into the project, ``hosts`` variables that replace those of hosts.
    """

    playbook: str
    arguments: str = ""
    answers: dict[str, Any] = {}
    expected: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    hosts: dict[str, Any] = {}


_REPORT = {"federation_report_file": "report.json"}
_PLAN = {"federation_plan_file": "plan.json", "federation_ports_file": "ports.csv"}
_STATUS = {"federation_status_dir": "status", "federation_fail_on": ["degraded", "unknown"]}
_SERVICE = {"federation_remove_service": RATINGS, "federation_remove_exporter": RED, "federation_confirm": RATINGS}
_PAIR = {"federation_unlink": f"{RED},{GREEN}", "federation_confirm": f"{RED},{GREEN}"}
#: In an order in which each playbook has something to do.
CASES = (
    Case("lint", "", {"federation_lint_file": "lint.json"}, ("0 errors",), ("lint.json",)),
    Case("plan", "-l federation", _PLAN, ("PLAN",), ("plan.json", "ports.csv")),
    Case("install", "--check --diff"),
    Case(
        "federate",
        "--diff",
        {**_REPORT, "federation_record_dir": "records", "federation_wait_timeout": 61},
        ("HEALTHY 2 of 2 links healthy",),
        ("report.json", "records"),
    ),
    Case("federate", f"-l {RED}", {}, ("HEALTHY", "Nothing was changed.")),
    Case(
        "status", "", _STATUS, ("HEALTHY 2 of 2",), ("status/federation-status.json", "status/federation-status.html")
    ),
    Case("adopt", "--diff", {"federation_adopt_to": "adopted"}, ("DESCRIBED 2 meshes, 2 links",), ("adopted",)),
    Case("doctor", "", {"federation_doctor_file": "doctor.json"}, (), ("doctor.json",)),
    Case("share", "", _REPORT, ("SHARED",), ("report.json",)),
    Case("gather", "", {"federation_gather_debug_pages": "false"}, (), ("gathered",)),
    Case("render", "", {"federation_render_dir": "rendered"}, (), ("rendered",)),
    Case("export_identity", hosts={BLUE: {"mesh_identity_file": "received"}}, files=("identities",)),
    Case("rotate_trust", "", {"federation_rotate_mesh": RED}, ("NOTHING TO ROTATE",)),
    Case("trust_domain", "--check"),
    Case("remove_service", "", _SERVICE, ("REMOVED",), hosts=WITHOUT_RULES),
    Case("unlink", "--check", _PAIR, hosts=WITHOUT_RULES),
    Case("remove_mesh", "", {"federation_remove_mesh": RED, "federation_confirm": RED}, ("REMOVED",)),
    Case("leave", "", {"federation_confirm": "federation"}),
)


@pytest.fixture(scope="module", name="controller")
def _controller(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """Two meshes that are not federated, with secrets in the clusters and in the environment of every job."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    controller = Controller.of(federation, tmp_path_factory.mktemp("jobs"))
    controller.environment = {"REGISTRY_PASSWORD": SECRET, "REGISTRY_AUTH": AUTH}
    for mesh in federation.hosts:
        cluster, namespace = federation.location(mesh)
        federation.lab.apply(cluster, planted_objects(namespace))
    return controller


def test_every_playbook_has_a_job() -> None:
    assert {case.playbook for case in CASES} == {
        file.stem for file in (ROOT / "playbooks").glob("*.yml") if "." not in file.stem
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.playbook} {case.arguments}".strip())
def test_a_playbook_runs_as_a_job(controller: Controller, case: Case) -> None:
    """Without HOME, with the facts of the jobs before; all that is not answered is what the controller passes then."""
    known = {name: {"mesh_context": name} if name in controller.hosts else {} for name in case.hosts}
    changed = {name: {**known[name], **own} for name, own in case.hosts.items()}
    answers = {**survey_answers(case.playbook), **case.answers}
    job = controller.run(case.playbook, case.arguments, answers, hosts={**controller.hosts, **changed})
    assert job.code == 0, job.text[-6000:]
    assert not [text for text in case.expected if text not in job.flat], job.text[-6000:]
    assert not [name for name in case.files if not (job.folder / "project" / name).exists()]
    if case.playbook in ("federate", "status"):
        assert "federation_report" in job.stats or "federation_status" in job.stats, job.stats


@pytest.mark.parametrize("playbook", ["federate", "status"])
def test_the_credentials_of_another_cluster_are_rejected(controller: Controller, playbook: str) -> None:
    """A credential that sets K8S_AUTH_* would make every mesh one cluster: nothing is requested anywhere."""
    federation, lab = controller.federation, controller.federation.lab
    token = admin_token(federation, "green", playbook)
    foreign = {"K8S_AUTH_HOST": lab.clusters["green"].entry["server"], "K8S_AUTH_API_KEY": token}
    mark = lab.mark()
    job = controller.run(playbook, environment={**foreign, "K8S_AUTH_VERIFY_SSL": "no"})
    assert job.code != 0 and "K8S_AUTH_HOST" in job.flat and "Traceback" not in job.output, job.text[-6000:]
    assert ("[environment-auth]" if playbook == "federate" else "[environment]") in job.flat
    users = (ADMIN, f"{ACCOUNT}:controller", f"{ACCOUNT}:{playbook}")
    sent = {cluster: [one for user in users for one in lab.audit(cluster, mark, user)] for cluster in lab.clusters}
    assert not any(sent.values()), request_lines(sent)
    assert not leaks({"the token of another credential": token}, written(controller))


def written(controller: Controller) -> list[Path]:
    """Return all files that jobs have written; not what the controller has written, and ansible-runner's copy of the environment."""
    files = [file for job in controller.jobs for file in job.folder.rglob("*") if file.is_file()]
    return [file for file in files if file.name != "command" and file.parent.name not in ("env", "inventory")]


def test_no_secret_is_in_what_the_jobs_have_written(controller: Controller) -> None:
    secrets = {"a planted secret": SECRET, "a registry's": AUTH, **dict(secrets_of(controller.kubeconfig))}
    files = written(controller)
    suffixes = {".gz", ".json", ".html", ".xml", ".prom", ".csv"}
    assert suffixes <= {file.suffix for file in files}, "a job writes less than it should"
    assert leaks(secrets, files) == []
    searched = [file for job in controller.jobs for file in (job.folder / "env").iterdir()]
    found = leaks(secrets, searched)
    assert not [name for name in secrets if not any(line.startswith(name) for line in found)], (
        "the search finds nothing"
    )
