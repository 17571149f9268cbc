# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the status document as JUnit XML: a case for each link and check, and for each mesh and check. Pure.

A case fails exactly where a word of ``federation_fail_on`` applies, so that a pipeline and the exit status agree; what was found beside
these words makes a case skipped, with what was found as its message.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Mapping, NamedTuple, Sequence, Tuple
from xml.etree import ElementTree

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._report.conditions import EXPIRING, is_drift
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    FederationStatus,
    StatusLink,
    StatusMesh,
)

#: Characters that XML 1.0 cannot carry; messages have text of clusters.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: States of a connected link that has a fault all the same, by the check that fails.
_IMPORTS = ("incomplete", "collision", "requests fail")
_SYNC = ("syncing",)
#: Links that say nothing of their own.
_EXCLUDED = "excluded"
#: What the checks of a link say that is not connected; no word of ``federation_fail_on`` is about it.
_UNTOLD = "the link is not connected"


class Finding(NamedTuple):
    """What a check has found: the word of ``federation_fail_on``, and the text."""

    word: str
    message: str


class Case(NamedTuple):
    """One case; without findings it has passed."""

    suite: str
    subject: str
    check: str
    findings: Sequence[Finding]


def as_junit(status: FederationStatus) -> str:
    """The whole document: one suite for the links, one for the meshes."""
    cases = [case for link in status["links"] for case in _link_cases(link)]
    cases += [case for mesh in status["meshes"] for case in _mesh_cases(status, mesh)]
    cases += _group_cases(status)
    suites: Mapping[str, List[Case]] = {name: [] for name in ("links", "meshes", "federation")}
    for case in cases:
        suites[case.suite].append(case)
    root = ElementTree.Element("testsuites", {"name": status["group"]})
    for name, of_suite in suites.items():
        _suite(root, name, of_suite, status)
    total = [element for suite in root for element in suite if element.tag == "testcase"]
    root.attrib.update(_numbers(total))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


# -- cases -------------------------------------------------------------------------------------------------------------


def _link_cases(link: StatusLink) -> List[Case]:
    """The checks of one link."""
    subject = f"{link['from']} -> {link['to']}"
    state, text = link["state"], _link_text(link)
    word = _word(link)
    is_found = not link["healthy"] and word
    checks: Sequence[Tuple[str, bool]] = (
        ("connected", state not in (*_SYNC, *_IMPORTS)),
        ("synced", state in _SYNC),
        ("imported", state in _IMPORTS),
    )
    cases = [
        Case("links", subject, name, [Finding(word, text)] if is_found and fails else []) for name, fails in checks
    ]
    if cases[0].findings or state == _EXCLUDED:
        cases[1:] = [case._replace(findings=[Finding("", _UNTOLD)]) for case in cases[1:]]
    unverified = [Finding("unverified", link["unverified"])] if link["unverified"] else []
    drift = [Finding("drift", drift_text(row)) for row in link["drift"] if is_drift(row)]
    return [*cases, Case("links", subject, "verified", unverified), Case("links", subject, "as declared", drift)]


def _word(link: StatusLink) -> str:
    """The word for a link that is not healthy; empty where it is not judged."""
    if link["state"] == "unknown":
        return "unknown"
    if link["failed"]:
        return "degraded"
    return "" if link["state"] == _EXCLUDED else "pending"


def _link_text(link: StatusLink) -> str:
    fix = f". Fix: {link['remedy'].rstrip('.')}" if link["remedy"] else ""
    code = f" [{link['code']}]" if link["code"] else ""
    return f"{link['state']}: {link['message'].rstrip('.')}{fix}.{code}"


def drift_text(row: Difference) -> str:
    """One difference in a line."""
    place = f"{row['kind']} {row['namespace']}/{row['name']}"
    field = f" {row['field']}" if row["field"] else ""
    return f"{place}{field}: declared {row['declared']!r}, live {row['live']!r}"


def _mesh_cases(status: FederationStatus, mesh: StatusMesh) -> List[Case]:
    """The checks of one mesh."""
    name, problems = mesh["mesh"], mesh["problems"]
    is_unread = not mesh["readable"] and not mesh["by_file"]
    errors = _texts(problems, "error")
    drift = [
        drift_text(row) for row in status["drift"] if row["mesh"] == name and row["peer"] is None and is_drift(row)
    ]
    unmanaged = [
        f"{row['kind']} {row['namespace']}/{row['name']}: {row['message']}"
        for row in status["unmanaged"]
        if row["mesh"] == name
    ]
    expiring = [one["message"] for one in problems if one["code"] == EXPIRING]
    checks: Sequence[Tuple[str, str, Sequence[str]]] = (
        ("readable", "unknown", errors or ["it could not be read"] if is_unread else []),
        ("without errors", "degraded", [] if is_unread else errors),
        ("as declared", "drift", drift),
        ("root certificates", "expiring", expiring),
        ("managed", "unmanaged", unmanaged),
        ("without warnings", "warning", _texts(problems, "warning")),
    )
    return [Case("meshes", name, check, [Finding(word, text) for text in texts]) for check, word, texts in checks]


def _group_cases(status: FederationStatus) -> List[Case]:
    """The checks of what concerns no single mesh."""
    meshes = {mesh["mesh"] for mesh in status["meshes"]}
    problems = [one for one in status["problems"] if one["mesh"] not in meshes]
    return [
        Case("federation", status["group"], check, [Finding(word, text) for text in _texts(problems, severity)])
        for check, word, severity in (
            ("without errors", "degraded", "error"),
            ("without warnings", "warning", "warning"),
        )
    ]


def _texts(problems: Iterable[Problem], severity: str) -> List[str]:
    return [problem_line(one) for one in problems if one["severity"] == severity]


# -- XML ---------------------------------------------------------------------------------------------------------------


def _suite(root: ElementTree.Element, name: str, cases: Sequence[Case], status: FederationStatus) -> None:
    attributes = {"name": name, "timestamp": status["generated"].rstrip("Z"), "time": "0"}
    suite = ElementTree.SubElement(root, "testsuite", attributes)
    for case in cases:
        named = {"classname": f"{status['group']}.{name}.{case.subject}", "name": case.check, "time": "0"}
        _outcome(ElementTree.SubElement(suite, "testcase", _clean(named)), case, status["fail_on"])
    suite.attrib.update(_numbers(list(suite)))


def _outcome(element: ElementTree.Element, case: Case, fail_on: Sequence[str]) -> None:
    """What a case ends with: an error where nothing is known, a failure, or skipped where nobody asked for it."""
    failing = [finding for finding in case.findings if finding.word in fail_on]
    shown = failing or case.findings
    if not shown:
        return
    is_unknown = any(finding.word == "unknown" for finding in failing)
    tag = "skipped" if not failing else "error" if is_unknown else "failure"
    attributes = {"message": shown[0].message}
    if failing:
        attributes["type"] = failing[0].word
    outcome = ElementTree.SubElement(element, tag, _clean(attributes))
    outcome.text = _FORBIDDEN.sub("?", "\n".join(finding.message for finding in shown))


def _clean(attributes: Mapping[str, str]) -> Dict[str, str]:
    return {key: _FORBIDDEN.sub("?", value) for key, value in attributes.items()}


def _numbers(cases: Sequence[ElementTree.Element]) -> Mapping[str, str]:
    tags = [outcome.tag for case in cases for outcome in case]
    return {
        "tests": str(len(cases)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
    }
