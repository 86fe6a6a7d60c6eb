"""Pages whose server died, came back, or whose data stopped: over every page, and none of them looks like peace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.console.app import INNER, PAGES
from services.console.words import en, zh
from tests.browser.opening import CHROMIUM, Room, chromium, room, shown, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]

PATHS = [path for path, _, _ in (*PAGES, *INNER)]

#: What is only said of data that comes.
PEACE = [words.ALARMS[name] for words in (en, zh) for name in ("none",)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


def opened(browser: Any, plant: Room, language: str = "en") -> list[Any]:
    """Every page, each in a tab of the same visitor."""
    first = signed_in(browser, plant, "engineer", language=language)
    pages = [first]
    for path in PATHS[1:]:
        pages.append(first.context.new_page())
        pages[-1].goto(plant.url + path)
    for page in pages:
        shown(page)
    return pages


def test_every_page_greys_when_its_server_dies_lets_nothing_be_done_and_comes_back_by_itself(
    browser: Any, tmp_path: Path
) -> None:
    plant = Room("--folder", str(tmp_path))
    pages = opened(browser, plant)
    plant.kill()
    for page in pages:
        page.bring_to_front()
        page.wait_for_selector("body.lost .lostbar", state="visible")
        assert "Connection lost" in page.locator(".lostbar").inner_text()
        assert "grayscale" in page.evaluate("getComputedStyle(document.querySelector('.page')).filter")
        # What is inert is not clicked, not focused, and not read out.
        outside = (
            "[...document.querySelectorAll('button, a, input, select, textarea, [role=button], [tabindex=\"0\"]')]"
        )
        outside += ".filter(one => !one.closest('[inert]') && one.checkVisibility() && !one.closest('.skip'))"
        assert page.evaluate(f"{outside}.map(one => one.outerHTML)") == []
        page.keyboard.press("g")
        page.keyboard.press("a")
        assert page.evaluate("document.body.classList.contains('lost')"), "no key leads to a page that is not there"
    with room("--folder", str(tmp_path), "--port", str(plant.port)):
        for page in pages:
            page.bring_to_front()
            page.wait_for_selector("body:not(.lost) .page:not([inert])")
            page.wait_for_selector("#beat[data-beat]", state="attached")
            assert not page.locator(".lostbar").is_visible()
            assert "/sign-in" not in page.url, "who was signed in still is"
    pages[0].context.close()


def said(page: Any) -> Any:
    """What makes the page less than the truth."""
    return page.locator("[role=status]").first.locator(".banner.alert:visible")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_looks_normal_when_a_processor_or_the_data_stopped(browser: Any, language: str) -> None:
    with room("--alarms", "0") as plant:
        pages = opened(browser, plant, language)
        for page in pages:
            assert said(page).count() == 0
        plant.say("stopped")
        for page in pages:
            page.bring_to_front()
            said(page).first.wait_for()
        plant.say("still")
        for page in pages:
            page.bring_to_front()
            page.wait_for_selector(".page.old")
            assert said(page).count() == 2
            text = page.locator("#main").inner_text()
            assert [words for words in PEACE if words in text] == [], page.url
        pages[0].context.close()
