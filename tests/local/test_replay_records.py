"""Real river records through importer, player, alarms and scorecard; skipped where the records are absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, load_catalogue
from services.core.clock import HOUR, MINUTE, iso, parse_time
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Output
from services.replay.expected import Expected, load_expected
from services.replay.importers import Recording, Series, read_record
from services.replay.mapping import default_mapping, load_mapping
from services.replay.player import play, records
from services.replay.prepare import Prepared, prepare
from services.replay.scorecard import Scorecard, score

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
EVENT = ROOT / "events" / "usgs-01650800-2019-05"

MAY_2019 = "usgs-01650800-2019-05.rdb"
STORM = "usgs-01650800-storm-2019-05-23.iv.json"
MARCH_2014 = "usgs-03401385-2014-03.rdb"
TWO_METHODS = "usgs-444306122144600-two-methods.iv.json"
OGC = "usgs-ogc-continuous.json"

pytestmark = pytest.mark.records


def record(name: str) -> Recording:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in ../shared/data (real records are not part of the repository)")
    return read_record(path)


def site_file(name: str) -> Path:
    return ROOT / "sites" / f"{name}.yaml"


def load_site(name: str) -> Site:
    return load_catalogue(site_file(name)).sites[0]


def prepared(name: str, site_name: str, width: int = HOUR) -> Prepared:
    site = load_site(site_name)
    return prepare(record(name), site, load_mapping(site, site_file(site_name)), width=width)


def run(ready: Prepared, batch: int = 256) -> list[Output]:
    return play(records(ready.frames, ready.site), AlertProcessor(), ready.site.id, batch=batch)


def raised(outputs: list[Output]) -> list[AlarmEvent]:
    return [o for o in outputs if isinstance(o, AlarmEvent) and o.transition == "raised"]


def of(recording: Recording, code: str) -> Series:
    (found,) = [s for s in recording.series if s.code == code]
    return found


def column(frames: tuple[Frame, ...], index: int) -> np.ndarray:
    return np.concatenate([f.values[f.points == index] for f in frames])


def test_may_2019_is_read_in_full() -> None:
    recording = record(MAY_2019)
    counts = {s.code: len(s) for s in recording.series}
    others = dict.fromkeys(("00060", "00065", "00010", "00095", "00300", "00400"), 9216)
    assert counts == others | {"63680": 9216 - 149}
    assert recording.rejects.total == 0
    assert recording.names == {"01650800": "SLIGO CREEK NEAR TAKOMA PARK, MD"}
    turbidity, flow = of(recording, "63680"), of(recording, "00060")
    at = int(turbidity.values.argmax())
    assert (turbidity.values[at], iso(int(turbidity.times[at]))) == (589, "2019-05-23T20:05:00Z")
    at = int(flow.values.argmax())
    assert (flow.values[at], iso(int(flow.times[at]))) == (772, "2019-05-23T20:30:00Z")
    assert {s.quality.max() for s in recording.series} == {Quality.GOOD}


def test_may_2019_becomes_frames_in_metric_units() -> None:
    ready = prepared(MAY_2019, "sligo")
    at = ready.site.point_index
    assert ready.missing == ()
    assert ready.unused == ()
    assert ready.readings == 7 * 9216 - 149
    assert column(ready.frames, at["gauge/discharge"]).max() == pytest.approx(772 * 0.3048**3)
    assert column(ready.frames, at["gauge/turbidity"]).max() == 589
    times = np.concatenate([f.times for f in ready.frames])
    assert (np.diff(times) >= 0).all()
    assert max(int(f.times[-1] - f.times[0]) for f in ready.frames) < HOUR


def test_json_and_rdb_of_the_same_storm_agree() -> None:
    rdb, iv = record(MAY_2019), record(STORM)
    assert iv.rejects.total == 0
    for code, count in (("63680", 1141), ("00060", 1152)):
        long, short = of(rdb, code), of(iv, code)
        assert len(short) == count
        part = long.times.searchsorted([short.times[0], short.times[-1]])
        same = slice(int(part[0]), int(part[1]) + 1)
        assert (long.times[same] == short.times).all()
        assert (long.values[same] == short.values).all()


def test_march_2014_crosses_to_summer_time_without_a_step() -> None:
    recording = record(MARCH_2014)
    assert {s.code for s in recording.series} == {
        "00065", "00010", "00300", "00400", "00095", "63680",
    }  # fmt: skip
    turbidity = of(recording, "63680")
    assert len(turbidity) == 598
    assert turbidity.values.max() == 3.2
    gaps = np.diff(turbidity.times)
    assert (gaps > 0).all()
    # The station lost an hour's transmission now and then, once over the change: 01:00 EST, then 03:15 EDT. By the
    # clock on the wall that is 2 h 15 min; it was 75 minutes, as long as every other loss.
    change = int(turbidity.times.searchsorted(parse_time("2014-03-09T07:00:00Z")))
    assert gaps[change - 1] == gaps.max() == 75 * MINUTE
    assert iso(int(turbidity.times[change])) == "2014-03-09T07:15:00Z"
    # `~` marks a value that the system interpolated.
    assert (turbidity.quality == Quality.UNCERTAIN).sum() == 1
    assert recording.rejects.total == 0


def test_march_2014_raises_nothing() -> None:
    assert raised(run(prepared(MARCH_2014, "davis-branch"))) == []


def test_two_sensors_of_one_parameter() -> None:
    recording = record(TWO_METHODS)
    assert [(s.code, s.id, len(s)) for s in recording.series] == [
        ("63680", "254051", 34),
        ("63680", "254060", 139),
    ]
    ready = prepared(TWO_METHODS, "detroit-lake")
    (choice,) = ready.choices
    assert (choice.series, choice.why) == ("254051", "named by the site")
    assert choice.others == (("254060", "Variable Depth Profile Data", 139),)
    assert column(ready.frames, ready.site.point_index["gauge/turbidity"]).max() == 1.5
    unnamed = prepare(recording, ready.site, default_mapping(ready.site))
    assert unnamed.choices[0].series == "254060"
    assert [a.point for a in raised(run(ready))] == []


def test_the_newer_api_is_read() -> None:
    recording = record(OGC)
    stage = of(recording, "00065")
    assert (stage.station, stage.unit, stage.values.tolist()) == ("06904500", "ft", [1.76, 1.76])


@pytest.fixture(scope="module")
def expected() -> Expected:
    return load_expected(EVENT / "expected.yaml")


@pytest.fixture(scope="module")
def may() -> Prepared:
    return prepared(MAY_2019, "sligo")


@pytest.fixture(scope="module")
def card(may: Prepared, expected: Expected) -> Scorecard:
    start, end = int(may.frames[0].times[0]), may.frames[-1].through
    return score(run(may), expected, start, end)


def test_the_peaks_that_we_expect_are_in_the_record(expected: Expected) -> None:
    turbidity = of(record(MAY_2019), "63680")
    for surge in expected.surges:
        at = turbidity.times.searchsorted([surge.onset[0], surge.until])
        values = turbidity.values[at[0] : at[1]]
        peak = int(values.argmax())
        assert values[peak] == surge.peak.value, surge.id
        assert int(turbidity.times[at[0] + peak]) == surge.peak.time, surge.id


def test_every_surge_of_may_2019_is_announced_in_time(card: Scorecard) -> None:
    assert [s.id for s in card.surges if s.verdict != "hit"] == []
    for surge in card.surges:
        assert surge.minutes_after_onset is not None
        assert surge.minutes_after_onset <= 5, surge
        assert surge.minutes_before_peak is not None
        assert surge.minutes_before_peak >= 0, surge


def test_nothing_is_raised_for_nothing(card: Scorecard) -> None:
    assert card.false_alarms == ()
    assert card.other_alarms == {}
    assert card.alarms_per_day < 1
    assert {s.period for s in card.tolerated} <= {"may-19-sensor"}


def test_the_worst_storm_also_raises_the_works_limit(card: Scorecard) -> None:
    (worst,) = [s for s in card.surges if s.id == "may-23-afternoon"]
    assert {"turbidity-surge", "turbidity-high-high", "stage-rising"} <= worst.by_rule.keys()


def test_frame_length_and_batches_change_nothing(may: Prepared) -> None:
    whole = raised(run(may))
    short = run(prepared(MAY_2019, "sligo", width=10 * MINUTE), batch=7)
    names = [(a.time, a.point, a.rule, a.occurrence) for a in whole]
    version = {a.catalogue for a in whole}
    assert names
    assert len(version) == 1
    assert [(a.time, a.point, a.rule, a.occurrence) for a in raised(short)] == names
