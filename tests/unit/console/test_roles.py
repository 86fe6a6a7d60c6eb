"""Every address of the console as nobody and as each role: who is let in is what the table says, and nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.console.app import build
from tests.control_room import ROLES, ControlRoom, password
from tests.unit.console.endpoints import ASSETS, COMMANDS, ENDPOINTS, EVERYBODY, GUIDE, NOWHERE, written

NOBODY = "nobody"
WHO = (NOBODY, *ROLES)
Tried = dict[tuple[str, str, str], httpx.Response]


def addresses(routes: Iterable[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of everything that the application answers; of what is mounted as a whole only the path."""
    for route in routes:
        inside = getattr(getattr(route, "original_router", route), "routes", None)
        path = before + getattr(route, "path", "")
        if inside:
            yield from addresses(inside, path)
        elif getattr(route, "methods", None):
            yield from ((method, path) for method in sorted(route.methods))
        else:
            yield "", path


class Console(ControlRoom):
    """All of it, NiceGUI's pages too: there is one in a process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.desk = replace(self.desk, patience=0.0)  # nobody takes what is asked of paging here
        for _ in range(2):
            self.measure([9.0])
        self.app = build(self.view, [self.catalogue], self.status, self.desk, self.database)
        self.cookies: dict[str, httpx.Cookies] = {NOBODY: httpx.Cookies()}

    async def try_all(self) -> Tried:
        """Every address by everybody, in this order: what signs out comes in another browser."""
        tried: Tried = {}
        async with self.app.router.lifespan_context(self.app):
            for who in WHO:
                for method, path in ENDPOINTS:
                    tried[who, method, path] = await self._ask(who, method, path)
        return tried

    async def _ask(self, who: str, method: str, path: str) -> httpx.Response:
        headers: dict[str, str] = {}
        more: dict[str, Any] = {}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            if path.startswith("/api/") and who != NOBODY:
                headers["authorization"] = f"Bearer {self.tokens[who]}"
            elif who != NOBODY:
                await client.post("/sign-in", data={"name": who, "password": password(who)})
            path, _, action = path.partition(" ")
            if action:
                until = {"until": "2099-01-01T00:00:00Z"}
                more["json"] = {"action": action, "occurrences": [self.standing()[0]], "why": "tried", **until}
            if (method, path) == ("POST", "/api/v1/silences"):
                more["json"] = {"prefix": self.site.id, "until": "2099-01-01T00:00:00Z", "why": "tried"}
            path = re.sub(r"{\w+(:path)?}", lambda _: self.standing()[0] if "alarms" in path else "x", path)
            return await client.request(method, path, headers=headers, **more)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Console:
    """One for all."""
    return Console(tmp_path_factory.mktemp("console"))


@pytest.fixture(scope="module")
def tried(console: Console) -> Tried:
    """Each address was asked once by each."""
    return asyncio.run(console.try_all())


def test_every_address_is_in_the_table(console: Console) -> None:
    found = {
        (method, path) for method, path in addresses(console.app.routes)
        if path != NOWHERE and not path.startswith(ASSETS)
    }  # fmt: skip
    assert found == {(method, path.partition(" ")[0]) for method, path in ENDPOINTS}


def test_every_act_of_the_api_is_in_the_table(console: Console) -> None:
    described = asyncio.run(_described(console))
    assert set(described["components"]["schemas"]["CommandsIn"]["properties"]["action"]["enum"]) == set(COMMANDS)


def test_a_page_that_is_not_there_is_told_in_words_and_gives_nothing_away(console: Console) -> None:
    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(console.app), base_url="http://test") as client:
            return await client.get(path, headers={"accept-language": "zh"})

    answer = asyncio.run(ask("/<script>alert(1)</script>"))
    assert (answer.status_code, "没有这个页面" in answer.text, "alert(1)" in answer.text) == (404, True, False)


async def _described(console: Console) -> Any:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(console.app), base_url="http://test") as client:
        return (await client.get("/api/openapi.json")).json()


@pytest.mark.parametrize(("method", "path"), list(ENDPOINTS), ids=map(" ".join, ENDPOINTS))
def test_the_table_says_who_is_let_in(tried: Tried, method: str, path: str) -> None:
    least = ENDPOINTS[method, path]
    for who in WHO:
        answer = tried[who, method, path]
        assert answer.status_code < 500
        let_in = least == EVERYBODY or (who != NOBODY and WHO.index(who) >= WHO.index(least))
        assert _let_in(answer, path) == let_in, (who, answer.status_code, answer.headers.get("location"))
        assert let_in or who == NOBODY or answer.status_code == 403


def _let_in(answer: httpx.Response, path: str) -> bool:
    if path in ("/sign-in", "/sign-out"):
        return True  # whoever comes is heard
    turned = answer.headers.get("location", "").startswith("/sign-in")
    if path == "/account/sessions" and answer.status_code == 303:
        return "next" not in answer.headers["location"] and "max-age=0" in answer.headers.get("set-cookie", "").lower()
    # A form without its fields, or a link that is none, was heard and refused for what it says.
    refused = answer.status_code in (401, 403) and not path.startswith("/p/") and "not your password" not in answer.text
    return not turned and not refused


def test_the_guide_shows_the_table() -> None:
    text = GUIDE.read_text()
    assert written(text) == text, "write it anew: python -m tests.unit.console.endpoints"
