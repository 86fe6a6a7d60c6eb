"""Ten thousand alarms stand: the page shows some of them, counts all, finds one, and fifty are acknowledged at once."""

from __future__ import annotations

import pytest

from tests.browser import opening

sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not opening.CHROMIUM, reason="Chromium is not installed")]


def test_ten_thousand_alarms_are_counted_searched_turned_over_and_acknowledged_page_by_page():
    with opening.room("--alarms", "10000") as room, opening.chromium() as browser:
        page = opening.signed_in(browser, room)
        page.goto(f"{room.url}/alarms")
        rows = page.locator(".slot:not(:empty)")
        sync_api.expect(rows).to_have_count(50)
        sync_api.expect(page.locator(".pagesbar")).to_contain_text("1–50 of 10,000")
        sync_api.expect(page.locator("a.chip").first).to_contain_text("10,000")

        page.fill("#alarm-search", "level7777")
        sync_api.expect(rows).to_have_count(1)
        sync_api.expect(page.locator(".notice.outside")).to_contain_text("9,999 unacknowledged outside this filter")
        page.go_back()
        page.goto(f"{room.url}/alarms?state=unacknowledged&page=200")
        sync_api.expect(page.locator(".pagesbar")).to_contain_text("9,951–10,000 of 10,000")
        page.wait_for_selector(".slot:not(:empty)")

        page.locator("[data-do=pick_all]").click()
        page.locator(".acts [data-do=acknowledge]").click()
        page.click("#sure")
        sync_api.expect(page.locator(".outcome.done")).to_have_count(50)
        sync_api.expect(page.locator("a.chip[aria-current]").first).to_contain_text("9,950")
        page.context.close()


def test_what_is_new_waits_while_something_is_selected_and_what_another_has_done_shows():
    with opening.room("--alarms", "3") as room, opening.chromium() as browser:
        mine, other = (opening.signed_in(browser, room, role) for role in ("operator", "engineer"))
        for page in (mine, other):
            page.goto(f"{room.url}/alarms")
        rows = mine.locator(".slot:not(:empty)")
        sync_api.expect(rows).to_have_count(3)
        rows.nth(0).locator("[data-do=pick]").click()
        mine.wait_for_selector(".acts")
        at = rows.nth(1).bounding_box()

        other.locator(".slot:not(:empty)").nth(1).locator("[data-do=acknowledge]").click()
        sync_api.expect(rows.nth(1)).to_contain_text("C acknowledged")
        sync_api.expect(rows.nth(1)).to_contain_text("by engineer")
        for values in ("9 9 1", "9 9 1", "9 9 9", "9 9 9"):
            room.say(f"levels {values}")
        sync_api.expect(mine.locator(".notice.fresh")).to_contain_text("1 new")
        assert rows.nth(1).bounding_box() == at
        sync_api.expect(rows).to_have_count(3)

        mine.locator("[data-do=fresh]").click()
        sync_api.expect(mine.locator(".notice.fresh")).to_have_count(0)
        sync_api.expect(rows.nth(0)).to_contain_text("Level of tank 2")
        sync_api.expect(mine.locator(".pick[aria-checked=true]")).to_have_count(1)  # the same alarm, where it is now
        for page in (mine, other):
            page.context.close()
