# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page without a browser: what is escaped, where things are drawn, and that every fact of the document is on it."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, strategies
from unit.builders import pages, statuses

from ansible_collections.ossm.federation.plugins.plugin_utils._report import matrix, types
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page import (
    curves,
    drawing,
    html as markup,
    layout,
    states,
    stories,
    values,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import View
from ansible_collections.ossm.federation.plugins.plugin_utils._report.page import page
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    FederationStatus,
    StatusVerdict,
)

ROOT = Path(__file__).resolve().parents[5]
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--"
VOID = {"br", "input", "link", "meta"}
DOCUMENTS = {
    "three": pages.three(),
    "five": pages.full(5),
    "full": pages.full(10),
    "hub": pages.hub(100),
    "healthy": statuses.healthy(),
    "troubled": statuses.troubled(),
    "empty": pages.document([], []),
}


class Read(html.parser.HTMLParser):
    """A page as a browser without scripts reads it: elements by name with their attributes, ids, texts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _value in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return [attributes for tag, attributes in self.elements if tag == name]

    def all(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [text for _tag, attributes in self.elements if (text := attributes.get(attribute)) is not None]


def read(status: FederationStatus) -> Read:
    """The page of a document; all its elements are closed."""
    found = Read(page(status))
    assert found.open == []
    return found


def replaced(data: Any, text: str) -> Any:
    """A document with a text in place of all its free texts."""
    fixed = {"state", "shown_state", "severity", "verdict", "owner", "generated", "not_after"}
    if isinstance(data, dict):
        return {key: one if key in fixed else replaced(one, text) for key, one in data.items()}
    if isinstance(data, list):
        return [replaced(one, text) for one in data]
    return f"{data}{text}" if isinstance(data, str) and data else data


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_of_these_tests_are_valid(name: str) -> None:
    jsonschema.Draft202012Validator(statuses.schema()).validate(dict(DOCUMENTS[name]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_page_is_well_formed_and_always_the_same(name: str) -> None:
    status = DOCUMENTS[name]
    found = read(status)
    ids = found.all("id")
    assert len(ids) == len(set(ids))
    targets = {href[1:] for href in found.all("href") if href.startswith("#")}
    assert targets <= set(ids)
    for attribute in ("aria-labelledby", "aria-describedby", "for"):
        assert set(found.all(attribute)) <= set(ids)
    assert page(status) == page(status)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_page_needs_nothing_else(name: str) -> None:
    """No address to load from; links lead to the documentation or within the page; there is no style in attributes."""
    found = read(DOCUMENTS[name])
    assert found.all("src") == [] and found.all("style") == []
    assert not [attribute for _tag, one in found.elements for attribute in one if attribute.startswith("on")]
    outside = {href.partition("/docs/")[0] for href in found.all("href") if not href.startswith(("#", "data:"))}
    assert outside <= {"https://github.com/ossm-federation/ossm.federation/blob/main"}
    sources = re.sub(r"/\*.*?\*/|^ *//.*?$", "", _own("style") + _own("script"), flags=re.S | re.M)
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttp|innerHTML|eval\(", sources)


def _own(name: str) -> str:
    """The text of the style or of the script of a page."""
    (found,) = re.findall(rf"<{name}>(.*?)</{name}>", page(DOCUMENTS["three"]), re.S)
    return str(found)


@pytest.mark.parametrize("name", ["style", "script"])
def test_the_policy_allows_exactly_the_own_texts(name: str) -> None:
    digest = base64.b64encode(hashlib.sha256(_own(name).encode()).digest()).decode()
    (policy,) = [one["content"] for one in read(DOCUMENTS["three"]).named("meta") if "http-equiv" in one]
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": rules["style-src"],
        "script-src": rules["script-src"],
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert rules[f"{name}-src"] == f"'sha256-{digest}'"


@pytest.mark.parametrize("name", ["three", "full", "hub", "troubled"])
def test_texts_of_the_document_are_never_markup(name: str) -> None:
    """The page has the same elements and attributes, whatever the texts are."""
    plain, hostile = read(DOCUMENTS[name]), read(replaced(DOCUMENTS[name], HOSTILE))
    assert [(tag, list(attributes)) for tag, attributes in _stable(plain)] == [
        (tag, list(attributes)) for tag, attributes in _stable(hostile)
    ]
    assert any(HOSTILE in text for text in hostile.texts)


def _stable(found: Read) -> list[tuple[str, dict[str, str | None]]]:
    """All elements, but for the titles of names that are shortened."""
    return [one for one in found.elements if one[0] != "title"]


@given(strategies.text())
def test_any_text_is_escaped(text: str) -> None:
    found = Read(f"<p>{markup.tag('b', {'title': text}, text).source}</p>")
    assert [tag for tag, _attributes in found.elements] == ["p", "b"] and found.open == []
    assert "".join(found.texts) == found.named("b")[0]["title"]


@pytest.mark.parametrize("text", ["red\u202emesh", "red\x00mesh", "red\u2066mesh", "red\x1bmesh"])
def test_invisible_characters_become_visible(text: str) -> None:
    assert markup.escaped(text) == "red\ufffdmesh"


def test_every_state_verdict_and_severity_has_a_tone() -> None:
    assert set(states.STATES) == set(matrix.MARKS) == {*get_args(types.State), matrix.UNVERIFIED}
    assert set(states.VERDICTS) == set(get_args(StatusVerdict))
    assert set(states.SEVERITIES) == set(get_args(types.CauseSeverity))
    assert set(states.STATES.values()) == set(states.TONES) == set(get_args(states.Tone))


def test_tones_differ_in_shape_and_in_line() -> None:
    marks = {re.sub("tone-[a-z]+", "", states.mark(tone).source) for tone in states.TONES}
    dashes = dict(re.findall(r"^\.tone-([a-z]+) \{.*--dash: (.*?);", _own("style"), re.M))
    assert len(marks) == len(states.TONES) == len(set(dashes.values())) and set(dashes) == set(states.TONES)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "empty"])
def test_every_fact_is_on_the_page(name: str) -> None:
    status = DOCUMENTS[name]
    text = "".join(read(status).texts)
    facts: list[str | None] = [status["verdict"], status["group"], status["collection"]]
    for link in status["links"]:
        facts += [
            f"{link['from']} → {link['to']}",
            link["shown_state"],
            link["code"],
            link["remedy"],
            link["unverified"],
        ]
        facts += [*link["missing"], *(one["host"] for one in [*link["imported"], *link["exported"]])]
        facts += [one["name"] for one in link["objects"]]
    for mesh in status["meshes"]:
        facts += [mesh["mesh"], mesh["version"], mesh["platform"], mesh["trust_domain"], mesh["openshift"]]
        facts += [root["fingerprint"] for root in mesh["roots"]]
    for row in status["drift"]:
        facts += [row["field"], *(one for one in (row["declared"], row["live"]) if isinstance(one, str))]
    for cause in status["causes"]:
        facts += [cause["remedy"], *cause["codes"], *(one["message"] for one in cause["findings"])]
    facts += [one["message"] for one in [*status["problems"], *status["unmanaged"]]]
    assert [fact for fact in facts if fact and fact not in text] == []


def test_a_cause_is_shown_once_and_many_are_folded() -> None:
    one = pages.three()["causes"][0]
    many = {**pages.three(), "causes": [{**one, "summary": f"cause {number}"} for number in range(20)]}
    found = read(many)
    assert len(found.named("details")) == 1 and "14 more" in found.texts
    assert len([one for one in found.named("li") if str(one.get("class", "")).startswith("cause")]) == 20


def test_the_worst_comes_first() -> None:
    order = [link["shown_state"] for link in View(pages.three()).links]
    assert order == ["refused", "incomplete", "unknown", "unknown", matrix.UNVERIFIED, matrix.UNVERIFIED]


def test_a_healthy_link_of_very_many_has_a_row_and_no_story() -> None:
    status = pages.full(33)
    found = read(status)
    bad = [link for link in status["links"] if not link["healthy"]]
    assert len(status["links"]) > stories.MOST_STORIES and len(found.named("article")) == len(bad)


def pairs(*ends: str) -> set[layout.Pair]:
    return {frozenset(pair) for pair in ends}


@pytest.mark.parametrize(
    ("number", "linked", "form"),
    [
        (1, [], "ring"),
        (3, list(itertools.combinations(range(3), 2)), "ring"),
        (5, list(itertools.combinations(range(5), 2)), "ring"),
        (6, list(itertools.combinations(range(6), 2)), "matrix"),
        (12, [(0, spoke) for spoke in range(1, 12)], "ring"),
        (13, [(0, spoke) for spoke in range(1, 13)], "stars"),
        (100, [(0, spoke) for spoke in range(1, 100)], "stars"),
        (100, [(hub, spoke) for hub in range(4) for spoke in range(4, 100)], "stars"),
        (100, [(hub, spoke) for hub in range(5) for spoke in range(5, 100)], "matrix"),
        (100, list(itertools.combinations(range(100), 2)), "matrix"),
        (40, [(one, (one + 1) % 40) for one in range(40)], "matrix"),
    ],
)
def test_the_form_follows_from_the_links(number: int, linked: list[tuple[int, int]], form: str) -> None:
    found = {frozenset((f"m{one}", f"m{two}")) for one, two in linked}
    assert layout.form_of([f"m{index}" for index in range(number)], found) == form


def overlap(one: layout.Box, two: layout.Box) -> bool:
    return abs(one.x - two.x) < (one.width + two.width) / 2 and abs(one.y - two.y) < (one.height + two.height) / 2


@pytest.mark.parametrize("has_hub", [True, False])
@pytest.mark.parametrize("number", range(1, layout.RING + 1))
def test_boxes_of_a_ring_do_not_overlap(number: int, has_hub: bool) -> None:
    names = [f"production-mesh-number-{index}" for index in range(number)]
    ends = [(0, spoke) for spoke in range(1, number)] if has_hub else [(one, one + 1) for one in range(number - 1)]
    boxes, height = layout.ring(names, {frozenset((names[one], names[two])) for one, two in ends})
    assert sorted(box.mesh for box in boxes) == sorted(names)
    assert not [pair for pair in itertools.combinations(boxes, 2) if overlap(*pair)]
    for box in boxes:
        assert 0 <= box.x - box.width / 2 and box.x + box.width / 2 <= layout.WIDTH
        assert 0 <= box.y - box.height / 2 and box.y + box.height / 2 <= height


@given(strategies.lists(strategies.sampled_from("abcdefghij"), min_size=1, max_size=10, unique=True))
def test_boxes_of_a_star_do_not_overlap(spokes: list[str]) -> None:
    middle, boxes, following = layout.star(spokes, "hub", 2.0)
    assert not [pair for pair in itertools.combinations([middle, *boxes], 2) if overlap(*pair)]
    assert all(box.y + box.height / 2 < following for box in [middle, *boxes])


@given(strategies.sets(strategies.frozensets(strategies.sampled_from("abcdef"), min_size=2, max_size=2)))
def test_stars_have_every_pair_once(found: set[layout.Pair]) -> None:
    ends = [frozenset((star.hub, spoke)) for star in layout.stars_of(found) for spoke in star.spokes]
    assert sorted(map(sorted, ends)) == sorted(map(sorted, found))


@given(*[strategies.tuples(strategies.integers(0, 900), strategies.integers(0, 600))] * 2)
def test_the_two_directions_are_apart(one: tuple[int, int], two: tuple[int, int]) -> None:
    """A curve starts and ends outside of both boxes, and the curve back is never the same."""
    first, second = (layout.Box("m", float(x), float(y), 120.0, layout.NODE_HEIGHT) for x, y in (one, two))
    if overlap(first._replace(width=200.0, height=100.0), second._replace(width=200.0, height=100.0)):
        return
    there, back = curves.between(first, second), curves.between(second, first)
    for curve in (there, back):
        for point in (curve.start, curve.end):
            assert not first.contains(point, curves.GAP) and not second.contains(point, curves.GAP)
    middles = [curve.at(0.5) for curve in (there, back)]
    assert abs(middles[0][0] - middles[1][0]) + abs(middles[0][1] - middles[1][1]) > 10


def test_the_mark_stands_near_the_mesh_that_watches() -> None:
    view = View(pages.hub(20))
    places = {}
    for part in re.findall(r'<a class="edge.*?</a>', drawing.star_drawing(view).source):
        source, target = re.findall(r'data-(?:from|to)="(.*?)"', part)
        (x,) = re.findall(r'class="mark [^"]*" transform="translate\(([\d.]+) ', part)
        places[source, target] = float(x)
    for spoke in {source for source, _target in places} - {"hub"}:
        to_hub = [abs(places[ends] - layout.WIDTH / 2) for ends in (("hub", spoke), (spoke, "hub"))]
        assert to_hub[0] < to_hub[1]


@pytest.mark.parametrize(
    ("data", "text"), [(None, "absent"), ("a", "a"), ({"b": [1]}, '{"b": [1]}'), (False, "false"), ("", "")]
)
def test_values_are_shown_as_they_are(data: Any, text: str) -> None:
    assert "".join(Read(values.value(data).source).texts) == text


def test_the_page_works_from_an_installed_collection(tmp_path: Path) -> None:
    """Ansible's loader finds the style and the script beside the code: it is what imports filters."""
    program = (
        "import sys; from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder as Finder\n"
        f"Finder(paths=[{str(ROOT / 'build' / 'collections')!r}])._install()\n"
        "from ansible_collections.ossm.federation.plugins.plugin_utils._report import page\n"
        "print(type(page.__loader__).__name__, len(page._text('page.js')), len(page._text('page.css')))"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    folder = ROOT / "plugins" / "plugin_utils" / "_report" / "_page"
    sizes = [len((folder / name).read_text(encoding="utf-8")) for name in ("page.js", "page.css")]
    assert done.stdout.split() == ["_AnsibleCollectionLoader", *map(str, sizes)], done.stderr
