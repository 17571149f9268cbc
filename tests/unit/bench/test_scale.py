# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the benchmark about scale, and its page, with invented costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import contestants, scale, scale_page

Json = dict[str, Any]


def _costs(cpu: float, memory: int, requests: int = 0, tasks: int = 0) -> Json:
    slowest = {"name": "Read the mesh", "seconds": 1.0}
    return {
        "seconds": cpu,
        "cpu": cpu,
        "memory_mib": memory,
        "requests": requests,
        "tasks": tasks,
        "slowest": slowest,
    }


def _size(meshes: int, cpu: float, memory: int) -> Json:
    """A size in which each mesh costs as much in each kind of run."""
    run = _costs(1 + meshes * cpu, 80 + meshes * memory, 13 * meshes, 12 * meshes)
    return {
        "meshes": meshes,
        "links": 2 * (meshes - 1),
        "joining": 1,
        "nothing": _costs(1, 80),
        **{leg: run for leg in scale.LEGS},
    }


@pytest.mark.parametrize(("cpu", "growth", "verdict"), [(0.5, 1.0, "reached"), (0.7, 1.4, "MISSED")])
def test_growth_is_that_of_a_mesh_beside_the_start(cpu: float, growth: float, verdict: str) -> None:
    """Without the start left out, ten meshes of 0.5 s would cost 0.6 s each, and hide a growth of a sixth."""
    sizes = [_size(10, 0.5, 1), _size(250, cpu, 1)]
    assert scale.growth_of(sizes, "first", "cpu") == growth
    assert scale.growth_of(sizes, "first", "requests") == 1.0
    (line,) = [line for line in scale.lines(sizes) if "first, cpu" in line]
    assert line.startswith(verdict)


def test_the_page_is_written_when_all_parts_are_known(tmp_path: Path) -> None:
    content: Json = {
        "scale": [_size(10, 0.5, 1), _size(250, 0.7, 1)],
        "scale 2.16": [_size(10, 0.6, 1)],
        "full": [_size(30, 0.8, 2)],
        "plan": {"meshes": 100, **_costs(9.0, 175)},
        "scale_machine": {"processor": "Any", "cores": 2, "memory_gib": 24},
    }
    page = tmp_path / "scale.md"
    for part in scale_page.PARTS:
        assert not scale_page.write({key: value for key, value in content.items() if key != part}, page)
    assert not page.exists()
    assert scale_page.write(content, page)
    text = page.read_text(encoding="utf-8")
    assert "| 250 | 498 | first run | 176.0 | 176.0 | 176.0 | 330 | 700 | 1.00 | 13.0 | 12.0 | Read the mesh |" in text
    assert "| first run | processor time | 1.4 | missed |" in text and "| first run | tasks | 1.0 | reached |" in text
    assert "## ansible-core 2.16" in text and "9900 links" in text


def test_variants_run_the_playbooks_of_what_they_vary() -> None:
    assert {contestants.kind(name) for name in contestants.VARIANTS} == {"ours", "usual"}
    assert contestants.ansible("ours-2.16").parts[-3:] == (".venv-2.16", "bin", "ansible-playbook")
    assert contestants.ansible("mitogen") == contestants.ansible("ours") == contestants.ANSIBLE
