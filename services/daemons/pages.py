"""/healthz, /readyz and /metrics of a service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.core.errors import HeadworksError
from services.daemons.health import Health
from services.daemons.metrics import Metrics

_log = structlog.get_logger("headworks.daemon")


class PortTaken(HeadworksError):
    """The address of the health pages cannot be listened on."""


def application(service: str, health: Health, metrics: Metrics) -> web.Application:
    """200 when well, 503 with the reasons when not."""

    async def live(_request: web.Request) -> web.Response:
        hanging = health.hanging
        body = {"service": service, "live": not hanging, "hanging": hanging}
        return web.json_response(body, status=503 if hanging else 200)

    async def ready(_request: web.Request) -> web.Response:
        problems = health.problems
        body = {"service": service, "ready": not problems, "problems": problems, "warnings": health.warnings}
        return web.json_response(body, status=503 if problems else 200)

    async def figures(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", live), web.get("/readyz", ready), web.get("/metrics", figures)])
    return app


@asynccontextmanager
async def served(service: str, health: Health, metrics: Metrics, host: str, port: int) -> AsyncIterator[int]:
    """Inside it the pages are served; gives the port. PortTaken when it cannot be listened on."""
    runner = web.AppRunner(application(service, health, metrics), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise PortTaken(
                f"{host}:{port} cannot be listened on ({error.strerror or error}): "
                "set HEADWORKS_HTTP_PORT to a free port"
            ) from error
        bound = runner.addresses[0][1]
        _log.info("health and metrics are served", service=service, host=host, port=bound)
        yield int(bound)
    finally:
        await runner.cleanup()
