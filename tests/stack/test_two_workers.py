"""Two workers share the partitions: each site is one worker's at a time. A changed log is refused before a start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.native import Stack
from services.core.codec import ALARM, decode_output
from services.core.records import AlarmEvent
from tests.local.storm import first_hours
from tests.stack.cluster import Cluster, until
from tests.stack.part import Part

SINCE, END = "2023-04-18T20:45:00+08:00", "2023-04-18T21:15:00+08:00"

#: The topics that have as many partitions as the log of sites.
STATEFUL = (
    "alarms", "incidents", "derived", "aggregates", "recompute", "steps", "zones", "alerts-state", "aggregator-state",
    "zones-state",
)  # fmt: skip


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Half an hour of the storm."""
    return Part(first_hours(tmp_path_factory.mktemp("event"), END), SINCE)


def test_two_workers_share_the_partitions_and_no_site_is_torn(stack: Stack, tmp_path: Path, part: Part) -> None:
    with Cluster(stack, tmp_path, part, services=("bridge", "alerts")) as cluster:
        second = cluster.add("alerts", "alerts-1", worker="1")
        cluster.wait_shared()
        workers = (cluster.services["alerts"], second)
        cluster.play(speed=120)
        cluster.played(within=120)
        cluster.settle()
        both = [one.total("headworks_received_total") for one in workers]
        assert min(both) > 0, f"one of them had nothing to do: {both}"
        assert cluster.journal() == cluster.expected.journal
        # Were a site folded by both, its transitions would come twice, or out of order.
        last: dict[str, int] = {}
        numbers: dict[str, list[int]] = {}
        for message in cluster.kafka.messages(ALARM):
            event = decode_output(ALARM, message.value)
            assert isinstance(event, AlarmEvent)
            assert event.time >= last.get(event.site, 0)
            last[event.site] = event.time
            numbers.setdefault(event.occurrence, []).append(event.number)
        assert numbers
        assert all(found == sorted(set(found)) for found in numbers.values())


@pytest.fixture
def folded(stack: Stack, tmp_path: Path, part: Part):
    """A cluster whose log has been folded, and whose services have ended in order."""
    with Cluster(stack, tmp_path, part, services=("bridge", "alerts", "aggregate")) as cluster:
        cluster.play(speed=0)
        cluster.played(within=60)
        cluster.settle()
        for service in cluster.services.values():
            assert service.stop() == 0, service.tail()
        yield cluster


def test_more_partitions_than_before_are_refused(folded: Cluster) -> None:
    before = folded.journal()
    folded.kafka.widen("sites", 12)
    for name in ("bridge", "alerts", "aggregate", "sink", "archive"):
        refused_at_start(folded, name, "12 partitions", "settings say 8")
    assert folded.journal() == before


def test_settings_that_say_more_partitions_do_not_help(folded: Cluster) -> None:
    for topic in STATEFUL:
        folded.kafka.widen(topic, 12)
    folded.kafka.widen("sites", 12)
    folded.environment["HEADWORKS_PARTITIONS"] = "12"
    for name in ("alerts", "aggregate"):
        refused_at_start(folded, name, "of 8, log", "of 12, log")


def test_a_topic_made_anew_is_refused(folded: Cluster) -> None:
    folded.kafka.delete("sites")
    until(lambda: "sites" not in folded.kafka.topics(), 20, "the topic stays")
    folded.headworks("topics", "apply")
    for name in ("alerts", "aggregate"):  # the sink's places went with the topic: it reads the new one
        refused_at_start(folded, name, "made anew")


def refused_at_start(cluster: Cluster, name: str, *said: str) -> None:
    """The service ends with code 1 and one sentence that has each of `said`; it has written nothing."""
    topics = (*STATEFUL, "positions")
    before, committed = cluster.kafka.ends(*topics), cluster.kafka.committed("alerts")
    done = cluster.headworks(name, code=1, within=60)
    assert "Traceback" not in done.stderr
    sentence = done.stderr[done.stderr.rindex("error:") :]
    for words in said:
        assert re.search(words, sentence), sentence
    assert cluster.kafka.ends(*topics) == before
    assert cluster.kafka.committed("alerts") == committed
