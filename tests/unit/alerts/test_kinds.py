"""Every kind's sheet: its sample loads, its cases happen, and the guide says the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import yaml

from services.alerts.detection.kinds import Case, Sheet, Spell, load_sheets
from services.alerts.detection.layout import KINDS
from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json
from services.core.catalogue.doubts import doubts
from services.core.catalogue.resolve import read_catalogue
from services.core.clock import MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Config, Record, Tick
from tests.unit.alerts.test_derived import MIDNIGHT
from tools.kinds import GUIDE, WORDS, write

OF_THE_STATION = ("stale", "clock")
SHEETS = load_sheets()
CASES = [(kind, n) for kind, sheet in SHEETS.items() for n in range(len(sheet.cases))]


def loaded(folder: Path, sheet: Sheet) -> Site:
    """The sample in a catalogue: nothing of it is refused, and nothing doubtful."""
    alarm = {"point": "x", "kind": sheet.kind, **sheet.alarm, **WORDS}
    station = {"id": "st", "type": "sample"}
    own = {"type": "sample", "points": {"state": {}, "x": sheet.point}, "alarms": [alarm]}
    if sheet.kind in OF_THE_STATION:
        own["alarms"] = []
        station["alarms"] = {sheet.alarm["rule"]: {k: v for k, v in sheet.alarm.items() if k != "rule"}}  # type: ignore[assignment]
    whole = {
        "group": "g", "name": "G", "time_zone": "Asia/Shanghai", "station_types": [own],
        "sites": [{"id": "s", "name": "S", "kind": "plant", "stations": [station]}],
    }  # fmt: skip
    path = folder / "sample.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    reading = read_catalogue(path)
    assert doubts(reading) == []
    return reading.catalogue.sites[0]


def readings(case: Case) -> list[tuple[float, float, int, float]]:
    """(s, value, quality, s that the clock errs)."""
    found: list[tuple[float, float, int, float]] = []
    for one in case.readings:
        if isinstance(one, Spell):
            times = np.arange(one.start, one.end, one.every).tolist()
            found += [(t, one.value + one.rises * (t - one.start) / 60, 0, one.errs) for t in times]
        else:
            found.append((one[0], one[1], int(Quality.BAD) if len(one) > 2 else 0, 0))
    return found


def happened(site: Site, case: Case, kind: str, rule: str) -> list[tuple[float, str]]:
    """(s, transition) of the alarm. The station itself is heard every minute, but where its own alarms are tried."""
    x, state = site.point_index["st/x"], site.point_index["st/state"]
    both = [(t, x, *rest) for t, *rest in readings(case)]
    if kind not in OF_THE_STATION:
        both += [(float(t), state, 1.0, 0, 0.0) for t in range(0, int(case.until) + 1, 60)]
    both.sort()
    records: list[Record] = [Config("s", "v", to_json(site), MIDNIGHT)]
    for minute, said in groupby(both, key=lambda r: r[0] // 60):
        columns = list(zip(*said, strict=True))
        records.append(sent(*columns))
        records.append(Tick(MIDNIGHT + round((minute + 1) * 60 * SECOND)))
    # The station's silence is known from the run's clock alone.
    last = int(both[-1][0]) if both else 0
    records += [Tick(MIDNIGHT + t * SECOND) for t in range(last + 60, int(case.until) + 1, 60)]
    records.append(Tick(MIDNIGHT + round(max(case.until, last + 60) * SECOND)))
    out = AlertProcessor().step("s", records)
    events = [e for e in out if isinstance(e, AlarmEvent) and e.rule == rule]
    return [((e.time - MIDNIGHT) / SECOND, e.transition) for e in sorted(events, key=lambda e: (e.time, e.number))]


def sent(times: Sequence[float], points: Sequence[int], values: Sequence[float], quality: Sequence[int],
         errs: Sequence[float]) -> Frame:  # fmt: skip
    """A frame as the bridge makes it: what is more than a minute ahead of its receipt bears the clock's mark."""
    received = MIDNIGHT + np.array([round(t * SECOND) for t in times], np.int64)
    stamped = received + np.array([round(e * SECOND) for e in errs], np.int64)
    ahead = stamped > received + MINUTE
    marks = np.where(ahead, Quality.CLOCK, np.array(quality)).astype(np.uint8)
    through = int(received[-1] if ahead.any() else stamped[-1])
    return make_frame(
        "s", "st", stamped, np.array(points, np.int32), np.array(values, float), marks,
        through=through, clock=int(stamped[-1]) if ahead.any() else 0,
    )  # fmt: skip


def test_every_kind_has_a_sheet_and_no_other() -> None:
    assert set(SHEETS) == set(KINDS)


@pytest.mark.parametrize(("kind", "n"), CASES, ids=[f"{kind}: {SHEETS[kind].cases[n].name}" for kind, n in CASES])
def test_what_is_read_does_what_the_sheet_says(tmp_path: Path, kind: str, n: int) -> None:
    sheet, case = SHEETS[kind], SHEETS[kind].cases[n]
    assert happened(loaded(tmp_path, sheet), case, kind, sheet.alarm["rule"]) == [
        (at, what) for at, what in case.expect
    ]


@pytest.mark.parametrize("kind", SHEETS)
def test_a_sheet_shows_the_alarm_come_and_not_come(kind: str) -> None:
    expected = [case.expect for case in SHEETS[kind].cases]
    assert any(told and told[0][1] == "raised" for told in expected)
    assert [] in expected
    assert set(SHEETS[kind].alarm) <= {"rule", "on_delay", "off_delay", *SHEETS[kind].parameters}, (
        "the sample uses what the sheet explains"
    )


def test_the_guide_is_what_the_sheets_say() -> None:
    assert GUIDE.read_text(encoding="utf-8") == write(), "python tools/kinds.py writes it anew"
