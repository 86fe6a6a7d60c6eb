"""Headers that every answer carries, and the refusal of what another site's page sends in a visitor's name."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

#: The browser may load nothing from elsewhere, and no other page may frame this one.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'"
)

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
        if scope["type"] == "http" and scope["method"] not in _HARMLESS and foreign(Headers(scope=scope)):
            refusal = PlainTextResponse("refused: this was sent from another site's page", 403)
            await refusal(scope, receive, _headed(send))
            return
        await self.app(scope, receive, _headed(send) if scope["type"] == "http" else send)


def foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page sends this; programs, which say nothing, are not foreign.

    The browser's own word on it, Sec-Fetch-Site (W3C Fetch Metadata), then Origin against Host for older ones.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def _headed(send: Any) -> Any:
    async def headed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", ()),
                (b"content-security-policy", POLICY.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"no-referrer"),
            ]
        await send(message)

    return headed
