"""The console's web server: the page over a LiveView, inside the asyncio loop that calls it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI, Request
from nicegui import app as pages
from nicegui import ui
from starlette.responses import Response

from services.access.sessions import Sessions
from services.console import troubles
from services.console.acting.acts import Desk
from services.console.acting.duties import Duties
from services.console.api import routes as api
from services.console.door import link, sign_in
from services.console.door import people as peoples
from services.console.door.gate import Gate, Visitor, address_of, language_of, to_sign_in
from services.console.door.guard import Guard
from services.console.pages.alarm_list.page import AlarmPage
from services.console.pages.alarm_one import AlarmOne
from services.console.pages.duty.notices import Notices
from services.console.pages.frame import Content, Frame
from services.console.pages.handover import HandoverPage
from services.console.pages.incidents import Incidents
from services.console.pages.oncall import OnCallNow
from services.console.pages.overview import Overview
from services.console.pages.work import WorkWindows
from services.console.room import Room
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.console.words import PAGE
from services.core.catalogue.model import Catalogue
from services.store.database import Database, StoreError

#: Every page: its path, its name in NAVIGATION, and what makes its content, anew for each browser.
PAGES: tuple[tuple[str, str, Callable[[], Content]], ...] = (
    ("/", "overview", Overview),
    ("/alarms", "alarms", AlarmPage),
    ("/incidents", "incident", Incidents),
    ("/oncall", "oncall", OnCallNow),
    ("/handover", "handover", HandoverPage),
    ("/work", "work", WorkWindows),
)

#: Pages that others lead to: they are not in the navigation.
INNER: tuple[tuple[str, str, Callable[[], Content]], ...] = (("/alarms/one", "alarms", AlarmOne),)


def build(
    view: LiveView,
    catalogues: Sequence[Catalogue],
    status: Callable[[], Status] | None = None,
    desk: Desk | None = None,
    people: Database | None = None,
) -> FastAPI:
    """The web application. `status` is asked every second by every open page; without it, the view's silence.
    `desk`: what the HTTP API works with; without it there is none. `people`: where accounts are; without it the pages
    are for everybody to look at and for nobody to use.

    NiceGUI has one application a process, so this may be called once a process. ValueError when there is no
    catalogue.
    """
    if not catalogues:
        raise ValueError("the console needs at least one catalogue")
    utility = ", ".join(catalogue.name for catalogue in catalogues)
    zone = ZoneInfo(next(site.time_zone for one in catalogues for site in one.sites))
    asked = status or (lambda: Status(silence=view.silence()))
    gate = Gate(desk.accounts, Sessions(people, time.time_ns)) if desk is not None and people is not None else None
    duties = Duties(desk, people) if desk is not None and people is not None else None
    room = Room(utility, view, asked, zone, desk, gate, people, duties)
    for path, name, content in (*PAGES, *INNER):
        _page(room, path, name, content)

    app = FastAPI(title=PAGE["title"], docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)
    if desk is not None:
        api.mount(app, desk, duties, people)  # before the pages, which answer whatever nobody else does
    if gate is not None:
        sign_in.mount(app, gate)
        link.mount(app, room)
        peoples.mount(app, room, [(path, name) for path, name, _ in PAGES])
    app.add_exception_handler(StoreError, troubles.away)
    troubles.told_by(pages)
    ui.run_with(
        app,
        dark=True,
        tailwind=False,
        reconnect_timeout=10.0,
        message_history_length=20,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )
    return app


def _page(room: Room, path: str, name: str, content: Callable[[], Content]) -> None:
    links = [(path, name) for path, name, _ in PAGES]

    @ui.page(path, title=f"{room.utility} · {PAGE['title']}")
    def page(request: Request) -> Response | None:
        visitor = Visitor(None, language_of(request), address_of(request))
        if room.gate is not None:
            try:
                known = room.gate.visitor(request)
            except StoreError as error:
                return troubles.away(request, error)
            if known is None:
                return to_sign_in(request)
            visitor = known
        Frame(room, visitor, content(), links, path, Notices())
        return None


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket for `serve`; port 0 takes any that is free. OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class _Server(uvicorn.Server):
    """Uvicorn that leaves the process's signals to whoever owns the loop, and says when it serves."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None and self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    sockets: Sequence[socket.socket] = (),
    started: Callable[[], None] | None = None,
    proxies: str = "",
) -> None:
    """Serves until cancelled, then stops at once: open pages see a closed link and grey themselves.

    `sockets` (from `bind`) go before host and port. `proxies`: addresses or networks, comma-separated, of reverse
    proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; ValueError for anything else. OSError when the
    port is taken.
    """
    for proxy in filter(None, map(str.strip, proxies.split(","))):
        ipaddress.ip_network(proxy, strict=False)
    held = list(sockets) or [bind(port, host)]
    # Unless a proxy is named, nobody is believed who says to ask for another: guesses are counted by address.
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1, server_header=False,
        proxy_headers=bool(proxies), forwarded_allow_ips=proxies or None,
    )  # fmt: skip
    server = _Server(config, started)
    running = asyncio.ensure_future(server.serve(sockets=held))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
    finally:
        for one in held:
            one.close()
