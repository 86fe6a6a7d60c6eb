"""The doors in a real browser: over plain HTTP, and for whoever is signed out while a page is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.opening import CHROMIUM, Room, chromium, room, signed_in

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


def test_over_plain_http_on_a_network_the_forms_are_taken_too(browser: Any, plant: Room) -> None:
    page = browser.new_page()
    page.goto(f"http://plant.test:{plant.port}/sign-in?next=/account")
    page.fill("#name", "viewer")
    page.fill("#password", "viewer-of-the-plant")
    page.keyboard.press("Enter")
    page.wait_for_url(f"http://plant.test:{plant.port}/account")
    assert page.evaluate("isSecureContext") is False, "else the browser says more than it does there"
    page.close()


def test_who_is_signed_out_elsewhere_sees_nothing_more_on_the_open_page(browser: Any, plant: Room) -> None:
    here, there = signed_in(browser, plant, "viewer"), signed_in(browser, plant, "viewer")
    there.goto(plant.url + "/account")
    there.click("form[action='/account/sessions']:has([name=digest][value='']) button")
    there.wait_for_url(plant.url + "/sign-in")
    here.wait_for_url(plant.url + "/sign-in?next=%2F")
    for page in (here, there):
        page.context.close()
