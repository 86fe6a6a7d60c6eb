"""The live view as timelines: records in, snapshots out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.console.view.alarms import Alarms
from services.console.view.live import LiveView
from services.core.catalogue import to_json
from services.core.clock import HOUR, MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Config, Derived, IncidentEvent, Tick
from tests.browser import storm

T0 = storm.clock("21:00")
SITE = storm.city().site("no3")
TURBIDITY = "intake/raw_turbidity"


class Wall:
    """Wall seconds that move when the test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def view() -> LiveView:
    return LiveView(storm.city().sites)


def frame(at: int, value: float, quality: int = 0, *, point: str = TURBIDITY) -> Frame:
    index = SITE.point_index[point]
    return make_frame("no3", point.partition("/")[0], np.array([at]), np.array([index]),
                      np.array([value]), np.array([quality], np.uint8), received=7)  # fmt: skip


def beat(through: int) -> Frame:
    nothing = np.array([])
    return make_frame("no3", "intake", nothing, nothing, nothing, through=through)


def alarm(number: int, transition: str, at: int = T0, **more: object) -> AlarmEvent:
    fields: dict[str, object] = {
        "priority": "critical", "value": 1.04, "limit": 1.0, "unit": "m", **more,
    }  # fmt: skip
    name = str(fields.pop("rule", "screen-head-critical"))
    return AlarmEvent(at, "no3", "intake", "screen_head", name, f"{name}/1", number,
                      transition, **fields)  # type: ignore[arg-type] # fmt: skip


def shown(view: LiveView, point: str = TURBIDITY):
    found = view.point("no3", point)
    assert found is not None
    return found


def test_a_point_without_a_reading_is_unknown_and_says_so(view):
    assert (shown(view).value, shown(view).why) == (None, "never")
    assert view.point("no3", "intake/none") is None


def test_the_newest_reading_stands_and_a_late_one_does_not_replace_it(view):
    view.apply_all([frame(T0, 900.0), frame(T0 - MINUTE, 5.0), Tick(T0)])
    assert shown(view).value == 900.0
    assert view.trend("no3", TURBIDITY).values == (5.0, 900.0)


def test_a_silent_station_makes_its_values_unknown_not_old(view):
    view.apply_all([frame(T0, 900.0), Tick(T0 + 3 * MINUTE)])
    assert shown(view).value == 900.0
    view.apply(Tick(T0 + 3 * MINUTE + SECOND))
    assert (shown(view).value, shown(view).why, shown(view).good_at) == (None, "silent", T0)
    assert view.sites()[0].silent
    view.apply(frame(T0 + 4 * MINUTE, 950.0))
    assert shown(view).value == 950.0


def test_an_empty_frame_is_a_heartbeat_and_holds_the_value(view):
    view.apply_all([frame(T0, 900.0), beat(T0 + 2 * MINUTE), beat(T0 + 4 * MINUTE)])
    view.apply(Tick(T0 + 5 * MINUTE))
    assert shown(view).value == 900.0
    assert view.trend("no3", TURBIDITY).times == (T0, T0 + 4 * MINUTE)


def test_a_bad_reading_is_unknown_with_its_reason_and_a_saturated_one_is_known(view):
    view.apply_all([frame(T0, 0.1, Quality.NO_SAMPLE), Tick(T0)])
    assert (shown(view).value, shown(view).why) == (None, "no sample")
    view.apply_all([frame(T0 + MINUTE, 4000.0, Quality.SATURATED)])
    assert (shown(view).value, shown(view).saturated) == (4000.0, True)


def test_a_death_certificate_makes_values_unknown_until_the_next_frame(view):
    died = replace(beat(T0 + SECOND), death=True)
    view.apply_all([frame(T0, 900.0), died, Tick(T0 + SECOND)])
    assert shown(view).why == "link"
    view.apply(frame(T0 + MINUTE, 901.0))
    assert shown(view).why == ""


