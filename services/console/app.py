"""The console's web server: the page over a LiveView, inside the asyncio loop that calls it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from services.console.acts import Desk
from services.console.api.routes import mount
from services.console.live import LiveView
from services.console.pages.moment import Moment
from services.console.pages.overview import Overview
from services.console.snapshots import Status
from services.console.words import PAGE
from services.core.catalogue.model import Catalogue

#: The browser may load nothing from elsewhere, and no other page may frame this one.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
)

Scope = MutableMapping[str, Any]


class _Policy:
    """Adds the security headers to every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        async def headed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await self.app(scope, receive, headed if scope["type"] == "http" else send)


def build(
    view: LiveView,
    catalogues: Sequence[Catalogue],
    status: Callable[[], Status] | None = None,
    desk: Desk | None = None,
) -> FastAPI:
    """The web application. `status` is asked every second by every open page; without it, the view's silence.
    `desk`: what the HTTP API works with; without it there is none.

    NiceGUI has one application a process, so this may be called once a process. ValueError when there is no
    catalogue.
    """
    if not catalogues:
        raise ValueError("the console needs at least one catalogue")
    utility = ", ".join(catalogue.name for catalogue in catalogues)
    zone = ZoneInfo(next(site.time_zone for one in catalogues for site in one.sites))
    asked = status or (lambda: Status(silence=view.silence()))

    @ui.page("/", title=f"{utility} · {PAGE['title']}")
    def overview() -> None:
        Overview(lambda: Moment(utility, view, asked(), zone))

    app = FastAPI(title=PAGE["title"], docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(_Policy)
    if desk is not None:
        mount(app, desk)  # before the pages, which answer whatever nobody else does
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
) -> None:
    """Serves until cancelled, then stops at once: open pages see a closed link and grey themselves.

    `sockets` (from `bind`) go before host and port. OSError when the port is taken.
    """
    held = list(sockets) or [bind(port, host)]
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
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
