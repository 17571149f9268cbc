# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the tables of the page. Pure."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import (
    Attributes,
    Child,
    Html,
    joined,
    tag,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import SEVERITIES, badge, tone_of
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.stories import fix, has_story, is_wrong
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.values import (
    age,
    answer,
    place,
    text_or_dash,
    value,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import (
    View,
    code_reference,
    ends_of,
    link_data,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    StatusLink,
    StatusMesh,
    StatusRoot,
)

#: A row: its attributes and its cells; the first is the heading of the row.
Row = Tuple[Dict[str, str], List[Child]]


def links_table(view: View) -> Html:
    """Every link, the worst first."""
    columns = ["Link", "State", "What is wrong, and what to do", "Last full sync", "Imports"]
    return _section("links", "Links", columns, [_link(view, link) for link in view.links], "There are no links.")


def _link(view: View, link: StatusLink) -> Row:
    data = link_data(link)
    if not has_story(view, link):
        data["id"] = view.link_anchor(ends_of(link))
    wanted = len(link["imported"]) + len(link["missing"])
    imports = f"{len(link['imported'])} of {wanted}" if link["missing"] else f"{len(link['imported'])}"
    state = joined([badge(tone_of(link), link["shown_state"]), code_reference(link["code"])])
    unverified = f"not verified: {link['unverified']}" if link["unverified"] else ""
    message = link["message"] if is_wrong(link) else unverified
    story = joined([tag("p", {}, message) if message else None, fix(link["remedy"]) if link["remedy"] else None])
    name = view.link_reference(link) if has_story(view, link) else f"{link['from']} → {link['to']}"
    wrong: Child = story if story.source else text_or_dash(None)
    return data, [name, state, wrong, age(link["sync_age_seconds"]), imports]


def meshes_table(view: View) -> Html:
    """Every mesh, with the root that expires first."""
    columns = ["Mesh", "Control plane", "Version", "Platform", "Trust domain", "Root certificates", "Problems"]
    rows = [_mesh(view, view.meshes[name]) for name in view.names if name in view.meshes]
    return _section("meshes", "Meshes", columns, rows, "There are no meshes.")


def _mesh(view: View, mesh: StatusMesh) -> Row:
    data = {"data-mesh": mesh["mesh"], "id": view.mesh_anchor(mesh["mesh"])}
    host = tag("span", {"class": "minor"}, f"host {mesh['host']}") if mesh["host"] not in ("", mesh["mesh"]) else None
    name = joined([tag("span", {}, mesh["mesh"]), host])
    if mesh["by_file"]:
        plane: Child = "known by its identity file"
    elif not mesh["readable"]:
        plane = badge("unknown", "not readable" if mesh["in_play"] else "not part of the run")
    else:
        ready = {True: "ready", False: "not ready", None: "readiness not known"}[mesh["ready"]]
        tone = tag("span", {"class": "minor" if mesh["ready"] is not False else "minor alarm"}, ready)
        plane = joined([tag("code", {}, place(mesh["namespace"], mesh["control_plane"] or "?")), tone])
    openshift = tag("span", {"class": "minor"}, f"OpenShift {mesh['openshift']}") if mesh["openshift"] else None
    return data, [
        name,
        plane,
        text_or_dash(mesh["version"]),
        joined([text_or_dash(mesh["platform"]), openshift]),
        text_or_dash(mesh["trust_domain"]),
        joined(_root(root) for root in mesh["roots"]) if mesh["roots"] else text_or_dash(None),
        str(len(mesh["problems"])) if mesh["problems"] else text_or_dash(None),
    ]


def _root(root: StatusRoot) -> Html:
    days = root["days"]
    expiry = f"expires in {days} days" if days >= 0 else f"expired {-days} days ago"
    return tag(
        "div",
        {"class": "root"},
        tag("span", {"class": "alarm" if days < 30 else None}, expiry),
        tag("span", {"class": "minor"}, f"{root['not_after'][:10]}, {root['subject']}"),
        tag("code", {"class": "fingerprint"}, root["fingerprint"]),
    )


def drift_table(view: View) -> Html:
    """Where live objects differ from the declaration."""
    columns = ["Object", "Mesh", "Field", "Declared", "Live", "federate.yml"]
    rows = [_drift(row) for row in view.status["drift"]]
    return _section("drift", "Drift", columns, rows, "No live object differs from the declaration.")


def _drift(row: Difference) -> Row:
    field: Child = tag("code", {}, row["field"]) if row["field"] else "whole object"
    action = "writes it" if row["change"] else "leaves it: unmanaged"
    name = joined([f"{row['kind']} ", tag("code", {}, place(row["namespace"], row["name"]))])
    return _pair(row["mesh"], row["peer"]), [
        name,
        _name(row["mesh"]),
        field,
        value(row["declared"]),
        value(row["live"]),
        action,
    ]


def _pair(mesh: str, peer: Optional[str]) -> Dict[str, str]:
    return {"data-from": mesh, "data-to": peer} if peer else {"data-mesh": mesh}


def services_table(view: View) -> Html:
    """Every service that a mesh offers to another, with the name that its consumers use."""
    columns = ["Exported name", "From", "To", "Local host", "Host that consumers use", "Imported"]
    rows = [row for link in sorted(view.links, key=ends_of) for row in _services(link)]
    return _section("services", "Exports and imports", columns, rows, "No service is exported or imported.")


def _services(link: StatusLink) -> List[Row]:
    exported = {row["name"]: row["host"] for row in link["exported"]}
    imported = {row["name"]: row["host"] for row in link["imported"]}
    rows: List[Row] = []
    for name in sorted({*exported, *imported, *link["missing"]}):
        is_missing = name in link["missing"]
        state: Child = badge("warn", "missing") if is_missing else answer(name in imported)
        local, remote = exported.get(name), imported.get(name)
        cells: List[Child] = [
            tag("code", {}, name),
            _name(link["to"]),
            _name(link["from"]),
            *map(_host, (local, remote)),
            state,
        ]
        rows.append((link_data(link), cells))
    return rows


def _name(mesh: str) -> Html:
    return tag("span", {"class": "names"}, mesh)


def _host(name: Optional[str]) -> Html:
    return tag("code", {}, name) if name else text_or_dash(None)


def unmanaged_table(view: View) -> Html:
    """Objects that others manage."""
    columns = ["Object", "Mesh", "Use", "Managed by", "Remark"]
    rows: List[Row] = []
    for row in view.status["unmanaged"]:
        name = joined([f"{row['kind']} ", tag("code", {}, place(row["namespace"], row["name"]))])
        use = "used as it is" if row["used"] else "not needed by a declared link"
        managers = text_or_dash(", ".join(row["managers"]))
        rows.append(
            (_pair(row["mesh"], row["peer"]), [name, _name(row["mesh"]), use, managers, text_or_dash(row["message"])])
        )
    return _section("unmanaged", "Unmanaged objects", columns, rows, "No unmanaged objects.")


def problems_table(view: View) -> Html:
    """Every single problem; the causes above have put together what one fix corrects."""
    columns = ["Problem", "Mesh", "Object or variable", "What is wrong, and what to do"]
    order = list(SEVERITIES)
    problems = sorted(
        view.status["problems"], key=lambda row: (order.index(row["severity"]), row["mesh"], row["where"])
    )
    rows: List[Row] = []
    for row in problems:
        severity = joined([badge(SEVERITIES[row["severity"]], row["severity"]), code_reference(row["code"])])
        story = joined([tag("p", {}, row["message"]), fix(row["remedy"]) if row["remedy"] else None])
        rows.append(
            (_pair(row["mesh"], row.get("peer")), [severity, _name(row["mesh"]), tag("code", {}, row["where"]), story])
        )
    return _section("problems", "Problems", columns, rows, "No problems.")


def _section(name: str, title: str, columns: Sequence[str], rows: Sequence[Row], empty: str) -> Html:
    """A table with its heading, or the sentence that says why there is none."""
    count = tag("span", {"class": "count"}, str(len(rows)))
    heading = tag("h2", {"id": name, "tabindex": -1}, title, " ", count)
    attributes = {"class": "part", "aria-labelledby": name}
    if not rows:
        return tag("section", attributes, heading, tag("p", {"class": "nothing"}, empty))
    head = tag("thead", {}, tag("tr", {}, *(tag("th", {"scope": "col"}, column) for column in columns)))
    body = [
        tag("tr", data, tag("th", {"scope": "row"}, cells[0]), *(tag("td", {}, cell) for cell in cells[1:]))
        for data, cells in rows
    ]
    table = tag("table", {"class": "list", "aria-labelledby": name}, head, tag("tbody", {}, *body))
    region: Attributes = {"class": "scroll", "role": "region", "aria-label": f"Table: {title}", "tabindex": 0}
    none_left = tag("p", {"class": "none-left", "hidden": True}, "The filter leaves no row.")
    return tag("section", attributes, heading, tag("div", region, table), none_left)
