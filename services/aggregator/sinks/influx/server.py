"""InfluxDB as the sink sees it: one request, and what its answer means for what was sent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException

#: Milliseconds for a request as a whole; one that is cut off is made again, which changes nothing.
_TIMEOUT = 30_000

_DROPPED = re.compile(r"dropped[= ](\d+)")
_CONFLICT = re.compile(r'field type conflict: input field "((?:[^"\\]|\\.)*)" on measurement "((?:[^"\\]|\\.)*)"')
#: Of the server's words so many characters are kept.
_KEPT = 500


class Meaning(Enum):
    """What to do now."""

    ACCEPTED = "accepted"  # durable
    REFUSED = "refused"  # some or all lines will never be taken
    TOO_LARGE = "too large"  # less at a time
    LATER = "later"  # the server cannot now
    MISCONFIGURED = "misconfigured"  # it never will until somebody changes something outside


@dataclass(frozen=True, slots=True)
class Answer:
    """detail: the server's words.  after: seconds that it asks for.  dropped: lines that it says it left out.

    conflict: (measurement, field) that has another type; of a line with it nothing is stored, its other fields neither.
    """

    meaning: Meaning
    detail: str = ""
    after: float | None = None
    dropped: int | None = None
    conflict: tuple[str, str] | None = None


def answer_of(status: int, body: str, retry_after: str | None = None) -> Answer:
    """What a status other than success means."""
    detail = f"{status}: {_message(body)}"
    after = float(retry_after) if retry_after and retry_after.isdecimal() else None
    match status:
        case 413:
            return Answer(Meaning.TOO_LARGE, detail)
        case 400 | 422:
            dropped, conflict = _DROPPED.search(body), _CONFLICT.search(_message(body, whole=True))
            return Answer(
                Meaning.REFUSED,
                detail,
                dropped=int(dropped[1]) if dropped else None,
                conflict=(conflict[2], conflict[1]) if conflict else None,
            )
        case 408 | 425 | 429:
            return Answer(Meaning.LATER, detail, after)
        case _ if status >= 500:
            return Answer(Meaning.LATER, detail, after)
        case _:
            return Answer(Meaning.MISCONFIGURED, detail)


def _message(body: str, *, whole: bool = False) -> str:
    try:
        said = json.loads(body)
        text = str(said["message"])
    except (ValueError, KeyError, TypeError):
        text = body
    return text if whole else text[:_KEPT]


class Server:
    """An async context manager. `write` never raises for what the server or the network does."""

    def __init__(self, url: str, org: str, bucket: str, token: str, *, timeout: int = _TIMEOUT) -> None:
        self.url, self.org, self.bucket = url, org, bucket
        self._token, self._timeout = token, timeout

    async def __aenter__(self) -> Self:
        self._client = InfluxDBClientAsync(self.url, self._token, self.org, timeout=self._timeout)
        self._write = self._client.write_api()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        closing: Any = self._client.close
        await closing()

    def into(self, bucket: str) -> Callable[[bytes], Awaitable[Answer]]:
        """`write` into another bucket."""
        return partial(self.write, bucket=bucket)

    async def write(self, data: bytes, bucket: str = "") -> Answer:
        """Sends lines; ACCEPTED only when InfluxDB has said that it stored them all. `bucket`: another than its own."""
        try:
            stored = await self._write.write(bucket or self.bucket, self.org, data)  # nanoseconds unless told
        except ApiException as error:
            return _answer(error)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:  # noqa: UP041, aiohttp's own in 3.10
            return Answer(Meaning.LATER, f"no answer ({str(error) or type(error).__name__})")
        if not stored:
            return Answer(Meaning.MISCONFIGURED, "what answers is no InfluxDB: success without 204")
        return Answer(Meaning.ACCEPTED)


def _answer(error: Any) -> Answer:
    body = error.body if error.body is not None else ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    headers = error.headers or {}
    return answer_of(int(error.status or 0), text, headers.get("Retry-After"))
