"""What people do to alarms: one command an alarm into the log, each answered from the journal, each in the audit.

Pages, the HTTP API and the links in pages all come through here, so that none of them can do what another may not.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from services.access import audit
from services.access.accounts import Accounts, Identity
from services.access.roles import NEEDS, may
from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.errors import HeadworksError, LogError
from services.core.records import AlarmEvent, Command
from services.store.database import StoreError

#: Seconds that an act waits for its answer in the journal, and that an answer which is late is still listened for.
PATIENCE, LATE = 3.0, 600.0

#: Acts that must say when they end.
NEED_END = ("shelve", "shelve_once", "suppress")

#: Of a site, station, point or alarm, `site/station/point/rule`, with `@onset` when one occurrence is meant.
NAME = r"^[a-z0-9][A-Za-z0-9_\-./@]{0,399}$"
_NAME = re.compile(NAME.rstrip("$"))

#: A reason is one line of so many characters.
LONGEST_WHY = 500

_log = structlog.get_logger("headworks.console")


class Forbidden(HeadworksError):
    """The role does not allow the act. Nothing was done; the audit says that it was tried."""


class NeedsEnd(HeadworksError):
    """The act needs an end, and has none."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What acts and pages work with. send: appends to the log, durable when it returns.  now: the run's clock, ns.

    patience: seconds that an act waits for its answer.
    """

    view: LiveView
    status: Callable[[], Status]
    accounts: Accounts
    answers: Answers
    send: Callable[[Sequence[Command]], Awaitable[None]]
    now: Callable[[], int]
    patience: float = PATIENCE
    _listening: set[asyncio.Task[Any]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Act:
    """An act on one or many alarms.

    occurrences: what is meant; of `suppress` (planned work) and its end a site, station or point.  until: the end
    (ns) of a shelf or of planned work, 0: none.  key: the sender's own name of this act: sent twice, it is done once.
    """

    action: str
    occurrences: Sequence[str]
    why: str
    until: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it on one alarm: done, refused (with why), or pending: in the log, and not yet folded.

    by: who had acknowledged it already, where that is why.
    """

    occurrence: str
    command: str
    outcome: str
    reason: str = ""
    state: str = ""
    by: str = ""


async def do(desk: Desk, user: Identity, address: str, act: Act) -> list[Result]:
    """Does it and waits for the answers; one result for each occurrence, in their order. It is in the audit before it
    is in the log, so that nothing is done of which there is no line.

    Forbidden, NeedsEnd: nothing was done. LogError: the log took nothing. StoreError: the audit cannot be written, and
    nothing was done.
    """
    act = replace(act, occurrences=tuple(dict.fromkeys(act.occurrences)), why=one_line(act.why))
    if not may(user.role, act.action):
        named = ", ".join(act.occurrences)
        await asyncio.to_thread(desk.accounts.record, user.name, address, act.action, named, "forbidden", act.why)
        needed = NEEDS[act.action].value if act.action in NEEDS else "nobody's"
        raise Forbidden(f"{act.action}: needs the role {needed}, this is {user.role.value}")
    if not act.until and act.action in NEED_END:
        raise NeedsEnd(f"until: {act.action} needs an end")
    orders = _orders(act, user, desk.now())
    known = {site.id for site in desk.view.catalogue()}
    sent = [order for order in orders if order.site in known and _NAME.fullmatch(order.occurrence)]
    lines = _Lines(desk.accounts.book, await _begun(desk, user, address, orders), act.why)
    try:
        await desk.send(sent)
    except LogError as error:
        await lines.ended([Result(one.occurrence, one.id, "not taken", str(error)) for one in orders])
        raise
    waited = zip(sent, await asyncio.gather(*(desk.answers.wait(o.id, desk.patience) for o in sent)), strict=True)
    answers = {order.id: answer for order, answer in waited}
    results = [_told(one.occurrence, one.id, answers[one.id]) if one.id in answers else _unknown(one) for one in orders]
    if act.action == "acknowledge":
        results = [_with_name(desk.view, one) for one in results]
    await lines.ended(results)
    if any(one.outcome == "pending" for one in results):
        listening = asyncio.ensure_future(_listen(desk, results, lines))
        desk._listening.add(listening)
        listening.add_done_callback(desk._listening.discard)
    return results


async def later(desk: Desk, results: Sequence[Result], within: float = LATE) -> list[Result]:
    """What became of those that were pending, once all of them are answered or `within` s have gone by."""
    late = [one for one in results if one.outcome == "pending"]
    answers = await asyncio.gather(*(desk.answers.wait(one.command, within) for one in late))
    return [_told(one.occurrence, one.command, answer) for one, answer in zip(late, answers, strict=True)]


def one_line(text: str) -> str:
    """A reason as it goes into the journal: one line, bounded, without what cannot be shown."""
    return audit.plain(" ".join(text.split()), LONGEST_WHY)


class _Lines:
    """The lines of one act in the audit, by its commands."""

    def __init__(self, book: audit.Audit, numbers: dict[str, int], why: str) -> None:
        self._book, self._numbers, self._why = book, numbers, why

    async def ended(self, results: Iterable[Result]) -> None:
        """How it ended. What was done is not undone when that cannot be written; the journal has it too."""
        told = [(self._numbers[one.command], one.outcome, _detail(self._why, one)) for one in results]
        try:
            await asyncio.to_thread(self._book.ended, told)
        except StoreError as error:
            _log.error(
                "the audit does not say how an act ended", lines=[number for number, _, _ in told], why=str(error)
            )


def _detail(why: str, one: Result) -> str:
    answered = ", ".join(filter(None, (one.reason, one.by)))
    return f"{why} ({answered})" if answered else why


async def _begun(desk: Desk, user: Identity, address: str, orders: Sequence[Command]) -> dict[str, int]:
    book, now = desk.accounts.book, desk.accounts.now()
    lines = [audit.Act(now, user.name, address, one.action, one.occurrence, "asked", one.why) for one in orders]
    numbers = await asyncio.to_thread(book.record_all, lines)
    return dict(zip((one.id for one in orders), numbers, strict=True))


async def _listen(desk: Desk, results: Sequence[Result], lines: _Lines) -> None:
    await lines.ended([one for one in await later(desk, results) if one.outcome != "pending"])


def _orders(act: Act, user: Identity, now: int) -> list[Command]:
    orders = []
    for occurrence in act.occurrences:
        # Without a name of the sender's each act is one of its own, though a player's clock may stand.
        seed = act.key or secrets.token_hex(8)
        name = hashlib.blake2b(f"{user.name} {act.action} {occurrence} {seed}".encode(), digest_size=12).hexdigest()
        site = occurrence.partition("@")[0].partition("/")[0]
        orders.append(Command(
            name, site, now, user.name, act.why, act.action, occurrence, act.until
        ))  # fmt: skip
    return orders


def _with_name(view: LiveView, result: Result) -> Result:
    """Of two who press at once the second is told who was first."""
    found = view.occurrence(result.occurrence) if result.outcome == "refused" else None
    return replace(result, by=found.seen.who) if found is not None and found.seen is not None else result


def _unknown(order: Command) -> Result:
    return Result(order.occurrence, order.id, "refused", f"there is no site {audit.plain(order.site, 64)}")


def _told(occurrence: str, command: str, answer: AlarmEvent | None) -> Result:
    if answer is None:
        return Result(occurrence, command, "pending")
    if answer.transition == "refused":
        return Result(occurrence, command, "refused", answer.cause)
    return Result(occurrence, command, "done", state=answer.state)
