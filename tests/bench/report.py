# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From ``bench.json`` to words: the goals with what was measured, and ``docs/contributing/benchmarks.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

HERE = Path(__file__).resolve().parent
REQUESTS_BESIDE_OBJECTS = 20
GOAL_SIZE = "10"


def write(content: dict[str, Any], file: Path) -> None:
    """Render the template with the results."""
    text = template("benchmarks.md.j2").render(results=sizes(content), goals=goals(content), **content_only(content))
    file.write_text(text, encoding="utf-8")


def template(name: str) -> Template:
    """Return the template of a page."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(name)


def sizes(content: dict[str, Any]) -> dict[str, Any]:
    """Return the results by number of meshes."""
    return {key: value for key, value in content.items() if key.isdigit()}


def content_only(content: dict[str, Any]) -> dict[str, Any]:
    """Return what the results say beside the results: machine, versions, number of runs."""
    return {key: value for key, value in content.items() if not key.isdigit()}


def goals(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the goals that the results allow to judge: words, limit, measured, met."""
    results = sizes(content)
    judged = []
    for size, result in results.items():
        limit = result["objects_per_mesh"] + REQUESTS_BESIDE_OBJECTS
        if "requests" in result:
            judged.append(_goal(f"requests per mesh, {size} meshes", "at most", limit, result["requests"]))
    last = results.get(GOAL_SIZE, {})
    for key, words, kind, limit in (
        ("first_to_kubectl", "federating from nothing, to the kubectl script", "at most", 1.2),
        ("second_to_kubectl_second", "second run, to the kubectl script's second run", "at most", 0.7),
        ("usual_to_first", "the usual playbook, to federating from nothing", "at least", 8),
    ):
        if key in last:
            judged.append(_goal(f"{words}, {GOAL_SIZE} meshes", kind, limit, last[key]))
    tasks = {size: result["tasks_per_mesh"] for size, result in results.items() if "tasks_per_mesh" in result}
    if len(tasks) > 1:
        fewest = min(tasks.values())
        judged.append(_goal("tasks per mesh, most to fewest meshes the same", "at most", fewest, max(tasks.values())))
    return judged


def _goal(words: str, kind: str, limit: float, measured: float) -> dict[str, Any]:
    met = measured <= limit if kind == "at most" else measured >= limit
    return {"words": words, "limit": f"{kind} {limit:g}", "measured": f"{measured:g}", "met": met}


def verdicts(content: dict[str, Any]) -> list[str]:
    """Return the goals as lines for the terminal."""
    return [
        f"{'reached' if goal['met'] else 'MISSED '}  {goal['words']}: {goal['measured']} ({goal['limit']})"
        for goal in goals(content)
    ]
