"""The parts of the page as text: what is said at which moment, and that data can never become markup."""

from __future__ import annotations

import re
from html import unescape
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from services.console import wording
from services.console.markup import join, tag
from services.console.pages import alarms, header, incident, plants, trends
from services.console.pages.moment import Moment
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.clock import HOUR, MINUTE, SECOND
from services.core.frame import make_frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, IncidentEvent, Tick
from tests.browser import storm

ZONE = ZoneInfo("Asia/Shanghai")


def moment(until: str, status: Status | None = None, name: str = "No. 3 plant") -> Moment:
    catalogue = storm.city(name)
    view = LiveView(catalogue.sites)
    view.apply_all(storm.night(catalogue, storm.clock(until)) if until else [])
    return Moment("Liuyang", view, status or Status(silence=1.0), ZONE)


def said(markup: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup)).strip())


def rows(markup: str) -> list[str]:
    return [said(row) for row in markup.split("<tr")[2:]]


def test_text_is_escaped_and_markup_is_not_escaped_twice():
    inner = tag("b", "<i>&\"'", title='"><script>')
    assert inner == '<b title="&quot;&gt;&lt;script&gt;">&lt;i&gt;&amp;&quot;&#x27;</b>'
    assert join(inner, None, 3) == inner + "3"


@pytest.mark.parametrize(
    ("value", "text"),
    [(4000.0, "4,000"), (18.44, "18.4"), (0.619, "0.62"), (0.0, "0"), (None, "—"),
     (float("nan"), "—"), (float("inf"), "∞"), (-1.5, "−1.50")],
)  # fmt: skip
def test_numbers_as_a_control_room_reads_them(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(-1, "0 s"), (40 * SECOND, "40 s"), (12 * MINUTE, "12 min"), (HOUR + 5 * MINUTE, "1 h 05"),
     (72 * HOUR, "3 d")],
)  # fmt: skip
def test_ages_as_a_control_room_reads_them(ns, text):
    assert wording.age(ns) == text


def test_an_alarm_says_where_what_against_which_limit_and_how_long_is_left():
    found = rows(alarms.active(moment("21:20")))
    assert found[0].endswith("Follow the intake-crisis playbook 8 min left")
    assert "21:13 7 min No. 3 plant Intake pump house Raw flow, share of plan" in found[0]
    assert "< 60" in found[0]
    assert "Throttle the raw pumps now 29 min over" in found[1]
    assert "(rise > 0.3 m)" in found[-1]


def test_a_saturated_meter_is_shown_as_at_least():
    found = next(row for row in rows(alarms.active(moment("22:00"))) if "Raw turbidity" in row)
    assert "≥ 4,000 NTU > 1,000" in found


def test_an_alarm_whose_reading_is_unknown_shows_what_raised_it():
    now = moment("20:47")
    site = now.view.catalogue()[0]
    index = site.point_index["intake/screen_head"]
    at = storm.clock("20:48")
    now.view.apply(make_frame("no3", "intake", np.array([at]), np.array([index]), np.array([0.0]),
                              np.array([Quality.BAD], np.uint8)))  # fmt: skip
    row = rows(alarms.active(now))[0]
    assert "Screen head — raised at 1.04 m (> 1)" in row


def test_an_alarm_without_a_rule_is_listed_all_the_same():
    now = moment("18:00")
    now.view.apply(AlarmEvent(storm.clock("18:00"), "no3", "intake", "", "gone", "o", 1, "raised",
                              "critical"))  # fmt: skip
    assert "gone: no longer in the catalogue" in rows(alarms.active(now))[0]


def test_a_date_is_told_only_when_the_hour_alone_would_mislead():
    now = moment("18:00")
    at = storm.clock("18:00")
    assert now.at(at - 19 * HOUR) == "23:00"
    assert now.at(at - 21 * HOUR) == "04-17 21:00"
    assert now.at(None) == "—"


