# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for people: their links lead somewhere, the index has all of them, and they name variables that exist."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import REGISTERED, VARIABLES

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("roles/*/README.md")),
]
URL = "https://github.com/ossm-federation/ossm.federation/blob/main/"
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: Variables that roles set, names of plugins and of tests, and a misspelled variable of an example.
OTHERS = {*REGISTERED, "mesh_gather", "mesh_info", "mesh_objects", "mesh_auth", "mesh_expotrs", "federation_report"}
ids = [str(page.relative_to(ROOT)) for page in PAGES]


def _prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@functools.cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.M)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def _dead(page: Path, link: str) -> bool:
    """Whether a link leads to no file, or to no heading of it. Links to other sites are not followed."""
    if link.startswith(URL):
        page, link = ROOT / "README.md", link.removeprefix(URL)
    if link.startswith(("http://", "https://")):
        return False
    name, _hash, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return not target.exists() or bool(anchor) and anchor not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(_prose(page)) if _dead(page, link)] == []


def test_links_of_the_readme_and_of_roles_are_whole_addresses() -> None:
    """Automation Hub shows these pages elsewhere."""
    for page in (ROOT / "README.md", ROOT / "SECURITY.md", *ROOT.glob("roles/*/README.md")):
        assert [link for link in LINK.findall(_prose(page)) if not link.startswith(("https://", "#"))] == []


def test_the_index_has_every_page() -> None:
    linked = set(LINK.findall((ROOT / "docs" / "index.md").read_text(encoding="utf-8")))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"index.md"}
    assert pages <= linked


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_variables_on_pages_exist(page: Path) -> None:
    named = set(re.findall(r"\b(?:mesh|federation)_[a-z_]*[a-z]\b", page.read_text(encoding="utf-8")))
    assert named - set(VARIABLES) - OTHERS == set()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_yaml_on_pages_can_be_parsed(page: Path) -> None:
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.M | re.S):
        assert list(yaml.safe_load_all(block))


def _content() -> set[str]:
    """The names of all playbooks, roles and modules, and of the group of modules."""
    folders = (
        "playbooks/*.yml",
        "plugins/modules/*.py",
        "plugins/filter/*.py",
        "plugins/inventory/*.py",
        "extensions/eda/*/*.yml",
        "extensions/eda/plugins/*/*.py",
    )
    files = [file for folder in folders for file in ROOT.glob(folder)]
    return {file.stem for file in files} | {folder.name for folder in ROOT.glob("roles/*")} | {"federation", "git"}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_playbooks_roles_and_modules_on_pages_exist(page: Path) -> None:
    named = re.findall(r"(?<![\w/-])ossm\.federation\.([a-z_]+)", page.read_text(encoding="utf-8"))
    assert set(named) - _content() == set()


def test_every_playbook_has_a_page_with_its_command() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    shown = {
        name for text in pages for name in re.findall(r"^ *ansible-playbook .*ossm\.federation\.(\w+)", text, re.M)
    }
    playbooks = {file.stem for file in ROOT.glob("playbooks/*.yml") if "." not in file.stem}
    assert playbooks - shown == set()


def test_the_index_has_no_page_twice() -> None:
    rows = re.findall(r"^\| \[.*?\]\(([^)#]+)\)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.M)
    assert sorted(rows) == sorted(set(rows))
