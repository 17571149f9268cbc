# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the documentation: they are those of the tables, show all of them, and can be read by everybody."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pictures
import pytest

from ansible_collections.ossm.federation.plugins.module_utils._product.steps import STEPS
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import MARKS

SVG = "{http://www.w3.org/2000/svg}"
#: The widest usual fonts need this much for a character, by the classes of a text.
WIDTHS = {"name": 8.4, "small": 7.1, "": 7.8}
DRAWN = {name: draw() for name, draw in pictures.PICTURES.items()}


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_picture_is_the_drawn_one(name: str) -> None:
    assert (pictures.IMAGES / name).read_text(encoding="utf-8") == DRAWN[name], "run python tests/pictures.py"


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_picture_loads_nothing_and_describes_itself(name: str) -> None:
    root = ElementTree.fromstring(DRAWN[name])
    assert not re.findall(r"(?:href|src|url\(|@import|<script)", DRAWN[name])
    assert all((root.findtext(f"{SVG}{part}") or "").strip() for part in ("title", "desc"))


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_every_text_has_room(name: str) -> None:
    root = ElementTree.fromstring(DRAWN[name])
    boxes = [
        [float(item.attrib[key]) for key in ("x", "y", "width", "height")]
        for item in root.iter(f"{SVG}rect")
        if "x" in item.attrib
    ]
    for item in root.iter(f"{SVG}text"):
        classes = item.get("class", "").split()
        width = len(item.text or "") * WIDTHS[next((key for key in classes if key in WIDTHS), "")]
        x, y = float(item.attrib["x"]), float(item.attrib["y"])
        left = {"middle": x - width / 2, "end": x - width}.get(item.get("text-anchor", ""), x)
        around = [(bx, bx + bw) for bx, by, bw, bh in boxes if bx <= x <= bx + bw and by <= y <= by + bh]
        start, end = max(around, default=(0, pictures.WIDTH))
        assert start <= left and left + width <= end, (
            f"{item.text}: {left:.0f} to {left + width:.0f} in {start} to {end}"
        )


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("behind", ["paper", "box"])
def test_every_text_has_contrast(behind: str, scheme: int) -> None:
    ground = _luminance(pictures.COLOURS[behind][scheme])
    for name in set(pictures.COLOURS) - {"paper", "box", "line"}:
        light, dark = sorted((_luminance(pictures.COLOURS[name][scheme]), ground), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {behind}"


def test_the_pictures_show_every_state_and_every_step() -> None:
    states = [state for _question, of_question in pictures.QUESTIONS for state in of_question]
    assert sorted([*states, pictures.HEALTHY]) == sorted(MARKS)
    drawn = DRAWN["steps.svg"]
    titles = [step.title for step in STEPS.values() if step.run == "federate"]
    assert re.findall(r">\d+\. ([^<]+)</text>", drawn) == titles
