"""The pages of duty in a real browser: sites go from one person to another, and planned work suppresses at once."""

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
    """Three alarms stand, rosters are in force."""
    with room("--rosters") as found:
        yield found


def test_a_site_is_handed_over_and_planned_work_suppresses_its_alarms_at_once(browser: Any, plant: Room) -> None:
    giver, taker = signed_in(browser, plant), signed_in(browser, plant, "engineer", language="zh")
    for page in (giver, taker):
        page.wait_for_selector(".banner.orphans:has-text('No. 3 plant')")
    giver.click(".banner.orphans button")
    giver.wait_for_selector(".banner.orphans", state="hidden")
    taker.wait_for_selector(".banner.orphans", state="hidden")

    giver.goto(plant.url + "/oncall")
    giver.click("#areas .entry button")
    giver.click(".ask .q-select >> nth=1")
    giver.click(".q-menu [role=option]:has-text('engineer')")
    giver.fill(".ask input[maxlength]", "pump 2 is open")
    giver.keyboard.press("Enter")
    giver.wait_for_selector("#areas .offer:has-text('engineer')")
    assert "operator (you)" in giver.locator("#areas .entry").last.inner_text().replace("\n", " ")

    taker.click(".banner.offered a")
    taker.wait_for_selector("#areas .offer:has-text('pump 2 is open')")
    taker.click("#areas .offer button >> nth=0")
    giver.wait_for_selector("#areas .entry:not(.offer):has-text('engineer')")
    giver.wait_for_selector("#areas .offer", state="detached")
    assert "voice" in giver.locator("#rosters").inner_text()
    assert "http" not in giver.content().partition("<main")[2]

    taker.goto(plant.url + "/work")
    taker.wait_for_selector("#new-work")
    taker.keyboard.press("n")
    taker.fill(".ask input[maxlength]", "换泵")
    assert "4" in taker.locator(".ask .tells").inner_text()
    taker.keyboard.press("Enter")
    taker.wait_for_selector("#now .entry:has-text('换泵')")
    taker.wait_for_selector(".counts .count:nth-child(2).zero")
    for page in (giver, taker):
        page.context.close()
