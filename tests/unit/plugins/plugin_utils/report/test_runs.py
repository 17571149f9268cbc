# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reports of all runs have in common."""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._report import runs


def _problem(mesh: str, severity: str = "error") -> Problem:
    return problem("permission-missing", mesh, "namespace istio-system", "the account may not patch", severity=severity)


def test_two_meshes_with_equal_namespaces_have_a_problem_each() -> None:
    found = [_problem("red-mesh"), _problem("green-mesh"), _problem("red-mesh")]
    assert [one["mesh"] for one in runs.distinct(found)] == ["red-mesh", "green-mesh"]


def test_a_host_fails_because_of_the_errors_of_its_mesh() -> None:
    found = [_problem("red-mesh"), _problem("green-mesh", "warning")]
    failures = runs.failures({"red": "red-mesh", "green": "green-mesh"}, found)
    assert failures == {"red": "1 error [permission-missing]. See the report above."}
    assert runs.has_errors(found) and not runs.has_errors(found[1:])


def test_each_paragraph_has_an_empty_line_before_it() -> None:
    assert runs.paragraphs([], [["a", "b"], [], ["c"]]) == ["", "a", "b", "", "c"]
