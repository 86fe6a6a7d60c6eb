"""Chromium before a control room: how browser tests open pages, signed in, in a language and at a size."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP plant.test 127.0.0.1"]  # fmt: skip
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")

#: A desk and a telephone.
SIZES = ((1366, 768), (390, 844))


class Room:
    """`tests.browser.room` in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.room", *arguments], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self.port = int(self._line())
        self.url = f"http://127.0.0.1:{self.port}"

    def say(self, line: str) -> None:
        """One of the room's commands, obeyed when this returns."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self._line() == "ok"

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait(20)

    def quit(self) -> None:
        """Unless it has ended."""
        if self.process.poll() is None:
            self.process.communicate("quit\n", timeout=20)

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def room(*arguments: str) -> Iterator[Room]:
    """Ended at the end."""
    found = Room(*arguments)
    try:
        yield found
    finally:
        found.quit()


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def signed_in(browser: Any, room: Room, role: str = "operator", size: tuple[int, int] = SIZES[0],
              language: str = "en") -> Any:  # fmt: skip
    """A page of somebody of that role, on the overview."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.goto(f"{room.url}/language/{language}?next=/sign-in")
    page.fill("#name", role)
    page.fill("#password", f"{role}-of-the-plant")
    page.click("button[type=submit]")
    shown(page)
    return page


def shown(page: Any) -> Any:
    """Waits until the page lives."""
    page.wait_for_selector(".clock .big, .clock .muted")
    page.wait_for_function("+document.getElementById('beat')?.dataset.beat >= 2")
    return page
