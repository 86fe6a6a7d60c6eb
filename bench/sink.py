"""sink: Kafka to InfluxDB, beside the server's own ceiling and beside Telegraf on the same servers.

The same readings, each time into a bucket of its own: as lines made beforehand and posted over several connections at
once, which is all that the server can take (before and after the others, the better counts); through `headworks sink`
from the log of sites; through Telegraf from a topic of the same lines. What counts is what InfluxDB says that it has
accepted, by its own figure; at the end its values are counted.

InfluxDB has half of the cores to itself, and Kafka and all who write to InfluxDB have the other half, for ceiling, sink
and Telegraf alike: else the ceiling, whose lines cost nothing to make, would have the cores that the others need for
reading and encoding, and the figure would be of the machine. One more round with all cores shared shows that one too.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from bench.cluster import BenchError, Process, prepare, servers, services, settings_of
from bench.cores import apart
from bench.line_poster import ORG, Bucket
from bench.sink_load import SITES, START, Load, fill_lines, fill_sites
from bench.sink_telegraf import telegraf
from deploy.native import Stack

POINTS, PARTITIONS = 50, 16

#: What the server takes best: connections, and lines of 50 readings in a request.
CONNECTIONS, LINES = 4, 2000

#: Seconds without progress after which all has been taken.
_STILL = 3.0
#: Bytes that a service tells of itself meanwhile, at most: that is not yet the readings.
_VITALS = 20_000
#: The same while much is missing: on a busy machine a service may get no core for long.
_STARVED = 30.0
_EVERY = 0.1


def run(seconds_budget: float = 60.0) -> dict[str, Any]:
    """Three rounds; medians, readings/s, and of the rounds' own ratios. "ceiling": the server's; "peer": Telegraf.

    BenchError when a server or a service cannot be had, or when a reading is missing at the end.
    """
    load = Load(POINTS, frames=round(seconds_budget / 12 * 500_000 / (SITES * POINTS)))
    with servers("kafka", "influxdb") as stack:
        influxd = Process(psutil.Process(stack.influxdb.pid))
        with apart(stack.influxdb.pid, [stack.kafka.pid]) as cores:
            rounds = [_round(stack, load, influxd, str(turn)) for turn in range(3)]
        shared = _round(stack, load, influxd, "shared") if cores else rounds[0]
    found = {what: {key: _median([one[what][key] for one in rounds]) for key in rounds[0][what]} for what in rounds[0]}
    ratio = _median([one["sink"]["rate"] / one["telegraf"]["rate"] for one in rounds])
    of_ceiling = _median([_of(one, "sink") for one in rounds])
    ours, ceiling, peer = (found[what].pop("rate") for what in ("sink", "poster", "telegraf"))
    return {
        "bench": "sink",
        "unit": "readings/s, Kafka to InfluxDB",
        "ours": ours,
        "peer": peer,
        "peer_is": "Telegraf 1.37.2, inputs.kafka_consumer and outputs.influxdb_v2, the same lines",
        "ratio": ratio,
        "ceiling": ceiling,
        "ceiling_is": f"lines made beforehand, {LINES} in a request, {CONNECTIONS} requests at a time",
        "of_ceiling": of_ceiling,
        "cores_of_influxdb": cores or psutil.cpu_count(),
        "shared_cores": {
            **{what: round(one["rate"]) for what, one in shared.items()},
            "of_ceiling": _of(shared, "sink"),
            "telegraf_of_ceiling": _of(shared, "telegraf"),
        },
        "readings": len(load),
        "readings_a_line": POINTS,
        "cpu_seconds_per_million_readings": found,
        "cores": psutil.cpu_count(),
    }


def _of(one: dict[str, dict[str, float]], what: str) -> float:
    return round(one[what]["rate"] / one["poster"]["rate"], 3)


def _median(values: list[float]) -> float:
    middle = statistics.median(values)
    return round(middle, 3) if middle < 1000 else round(middle)


def _round(stack: Stack, load: Load, influxd: Process, turn: str) -> dict[str, dict[str, float]]:
    settings = settings_of(stack, f"sink{turn}", partitions=PARTITIONS)
    prepare(settings, SITES, POINTS, START)
    fill_sites(settings, load)
    fill_lines(settings, load, f"lines{turn}")
    before = _ceiling(stack, load, influxd, f"before{turn}")
    own = {"HEADWORKS_INFLUX_ORG": ORG, "HEADWORKS_INFLUX_URL": stack.influxdb.url,
           "HEADWORKS_INFLUX_TOKEN_FILE": str(stack.influxdb.token_file)}  # fmt: skip
    with (
        _bucket(stack, load, f"ours{turn}") as bucket,
        services(settings, ("sink", {**own, "HEADWORKS_INFLUX_BUCKET": bucket.name})) as (sink,),
    ):
        ours = _measured(bucket, load, influxd, sink)
    with _bucket(stack, load, f"peer{turn}") as bucket, telegraf(stack, bucket, f"lines{turn}") as process:
        theirs = _measured(bucket, load, influxd, process)
    after = _ceiling(stack, load, influxd, f"after{turn}")
    return {"poster": max(before, after, key=lambda one: one["rate"]), "sink": ours, "telegraf": theirs}


def _ceiling(stack: Stack, load: Load, influxd: Process, name: str) -> dict[str, float]:
    bodies = load.bodies(LINES)
    with _bucket(stack, load, name) as bucket:
        posting = threading.Thread(target=bucket.post, args=(bodies, CONNECTIONS))
        found = _measured(bucket, load, influxd, Process(psutil.Process()), posting.start)
        posting.join()
        return {what: found[what] for what in ("rate", "influxd")}


@contextmanager
def _bucket(stack: Stack, load: Load, name: str) -> Iterator[Bucket]:
    with Bucket(stack, name) as bucket:
        yield bucket
        stored = bucket.values()
        if stored != len(load):
            raise BenchError(f"{name}: {stored} of {len(load)} readings are in InfluxDB")
    time.sleep(1.0)  # the bucket's removal is not the next one's doing


def _measured(
    bucket: Bucket, load: Load, influxd: Process, process: Process, begin: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """From the first lines that are accepted to the last; CPU seconds of the two from then on, a million readings."""
    before, size = bucket.accepted(), load.size
    begin()
    first = last = before
    began = until = time.monotonic()
    deadline = began + 60.0
    spent = own = 0.0
    while True:
        now, at = bucket.accepted(), time.monotonic()
        if now > last and now - before > _VITALS:
            if first == before:
                first, began = now, at
                influxd.mark()
                process.mark()
            last, until = now, at
            spent, own = influxd.cpu, process.cpu
        elif first > before and at - until > (_STILL if last - before > 0.9 * size else _STARVED):
            break
        elif first == before and at > deadline:
            raise BenchError("nothing comes to InfluxDB")
        time.sleep(_EVERY)
    if last <= first:
        raise BenchError("too few readings to measure: InfluxDB has them in one go")
    readings = len(load) * (last - first) / (last - before)
    return {"rate": readings / (until - began), "influxd": spent / readings * 1e6, "own": own / readings * 1e6}
