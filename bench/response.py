"""response: from an alarm in the log to the page on a telephone and to the row on a screen, in the storm at 60 times.

The whole job as `headworks run`, paging as `headworks notify` beside it, a telephone that is a webhook here, and the
overview in a real browser, which notes when each row comes. An alarm's moment is when its transition is durable and can
be read by another process. Everything pages, so that there is more than a handful to measure. Peer: what the design
allows, 2 s at the 99th percentile; with so few alarms in a night that is nearly the slowest of them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from bench.cluster import BenchError
from services.core.records import AlarmEvent, Config, IncidentEvent, Output, Record, Tick
from services.duty.log import Store
from services.job.follower import Follower
from services.job.options import LOG_FILE
from services.runtime.local import LogView
from services.store.database import Database

EVENT, SPEED = "liuyang-2023-04-18-storm-turbidity", "60"
ALLOWED = 2.0

RULES = {
    "time_zone": "Asia/Shanghai",
    "people": [{"id": "engineer", "name": "Engineer", "reach": [{"channel": "voice", "urgency": "wake"}]}],
    "policies": [
        {"id": name, "match": {"priorities": [name]}, "because": "all of it is measured",
         "steps": [{"to": ["engineer"], "repeat": "20h", "times": 2}]}
        for name in ("critical", "high", "medium")
    ],
}  # fmt: skip

#: Notes the wall time (ms) at which a row of an occurrence is first in the page.
WATCH = """
() => {
  window.came = {};
  const look = () => document.querySelectorAll("#alarms [data-o]").forEach(row => {
    window.came[row.dataset.o] ??= Date.now();
  });
  look();
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
}
"""


class Telephone:
    """Takes pages; `rang`: by their name the wall seconds at which they came first, how often in `times`."""

    def __init__(self) -> None:
        self.rang: dict[str, float] = {}
        self.times: dict[str, int] = {}
        phone = self

        class Handler(BaseHTTPRequestHandler):
            """One page."""

            def do_POST(self) -> None:
                at = time.time()
                page = str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["page"])
                phone.rang.setdefault(page, at)
                phone.times[page] = phone.times.get(page, 0) + 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/voice"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Watch:
    """What can be read in the log, with the wall seconds at which it could; `names` of sites that it has."""

    def __init__(self) -> None:
        self.raised: dict[str, float] = {}
        self.told: dict[str, list[float]] = {}
        self.ended = False

    def take(self, entry: Record | Output) -> None:
        """One entry of the log."""
        now = time.time()
        match entry:
            case AlarmEvent():
                self.told.setdefault(entry.occurrence, []).append(now)
                if entry.transition == "raised" and entry.annunciated:
                    self.raised.setdefault(entry.occurrence, now)
            case IncidentEvent():
                self.told.setdefault(entry.incident, []).append(now)
            case Tick():
                self.ended = self.ended or entry.end
            case Config() | _:
                pass


def run(seconds_budget: float = 900.0) -> dict[str, Any]:
    """ "ours": the 99th percentile in s of the slower of both ways; "ratio": 2 s over it. BenchError without Chromium,
    or when an alarm had no row. seconds_budget: the night is ended after as long, if it has not by then.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise BenchError("Chromium is not installed: without it there is no screen")
    phone, watch = Telephone(), Watch()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.callback(phone.server.shutdown)
        data, rules = Path(folder) / "data", Path(folder) / "oncall.yaml"
        channels = {"voice": {"kind": "webhook", "url": phone.url}}
        rules.write_text(yaml.safe_dump(RULES | {"channels": channels}))
        port = _free()
        _start(stack, folder, "run", EVENT, "--data", str(data), "--speed", SPEED, "--until-end", "--fresh",
               "--console-port", str(port), "--mqtt-port", str(_free()))  # fmt: skip
        _until((data / LOG_FILE).exists, 60)
        _start(stack, folder, "notify", str(rules), "--data", str(data), "--player", "--whole")
        with ThreadedWatch(data, watch):
            came = _look(chromium, f"http://127.0.0.1:{port}/", watch, seconds_budget)
        return _result(data, phone, watch, came)


class ThreadedWatch:
    """Follows the log in a thread of its own: the browser's driver keeps this one."""

    def __init__(self, data: Path, watch: Watch) -> None:
        self._data, self._watch = data, watch
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(5)

    def _run(self) -> None:
        self._task = self._loop.create_task(self._follow())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    async def _follow(self) -> None:
        with LogView.open(self._data / LOG_FILE) as view:
            async with Follower(view, [self._watch.take]) as follower:
                await follower.wait()


def _look(chromium: str, url: str, watch: Watch, budget: float) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    end = time.monotonic() + budget
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        _until(lambda: _opened(page, url), 60)
        page.wait_for_selector("#alarms")
        page.evaluate(WATCH)
        while not watch.ended and time.monotonic() < end:
            page.wait_for_timeout(500)
        page.wait_for_timeout(4000)
        came: dict[str, float] = {name: at / 1000 for name, at in page.evaluate("window.came").items()}
        browser.close()
        return came


def _opened(page: Any, url: str) -> bool:
    from playwright.sync_api import Error

    try:
        page.goto(url)
    except Error:
        return False
    return True


def _result(data: Path, phone: Telephone, watch: Watch, came: dict[str, float]) -> dict[str, Any]:
    rows = [came[name] - at for name, at in watch.raised.items() if name in came]
    missing = sorted(set(watch.raised) - set(came))
    if not rows or missing:
        raise BenchError(f"{len(rows)} rows came, and none for {missing[:5]}")
    database = Database.in_folder(data)
    try:
        causes = {one.page: one.occurrence for _, one in _pages(Store(database), phone)}
    finally:
        database.close()
    pages = []
    for page, at in phone.rang.items():
        before = [told for told in watch.told.get(causes.get(page, ""), ()) if told <= at]
        if before:
            pages.append(at - before[-1])
    slowest = max(_p99(pages), _p99(rows))
    return {
        "bench": "response", "unit": "s", "ours": round(slowest, 3), "peer": ALLOWED,
        "ratio": round(ALLOWED / slowest, 2), "speed": float(SPEED),
        "alarms": len(watch.raised), "pages": len(phone.rang), "measured_pages": len(pages),
        "repeated_pages": sum(n - 1 for n in phone.times.values()),
        "to_page": _spread(pages), "to_row": _spread(rows),
    }  # fmt: skip


def _pages(store: Store, phone: Telephone) -> list[tuple[str, Any]]:
    """The decisions behind the pages that rang: a page's name begins with its problem's."""
    problems = {page.split("#")[0] for page in phone.rang}
    return [(name, one) for name in problems for one in store.decisions(name) if one.page and one.kind.value == "page"]


def _p99(values: Sequence[float]) -> float:
    if len(values) < 2:
        raise BenchError(f"{len(values)} were measured: too few")
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(values), 3), "p99": round(_p99(values), 3), "max": round(max(values), 3)}


def _start(stack: ExitStack, folder: str, *words: str) -> None:
    out = stack.enter_context((Path(folder) / f"{words[0]}.log").open("wb"))
    process = subprocess.Popen([sys.executable, "-m", "services.cli", *words], stdout=out, stderr=subprocess.STDOUT)
    stack.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until(true: Any, within: float) -> None:
    end = time.monotonic() + within
    while not true():
        if time.monotonic() > end:
            raise BenchError(f"not within {within:g} s")
        time.sleep(0.1)


def _free() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