def test_no_alarm_is_only_said_while_data_comes():
    assert "No active alarm" in alarms.active(moment("18:00"))
    stopped = moment("18:00", Status(silence=31.0))
    assert "No active alarm" not in alarms.active(stopped)
    assert "Data stopped at 18:00" in header.banners(stopped)
    assert "No incident" not in incident.incidents(stopped)
    assert ">0<" not in header.header(stopped)


def test_a_run_that_ended_is_not_called_stopped():
    now = moment("18:00", Status(silence=900.0))
    now.view.apply(Tick(storm.clock("18:01"), end=True))
    assert "The run ended at 18:01" in header.banners(now)
    assert "Data stopped" not in header.banners(now)


def test_a_stopped_processor_and_a_problem_are_named():
    found = header.banners(moment("18:00", Status(1.0, ("alerts", "historian"), "Disk is full")))
    assert "Not running: alerts, historian" in found
    assert "Disk is full" in found
    assert header.banners(moment("18:00")) == ""


def test_before_the_first_tick_the_header_says_that_it_waits():
    assert "waiting for the first tick" in header.header(moment(""))
    assert "No data yet" in header.banners(moment("", Status(silence=31.0)))


def test_the_incident_says_phase_next_step_and_the_countdown_as_a_range_with_assumptions():
    found = said(incident.incidents(moment("22:10")))
    assert "Surge 19:45 Restricted intake 21:10 Supply threatened 21:43" in found
    assert "Start Nos. 1 and 2" in found
    assert re.search(r"6 h \d\d at worst until about 04:\d\d expected 8 h \d\d · optimistic", found)
    assert "raw flow stays at 34 % of required" in found
    assert incident.incidents(moment("22:10")).count('aria-current="step"') == 1


def colour(now: Moment) -> str:
    found = re.search(r'class="panel incident ([a-z-]+)"', incident.incidents(now))
    assert found is not None
    return found[1]


def told(now: Moment, place: str, name: str, transition: str = "raised", number: int = 1, **more: str) -> None:
    """An alarm transition now, at `site/station/point`."""
    site, station, point = place.split("/")
    fields = {"priority": "critical", **more}
    now.view.apply(AlarmEvent(now.view.now or 0, site, station, point, name, f"{place}/{name}/x", number, transition,
                              fields["priority"], annunciated=transition != "hidden"))  # fmt: skip


@pytest.mark.parametrize(
    ("until", "worst"), [("19:50", "worst-medium"), ("20:40", "worst-high"), ("20:50", "worst-critical")]
)
def test_the_incident_has_the_colour_of_the_plants_worst_alarm(until, worst):
    now = moment(until)
    assert colour(now) == worst
    assert now.view.active()[0].site == "no3"
    assert now.view.active()[0].priority == worst.removeprefix("worst-")


def test_neither_hidden_alarms_nor_those_of_another_plant_colour_the_incident():
    now = moment("19:50")
    told(now, "no1/intake/screen_head", "screen-head-critical")
    assert colour(now) == "worst-medium"
    told(now, "no3/intake/screen_head", "screen-head-critical")
    assert colour(now) == "worst-critical"
    told(now, "no3/intake/screen_head", "screen-head-critical", "hidden", 2)
    assert colour(now) == "worst-medium"


def test_without_an_alarm_the_incident_has_the_colour_of_its_phase():
    now = moment("18:00")
    now.view.apply(IncidentEvent(storm.clock("18:00"), "no3", "IntakeCrisis", "i", 1, "restricted", "", ""))
    assert colour(now) == "phase-restricted"


def after_next(now: Moment) -> str:
    return said(incident.incidents(now)).partition("Do next")[2]


def test_what_the_newest_critical_alarm_asks_for_comes_before_the_playbook():
    found = after_next(moment("22:10"))
    assert found.strip().startswith("C Raw flow, share of plan Follow the intake-crisis playbook Playbook Start Nos. 1")
    earlier = after_next(moment("20:50"))
    assert earlier.strip().startswith("C Screen head Throttle the raw pumps now Playbook Rake the screens")


def test_without_a_critical_alarm_of_that_plant_the_playbook_stands_alone():
    now = moment("20:40")
    told(now, "no1/intake/screen_head", "screen-head-critical")
    assert after_next(now).strip().startswith("Rake the screens continuously")


