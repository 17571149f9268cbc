# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation as a site: ``docs_site.py COLLECTIONS`` writes ``build/site`` and needs no network.

The pages are those of ``docs`` and those of the root of the checkout that people look for; antsibull-docs writes the reference
of modules, roles and plugins from ``COLLECTIONS``, a tree with the collection. Every warning of Sphinx is an error: a link to a
page or to a heading that does not exist, a page that no table of contents has, a block whose language is not what it says.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
#: Pages of the root of the checkout. On the site they are beside the pages of `docs`.
ROOT_PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
REPOSITORY = "https://github.com/ossm-federation/ossm.federation/blob/main/"
REFERENCE = "collection"
_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)(#[^)\s]*)?\)")
_CHAPTER = re.compile(r"^## (.+)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)


def main(collections: Path) -> int:
    """Build the site and return the exit code of Sphinx."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    _copy_pages()
    _write_reference(collections)
    (SOURCE / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    index = SOURCE / "index.md"
    index.write_text(with_contents(index.read_text(encoding="utf-8")), encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-n", "-W", "--keep-going", "-j", "2"]
    return subprocess.run([*command, str(SOURCE), str(SITE)], check=False).returncode


def _copy_pages() -> None:
    for page in sorted([*(ROOT / "docs").rglob("*"), *(ROOT / name for name in ROOT_PAGES)]):
        if page.is_file():
            target = SOURCE / place(page)
            target.parent.mkdir(parents=True, exist_ok=True)
            if page.suffix == ".md":
                target.write_text(moved(page.read_text(encoding="utf-8"), page), encoding="utf-8")
            else:
                shutil.copy(page, target)


def place(page: Path) -> Path:
    """Return where a page of the checkout is on the site, from its root."""
    inside = page.is_relative_to(ROOT / "docs")
    return page.relative_to(ROOT / "docs" if inside else ROOT)


def moved(text: str, page: Path) -> str:
    """Return the text of a page with links that are right on the site; files that it does not have are in the repository."""

    def link(match: re.Match[str]) -> str:
        before, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target:
            return match[0]
        file = (page.parent / target).resolve()
        if file.is_relative_to(ROOT / "docs") or file.parent == ROOT and file.name in ROOT_PAGES:
            return f"{before}{os.path.relpath(place(file), place(page).parent)}{anchor})"
        return f"{before}{REPOSITORY}{file.relative_to(ROOT)}{anchor})"

    return _LINK.sub(link, text)


def with_contents(index: str) -> str:
    """Return the index with a table of contents for each chapter: the pages that its rows link, in their order."""
    contents = []
    for title, chapter in _CHAPTER.findall(index):
        pages = re.findall(r"^\| \[[^\]]*\]\(([^)#]+)\.md\)", chapter, re.MULTILINE)
        if title == "Reference":
            pages.append(f"{REFERENCE}/index")
        contents.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(pages) + "\n```\n")
    return f"{index}\n" + "\n".join(contents)


def _write_reference(collections: Path) -> None:
    """Let antsibull-docs write the pages of modules, roles and plugins."""
    folder = SOURCE / REFERENCE
    folder.mkdir(parents=True, exist_ok=True)
    # antsibull-docs writes only where nobody else can.
    folder.chmod(0o755)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(collections.resolve()), "PATH": programs}
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    subprocess.run(
        ["antsibull-docs", "collection", *options, "--dest-dir", str(folder), "ossm.federation"],
        check=True,
        env=environment,
    )


CONFIGURATION = """
from docutils import nodes

project = html_title = "ossm.federation"
copyright = "The ossm.federation authors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
# Anchors of headings are those of GitHub, where the same pages are read.
myst_heading_anchors = 5
html_theme = "furo"
html_show_sphinx = False
html_copy_source = False
smartquotes = False
# Pages of Ansible itself to which antsibull-docs refers. They are named here, so that no build asks another site.
GUIDE = "https://docs.ansible.com/ansible/latest/"
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "ansible_collections.ansible.builtin.set_stats_module": "collections/ansible/builtin/set_stats_module.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "inventory_plugins": "plugins/inventory.html",
}


def resolve(app, env, node, contnode):
    # Environment variables of Ansible are settings, too.
    kind = "ansible_configuration_settings" if node.get("reftype") == "envvar" else node.get("reftarget")
    page = LABELS.get(kind)
    return page and nodes.reference("", "", contnode, internal=False, refuri=GUIDE + page)


def setup(app):
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
"""

if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
