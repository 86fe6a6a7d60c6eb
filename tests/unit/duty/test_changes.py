"""Swaps of duty: always one person, the newest swap holds, and nobody is put in who cannot be reached."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from services.alerts.oncall.check import load_oncall
from services.core.clock import DAY, HOUR, parse_time
from services.duty.areas import NotDone
from services.duty.changes import Change, Changes, applied, check
from services.store.database import Database

NOW = parse_time("2023-04-18T12:00:00Z")
RULES = load_oncall(Path(__file__).parents[3] / "sites/oncall/liuyang.yaml", NOW)


def swap(number: int = 0, person: str = "director", start: int = NOW, end: int = NOW + HOUR, **more: str) -> Change:
    return Change(number, more.get("roster", "plants"), person, start, end, "eve", more.get("why", "ill"))


@settings(max_examples=30, deadline=None)
@given(spans=st.lists(st.tuples(st.integers(-48, 48), st.integers(1, 48), st.booleans()), max_size=5))
def test_there_always_is_one_person_and_of_several_swaps_the_newest_holds(spans: list[tuple[int, int, bool]]) -> None:
    swaps = [
        swap(i, "director" if one else "engineer-2", NOW + start * HOUR, NOW + (start + length) * HOUR)
        for i, (start, length, one) in enumerate(spans)
    ]
    roster, own = applied(RULES, swaps).roster("plants"), RULES.roster("plants")
    assert roster is not None
    assert own is not None
    for hour in range(-50, 100, 3):
        at = NOW + hour * HOUR + 1
        holding = [one for one in swaps if one.start <= at < one.end]
        assert roster.on_call(at) == ((holding[-1].person,) if holding else own.on_call(at))


def test_a_swap_is_refused_that_cannot_hold_or_puts_in_somebody_out_of_reach() -> None:
    check(RULES, swap(), NOW)
    mute = RULES.model_copy(update={"people": tuple(
        one.model_copy(update={"reach": one.reach[1:]}) if one.id == "director" else one for one in RULES.people
    )})  # fmt: skip
    with pytest.raises(NotDone, match="no channel for wake"):
        check(mute, swap(), NOW)
    for wrong in (
        swap(person="nobody"), swap(roster="nights"), swap(end=NOW), swap(end=NOW + 32 * DAY), swap(why=" "),
        swap(start=NOW - 2 * HOUR, end=NOW - HOUR),
    ):  # fmt: skip
        with pytest.raises(NotDone):
            check(RULES, wrong, NOW)


def test_a_swap_holds_until_it_is_withdrawn(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path)
    changes = Changes(database, lambda: 7)
    number = changes.enter(swap()).number
    assert [one.person for one in changes.holding(NOW)] == ["director"]
    assert changes.holding(NOW + HOUR) == []
    changes.withdraw(number)
    assert changes.holding(NOW) == []
    with pytest.raises(NotDone):
        changes.withdraw(number)
    database.close()
