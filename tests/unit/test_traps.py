# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every trap of the product is in ``tests/traps.yml``, with a test or with a sentence for users.

The traps come from two lists of the authors: ``observed`` is what running control planes did, ``facts`` what the product's
source does; ``source`` of a trap is its place there. This test lists their sections with their lengths, so that a missing trap is
noticed.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

Json = dict[str, Any]
#: Words of a name at most.
MOST_WORDS = 10
ROOT = Path(__file__).parents[2]
BUILDERS = ROOT / "tests/unit/builders"
TRAPS: dict[str, Json] = yaml.safe_load((ROOT / "tests/traps.yml").read_text(encoding="utf-8"))

#: Sections whose items are numbered ("observed 3", "facts 1.2.3"), and how many there are.
NUMBERED = {
    "observed ": 16,
    "facts 1.1.": 8,
    "facts 1.2.": 5,
    "facts 1.3.": 12,
    "facts 1.5.": 3,
    "facts 2.2.": 5,
    "facts 2.3.": 5,
    "facts 2.4.": 4,
    "facts 2.5.": 2,
    "facts 2.9.": 3,
    "facts 2.10.": 3,
    "facts 3.": 14,
    "facts 4.1.": 8,
    "facts 5.5.": 5,
    "facts 9.3.": 7,
}
#: Sections of plain text.
PLAIN = ("2.6", "2.7", "2.8", "4.2", "4.4", "5.2", "5.3", "5.4", "5.6")
#: Sections that are a table, and how many rows it has. The notes below the tables of 4.3 (three times) and 5.1 (once) count as
#: rows.
ROWS = {"1.2": 9, "1.4": 8, "1.5": 8, "2.1": 9, "2.4": 5, "4.3": 11 + 3, "5.1": 15 + 1, "5.7": 6, "9.1": 5, "9.2": 24}

#: How many traps each source has.
EXPECTED = Counter(
    {
        **{f"{section}{number}": 1 for section, last in NUMBERED.items() for number in range(1, last + 1)},
        **{f"facts {section}": 1 for section in PLAIN},
        **{f"facts {section}": rows for section, rows in ROWS.items()},
    }
)


def test_every_trap_of_the_sources_is_listed() -> None:
    assert Counter(trap.get("source") for trap in TRAPS.values()) == EXPECTED


def fault_of_name(name: str) -> str | None:
    """The reason why a name says nothing to a reader, None when it is a few words. A number alone is a place in a list, unless
    it is a version of the product."""
    if not 2 <= len(name.split()) <= MOST_WORDS:
        return f"{name!r} is no short name in words"
    is_place = re.search(r"\b(observed|facts)\b|\d+\.\d+", name) and not name.startswith("version ")
    return f"{name!r} is a place in a list" if is_place else None


@pytest.mark.parametrize("name", TRAPS)
def test_each_trap_has_a_name_in_words(name: str) -> None:
    assert fault_of_name(name) is None


@pytest.mark.parametrize(
    ("name", "fault"), [("observed 3", "list"), ("facts 1.3.4", "list"), ("rotation", "short name")]
)
def test_names_that_say_nothing_are_found(name: str, fault: str) -> None:
    assert fault in (fault_of_name(name) or "")


@functools.cache
def functions(path: Path) -> frozenset[str]:
    """The tests of a file, read from its source: functions at its top level, which are all that this repository has."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@functools.cache
def text_of(name: str) -> str:
    """The text of a file with single blanks."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


@functools.cache
def cases(path: Path) -> str:
    """The text in which the names of a file's cases are: its source, the data beside it, and the builders that it imports."""
    source = path.read_text(encoding="utf-8")
    builders = [name for name in sorted(BUILDERS.glob("*.py")) if f"from unit.builders.{name.stem} import" in source]
    return "\n".join(
        [source, *(file.read_text(encoding="utf-8") for file in (*sorted(path.parent.glob("*.yaml")), *builders))]
    )


