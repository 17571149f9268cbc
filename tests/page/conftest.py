# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium of the machine, and the status pages in it. What is missing fails: no test of the page is skipped."""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from unit.builders import pages, statuses

from ansible_collections.ossm.federation.plugins.plugin_utils._report.page import page as render
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "page"
AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: What a page does takes milliseconds, and much longer on a machine with other work.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)

#: A few minutes after the time of the documents.
NOW = datetime.datetime(2026, 1, 10, 2, 50, 30, tzinfo=datetime.timezone.utc)
#: Every form of the drawing, and what the code makes of meshes that were read.
DOCUMENTS: dict[str, Callable[[], FederationStatus]] = {
    "three": pages.three,
    "full": lambda: pages.full(10),
    "hub": lambda: pages.hub(100),
    "read": statuses.troubled,
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser, for all tests of a worker."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail(f"No browser: install Debian's package chromium (looked for {', '.join(PROGRAMS)})")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core in the version that the Makefile installs."""
    if not AXE.exists():
        pytest.fail(f"{AXE.relative_to(ROOT)} is missing: run make page, which installs it with npm")
    source = AXE.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256, "axe-core is not the version that is expected"
    return source.decode("utf-8")


@pytest.fixture(scope="session")
def files() -> dict[str, Path]:
    """The pages as files, by the name of the document."""
    BUILD.mkdir(parents=True, exist_ok=True)
    found = {name: BUILD / f"{name}.html" for name in DOCUMENTS}
    for name, path in found.items():
        path.write_text(render(DOCUMENTS[name]()), encoding="utf-8")
    return found


class Opened:
    """A page in a context of its own; at its end, nothing may have been requested, and nothing complained about."""

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.path = path
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.clock.set_fixed_time(NOW)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def go(self, fragment: str = "") -> Page:
        """Open the file, with a fragment."""
        self.page.goto(f"{self.path.as_uri()}{fragment}")
        return self.page

    def check(self) -> None:
        """No complaint, and no request but for the file itself."""
        assert self.complaints == []
        assert {url.partition("#")[0] for url in self.requests if not url.startswith("data:")} <= {self.path.as_uri()}


Opener = Callable[..., Opened]


@pytest.fixture
def opener(browser: Browser, files: dict[str, Path]) -> Iterator[Opener]:
    """Opens a document in a browser with the given settings."""
    contexts: list[BrowserContext] = []
    opened: list[Opened] = []

    def start(name: str, scripts: tuple[str, ...] = (), **settings: object) -> Opened:
        options = {"viewport": {"width": 1400, "height": 1000}, "reduced_motion": "reduce", **settings}
        context = browser.new_context(**options)
        for script in scripts:
            context.add_init_script(script)
        contexts.append(context)
        opened.append(Opened(context, files.get(name, BUILD / f"{name}.html")))
        return opened[-1]

    yield start
    for one in opened:
        one.check()
    for context in contexts:
        context.close()
