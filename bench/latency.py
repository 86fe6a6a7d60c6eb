"""latency: from a reading's publication to its alarm in Kafka, at 10,000, 50,000 and 100,000 readings/s.

The whole way with real servers: MQTT at QoS 1, bridge, log of sites, Faust worker, topic of alarms. Messages of 50
readings leave at their planned moments, which are also the readings' event times; every twentieth has one reading above
a limit without delay. An alarm's latency is Kafka's own time of its arrival (ms) less the planned moment, so that a
sender that is late counts too. Floor: the same messages to the log of sites, through MQTT and the bridge alone.
"""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.cluster import BenchError, Process, prepare, servers, services, settings_of, until
from bench.fleet import CALM, GROUP, LOUD, STATION, fleet, site_id
from bench.mqtt_load import EPOCH, births
from deploy.native import Stack
from services.core.clock import SECOND
from services.core.codec import decode_output, decode_records
from services.core.frame import Frame
from services.core.records import AlarmEvent
from services.core.settings import Settings
from services.telemetry import packets
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.topics import Kind, topic

SITES, POINTS, PARTITIONS = 100, 50, 16
RATES = (10_000, 50_000, 100_000)

#: Every so many messages one alarms; the site's next one clears it.
LOUD_EVERY = 20

#: Seconds until the first message is due, in which the load is made; and of each run those not counted.
_AHEAD, _WARM = 6.0, 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """Packets with the moments (ns) at which they are due; `first` are the births."""

    first: bytes
    due: list[int]
    made: list[bytes]
    start: int


def run(seconds_budget: float = 60.0) -> dict[str, Any]:
    """ "ours": p99 in ms at the highest rate; "peer": the floor's p99. BenchError when alarms are missing."""
    share = max(5.0, seconds_budget / len(RATES) - _AHEAD)
    with servers("mosquitto", "kafka") as stack:
        at = {str(rate): _at(stack, rate, share) for rate in RATES}
    top = at[str(RATES[-1])]
    return {
        "bench": "latency",
        "unit": "ms from publication to the alarm in Kafka, p99",
        "ours": top["p99"],
        "peer": top["log_p99"],
        "peer_is": "the same messages into the log of sites, without any alarm",
        "ratio": round(top["p99"] / max(1.0, top["log_p99"]), 2),
        "target": 250,
        "readings_per_second": at,
        "readings_a_message": POINTS,
        "cores": psutil.cpu_count(),
    }


def _load(rate: int, seconds: float, start: int) -> Load:
    """`rate` readings/s from SITES gateways in turn, evenly."""
    alias, good = np.arange(POINTS, dtype=np.int64) + encode.FIRST_ALIAS, np.zeros(POINTS, np.uint8)
    first = b"".join(packet for site in fleet(SITES, POINTS).sites for packet in births(site, start))
    due, made = [], []
    for n in range(round(rate * seconds / POINTS)):
        number, site_number = divmod(n, SITES)
        at = start + round(n * POINTS / rate * SECOND)
        at -= at % 1_000_000  # Sparkplug's times are ms
        values = np.full(POINTS, CALM) + number % 7
        if n % LOUD_EVERY == number % LOUD_EVERY:
            values[number % POINTS] = LOUD
        body = encode.encode_data(alias, np.full(POINTS, at), values, good, through=at, epoch=EPOCH, number=number + 1)
        to = topic(Kind.DDATA, GROUP, site_id(site_number), STATION)
        due.append(at)
        made.append(packets.publish(to, encode.with_seq(body, (number + 2) % 256), mid=n % 65_535 + 1))
    return Load(first, due, made, start)


def _send(port: int, load: Load) -> float:
    """Sends each packet when it is due; gives how late the latest was, s. ConnectionError when the broker leaves."""
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(packets.connect("latency-load", keep_alive=0, clean=True))
        if link.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionError(f"the broker at {port} does not take a client")
        link.sendall(load.first)
        worst, at, heard, moments = 0, 0, 0, load.due
        # Closed with acknowledgements unread, the connection would be reset, and with it what the broker has not read.
        give_up = time.monotonic() + (moments[-1] - time.time_ns()) / 1e9 + 10.0
        while heard < 4 * len(moments) and time.monotonic() < give_up:
            now = time.time_ns()
            upto = at
            while upto < len(moments) and moments[upto] <= now:
                upto += 1
            if upto > at:
                worst = max(worst, now - moments[at])
                link.sendall(b"".join(load.made[at:upto]))
                at = upto
            readable, _, _ = select.select([link], [], [], 0.0005)
            if readable:
                data = link.recv(1 << 16)
                if not data:
                    raise ConnectionError("the broker ended the load's connection")
                heard += len(data)
        link.sendall(packets.DISCONNECT)
    return worst / 1e9


