# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the status document as metrics. Pure.

The text is OpenMetrics, and also the older format that the textfile collector of the node exporter parses: gauges only, HELP and TYPE
before each, no timestamps, and a last line that is a comment to the older parser.
"""

from __future__ import annotations

from typing import Callable, Iterable, List, Mapping, NamedTuple, Sequence, Tuple, Union

from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.plugin_utils._report.conditions import is_drift
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus, StatusLink

PREFIX = "ossm_federation_"
Number = Union[int, float]
#: The labels of a sample, without that of the group, and its value.
Sample = Tuple[Mapping[str, str], Number]
Samples = Iterable[Sample]


class Metric(NamedTuple):
    """One metric: its name without the prefix, what it means, the names of its labels, and its samples of a status."""

    name: str
    help: str
    labels: Tuple[str, ...]
    samples: Callable[[FederationStatus], Samples]


def _conditions(status: FederationStatus) -> Samples:
    return [({"condition": word}, number) for word, number in status["conditions"].items()]


def _roots(status: FederationStatus) -> Samples:
    """A root that several meshes share has a sample for each."""
    return [
        ({"mesh": mesh["mesh"], "fingerprint": root["fingerprint"]}, _seconds(root["not_after"]))
        for mesh in status["meshes"]
        for root in mesh["roots"]
    ]


def _by_mesh(rows: Sequence[Mapping[str, object]], status: FederationStatus) -> Samples:
    """A number of rows for each mesh that was read."""
    meshes = [row["mesh"] for row in rows]
    return [({"mesh": one["mesh"]}, meshes.count(one["mesh"])) for one in status["meshes"] if one["readable"]]


def _of_links(value: Callable[[StatusLink], Union[Number, None]]) -> Callable[[FederationStatus], Samples]:
    """A sample for each link; none where the value is unknown."""

    def samples(status: FederationStatus) -> Samples:
        values = [(link, value(link)) for link in status["links"]]
        return [({"from": link["from"], "to": link["to"]}, number) for link, number in values if number is not None]

    return samples


def _states(status: FederationStatus) -> Samples:
    return [({"from": link["from"], "to": link["to"], "state": link["shown_state"]}, 1) for link in status["links"]]


def _seconds(time: str) -> int:
    return int(parse_time(time).timestamp())


#: All metrics; docs/status.md has the same table.
METRICS: Tuple[Metric, ...] = (
    Metric(
        "generated_timestamp_seconds",
        "Time of the status, by the clock of the controller.",
        (),
        lambda status: [({}, _seconds(status["generated"]))],
    ),
    Metric(
        "healthy", "Whether the verdict is HEALTHY.", (), lambda status: [({}, int(status["verdict"] == "HEALTHY"))]
    ),
    Metric(
        "failing",
        "Whether any condition of federation_fail_on applies.",
        (),
        lambda status: [({}, int(bool(status["failing"])))],
    ),
    Metric("findings", "Number of findings, by the words of federation_fail_on.", ("condition",), _conditions),
    Metric(
        "mesh_readable",
        "Whether the mesh could be read.",
        ("mesh",),
        lambda status: [({"mesh": mesh["mesh"]}, int(mesh["readable"])) for mesh in status["meshes"]],
    ),
    Metric(
        "root_expiry_timestamp_seconds",
        "Time at which a root certificate of the mesh expires.",
        ("mesh", "fingerprint"),
        _roots,
    ),
    Metric(
        "link_up",
        "Whether the mesh from is connected to the mesh to; absent where that is unknown.",
        ("from", "to"),
        _of_links(lambda link: None if link["connected"] is None else int(link["connected"])),
    ),
    Metric(
        "link_healthy",
        "Whether the link is connected and synced, and has imported what is expected.",
        ("from", "to"),
        _of_links(lambda link: int(link["healthy"])),
    ),
    Metric("link_state", "The state of the link, as a label.", ("from", "to", "state"), _states),
    Metric(
        "link_sync_age_seconds",
        "Seconds from the last full sync of the link to the time of the status.",
        ("from", "to"),
        _of_links(lambda link: link["sync_age_seconds"]),
    ),
    Metric(
        "link_imports",
        "Number of services that the mesh from imports from the mesh to.",
        ("from", "to"),
        _of_links(lambda link: None if link["connected"] is None else len(link["imported"])),
    ),
    Metric(
        "link_imports_expected",
        "Number of services that are offered to the mesh from and matched by its import rules.",
        ("from", "to"),
        _of_links(lambda link: len(link["expected"])),
    ),
    Metric(
        "drift_fields",
        "Number of fields of the mesh whose live value is not the declared one.",
        ("mesh",),
        lambda status: _by_mesh([row for row in status["drift"] if is_drift(row)], status),
    ),
    Metric(
        "unmanaged_objects",
        "Number of objects of the mesh that the declaration does not manage.",
        ("mesh",),
        lambda status: _by_mesh(status["unmanaged"], status),
    ),
)


def as_metrics(status: FederationStatus) -> str:
    """All metrics as text; each sample has the label ``group`` as well."""
    lines: List[str] = []
    for metric in METRICS:
        name = f"{PREFIX}{metric.name}"
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} gauge"]
        lines += [
            f"{name}{{{_labels({'group': status['group'], **labels})}}} {number}"
            for labels, number in metric.samples(status)
        ]
    return "\n".join([*lines, "# EOF", ""])


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
