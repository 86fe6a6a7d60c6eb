"""What is answered when the database of people is away, a page is not there, or the console itself fails: in words."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from services.console.door.gate import language_of
from services.console.door.guard import STATIC
from services.console.door.plain import document
from services.console.markup import tag
from services.console.words import NAVIGATION, PAGE, PEOPLE, speaking

_log = structlog.get_logger("headworks.console")


def told_by(pages: FastAPI) -> None:
    """NiceGUI's application tells of a page that is not there, and of one that fails, as this console does."""
    pages.add_exception_handler(404, _nowhere)
    pages.add_exception_handler(Exception, _broken)


def away(request: Request, error: Exception) -> Response:
    """The database of people does not answer: in the form that was asked for."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": str(error)}, 503)
    return _told(request, "away", 503, str(error))


async def _nowhere(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(STATIC) and isinstance(error, HTTPException):
        return await http_exception_handler(request, error)
    return _told(request, "no_such_page", 404)


async def _broken(request: Request, error: Exception) -> Response:
    """Nothing of the error goes out; the log has it."""
    _log.error("a page failed", path=request.url.path, exc_info=error)
    return _told(request, "broken", 500)


def _told(request: Request, what: str, status: int, why: str = "") -> Response:
    with speaking(language_of(request)):
        words = PEOPLE["no_such_page"] if what == "no_such_page" else PAGE[what].format(why=why)
        said = tag("p", words, _class="banner alert", role="alert")
        back = tag("p", tag("a", NAVIGATION["overview"], href="/"))
        return document(PAGE["title"], tag("h1", PAGE["title"]), said, back, status=status)
