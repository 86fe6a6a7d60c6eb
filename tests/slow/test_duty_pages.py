"""The pages of duty with much on them, in both languages and sizes: all of it fits, and axe finds nothing grave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.console.words import AREAS, LANGUAGES, ONCALL, WORK, speaking
from tests.browser.axe import findings
from tests.browser.opening import CHROMIUM, SIZES, Room, chromium, room, shown, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def plant() -> Iterator[Room]:
    """Three alarms stand of which nobody was reached; nobody answers for the site."""
    with room("--alarms", "3", "--rosters") as found:
        found.say("paging failed")
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


def fits(page: Any) -> bool:
    """Nothing has to be pushed aside to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", SIZES, ids=["desk", "telephone"])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_nobody_knows_stands_first_and_every_dialog_can_be_read_and_left(
    browser: Any, plant: Room, language: str, size: tuple[int, int]
) -> None:
    page = signed_in(browser, plant, "engineer", size, language)
    page.goto(plant.url + "/oncall")
    shown(page)
    with speaking(language):
        unreached, take = ONCALL["unreached_short"].format(n=1), ONCALL["take"]
        swap, silence, new = ONCALL["swap"], ONCALL["silence"], WORK["new"]
        nobody = AREAS["nobody"]
    assert unreached in page.locator(".banner.alert a").inner_text()
    first = page.locator("#paged .entry").first
    assert "unreached" in str(first.get_attribute("class"))
    assert take in first.inner_text()
    assert nobody in page.locator("#areas .orphan").inner_text()
    assert fits(page)
    assert findings(page) == []
    for path, button in (("/oncall", swap), ("/oncall", silence), ("/work", new)):
        page.goto(plant.url + path)
        shown(page)
        page.click(f"button:has-text('{button}')")
        page.wait_for_selector(".ask input")
        box = page.locator(".ask").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["height"] <= size[1]
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.wait_for_selector(".ask", state="detached")
    page.context.close()


def test_what_is_wrong_is_said_in_the_dialog_and_what_was_written_stays(browser: Any, plant: Room) -> None:
    page = signed_in(browser, plant, "engineer")
    page.goto(plant.url + "/work")
    shown(page)
    page.click("#new-work")
    page.fill(".ask input[type=datetime-local] >> nth=1", "1969-12-31T23:00")
    page.fill(".ask input[maxlength]", "a new pump")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ask .wrong:has-text('still to come')")
    assert page.locator(".ask input[maxlength]").input_value() == "a new pump"
    page.context.close()


def test_taking_a_problem_on_says_so_when_no_paging_service_takes_it(browser: Any, plant: Room) -> None:
    page = signed_in(browser, plant)
    page.goto(plant.url + "/oncall")
    shown(page)
    page.click("#paged .entry button")
    page.wait_for_selector(".q-notification:has-text('paging has not taken it')")
    page.context.close()