def fault_of_test(test: str) -> str | None:
    """The reason why no test has this id, None when a test has it. The case of a parametrised id is searched as text."""
    name, colons, rest = test.partition("::")
    function, bracket, case = rest.partition("[")
    path = ROOT / name
    if not colons or not name.startswith("tests/") or not path.name.startswith("test_"):
        return f"{test} is no id of a test"
    if not path.is_file():
        return f"{test}: there is no such file"
    if function not in functions(path):
        return f"{test}: there is no such test"
    return f"{test}: there is no such case" if bracket and case.removesuffix("]") not in cases(path) else None


def fault_of_sentence(file: str, sentence: str) -> str | None:
    """The reason why a document does not have a sentence, None when it has it."""
    if not file.startswith("docs/") or not (ROOT / file).is_file():
        return f"{file} is no file in docs"
    wanted = " ".join(sentence.split())
    if not wanted.endswith("."):
        return f"{wanted!r} is no whole sentence"
    return None if wanted in text_of(file) else f"{file} does not say {wanted!r}"


def faults(trap: Json) -> list[str]:
    """The faults of one row."""
    listed = [f"unknown key {key}" for key in sorted(set(trap) - {"source", "about", "tests", "docs"})]
    if not str(trap.get("about") or "").strip():
        listed.append("it does not say what it is about")
    if not trap.get("tests") and not trap.get("docs"):
        listed.append("it is neither handled nor documented")
    listed += filter(None, map(fault_of_test, trap.get("tests") or []))
    if trap.get("docs"):
        listed += filter(None, [fault_of_sentence(trap["docs"]["file"], trap["docs"]["sentence"])])
    return listed


@pytest.mark.parametrize("key", TRAPS)
def test_each_trap_has_an_existing_test_or_sentence(key: str) -> None:
    assert not faults(TRAPS[key])


HERE = "tests/unit/test_traps.py::"


@pytest.mark.parametrize(
    ("trap", "fault"),
    [
        ({"tests": [f"{HERE}test_every_trap_of_the_sources_is_listed"]}, None),
        (
            {
                "tests": [
                    "tests/unit/plugins/module_utils/readers/test_status.py::test_recording_is_read_as_it_was[one export]"
                ]
            },
            None,
        ),
        (
            {
                "docs": {
                    "file": "docs/contributing/lab.md",
                    "sentence": "Its clocks are the\n  product's; `up --speed` divides them all and `up --clock` "
                    "sets one.",
                }
            },
            None,
        ),
        ({"about": " ", "tests": [f"{HERE}test_every_trap_of_the_sources_is_listed"]}, "what it is about"),
        ({}, "neither handled nor documented"),
        ({"tests": [], "owner": "x"}, "unknown key owner"),
        ({"tests": [f"{HERE}test_gone"]}, "no such test"),
        ({"tests": [f"{HERE}faults"]}, "no such test"),
        (
            {
                "tests": [
                    "tests/unit/plugins/module_utils/readers/test_status.py::test_recording_is_read_as_it_was[two exports]"
                ]
            },
            "no such case",
        ),
        ({"tests": ["tests/unit/test_gone.py::test_gone"]}, "no such file"),
        ({"tests": ["tests/unit/test_traps.py"]}, "no id"),
        ({"tests": ["plugins/test_traps.py::test_x"]}, "no id"),
        ({"docs": {"file": "docs/contributing/lab.md", "sentence": "It is a real cluster."}}, "does not say"),
        (
            {"docs": {"file": "docs/contributing/lab.md", "sentence": "Its clocks are the product's"}},
            "no whole sentence",
        ),
        ({"docs": {"file": "README.md", "sentence": "Here it takes an inventory."}}, "no file in docs"),
        ({"docs": {"file": "docs/gone.md", "sentence": "Gone."}}, "no file in docs"),
    ],
)
def test_faults_are_found(trap: Json, fault: str | None) -> None:
    listed = faults({"about": "something", **trap})
    assert any(fault in text for text in listed) if fault else listed == []
