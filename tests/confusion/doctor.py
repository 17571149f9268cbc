# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the doctor on all slots at once."""

from __future__ import annotations

import json
from pathlib import Path

from lab.state import ROOT

from confusion.slots import Object, Slots, eventually

DOCTOR = ROOT / "playbooks" / "doctor.yml"
RECORD = Path(__file__).resolve().parent / "playbooks" / "record.yml"


def diagnose(slots: Slots, record: Path | None = None) -> Object:
    """Run doctor.yml and return its diagnosis; what it has read can be recorded in a file."""
    file = slots.federation.folder / "doctor.json"
    file.unlink(missing_ok=True)
    arguments = ["-e", f"federation_doctor_file={file}"]
    if record is None:
        run = slots.federation.play(DOCTOR, *arguments)
    else:
        run = slots.federation.play(RECORD, *arguments, "-e", f"confusion_record={record}")
    assert file.exists(), run.output
    assert "Traceback" not in run.output, run.output
    diagnosis: Object = json.loads(file.read_text(encoding="utf-8"))
    return diagnosis


def healthy(slots: Slots) -> str:
    """Run the doctor on the healthy federation, in which each mesh has three istiod pods, and describe it.

    AssertionError if it finds anything.
    """
    meshes = sorted(slots.lab.meshes)
    slots.lab.fault("istiod-pods", number=3)
    pods = slots.each(lambda mesh: eventually(lambda: len(mesh.pods(f"istiod-{mesh.plane}")) == 3, 60), slots.meshes())
    assert all(pods), "not all meshes have three istiod pods"
    slots.await_healthy()
    diagnosis = diagnose(slots)
    assert diagnosis["verdict"] == "HEALTHY" and not diagnosis["causes"], diagnosis["headline"]
    failed = [rung for ladder in diagnosis["ladders"] for rung in ladder["rungs"] if rung["state"] == "failed"]
    assert not failed, failed
    return f"{len(meshes)} meshes with three istiod pods each, {diagnosis['links']} links: no finding."
