"""One incident and the handover in both languages and at both sizes: axe, no sideways scrolling, one sheet of A4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.console.words import LANGUAGES
from tests.browser.axe import findings
from tests.browser.opening import CHROMIUM, SIZES, Room, chromium, room, shown, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def plant() -> Iterator[Room]:
    """Three alarms stand and an incident is open."""
    with room("--alarms", "3", "--name", "No. 3 plant <b>") as found:
        found.say("incident watch")
        yield found


@pytest.mark.parametrize("size", SIZES, ids=["desk", "telephone"])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_both_pages_are_legible_and_hold_nothing_serious(
    browser: Any, plant: Room, language: str, size: tuple[int, int]
) -> None:
    page = signed_in(browser, plant, size=size, language=language)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(plant.url + "/incidents")
    shown(page).click(".incident-row a.name")
    page.wait_for_selector("[role=checkbox]")
    for path in ("", "/handover"):
        if path:
            page.goto(plant.url + path)
            shown(page).wait_for_selector(".list")
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.locator("b:has-text('No. 3 plant')").count() <= page.locator("b:has-text('<b>')").count()
    assert faults == []
    page.context.close()


def test_the_handover_prints_on_one_sheet_and_copies_as_text(browser: Any, plant: Room) -> None:
    page = signed_in(browser, plant)
    page.goto(plant.url + "/handover")
    shown(page).wait_for_selector(".list")
    assert page.pdf(format="A4").count(b"/MediaBox") == 1
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click(".tools button >> nth=1")
    page.wait_for_selector(".q-notification:has-text('Copied')")
    assert "Not acknowledged (3)\n  - [H] No. 3 plant <b>" in page.evaluate("navigator.clipboard.readText()")
    page.context.close()


def test_a_viewer_looks_and_cannot_tick_or_write(browser: Any, plant: Room) -> None:
    page = signed_in(browser, plant, "viewer")
    page.goto(plant.url + "/incidents")
    shown(page).click(".incident-row a.name")
    page.wait_for_selector("[role=checkbox]")
    assert page.locator("[role=checkbox]:not([disabled])").count() == 0
    assert page.locator(".writing").count() == 0
    page.context.close()
