"""The way in: who comes in, who does not, what a browser is given, and what another site's page cannot do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.access.guesses import FREE_AT_ADDRESS
from services.access.roles import Role
from services.access.sessions import IDLE, LONGEST, LONGEST_VIEWER
from services.console.app import bind, serve
from services.console.door.gate import SESSION
from services.core.clock import HOUR, SECOND
from tests.unit.console.doors import Browser, Doors


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    """Of a plant of its own."""
    return Doors(tmp_path)


@pytest.fixture
def browser(doors: Doors) -> Browser:
    """Before the doors."""
    return Browser(doors.app)


def test_who_is_let_in_goes_where_they_wanted_to_go(browser: Browser) -> None:
    asked = browser.get("/account?said=ended")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Fsaid%3Dended")
    assert 'value="/account?said=ended"' in browser.get(asked.headers["location"]).text
    answer = browser.sign_in(next="/account?said=ended")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?said=ended")
    assert browser.inside()


@pytest.mark.parametrize(("role", "longest"), [("operator", LONGEST), ("viewer", LONGEST_VIEWER)])
def test_the_cookie_is_for_this_site_and_for_no_script(doors: Doors, role: str, longest: int) -> None:
    flags = {"httponly", "samesite=lax", "path=/", f"max-age={longest // SECOND}"}
    for url, wanted in (("http://test", flags), ("https://test", flags | {"secure"})):
        cookie = Browser(doors.app, url=url).sign_in(role).headers["set-cookie"]
        assert {part.strip().lower() for part in cookie.split(";")[1:]} == wanted


STRANGERS = (
    ("operator", "wrong"), ("nobody", "operator-of-the-plant"), ("", ""), ("operator", ""), ("left", "left-the-plant"),
    ("program", ""), ("x" * 100_000, "x" * 100_000), ("<script>alert(1)</script>", "x"), ("operator\x00", "x"),
    ("' or 1=1 --", "' or 1=1 --"), ("\u202eoperator", "operator-of-the-plant"), ("水", "水" * 300),
)  # fmt: skip


def test_nobody_else_is_let_in_and_all_are_told_the_same(doors: Doors) -> None:
    doors.accounts.add("left", Role.OPERATOR, password="left-the-plant")
    doors.accounts.change("left", active=False)
    doors.accounts.add("program", Role.OPERATOR)
    for n, (name, secret) in enumerate(STRANGERS):
        browser = Browser(doors.app, f"10.0.0.{n}")
        answer = browser.sign_in(name, secret)
        assert answer.status_code == 403, name
        assert "Name and password do not fit." in answer.text
        assert "<script>alert" not in answer.text
        assert SESSION not in browser.cookies
        assert not browser.inside()


def test_guesses_at_a_name_are_slowed_and_the_answer_says_for_how_long(doors: Doors) -> None:
    for last in range(5):
        assert Browser(doors.app, f"10.0.0.{last}").sign_in("operator", "wrong").status_code == 403
    answer = Browser(doors.app, "10.0.0.9").sign_in("operator")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"
    assert "wait 2 s" in answer.text


def test_guesses_from_an_address_are_slowed_and_others_come_in(doors: Doors) -> None:
    for n in range(FREE_AT_ADDRESS):
        assert Browser(doors.app, "10.0.0.1").sign_in(f"name{n}", "wrong").status_code == 403
    assert Browser(doors.app, "10.0.0.1").sign_in("operator").status_code == 429
    assert Browser(doors.app, "10.0.0.2").sign_in("operator").status_code == 303


def test_a_session_that_has_run_out_or_was_ended_leads_to_the_sign_in(doors: Doors) -> None:
    idle, longest, out, left = (Browser(doors.app) for _ in range(4))
    for one in (idle, longest, out):
        one.sign_in()
    left.sign_in("viewer")
    kept = dict(out.cookies)
    assert out.post("/sign-out").headers["location"] == "/sign-in"
    out.cookies = httpx.Cookies(kept)
    assert not out.inside(), "the cookie itself opens nothing any more"
    doors.accounts.change("viewer", active=False)
    assert not left.inside()
    begun = doors.wall
    while doors.wall < begun + LONGEST - HOUR:
        doors.wall += HOUR
        assert longest.inside()
    assert not idle.inside(), f"nobody looked for {IDLE} ns"
    doors.wall += HOUR
    assert not longest.inside()


def test_a_cookie_that_somebody_else_chose_is_never_signed_in(doors: Doors) -> None:
    chosen = "A" * 43
    browser = Browser(doors.app)
    browser.cookies.set(SESSION, chosen)
    answer = browser.sign_in()
    assert chosen not in answer.headers["set-cookie"]
    other = Browser(doors.app)
    other.cookies.set(SESSION, chosen)
    assert not other.inside()


def test_whoever_sat_here_before_is_signed_out_by_the_next(doors: Doors) -> None:
    browser, stolen = Browser(doors.app), Browser(doors.app)
    browser.sign_in("operator")
    stolen.cookies = httpx.Cookies(browser.cookies)
    assert stolen.inside()
    browser.sign_in("engineer")
    assert browser.inside()
    assert not stolen.inside()


ELSEWHERE = (
    "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil.example",
    "javascript:alert(1)", "/a\r\nSet-Cookie: x=1", "/" + "x" * 2000, "/%0d\n", "///evil.example", "",
)  # fmt: skip


def test_nobody_is_led_out_of_the_console(doors: Doors) -> None:
    for wanted in ELSEWHERE:
        browser = Browser(doors.app)
        for answer in (browser.sign_in(next=wanted), browser.get("/language/zh", params={"next": wanted})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), wanted


def test_the_language_is_the_browsers_until_one_is_chosen(doors: Doors) -> None:
    browser = Browser(doors.app)
    chinese = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}
    assert 'lang="zh"' in browser.get("/sign-in", headers=chinese).text
    assert 'lang="en"' in browser.get("/sign-in", headers={"accept-language": "de"}).text
    browser.get("/language/en?next=/sign-in")
    assert 'lang="en"' in browser.get("/sign-in", headers=chinese).text
    assert "set-cookie" not in browser.get("/language/xx").headers
    assert "用户名与密码不符" in Browser(doors.app).ask(
        "POST", "/sign-in", headers=chinese, data={"name": "operator", "password": "x"}
    ).text  # fmt: skip


FOREIGN: tuple[dict[str, str], ...] = (
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.example"},
    {"origin": "null"}, {"origin": "http://test:8080"}, {"sec-fetch-site": "cross-site", "origin": "http://test"},
)  # fmt: skip
OURS: tuple[dict[str, str], ...] = (
    {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}, {"origin": "http://test"},
)  # fmt: skip


def test_another_sites_page_sends_nothing_in_a_visitors_name(doors: Doors) -> None:
    browser = Browser(doors.app)
    browser.sign_in("administrator")
    for headers in FOREIGN:
        for path in ("/sign-in", "/sign-out", "/users", "/account/password"):
            assert browser.ask("POST", path, headers=headers, data={"name": "x"}).status_code == 403, headers
        assert asyncio.run(_socket(doors.app, headers)) == "websocket.close"
    assert browser.inside()


def test_what_our_own_pages_send_comes_through(doors: Doors) -> None:
    data = {"name": "operator", "password": "operator-of-the-plant"}
    for headers in OURS:
        assert Browser(doors.app).ask("POST", "/sign-in", headers=headers, data=data).status_code == 303, headers


async def _socket(app: Any, headers: dict[str, str]) -> str:
    """What a socket is answered with."""
    answers: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        answers.append(message)

    told = [(name.encode(), value.encode()) for name, value in {"host": "test", **headers}.items()]
    scope = {
        "type": "websocket", "path": "/_nicegui_ws/socket.io/", "headers": told, "query_string": b"", "scheme": "ws",
        "server": ("test", 80), "client": ("10.0.0.1", 1), "subprotocols": [], "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return str(answers[0]["type"])


def test_every_answer_forbids_framing_and_foreign_scripts_and_is_kept_nowhere(browser: Browser) -> None:
    for path in ("/sign-in", "/account", "/nothing"):
        headers = browser.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")
        assert headers["cache-control"] == "no-store"


def test_without_the_database_nobody_comes_in_and_it_is_said_in_words(doors: Doors, browser: Browser) -> None:
    browser.sign_in()
    doors.lose_the_database()
    for answer in (browser.sign_in(), browser.get("/account"), browser.post("/sign-out")):
        assert answer.status_code == 503
        assert "Nothing was changed" in answer.text
    assert "未作任何更改" in browser.get("/account", headers={"accept-language": "zh"}).text


@pytest.mark.parametrize(("proxies", "seen"), [("", ("127.0.0.1", "http")), ("127.0.0.1", ("203.0.113.9", "https"))])
async def test_only_a_proxy_that_was_named_may_say_for_whom_it_asks(proxies: str, seen: tuple[str, str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{scope['client'][0]} {scope['scheme']}".encode()})

    held, ready = bind(0), asyncio.Event()
    url = f"http://127.0.0.1:{held.getsockname()[1]}/"
    serving = asyncio.ensure_future(serve(app, sockets=[held], started=ready.set, proxies=proxies))  # type: ignore[arg-type]
    await asyncio.wait_for(ready.wait(), 20)
    async with httpx.AsyncClient() as client:
        answer = await client.get(url, headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert tuple(answer.text.split()) == seen


@pytest.mark.parametrize("proxies", ["*", "proxy.local", "10.0.0.1, *", "10.0.0.0/33"])
async def test_a_proxy_is_named_by_its_address(proxies: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        await serve(Doors, proxies=proxies)  # type: ignore[arg-type]
