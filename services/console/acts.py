"""What people do to alarms: one command an alarm into the log, each answered from the journal, each in the audit.

Pages, the HTTP API and the links in pages all come through here, so that none of them can do what another may not.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.access.accounts import Accounts, Identity
from services.access.roles import NEEDS, may
from services.console.answers import Answers
from services.console.live import LiveView
from services.console.snapshots import Status
from services.core.errors import HeadworksError
from services.core.records import AlarmEvent, Command

#: Seconds that an act waits for its answer in the journal.
PATIENCE = 3.0

#: Acts that must say when they end.
NEED_END = ("shelve", "shelve_once", "suppress")


class Forbidden(HeadworksError):
    """The role does not allow the act. Nothing was done; the audit says that it was tried."""


class NeedsEnd(HeadworksError):
    """The act needs an end, and has none."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What acts and pages work with. send: appends to the log, durable when it returns.  now: the run's clock, ns."""

    view: LiveView
    status: Callable[[], Status]
    accounts: Accounts
    answers: Answers
    send: Callable[[Sequence[Command]], Awaitable[None]]
    now: Callable[[], int]


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
    """What became of it on one alarm: done, refused (with why), or pending: in the log, and not yet folded."""

    occurrence: str
    command: str
    outcome: str
    reason: str = ""
    state: str = ""


async def do(desk: Desk, user: Identity, address: str, act: Act) -> list[Result]:
    """Does it and waits for the answers; one result for each occurrence, in their order.

    Forbidden, NeedsEnd: nothing was done. LogError: the log took nothing. StoreError: the audit cannot be written.
    """
    if not may(user.role, act.action):
        desk.accounts.record(user.name, address, act.action, ", ".join(act.occurrences), "forbidden", "")
        needed = NEEDS[act.action].value if act.action in NEEDS else "nobody's"
        raise Forbidden(f"{act.action}: needs the role {needed}, this is {user.role.value}")
    if not act.until and act.action in NEED_END:
        raise NeedsEnd(f"until: {act.action} needs an end")
    orders = _orders(act, user, desk.now())
    known = {site.id for site in desk.view.catalogue()}
    sent = [order for order in orders if order.site in known]
    await desk.send(sent)
    answers = dict(zip(sent, await asyncio.gather(*(desk.answers.wait(o.id, PATIENCE) for o in sent)), strict=True))
    results = []
    for order in orders:
        result = _result(order, answers[order]) if order in answers else _unknown(order)
        results.append(result)
        reason = result.reason or act.why
        desk.accounts.record(user.name, address, act.action, order.occurrence, result.outcome, reason)
    return results


def _orders(act: Act, user: Identity, now: int) -> list[Command]:
    orders = []
    for occurrence in dict.fromkeys(act.occurrences):
        seed = act.key or f"{now} {act.why} {act.until}"
        name = hashlib.blake2b(f"{user.name} {act.action} {occurrence} {seed}".encode(), digest_size=12).hexdigest()
        site = occurrence.partition("@")[0].partition("/")[0]
        orders.append(Command(
            name, site, now, user.name, act.why, act.action, occurrence, act.until
        ))  # fmt: skip
    return orders


def _unknown(order: Command) -> Result:
    return Result(order.occurrence, order.id, "refused", f"there is no site {order.site}")


def _result(order: Command, answer: AlarmEvent | None) -> Result:
    if answer is None:
        return Result(order.occurrence, order.id, "pending")
    if answer.transition == "refused":
        return Result(order.occurrence, order.id, "refused", answer.cause)
    return Result(order.occurrence, order.id, "done", state=answer.state)
