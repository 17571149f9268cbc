# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a command of the documentation, found without running it.

Each program that a page may name has its check here. A program without one is a fault of the page.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable
from typing import Any

import yaml
from ansible.cli.doc import DocCLI
from ansible.cli.galaxy import GalaxyCLI
from ansible.cli.inventory import InventoryCLI
from ansible.cli.playbook import PlaybookCLI
from lab import cli as lab_cli

from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from documentation.blocks import ROOT
from documentation.inventories import faults_of_variables

#: Kinds of objects that `oc` and `kubectl` may name besides those of the collection.
_RESOURCES = {kind.plural for kind in KINDS.values()} | {
    "clusterrolebinding", "namespace", "ns", "role", "rolebinding", "secret", "serviceaccount", "servicemeshpeer", "token",
}  # fmt: skip
#: The verbs of `oc` and `kubectl`, each with the options that pages use.
_VERBS = {
    "adm": {"--as", "--all-namespaces"},
    "apply": {"-f", "-k", "-n", "--server-side", "--field-manager"},
    "create": {
        "-n", "-o", "--dry-run", "--from-file", "--verb", "--resource", "--role", "--clusterrole", "--serviceaccount",
        "--duration",
    },
    "delete": {"-n", "-l"},
    "exec": {"-n", "-c"},
    "get": {"-n", "-o", "-A", "-l", "--show-managed-fields"},
}  # fmt: skip
_SEPARATORS = {"&&", "|", ";"}


def commands(text: str) -> list[list[str]]:
    """Return the commands of a block, each as its words, without comments and with continued lines joined."""
    found: list[list[str]] = []
    for line in re.sub(r"\\\n", " ", text).split("\n"):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>" if "<" not in line else "|&;")
        lexer.whitespace_split = True
        current: list[str] = []
        for word in lexer:
            if word in _SEPARATORS:
                found.append(current)
                current = []
            else:
                current.append(word)
        found.append(current)
    return [command for command in found if command]


def faults(command: list[str], hostvars: dict[str, dict[str, Any]]) -> list[str]:
    """Return what is wrong with a command; ``hostvars`` are those of the page's inventory."""
    words = [*command]
    while words and re.fullmatch(r"[A-Z_0-9]+=.*", words[0]):
        words.pop(0)
    if not words:
        return []
    program = words[0].rpartition("/")[2]
    if program == "ansible-playbook":
        return playbook_faults(words[1:], hostvars)
    check = _PROGRAMS.get(program)
    return check(words[1:]) if check else [f"no test knows the program {program}"]


def playbook_faults(arguments: list[str], hostvars: dict[str, dict[str, Any]]) -> list[str]:
    """Return what is wrong with the arguments of ansible-playbook."""
    options, found = _parsed(PlaybookCLI, ["ansible-playbook", *arguments])
    if found:
        return found
    for playbook in options.args:
        name = playbook.removeprefix("ossm.federation.") if "/" not in playbook else playbook.rpartition("/")[2][:-4]
        is_ours = playbook.startswith(("ossm.federation.", "playbooks/"))
        if is_ours and not (ROOT / "playbooks" / f"{name}.yml").is_file():
            found.append(f"there is no playbook {playbook}")
    return found + faults_of_variables(_extra(options.extra_vars or []), hostvars)


def _extra(values: list[str]) -> dict[str, Any]:
    """Return the variables of the options `-e`, as Ansible reads them."""
    variables: dict[str, Any] = {}
    for value in values:
        if value.startswith("{"):
            variables |= yaml.safe_load(value)
        elif not value.startswith("@"):
            variables |= dict(part.partition("=")[::2] for part in shlex.split(value))
    return variables


def _parsed(program: Any, arguments: list[str]) -> tuple[Any, list[str]]:
    """Return the options of a program of Ansible, and what its own parser says about them."""
    client = program(arguments)
    client.init_parser()
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            return client.parser.parse_args(arguments[1:]), []
    except SystemExit:
        return None, [errors.getvalue().strip().rpartition("\n")[2]]


def _galaxy(arguments: list[str]) -> list[str]:
    return _parsed(GalaxyCLI, ["ansible-galaxy", *arguments])[1]


