"""A day without data, or a clock of the factory: what comes of it fits into frames, and into memory."""

from __future__ import annotations

from services.alerts.processor import AlertProcessor
from services.core.clock import DAY, SECOND, parse_time
from services.core.codec import decode_output, encode_output
from services.core.journal import canonical_journal
from services.core.records import Derived, Output, Record, Tick
from tests.unit.alerts.plants import config, frame, plant

NOW = parse_time("2023-04-18T10:00:00Z") // SECOND
DAYS = 15 * DAY // SECOND  # at one derived point on a 10 s grid, more than fits into a frame


def both(at: int, flow: float = 80.0, wanted: float = 100.0) -> list[Record]:
    return [
        frame("intake", at, (at, 0, 3.0), (at, 2, flow)),
        frame("clearwell", at, (at, 5, wanted)),
    ]


def derived(outputs: list[Output]) -> list[Derived]:
    return [o for o in outputs if isinstance(o, Derived)]


def test_what_is_derived_after_days_without_data_can_be_read_again() -> None:
    processor = AlertProcessor()
    processor.step("no3", [config(plant(), NOW), *both(NOW), Tick((NOW + 10) * SECOND)])
    after = processor.step("no3", [*both(NOW + DAYS), Tick((NOW + DAYS + 10) * SECOND)])
    again = [decode_output(*encode_output(output)) for output in after]
    frames = [one.frame for one in derived(again)]
    times = [time for one in frames for time in one.times.tolist()]
    assert len(times) > 100_000
    assert times == list(range((NOW + 20) * SECOND, (NOW + DAYS + 11) * SECOND, 10 * SECOND))


def test_a_gap_comes_to_the_same_however_many_ticks_were_in_it() -> None:
    log = [config(plant(), NOW), *both(NOW), Tick((NOW + 10) * SECOND)]
    ticks: list[Record] = [Tick((NOW + t) * SECOND) for t in range(3_600, DAY // SECOND, 3_600)]
    end = [*both(NOW + DAY // SECOND), Tick((NOW + DAY // SECOND + 600) * SECOND)]
    once, often = AlertProcessor().step("no3", [*log, *end]), AlertProcessor().step("no3", [*log, *ticks, *end])
    assert list(canonical_journal(once)) == list(canonical_journal(often))
    assert "uncertain" in "".join(canonical_journal(once))


def test_a_first_reading_with_the_clock_of_the_factory_does_not_fill_decades() -> None:
    factory = parse_time("2000-01-01T00:00:05Z") // SECOND
    processor = AlertProcessor()
    processor.step("no3", [config(plant(), NOW), *both(factory)])
    restored = AlertProcessor()
    restored.load("no3", processor.dump("no3"))
    for one in (processor, restored):
        frames = derived(one.step("no3", [*both(NOW), Tick((NOW + 10) * SECOND)]))
        assert frames[0].frame.times[0] >= NOW * SECOND - DAY
        assert frames[-1].frame.times[-1] == (NOW + 10) * SECOND
        assert frames[-1].frame.values[-1] == 80.0
        assert len(one._folds["no3"].grid._v) < 20_000
