"""Every page in both languages and at both sizes before axe-core: nothing serious and nothing critical."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.console.app import INNER, PAGES
from services.console.words import LANGUAGES
from tests.browser.axe import findings
from tests.browser.opening import CHROMIUM, SIZES, Room, chromium, room, shown, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]

PATHS = [path for path, _, _ in (*PAGES, *INNER)]
FORMS = ["/account", "/users", "/audit"]


@pytest.fixture(scope="module")
def plant() -> Iterator[Room]:
    """Three alarms stand, and rosters are in force."""
    with room("--alarms", "3", "--rosters") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all."""
    with chromium() as found:
        yield found


@pytest.mark.parametrize("size", SIZES, ids=["desk", "telephone"])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_axe_finds_nothing_serious(browser: Any, plant: Room, language: str, size: tuple[int, int]) -> None:
    page = signed_in(browser, plant, "administrator", size, language)
    found = {}
    for path in (*PATHS, *FORMS, "/nothing"):
        page.goto(plant.url + path)
        if path in PATHS:
            shown(page)
        found[path] = findings(page)
    page.context.clear_cookies()
    page.goto(plant.url + "/sign-in")
    found["/sign-in"] = findings(page)
    page.context.close()
    assert {path: one for path, one in found.items() if one} == {}


def test_axe_finds_nothing_serious_in_the_help(browser: Any, plant: Room) -> None:
    page = signed_in(browser, plant)
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    assert findings(page) == []
    page.context.close()