def test_derived_readings_do_not_hide_that_the_station_is_silent(view):
    point = "clearwell/supply_hours_expected"
    level = "clearwell/level"
    view.apply(frame(T0, 3.0, point=level))
    for minute in range(6):
        view.apply(Derived(frame(T0 + minute * MINUTE, 9.0, point=point)))
    view.apply(Tick(T0 + 5 * MINUTE))
    assert shown(view, level).why == "silent"
    assert shown(view, point).value == 9.0


def test_a_silence_is_a_gap_in_the_trend(view):
    view.apply_all([frame(T0, 10.0), frame(T0 + MINUTE, 11.0), frame(T0 + 30 * MINUTE, 50.0)])
    assert view.trend("no3", TURBIDITY).values == (10.0, 11.0, None, 50.0)


def test_the_trend_is_bounded_in_time_and_number(view):
    for step in range(4000):
        view.apply(frame(T0 + step * 10 * SECOND, float(step)))
    trend = view.trend("no3", TURBIDITY, points=10**6)
    assert len(trend.times) <= 6 * HOUR // (15 * SECOND)
    assert trend.times[0] >= trend.times[-1] - 6 * HOUR
    assert trend.values[-1] == 3999.0


def test_a_thinned_trend_keeps_peaks_and_gaps(view):
    for step in range(1200):
        peak = 777.0 if step == 700 else 1.0
        bad = Quality.BAD if step == 300 else Quality.GOOD
        view.apply(frame(T0 + step * 15 * SECOND, peak, bad))
    trend = view.trend("no3", TURBIDITY, points=100)
    assert len(trend.times) < 150
    assert 777.0 in trend.values
    assert None in trend.values
    assert list(trend.times) == sorted(trend.times)


def test_the_top_of_a_saturating_meters_range_is_at_least_that_whoever_says_so(view):
    view.apply_all([frame(T0, 4000.0), Tick(T0)])
    assert shown(view).saturated
    view.apply(frame(T0 + MINUTE, 3999.0))
    assert not shown(view).saturated


def test_a_meters_noise_turns_no_arrow(view):
    for step in range(80):
        view.apply(frame(T0 + step * 15 * SECOND, 100.0 * (1.05 if step % 2 else 0.95)))
    assert shown(view).direction is None


@pytest.mark.parametrize(
    ("first", "last", "arrow"),
    [(900.0, 914.0, 0), (900.0, 900.9, None), (0.02, 0.028, None), (0.02, 0.2, 1), (3.4, 3.409, None),
     (400.0, 0.0, None), (0.0, 0.0, None)],
)  # fmt: skip
def test_a_value_at_zero_or_changing_in_its_last_digit_alone_has_no_arrow(view, first, last, arrow):
    view.apply_all(frame(T0 + minute * MINUTE, first if minute < 10 else last) for minute in range(21))
    assert shown(view).direction == arrow


def test_a_saturated_meter_has_no_arrow(view):
    for minute in range(20):
        view.apply(frame(T0 + minute * MINUTE, 4000.0))
    assert shown(view).direction is None


def test_an_arrow_shows_where_a_value_is_going(view):
    for minute in range(20):
        view.apply(frame(T0 + minute * MINUTE, 100.0 + 10 * minute))
    assert shown(view).direction == 1


def test_an_alarm_is_active_from_raised_to_cleared(view):
    view.apply_all([alarm(1, "raised"), Tick(T0 + 2 * MINUTE)])
    (one,) = view.active()
    assert (one.priority, one.age, one.value, one.limit) == ("critical", 2 * MINUTE, 1.04, 1.0)
    assert one.rule is not None
    assert one.rule.response == "Throttle the raw pumps now"
    assert view.sites()[0].worst == "critical"
    assert view.annunciated() == 1
    view.apply_all([alarm(2, "cleared", T0 + 3 * MINUTE), Tick(T0 + 9 * MINUTE)])
    assert view.active() == ()
    assert [(c.cleared, c.age) for c in view.cleared()] == [(T0 + 3 * MINUTE, 3 * MINUTE)]
    assert [line.transition for line in view.history()] == ["cleared", "raised"]
    view.apply(Tick(T0 + 7 * HOUR))
    assert view.cleared() == ()


