"""The console in a real browser: what the dispatcher sees, and that it never lies when something stops."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]


class Demo:
    """The console in a process of its own, over the synthetic night."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.demo", *arguments], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/"

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def quit(self) -> int:
        if self.process.poll() is None:
            self.say("quit")
        return self.process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


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


def opened(browser, demo: Demo, width: int = 1366, height: int = 768):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(demo.url)
    page.wait_for_selector(".clock .big, .clock .muted")
    return page


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
