"""Headers that every answer carries, the bound of what is taken in, and the refusal of what another site's page sends
in a visitor's name.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response

#: The browser may load nothing from elsewhere, and no other page may frame this one.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'"
)

#: Bytes of a body: 500 occurrences with the longest names are a fifth of it.
LONGEST_BODY = 1_000_000

#: What the pages are made from is the same for everybody and may be kept; all else is somebody's.
STATIC = "/_nicegui/"

_HARMLESS = frozenset(("GET", "HEAD", "OPTIONS"))

Scope = MutableMapping[str, Any]


class Guard:
    """Middleware over the whole application, pages and their sockets alike."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """One request, socket or life cycle."""
        if scope["type"] == "websocket" and foreign(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headed = _headed(send, kept=scope["path"].startswith(STATIC))
        if scope["method"] not in _HARMLESS:
            headers = Headers(scope=scope)
            if foreign(headers):
                await _refusal(scope, "refused: this was sent from another site's page", 403)(scope, receive, headed)
                return
            taken = await _body(headers, receive)
            if taken is None:
                await _refusal(scope, f"refused: more than {LONGEST_BODY:,} bytes", 413)(scope, receive, headed)
                return
            receive = taken
        await self.app(scope, receive, headed)


def foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page sends this; programs, which say nothing, are not foreign.

    The browser's own word on it, Sec-Fetch-Site (W3C Fetch Metadata), then Origin against Host for older ones.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def _refusal(scope: Scope, words: str, status: int) -> Response:
    headers = {"Connection": "close"}
    if scope["path"].startswith("/api/"):
        return JSONResponse({"detail": words}, status, headers)
    return PlainTextResponse(words, status, headers)


async def _body(headers: Headers, receive: Any) -> Any:
    """The body as it will be received once more; None when it is too long. It is short, so it is held."""
    stated = headers.get("content-length", "0")
    if not (stated.isascii() and stated.isdigit() and len(stated) < 16 and int(stated) <= LONGEST_BODY):
        return None
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return _again([message], receive)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LONGEST_BODY:
            return None
        more = message.get("more_body", False)
    return _again([{"type": "http.request", "body": b"".join(parts), "more_body": False}], receive)


def _again(messages: list[Any], receive: Any) -> Any:
    async def again() -> Any:
        return messages.pop(0) if messages else await receive()

    return again


def _headed(send: Any, kept: bool) -> Any:
    async def headed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", ()),
                (b"content-security-policy", POLICY.encode()),
                (b"x-content-type-options", b"nosniff"),
                # Not `no-referrer`: browsers then send `Origin: null` with our own forms (Fetch, "append a request
                # Origin header"), and over plain HTTP nothing else says where a form is from.
                (b"referrer-policy", b"same-origin"),
                *(() if kept else ((b"cache-control", b"no-store"),)),
            ]
        await send(message)

    return headed
