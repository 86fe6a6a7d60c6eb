"""The page of a site that is no plant: its tile, its charts, its own kind of incident."""

import numpy as np

from services.console.pages import incident, plants, trends
from services.console.pages.moment import Moment
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.catalogue import load_catalogue
from services.core.clock import MINUTE, parse_time
from services.core.frame import make_frame
from services.core.records import IncidentEvent, Tick
from services.job.places import PROJECT
from tests.unit.console.test_pages import ZONE, said

START = parse_time("2026-01-14T21:30:00+08:00")


def at_the_station(name: str, readings: dict[str, float]) -> Moment:
    catalogue = load_catalogue(PROJECT / "sites" / f"{name}.yaml")
    view = LiveView(catalogue.sites)
    (site,) = catalogue.sites
    for station in sorted({point.partition("/")[0] for point in readings}):
        mine = {point: value for point, value in readings.items() if point.startswith(f"{station}/")}
        points = np.array([site.point_index[point] for point in mine], np.int32)
        times = np.full(len(mine), START, np.int64)
        view.apply(make_frame(site.id, station, times, points, np.array(list(mine.values())), through=START))
    view.apply(Tick(START + MINUTE))
    return Moment(catalogue.name, view, Status(silence=1.0), ZONE)


def flooding(moment: Moment) -> Moment:
    evidence = {
        "readings": {"sump level": "0.84 m"},
        "points": {"sump level": "exchange/sump_level"},
        "forecast": {"what": "the floor floods", "hours_pessimistic": 0.5, "hours_expected": 0.6,
                     "hours_optimistic": None, "horizon_hours": 24.0, "known": True, "assumptions": []},
    }  # fmt: skip
    moment.view.apply(IncidentEvent(START, "dongtai", "PowerLossFlooding", "i/1", 1, "rising", "why", "pump", evidence))
    return moment


def test_an_isolation_station_shows_power_sump_battery_and_pressure():
    moment = at_the_station(
        "dongtai",
        {"exchange/feeds": 0.0, "exchange/sump_level": 0.84, "exchange/battery_hours": 0.9, "exchange/state": 0.0},
    )
    found = said(plants.plants(moment))
    assert "Dongtai isolation station off" in found
    assert "Power feeds 0" in found
    assert "Sump 0.84 m" in found
    assert "Battery lasts 0.90 h" in found
    site = trends.primary(moment)
    assert site is not None
    assert list(trends.charts(moment, site.id)) == ["sump", "circuit"]
    sump = trends.charts(moment, site.id)["sump"]["series"]
    assert [one["name"] for one in sump] == ["Sump, m", "Battery, h"]
    assert sump[0]["data"][-1][1] == 0.84


def test_weather_and_hotline_are_what_a_frost_is_seen_by_and_forty_meters_take_no_room():
    moment = at_the_station(
        "qingdao", {"weather/air_temperature": -12.5, "hotline/frozen_calls": 280.0, "m01/flow": 0.0}
    )
    found = said(plants.plants(moment))
    assert "Air −12.5 °C" in found
    assert "Calls, frozen 280" in found
    assert "Flow" not in found
    site = trends.primary(moment)
    assert site is not None
    assert list(trends.charts(moment, site.id)) == ["frost", "calls"]


def test_a_flooding_has_its_own_way_its_own_countdown_and_the_readings_of_now():
    moment = flooding(at_the_station("dongtai", {"exchange/sump_level": 0.91}))
    found = said(incident.incidents(moment))
    assert "Power loss and flooding: Dongtai isolation station" in found
    assert "Power lost" in found
    assert "Water rises 21:30 Flooded Recovering Closed" in found
    assert "Restricted intake" not in found
    assert "Time to the floor 29 min at worst" in found
    assert "Sump level 0.91 m was 0.84 m at 21:30" in found


def test_how_sure_an_incident_is_and_what_it_does_not_see_stands_on_its_panel():
    moment = at_the_station("dongtai", {"exchange/sump_level": 0.91})
    sure: dict[str, object] = {"confidence": {"level": "high", "value": 1.0, "because": [], "missing": []}}
    moment.view.apply(IncidentEvent(START, "dongtai", "PowerLossFlooding", "i/1", 1, "rising", "why", "pump", sure))
    assert "Confidence" not in said(incident.incidents(moment))
    missing = ["sump level unknown since 21:20 (stale)", "battery never seen"]
    low: dict[str, object] = {"confidence": {"level": "low", "value": 0.2, "because": [], "missing": missing}}
    moment.view.apply(IncidentEvent(START, "dongtai", "PowerLossFlooding", "i/1", 2, "rising", "blind", "pump", low))
    found = said(incident.incidents(moment))
    assert "Confidence low. Not seen: sump level unknown since 21:20 (stale); battery never seen" in found


def test_an_incident_whose_evidence_is_no_evidence_is_shown_without_it():
    moment = at_the_station("dongtai", {"exchange/sump_level": 0.91})
    odd: dict[str, object] = {"confidence": ["high"], "readings": 3, "points": None, "forecast": "soon"}
    moment.view.apply(IncidentEvent(START, "dongtai", "PowerLossFlooding", "i/1", 1, "rising", "why", "pump", odd))
    assert "Power loss and flooding" in said(incident.incidents(moment))
    odder: dict[str, object] = {"confidence": {"level": 3, "missing": "everything"}}
    moment.view.apply(IncidentEvent(START, "dongtai", "PowerLossFlooding", "i/1", 2, "rising", "why", "pump", odder))
    assert "Confidence 3." in said(incident.incidents(moment))
