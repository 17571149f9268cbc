# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From ``bench.json`` to ``docs/contributing/scale.md``: how the cost of a mesh grows with the number of meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import scale
from bench.report import template

Json = dict[str, Any]
#: The parts of the results that the page shows; it is written once all of them have been measured.
PARTS = ("scale", "full", "plan", "scale_machine")
_FIGURES = {"cpu": "processor time", "requests": "requests", "tasks": "tasks", "memory_mib": "memory"}
_LEGS = {"first": "first run", "second": "second run", "churn": "run after some have joined"}


def write(content: Json, file: Path) -> bool:
    """Write the page; False, and nothing is written, where a part is missing."""
    if not all(part in content for part in PARTS):
        return False
    text = template("scale.md.j2").render(
        rows=rows(content["scale"] + content["full"]),
        growth=growth(content["scale"]),
        cores={name.partition(" ")[2]: rows(sizes) for name, sizes in content.items() if name.startswith("scale ")},
        plan=content["plan"],
        links=content["plan"]["meshes"] * (content["plan"]["meshes"] - 1),
        limit=scale.FULL_SECONDS,
        flat=scale.FLAT,
        joining=scale.JOINING,
        seed=scale.SEED,
        machine=content["scale_machine"],
    )
    file.write_text(text, encoding="utf-8")
    return True


def rows(sizes: list[Json]) -> list[Json]:
    """Each run of each size, with its figures for one mesh."""
    return [
        {
            "meshes": size["meshes"],
            "links": size["links"],
            "run": _LEGS[leg],
            "seconds": size[leg]["seconds"],
            "cpu": size[leg]["cpu"],
            "peak": size[leg]["memory_mib"],
            "slowest": (size[leg]["slowest"] or {}).get("name", "-"),
            "to_nothing": scale.ratio_to_nothing(size, leg),
            **{f"mesh_{figure}": scale.per_mesh(size, leg, figure) for figure in scale.FIGURES},
        }
        for size in sizes
        for leg in scale.LEGS
    ]


def growth(sizes: list[Json]) -> list[Json]:
    """How many times as much a mesh costs with the most meshes as with the fewest, by run and figure."""
    return [
        {"run": _LEGS[leg], "figure": _FIGURES[figure], "times": scale.growth_of(sizes, leg, figure)}
        for leg in scale.LEGS
        for figure in scale.FIGURES
    ]
