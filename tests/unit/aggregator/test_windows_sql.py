"""Hours of the storm, a tenth of the frames late, shuffled and doubled: every window as plain SQL has it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from bench.windows_sql import FIGURES
from services.aggregator.sinks.parquet import Historian, History
from services.aggregator.sinks.parquet.again import asked, recompute
from services.aggregator.sinks.parquet.tables import STATISTICS, table_of
from services.aggregator.windows import WindowAggregator
from services.aggregator.windows.terms import Terms, day_of
from services.core.catalogue import from_json
from services.core.clock import DAY, HOUR, MINUTE
from services.core.frame import Frame
from services.core.records import Config, Output, Record, Tick
from services.job.headless import headless
from services.job.places import catalogue_for, find_event
from services.runtime.local import LocalLog, ProcessorShell
from services.telemetry.simulator.scene import scene_of
from tests.local.storm import first_hours

SITE = "no3"
WIDTHS = (MINUTE, 15 * MINUTE, HOUR, DAY)


class Recorder:
    """Keeps what comes, as a processor would be given it."""

    name = "recorder"

    def __init__(self) -> None:
        self.records: list[Record] = []

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        if site == SITE:
            self.records += records
        return []

    def dump(self, site: str) -> bytes:
        return b""

    def load(self, site: str, state: bytes) -> None:
        return


def disordered(records: list[Record], latest: int) -> list[Record]:
    """A tenth of the frames up to `latest` records late, a tenth shuffled with their neighbours, a tenth doubled."""
    chance = random.Random(20230418)
    placed: list[tuple[float, Record]] = []
    for n, record in enumerate(records):
        at = float(n)
        if isinstance(record, Frame):
            kind = chance.random()
            if kind < 0.1:
                at += chance.uniform(1, latest)
            elif kind < 0.2:
                at += chance.uniform(-3, 3)
            elif kind < 0.3:
                placed.append((at + chance.uniform(0, latest), record))
        placed.append((max(at, 0.5) if n else at, record))
    return [record for _, record in sorted(placed, key=lambda one: one[0])]


def night_of(event: str) -> list[Record]:
    """What the plant's gateway sends in an event (its id or file), in order."""
    recorder = Recorder()
    scene = scene_of(find_event(event))
    assert not list(headless(scene, catalogue_for(scene), lambda: recorder))
    return recorder.records


async def test_every_window_is_as_plain_sql_has_it(tmp_path: Path) -> None:
    assert await compare(night_of(first_hours(tmp_path, "2023-04-18T18:20:00+08:00")), tmp_path) > 5000


async def compare(night: list[Record], tmp_path: Path) -> int:
    """Puts the night into disorder, folds it in batches, and holds every window to plain SQL; how many rows those are.

    Late frames come up to some ten minutes late: partly for windows in memory, partly for older ones.
    """
    config = next(r for r in night if isinstance(r, Config))
    per_minute = sum(isinstance(r, Frame) for r in night) / sum(isinstance(r, Tick) for r in night)
    records = disordered(night, round(per_minute * 12))
    last = max(r.time for r in night if isinstance(r, Tick))
    with LocalLog.open(tmp_path / "site.log") as log:
        await log.append(records)
        await log.append([Tick(last + 3 * DAY)])
        async with ProcessorShell(log, [WindowAggregator()], largest_batch=297) as shell, Historian(log, tmp_path) as h:
            await shell.drain()
            await h.drain()
        with History(tmp_path, log) as history:
            late = asked(history)
            assert late, "nothing came too late for memory: the disorder is too small"
            found = {w: _rows(history.sql(_STREAM.format(table=table_of(w), width=w))) for w in WIDTHS}
            revised = history.sql("SELECT count(*) FILTER (revision > 0) AS n FROM aggregates_1m")["n"][0].as_py()
            assert revised > 0, "nothing was given out again"
            site = from_json(config.catalogue_json)
            replaced = 0
            for one in late:
                for a in recompute(history, config, one):
                    for i, point in enumerate(a.points.tolist()):
                        p = site.points[point]
                        row = tuple(float(getattr(a, name)[i]) for name in STATISTICS)
                        if a.width in found:
                            found[a.width][p.station, p.name, a.width, a.start] = row
                            replaced += 1
            assert replaced
            expected = _sql(history, config, last)
    for width in WIDTHS:
        wanted = {key: row for key, row in expected.items() if key[2] == width}
        assert sorted(wanted) == sorted(found[width])
        mine = np.array([found[width][key] for key in wanted])
        theirs = np.array(list(wanted.values()))
        for n, name in enumerate(STATISTICS):
            np.testing.assert_allclose(mine[:, n], theirs[:, n], rtol=1e-9, atol=1e-9, equal_nan=True, err_msg=name)
    return len(expected)


_STREAM = """
SELECT station, point, {width} AS width, epoch_ns(time) AS start, mean, min, max, count, good_ratio, twa, last, above,
  below, volume, gap, diff FROM {table} WHERE count > 0 OR twa IS NOT NULL
"""

Rows = dict[tuple[str, str, int, int], tuple[float, ...]]


def _rows(table: pa.Table) -> Rows:
    columns = [c.to_pylist() if n < 4 else c.to_numpy() for n, c in enumerate(table.columns)]
    values = np.array([np.asarray(c, float) for c in columns[4:]]).T
    keys = zip(*columns[:4], strict=True)
    return {key: tuple(row) for key, row in zip(keys, values.tolist(), strict=True)}


def _sql(history: History, config: Config, last: int) -> Rows:
    """The same by FIGURES over the readings of the history, in a database that knows nothing of ours."""
    db = duckdb.connect()
    db.register(
        "said",
        history.sql(
            "SELECT log_offset, site, station, point, epoch_ns(time) AS t, value, quality FROM readings "
            f"WHERE site = '{SITE}'"
        ),
    )
    terms, points = Terms.of(config.catalogue_json, config.version), from_json(config.catalogue_json).points
    db.register("terms", pa.table({
        "station": [p.station for p in points], "point": [p.name for p in points], "holds": terms.limit,
        "high": terms.high, "low": terms.low, "modulus": terms.modulus, "flow": pa.array(terms.flow, from_pandas=True),
    }))  # fmt: skip
    first = db.sql("SELECT min(t) FROM said").fetchall()[0][0]
    spans = [(w, s, s + w) for w in WIDTHS[:3] for s in range(first // w * w, last + HOUR, w)]
    spans += [(DAY, *day_of(moment, "Asia/Shanghai")) for moment in range(first, last + DAY, DAY)]
    width, start, until = map(list, zip(*spans, strict=True))
    db.register("spans", pa.table({"width": width, "start": start, "until": until}))
    order = ", ".join(STATISTICS)
    return _rows(db.sql(f"SELECT station, point, width, start, {order} FROM ({FIGURES})").to_arrow_table())
