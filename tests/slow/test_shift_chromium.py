"""An incident's playbook between two people, and the handover's note, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.opening import CHROMIUM, SIZES, Room, chromium, room, shown, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def plant() -> Iterator[Room]:
    """Three alarms stand, and an incident is open."""
    with room("--alarms", "3") as found:
        found.say("incident watch")
        yield found


def test_two_people_see_each_others_steps_and_the_next_shift_reads_the_note(browser: Any, plant: Room) -> None:
    desk, phone = signed_in(browser, plant), signed_in(browser, plant, "engineer", SIZES[1], "zh")
    desk.goto(plant.url + "/incidents")
    shown(desk).click(".incident-row a.name")
    desk.wait_for_selector("[role=checkbox].next")
    phone.goto(desk.url)  # the address is the incident's own
    phone.wait_for_selector("[role=checkbox].next")
    desk.locator("[role=checkbox]").first.focus()
    desk.keyboard.press("Space")
    # By the clock of the other browser: it is there at its next look.
    phone.wait_for_selector("[role=checkbox][aria-checked=true]:has-text('operator')", timeout=5000)
    phone.click("[role=checkbox].next")
    desk.wait_for_selector("[role=checkbox][aria-checked=true]:has-text('engineer')")
    desk.click("[role=checkbox] >> nth=0")  # taken back
    phone.wait_for_selector("[role=checkbox].next:has-text('watch gauge')")
    desk.fill(".writing textarea", "six people <b>at</b> the gauge")
    desk.keyboard.press("Control+Enter")
    phone.wait_for_selector(".timeline li:has-text('six people <b>at</b> the gauge')")
    plant.say("incident danger")
    phone.wait_for_selector(".phases h3 >> nth=0 >> text=danger")
    assert "danger gauge" in phone.locator("[role=checkbox].next").inner_text()

    desk.goto(plant.url + "/handover")
    shown(desk).fill(".notes textarea", "gauge 2 lies")
    desk.keyboard.press("Control+Enter")
    phone.goto(plant.url + "/handover")
    phone.wait_for_selector(".note-list:has-text('gauge 2 lies')")
    assert "未确认 3" in phone.locator(".list.of-unseen h3").inner_text().replace("\n", " ")
    for page in (desk, phone):
        page.context.close()
