"""The paging service: events in, pages out; every step is on the disk before it is acted on.

Killed at any moment it goes on where it was: an event is taken once, since the state and the place in the source are
written together; a message that was decided is sent until its end is known, under the same name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from services.alerts.oncall.decisions import Decision, Kind
from services.alerts.oncall.dispatch import Dispatch, prefix_of
from services.alerts.oncall.policy import OnCall, Person
from services.alerts.oncall.problems import Status
from services.core.clock import MINUTE, SECOND
from services.core.phrases import Phrases
from services.duty.links import Links
from services.duty.log import Store
from services.duty.wishes import Wishes
from services.notify.asked import fold
from services.notify.channels import PATIENCE, Channel, ChannelError
from services.notify.known import SiteWords
from services.notify.messages import Writer
from services.notify.sources import Happening
from services.store.database import StoreError

#: Tries on one channel before the next is taken, and seconds before each further one.
TRIES = (0.0, 1.0, 4.0)

#: Messages under way at a time.
AT_ONCE = 8

#: A clock that goes on by more than this (ns) from one look to the next has been set.
_JUMP = 5 * MINUTE

_log = structlog.get_logger("headworks.notify")


class Notifier:
    """One dispatch over one source. `clock` gives the present in ns: the machine's, or a player's.

    names: what is known of the sites, which may grow.  wishes: what people ask of it.  links: what makes the links in
    messages.  phrases: the catalogues' texts in other languages. Every method that writes raises StoreError
    when the log takes nothing; then `reload` goes back to what it holds.
    """

    def __init__(
        self,
        rules: OnCall,
        store: Store,
        source: str,
        channels: Mapping[str, Channel],
        clock: Callable[[], int],
        names: Mapping[str, SiteWords] | None = None,
        wishes: Wishes | None = None,
        links: Links | None = None,
        phrases: Phrases | None = None,
    ) -> None:
        self.rules, self.store, self.source, self.clock = rules, store, source, clock
        self.positions: dict[str, int]
        self._now = self._clocked = 0
        self._channels = channels
        self._writer = Writer({} if names is None else names, phrases)
        self._wishes, self._links = wishes, links
        self._under_way: set[str] = set()
        self.reload()

    def reload(self) -> None:
        """As the log has it. What was late while nobody looked is due soon, and not all at once."""
        self.dispatch = Dispatch(self.rules)
        self._returned, self._torn = True, False
        known = self.store.progress(self.source)
        self.fresh, self.positions = known is None, {}
        if known is not None:
            self.positions, now, state = known
            self._now = max(self._now, now)
            self.dispatch.load(state)

    def use(self, rules: OnCall, channels: Mapping[str, Channel]) -> None:
        """Other rules and their channels, from now on."""
        self.rules, self._channels = rules, channels
        self.dispatch.use(rules, self._time())
        self._write([])

    def begin_at(self, positions: Mapping[str, int]) -> None:
        """A source that is new is taken from here on: what was before it began is history."""
        self.positions = dict(positions)
        self._write([])

    def take(self, happenings: Sequence[Happening]) -> list[Decision]:
        """Events in the source's order; those that were taken before are passed over."""
        out: list[Decision] = []
        for one in happenings:
            if one.offset <= self.positions.get(one.part, -1):
                continue
            if one.event is not None:
                out += self.dispatch.take(one.event, self._time())
            self.positions[one.part] = one.offset
        if happenings:
            self._write(out)
        return out

    def tick(self) -> list[Decision]:
        """What the time alone brings."""
        out = self.dispatch.advance(self._time())
        if out:
            self._write(out)
        return out

    def listen(self) -> list[Decision]:
        """What people have asked since: taken, answered and written down in one."""
        waiting = self._wishes.waiting() if self._wishes is not None else []
        out: list[Decision] = []
        taken = []
        for number, wish in waiting:
            decided, outcome = fold(self.dispatch, wish, self._time())
            _log.info("asked", kind=wish.kind, who=wish.who, outcome=outcome)
            out += decided
            taken.append((number, outcome))
        if taken:
            self._write(out, wished=taken)
        return out

    def start(self) -> list[asyncio.Task[None]]:
        """Begins to send what is to go, several at a time; what is under way already is not begun again."""
        under_way = self._under_way
        due = self.store.outgoing(self._time(), AT_ONCE + len(under_way))
        free = [one for one in due if one[0] not in under_way][: max(0, AT_ONCE - len(under_way))]
        under_way.update(page for page, _, _ in free)
        return [asyncio.create_task(self._try(*one)) for one in free]

    async def send_all(self) -> int:
        """Sends what is to go and waits for its end; gives how many were tried."""
        begun = self.start()
        ends = await asyncio.gather(*begun, return_exceptions=True)  # one that fails leaves none half-way
        for error in ends:
            if error is not None:
                raise error
        return len(begun)

    async def _try(self, page: str, tries: int, decision: Decision) -> None:
        try:
            await self._send(page, tries, decision)
        finally:
            self._under_way.discard(page)

    async def _send(self, page: str, tries: int, decision: Decision) -> None:
        if not self._wanted(decision):
            self.dispatch.forget(page)
            self._done(page, [])
            return
        channel = self._channels.get(decision.channel) if decision.channel else self._way_of(decision)
        person = self.rules.person(decision.person)
        if channel is None or person is None:
            self._outcome(page, decision, False, "there is no such channel any more")
            return
        wait = TRIES[min(tries + 1, len(TRIES) - 1)]
        self.store.begun(page, self._time() + round((PATIENCE + wait) * SECOND))
        link = self._link(decision, person)
        told = self._writer.message(decision, person.language, self.rules, link)
        if told.fault:
            _log.error("the text failed", page=page, person=person.id, language=person.language, error=told.fault)
        try:
            async with asyncio.timeout(PATIENCE):  # one that drips its answer is as good as none
                await channel.send(page, told.title, told.body, decision.urgency == "wake")
        except Exception as failed:  # whatever a way out does, the other ways go on
            error = _failure(failed)
            _log.warning("not taken", page=page, person=person.id, error=str(error))
            if tries + 1 < len(TRIES):
                self.store.again(page, self._time() + round(wait * SECOND))
                return
            self._outcome(page, decision, False, str(error))
            return
        self._outcome(page, decision, True, told.fault)

    def _wanted(self, decision: Decision) -> bool:
        """A page whose problem has been answered, or is over, before it could go is not sent any more."""
        if decision.kind is Kind.DIGEST:
            return True
        problem = self.dispatch.problems.open.get(decision.problem)
        asks = problem is not None and problem.status in (Status.PAGING, Status.UNANSWERED)
        return asks and problem is not None and decision.page.startswith(prefix_of(problem))

    def _link(self, decision: Decision, person: Person) -> str:
        """The address under which the person takes the problem on; "" in a digest, or where no console is told."""
        problem = self.dispatch.problems.open.get(decision.problem)
        if self._links is None or self.rules.console is None or problem is None or decision.kind is not Kind.PAGE:
            return ""
        lasts = self.rules.link_lasts
        token = self._links.token(decision.page, problem.round, person.id, person.language, lasts)
        return f"{self.rules.console.rstrip('/')}/p/{token}"

    def _way_of(self, decision: Decision) -> Channel | None:
        person = self.rules.person(decision.person)
        ways = person.ways(decision.urgency) if person is not None else ()
        return self._channels.get(ways[0]) if ways else None

    def _outcome(self, page: str, decision: Decision, taken: bool, detail: str) -> None:
        out = [] if decision.kind is Kind.DIGEST else self.dispatch.outcome(page, taken, detail, self._time())
        self._done(page, out)

    def _done(self, page: str, decisions: list[Decision]) -> None:
        self._write(decisions, [page])

    def _write(
        self, decisions: list[Decision], done: Sequence[str] = (), wished: Sequence[tuple[int, str]] = ()
    ) -> None:
        if self._torn:
            raise StoreError("the notification log did not take what came before: it is read again first")
        self._torn = True  # what is in memory is ahead of the log until it is written
        self.store.advance(self.source, self.positions, self._now, self.dispatch.dump(), decisions, done, wished)
        self._torn = False

    def _time(self) -> int:
        """The present; it never goes back, though a clock may. After that it goes at half the clock's pace until the
        clock is level with it again: repeats and escalations go on, and nobody is early for ever.
        """
        clock, before = self.clock(), self._clocked
        self._clocked = clock
        if clock < self._now:
            self._now += (clock - before) // 2 if before < clock <= before + _JUMP else 0
        self._now = max(self._now, clock)
        if self._returned:
            self._returned = False
            self.dispatch.resume(self._now)
        return self._now


def _failure(error: Exception) -> ChannelError:
    """Why a message was not taken; of what no channel should raise only its kind, since it may hold an address."""
    if isinstance(error, ChannelError):
        return error
    if isinstance(error, TimeoutError):
        return ChannelError(f"no answer within {PATIENCE:g} s")
    return ChannelError(f"the channel failed: {type(error).__name__}")