def test_the_same_transition_twice_changes_nothing(view):
    raised, cleared = alarm(1, "raised"), alarm(2, "cleared", T0 + MINUTE)
    view.apply_all([raised, raised, cleared, raised, cleared])
    assert view.active() == ()
    assert len(view.history()) == 2


def test_a_hidden_alarm_is_folded_away_and_comes_back(view):
    view.apply_all([alarm(1, "raised"), alarm(2, "hidden", cause="screen collapsed"), Tick(T0)])
    assert view.active() == ()
    assert [one.hidden_because for one in view.hidden()] == ["screen collapsed"]
    assert view.counts()["critical"] == 0
    view.apply(alarm(3, "unhidden"))
    assert len(view.active()) == 1
    assert view.hidden() == ()
    assert view.annunciated() == 1  # it was announced once, by its raising


def test_one_that_was_never_announced_is_a_consequence_and_no_new_alarm(view):
    view.apply_all([alarm(1, "raised", annunciated=False), Tick(T0)])
    assert view.active() == ()
    assert len(view.hidden()) == 1
    assert view.annunciated() == 0


def test_a_consequence_that_outlives_its_cause_becomes_a_new_alarm(view):
    view.apply_all([alarm(1, "raised", annunciated=False), alarm(2, "unhidden"), Tick(T0)])
    assert len(view.active()) == 1
    assert view.annunciated() == 1


def test_quality_lost_while_active_holds_the_alarm(view):
    view.apply_all([alarm(1, "raised"), alarm(2, "uncertain"), Tick(T0)])
    assert [one.uncertain for one in view.active()] == [True]
    view.apply(alarm(3, "certain"))
    assert [one.uncertain for one in view.active()] == [False]


def test_the_most_severe_come_first_then_the_newest(view):
    view.apply_all([
        alarm(1, "raised", T0, rule="a", priority="medium"),
        alarm(1, "raised", T0 + 1, rule="b", priority="high"),
        alarm(1, "raised", T0 + 2, rule="c", priority="medium"),
        alarm(1, "raised", T0 - 9, rule="d", priority="critical"),
    ])  # fmt: skip
    assert [one.rule_id for one in view.active()] == ["d", "b", "c", "a"]


def incident(number: int, phase: str, at: int, hours: float | None = 7.9) -> IncidentEvent:
    forecast = {"hours_pessimistic": hours, "hours_expected": None, "hours_optimistic": None,
                "horizon_hours": 24.0, "assumptions": ["weekday demand"]}  # fmt: skip
    return IncidentEvent(at, "no3", "intake-crisis", "i/1", number, phase, "why", f"do {phase}",
                         {"forecast": forecast, "readings": {"Level": "2.9 m"}})  # fmt: skip


def test_an_incident_goes_through_its_phases_once_each(view):
    for event in (incident(1, "surge", T0), incident(1, "surge", T0),
                  incident(2, "restricted", T0 + HOUR), incident(3, "restricted", T0 + 2 * HOUR)):  # fmt: skip
        view.apply(event)
    (one,) = view.incidents()
    assert [(p.phase, p.time) for p in one.phases] == [("surge", T0), ("restricted", T0 + HOUR)]
    assert (one.next_step, one.readings, one.closed) == ("do restricted", {"Level": "2.9 m"}, None)
    view.apply(incident(4, "closed", T0 + 3 * HOUR))
    assert view.incidents()[0].closed == T0 + 3 * HOUR


def test_the_countdown_follows_the_derived_points_when_they_are_newer(view):
    view.apply_all([incident(1, "threatened", T0), Tick(T0)])
    told = view.incidents()[0].forecast
    assert told is not None
    assert (told.pessimistic, told.expected, told.horizon) == (7.9, None, 24.0)
    for name, hours in (("pessimistic", 5.0), ("expected", 30.0), ("optimistic", np.inf)):
        point = f"clearwell/supply_hours_{name}"
        view.apply(Derived(frame(T0 + MINUTE, hours, point=point)))
    live = view.incidents()[0].forecast
    assert live is not None
    assert (live.pessimistic, live.expected, live.optimistic) == (5.0, None, None)
    assert live.assumptions == ("weekday demand",)
    assert live.time == T0 + MINUTE


