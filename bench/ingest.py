"""ingest: MQTT to Kafka at QoS 1, acknowledged when Kafka has it, beside Telegraf on the same broker and Kafka.

Two shapes of message: frames of 50 readings, and single readings. Sparkplug B for the bridge, line protocol of as many
readings for Telegraf, each in its own way the quickest for its program. What counts is what Kafka has: frames for the
bridge, messages of one line for Telegraf.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil

from bench.cluster import Process, prepare, servers, services, settings_of, summed, until
from bench.mqtt_load import Sent, Stream, forget, lines, send, sparkplug
from bench.telegraf_peer import telegraf
from deploy.native import Stack
from services.core.clock import SECOND

SITES, POINTS, PARTITIONS = 40, 50, 16

#: Messages beyond what is delivered: about what a second brings, and below what the broker queues.
AHEAD = 30_000


def run(seconds_budget: float = 60.0) -> dict[str, Any]:
    """Both shapes, each through one bridge, two, and Telegraf in turn; readings/s, the better of two runs of each.

    On a machine that others use too, the better run is the one that was disturbed less; CPU seconds say the same on
    any. `seconds_budget` is about what the sending takes. BenchError when a server or a service cannot be had.
    """
    share = seconds_budget / 12
    with servers("mosquitto", "kafka") as stack:
        frames = _shape(stack, "frames", 50, share, 40_000, 16_000)
        single = _shape(stack, "single", 1, share, 40_000, 30_000)
        start = _start(round(share * 4_000 / SITES))
        load = lines(SITES, POINTS, 50, round(share * 4_000 / SITES), start, own_times=True)
        own_times = _telegraf(stack, "owntimes", load, 50, lines_each=50)
    return {
        "bench": "ingest",
        "unit": "readings/s, MQTT to Kafka, QoS 1, frames of 50",
        "ours": frames["ours"],
        "peer": frames["peer"],
        "peer_is": "Telegraf 1.37.2, a line of 50 fields a message, all at one time",
        "ratio": frames["ratio"],
        "frames_of_50": frames,
        "peer_with_a_time_for_each_reading": own_times["rate"],
        "ratio_with_a_time_for_each_reading": round(frames["ours"] / own_times["rate"], 2),
        "single_readings": single,
        "sites": SITES,
        "cores": psutil.cpu_count(),
    }


def _start(messages: int) -> int:
    return time.time_ns() // SECOND * SECOND - (messages + 60) * SECOND


def _shape(stack: Stack, name: str, readings: int, seconds: float, our_pace: int, their_pace: int) -> dict[str, Any]:
    """`our_pace`, `their_pace`: messages/s to be expected, so that runs take about `seconds`."""
    ours, theirs = round(seconds * our_pace / SITES), round(seconds * their_pace / SITES)
    load = sparkplug(SITES, POINTS, readings, ours, _start(ours))
    line = lines(SITES, POINTS, readings, theirs, _start(theirs))
    one, peer, two = [], [], []
    for turn in "ab":
        one.append(_bridges(stack, f"{name}1{turn}", 1, load, readings))
        peer.append(_telegraf(stack, f"{name}t{turn}", line, readings))
        two.append(_bridges(stack, f"{name}2{turn}", 2, load, readings))
    found = {"bridge": one, "telegraf": peer, "two_bridges": two}
    rates = {who: max(run["rate"] for run in runs) for who, runs in found.items()}
    return {
        "ours": rates["bridge"],
        "peer": rates["telegraf"],
        "ratio": round(rates["bridge"] / rates["telegraf"], 2),
        "two_bridges": rates["two_bridges"],
        "runs": {who: [run["rate"] for run in runs] for who, runs in found.items()},
        "messages_a_run": {"bridge": ours * SITES, "telegraf": theirs * SITES},
        **{
            what: {who: min(run[key] for run in runs) for who, runs in found.items()}
            for what, key in (
                ("cpu_seconds_per_million_readings", "cpu"),
                ("cpu_seconds_of_mosquitto_per_million", "broker"),
                ("cpu_seconds_of_kafka_per_million", "kafka"),
                ("memory_mb", "memory"),
            )
        },
        "ratio_of_cpu": round(min(run["cpu"] for run in peer) / min(run["cpu"] for run in one), 2),
    }


def _bridges(stack: Stack, prefix: str, count: int, load: list[Stream], readings: int) -> dict[str, float]:
    settings = settings_of(stack, prefix, partitions=PARTITIONS)
    prepare(settings, SITES, POINTS, 1)
    common = {"HEADWORKS_MQTT_PORT": str(stack.ports.mqtt)}
    wanted = [("bridge", {**common, "HEADWORKS_BRIDGE_SHARD": f"{i}/{count}"}) for i in range(count)]
    with services(settings, *wanted) as bridges:
        until(lambda: all(bridge.ready for bridge in bridges), 60.0, "the bridges are ready")

        def delivered() -> int:
            return round(sum(bridge.figure('headworks_received_total{kind="records"}') for bridge in bridges))

        found = _measured(stack, bridges, load, delivered, readings)
    for i in range(count):
        forget(stack.ports.mqtt, f"headworks-bridge-{prefix}-{i}-of-{count}")
    return found


def _telegraf(stack: Stack, topic: str, load: list[Stream], readings: int, lines_each: int = 1) -> dict[str, float]:
    """`lines_each`: in a message; Telegraf makes a message of Kafka of each."""
    with telegraf(stack, topic, PARTITIONS) as (process, count):
        return _measured(stack, [process], load, lambda: count() // lines_each, readings)


def _measured(
    stack: Stack, processes: list[Process], load: list[Stream], delivered: Callable[[], int], readings: int
) -> dict[str, float]:
    others = {name: Process(psutil.Process(stack.server(name).pid)) for name in ("mosquitto", "kafka")}
    for process in (*processes, *others.values()):
        process.mark()
    sent: Sent = send(stack.ports.mqtt, load, delivered, AHEAD)
    million = sum(len(stream.ends) for stream in load) * readings / 1e6
    return {
        "rate": round(sent.rate * readings),
        "cpu": round(summed(processes) / million, 3),
        "broker": round(others["mosquitto"].cpu / million, 3),
        "kafka": round(others["kafka"].cpu / million, 3),
        "memory": round(max(process.memory for process in processes) / 1e6),
    }
