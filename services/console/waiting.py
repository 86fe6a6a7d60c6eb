"""What a browser sees while the console waits for what it needs: that it waits, for what, and that it goes on."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from services.console.door.guard import Guard
from services.console.markup import Markup, join, tag

#: Seconds until the browser asks again.
_AGAIN = 3


def waiting(why: Callable[[], str]) -> FastAPI:
    """An application that answers 503 to everything, in both languages; `why`: the sentence of the moment."""
    app = FastAPI(title="headworks", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)

    @app.get("/{path:path}", include_in_schema=False)
    async def wait(path: str) -> HTMLResponse:
        body = join(
            tag("h1", "Headworks"),
            tag("p", "The console is starting; this page goes on by itself. 控制台正在启动，本页会自动继续。"),
            tag("p", why()),
        )
        page = join(Markup("<!doctype html>"), tag("title", "Headworks"), body)
        return HTMLResponse(page, 503, {"Refresh": str(_AGAIN), "Retry-After": str(_AGAIN)})

    return app
