# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the documentation's blocks find what is wrong with a block, and the site has what the pages link."""

from __future__ import annotations

import docs_site
import pytest
from documentation import commands, documents, outputs
from documentation.blocks import ROOT, Block, blocks

PAGE = ROOT / "docs" / "page.md"
PLAYBOOK = "ansible-playbook -i hosts.yml ossm.federation."

WRONG_COMMANDS = [
    (f"{PLAYBOOK}federat", "no playbook"),
    (f"{PLAYBOOK}plan --chek", "unrecognized arguments"),
    (f"{PLAYBOOK}plan -e federation_plan=plan.json", "no variable federation_plan"),
    (f"{PLAYBOOK}federate -e federation_wait_timeout=soon", "federation_wait_timeout"),
    (f'{PLAYBOOK}status -e \'{{"federation_fail_on": ["dgraded"]}}\'', "federation_fail_on"),
    ("FROM=here .venv/bin/ansible-playbook playbooks/federat.yml", "no playbook"),
    ("make demon", "no target"),
    ("oc describe servicemeshpeer red", "verb describe"),
    ("oc get servicemeshpear -n red-mesh-system", "kind servicemeshpear"),
    ("oc get servicemeshpeer --watch", "option --watch"),
    ("sed s/red/my/ docs/rbac/federation.yaml | oc apply -f -", "no file"),
    ("ansible-galaxy collection instal ossm.federation", "invalid choice"),
    ("pip install kubernetes requests", "unknown package requests"),
    ("python -m lab upp", "invalid choice"),
    ("pytest tests/unit/none.py", "no file"),
    ("git clone https://example.com/fork", "git"),
    ("kubectx red", "program kubectx"),
    (".venv/bin/antsibull-changelog publish", "publish"),
    ("ansible-inventory -i contexts.yml --tree", "unrecognized arguments"),
    (
        "cp ~/.ansible/collections/ansible_collections/ossm/federation/playbooks/none.yml .",
        "no file playbooks/none.yml",
    ),
    (f"make check && {PLAYBOOK}none \\\n  --check", "no playbook"),
]


@pytest.mark.parametrize(("text", "part"), WRONG_COMMANDS, ids=[part for _text, part in WRONG_COMMANDS])
def test_a_wrong_command_is_found(text: str, part: str) -> None:
    found = [fault for command in commands.commands(text) for fault in commands.faults(command, {})]
    assert len(found) == 1 and part in found[0], found


WRONG_DOCUMENTS = [
    ("all: {children: {federation: {hosts: {red-mesh: {mesh_exprots: []}, green-mesh: {}}}}}", "mesh_exprots"),
    ("red-mesh: {mesh_peers: [green-mash]}", "green-mash"),
    ("mesh_ingress: {intern: true}", "intern"),
    ("federation_services: [{service: bookinfo/ratings, mesh: pink-mesh}]", "pink-mesh"),
    ("[{name: Federate, ansible.builtin.import_playbook: ossm.federation.federat}]", "no playbook"),
    ("[{name: Wait, ossm.federation.peer_wait: {auth: {}, mesh: red, namespace: a, until: b}}]", "no option until"),
    ("[{name: Wait, ossm.federation.peer_wait: {auth: {}, namespace: a}}]", "needs mesh"),
    ("[{name: Wait, ossm.federation.peer_wate: {}}]", "no module"),
    ("[{name: Say, ansible.builtin.debugger: {}}]", "no module"),
    ("{apiVersion: federation.maistra.io/v1, kind: ServiceMeshPeer, spec: {remotes: {}}}", "'remotes' was unexpected"),
    ("{apiVersion: v2, kind: Service}", "kind v2 Service"),
    ("{groups: [{rules: [{expr: ossm_federation_links_up > 0}]}]}", "no metric"),
    ("{collections: [{name: kubernetes.core}]}", "do not have ossm.federation"),
    ("{plugin: ossm.federation.none}", "no inventory plugin"),
    ("{anything: else}", "no test knows"),
    ("[{hosts: federation, validate_argspec: federat}]", "no playbook federat"),
    ("[{hosts: federation, task: []}]", "no task"),
]


@pytest.mark.parametrize(("text", "part"), WRONG_DOCUMENTS, ids=[part for _text, part in WRONG_DOCUMENTS])
def test_a_wrong_document_is_found(text: str, part: str) -> None:
    found = documents.faults(Block(PAGE, 1, "yaml", text))
    assert found and all(part in fault for fault in found), found


WRONG_OUTPUTS = [
    ("ERROR red-mesh: it is wrong. [no-such-code]", "no-such-code"),
    ("To remove, run again with -e federation_comfirm=red-mesh", "federation_comfirm"),
    (
        "Links (the mesh of a row watches the mesh of a column)\n\n            red-mesh\ngreen-mesh  fine, 1 imported\n",
        "fine",
    ),
]


@pytest.mark.parametrize(("text", "part"), WRONG_OUTPUTS, ids=[part for _text, part in WRONG_OUTPUTS])
def test_a_wrong_output_is_found(text: str, part: str) -> None:
    (found,) = outputs.faults(text)
    assert part in found


def test_a_block_has_its_mark_and_its_assertions() -> None:
    found = blocks(ROOT / "docs" / "quick-start.md")
    assert [block.mark for block in found] == ["", "file hosts.yml", "run", "output", "run", "output", ""]
    assert found[2].assertions == ["nothing is written"] and found[-1].before is found[-2]


def test_links_are_right_on_the_site() -> None:
    page = ROOT / "docs" / "contributing" / "lab.md"
    text = "[a](../plan.md#x) [b](../../CONTRIBUTING.md) [c](../../tests/traps.yml) [d](https://example.com) [e](#f)"
    assert docs_site.moved(text, page) == (
        f"[a](../plan.md#x) [b](../CONTRIBUTING.md) [c]({docs_site.REPOSITORY}tests/traps.yml) [d](https://example.com) [e](#f)"
    )
    assert docs_site.moved("[a](docs/contributing/lab.md)", ROOT / "CONTRIBUTING.md") == "[a](contributing/lab.md)"


def test_every_page_of_the_index_is_in_the_contents_of_the_site() -> None:
    index = docs_site.moved((ROOT / "docs" / "index.md").read_text(encoding="utf-8"), ROOT / "docs" / "index.md")
    contents = docs_site.with_contents(index)
    for page in [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in docs_site.ROOT_PAGES)]:
        name = docs_site.place(page).with_suffix("").as_posix()
        assert name == "index" or f"\n{name}\n" in contents, name
