"""The overview over the synthetic night: a console of its own, and its page in a browser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


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


def opened(browser: Any, demo: Demo, width: int = 1366, height: int = 768) -> Any:
    """Its page, drawn."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(demo.url)
    page.wait_for_selector(".clock .big, .clock .muted")
    return page
