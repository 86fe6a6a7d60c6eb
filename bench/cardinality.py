"""cardinality: InfluxDB with 100,000 points: series, memory, disk, how it writes then, how soon the dashboard answers.

2,000 stations of 50 points: 25 plants of five stations, whose points the city overview asks for, and 1,875 stations
that stand alone. The sink's own encoder writes readings, minutes and quarters of an hour into the three buckets; then
every query of the city overview is asked as Grafana would. The peer is the same readings with a series a point (a tag
`point`, a field `value`), which is how they are often stored. InfluxDB's CPU seconds say more than its rate where the
machine is not quiet.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.cluster import ROOT, Process, servers, until
from bench.line_poster import ORG, Bucket
from services.aggregator.sinks.influx import Collected, Names, Place, encode_aggregates, encode_readings
from services.aggregator.sinks.influx.buckets import LONG, MINUTES
from services.core.catalogue import Point, Rule, Site, Station, to_json, version_of
from services.core.clock import MINUTE, SECOND
from services.core.frame import make_frame
from services.core.records import Aggregates, Config

PLANTS, STATIONS, POINTS = 25, 2000, 50
#: Ends at a whole hour of 2023.
END = 1_700_000_000 * SECOND // (60 * MINUTE) * (60 * MINUTE)
QUARTER = 15 * MINUTE
CONNECTIONS, _BODY = 4, 2 << 20
_PLACE = Place("sites", 0, 0)

#: By station of a plant what the city overview shows of it.
SHOWN = {
    "intake": ("raw_turbidity",), "clarifier": ("settled_turbidity",), "filters": ("combined_turbidity",),
    "clearwell": ("level", "chlorine", "supply_hours_pessimistic"), "highlift": ("flow", "pressure"),
}  # fmt: skip


def run(seconds_budget: float = 150.0) -> dict[str, Any]:
    """One round on an InfluxDB of its own; at most three minutes. BenchError when it cannot be had or refuses lines."""
    sites = list(_sites())
    names = Names()
    for site in sites:
        text = to_json(site)
        names.learn([Config(site.id, version_of(text), text, END)])
    minutes = max(2, min(20, round(seconds_budget / 40)))
    with servers("influxdb") as stack, ExitStack() as open_:
        influxd = Process(psutil.Process(stack.influxdb.pid))
        engine = stack.influxdb.data / "engine"
        buckets = [open_.enter_context(Bucket(stack, name)) for name in ("card", "card" + MINUTES, "card" + LONG)]
        empty = influxd.memory
        first = _posted(buckets[0], list(_readings(sites, names, [END - minutes * MINUTE])))
        grown = influxd.memory
        times = range(END - minutes * MINUTE + 10 * SECOND, END, 10 * SECOND)
        bodies = list(_readings(sites, names, times))
        influxd.mark()
        readings = _posted(buckets[0], bodies)
        cost = influxd.cpu / (len(times) * STATIONS * POINTS) * 1e6
        spans = [(END - n * MINUTE, MINUTE) for n in range(minutes, 0, -1)]
        windows = _posted(buckets[1], list(_windows(sites, names, spans)))
        quarters = [(END - n * QUARTER, QUARTER) for n in range(96, 0, -1)]
        _posted(buckets[1], list(_windows(sites[:PLANTS], names, quarters)))
        asked = _asked(buckets[0])
        full, disk, series = influxd.memory, _size(engine), _series(stack.influxdb.url)
        apart = open_.enter_context(Bucket(stack, "apart"))
        bodies = list(_apart(sites, times))
        influxd.mark()
        peer = _posted(apart, bodies)
        cost_of_peer = influxd.cpu / (len(times) * STATIONS * POINTS) * 1e6
        memory_of_peer = influxd.memory - full
        # The figure is counted anew every ten seconds or so.
        until(lambda: _series(stack.influxdb.url) >= series + STATIONS * POINTS, 30.0, "InfluxDB counts the series")
    return {
        "bench": "cardinality",
        "unit": "readings/s into an InfluxDB that has all points",
        "ours": round(readings),
        "peer": round(peer),
        "peer_is": "the same readings, a series a point (tag `point`, field `value`)",
        "ratio": round(readings / peer, 2),
        "points": STATIONS * POINTS,
        "stations": STATIONS,
        "series": series,
        "series_of_peer": STATIONS * POINTS,
        "influxd_cpu_seconds_per_million": {"ours": round(cost, 2), "peer": round(cost_of_peer, 2)},
        "first_write_of_each_s": round(STATIONS * POINTS / first, 2),
        "window_figures_a_second": round(windows),
        "memory_mb": {
            "empty": empty >> 20,
            "all points once": grown >> 20,
            "at the end": full >> 20,
            "more for the peer": memory_of_peer >> 20,
        },
        "disk_mb": round(disk / 2**20, 1),
        "city_overview": asked,
        "minutes": minutes,
        "writes_put_off_by_the_server": sum(one.again for one in (*buckets, apart)),
        "cores": psutil.cpu_count(),
        "load_average": psutil.getloadavg()[0],
    }


def _sites() -> Iterator[Site]:
    for number in range(PLANTS):
        yield _site(f"plant{number:02d}", SHOWN)
    for number in range(STATIONS - PLANTS * len(SHOWN)):
        yield _site(f"booster{number:04d}", {"booster": ("flow",)})


def _site(name: str, stations: dict[str, tuple[str, ...]]) -> Site:
    rule = Rule.model_validate({
        "id": "stale", "kind": "stale", "priority": "medium",
        "consequence": "none, a measurement", "response": "none", "respond_within": "10m",
    })  # fmt: skip
    made = tuple(
        Station(id=one, type=one, name=one, heartbeat=MINUTE, stale_after=3 * MINUTE, stale=rule) for one in stations
    )
    points = tuple(
        Point(station=one, name=point, unit="m")
        for one, shown in stations.items()
        for point in (*shown, *(f"p{n:02d}" for n in range(POINTS - len(shown))))
    )
    return Site(id=name, group="bench", name=name, kind="plant", time_zone="UTC", stations=made, points=points)


def _readings(sites: Sequence[Site], names: Names, times: Sequence[int]) -> Iterator[tuple[bytes, int]]:
    """(lines, readings): every station's 50 at each of `times` (ns)."""
    for at in times:
        held = Collected()
        for site in sites:
            n = len(site.points)
            values = np.arange(n, dtype=np.float64) % 7 + 20.0 + (at // SECOND % 600) * 0.125
            held.add(_PLACE, make_frame(
                site.id, site.stations[0].id, np.full(n, at), np.arange(n, dtype=np.int32), values,
                np.zeros(n, np.uint8), through=at,
            ))  # fmt: skip
        yield from _bodies(encode_readings(held.columns(), names).lines.data, len(sites) * POINTS)


def _windows(sites: Sequence[Site], names: Names, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[bytes, int]]:
    """(lines, figures): of each window (start, width) the seven figures that every point has."""
    for start, width in spans:
        held = []
        for site in sites:
            n = len(site.points)
            mean = np.arange(n, dtype=np.float64) % 7 + 20.0 + start // MINUTE % 60 * 0.125
            held.append((_PLACE, Aggregates(
                site.id, start, width, np.arange(n, dtype=np.int32), mean, mean - 1, mean + 1, np.full(n, 6),
                np.ones(n), twa=mean, last=mean,
            )))  # fmt: skip
        yield from _bodies(encode_aggregates(held, names).lines.data, 7 * sum(len(site.points) for site in sites))


def _apart(sites: Sequence[Site], times: Sequence[int]) -> Iterator[tuple[bytes, int]]:
    for at in times:
        base = 20 + at // SECOND % 600 * 0.125
        lines = [
            f"readings,site={site.id},station={p.station},point={p.name} value={base + n % 7} {at}"
            for site in sites for n, p in enumerate(site.points)
        ]  # fmt: skip
        yield from _bodies(("\n".join(lines) + "\n").encode(), len(lines))


def _bodies(data: bytes, many: int) -> Iterator[tuple[bytes, int]]:
    """Requests of whole lines; what is in them is told with the last."""
    begin = 0
    while len(data) - begin > _BODY:
        end = data.rfind(b"\n", begin, begin + _BODY) + 1
        yield data[begin:end], 0
        begin = end
    yield data[begin:], many


def _posted(bucket: Bucket, bodies: Sequence[tuple[bytes, int]]) -> float:
    """What was posted a second."""
    began = time.monotonic()
    bucket.post([data for data, _ in bodies], CONNECTIONS, tries=20)
    return sum(many for _, many in bodies) / (time.monotonic() - began)


def _asked(bucket: Bucket) -> dict[str, Any]:
    """How many of the city overview's queries there are, and the slowest: asked for the first time, and again."""
    board = json.loads((ROOT / "deploy/grafana/dashboards/city.json").read_text(encoding="utf-8"))
    stop, start = END // SECOND, END // SECOND - 86_400
    macros = {"timeRangeStart": _time(start), "timeRangeStop": _time(stop), "windowPeriod": "216000ms"}
    first, again, rows = list[tuple[float, str]](), list[tuple[float, str]](), 0
    for panel in board["panels"]:
        for target in panel["targets"]:
            query = re.sub(r"(?<!\\)\$\{bucket\}", bucket.name, target["query"])
            query = re.sub(r"v\.(\w+)", lambda found: macros[found[1]], query)
            for times in (first, again):
                began = time.monotonic()
                said = _query(bucket, query)
                times.append((round(time.monotonic() - began, 3), panel["title"]))
            rows += max(0, said.count("\n") - 1)
    return {
        "queries": len(first), "rows": rows, "slowest_first_s": max(first), "slowest_again_s": max(again),
        "all_again_s": round(sum(seconds for seconds, _ in again), 3),
    }  # fmt: skip


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _query(bucket: Bucket, query: str) -> str:
    headers = {"Authorization": f"Token {bucket.token}", "Content-Type": "application/json", "Accept": "text/csv"}
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{bucket.url}/api/v2/query?org={ORG}", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def _series(url: str) -> int:
    """What InfluxDB counts as series, over all buckets but its own."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return int(sum(float(x.rsplit(" ", 1)[1]) for x in lines if x.startswith("storage_bucket_series_num{")))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
