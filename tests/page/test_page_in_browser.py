# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page in a browser: few meshes, a full mesh and a hub with many spokes, read by eye, by keyboard and by program.

Screenshots are kept in ``build/page``.
"""

from __future__ import annotations

import pytest
from conftest import BUILD, DOCUMENTS, Opener
from playwright.sync_api import Page, expect
from unit.builders import pages

from ansible_collections.ossm.federation.plugins.plugin_utils._report.page import page as render

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"
#: What the page paints behind the text, in light and in dark.
GROUND = {"light": "rgb(244, 246, 248)", "dark": "rgb(16, 21, 28)"}

AXE = "async ([where, options]) => (await axe.run(where, options)).violations.map(one => [one.id, one.nodes.map(node => node.target)])"
#: Light and dark differ in colours only, so that dark repeats just the rule about them.
ONLY: dict[str, dict[str, object]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
#: Of the others, dark looks at the drawing: their tables are the same, and axe needs seconds for the colours of each.
SMALL = ("three", "read")


def edge(page: Page, source: str, target: str) -> str:
    """The selector of a link in the drawing."""
    return f'#drawing .edge[data-from="{source}"][data-to="{target}"]'


def ground(page: Page) -> str:
    """The colour behind everything."""
    return str(page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor"))


def shown_rows(page: Page, part: str) -> int:
    """The number of rows that a table shows."""
    return page.locator(f'section[aria-labelledby="{part}"] tbody tr:visible').count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_page_has_no_violation(name: str, scheme: str, axe: str, opener: Opener) -> None:
    """axe-core finds nothing, with a story open and without; the colours are those of the system."""
    page = opener(name, (axe,), color_scheme=scheme).go()
    assert ground(page) == GROUND[scheme]
    page.screenshot(path=BUILD / f"{name}-{scheme}.png", full_page=scheme == "light" or name in SMALL)
    page.locator(".worst .to-story").first.click()
    expect(page.locator(".story:visible")).to_have_count(1)
    where = "body" if scheme == "light" or name in SMALL else 'section[aria-labelledby="topology"]'
    assert page.evaluate(AXE, [where, {"resultTypes": ["violations"], **ONLY[scheme]}]) == []


def test_a_click_on_a_link_tells_its_story(opener: Opener) -> None:
    page = opener("three").go()
    expect(page.locator(".story:visible")).to_have_count(0)
    page.locator(edge(page, "green-mesh", "red-mesh")).locator(".mark").click()
    story = page.locator(".story:visible")
    for text in (
        "green-mesh watches red-mesh",
        "refused",
        "identity-refused",
        "red-mesh answers 403",
        "Fix: Correct spec.security.clientID of ServiceMeshPeer green-mesh in red-mesh",
        "2026-01-09 21:48:00 UTC",
        "green-mesh-system/red-mesh",
        "red-mesh-system/green-mesh",
        "spec.security.clientID",
        "ratings.red-mesh-apps",
    ):
        expect(story).to_contain_text(text)
    expect(page.locator(edge(page, "green-mesh", "red-mesh"))).to_have_attribute("aria-current", "true")
    expect(story.locator("h3")).to_be_focused()
    expect(page.locator(".when")).to_contain_text("2026-01-10 02:47:12 UTC 3 minutes ago")
    page.locator('section[aria-labelledby="topology"]').screenshot(path=BUILD / "three-topology.png")
    story.locator(".back a").click()
    expect(page.locator(".story:visible h3")).to_have_text("red-mesh watches green-mesh")


def test_a_hint_tells_what_is_wrong(opener: Opener) -> None:
    page = opener("three").go()
    page.locator(edge(page, "green-mesh", "red-mesh")).locator(".mark").hover()
    page.screenshot(path=BUILD / "three-hint.png")
    expect(page.locator("#tip")).to_contain_text("green-mesh watches red-mesh: refused")
    expect(page.locator("#tip")).to_contain_text("Fix: Correct")
    page.mouse.move(2, 2)
    expect(page.locator("#tip")).to_be_hidden()


@pytest.mark.parametrize("name", ["three", "full", "hub"])
def test_the_keyboard_reaches_every_link(name: str, opener: Opener) -> None:
    """One stop for all links, arrow keys between them, Enter for a story, Escape back."""
    page = opener(name).go()
    assert page.locator("#drawing .edge[tabindex='0']").count() == 1
    page.locator("#filter-none").evaluate("button => { button.disabled = false; button.focus(); }")
    for _stop in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.matches('.edge')"):
            break
    first = page.evaluate("() => document.activeElement.getAttribute('href')")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("() => document.activeElement.getAttribute('href')")
    assert first and second and first != second
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f"{second}-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".story:visible")).to_have_count(0)
    assert page.evaluate("() => document.activeElement.getAttribute('href')") == second
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => document.activeElement.matches('.edge')")


def test_filters_are_in_the_address(opener: Opener) -> None:
    opened = opener("hub")
    page = opened.go()
    assert shown_rows(page, "links") == 198
    page.select_option("#filter-mesh", "store-042")
    expect(page.locator("#shown")).to_have_text("2 of 198 links shown")
    assert shown_rows(page, "links") == 2 and shown_rows(page, "meshes") == 1
    assert page.locator("#drawing .edge:not(.dim)").count() == 2
    page.locator(".choice", has_text="refused").click()
    expect(page.locator("#shown")).to_have_text("1 of 198 links shown")
    page.locator(edge(page, "hub", "store-042")).locator(".mark").click()
    assert page.evaluate("() => location.hash") == "#mesh=store-042&state=refused&link=hub&link=store-042"
    address = page.url

    again = opener("hub", color_scheme="dark").go("#" + address.partition("#")[2])
    expect(again.locator("#shown")).to_have_text("1 of 198 links shown")
    expect(again.locator(".story:visible h3")).to_have_text("hub watches store-042")
    again.locator("#filter-none").click()
    expect(again.locator("#shown")).to_have_text("All 198 links shown")
    assert again.evaluate("() => location.hash") == "#link=hub&link=store-042"
    again.locator("#topology").evaluate("heading => heading.scrollIntoView()")
    again.mouse.move(2, 2)
    again.screenshot(path=BUILD / "hub-topology.png")
    again.locator('#drawing .node[data-mesh="store-017"]').click()
    expect(again.locator("#shown")).to_have_text("2 of 198 links shown")


def test_a_filter_without_rows_says_so(opener: Opener) -> None:
    page = opener("three").go("#mesh=blue-mesh&state=refused")
    expect(page.locator("#shown")).to_have_text("0 of 6 links shown")
    expect(page.locator('section[aria-labelledby="links"] .none-left')).to_be_visible()


@pytest.mark.parametrize("fragment", ["#mesh=nobody&state=fine&link=a&link=b", "#%E0%A4%A", "#causes", "#link-1"])
def test_any_fragment_opens(fragment: str, opener: Opener) -> None:
    page = opener("three").go(fragment)
    expect(page.locator("#shown")).to_have_text("All 6 links shown")
    expect(page.locator(".story:visible")).to_have_count(1 if fragment == "#link-1" else 0)


def test_the_switch_beats_the_system(opener: Opener) -> None:
    page = opener("three", color_scheme="dark").go()
    switch = page.locator("#theme")
    for text, scheme in (("Theme: light", "light"), ("Theme: dark", "dark"), ("Theme: as the system", "dark")):
        switch.click()
        expect(switch).to_have_text(text)
        assert ground(page) == GROUND[scheme]
    switch.click()
    page.reload()
    assert ground(page) == GROUND["light"]


def test_without_a_script_everything_can_be_read(opener: Opener) -> None:
    page = opener("three", java_script_enabled=False).go()
    expect(page.locator("#filters")).to_be_hidden()
    assert shown_rows(page, "links") == 6
    page.locator(".worst .to-story").first.click()
    expect(page.locator(".story:visible h3")).to_have_text("green-mesh watches red-mesh")


def test_print_shows_what_is_wrong(opener: Opener) -> None:
    """All stories of links that are not healthy, no controls, and black on white for a dark system too."""
    opened = opener("three", color_scheme="dark")
    page = opened.go()
    page.emulate_media(media="print", color_scheme="dark")
    assert ground(page) == "rgb(255, 255, 255)"
    states = page.locator(".story:visible .state").all_inner_texts()
    assert [text.split()[0] for text in states] == ["refused", "incomplete", "unknown", "unknown"]
    for selector in ("nav", "#theme", "#filter-mesh", ".start"):
        expect(page.locator(selector)).to_be_hidden()
    assert page.pdf(path=BUILD / "three.pdf", format="A4", prefer_css_page_size=True).startswith(b"%PDF")


def test_a_narrow_window_does_not_scroll_sideways(opener: Opener) -> None:
    page = opener("three", viewport={"width": 390, "height": 844}).go()
    page.screenshot(path=BUILD / "three-narrow.png", full_page=True)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_hostile_texts_do_nothing(opener: Opener) -> None:
    """Names and messages that would be markup or code are shown as they are, and an element put in later stays inert."""
    document = pages.document(
        [pages.mesh(HOSTILE), pages.mesh("red-mesh")],
        [pages.refused(HOSTILE, "red-mesh"), pages.link("red-mesh", HOSTILE, message=HOSTILE, unverified=HOSTILE)],
        group=HOSTILE,
        headline=HOSTILE,
    )
    (BUILD / "hostile.html").write_text(render(document), encoding="utf-8")
    page = opener("hostile").go()
    assert page.locator("img").count() == 0 and page.locator("script").count() == 1
    page.locator(".worst .to-story").first.click()
    expect(page.locator(".story:visible h3")).to_have_text(f"{HOSTILE} watches red-mesh")
    page.select_option("#filter-mesh", HOSTILE)
    expect(page.locator("#shown")).to_have_text("2 of 2 links shown")
    page.locator("#drawing .edge .mark").first.hover()
    assert page.locator("img").count() == 0


def test_the_policy_stops_other_scripts_and_requests(opener: Opener) -> None:
    opened = opener("three")
    page = opened.go()
    failures: list[str | None] = []
    page.on("requestfailed", lambda request: failures.append(request.failure))
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.broken = 1'; document.body.append(one);"
        " const two = document.createElement('img'); two.src = 'http://localhost:9/x.png'; document.body.append(two); }"
    )
    page.evaluate("async () => { for (const one of document.images) await one.decode().catch(() => null); }")
    assert page.evaluate("() => window.broken") is None and failures == ["csp"]
    assert any("script-src" in text for text in opened.complaints) and any(
        "img-src" in text for text in opened.complaints
    )
    opened.complaints.clear()
    opened.requests.clear()
