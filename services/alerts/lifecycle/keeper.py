"""The keeper of one site's alarms: what detection found and what people did, as the journal tells it.

Detection says when a condition is met and when it has gone. Here that becomes the life of an alarm: who has seen it,
whether it is shelved, suppressed or out of service. Only alarms that are not simply normal are remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.alerts.detection.layout import BY_RULE_CHANGE, CAUSES
from services.alerts.lifecycle import chatter, commands, hiding, machine
from services.alerts.lifecycle.causes import Causes
from services.alerts.lifecycle.hiding import WORSE
from services.alerts.lifecycle.machine import Refused
from services.alerts.lifecycle.memory import Held, Key, Memory, Window, key_of, under, until_of
from services.alerts.lifecycle.state import AlarmState, Definition, Letter
from services.alerts.lifecycle.together import once
from services.core.records import AlarmEvent, Command

RULE_CHANGED = CAUSES[BY_RULE_CHANGE]

#: Commands whose ids are remembered, so that one that comes twice is obeyed once.
_REMEMBERED = 1_000


class Keeper:
    """Of one site under one catalogue version."""

    def __init__(
        self, site: str, definitions: Mapping[Key, Definition], blank: Callable[[Key], AlarmEvent], causes: Causes
    ) -> None:
        """`blank` gives the terms in which an alarm that never was raised is told: unit, priority, limit."""
        self.site, self.definitions, self._blank, self.causes = site, definitions, blank, causes
        self.memory = Memory()

    # -- from detection

    def take(self, events: Iterable[AlarmEvent]) -> list[AlarmEvent]:
        """What detection found, in order of time for each alarm; gives the transitions with their states.

        What a cause or a consequence says waits for `release`; what comes after the end of work that was planned over
        it waits for the tick that says so, since what that releases together sounds once.
        """
        out: list[AlarmEvent] = []
        for event in events:
            if self._waits(key := key_of(event), event.time):
                self.memory.waiting.append(event)
            else:
                out += self._due(key, event.time)
                out += self._one(key, event)
        return out

    def _waits(self, key: Key, time: int) -> bool:
        return key in self.causes.concerned or self._after_work(key, time)

    def _after_work(self, key: Key, time: int) -> bool:
        return any(window.until <= time and under(window.prefix, self.site, key) for window in self.memory.windows)

    def release(self, until: int) -> list[AlarmEvent]:
        """Every station with a part in causes has told it up to `until` (ns): what waited is taken in order of time.

        Nothing passes the end of planned work before a tick does.
        """
        return self._release(min([until, *(window.until - 1 for window in self.memory.windows)]))

    def _pass(self, time: int) -> list[AlarmEvent]:
        """All stations have told their part up to `time` (ns): what waited and the ends of planned work, in order."""
        out: list[AlarmEvent] = []
        for end in sorted({window.until for window in self.memory.windows if window.until <= time}):
            out += self._release(end - 1) + self._end_work(end)
        return out + self._release(time)

    def _release(self, until: int) -> list[AlarmEvent]:
        due = self.causes.order(event for event in self.memory.waiting if event.time <= until)
        if due:
            self.memory.waiting = [event for event in self.memory.waiting if event.time > until]
        out: list[AlarmEvent] = []
        for event in due:
            out += self._in_turn(event)
        return out + self._lapse(until)

    def _in_turn(self, event: AlarmEvent) -> list[AlarmEvent]:
        key = key_of(event)
        out = [*self._lapse(event.time), *self._due(key, event.time), *self._one(key, event)]
        return out + self._stand(key, event) if key in self.causes.by_key else out

    def _stand(self, key: Key, event: AlarmEvent) -> list[AlarmEvent]:
        cause = self.causes.by_key[key]
        if event.transition == "cleared":
            self.memory.standing[key] = event.time + cause.hold
        if event.transition != "raised":
            return []
        self.memory.standing[key] = 0
        out: list[AlarmEvent] = []
        for hidden in cause.hides:
            out += self._due(hidden, event.time)
            held = self.memory.held.get(hidden)
            if held is not None and held.state.active and key not in held.state.suppressors:
                after = machine.suppressed(self._definition(hidden), held.state, key)
                out.append(self._told(held, event.time, "suppressed", after, cause=cause.because))
        return out

    def _lapse(self, until: int) -> list[AlarmEvent]:
        """Causes that have cleared let go of what they hid, when their time is over."""
        out: list[AlarmEvent] = []
        over = sorted((end, key) for key, end in self.memory.standing.items() if 0 < end <= until)
        for end, key in over:
            del self.memory.standing[key]
            for hidden in self.causes.by_key[key].hides if key in self.causes.by_key else ():
                out += self._due(hidden, end)
                held = self.memory.held.get(hidden)
                if held is not None and key in held.state.suppressors:
                    after = machine.unsuppressed(self._definition(hidden), held.state, key)
                    out.append(self._told(held, end, "unsuppressed", after, cause="its cause is over"))
                    self._settle(hidden, held)
        return once(self.memory, out)

    def _definition(self, key: Key) -> Definition:
        return self.definitions.get(key, Definition())

    def _one(self, key: Key, event: AlarmEvent) -> list[AlarmEvent]:
        definition = self._definition(key)
        held = self.memory.held.get(key)
        before = held.state if held else AlarmState()
        # What has come due of the worse alarm decides how this one is shown, wherever the tick is that tells it.
        out = [] if self._waits(definition.hidden_by, event.time) else self._due(definition.hidden_by, event.time)
        match event.transition:
            case "raised":
                if held is not None and before.letter in (Letter.D, Letter.E):
                    # One that nobody has seen is followed by another: the new one is the one to be seen.
                    out.append(self._told(held, event.time, "superseded", before, cause="raised again"))
                if not event.annunciated and hiding.hides(self.memory, definition.hidden_by):
                    before = machine.suppressed(definition, before, WORSE)
                for window in self.memory.windows:
                    if event.time < window.until and under(window.prefix, self.site, key):
                        before = machine.suppressed(definition, before, window.by)
                        event = replace(event, cause=window.why, until=window.until)
                for cause in sorted(self.memory.standing):
                    if self.causes.hides(cause, key):
                        before = machine.suppressed(definition, before, cause)
                        event = replace(event, cause=self.causes.by_key[cause].because)
                after = machine.raised(definition, before)
                if WORSE in before.suppressors and hiding.put_aside(self.memory, definition.hidden_by):
                    after = replace(after, unacknowledged=definition.acknowledged)
                held = Held(before, replace(event, number=0))
                self.memory.held[key] = held
            case "cleared":
                after = machine.cleared(definition, before)
                for by in sorted(after.suppressors):
                    # What suppresses it is asked again when it is raised again; until then it is simply normal.
                    after = machine.unsuppressed(definition, after, by)
                if event.cause == RULE_CHANGED:
                    # What it said no longer is so: there is nothing to be seen, and nothing to be reset.
                    after = replace(after, unacknowledged=False, latched=False)
                    self.memory.raises.pop(key, None)
            case "hidden":
                if not hiding.hides(self.memory, definition.hidden_by):
                    return out
                after = machine.suppressed(definition, before, WORSE)
            case "unhidden":
                if WORSE not in before.suppressors:
                    return out
                # On the way down nothing sounds.
                after = hiding.shown(self.memory, definition, before, event.time)
            case "realarmed":  # it has become worse: who had seen it is to see it again
                if held is None or not before.active:
                    return out
                after = machine.realarmed(definition, before) if before.in_service else before
            case _:
                after = before
        if held is None:
            return [*out, replace(event, state=after.letter.name)]
        told = self._told(held, event.time, event.transition, after, like=event)
        if event.transition == "unhidden":
            told = replace(told, annunciated=False)
        elif event.transition == "realarmed":
            told = replace(told, annunciated=before.in_service)
        out.append(told)
        if event.transition == "raised" and told.annunciated:
            out += self._chatter(key, held, event.time)
        self._settle(key, held)
        return out

    def _chatter(self, key: Key, held: Held, time: int) -> list[AlarmEvent]:
        """It has sounded by being raised; the third time in a minute it is put aside, or at least named."""
        raises = chatter.counted(self.memory.raises.pop(key, ()), time)
        if len(raises) < chatter.TIMES:
            self.memory.raises[key] = raises
            return []
        definition = self._definition(key)
        if not definition.chatter_shelf:
            return [self._told(held, time, "chattering", held.state, cause=chatter.SOUNDS_ON, who=chatter.WHO)]
        after = machine.put_aside(definition, held.state, time + definition.chatter_shelf)
        return [self._told(held, time, "shelved", after, cause=chatter.PUT_ASIDE, who=chatter.WHO)]

    def missed(self, event: AlarmEvent) -> list[AlarmEvent]:
        """It came and went while nobody could see it; `event` is what raised it, at the time at which it went.

        An alarm that stands, or is not in service, tells its own story.
        """
        key = key_of(event)
        definition = self._definition(key)
        if key in self.memory.held or not definition.acknowledged:
            return []
        held = Held(AlarmState(), replace(event, number=0))
        self.memory.held[key] = held
        after = AlarmState(unacknowledged=True, latched=definition.latching)
        told = self._told(held, event.time, "missed", after, cause="came and went while it could not be seen")
        return [replace(told, annunciated=False)]

    def close(self, closed: Iterable[AlarmEvent], time: int) -> list[AlarmEvent]:
        """The catalogue goes at `time` (ns): what still waits is told under it, and then what closes with it."""
        last = max((event.time for event in self.memory.waiting), default=time)
        out = self._pass(min(last, time))
        for event in closed:
            out += self._in_turn(event)
        return out

    def adopt(self, old: Keeper, closed: Iterable[AlarmEvent], time: int) -> list[AlarmEvent]:
        """Goes on where `old` stands, from `time` (ns) on; `closed` went with the catalogue that it was of.

        What no longer is a cause lets go; what is no longer defined is forgotten, and said to be.
        """
        told = old.close(closed, time)
        memory, out = old.memory, list[AlarmEvent]()
        self.memory = memory
        memory.standing = {k: t for k, t in memory.standing.items() if k in self.causes.by_key}
        for cause in sorted(self.causes.by_key.keys() - memory.standing.keys()):
            if (standing := memory.held.get(cause)) is not None and standing.state.active:
                memory.standing[cause] = 0
        for key, held in sorted(memory.held.items()):
            if key not in self.definitions:
                out.append(self._told(held, time, "forgotten", AlarmState(), cause="no longer in the catalogue"))
                self._settle(key, held)
            for by in sorted(held.state.suppressors):
                if " " not in by and not self.causes.hides(by, key):  # a cause, not work or a worse alarm
                    after = machine.unsuppressed(self._definition(key), held.state, by)
                    out.append(self._told(held, time, "unsuppressed", after, cause=RULE_CHANGED))
                    self._settle(key, held)
        memory.raises = {key: times for key, times in memory.raises.items() if key in self.definitions}
        return told + once(self.memory, out)

    # -- from people

    def obey(self, command: Command, now: int) -> list[AlarmEvent]:
        """A command at its place in the log; `now` is the site's watermark. A refused one is told too, with why."""
        if command.id in self.memory.obeyed:
            return []
        self.memory.obeyed = [*self.memory.obeyed[-_REMEMBERED + 1 :], command.id]
        time = max(now, command.time)
        key = command.occurrence.partition("@")[0].removeprefix(f"{self.site}/")
        # What has come due by then is told even when the command is refused.
        out: list[AlarmEvent] = []
        for end in sorted({window.until for window in self.memory.windows if window.until <= time}):
            out += self._end_work(end)
        out += self._due(key, time)
        try:
            return out + self._obeyed(command, key, time)
        except Refused as refusal:
            return [*out, commands.refusal(self.site, command, time, str(refusal))]

    def _obeyed(self, command: Command, key: Key, time: int) -> list[AlarmEvent]:
        if command.action == "suppress":
            return self._begin_work(command, time)
        if command.action == "unsuppress":
            return self._let_go(commands.named(command, self.memory.windows), time, command)
        onset = "@" in command.occurrence
        if key not in self.definitions:
            raise Refused("there is no such alarm")
        definition = self.definitions[key]
        held = self.memory.held.get(key) or Held(AlarmState(), self._blank(key))
        if onset and held.last.occurrence != command.occurrence:
            standing = f"; {held.last.occurrence} stands now" if held.last.occurrence else ""
            raise Refused(f"that occurrence is gone{standing}")
        transition, after = commands.move(command, definition, held.state, time)
        self.memory.held[key] = held
        told = self._told(held, time, transition, after, command=command)
        self._settle(key, held)
        out = [told]
        for lesser in hiding.hidden_by(self.memory, self.definitions, key) if transition == "removed" else ():
            held = self.memory.held[lesser]
            after = machine.unsuppressed(self._definition(lesser), held.state, WORSE)
            out.append(self._told(held, time, "unsuppressed", after, cause=hiding.REMOVED))
        return out

    def _begin_work(self, command: Command, time: int) -> list[AlarmEvent]:
        commands.may_be_planned(command, time)
        if not any(under(command.occurrence, self.site, key) for key in self.definitions):
            raise Refused("there is no such site, station, point or alarm")
        window = Window(command.id, command.occurrence, command.until, command.who, command.why)
        touched = [key for key in sorted(self.memory.held) if under(window.prefix, self.site, key)]
        out = [commands.planned(self.site, window, time)]
        out += [event for key in touched for event in self._due(key, time)]
        self.memory.windows.append(window)
        for key in touched:
            if (held := self.memory.held.get(key)) is not None:
                after = machine.suppressed(self._definition(key), held.state, window.by)
                out.append(self._told(held, time, "suppressed", after, command=command))
        return out

    # -- from time

    def advance(self, time: int) -> list[AlarmEvent]:
        """What comes due up to `time`, each told at its own moment, in order."""
        out = self._pass(time)
        for key in sorted(self.memory.held):
            out += self._due(key, time)
        for key, raises in list(self.memory.raises.items()):
            if raises[-1] + chatter.FORGOTTEN_AFTER <= time:
                del self.memory.raises[key]
        # Of one alarm and instant as it happened: the numbers of one occurrence say nothing of the next one's place.
        return sorted(out, key=lambda e: (e.time, e.station, e.point, e.rule))

    def _end_work(self, end: int) -> list[AlarmEvent]:
        """Planned work that ends at `end` (ns) lets go of what it suppressed."""
        return self._let_go([window for window in self.memory.windows if window.until == end], end)

    def _let_go(self, over: list[Window], end: int, command: Command | None = None) -> list[AlarmEvent]:
        out: list[AlarmEvent] = []
        for key in sorted(self.memory.held):
            out += self._due(key, end)
            for window in over:
                held = self.memory.held.get(key)
                if held is not None and window.by in held.state.suppressors:
                    after = machine.unsuppressed(self._definition(key), held.state, window.by)
                    by = command and replace(command, until=window.until)
                    out.append(self._told(held, end, "unsuppressed", after, cause=commands.WORK_OVER, command=by))
                    self._settle(key, held)
        self.memory.windows = [window for window in self.memory.windows if window not in over]
        out = once(self.memory, out) + [commands.planned_over(self.site, window, end, command) for window in over]
        return out + self._after_end()

    def _after_end(self) -> list[AlarmEvent]:
        """What waited for the end of planned work alone."""
        keys = {key for event in self.memory.waiting if (key := key_of(event)) not in self.causes.concerned}
        free = [e for e in self.memory.waiting if (k := key_of(e)) in keys and not self._after_work(k, e.time)]
        self.memory.waiting = [event for event in self.memory.waiting if event not in free]
        out: list[AlarmEvent] = []
        for event in self.causes.order(free):
            out += self._due(key_of(event), event.time) + self._one(key_of(event), event)
        return out

    def _due(self, key: Key, time: int) -> list[AlarmEvent]:
        """What comes due for one alarm up to `time`, the earliest first."""
        out: list[AlarmEvent] = []
        while (held := self.memory.held.get(key)) is not None:
            state, definition = held.state, self._definition(key)
            due = sorted((t, n) for t, n in ((state.realarm_at, 0), (state.shelved_until, 1)) if 0 < t <= time)
            if not due:
                break
            at, which = due[0]
            if which:
                after, transition, cause = machine.unshelved(definition, state), "unshelved", "its time is over"
            else:
                after, transition, cause = machine.realarmed(definition, state), "realarmed", "still stands"
            out.append(self._told(held, at, transition, after, cause=cause))
            self._settle(key, held)
        return out

    # -- telling

    def _told(
        self, held: Held, time: int, transition: str, after: AlarmState, *,
        like: AlarmEvent | None = None, cause: str = "", command: Command | None = None, who: str = "",
    ) -> AlarmEvent:  # fmt: skip
        """The transition, numbered within the occurrence; the alarm stands at `after` from here on."""
        source = like if like is not None else held.last
        told = replace(
            source,
            time=time,
            occurrence=held.last.occurrence or (f"command/{command.id}" if command else source.occurrence),
            number=held.last.number + 1,
            transition=transition,
            cause=like.cause if like is not None else (command.why if command else cause),
            annunciated=machine.tells(held.state, after)
            if transition in machine.SOUNDING
            else held.state.in_service and transition not in machine.WRITTEN and not who,
            state=after.letter.name,
            who=command.who if command else who,
            command=command.id if command else "",
            until=until_of(transition, after, like, command),
        )
        held.state, held.last = after, told
        return told

    def _settle(self, key: Key, held: Held) -> None:
        """An alarm that is simply normal again is forgotten."""
        if held.state == AlarmState():
            self.memory.held.pop(key, None)

    def dump(self) -> dict[str, Any]:
        """All of the memory as plain data, in a fixed order."""
        return self.memory.dump(self.causes)

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self.memory = Memory.load(data)
