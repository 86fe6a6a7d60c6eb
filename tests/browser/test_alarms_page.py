"""The alarms page's main job in a real browser: acknowledge two, shelve one with a reason, keep a filter's address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import opening

sync_api = pytest.importorskip("playwright.sync_api")

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not opening.CHROMIUM, reason="Chromium is not installed")]

WORDS = {
    "en": {"acknowledged": "C acknowledged", "shelved": "G shelved", "done": "Acknowledge: done",
           "why": "Instrument at fault"},
    "zh": {"acknowledged": "C 已确认", "shelved": "G 已搁置", "done": "确认：完成", "why": "仪表故障"},
}  # fmt: skip


@pytest.fixture(scope="module")
def room() -> Iterator[opening.Room]:
    """A control room with eight alarms, whose site has a hostile name."""
    with opening.room("--alarms", "8", "--name", HOSTILE) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opening.chromium() as found:
        yield found


@pytest.mark.parametrize(("language", "size", "gone"), [("en", opening.SIZES[0], 0), ("zh", opening.SIZES[1], 3)])
def test_two_are_acknowledged_one_is_shelved_with_a_reason_and_a_filter_is_an_address(
    browser, room, language, size, gone
):
    page, words = opening.signed_in(browser, room, "operator", size, language), WORDS[language]
    page.goto(f"{room.url}/alarms?state=unacknowledged&sort=place")
    rows = page.locator(".slot:not(:empty)")
    sync_api.expect(rows).to_have_count(8 - gone)

    for at in (0, 1):
        rows.nth(at).locator("[data-do=pick]").click()
        sync_api.expect(rows.nth(at).locator(".pick")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("a")
    page.click("#sure")
    for at in (0, 1):  # they stay where they are, and say what became of it
        sync_api.expect(rows.nth(at)).to_contain_text(words["done"])
        sync_api.expect(rows.nth(at)).to_contain_text(words["acknowledged"])

    rows.nth(2).locator("[data-do=pick]").click()
    page.locator(".acts [data-do=shelve]").click()
    page.locator(".q-dialog").get_by_text(words["why"]).click()
    page.click("#sure")
    sync_api.expect(rows.nth(2)).to_contain_text(words["shelved"])

    page.locator("a.chip[data-go*=shelved]").click()
    page.wait_for_url("**/alarms?state=shelved&sort=place")
    page.reload()
    page.wait_for_selector(".slot:not(:empty)")
    assert words["why"] in "".join(rows.all_inner_texts())
    sync_api.expect(page.locator(".notice.outside")).to_contain_text(str(8 - gone - 3))
    page.wait_for_function(f"document.title.startsWith('({8 - gone - 3}) ')")
    page.go_back()
    page.wait_for_url("**/alarms?state=unacknowledged&sort=place")
    sync_api.expect(rows).to_have_count(8 - gone - 3)

    assert HOSTILE in rows.first.inner_text()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.context.close()