def _inventory(arguments: list[str]) -> list[str]:
    return _parsed(InventoryCLI, ["ansible-inventory", *arguments])[1]


def _doc(arguments: list[str]) -> list[str]:
    return _parsed(DocCLI, ["ansible-doc", *arguments])[1]


def _inventory(arguments: list[str]) -> list[str]:
    return _parsed(InventoryCLI, ["ansible-inventory", *arguments])[1]


def _pip(arguments: list[str]) -> list[str]:
    needed = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    known = {*re.findall(r"^([\w-]+)", needed, re.MULTILINE), "ansible", "ansible-core"}
    return [f"pip: unknown package {name}" for name in arguments[1:] if not name.startswith("-") and name not in known]


def _make(arguments: list[str]) -> list[str]:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return [f"make: no target {name}" for name in arguments if "=" not in name and name not in targets]


def _python(arguments: list[str]) -> list[str]:
    if arguments[:2] == ["-m", "lab"]:
        return _lab(arguments[2:])
    files = [name for name in arguments if name.endswith(".py")]
    if not files:
        return [f"no test knows python {' '.join(arguments)}"]
    return [f"no file {name}" for name in files if not (ROOT / name).is_file()]


def _lab(arguments: list[str]) -> list[str]:
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(errors):
            lab_cli.command_parser().parse_args(arguments)
    except SystemExit as end:
        return [] if end.code in (None, 0) else [errors.getvalue().strip()]
    return []


def _cluster(arguments: list[str]) -> list[str]:
    """Check a command of `oc` or `kubectl` by its verb, its options, and the kinds and files that it names."""
    if arguments[0].startswith("--"):
        arguments = arguments[2:]
    verb, rest = arguments[0], arguments[1:]
    if verb not in _VERBS:
        return [f"no test knows the verb {verb}"]
    if "--" in rest:
        rest = rest[: rest.index("--")]
    names = {word.partition("=")[0] for word in rest if word.startswith("-")}
    found = [f"{verb}: no test knows the option {name}" for name in sorted(names - _VERBS[verb] - {"-"})]
    if verb in ("create", "delete", "get"):
        kinds = rest[0].split(",")
        found += [f"no test knows the kind {kind}" for kind in kinds if kind not in _RESOURCES]
    files = [rest[index + 1] for index, word in enumerate(rest) if word == "-f"]
    return found + [f"no file {name}" for name in files if name != "-" and not (ROOT / name).is_file()]


def _sed(arguments: list[str]) -> list[str]:
    expression, file = arguments
    if not (ROOT / file).is_file():
        return [f"no file {file}"]
    old = expression.split("/")[1]
    return [] if old in (ROOT / file).read_text(encoding="utf-8") else [f"{file} has no {old}"]


def _pytest(arguments: list[str]) -> list[str]:
    return [f"no file {name}" for name in arguments if "/" in name and not (ROOT / name).exists()]


def _git(arguments: list[str]) -> list[str]:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    return [f"git: {arguments}"] if arguments != ["clone", galaxy["repository"]] else []


def _copy(arguments: list[str]) -> list[str]:
    """Check that files of the installed collection, which are those of this checkout, exist."""
    installed = [name.partition("/ansible_collections/ossm/federation/")[2] for name in arguments]
    return [f"no file {name}" for name in installed if name and not (ROOT / name).is_file()]


def _changelog(arguments: list[str]) -> list[str]:
    return [] if arguments in (["lint"], ["release"]) else [f"antsibull-changelog: {' '.join(arguments)}"]


def _trusted(_arguments: list[str]) -> list[str]:
    """Programs of the system whose arguments are about files of the reader."""
    return []


_PROGRAMS: dict[str, Callable[[list[str]], list[str]]] = {
    "ansible-doc": _doc,
    "ansible-galaxy": _galaxy,
    "ansible-inventory": _inventory,
    "antsibull-changelog": _changelog,
    "cd": _trusted,
    "cp": _copy,
    "export": _trusted,
    "git": _git,
    "gpg": _trusted,
    "kubectl": _cluster,
    "make": _make,
    "oc": _cluster,
    "openssl": _trusted,
    "pip": _pip,
    "pytest": _pytest,
    "python": _python,
    "sed": _sed,
    "sha256sum": _trusted,
    "xdg-open": _trusted,
}