def test_the_incidents_values_are_those_of_the_alarm_list_with_what_they_were():
    now = moment("22:45")
    found = said(incident.incidents(now))
    view = now.view.point("no3", "intake/screen_head")
    assert view is not None
    assert f"Screen head {wording.reading(view)} m was 1.16 m at 21:43" in found
    assert f"Screen head {wording.reading(view)} m" in said(alarms.active(now))
    assert re.search(r"Raw turbidity 3,\d\d\d NTU was ≥ 4,000 NTU at 21:43", found)
    assert re.search(r"Raw flow, share of plan 3\d\.\d % was 49 % at 21:43", found)


def test_an_incidents_value_that_is_unknown_now_is_not_the_old_one():
    now = moment("22:45")
    now.view.apply(Tick(storm.clock("22:49")))
    assert "Screen head — was 1.16 m at 21:43" in said(incident.incidents(now))


def test_evidence_of_no_known_point_is_told_with_its_time():
    now = moment("18:00")
    now.view.apply(IncidentEvent(storm.clock("17:30"), "no3", "Other", "i", 1, "surge", "", "",
                                 {"readings": {"colour": "brown"}}))  # fmt: skip
    assert "colour brown at 17:30" in said(incident.incidents(now))


def test_what_is_wrong_comes_first_then_how_long_then_what_to_do():
    found = said(incident.incidents(moment("22:10")))
    places = [found.index(text) for text in ("Intake crisis", "Time to supply loss", "Do next", "Surge 19:45")]
    assert places == sorted(places)


def test_a_tiles_badge_says_when_it_is_of_something_computed():
    tiles = plants.plants(moment("22:10"))
    assert "H: time to supply loss" in said(tiles)
    assert 'title="High: time to supply loss"' in tiles
    assert 'title="Critical: raw flow, share of plan"' in tiles
    assert 'title="Critical"' in tiles


@pytest.mark.parametrize(("value", "text"), [(1, "1"), (0, "0"), (12, "12"), (7720, "7,720")])
def test_counters_are_whole_numbers(value, text):
    assert wording.count(value) == text


def test_a_rule_as_the_cause_of_a_phase_is_told_in_words():
    now = moment("22:10")
    for number, (name, words) in enumerate({
        "clearwell/supply_hours_pessimistic/supply-short": "Time to supply loss < 8 h",
        "again: intake/raw_turbidity/turbidity-surge": "again: Raw turbidity: rising fast",
        "the surge passed": "the surge passed",
    }.items(), 10):  # fmt: skip
        now.view.apply(IncidentEvent(storm.clock("22:10"), "no3", "IntakeCrisis", "no3/intake-crisis/1",
                                     number, "threatened", name, ""))  # fmt: skip
        assert words in said(incident.incidents(now))
    assert "Intake crisis: No. 3 plant" in said(incident.incidents(now))


def test_a_silent_station_is_an_alarm_of_the_station():
    now = moment("18:00")
    now.view.apply(AlarmEvent(storm.clock("18:00"), "no3", "intake", "station", "stale", "o", 1,
                              "raised", "medium"))  # fmt: skip
    assert "Intake pump house station silent blind" in rows(alarms.active(now))[0]


def test_a_forecast_beyond_its_horizon_is_said_as_such():
    found = said(incident.incidents(moment("20:00")))
    assert "> 24 h" in found


def test_plants_say_what_is_unknown_and_why():
    found = plants.plants(moment("22:10")).split("<section")[1:]
    assert "running" in said(found[0])
    assert re.search(r"Raw flow 1,7\d\d m³/h ↘ 41 % of plan", said(found[0]))
    assert "has-critical" in found[0]
    assert "Filtered — no sample" in said(found[1])
    assert "idle" not in found[1]
    assert 'class="tile idle"' in plants.plants(moment("18:00"))


