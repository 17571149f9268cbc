# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""federate, status and doctor with the newest ansible-core, on the Python that it needs; a template in untrusted text is an error."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from harness import IMPORTED, ROOT, Federation, program, two_meshes

CORE = "newest"
#: Text of a cluster or of a file is data. Ansible only warns where one is used as a template, unless it is told so.
STRICT = {"_ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR": "error"}
TEXT = "{{ 1 + 1 }}"
UNTRUSTED = """
- hosts: federation
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        built: "{{ '{' ~ '{ 1 }' ~ '}' }}"
    - ansible.builtin.debug:
        msg: "{{ built }}"
"""
RED, GREEN = "red-mesh", "green-mesh"


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, not yet federated."""
    return Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))


def _version(core: str) -> tuple[int, ...]:
    command = [str(program("ansible-playbook", core)), "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in output.partition("[core ")[2].partition("]")[0].split(".")[:2])


def test_it_is_newer_than_the_core_of_the_other_tests() -> None:
    assert _version(CORE) >= (2, 20) and _version(CORE) > _version("")


def test_untrusted_templates_are_errors_here(federation: Federation) -> None:
    path = federation.folder / "untrusted.yml"
    path.write_text(UNTRUSTED, encoding="utf-8")
    run = federation.play(path, core=CORE, environment=STRICT)
    assert run.code != 0 and "untrusted template" in run.flat, run.output


def test_federate_status_and_doctor(federation: Federation) -> None:
    for mesh in (RED, GREEN):
        cluster, namespace = federation.location(mesh)
        federation.lab.kubectl(
            cluster, "annotate", "servicemeshcontrolplanes", "--all", "-n", namespace, f"note={TEXT}"
        )
        federation.lab.kubectl(cluster, "annotate", "services", "--all", "-n", namespace, f"note={TEXT}")
    options: dict[str, Any] = {"core": CORE, "environment": STRICT}
    run = federation.succeed("--diff", **options)
    assert run.changes and federation.connected() == sorted([(RED, GREEN), (GREEN, RED)])
    assert federation.imported(GREEN, RED) == [IMPORTED]
    for name, argument in {"status": "federation_status_dir", "doctor": "federation_doctor_file"}.items():
        path = federation.folder / name
        run = federation.play(ROOT / "playbooks" / f"{name}.yml", "-e", f"{argument}={path}", **options)
        assert run.code == 0 and path.exists(), run.output
