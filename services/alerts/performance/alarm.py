"""What is remembered of one alarm: how often it sounded, since when it stands, waits or is out of the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from services.alerts.detection.layout import CAUSES
from services.alerts.performance.words import CHATTER_TIMES, CHATTER_WINDOW, FLEETING, STALE, sounds
from services.core.records import AlarmEvent

#: Ways in which an alarm is out of the way, by the letter of ISA-18.2.
AWAY = {"G": "shelved", "H": "suppressed", "I": "out of service"}
#: Suppressed too, but only by the worse alarm of its point, which is heard in its place.
HIDDEN = "hidden"
WAYS = (*AWAY.values(), HIDDEN)

#: Transitions after which an occurrence is nothing to be seen any more, or that change nothing.
_OVER = ("superseded", "forgotten", "refused")

#: ns: "not since any time".
NEVER = -1


@dataclass(slots=True)
class Alarm:
    """Counters and times (ns) of one alarm, some 30 numbers, whatever it does.

    occurrence: the newest.  sounded: annunciations.  recent: times of the last two.  chatters: spells of chattering.
    heard_at: first heard since it was raised.  waits_since: unacknowledged.  stale: how often it stood beyond 24 h,
    without the present time.  away_as, away_since: shelved, suppressed or out of service, and since when; by each how
    often and for how long.  aside: how often it put itself aside for chattering.
    """

    occurrence: str = ""
    priority: str = ""
    sounded: int = 0
    recent: list[int] = field(default_factory=list)
    chatters: int = 0
    chattering: bool = False
    fleeting: int = 0
    active_since: int = NEVER
    heard_at: int = NEVER
    waits_since: int = NEVER
    stale: int = 0
    away_as: str = ""
    away_since: int = NEVER
    away_times: dict[str, int] = field(default_factory=dict)
    away_ns: dict[str, int] = field(default_factory=dict)
    aside: int = 0

    def sound(self, event: AlarmEvent) -> None:
        """It is annunciated."""
        self.priority = event.priority
        self.sounded += 1
        self.recent = [time for time in self.recent if time > event.time - CHATTER_WINDOW] + [event.time]
        again = len(self.recent) >= CHATTER_TIMES
        self.chatters += again and not self.chattering
        self.chattering = again
        self.recent = self.recent[-CHATTER_TIMES + 1 :]

    def hear(self, event: AlarmEvent) -> None:
        """It is heard, within the time that is judged or before: the first time since it was raised is kept."""
        if event.transition == "raised" or self.heard_at == NEVER:
            self.heard_at = event.time

    def of_before(self, event: AlarmEvent) -> bool:
        """Whether it tells of an earlier occurrence: a journal has what ends at the instant of a new one after it."""
        known = bool(self.occurrence) and not event.occurrence.startswith("command/")
        return known and event.occurrence != self.occurrence and event.transition != "raised"

    def renew(self, event: AlarmEvent, counts: bool) -> bool:
        """It is raised: what was before is over. Whether that went unseen."""
        another = self.occurrence != event.occurrence
        self.occurrence = event.occurrence
        if not another:
            return False
        unseen = self.waits_since != NEVER
        self.waits_since = NEVER
        self._end(event.time, counts)
        return unseen

    def _end(self, time: int, counts: bool) -> None:
        if self.active_since != NEVER and self.heard_at != NEVER and counts:
            self.fleeting += time - self.heard_at < FLEETING
            self.stale += time - self.active_since > STALE
        self.active_since, self.heard_at = NEVER, NEVER

    def stand(self, event: AlarmEvent, counts: bool) -> None:
        """Its condition comes or goes. `counts`: within the time that is judged."""
        if event.transition == "raised" and self.active_since == NEVER:
            self.active_since = event.time
            if not sounds(event):
                self.heard_at = NEVER
        elif event.transition in ("cleared", "forgotten") and self.active_since != NEVER:
            self._end(event.time, counts)

    def stale_at(self, time: int) -> bool:
        """Whether it has sounded and stood for more than 24 h at `time`."""
        return self.active_since != NEVER and self.heard_at != NEVER and time - self.active_since > STALE

    def wait(self, event: AlarmEvent) -> tuple[int, bool] | None:
        """Somebody is to see it, or has: what ended, as (ns that it waited, whether it was acknowledged).

        What comes back unacknowledged without a sound, from behind a worse alarm or a release of many, waits too.
        """
        ended = None
        if self.waits_since != NEVER:
            if event.transition == "acknowledged":
                ended = event.time - self.waits_since, True
            elif (event.state and event.state not in "BDE") or event.transition in _OVER[:2]:
                ended = event.time - self.waits_since, False
            if ended is not None:
                self.waits_since = NEVER
        if event.transition in _OVER:
            return ended
        wanted = event.state in "BDE" if event.state else sounds(event)
        if wanted and self.waits_since == NEVER:
            self.waits_since = event.time
        return ended

    def go_away(self, event: AlarmEvent, start: int) -> None:
        """Shelved, suppressed, out of service, or back; time before `start` (ns) is not counted."""
        way = AWAY.get(event.state, "")
        if way == AWAY["H"]:
            way = self._suppressed_as(event)
        if event.transition == "shelved" and event.who == "headworks" and event.time >= start:
            self.aside += 1
        if way == self.away_as:
            return
        if self.away_as:
            self.away_ns[self.away_as] = self.gone(self.away_as, event.time, start)
        if way:
            self.away_times[way] = self.away_times.get(way, 0) + (event.time >= start)
        self.away_as, self.away_since = way, event.time if way else NEVER

    def _suppressed_as(self, event: AlarmEvent) -> str:
        """Hidden, unless something else than a worse alarm suppresses it: then a raise says what, as its cause."""
        by_worse = event.transition == "hidden" or (event.transition == "raised" and event.cause in CAUSES)
        if by_worse and self.away_as != AWAY["H"]:
            return HIDDEN
        told = event.transition in ("suppressed", "unhidden", "unsuppressed", "raised")
        return AWAY["H"] if told or self.away_as not in WAYS else self.away_as

    def gone(self, way: str, time: int, start: int) -> int:
        """ns that it was out of the way as `way`, up to `time`, from `start` on."""
        now = max(0, time - max(self.away_since, start)) if self.away_as == way else 0
        return self.away_ns.get(way, 0) + now

    def dump(self) -> dict[str, Any]:
        """Plain data for `Alarm(**data)`, without what is as at first."""
        blank = asdict(Alarm())
        return {name: value for name, value in asdict(self).items() if value != blank[name]}
