"""The lifecycle walked against a table of moves that was written from ISA-18.2's state diagram, not from the code."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.alerts.lifecycle import machine
from services.alerts.lifecycle.machine import Refused
from services.alerts.lifecycle.state import AlarmState, Definition, Letter

HOUR = 3_600_000_000_000

#: (letter, what happens) → letter, of an alarm in service. What is not here is refused, or, of the process, no change.
MOVES = {
    False: {  # not latching
        "A raise": "B", "B raise": "B", "C raise": "C", "D raise": "B",
        "B clear": "D", "C clear": "A", "A clear": "A", "D clear": "D",
        "B ack": "C", "D ack": "A", "C realarm": "B",
    },
    True: {  # latching
        "A raise": "B", "B raise": "B", "C raise": "C", "E raise": "B", "F raise": "B",
        "B clear": "E", "C clear": "F", "A clear": "A", "E clear": "E", "F clear": "F",
        "B ack": "C", "E ack": "F", "F reset": "A", "C realarm": "B",
    },
}  # fmt: skip

#: After its release, by (condition holds, latched since it was last normal).
RELEASED = {(True, True): "B", (True, False): "B", (False, True): "E", (False, False): "A"}


class Walk(RuleBasedStateMachine):
    """Every command and every turn of the process, in any order."""

    @initialize(latching=st.booleans(), realarm=st.sampled_from([0, HOUR]))
    def begin(self, latching, realarm):
        self.definition = Definition(latching=latching, realarm=realarm, longest_shelf=8 * HOUR)
        self.state, self.now = AlarmState(), 1
        self.model = "A"  # as in service
        self.holds = self.held = False
        self.out, self.shelf, self.by = False, None, set()

    def serves(self):
        return not (self.out or self.shelf or self.by)

    def happens(self, what):
        """A move of the table; None where the table has none."""
        after = MOVES[self.definition.latching].get(f"{self.model} {what}")
        if after is not None:
            self.model = after
        return after

    def release(self):
        if self.serves():
            self.model = RELEASED[self.holds, self.held]

    @rule()
    def raise_(self):
        self.holds = True
        self.held = self.held or self.definition.latching
        if self.serves():
            self.happens("raise")
        self.state = machine.raised(self.definition, self.state)

    @rule()
    def clear(self):
        self.holds = False
        if self.serves():
            self.happens("clear")
        elif self.shelf == "one shot":
            self.shelf = None
            self.release()
        self.state = machine.cleared(self.definition, self.state)

    def command(self, move, allowed):
        """`move` takes the state on when the table allows it, and else is refused and changes nothing."""
        if allowed:
            self.state = move()
        else:
            with pytest.raises(Refused):
                move()

    @rule()
    def acknowledge(self):
        allowed = self.serves() and self.happens("ack") is not None
        self.command(lambda: machine.acknowledged(self.definition, self.state, self.now), allowed)

    @rule()
    def reset(self):
        allowed = self.serves() and self.happens("reset") is not None
        if allowed:
            self.held = False
        self.command(lambda: machine.reset(self.definition, self.state), allowed)

    @rule()
    def realarm(self):
        if self.state.realarm_at:
            assert self.happens("realarm")
            self.state = machine.realarmed(self.definition, self.state)

    @rule(hours=st.integers(-1, 10), one_shot=st.booleans())
    def shelve(self, hours, one_shot):
        allowed = not self.out and 0 < hours <= 8 and (self.holds or not one_shot)
        until = self.now + hours * HOUR
        self.command(lambda: machine.shelved(self.definition, self.state, self.now, until, one_shot), allowed)
        if allowed:
            self.shelf = "one shot" if one_shot else "timed"

    @rule()
    def chatter(self):
        """Put aside by itself, as only an alarm that sounds can be; the shelf of a person stands."""
        if self.shelf or self.serves():
            before = self.state.shelved_until
            self.state = machine.put_aside(self.definition, self.state, self.now + HOUR)
            assert not before or self.state.shelved_until == before
            self.shelf = self.shelf or "timed"

    @rule()
    def unshelve(self):
        self.command(lambda: machine.unshelved(self.definition, self.state), bool(self.shelf))
        if self.shelf:
            self.shelf = None
            self.release()

    @rule(by=st.sampled_from(["power", "plant off"]))
    def suppress(self, by):
        self.by.add(by)
        self.state = machine.suppressed(self.definition, self.state, by)

    @rule(by=st.sampled_from(["power", "plant off"]))
    def unsuppress(self, by):
        if by in self.by:
            self.by.remove(by)
            self.release()
            self.state = machine.unsuppressed(self.definition, self.state, by)

    @rule()
    def take_out(self):
        self.command(lambda: machine.taken_out(self.definition, self.state), not self.out)
        self.out = True

    @rule()
    def put_back(self):
        self.command(lambda: machine.put_back(self.definition, self.state), self.out)
        if self.out:
            self.out = False
            self.release()

    @invariant()
    def stands_where_the_table_says(self):
        if not hasattr(self, "state"):
            return
        expected = "I" if self.out else "H" if self.by else "G" if self.shelf else self.model
        assert self.state.letter.name == expected
        assert self.state.active == self.holds


Walk.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestWalk = Walk.TestCase


def test_an_alarm_that_asks_nobody_is_never_unacknowledged():
    entry = Definition(acknowledged=False)
    state = machine.raised(entry, AlarmState())
    assert state.letter is Letter.C
    assert machine.cleared(entry, state).letter is Letter.A
    out = machine.put_back(entry, machine.raised(entry, machine.taken_out(entry, AlarmState())))
    assert out.letter is Letter.C


def test_a_release_sounds_when_the_condition_holds_and_only_then():
    definition = Definition(longest_shelf=HOUR)
    shelved = machine.shelved(definition, AlarmState(), 1, HOUR, False)
    assert not machine.tells(shelved, machine.unshelved(definition, shelved))
    standing = machine.raised(definition, shelved)
    assert not machine.tells(shelved, standing)
    assert machine.tells(standing, machine.unshelved(definition, standing))


def test_an_alarm_that_may_not_be_shelved_says_so():
    with pytest.raises(Refused, match="may not be shelved"):
        machine.shelved(Definition(), AlarmState(), 1, HOUR, False)