def test_the_tiles_share_of_plan_is_that_of_the_alarm_list():
    now = moment("21:50")
    view = now.view.point("no3", "intake/flow_ratio")
    assert view is not None
    assert view.value is not None
    assert f"{view.value:.0f} % of plan" in said(plants.plants(now))


def test_a_plant_that_never_reported_is_one_line():
    found = said(plants.plants(moment("")))
    assert "No. 1 plant No data yet" in found
    assert "Raw turbidity" not in found


def test_a_silent_plant_shows_no_old_values():
    now = moment("18:00")
    now.view.apply(Tick(storm.clock("18:04")))
    found = said(plants.plants(now))
    assert "No data since 18:00" in found
    assert "Raw turbidity — station silent, last known 18:00" in found
    assert "NTU" not in found


def test_names_from_data_are_never_markup():
    now = moment("22:10", name="<script>alert(1)</script>")
    for part in (alarms.active(now), alarms.history(now), plants.plants(now), incident.incidents(now)):
        assert "<script" not in part
        assert "&lt;script&gt;" in part


def test_charts_have_limits_as_lines_local_hours_and_the_troubled_plant():
    now = moment("22:10")
    site = trends.primary(now)
    assert site is not None
    assert site.id == "no3"
    drawn = trends.charts(now, site.id)
    assert list(drawn) == ["turbidity", "intake", "supply"]
    turbidity, stage = drawn["turbidity"]["series"]
    assert [line["yAxis"] for line in turbidity["markLine"]["data"]] == [200, 1000]
    colours = [line["lineStyle"]["color"] for line in turbidity["markLine"]["data"]]
    assert colours == [trends.LIMIT_COLOURS["medium"], trends.LIMIT_COLOURS["high"]]
    calm = trends.charts(moment("18:00"), site.id)["turbidity"]["series"][0]["markLine"]["data"]
    assert {line["lineStyle"]["color"] for line in calm} == {trends.QUIET}
    assert stage["yAxisIndex"] == 1
    local_end = drawn["turbidity"]["xAxis"]["max"] - storm.clock("22:10") // 1_000_000
    assert local_end == 8 * 3600 * 1000
    assert drawn["turbidity"]["tooltip"]["renderMode"] == "richText"


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str) -> float:
    return (luminance(colour) + 0.05) / (luminance(trends.PANEL) + 0.05)


def test_limit_labels_can_be_read_and_say_which_axis_they_are_of():
    assert min(map(contrast, trends.LIMIT_COLOURS.values())) >= 4.5
    assert contrast(trends.QUIET) >= 3
    head, ratio = (one["markLine"]["data"] for one in trends.charts(moment("22:10"), "no3")["intake"]["series"])
    assert [one["name"] for one in head] == ["> 0.3 m", "> 0.6 m", "> 1 m"]
    assert [one["name"] for one in ratio] == ["< 85 %", "< 60 %"]
    for side, limits, place in ((0, head, "insideStartTop"), (1, ratio, "insideEndTop")):
        for one in limits:
            assert one["label"]["position"] == place
            assert one["label"]["rich"]["side"]["color"] == trends.LINE_COLOURS[side]
            assert one["label"]["opacity"] == 1


def test_labels_of_limits_near_each_other_stand_side_by_side():
    now = moment("18:00")
    limits = tuple((bound, "", str(bound)) for bound in (2.2, 2.0, 1.8, 3.9))
    line = trends.Series("Level", now.view.trend("no3", "clearwell/level"), 0, limits)
    drawn = trends.options(now, [line], low=(0, 0))["series"][0]["markLine"]["data"]
    aside = [one["label"]["distance"][0] for one in drawn]
    assert len(set(aside[:3])) == 3
    assert aside[3] == aside[2] == min(aside)


def test_a_gap_stays_a_gap_in_the_chart():
    now = moment("18:00")
    catalogue = storm.city()
    now.view.apply_all(storm.night(catalogue, storm.clock("18:40"), since=storm.clock("18:30")))
    drawn = trends.charts(now, "no3")["intake"]["series"][0]
    assert drawn["connectNulls"] is False
    assert [value for _, value in drawn["data"]].count(None) == 1
