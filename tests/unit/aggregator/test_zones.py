"""Zones and balances: the same figures however the sites' steps lie among each other, late ones again, gaps said."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.aggregator.processor import Aggregator
from services.aggregator.windows import WindowAggregator
from services.aggregator.zones import ZoneFolds
from services.aggregator.zones.plant import LEVEL_UNKNOWN, WASH_TAKEN
from services.aggregator.zones.terms import QUARTER
from services.core.catalogue import Point, Site, Station, to_json, version_of
from services.core.catalogue.zones import BalanceUse, StoreUse, Zone
from services.core.clock import DAY, HOUR, MINUTE, parse_time
from services.core.codec import decode_output, decode_records, encode_output
from services.core.frame import make_frame
from services.core.records import Aggregates, Config, Output, Record, SiteStep, Tick, ZoneFigures
from tests.unit.aggregator.windows import rule

NIGHT = parse_time("2024-06-01T02:00:00+08:00")
ZONE = Zone(
    id="east", name="East", time_zone="Asia/Shanghai", inflow=("a/meter/flow", "b/meter/flow"),
    outflow=("c/meter/flow",), mains=10, connections=1000, private_pipe=4, pressure=40, night_use=3,
)  # fmt: skip
#: m3/h: 20 + 10 - 6 into the zone.
FLOWS = {"a": 20.0, "b": 10.0, "c": 6.0}
BALANCE = BalanceUse(
    raw=("meter/flow",), finished=("meter/out",), stores=(StoreUse(level="meter/level", area=100.0),)
)  # fmt: skip


def config(name: str, **more: Any) -> Config:
    points = tuple(
        Point(station="meter", name=n, unit=u) for n, u in (("flow", "m3/h"), ("out", "m3/h"), ("level", "m"))
    )
    site = Site(
        id=name, group="g", name=name, kind="meter", time_zone="Asia/Shanghai", points=points,
        stations=(
            Station(id="meter", type="t", name="m", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=rule("stale")),
        ),
        **more,
    )  # fmt: skip
    text = to_json(site)
    return Config(name, version_of(text), text, 0)


def frame(name: str, at: int, *readings: tuple[int, float]) -> Record:
    points, values = zip(*readings, strict=True)
    n = len(readings)
    return make_frame(
        name, "meter", np.full(n, at), np.array(points, np.int32), np.array(values, float), np.zeros(n, np.uint8),
        through=at,
    )  # fmt: skip


def minutes(name: str, first: int, last: int, flow: float, *, without: Iterable[int] = ()) -> list[Record]:
    """A reading and a tick a minute; `without`: minutes in which nothing comes."""
    out: list[Record] = [Tick(first)]
    for n, at in enumerate(range(first, last, MINUTE)):
        if n not in without:
            out.append(frame(name, at, (0, flow)))
        out.append(Tick(at + MINUTE))
    return out


def steps_of(outputs: Sequence[Output]) -> list[SiteStep]:
    found = []
    for one in outputs:
        if isinstance(one, SiteStep):
            (back,) = decode_records(encode_output(one)[1])
            assert repr(back) == repr(one)
            found.append(one)
    return found


def told(name: str, records: Sequence[Record], **more: Any) -> list[SiteStep]:
    return steps_of(Aggregator().step(name, [config(name, **more), *records]))


def night(hours: int = 3, **flows: float) -> dict[str, list[SiteStep]]:
    first = NIGHT - HOUR
    return {
        name: told(name, minutes(name, first, first + hours * HOUR, flow), zones=(ZONE,))
        for name, flow in (FLOWS | flows).items()
    }


def fold(steps: Sequence[SiteStep], key: str = "zone/east") -> list[ZoneFigures]:
    out = ZoneFolds().step(key, steps)
    assert [decode_output(*encode_output(one)) for one in out] == out
    return [one for one in out if isinstance(one, ZoneFigures)]


def last_of(figures: Iterable[ZoneFigures]) -> dict[tuple[str, int], ZoneFigures]:
    return {(one.kind, one.start): one for one in figures}


def test_a_zone_s_night_and_leakage_from_the_meters_of_three_sites():
    found = last_of(fold([step for steps in night().values() for step in steps]))
    quarters = [one for (kind, _), one in found.items() if kind == "flow"]
    assert [one.figures["flow"] for one in quarters[1:]] == pytest.approx([24.0] * 11)
    assert quarters[1].figures["volume"] == pytest.approx(6.0)
    (one,) = [one for (kind, _), one in found.items() if kind == "night"]
    assert (one.start, one.end, one.verdict, one.site) == (NIGHT, NIGHT + 2 * HOUR, "known", "")
    assert one.figures["night_flow"] == pytest.approx(24.0)
    assert one.figures["leakage_day"] == pytest.approx((24 - 3) * 24)
    # (18 · 10 + 0.8 · 1000 + 25 · 4) · 40 L a day
    assert one.figures["index"] == pytest.approx(504 / 43.2)


def test_how_the_sites_steps_lie_among_each_other_and_how_they_are_cut_changes_nothing():
    steps = night(a=0.1 + 0.2, b=0.7)
    whole = last_of(fold([step for some in steps.values() for step in some]))
    for seed in range(5):
        chance = random.Random(seed)
        queues = [list(some) for some in steps.values()]
        folds, out = ZoneFolds(), list[Output]()
        while any(queues):
            queue = chance.choice([some for some in queues if some])
            out += folds.step("zone/east", [queue.pop(0)])
            if chance.random() < 0.3:
                state = folds.dump("zone/east")
                folds = ZoneFolds()
                folds.load("zone/east", state)
                assert folds.dump("zone/east") == state
        assert last_of(one for one in out if isinstance(one, ZoneFigures)) == whole


def test_a_site_that_has_said_nothing_is_waited_for_and_a_meter_that_is_silent_is_named():
    steps = night()
    assert fold([*steps["a"], *steps["b"]]) == []
    silent = told("c", [Tick(at) for at in range(NIGHT - HOUR, NIGHT + 2 * HOUR + 1, MINUTE)], zones=(ZONE,))
    assert all(step.revision == 0 and not step.members for step in silent)
    found = last_of(fold([*steps["a"], *steps["b"], *silent]))
    one = found["flow", NIGHT]
    assert (one.silent, one.verdict) == (("c/meter/flow",), "unknown")
    assert "flow" not in one.figures
    assert one.figures["gap"] == 900.0
    assert found["night", NIGHT].verdict == "unknown"
    assert found["night", NIGHT].figures == {}


def test_late_readings_give_quarter_and_night_again_with_a_revision():
    first = NIGHT - HOUR
    records = minutes("c", first, NIGHT + 2 * HOUR, 6.0, without=range(150, 175))
    # The last five minutes of the gap come within the two for which a minute is remembered.
    at = records.index(Tick(first + 176 * MINUTE))
    late = [frame("c", first + n * MINUTE, (0, 60.0)) for n in (174, 173)]
    steps = night() | {"c": told("c", [*records[:at], *late, *records[at:]], zones=(ZONE,))}
    figures = fold([step for some in steps.values() for step in some])
    plain = fold([s for some in (night() | {"c": told("c", records, zones=(ZONE,))}).values() for s in some])
    assert (
        last_of(figures)["flow", NIGHT + 105 * MINUTE].figures["volume"]
        < last_of(plain)["flow", NIGHT + 105 * MINUTE].figures["volume"]
    )
    again = told("c", minutes("c", first, NIGHT + 2 * HOUR, 6.0), zones=(ZONE,))
    archived = [replace(step, revision=2**31 - 1) for step in again if step.start == NIGHT + 90 * MINUTE]
    folds = ZoneFolds()
    before = folds.step("zone/east", [step for some in steps.values() for step in some])
    after = [one for one in folds.step("zone/east", archived) if isinstance(one, ZoneFigures)]
    assert [(one.kind, one.revision) for one in after] == [("flow", 1), ("night", 1)]
    assert after[0].figures["gap"] == 0.0
    assert (
        after[0].figures["gap"]
        < last_of(one for one in before if isinstance(one, ZoneFigures))["flow", NIGHT + 90 * MINUTE].figures["gap"]
    )


def test_steps_that_come_again_say_nothing_and_what_is_days_old_is_counted():
    folds = ZoneFolds()
    steps = [step for some in night().values() for step in some]
    assert folds.step("zone/east", steps)
    assert folds.step("zone/east", steps) == []
    folds.step("zone/east", [replace(step, start=step.start + 9 * DAY, end=step.end + 9 * DAY) for step in steps])
    assert len(folds.dump("zone/east")) < 40_000
    folds.step("zone/east", [replace(steps[0], revision=7)])
    assert folds.too_late("zone/east") == 1


def test_a_zone_that_changes_is_judged_as_its_newest_catalogue_says():
    wider = ZONE.model_copy(update={"night_use": 5.0})
    steps = night()
    newer = [replace(step, definition=replace_use(step.definition), configured=1) for step in steps["b"]]
    assert wider.night_use == 5.0
    (one,) = [f for f in fold([*steps["a"], *newer, *steps["c"]]) if f.kind == "night"]
    assert one.figures["leakage_night"] == pytest.approx(19.0)


def replace_use(definition: str) -> str:
    assert '"night_use":3.0' in definition
    return definition.replace('"night_use":3.0', '"night_use":5.0')


def balance(levels: Sequence[float | None], out: float = 90.0, use: BalanceUse = BALANCE) -> list[ZoneFigures]:
    """Hours with raw 100 m3/h, `out` finished, and at the end of each its level."""
    records: list[Record] = [Tick(NIGHT)]
    for n in range(60 * len(levels)):
        at, level = NIGHT + n * MINUTE, levels[n // 60]
        held = [(0, 100.0), (1, out)] + ([] if level is None else [(2, level)])
        records += [frame("a", at, *held), Tick(at + MINUTE)]
    return fold(told("a", records, balance=use), "plant/a")


def test_a_plant_s_balance_of_the_hours_with_what_its_clear_well_took():
    found = last_of(balance([2.0, 2.1, 2.1]))
    first, second, third = (found["balance_1h", NIGHT + n * HOUR] for n in range(3))
    assert (first.verdict, first.caveats[0]) == ("unknown", LEVEL_UNKNOWN)
    assert "residual" not in first.figures
    assert second.figures["stored"] == pytest.approx(10.0)
    assert second.figures["residual"] == pytest.approx(0.0, abs=1e-6)
    assert (second.verdict, second.zone, second.site) == ("closes", "a", "a")
    assert (third.verdict, third.figures["stored"]) == ("loses", 0.0)
    assert last_of(balance([2.0, None, 2.1]))["balance_1h", NIGHT + HOUR].silent == ("a/meter/level",)


def test_wash_water_that_nobody_meters_is_taken_as_a_share_and_makes_the_balance_that_much_less_certain():
    washed = BALANCE.model_copy(update={"wash_share": 0.05})
    one = last_of(balance([2.0, 2.0], out=92.0, use=washed))["balance_1h", NIGHT + HOUR]
    assert one.figures["wash"] == pytest.approx(5.0)
    assert one.figures["residual"] == pytest.approx(3.0)
    assert one.figures["uncertainty"] > 2 * 5.0 / 3**0.5
    assert (one.verdict, one.caveats) == ("closes", (WASH_TAKEN,))


def test_without_zones_it_is_the_windows_alone_and_their_state():
    records = [config("a"), *minutes("a", NIGHT, NIGHT + HOUR, 5.0)]
    plain, ours = WindowAggregator(), Aggregator()
    assert [*map(encode_output, ours.step("a", records))] == [*map(encode_output, plain.step("a", records))]
    assert ours.dump("a") == plain.dump("a")
    with_zone = Aggregator()
    with_zone.load("a", plain.dump("a"))
    steps = with_zone.step("a", [config("a", zones=(ZONE,)), *minutes("a", NIGHT + HOUR, NIGHT + 2 * HOUR, 5.0)])
    assert steps_of(steps)
    again = Aggregator()
    again.load("a", with_zone.dump("a"))
    assert again.dump("a") == with_zone.dump("a")


def test_windows_and_steps_are_the_same_however_the_records_are_cut():
    records = [
        config("a", zones=(ZONE,), balance=BALANCE),
        *minutes("a", NIGHT, NIGHT + 2 * HOUR, 5.0, without=range(20, 50)),
    ]
    whole = [*map(encode_output, Aggregator().step("a", records))]
    one = Aggregator()
    cut = [encode_output(output) for record in records for output in one.step("a", [record])]
    assert cut == whole
    kinds = {type(output) for output in Aggregator().step("a", records)}
    assert kinds == {Aggregates, SiteStep}


def test_a_clock_that_jumps_a_year_is_not_told_quarter_by_quarter():
    aggregator = Aggregator()
    aggregator.step("a", [config("a", zones=(ZONE,)), Tick(NIGHT)])
    assert len(aggregator.step("a", [Tick(NIGHT + 365 * DAY)])) <= 2 * DAY // QUARTER
