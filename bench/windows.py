"""windows: readings a second that one core takes into windows of a minute, a quarter, an hour and a day.

Beside pandas, which groups the same readings by point and minute for the plain figures alone: mean, min, max, count.
CPU seconds of this process, not wall seconds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from services.aggregator.windows import WindowAggregator
from services.core.catalogue import Point, Site, Station, to_json, version_of
from services.core.catalogue.resolve import make_station_rule
from services.core.clock import MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.records import Aggregates, Config, Record, Tick

#: Midnight UTC of a day; any would do, as long as it is always the same.
START = 1_700_006_400 * SECOND
#: Points of a site, sites, readings a point and minute: a big plant; a city is a hundred of them.
POINTS, SITES, A_MINUTE = 1000, 100, 6
SMALL = 150


def run(seconds_budget: float = 20.0) -> dict[str, Any]:
    """Measures for about `seconds_budget` s.

    "ours": readings/s a core of a site of 1,000 points, frames and ticks of a minute, an hour and a half; "small_site":
    of 150 points; "late": the same with a tenth of the frames a minute late, each of which folds anew; "peer": pandas;
    "state_bytes_per_point": stored, of 100,000 points in 100 sites.
    """
    records = _records(POINTS, 90)
    _play(WindowAggregator(), records[:4])  # compiles, or loads what is compiled
    share = seconds_budget / 5
    ours, rows = _speed(records, share)
    peer = _pandas(records, share)
    return {
        "bench": "windows",
        "unit": "readings/s a core",
        "ours": ours,
        "readings": _readings(records),
        "rows": rows,
        "small_site": _speed(_records(SMALL, 90), share)[0],
        "late": _speed(_late(records), share)[0],
        "peer": peer,
        "peer_is": "pandas, groupby point and minute: mean, min, max, count",
        "ratio": round(ours / peer, 1) if peer else None,
        **_state(),
    }


def _config(points: int) -> Config:
    station = Station(id="s", type="s", name="s", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=make_station_rule())
    some = tuple(Point(station="s", name=f"p{n}", unit="m3/h" if n % 10 == 0 else "") for n in range(points))
    site = Site(
        id="s", group="g", name="s", kind="plant", time_zone="Asia/Shanghai", stations=(station,), points=some
    )  # fmt: skip
    text = to_json(site)
    return Config("s", version_of(text), text, START)


def _records(points: int, minutes: int) -> list[Record]:
    random = np.random.default_rng(20230418)
    records: list[Record] = [_config(points)]
    for minute in range(minutes):
        times = START + minute * MINUTE + np.repeat(np.arange(A_MINUTE) * (MINUTE // A_MINUTE), points)
        which = np.tile(np.arange(points, dtype=np.int32), A_MINUTE)
        records.append(make_frame("s", "s", times, which, random.normal(100, 5, len(which)), number=minute + 1))
        records.append(Tick(START + (minute + 1) * MINUTE))
    return records


def _late(records: list[Record]) -> list[Record]:
    """Every tenth frame changes places with the tick after it."""
    out = list(records)
    for n in range(1, len(out) - 1, 20):
        out[n], out[n + 1] = out[n + 1], out[n]
    return out


def _readings(records: list[Record]) -> int:
    return sum(len(r) for r in records if isinstance(r, Frame))


def _play(aggregator: WindowAggregator, records: list[Record]) -> int:
    rows = 0
    for n in range(0, len(records), 2):
        rows += sum(len(o.points) for o in aggregator.step("s", records[n : n + 2]) if isinstance(o, Aggregates))
    return rows


def _speed(records: list[Record], budget: float) -> tuple[int, int]:
    """(readings/s, rows given out): the median of the passes that fit into `budget` seconds."""
    seconds, rows = _median(lambda: _play(WindowAggregator(), records), budget)
    return round(_readings(records) / seconds), rows


def _median(once: Callable[[], int], budget: float) -> tuple[float, int]:
    seconds, answer = list[float](), once()
    end = time.monotonic() + budget
    while len(seconds) < 3 or (time.monotonic() < end and len(seconds) < 51):
        start = time.process_time()
        again = once()
        seconds.append(time.process_time() - start)
        if again != answer:
            raise RuntimeError(f"two passes over the same readings gave {answer} and {again} rows")
    return statistics.median(seconds), answer


def _pandas(records: list[Record], budget: float) -> int | None:
    try:
        import pandas as pd
    except ImportError:
        return None
    frames = [r for r in records if isinstance(r, Frame)]
    columns = {name: np.concatenate([getattr(f, name) for f in frames]) for name in ("times", "points", "values")}
    table = pd.DataFrame(columns)

    def once() -> int:
        grouped = table.groupby([table["times"] // MINUTE, "points"])["values"]
        return len(grouped.agg(["mean", "min", "max", "count"]))

    seconds, _ = _median(once, budget)
    return round(len(table) / seconds)


def _state() -> dict[str, int]:
    """Of 100,000 points: what is stored is the same after an hour as after ten minutes."""
    sizes = []
    aggregator = WindowAggregator()
    records = _records(POINTS, 60)
    for n in range(0, len(records), 2):
        _play(aggregator, records[n : n + 2])
        if n in (20, 118):
            sizes.append(len(aggregator.dump("s")))
    return {
        "state_points": POINTS * SITES,
        "state_bytes_per_point_after_10_minutes": round(sizes[0] / POINTS),
        "state_bytes_per_point_after_an_hour": round(sizes[1] / POINTS),
    }
