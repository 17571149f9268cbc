# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of status.yml: metrics for the node exporter and for OpenMetrics, JUnit, and the text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus
from unit.builders import statuses
from unit.builders.statuses import BLUE, GREEN, RED

from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import FAIL_ON
from ansible_collections.ossm.federation.plugins.plugin_utils._report import junit, metrics, status_files, status_text
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH

DOCUMENTS = [statuses.healthy, statuses.broken, statuses.troubled]
Builder = Callable[[], FederationStatus]
Samples = dict[str, dict[tuple[str, ...], float]]
PAGE = (statuses.ROOT / "docs" / "status.md").read_text(encoding="utf-8")


# -- metrics -----------------------------------------------------------------------------------------------------------


def _samples(families: Any) -> Samples:
    """The samples of each metric by the values of its labels but the group."""
    found: Samples = {}
    for family in families:
        assert family.type == "gauge" and family.documentation
        for sample in family.samples:
            assert sample.timestamp is None and sample.labels.pop("group") == "federation"
            found.setdefault(sample.name.removeprefix(metrics.PREFIX), {})[tuple(sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize("build", DOCUMENTS)
def test_both_parsers_read_the_same_metrics(build: Builder) -> None:
    text = metrics.as_metrics(build())
    assert _samples(parse_openmetrics(text)) == _samples(parse_prometheus(text))
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    helped = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    assert names == helped == [f"{metrics.PREFIX}{one.name}" for one in metrics.METRICS] and len(set(names)) == len(
        names
    )
    assert text.endswith("# EOF\n")


def test_metrics_of_a_troubled_federation() -> None:
    found = _samples(parse_openmetrics(metrics.as_metrics(statuses.troubled())))
    assert found["healthy"] == {(): 0} and found["failing"] == {(): 1}
    assert found["link_up"] == {(GREEN, BLUE): 1, (GREEN, RED): 0, (RED, BLUE): 1, (RED, GREEN): 1}
    assert found["link_healthy"][BLUE, RED] == 0 and found["link_healthy"][RED, GREEN] == 1
    assert found["link_sync_age_seconds"][RED, GREEN] == 12
    assert (found["link_imports"][GREEN, RED], found["link_imports_expected"][GREEN, RED]) == (1, 1)
    assert found["mesh_readable"] == {(BLUE,): 0, (GREEN,): 1, (RED,): 1}
    assert found["drift_fields"] == {(GREEN,): 0, (RED,): 1} == found["unmanaged_objects"]
    assert {key[0] for key in found["root_expiry_timestamp_seconds"]} == {GREEN, RED}
    assert found["findings"]["unknown",] == 3 and len(found["findings"]) == len(FAIL_ON)
    assert found["link_state"][GREEN, RED, "unreachable"] == 1


def test_a_label_cannot_break_the_text() -> None:
    status = statuses.healthy()
    status["group"] = 'a "b"\\c\nd'
    text = metrics.as_metrics(status)
    for parse in (parse_openmetrics, parse_prometheus):
        assert {sample.labels["group"] for family in parse(text) for sample in family.samples} == {status["group"]}


def test_the_page_has_the_table_of_metrics() -> None:
    for metric in metrics.METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metrics.PREFIX}{metric.name}` | {labels} | {metric.help.rstrip('.')} |" in PAGE


# -- JUnit -------------------------------------------------------------------------------------------------------------


def _check_shape(root: ElementTree.Element) -> None:
    """The usual schema of JUnit: counts that fit, at most one outcome for each case, unique names."""
    assert root.tag == "testsuites" and root.get("name")
    cases = list(root.iter("testcase"))
    for element in (root, *root):
        inside = list(element.iter("testcase"))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.attrib[attribute]) == sum(case.find(tag) is not None for case in inside)
        assert int(element.attrib["tests"]) == len(inside) and element.tag in ("testsuites", "testsuite")
    for suite in root:
        assert (
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
            and float(suite.attrib["time"]) == 0
        )
    for case in cases:
        assert case.get("classname") and case.get("name") and len(case) <= 1
        assert all(one.tag in ("failure", "error", "skipped") and one.get("message") for one in case)
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)


@pytest.mark.parametrize("build", DOCUMENTS)
@pytest.mark.parametrize("words", [(), *itertools.combinations(FAIL_ON, 1), FAIL_ON])
def test_junit_fails_exactly_where_the_run_does(build: Builder, words: tuple[str, ...]) -> None:
    status = build()
    status["fail_on"] = list(words)
    root = ElementTree.fromstring(junit.as_junit(status).encode())
    _check_shape(root)
    failed = {one.get("type") for tag in ("failure", "error") for one in root.iter(tag)}
    assert failed == {word for word in words if status["conditions"][word]}


def test_each_link_and_each_mesh_has_its_checks() -> None:
    root = ElementTree.fromstring(junit.as_junit(statuses.broken()).encode())
    links, meshes, federation = ([case.get("name") for case in suite] for suite in root)
    assert links == ["connected", "synced", "imported", "verified", "as declared"] * 6
    assert len(meshes) == 3 * 6 and len(federation) == 2
    (failure,) = root.iter("failure")
    assert "503 Service Unavailable" in (failure.text or "") and "Fix: " in (failure.text or "")


def test_text_of_clusters_cannot_break_the_xml() -> None:
    status = statuses.broken()
    for link in status["links"]:
        link["message"] = "a\x00b\x1b[1m <c> & \ud800 \ufffe"
    ElementTree.fromstring(junit.as_junit(status).encode())


# -- text and files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", DOCUMENTS)
def test_the_text_fits_and_begins_with_the_verdict(build: Builder) -> None:
    status = build()
    lines = status_text.status_lines(status)
    assert lines[0].startswith(f"{status['verdict']}  ")
    assert [line for line in lines if len(line) > WIDTH and " " in line.strip()] == []


def test_the_files_are_in_the_directory(tmp_path: Path) -> None:
    files = status_files.status_files(statuses.healthy(), str(tmp_path))
    names = {Path(file["path"]).name for file in files}
    assert names == {f"federation-status.{end}" for end in ("json", "xml", "prom", "html")}
    assert all(file["content"] and Path(file["path"]).parent == tmp_path for file in files)
    assert status_files.status_files(statuses.healthy(), "") == []
