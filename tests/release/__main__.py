# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m release artifact|publish``: builds the artifact into ``build/dist``, or a release into ``build/release``.

``artifact`` builds twice and compares, and checks the content. ``publish`` adds the bill of materials, the checksums and the
signatures; the key is SIGNING_KEY, and UNSIGNED=1 does without.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from release import artifact, sbom, signing

TREE = Path("build/tree/ansible_collections/ossm/federation")
DIST, RELEASE = Path("build/dist"), Path("build/release")


def main(arguments: list[str]) -> int:
    """Run a command."""
    return {"artifact": check_artifact, "publish": publish}[arguments[0]]()


def epoch() -> int:
    """Return SOURCE_DATE_EPOCH or the time of the last commit."""
    committed = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct")
    return int(committed)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def check_artifact() -> int:
    """Build the artifact twice into an empty ``build/dist``; fail if the two differ or the content is wrong."""
    shutil.rmtree(DIST, ignore_errors=True)
    built = artifact.build(TREE, DIST, epoch())
    data = built.read_bytes()
    problems = artifact.findings(data)
    if artifact.build(TREE, DIST, epoch()).read_bytes() != data:
        problems.append("Two builds of the artifact differ.")
    print("\n".join(problems or [f"{built}: {hashlib.sha256(data).hexdigest()}"]))
    return int(bool(problems))


def publish() -> int:
    """Write the release into an empty ``build/release``."""
    key, unsigned = os.environ.get("SIGNING_KEY", ""), os.environ.get("UNSIGNED") == "1"
    problems = [] if unsigned else [*filter(None, [signing.problem(key)]), *unfinished()]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    shutil.rmtree(RELEASE, ignore_errors=True)
    built = artifact.build(TREE, RELEASE, epoch())
    write_companions(built, epoch(), "" if unsigned else key)
    if unsigned:
        print("This is a rehearsal: nothing is signed. Do not publish it.")
    print("\n".join(str(path) for path in sorted(RELEASE.iterdir())))
    return 0


def unfinished() -> list[str]:
    """Return what is missing before this commit may be released."""
    version = yaml.safe_load(Path("galaxy.yml").read_text(encoding="utf-8"))["version"]
    released = yaml.safe_load(Path("changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
    fragments = sorted(Path("changelogs/fragments").glob("*.y*ml"))
    problems = {
        "The checkout has changes that are not committed.": bool(_git("status", "--porcelain")),
        f"The changelog has no release {version}: run antsibull-changelog release.": version not in released,
        "changelogs/fragments is not empty: run antsibull-changelog release.": bool(fragments),
    }
    return [text for text, wrong in problems.items() if wrong]


def write_companions(built: Path, time: int, key: str) -> None:
    """Write bill of materials, manifest, checksums and, with a key, signatures beside an artifact."""
    data = built.read_bytes()
    stem = built.name.removesuffix(".tar.gz")
    bill = built.with_name(f"{stem}.cdx.json")
    bill.write_text(sbom.bill(data, time), encoding="utf-8")
    manifest = built.with_name(f"{stem}-{artifact.MANIFEST}")
    manifest.write_bytes(artifact.members(data)[artifact.MANIFEST] or b"")
    sums = built.with_name("SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (bill, manifest, built)]
    sums.write_text("".join(lines), encoding="utf-8")
    if key:
        signing.sign(manifest, key)
        signing.sign(sums, key)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