def test_evidence_that_says_its_forecast_is_unknown_is_believed(view):
    event = incident(1, "threatened", T0, None)
    event.evidence["forecast"]["known"] = False  # type: ignore[index]
    view.apply(event)
    told = view.incidents()[0].forecast
    assert told is not None
    assert told.unknown


def test_a_forecast_that_cannot_be_made_is_unknown_not_endless(view):
    point = "clearwell/supply_hours_pessimistic"
    view.apply_all([incident(1, "threatened", T0), Tick(T0)])
    view.apply(Derived(frame(T0 + MINUTE, np.nan, Quality.BAD, point=point)))
    live = view.incidents()[0].forecast
    assert live is not None
    assert live.unknown == "bad"


def test_silence_is_counted_in_wall_time_from_the_last_move_of_the_clock():
    wall = Wall()
    view = LiveView(storm.city().sites, monotonic=wall)
    wall.now += 5
    view.apply(Tick(T0))
    wall.now += 40
    assert view.silence() == 40
    view.apply(Tick(T0))  # every site's log holds the same tick: the clock has not moved
    assert view.silence() == 40
    view.apply(Tick(T0 + SECOND, end=True))
    assert (view.silence(), view.ended, view.now) == (0, True, T0 + SECOND)


def test_a_new_catalogue_version_takes_effect_and_a_damaged_one_does_not(view):
    site = storm.city().site("no3").model_copy(update={"name": "No. 3 waterworks"})
    view.apply_all([frame(T0, 900.0), Config("no3", "v2", to_json(site), T0)])
    assert view.sites()[0].name == "No. 3 waterworks"
    assert shown(view).value == 900.0
    view.apply(Config("no3", "v3", "{", T0))
    assert view.sites()[0].name == "No. 3 waterworks"
    assert view.passed_over == 1


def test_what_concerns_nobody_known_is_counted_and_passed_over(view):
    stranger = make_frame("no9", "intake", np.array([T0]), np.array([0]), np.array([1.0]))
    wild = make_frame("no3", "intake", np.array([T0]), np.array([9999]), np.array([1.0]))
    lost = AlarmEvent(T0, "no9", "x", "y", "z", "o", 1, "raised", "odd")
    view.apply_all([stranger, wild, lost, Tick(T0)])
    assert view.passed_over == 1
    (one,) = view.active()
    assert (one.site_name, one.rule, one.now) == ("no9", None, None)


def test_the_whole_night_in_any_batches_gives_the_same_page():
    catalogue = storm.city()
    log = list(storm.night(catalogue, storm.clock("22:10")))
    one, other = LiveView(catalogue.sites), LiveView(catalogue.sites)
    one.apply_all(log)
    for entry in log:
        other.apply(entry)
        other.sites()
    assert one.active() == other.active()
    assert one.sites() == other.sites()
    assert one.incidents() == other.incidents()
    assert [a.rule_id for a in one.active()][:2] == ["flow-low-low", "screen-head-critical"]
    assert [p.phase for p in one.incidents()[0].phases] == ["surge", "restricted", "threatened"]


def test_what_only_tells_of_the_past_makes_nothing_stand():
    """A page that joins late hears of occurrences whose raising it never saw."""
    alarms, occurrence = Alarms(), "no3/intake/raw_turbidity/high@1"
    raised = AlarmEvent(1, "no3", "intake", "raw_turbidity", "high", occurrence, 1, "raised", "high")
    alarms.apply(raised)
    alarms.apply(replace(raised, number=2, time=2, transition="cleared"))
    for number, transition in enumerate(("superseded", "missed", "refused", "unshelved"), 3):
        alarms.apply(replace(raised, number=number, time=number, transition=transition))
    alarms.apply(replace(raised, occurrence="no3/intake/raw_turbidity/high@1~9", number=1, lane="historical"))
    assert not alarms.active
    assert len(alarms.history) == 7
