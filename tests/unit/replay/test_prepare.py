"""From columns to frames: which series, which unit, which order; and the records file of a site."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.core.catalogue import Site, load_catalogue, to_json, version_of
from services.core.clock import HOUR, MINUTE, parse_time
from services.core.errors import ConfigError, Rejected
from services.core.quality import Quality
from services.replay.importers.model import Recording, Rejects, Series
from services.replay.mapping import Mapping, PointRecord, default_mapping, load_mapping
from services.replay.prepare import prepare
from services.replay.units import factor

START = parse_time("2020-01-01T00:00:00Z")
YAML = """
group: test
name: Test
time_zone: UTC
sites:
  - id: creek
    name: Creek
    kind: gauge
    stations: [{id: gauge, type: river_station, points: {discharge: {unit: m3/h}}}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "creek.yaml"
    path.write_text(YAML)
    return load_catalogue(path).sites[0]


def series(code: str, values: list[float], *, id: str = "1", station: str = "01", unit: str = "") -> Series:
    n = len(values)
    return Series(
        station, code, id, unit, f"sensor {id}",
        START + np.arange(n, dtype=np.int64) * 15 * MINUTE,
        np.array(values, np.float64), np.zeros(n, np.uint8),
    )  # fmt: skip


def recording(*of: Series) -> Recording:
    return Recording("test", {}, of, Rejects())


def test_frames_are_in_the_sites_units_and_in_event_time_order(site: Site) -> None:
    flow = series("00060", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    stage = series("00065", [10.0, 11.0])
    dirt = series("63680", [7.0, 8.0, 9.0])
    prepared = prepare(recording(flow, stage, dirt), site)
    at = site.point_index
    # (k, k+1] hours: midnight itself ends the hour before.
    assert [len(f) for f in prepared.frames] == [3, 7, 1]
    assert prepared.readings == 11
    first, second, _ = prepared.frames
    assert first.points.tolist() == [at["gauge/turbidity"], at["gauge/discharge"], at["gauge/stage"]]
    assert first.values.tolist() == [7.0, pytest.approx(101.9406477312), pytest.approx(3.048)]
    assert second.times.tolist() == sorted(second.times.tolist())
    assert [f.through for f in prepared.frames] == [int(f.times[-1]) for f in prepared.frames]
    assert second.through == START + HOUR
    assert {f.catalogue for f in prepared.frames} == {version_of(to_json(site))}
    assert "gauge/ph" in prepared.missing


def test_conversions_are_exact() -> None:
    assert factor("ft", "m") == 0.3048
    assert factor("ft3/s", "m3/s") == pytest.approx(0.3048**3, rel=1e-15)
    assert factor("ft3/s", "m3/h") == pytest.approx(0.3048**3 * 3600, rel=1e-15)
    assert factor("FNU", "FNU") == 1
    with pytest.raises(Rejected, match="cannot be converted"):
        factor("FNU", "m")


def test_bad_readings_keep_their_quality(site: Site) -> None:
    one = series("63680", [7.0, np.nan])
    one = replace(one, quality=np.array([Quality.UNCERTAIN, Quality.BAD], np.uint8))
    frames = prepare(recording(one), site).frames
    assert np.concatenate([f.quality for f in frames]).tolist() == [
        Quality.UNCERTAIN,
        Quality.BAD,
    ]


def test_of_several_series_the_longest_is_taken_and_the_others_are_named(site: Site) -> None:
    short, long = series("63680", [1.0], id="a"), series("63680", [2.0, 3.0], id="b")
    prepared = prepare(recording(short, long), site)
    assert np.concatenate([f.values for f in prepared.frames]).tolist() == [2, 3]
    (choice,) = prepared.choices
    assert (choice.series, choice.others) == ("b", (("a", "sensor a", 1),))
    assert "most readings" in str(choice)
    assert "a (sensor a): 1 readings" in str(choice)


def test_of_equals_the_first_in_the_file_is_taken(site: Site) -> None:
    prepared = prepare(recording(series("63680", [1], id="z"), series("63680", [2], id="a")), site)
    assert prepared.choices[0].series == "z"


def test_the_series_that_the_site_names_is_taken(site: Site) -> None:
    both = recording(series("63680", [1.0], id="a"), series("63680", [2.0, 3.0], id="b"))
    mapping = Mapping(points={"gauge/turbidity": PointRecord(code="63680", series="a")})
    prepared = prepare(both, site, mapping)
    assert prepared.choices[0].series == "a"
    assert prepared.choices[0].why == "named by the site"
    absent = Mapping(points={"gauge/turbidity": PointRecord(code="63680", series="c")})
    with pytest.raises(Rejected, match=r"'c' must be one of \['a', 'b'\]"):
        prepare(both, site, absent)


def test_what_does_not_fit_the_site_is_refused(site: Site) -> None:
    with pytest.raises(Rejected, match="nothing for this site"):
        prepare(recording(series("99999", [1.0])), site)
    with pytest.raises(Rejected, match="another station"):
        prepare(recording(series("63680", [1.0])), site, Mapping(number="02"))
    two = recording(series("63680", [1.0]), series("63680", [1.0], station="02"))
    with pytest.raises(Rejected, match="several stations"):
        prepare(two, site)
    chosen = default_mapping(site).model_copy(update={"number": "02"})
    assert prepare(two, site, chosen).readings == 1
    with pytest.raises(Rejected, match="unknown unit"):
        prepare(recording(series("63680", [1.0], unit="furlongs")), site)
    with pytest.raises(Rejected, match="cannot be converted"):
        prepare(recording(series("63680", [1.0], unit="ft")), site)


def test_parameters_that_no_point_takes_are_named(site: Site) -> None:
    prepared = prepare(recording(series("63680", [1.0]), series("99999", [1.0, 2.0])), site)
    assert prepared.unused == (("99999", "1", 2),)


def test_the_records_file_beside_the_site(tmp_path: Path, site: Site) -> None:
    site_file = tmp_path / "creek.yaml"
    assert load_mapping(site, site_file) == default_mapping(site)
    (tmp_path / "records").mkdir()
    records_file = tmp_path / "records" / "creek.yaml"
    records_file.write_text('number: "01"\npoints:\n  gauge/stage: {code: "00062", series: "9"}\n')
    mapping = load_mapping(site, site_file)
    assert mapping.number == "01"
    assert mapping.points["gauge/stage"] == PointRecord(code="00062", series="9")
    assert mapping.points["gauge/turbidity"] == PointRecord(code="63680")
    records_file.write_text('number: "01"\npoints:\n  gauge/depth: {code: "00065"}\n')
    with pytest.raises(ConfigError, match=r"creek\.yaml:3: points\.gauge/depth: .*must be a point"):
        load_mapping(site, site_file)
    records_file.write_text("points: {gauge/stage: {code: stage}}\n")
    with pytest.raises(ConfigError, match=r"code"):
        load_mapping(site, site_file)
