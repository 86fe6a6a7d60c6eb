"""How the API refuses: always `{"detail": "a sentence"}`, which names field and bound, and never repeats what came."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]

#: Faults that are told of one request.
_TOLD = 10


def refuse(app: FastAPI, router: APIRouter) -> None:
    """For a field that is wrong, and for a path or a method that is not there."""
    app.add_exception_handler(RequestValidationError, _wrong)

    async def nowhere(request: Request) -> Response:
        allowed = {
            method
            for route in router.routes
            if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
            for method in route.methods or ()
        }
        if allowed:
            raise HTTPException(405, f"{request.method} is not for this path", {"Allow": ", ".join(sorted(allowed))})
        raise HTTPException(404, "there is no such path; /api/openapi.json names them all")

    app.add_api_route("/api/{rest:path}", nowhere, methods=_METHODS, include_in_schema=False)


async def _wrong(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    words = "; ".join(told[:_TOLD]) + more
    return JSONResponse({"detail": words.encode(errors="replace").decode()[:2000]}, 422)
