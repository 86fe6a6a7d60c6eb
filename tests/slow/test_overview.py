"""The overview in a real browser: before the first tick, with hostile names, and with nothing from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@pytest.fixture
def start() -> Iterator[Callable[..., Demo]]:
    begun: list[Demo] = []

    def begin(*arguments: str) -> Demo:
        begun.append(Demo(*arguments))
        return begun[-1]

    yield begin
    for demo in begun:
        demo.quit()


@pytest.fixture(scope="module")
def storm() -> Iterator[Demo]:
    """22:10 of the night, for tests that only look."""
    demo = Demo("--until", "22:10")
    yield demo
    demo.quit()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_nothing_from_outside_no_errors_no_sideways_scrolling(browser, storm, width, height):
    page = browser.new_page(viewport={"width": width, "height": height})
    errors: list[str] = []
    foreign: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((storm.url, "data:", "blob:", "ws://127.0.0.1"))
            else foreign.append(r.url))  # fmt: skip
    answer = page.goto(storm.url)
    page.wait_for_selector(".chart canvas")
    page.wait_for_function("+document.getElementById('beat').dataset.beat >= 5")  # charts drawn twice
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (errors, foreign) == ([], [])
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    page.close()


def test_before_the_first_tick_nothing_is_called_normal(browser, start):
    page = opened(browser, start("--until", ""))
    assert "Not known" in page.locator("#alarms").inner_text()
    assert "No data yet" in page.locator(".tile").first.inner_text()
    page.close()


def test_a_hostile_name_is_shown_as_text(browser, start):
    page = opened(browser, start("--until", "22:10", "--hostile"))
    assert page.locator(".tile h3").first.inner_text().startswith("<img src=x onerror=")
    assert page.locator("img[src='x']").count() == 0
    page.wait_for_function("+document.getElementById('beat').dataset.beat >= 5")
    assert page.title().endswith("Liuyang · Headworks")
    page.close()
