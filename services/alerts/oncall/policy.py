"""Policies: which problem is told to whom, how urgently, and what follows when nobody answers."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from services.alerts.oncall.roster import Roster
from services.core.catalogue.model import Duration, Identifier, Priority, Strict, Text
from services.core.clock import DAY, HOUR, MINUTE, to_datetime

#: How a message comes: a call that wakes, a push that may be slept through, a mail for the morning.
Urgency = Literal["wake", "notify", "mail"]

WEIGHTS: dict[str, int] = {"journal": 0, "medium": 1, "high": 2, "critical": 3}


#: Two letters, as browsers and books have them. `en` and `zh` come with texts; others need `texts`.
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]

_Words = Annotated[str, Field(max_length=1000)]


class Address(Strict):
    """Where a channel leads. An address is mostly a secret, and then better kept in a file: `url_file`.

    kind: `webhook` is sent JSON with the page's name, so that it can know one that comes twice; `apprise` is any
    address that the apprise package knows: mail, ntfy, DingTalk, WeCom, Feishu, SMS gateways and many more.
    """

    kind: Literal["webhook", "apprise"]
    url: Annotated[str, Field(max_length=2000)] | None = None
    url_file: Annotated[str, Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Address:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("must have either `url` or `url_file`")
        return self


class Reach(Strict):
    """One way to a person: a channel, by the name under which its address is kept, and what it can do."""

    channel: Identifier
    urgency: Urgency


class Person(Strict):
    """Somebody who can be on call. `reach`: the ways to them, the first to be tried first."""

    id: Identifier
    name: str
    language: Language = "en"
    reach: tuple[Reach, ...] = Field(min_length=1, max_length=10)

    def ways(self, urgency: str) -> tuple[str, ...]:
        """The channels for a message of `urgency`, in order: what wakes serves for less, never the other way round."""
        order = ("wake", "notify", "mail")
        able = order[: order.index(urgency) + 1]
        fitting = [one.channel for one in self.reach if one.urgency == urgency]
        return (*fitting, *(one.channel for one in self.reach if one.urgency in able and one.urgency != urgency))

    @property
    def every_way(self) -> tuple[str, ...]:
        """All channels to them, each once."""
        return tuple(dict.fromkeys(one.channel for one in self.reach))


class Match(Strict):
    """Which problems. Everything that is given must fit; what is left out fits always.

    priorities: of the problem's worst alarm.  incidents: kinds of the incident behind it.  least_rank: how bad the
    incident's phase is, at least.  between: local hours (end not included; may pass midnight).
    """

    priorities: tuple[Priority, ...] = ()
    sites: tuple[Identifier, ...] = ()
    incidents: tuple[str, ...] = ()
    least_rank: Annotated[int, Field(ge=0, le=3)] = 0
    between: tuple[time, time] | None = None
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = ()

    def fits(self, site: str, priority: str, incident: str, rank: int, at: int, zone: str) -> bool:
        """Whether a problem as it stands at `at` (ns) is meant."""
        if self.priorities and priority not in self.priorities:
            return False
        if self.sites and site not in self.sites:
            return False
        if self.incidents and incident not in self.incidents:
            return False
        if rank < self.least_rank:
            return False
        local = to_datetime(at).astimezone(ZoneInfo(zone))
        if self.days and local.isoweekday() not in self.days:
            return False
        if self.between is None:
            return True
        first, last = self.between
        clock = local.time()
        return first <= clock < last if first < last else clock >= first or clock < last


class Step(Strict):
    """After `wait` these rosters or people are told; again every `repeat`, `times` in all, until somebody answers."""

    wait: Duration = 0
    to: tuple[Identifier, ...] = Field(min_length=1, max_length=20)
    urgency: Urgency = "wake"
    repeat: Duration = 0
    times: Annotated[int, Field(ge=1, le=100)] = 1


class Policy(Strict):
    """The first that fits a problem is its policy. Without steps it pages nobody; `digest`: the morning tells it."""

    id: Identifier
    match: Match = Match()
    steps: tuple[Step, ...] = Field(default=(), max_length=20)
    digest: bool = True
    because: Text


class OnCall(Strict):
    """All of a utility's paging.

    digest_at: local time of the morning digest; digest_to: who gets it.  alertmanager: the base address of an
    Alertmanager that is told of every problem that pages.  heartbeat: an outside watchdog's address, asked every
    `heartbeat_every`: when it hears nothing for longer it is for the watchdog to call somebody.  console: the base
    address under which people reach the console; without it messages carry no link.  link_lasts: so long a link in a
    message opens (5 min to 7 d).  last_resort: rosters or people who are told by every way they have of what reached
    nobody, or what nobody answered, again `last_resort_every` (1 min to 1 d).  texts: a utility's own templates of
    messages, by language (templates.py).
    """

    time_zone: str
    channels: dict[Identifier, Address] = Field(min_length=1, max_length=100)
    people: tuple[Person, ...] = Field(min_length=1, max_length=1000)
    rosters: tuple[Roster, ...] = Field(default=(), max_length=100)
    policies: tuple[Policy, ...] = Field(min_length=1, max_length=100)
    digest_at: time = time(7, 30)
    digest_to: tuple[Identifier, ...] = ()
    alertmanager: Annotated[str, Field(pattern=r"^https?://", max_length=500)] | None = None
    heartbeat: Annotated[str, Field(pattern=r"^https?://", max_length=500)] | None = None
    heartbeat_every: Annotated[Duration, Field(ge=10_000_000_000)] = 60_000_000_000
    console: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=300)] | None = None
    link_lasts: Annotated[Duration, Field(ge=5 * MINUTE, le=7 * DAY)] = 12 * HOUR
    last_resort: tuple[Identifier, ...] = Field(default=(), max_length=20)
    last_resort_every: Annotated[Duration, Field(ge=MINUTE, le=DAY)] = 10 * MINUTE
    texts: dict[Language, dict[str, _Words | dict[str, _Words]]] = Field(default={}, max_length=20)

    def person(self, name: str) -> Person | None:
        """The person of that id, if there is one."""
        return next((one for one in self.people if one.id == name), None)

    def roster(self, name: str) -> Roster | None:
        """The roster of that id, if there is one."""
        return next((one for one in self.rosters if one.id == name), None)

    def on_duty(self, names: tuple[str, ...], at: int) -> tuple[str, ...]:
        """The people behind names of rosters and people at `at` (ns), each once, in order."""
        found: list[str] = []
        for name in names:
            roster = self.roster(name)
            found += roster.on_call(at) if roster is not None else (name,)
        return tuple(dict.fromkeys(name for name in found if self.person(name) is not None))

    def policy_of(self, site: str, priority: str, incident: str, rank: int, at: int) -> Policy | None:
        """The first that fits; None when none does."""
        fitting = (p for p in self.policies if p.match.fits(site, priority, incident, rank, at, self.time_zone))
        return next(fitting, None)
