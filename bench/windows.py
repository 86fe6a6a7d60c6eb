"""windows: readings a second that one core takes into windows of a minute, a quarter, an hour and a day.

Beside DuckDB, which computes the same figures of the same minutes, quarters and hours in SQL (windows_sql.py), and
pandas, which groups the readings by point and minute for the plain figures alone: mean, min, max, count. Both have all
readings in memory at once and in order. CPU seconds of this process, not wall seconds; each has one thread.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from bench.windows_sql import FIGURES
from services.aggregator.windows import WindowAggregator
from services.core.catalogue import Point, Site, Station, to_json, version_of
from services.core.catalogue.resolve import make_station_rule
from services.core.clock import HOUR, MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.records import OPTIONAL_STATISTICS, Aggregates, Config, Record, Tick

_SUMS = ", ".join(f"sum({name})" for name in ("mean", "min", "max", "count", "good_ratio", *OPTIONAL_STATISTICS))
#: Midnight UTC of a day; any would do, as long as it is always the same.
START = 1_700_006_400 * SECOND
#: Points of a site, sites, readings a point and minute: a big plant; a city is a hundred of them.
POINTS, SITES, A_MINUTE = 1000, 100, 6
SMALL = 150
#: What the peer is given: whole quarters, since its minutes and quarters are counted from the clock.
PEER_MINUTES = 30


def run(seconds_budget: float = 20.0) -> dict[str, Any]:
    """Measures for about `seconds_budget` s.

    "ours": readings/s a core of a site of 1,000 points, frames and ticks of a minute, an hour and a half; "small_site":
    of 150 points; "late": the same with a tenth of the frames a minute late, each of which folds anew; "peer": DuckDB;
    "pandas": fewer figures of minutes alone; "state_bytes_per_point": stored, of 100,000 points in 100 sites.
    """
    records = _records(POINTS, 90)
    _play(WindowAggregator(), records[:4])  # compiles, or loads what is compiled
    share = seconds_budget / 6
    ours, rows = _speed(records, share)
    peer = _duckdb(records[: 2 * PEER_MINUTES + 1], share)
    return {
        "bench": "windows",
        "unit": "readings/s a core",
        "ours": ours,
        "readings": _readings(records),
        "rows": rows,
        "small_site": _speed(_records(SMALL, 90), share)[0],
        "late": _speed(_late(records), share)[0],
        "peer": peer,
        "peer_is": "DuckDB, the same figures in SQL",
        "pandas": _pandas(records, share),
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


def _duckdb(records: list[Record], budget: float) -> int:
    frames = [r for r in records if isinstance(r, Frame)]
    db = duckdb.connect()
    db.execute("SET threads = 1")
    times, points, values = (np.concatenate([getattr(f, n) for f in frames]) for n in ("times", "points", "values"))
    names = pa.array([f"p{n}" for n in range(POINTS)])
    db.register("columns", pa.table({"t": times, "point": names.take(pa.array(points)), "value": values}))
    db.execute(
        "CREATE TABLE said AS SELECT 's' AS site, 's' AS station, point, t, value, 0 AS quality, 0 AS log_offset "
        "FROM columns"
    )
    db.execute(
        "CREATE TABLE terms AS SELECT DISTINCT 's' AS station, point, 180000000000 AS holds, 'inf'::DOUBLE AS high, "
        "'-inf'::DOUBLE AS low, 0.0 AS modulus, 1.0 / 3600 AS flow FROM said"
    )
    first, end = int(times.min()), int(times.max()) + 1
    spans = [(w, s, s + w) for w in (MINUTE, 15 * MINUTE, HOUR) for s in range(first // w * w, end, w)]
    db.execute("CREATE TABLE spans (width BIGINT, start BIGINT, until BIGINT)")
    db.executemany("INSERT INTO spans VALUES (?, ?, ?)", spans)

    def once() -> int:
        # All figures are asked for: what is not would not be computed.
        (row,) = db.execute(f"SELECT count(*), {_SUMS} FROM ({FIGURES})").fetchall()
        return int(row[0])

    seconds, _ = _median(once, budget)
    db.close()
    return round(len(times) / seconds)


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
    """What is stored of 100,000 points, after ten minutes and after half an hour, when a minute has just come."""
    minutes, sizes = _records(POINTS, 30), dict.fromkeys((10, 30), 0)
    for _ in range(SITES):
        aggregator = WindowAggregator()
        _play(aggregator, minutes[:20])
        sizes[10] += len(aggregator.dump("s"))
        _play(aggregator, minutes[20:60])
        sizes[30] += len(aggregator.dump("s"))
    points = POINTS * SITES
    return {"state_points": points} | {
        f"state_bytes_per_point_after_{minute}_minutes": round(size / points) for minute, size in sizes.items()
    }
