"""The console's doors without its pages: sign-in, the people's own pages and the guard, and browsers before them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from services.access.sessions import Sessions
from services.console.door import people, sign_in
from services.console.door.gate import Gate
from services.console.door.guard import Guard
from services.console.room import Room
from services.console.troubles import away
from services.store.database import StoreError
from tests.control_room import ControlRoom, password


class Doors(ControlRoom):
    """Users of every role, and `wall`, a clock that is set by hand (ns)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder, self.wall = folder, 10**18
        gate = Gate(self.accounts, Sessions(self.database, lambda: self.wall))
        room = Room("Test", self.view, self.status, ZoneInfo("Asia/Shanghai"), self.desk, gate, self.database)
        self.app = FastAPI()
        self.app.add_middleware(Guard)
        self.app.add_exception_handler(StoreError, away)
        sign_in.mount(self.app, gate)
        people.mount(self.app, room, [("/", "overview")])

    def lose_the_database(self) -> None:
        """Where it was there is something else."""
        self.database.close()
        for file in self.folder.glob("people.sqlite*"):
            file.unlink()
        (self.folder / "people.sqlite").mkdir()


class Browser:
    """With its cookies, at an address; it follows no redirect."""

    def __init__(self, app: Any, address: str = "10.0.0.1", url: str = "http://test") -> None:
        self._app, self._address, self._url = app, address, url
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        return asyncio.run(self._ask(method, path, **more))

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=(self._address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=self._url, cookies=self.cookies) as client:
            answer = await client.request(method, path, **more)
            self.cookies = client.cookies
            return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        """One page."""
        return self.ask("GET", path, **more)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """One form."""
        return self.ask("POST", path, data=fields)

    def sign_in(self, name: str = "operator", secret: str | None = None, **more: str) -> httpx.Response:
        """The form of the sign-in."""
        return self.post("/sign-in", name=name, password=password(name) if secret is None else secret, **more)

    def inside(self) -> bool:
        """Whether the account page opens."""
        return self.get("/account").status_code == 200
