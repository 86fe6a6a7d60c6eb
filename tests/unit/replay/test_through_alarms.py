"""What the importers make of words and gaps, seen from the alarms; and a replay from its files."""

from pathlib import Path

import pytest

from services.alerts.processor import AlertProcessor
from services.core.errors import Rejected
from services.core.records import AlarmEvent
from services.replay.opening import expected_for, open_replay, span
from services.replay.player import play, records

ROOT = Path(__file__).parents[3]
SITE = ROOT / "sites" / "sligo.yaml"
HEAD = (
    "agency_cd\tsite_no\tdatetime\ttz_cd\t1_63680\t1_63680_cd\t2_00065\t2_00065_cd\n"
    "5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s\n"
)


def write(path: Path, turbidity: list[str], day: str = "2019-06-10", hour: int = 0) -> Path:
    rows = [
        f"USGS\t01650800\t{day} {hour + i // 12:02d}:{i % 12 * 5:02d}\tEDT\t{cell}\tP\t1.00\tP\n"
        for i, cell in enumerate(turbidity)
    ]
    path.write_text(HEAD + "".join(rows))
    return path


def raised(path: Path) -> list[tuple[str, str]]:
    ready = open_replay(path, SITE)
    outputs = play(records(ready.frames, ready.site), AlertProcessor(), ready.site.id)
    return [
        (o.rule, o.transition) for o in outputs if isinstance(o, AlarmEvent) and o.transition in ("raised", "cleared")
    ]


def test_a_broken_instrument_is_an_instrument_alarm_and_no_storm(tmp_path: Path) -> None:
    path = write(tmp_path / "r.rdb", ["3"] * 12 + ["Eqp"] * 12 + ["3"] * 12)
    assert raised(path) == [("turbidity-instrument", "raised"), ("turbidity-instrument", "cleared")]


def test_one_wild_reading_raises_nothing(tmp_path: Path) -> None:
    assert raised(write(tmp_path / "r.rdb", ["3"] * 12 + ["900"] + ["3"] * 12)) == []


def test_a_gap_clears_nothing(tmp_path: Path) -> None:
    storm = ["3"] * 12 + ["250"] * 12
    gap = write(tmp_path / "gap.rdb", [*storm, "3", *[""] * 20])
    calm = write(tmp_path / "calm.rdb", [*storm, "3", *["3"] * 20])
    assert ("turbidity-high", "raised") in raised(gap)
    assert ("turbidity-high", "cleared") in raised(calm)
    assert ("turbidity-high", "cleared") not in raised(gap)


def test_a_record_of_another_station_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "r.rdb", ["3"])
    with pytest.raises(Rejected, match="01650800"):
        open_replay(path, ROOT / "sites" / "davis-branch.yaml")
    with pytest.raises(Rejected, match="no3"):
        open_replay(path, ROOT / "sites" / "liuyang.yaml")


def test_expectations_are_cut_to_the_record(tmp_path: Path) -> None:
    events = ROOT / "events"
    other = open_replay(write(tmp_path / "june.rdb", ["3"] * 12), SITE)
    assert expected_for(other, events) is None
    storm = open_replay(write(tmp_path / "storm.rdb", ["3"] * 280, day="2019-05-28"), SITE)
    expected = expected_for(storm, events)
    assert expected is not None
    assert [s.id for s in expected.surges] == ["may-28-noon"]
    start, end = span(storm)
    assert end - start == 279 * 300_000_000_000
