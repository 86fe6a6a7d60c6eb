"""Writer: lines into InfluxDB, however long it takes; what it will never take is set apart, alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.aggregator.sinks.influx.lines import Lines
from services.aggregator.sinks.influx.server import Answer, Meaning
from services.core.ports import Reject

#: Bytes of a request. InfluxDB gains nothing from more, and less of it is done again when it is refused.
BODY = 1 << 20

#: Bytes of a dead letter: refused lines that lie together are one.
_LETTER = 64 << 10

#: Seconds between two tries, from and to; jittered, so that several sinks do not come at once.
_SHORTEST, _LONGEST = 0.1, 5.0

_log = structlog.get_logger("headworks.influx")

Write = Callable[[bytes], Awaitable[Answer]]
Rejecting = Callable[[Sequence[Reject]], Awaitable[None]]


class Watch:
    """What a writer tells of itself; each may be replaced by who wants to know."""

    def waiting(self, problem: str) -> None:
        """InfluxDB does not take what is sent, and why; it is tried again."""

    def working(self) -> None:
        """InfluxDB has taken something."""

    def refused(self, reason: str, lines: Lines, detail: str) -> None:
        """These lines are now dead letters."""


class Writer:
    """`store` may run several times at once; each call's lines are sent in order."""

    def __init__(
        self, write: Write, reject: Rejecting, watch: Watch, *, body: int = BODY, shortest: float = _SHORTEST
    ) -> None:
        self._write, self._reject, self._watch = write, reject, watch
        self._body, self._shortest = body, shortest

    async def store(self, lines: Lines) -> None:
        """Returns when every line is in InfluxDB or durable as a dead letter.

        Waits for as long as InfluxDB cannot or may not take them; raises what `reject` raises.
        """
        for piece in lines.pieces(self._body):
            await self._piece(piece)

    async def ask(self) -> None:
        """Sends nothing; returns when InfluxDB would take something, or refuses nothing."""
        await self._answer(b"")

    async def _piece(self, lines: Lines) -> None:
        todo = [(lines, False)]
        while todo:
            some, alone = todo.pop()
            answer = await self._answer(some.data)
            if answer.meaning is Meaning.ACCEPTED:
                continue
            if answer.conflict and not alone:
                # The field that conflicts takes its whole line down: it is sent by itself, the rest without it.
                rest, mine = some.apart(*answer.conflict)
                if mine.data:
                    todo.append((mine, True))
                    if rest.data:
                        todo.append((rest, False))
                    continue
            if len(some) == 1 or (answer.meaning is Meaning.REFUSED and answer.dropped == len(some)):
                await self._bury(some, answer)
            else:
                first, second = some.halves()
                todo += [(second, alone), (first, alone)]

    async def _answer(self, data: bytes) -> Answer:
        """Sends until there is an answer that waiting will not change."""
        wait = self._shortest
        while True:
            answer = await self._write(data)
            match answer.meaning:
                case Meaning.LATER:
                    problem = f"InfluxDB cannot take what is sent ({answer.detail}); nothing is lost, it is tried again"
                case Meaning.MISCONFIGURED:
                    problem = (
                        f"InfluxDB will not take what is sent ({answer.detail}): "
                        "HEADWORKS_INFLUX_URL, _ORG, _BUCKET or _TOKEN, or what the token may, must be put right"
                    )
                case _:
                    self._watch.working()
                    return answer
            self._watch.waiting(problem)
            await asyncio.sleep(max(wait * random.uniform(0.5, 1.0), min(answer.after or 0.0, 60.0)))
            wait = min(2 * wait, _LONGEST)

    async def _bury(self, lines: Lines, answer: Answer) -> None:
        reason = _reason(answer)
        letters = []
        for piece in lines.pieces(_LETTER):
            where = str(piece.first) if piece.first == piece.last else f"{piece.first} to {piece.last}"
            detail = f"{where}: InfluxDB refuses {len(piece)} lines ({answer.detail})"
            letters.append(Reject(piece.first.topic, reason, detail, piece.data, 0))
        await self._reject(letters)
        self._watch.refused(reason, lines, answer.detail)


def _reason(answer: Answer) -> str:
    if answer.meaning is Meaning.TOO_LARGE:
        return "line too large"
    if answer.conflict:
        return "field type"
    if "retention policy" in answer.detail:
        return "outside retention"
    return "line refused"