def _at(stack: Stack, rate: int, seconds: float) -> dict[str, Any]:
    settings = settings_of(stack, f"latency{rate}", partitions=PARTITIONS)
    prepare(settings, SITES, POINTS, time.time_ns() - 60 * SECOND)
    own = {"HEADWORKS_MQTT_PORT": str(stack.ports.mqtt), "HEADWORKS_WORK_DIR": str(stack.folder / f"work{rate}")}
    with services(settings, ("bridge", own), ("alerts", own)) as (bridge, worker):
        until(lambda: bridge.ready and worker.ready, 90, "bridge and worker are ready")
        # Every kernel is compiled, or loaded, by the first frames and not by those that count.
        _send(stack.ports.mqtt, _load(2_000, 2.0, time.time_ns() + SECOND))
        time.sleep(1.0)
        load = _load(rate, _WARM + seconds, time.time_ns() + round((_AHEAD + rate / 25_000) * SECOND))
        if time.time_ns() > load.start:
            raise BenchError("the load was not made in time: a slower machine needs more time ahead")
        parts = [bridge, worker, *(Process(psutil.Process(stack.server(n).pid)) for n in ("mosquitto", "kafka"))]
        for part in parts:
            part.mark()
        late: list[float] = []
        sending = threading.Thread(target=lambda: late.append(_send(stack.ports.mqtt, load)), name="load")
        sending.start()
        try:
            found = asyncio.run(_arrivals(settings, load))
        finally:
            sending.join()
        spent = {name: round(p.cpu / (_WARM + seconds), 2) for name, p in zip(_PARTS, parts, strict=True)}
    return {**found, "sender_late_ms": round(1e3 * late[0], 1), "cores_used": spent}


_PARTS = ("bridge", "alerts", "mosquitto", "kafka")


async def _arrivals(settings: Settings, load: Load) -> dict[str, Any]:
    """Percentiles of the alarms' and of the log's latencies; BenchError when alarms are missing."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    await consumer.start()
    names = {settings.topic("alarms"): "alarms", settings.topic("sites"): "sites"}
    consumer.assign([TopicPartition(name, p) for name in names for p in range(settings.partitions)])
    counted = load.start + round(_WARM * SECOND)
    wanted = sum(
        1 for n, at in enumerate(load.due) if n % LOUD_EVERY == (n // SITES) % LOUD_EVERY and at >= counted
    )  # fmt: skip
    alarms, log = list[float](), list[float]()
    give_up = load.due[-1] / 1e9 + 20.0
    try:
        while len(alarms) < wanted and time.time() < give_up:
            for part, messages in (await consumer.getmany(timeout_ms=100)).items():
                for message in messages:
                    arrived = message.timestamp * 1_000_000
                    for at in _moments(names[part.topic], message.value):
                        if at >= counted:
                            (alarms if names[part.topic] == "alarms" else log).append((arrived - at) / 1e6)
    finally:
        await consumer.stop()
    if len(alarms) < wanted:
        raise BenchError(f"{len(alarms)} of {wanted} alarms came within 20 s of the last message")
    return {
        "alarms": len(alarms),
        **{name: _percentile(alarms, q) for name, q in (("p50", 50), ("p99", 99), ("worst", 100))},
        **{f"log_{name}": _percentile(log, q) for name, q in (("p50", 50), ("p99", 99))},
    }


def _moments(kind: str, data: bytes) -> Sequence[int]:
    """Event times: of the raised alarm, or of the frames in a message of the log."""
    if kind == "alarms":
        event = decode_output("alarms", data)
        raised = isinstance(event, AlarmEvent) and event.transition == "raised" and event.rule == "high"
        return [event.time] if raised and isinstance(event, AlarmEvent) else []
    return [record.through for record in decode_records(data) if isinstance(record, Frame) and record.number]


def _percentile(values: Sequence[float], q: float) -> float:
    return round(float(np.percentile(np.array(values), q)), 1)
