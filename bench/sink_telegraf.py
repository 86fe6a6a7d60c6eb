"""Telegraf as the sink's peer: Kafka to InfluxDB with what its documentation offers for throughput."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.cluster import Process, end
from bench.line_poster import ORG, Bucket
from deploy.native import Stack
from deploy.native.builds import BUILDS

#: A message has 20 lines: so many may be on their way that five batches are always full. Kafka's offsets are committed
#: when InfluxDB has the lines, as the sink does; unlike it, four writes at a time give up the order of the lines. Not
#: compressed: on a loopback that only costs.
_CONFIG = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  metric_batch_size = 2000
  metric_buffer_limit = 200000
  omit_hostname = true
  quiet = true
[[inputs.kafka_consumer]]
  brokers = ["127.0.0.1:{kafka}"]
  kafka_version = "3.0.0"
  topics = ["{topic}"]
  consumer_group = "{topic}"
  offset = "oldest"
  max_undelivered_messages = 500
  max_processing_time = "1s"
  consumer_fetch_default = "4MB"
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  content_encoding = "identity"
  concurrent_writes = 4
  timeout = "30s"
"""


@contextmanager
def telegraf(stack: Stack, bucket: Bucket, topic: str) -> Iterator[Process]:
    """A Telegraf that reads `topic` from its beginning into the bucket."""
    program = BUILDS["telegraf"].ensure(lambda text: print(text, file=sys.stderr)) / "bin" / "telegraf"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "telegraf.conf")
        config.touch(mode=0o600)
        config.write_text(
            _CONFIG.format(
                kafka=stack.ports.kafka, topic=topic, url=bucket.url, token=bucket.token, org=ORG, bucket=bucket.name
            )
        )
        child = subprocess.Popen([str(program), "--config", str(config)], stdout=subprocess.DEVNULL)
        try:
            yield Process(psutil.Process(child.pid))
        finally:
            end(child)
