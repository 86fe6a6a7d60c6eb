"""An InfluxDB for tests: answers as 2.7 was seen to answer, and keeps what it took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import TracebackType

from aiohttp import web

from services.aggregator.sinks.influx.words import key_of, parts


class Influxd:
    """An async context manager that gives its URL.

    faults: (status, words) of the first answers; status 0 breaks the connection.  types: of fields that are there
    already.  oldest: what is older is outside retention.  unreadable: a line with this cannot be parsed.
    """

    def __init__(
        self,
        faults: Sequence[tuple[int, str]] = (),
        types: Mapping[tuple[str, str], type] | None = None,
        oldest: int | None = None,
        unreadable: str = "",
        largest: int = 1 << 30,
    ) -> None:
        self.faults, self.types = list(faults), dict(types or {})
        self.oldest, self.unreadable, self.largest = oldest, unreadable, largest
        self.points: dict[tuple[str, str, int], str] = {}
        self.asked: list[tuple[dict[str, str], str]] = []
        self.requests = self.widest = 0

    async def __aenter__(self) -> str:
        app = web.Application(client_max_size=1 << 30)
        app.add_routes([web.post("/api/v2/write", self._write)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _write(self, request: web.Request) -> web.Response:
        self.asked.append((dict(request.query), request.headers.get("Authorization", "")))
        data = await request.read()
        if self.faults:
            status, words = self.faults.pop(0)
            if not status:
                assert request.transport is not None
                request.transport.close()
            return web.json_response({"message": words}, status=status or 500)
        status, words = self.take(data)
        return web.Response(status=status, text=words)

    def take(self, data: bytes) -> tuple[int, str]:
        """(status, body) of a write; an unparsable line refuses all, other faults only their own lines."""
        self.requests += 1
        self.widest = max(self.widest, len(data))
        if len(data) > self.largest:
            return 413, _said("request entity too large")
        lines = data.decode().splitlines()
        if self.unreadable and any(self.unreadable in line for line in lines):
            return 400, _said("unable to parse")
        old = conflicting = 0
        last = ""
        for line in lines:
            head, fields, time = parts(line.encode())
            measurement = head.decode().partition(",")[0]
            if self.oldest is not None and int(time) < self.oldest:
                old += 1
                continue
            wrong = [key for field in fields if self._differs(measurement, key := key_of(field), field.decode())]
            if wrong:
                conflicting += 1
                last = (
                    f'partial write: field type conflict: input field "{wrong[0]}" on measurement "{measurement}" '
                    "is type a, already exists as type b"
                )
                continue
            for field in fields:
                self.points[head.decode(), key_of(field), int(time)] = field.decode().partition("=")[2]
        if conflicting:
            return 422, _said(f"failure writing points to database: {last} dropped={conflicting}")
        if old:
            return 422, _said(f"partial write: dropped {old} points outside retention policy of duration 1h0m0s")
        return 204, ""

    def _differs(self, measurement: str, key: str, field: str) -> bool:
        text = field.partition("=")[2]
        kind = str if text[0] == '"' else int if text[-1] == "i" else float
        return self.types.get((measurement, key), kind) is not kind


def _said(words: str) -> str:
    return json.dumps({"code": "some", "message": words})


__all__ = ["Influxd"]
