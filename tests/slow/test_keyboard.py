"""The frame around every page, in a real browser: the keyboard alone leads in, from page to page, and out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.opening import CHROMIUM, Room, chromium, room, shown

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def plant() -> Iterator[Room]:
    """Three alarms stand."""
    with room() as found:
        yield found


def test_the_keyboard_alone_leads_in_through_the_pages_and_out(browser: Any, plant: Room) -> None:
    page = browser.new_page()
    page.goto(plant.url)
    page.keyboard.press("Tab")
    page.keyboard.type("operator")
    page.keyboard.press("Tab")
    page.keyboard.type("operator-of-the-plant")
    page.keyboard.press("Enter")
    shown(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").endswith("skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    assert "g a" in page.locator("#help").inner_text()
    page.keyboard.press("g")
    page.keyboard.press("a")
    assert page.locator("#help[open]").count() == 1, "under a dialog no key leads away"
    page.keyboard.press("Escape")
    page.wait_for_selector("#help:not([open])", state="attached")
    for key, path in (("m", "/account"), ("a", "/alarms"), ("o", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(plant.url + path)
    page.goto(plant.url + "/account")
    page.locator("[name=old]").focus()
    page.keyboard.type("go?")
    assert page.locator("[name=old]").input_value() == "go?", "in a field letters are letters"
    page.locator(".nav form button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(plant.url + "/sign-in")
    page.close()
