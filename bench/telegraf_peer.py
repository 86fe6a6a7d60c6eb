"""Telegraf as a peer: MQTT to Kafka with what its documentation offers for throughput, ended with the measurement."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.cluster import Process, end, until
from bench.mqtt_load import LINES, forget
from deploy.native import Stack
from deploy.native.builds import BUILDS
from services.telemetry.sparkplug.topics import all_of_group

#: MQTT is acknowledged when a batch is in Kafka, and the broker has at most 1,000 messages on their way: a batch must
#: be smaller than that, else each waits for the flush interval.
_CONFIG = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  metric_batch_size = {batch}
  metric_buffer_limit = 2000000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{mqtt}"]
  topics = ["{filter}"]
  topic_tag = ""
  qos = 1
  persistent_session = true
  client_id = "telegraf-{topic}"
  max_undelivered_messages = 20000
  data_format = "influx"
[[outputs.kafka]]
  brokers = ["127.0.0.1:{kafka}"]
  topic = "{topic}"
  required_acks = -1
  compression_codec = 0
  data_format = "influx"
"""


@contextmanager
def telegraf(
    stack: Stack, topic: str, partitions: int, batch: int = 500
) -> Iterator[tuple[Process, Callable[[], int]]]:
    """A Telegraf that is subscribed, and how many messages Kafka has from it."""
    program = BUILDS["telegraf"].ensure(lambda text: print(text, file=sys.stderr)) / "bin" / "telegraf"
    parts = [TopicPartition(topic, number) for number in range(partitions)]
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as folder:
        consumer = runner.run(_made(stack, topic, partitions))
        config = Path(folder, "telegraf.conf")
        config.write_text(
            _CONFIG.format(
                mqtt=stack.ports.mqtt,
                kafka=stack.ports.kafka,
                topic=topic,
                batch=batch,
                filter=all_of_group(LINES),
            )
        )
        child = subprocess.Popen([str(program), "--config", str(config)], stdout=subprocess.DEVNULL)

        async def ends() -> int:
            return sum((await consumer.end_offsets(parts)).values())

        try:
            process = Process(psutil.Process(child.pid))
            until(lambda: bool(_linked(process, stack.ports.mqtt)), 30.0, "Telegraf is connected")
            time.sleep(1.0)  # and subscribed
            yield process, lambda: runner.run(ends())
        finally:
            end(child)
            runner.run(consumer.stop())
            forget(stack.ports.mqtt, f"telegraf-{topic}")


def _linked(process: Process, port: int) -> bool:
    return any(link.raddr and link.raddr.port == port for link in process.process.net_connections("tcp"))


async def _made(stack: Stack, topic: str, partitions: int) -> AIOKafkaConsumer:
    servers = f"127.0.0.1:{stack.ports.kafka}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        await admin.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    return consumer
