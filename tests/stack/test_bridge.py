"""Several bridges share a field behind a broker with an access list; and each says why it is not ready."""

from pathlib import Path

import pytest

from deploy.native import Ports, Stack
from deploy.native.mosquitto import Mosquitto
from services.core.codec import decode_records
from services.core.records import Tick
from services.runtime.cluster.partitioning import partition_of
from tests.local.storm import first_hours
from tests.stack.cluster import PARTITIONS, Cluster, until
from tests.stack.part import Part
from tests.stack.verdict import count, read_log


@pytest.fixture
def guarded(tmp_path, stack: Stack):
    """A broker that only lets in whom it knows, with a user for each gateway of the storm."""
    del stack  # skips where nothing can be started
    broker = Mosquitto(tmp_path / "guarded", Ports.free(), gateways=("no1", "no2", "no3", "upstream"))
    broker.plain = False
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def problems(service):
    return service.problems() or {}


def test_two_bridges_share_a_field_behind_tls_and_an_access_list(stack: Stack, guarded: Mosquitto, tmp_path: Path):
    event = first_hours(tmp_path, "2023-04-18T18:30:00+08:00")
    port, ca = str(guarded.ports.mqtts), str(guarded.ca_file)
    with Cluster(stack, tmp_path, Part(event), services=()) as cluster:
        bridges = [
            cluster.add(
                "bridge", f"bridge-{i}", bridge_shard=f"{i}/2", mqtt_port=port, mqtt_ca=ca, mqtt_username="bridge",
                mqtt_password_file=str(guarded.password_file("bridge")),
            )
            for i in range(2)
        ]  # fmt: skip
        cluster.wait_ready()
        done = cluster.headworks(
            "simulate", event, "--port", port, "--ca", ca, "--secrets", str(tmp_path / "guarded" / "secrets"),
            "--speed", "max", within=180,
        )  # fmt: skip
        assert "all of them committed" in done.stdout + done.stderr
        log = read_log(cluster)
        assert count(cluster.expected.readings, log.readings).faultless
        assert log.ended
        # Ticks are in the partitions of the sites, and in no other.
        mine = {partition_of(site, PARTITIONS) for site in cluster.part.city().sites} if cluster.part else set()
        assert {
            message.partition
            for message in cluster.kafka.messages("sites")
            for record in decode_records(message.value)
            if isinstance(record, Tick)
        } == mine
        until(lambda: all(bridge.ready for bridge in bridges), 10.0, cluster.why)
        seen = [bridge.figures() for bridge in bridges]
        carried = [figure['headworks_received_total{kind="readings"}'] for figure in seen]
        assert sum(carried) == cluster.expected.published
        for i, figure in enumerate(seen):
            sites = {name.split('"')[1] for name in figure if name.startswith("headworks_last_event_time")}
            assert sites == {site for site in cluster.expected.states if partition_of(site, PARTITIONS) % 2 == i}
            assert not any(name.startswith("headworks_rejected") for name in figure)


def test_a_bridge_waits_for_broker_and_kafka_and_says_so(stack: Stack, tmp_path: Path):
    with Cluster(stack, tmp_path, services=()) as cluster:
        nowhere = str(Ports.free().kafka)
        bridge = cluster.add("bridge", "lonely", mqtt_port=nowhere)
        until(lambda: nowhere in problems(bridge).get("broker", ""), 30.0, cluster.why)
        assert problems(bridge).keys() == {"broker"}
        cut_off = cluster.add("bridge", "cut off", kafka=f"127.0.0.1:{nowhere}")
        until(lambda: nowhere in problems(cut_off).get("kafka", ""), 40.0, cluster.why)
        assert [len(one.lives) for one in (bridge, cut_off)] == [1, 1]
        assert bridge.stop() == 0
        assert cut_off.stop() == 0
        # Topics that are not as the settings say are no reason to wait.
        other = cluster.add("bridge", "other", partitions=str(PARTITIONS + 1))
        until(lambda: "partitions" in other.tail(2000) and other.lives[0].ended is not None, 40.0, cluster.why)
