"""A control room whose alarms page people: the paging service, its messages and the page behind their links."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from services.access.sessions import Sessions
from services.alerts.oncall.decisions import Decision
from services.console.door import link
from services.console.door.gate import Gate
from services.console.door.guard import Guard
from services.console.room import Room
from services.core.catalogue.model import Site
from services.duty.links import Links
from services.duty.log import Store
from services.duty.wishes import Wishes
from services.notify.service import Notifier
from services.notify.sources import Happening
from tests.control_room import ControlRoom, levels
from tests.unit.oncall.desk import rules

BASE = "http://test"

HIGH = [{"id": "all", "because": "every alarm pages here", "steps": [{"to": ["operator"], "repeat": "5m", "times": 2}]}]
PEOPLE = [
    {"id": "operator", "name": "Operator", "language": "zh", "reach": [{"channel": "push", "urgency": "wake"}]},
    {"id": "wang", "name": "Wang", "reach": [{"channel": "push", "urgency": "wake"}]},
]


class Phone:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
        """Takes it."""
        self.bodies.append(body)

    @property
    def links(self) -> list[str]:
        """The addresses in the messages, without their base."""
        found = [line.rpartition(" ")[2] for body in self.bodies for line in body.splitlines() if BASE in line]
        return [one.removeprefix(BASE) for one in found]


class PagedRoom(ControlRoom):
    """See above. wall: the machine's clock, ns; the run's clock is paging's."""

    def __init__(self, folder: Path, plant: Site | None = None, **change: Any) -> None:
        super().__init__(folder, plant or levels(1))
        self.wall = 10**18
        self.phone = Phone()
        self.rules = rules(
            **{"policies": HIGH, "people": PEOPLE, "rosters": [], "digest_to": [], "console": BASE} | change
        )
        self.room = Room(
            "Test waterworks", self.view, self.status, ZoneInfo("Asia/Shanghai"), self.desk,
            Gate(self.accounts, Sessions(self.database, self.now)), self.database,
        )  # fmt: skip
        self.notifier = self.start()
        self.notifier.begin_at({"log": -1})
        self.app = FastAPI()
        self.app.add_middleware(Guard)
        link.mount(self.app, self.room)

    def start(self) -> Notifier:
        """The paging service, as a process would."""
        links = Links(self.database, lambda: self.wall)
        return Notifier(
            self.rules, Store(self.database), "log", {"push": self.phone}, self.now, {}, Wishes(self.database), links
        )

    def page(self) -> list[Decision]:
        """Paging takes what came and what was asked, and sends."""
        out = self.notifier.take([Happening("log", i, event) for i, event in enumerate(self.events)])
        out += self.notifier.listen() + self.notifier.tick()
        while asyncio.run(self.notifier.send_all()):
            pass
        return out

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Through the application, without a socket and without a sign-in."""
        return asyncio.run(self._ask(method, path, **more))

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE) as client:
            return await client.request(method, path, **more)

    def press(self, path: str) -> httpx.Response:
        """Looks, and presses the button as the page has it."""
        shown = self.ask("GET", path).text
        seen = shown.partition('name="seen" value="')[2].partition('"')[0]
        return self.ask("POST", path, data={"seen": seen})
