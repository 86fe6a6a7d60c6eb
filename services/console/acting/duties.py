"""What people do about duty: areas, swaps, silences, answers, planned work. One way for pages and programs alike.

Each asks for the role, judges by the rules of the duty book, and leaves a line in the audit, whatever came of it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from services.access.accounts import Identity
from services.access.roles import NEEDS, may
from services.alerts.oncall.policy import OnCall
from services.console.acting.acts import Act, Desk, Forbidden, Result, do, one_line
from services.core.clock import DAY, iso
from services.core.errors import HeadworksError
from services.core.records import AlarmEvent
from services.duty import work
from services.duty.area_book import AreaBook, Book, Ended
from services.duty.areas import Areas, NotDone
from services.duty.board import Boards
from services.duty.changes import Change, Changes, applied
from services.duty.changes import check as check_swap
from services.duty.paged import Paging, Pagings
from services.duty.rules import Rules
from services.duty.trials import Trial, Trials
from services.duty.wishes import Wish, Wishes
from services.duty.work import Work, overlapping
from services.duty.work_book import WorkBook, new_name
from services.store.database import Database

#: A silence lasts no longer (ns): what lasts longer is planned work, or a policy.
LONGEST_SILENCE = DAY

#: Wall seconds for which one look serves every page.
FRESH = 1.0

#: Wall seconds between two looks at the tests of paging.
TRIED = 30.0


@dataclass(frozen=True, slots=True)
class Look:
    """All of the duty book at a moment. rules: with the swaps on top; None: there are none in force.  trial: the last
    test of paging, None: there was none; overdue: it is too long ago that somebody answered one.

    fault: why it cannot be read now; the rest is then what was read before.
    """

    book: Book = field(default_factory=lambda: Book(Areas(), {}, {}, {}))
    ended: Sequence[Ended] = ()
    paging: Paging = field(default_factory=Paging)
    rules: OnCall | None = None
    changes: Sequence[Change] = ()
    works: Sequence[Work] = ()
    past: Sequence[Work] = ()
    trial: Trial | None = None
    overdue: bool = False
    fault: str = ""


class Duties:
    """Of one console."""

    def __init__(self, desk: Desk, database: Database) -> None:
        self.desk = desk
        self.rules = Rules(database, desk.accounts.now)
        self._mark = (-1, -1, -1)
        self._newest: OnCall | None = None
        self._pagings = Pagings(database, Boards(database, time.monotonic))
        self.areas = AreaBook(database, desk.accounts.now)
        self.changes = Changes(database, desk.accounts.now)
        self.wishes = Wishes(database)
        self.works = WorkBook(database, desk.accounts.now)
        self._trials = Trials(database)
        self._look, self._looked, self._tried = Look(), -FRESH, -TRIED

    # -- looking

    def look(self) -> Look:
        """As it is, at most a second old; it never raises."""
        if time.monotonic() - self._looked >= FRESH:
            try:
                self._look = self._read()
            except HeadworksError as error:
                self._look = replace(self._look, fault=str(error))
            self._looked = time.monotonic()
        return self._look

    def _read(self) -> Look:
        rules, changes, now = self._in_force(), self.changes.holding(self.now()), time.monotonic()
        trial, overdue = self._look.trial, self._look.overdue
        if now - self._tried >= TRIED:
            trial, overdue = next(iter(self._trials.newest(1)), None), self._trials.overdue(self.now())
            self._tried = now
        # As paging sees it: a swap to nobody does not hold, and a silence ends though nothing was written down.
        swaps = [one for one in changes if rules is not None and rules.person(one.person) is not None]
        paging = self._pagings.look()
        paging = replace(paging, silences=tuple(one for one in paging.silences if one.until > self.now()))
        return Look(
            self.areas.read(), self.areas.ended(5), paging,
            None if rules is None else applied(rules, swaps), changes, self.works.open(), self.works.closed(10),
            trial, overdue,
        )  # fmt: skip

    def _in_force(self) -> OnCall | None:
        """Without swaps; parsed anew only when it is another version."""
        mark = self.rules.mark()
        if mark != self._mark:
            newest = self.rules.newest()
            self._newest, self._mark = None if newest is None else newest.rules, mark
        return self._newest

    def now(self) -> int:
        """The run's clock (ns); the wall's before the first tick."""
        return self.desk.now() or self.desk.accounts.now()

    def orphans(self) -> tuple[str, ...]:
        """Sites of the catalogue that nobody answers for."""
        return self.look().book.areas.orphans(site.id for site in self.desk.view.catalogue())

    def elsewhere(self) -> list[AlarmEvent]:
        """Planned work in force that no window here began: by the API, or by another console."""
        own = {name for one in self.look().works for name in one.commands}
        return [one for one in self.desk.answers.work.works() if one.occurrence.removeprefix("command/") not in own]

    # -- areas of responsibility

    def take(self, user: Identity, address: str, sites: Sequence[str]) -> None:
        """What is nobody's becomes theirs."""
        with self._act(user, address, "responsible", "take", ", ".join(sites)):
            self._known(sites)
            self.areas.take(user.name, sites)

    def take_over(self, user: Identity, address: str, sites: Sequence[str], why: str) -> None:
        """Theirs, since whoever held them is gone."""
        why = _said(why)
        with self._act(user, address, "take_over", "take over", ", ".join(sites), why) as told:
            self._known(sites)
            before = self.areas.take_over(user.name, sites)
            told.append(f"{why}; from {', '.join(sorted({who for who in before.values() if who})) or 'nobody'}")

    def offer(self, user: Identity, address: str, taker: str, sites: Sequence[str], note: str) -> int:
        """Opens a hand-over; the giver stays responsible until it is accepted."""
        with self._act(user, address, "responsible", "hand over", ", ".join(sites), f"to {taker}: {note}"):
            self._known(sites)
            return self.areas.offer(user.name, taker, sites, note)

    def accept(self, user: Identity, address: str, number: int) -> None:
        """The taker answers for the sites from now on."""
        with self._act(user, address, "responsible", "accept", f"hand-over {number}") as told:
            offer = self.areas.accept(number, user.name)
            told.append(f"{', '.join(offer.sites)} from {offer.giver}")

    def end_offer(self, user: Identity, address: str, number: int) -> None:
        """The giver withdraws, or the taker declines; the giver keeps the sites."""
        with self._act(user, address, "responsible", "end hand-over", f"hand-over {number}") as told:
            offer, outcome = self.areas.end(number, user.name)
            told.append(f"{outcome}: {', '.join(offer.sites)}, {offer.giver} to {offer.taker}")

    # -- who is on call

    def swap(self, user: Identity, address: str, change: Change) -> Change:
        """Somebody takes a roster's duty; an operator enters that for themselves, an engineer for everybody."""
        act = "swap" if change.person == user.name else "swap_any"
        span = f"{change.person} from {iso(change.start)} to {iso(change.end)}: {change.why}"
        with self._act(user, address, act, "swap", change.roster, span):
            rules = self._in_force()
            if rules is None:
                raise NotDone("no rosters are in force")
            check_swap(rules, change, self.now())
            return self.changes.enter(change)

    def unswap(self, user: Identity, address: str, number: int, why: str) -> None:
        """The roster's own turns hold again."""
        self.needs(user, address, "swap", "withdraw swap", str(number))
        change = self.changes.get(number)
        act = "swap" if user.name in (change.person, change.who) else "swap_any"
        with self._act(user, address, act, "withdraw swap", f"{change.roster}: {change.person}", _said(why)):
            self.changes.withdraw(number)

    # -- paging

    def answer(self, user: Identity, address: str, problem: str) -> str:
        """Somebody takes a problem on: paging is asked to page nobody until it is worse than it is shown now, however
        late it takes that. The wish's name.
        """
        with self._act(user, address, "answer", "answer", problem):
            shown = next((one.problem for one in self.look().paging.paged if one.problem.id == problem), None)
            seen = {} if shown is None else {"round": shown.round, "weight": list(shown.weight)}
            return self._ask(user, "answer", {"problem": problem} | seen)

    def silence(self, user: Identity, address: str, prefix: str, until: int, why: str, critical: bool = False) -> str:
        """Nothing under a site, station or point pages until `until` (ns, the run's clock); what is critical does all
        the same unless `critical`, which needs more than an operator. The wish's name is the silence's.
        """
        why = _said(why)
        act = "silence_critical" if critical else "silence"
        with self._act(user, address, act, "silence", prefix, f"until {iso(until)}: {why}"):
            if not work.alarms(self.desk.view.catalogue(), prefix):
                raise NotDone(f"{prefix[:100]}: there is no alarm under it: choose a site, a station or a point")
            if not self.now() < until <= self.now() + LONGEST_SILENCE:
                raise NotDone("end: must be still to come, within 24 hours")
            return self._ask(user, "silence", {"prefix": prefix, "until": until, "why": why, "critical": critical})

    def unsilence(self, user: Identity, address: str, silence: str) -> str:
        """It ends now, and what still asks is paged."""
        with self._act(user, address, "silence", "end silence", silence):
            if silence not in {one.id for one in self.look().paging.silences}:
                raise NotDone("there is no such silence in force")
            return self._ask(user, "unsilence", {"silence": silence})

    def _ask(self, user: Identity, kind: Literal["answer", "silence", "unsilence"], body: Mapping[str, object]) -> str:
        name = f"{kind} {secrets.token_hex(8)}"
        self.wishes.ask(Wish(name, self.desk.accounts.now(), user.name, kind, body))
        return name

    # -- planned work

    def plan(
        self, user: Identity, address: str, target: str, start: int, end: int, why: str
    ) -> tuple[Work, list[Work]]:
        """A new window, and those that it overlaps; start 0: now. What is due begins at the next look at the clock."""
        why, now = one_line(why), self.desk.now()
        with self._act(user, address, "suppress", "plan work", target, f"until {iso(end)}: {why}"):
            work.check(self.desk.view.catalogue(), target, start, end, why, now)
            others = overlapping(self.works.open(), target, max(start, now), end)
            return self.works.plan(target, max(start, now), end, user.name, why), others

    async def prolong(self, user: Identity, address: str, number: int, end: int, why: str) -> list[Result]:
        """A later end: of what has begun by a further command, of what has not by a change of the plan."""
        self.needs(user, address, "suppress", "prolong work", str(number))
        found, why = self.works.get(number), one_line(why)
        work.check(
            self.desk.view.catalogue(), found.target, max(found.start, self.desk.now()), end, why, self.desk.now()
        )
        if end <= found.end or found.state not in work.OPEN:
            raise NotDone("end: must be later than it was, of work that is planned or has begun")
        if found.state == "planned":
            with self._act(user, address, "suppress", "prolong work", found.target, f"until {iso(end)}: {why}"):
                self.works.change(found, end=end)
            return []
        done = await do(self.desk, user, address, Act("suppress", [found.target], why, end, new_name()))
        if done[0].outcome != "refused":
            self._change(found, end=end, command=done[0].command)
        return done

    async def end_work(self, user: Identity, address: str, number: int, why: str) -> list[Result]:
        """Before its time: what has begun is ended in the log, what has not is withdrawn."""
        self.needs(user, address, "unsuppress", "end work", str(number))
        found, why = self.works.get(number), _said(why)
        if found.state == "planned":
            with self._act(user, address, "suppress", "withdraw work", found.target, why):
                self.works.change(found, state="withdrawn", reason=f"{user.name}: {why}")
            return []
        if found.state != "begun":
            raise NotDone("the work is over already")
        in_force = [one for one in found.commands if one in self.desk.answers.work.in_force]
        done = await self.end_other(user, address, [f"{found.target}@{one}" for one in in_force or found.commands], why)
        if all(one.outcome == "done" for one in done):
            self._change(found, state="ended", reason=f"{user.name}: {why}")
        return done

    async def end_other(self, user: Identity, address: str, names: Sequence[str], why: str) -> list[Result]:
        """Planned work in force, each named `target@command`, ends now."""
        return await do(self.desk, user, address, Act("unsuppress", names, _said(why), key=new_name()))

    # -- each of them

    def _change(self, found: Work, **values: str | int) -> None:
        self.works.change(found, **values)  # type: ignore[arg-type]
        self._looked = -FRESH

    def _known(self, sites: Sequence[str]) -> None:
        unknown = sorted(set(sites) - {site.id for site in self.desk.view.catalogue()})
        if unknown:
            raise NotDone(f"there is no site {', '.join(unknown)[:200]}")

    def needs(self, user: Identity, address: str, act: str, action: str, target: str, detail: str = "") -> None:
        """Forbidden, and a line in the audit, when the role does not allow the act."""
        if not may(user.role, act):
            self.desk.accounts.record(user.name, address, action, target, "forbidden", detail)
            raise Forbidden(f"{action}: needs the role {NEEDS[act].value}, this is {user.role.value}")

    @contextmanager
    def _act(
        self, user: Identity, address: str, act: str, action: str, target: str, detail: str = ""
    ) -> Iterator[list[str]]:
        """Around an act: Forbidden without the role; how it ended is in the audit. What is told replaces `detail`."""
        told: list[str] = []
        record = self.desk.accounts.record
        self.needs(user, address, act, action, target, detail)
        try:
            yield told
        except NotDone as error:
            record(user.name, address, action, target, "refused", str(error))
            raise
        finally:
            self._looked = -FRESH
        record(user.name, address, action, target, "done", told[0] if told else detail)


def _said(why: str) -> str:
    why = one_line(why)
    if not why:
        raise NotDone("why: must be said")
    return why
