"""The console in a real browser: what the dispatcher sees, on a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.opening import CHROMIUM, chromium
from tests.browser.overview import Demo, opened

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def storm() -> Iterator[Demo]:
    """22:10 of the night, for tests that only look."""
    demo = Demo("--until", "22:10")
    yield demo
    demo.quit()


def test_the_page_shows_what_is_wrong_how_bad_and_what_to_do(browser, storm):
    page = opened(browser, storm)
    first = page.locator("#alarms table.alarms tbody tr").first
    assert "is-critical" in (first.get_attribute("class") or "")
    assert "Follow the intake-crisis playbook" in first.inner_text()
    assert page.locator(".steps .now").inner_text().startswith("Supply threatened")
    assert "Start Nos. 1 and 2" in page.locator(".next").inner_text()
    countdown = page.locator(".countdown")
    assert countdown.locator(".hours").inner_text().startswith("6 h")
    assert "expected 8 h" in countdown.inner_text()
    assert "clear well usable down to 1.2 m" in countdown.inner_text()
    assert page.locator(".clock").inner_text().startswith("22:1")
    assert "≥ 4,000" in page.locator(".tile").first.inner_text()
    assert page.locator(".foot").inner_text().endswith(" · rejected 0 · in flight 1")
    bottom = page.locator("#alarms tbody tr").nth(1).bounding_box()
    assert bottom is not None
    assert bottom["y"] + bottom["height"] < 768
    page.close()


def test_on_a_telephone_the_incident_says_what_then_how_long_then_what_to_do(browser, storm):
    page = opened(browser, storm, 390, 844)
    tops = [
        page.locator(f".incident {part}").bounding_box()["y"] for part in (".what", ".countdown", ".next", ".course")
    ]
    assert tops == sorted(tops)
    assert tops[2] < 844
    page.close()


def test_the_incidents_bar_has_the_colour_of_the_worst_alarm_in_the_list(browser, storm):
    page = opened(browser, storm)
    bar = page.evaluate("getComputedStyle(document.querySelector('.incident')).borderLeftColor")
    worst = page.evaluate("getComputedStyle(document.querySelector('.symbol.critical')).backgroundColor")
    assert bar == worst
    weights = page.evaluate("[...document.querySelectorAll('#alarms tr.is-medium .over')]"
                            ".map(one => getComputedStyle(one).fontWeight)")  # fmt: skip
    assert set(weights) == {"400"}
    page.close()


def test_hidden_alarms_are_folded_and_can_be_opened_by_keyboard(browser, storm):
    page = opened(browser, storm)
    fold = page.locator(".fold", has_text="Hidden by another alarm (")
    fold = fold if fold.count() else page.locator(".fold").first
    assert not fold.locator("table").is_visible()
    fold.locator("[tabindex='0']").first.focus()
    page.keyboard.press("Enter")
    fold.locator("table").wait_for(state="visible")
    assert "Raw turbidity" in fold.inner_text()
    page.close()
