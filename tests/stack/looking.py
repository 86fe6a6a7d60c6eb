"""What Kafka and InfluxDB hold, looked at from outside: by no code of the services but their codec."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError

from tests.stack.part import Readings

_T = TypeVar("_T")

# Loopback needs no proxy, whatever the environment says of one.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Message:
    """One of a topic's."""

    partition: int
    offset: int
    key: bytes
    value: bytes


def _run(make: Callable[[], Coroutine[Any, Any, _T]], within: float) -> _T:
    """In a thread and loop of its own, since a test may be inside one; TimeoutError, or what it raised."""
    found: list[_T] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            found.append(asyncio.run(asyncio.wait_for(make(), within)))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(within + 5.0)
    if raised:
        raise raised[0]
    if not found:
        raise TimeoutError
    return found[0]


class KafkaProbe:
    """Each question makes its own connection, so that nothing outlives a broker that is killed."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap, self.prefix = bootstrap, prefix

    def ends(self, *topics: str, within: float = 10.0) -> dict[tuple[str, int], int]:
        """The next offset of each partition, by (short name, partition)."""
        return _run(lambda: self._ends(topics), within)

    def committed(self, group: str, within: float = 10.0) -> dict[tuple[str, int], int]:
        """The next offset that the group `<prefix>-<group>` will read, by (short name, partition)."""
        return _run(lambda: self._committed(group), within)

    def messages(self, topic: str, within: float = 60.0) -> list[Message]:
        """All that it has, partition by partition, in order."""
        return _run(lambda: self._messages(topic), within)

    def delete(self, *topics: str, within: float = 20.0) -> None:
        """Removes topics by their short names."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            await admin.delete_topics([f"{self.prefix}.{topic}" for topic in topics])

        _run(lambda: self._admin(work), within)

    def widen(self, topic: str, partitions: int, within: float = 20.0) -> None:
        """Gives a topic more partitions."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            await admin.create_partitions({f"{self.prefix}.{topic}": NewPartitions(partitions)})

        _run(lambda: self._admin(work), within)

    def trim(self, topic: str, partition: int, before: int, within: float = 20.0) -> None:
        """Takes away a partition's messages before an offset, as retention would."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            where = TopicPartition(f"{self.prefix}.{topic}", partition)
            await admin.delete_records({where: RecordsToDelete(before_offset=before)})

        _run(lambda: self._admin(work), within)

    def topics(self, within: float = 10.0) -> set[str]:
        """The short names of this generation's topics."""
        before = f"{self.prefix}."

        async def work(admin: AIOKafkaAdminClient) -> set[str]:
            return {name.removeprefix(before) for name in await admin.list_topics() if name.startswith(before)}

        return _run(lambda: self._admin(work), within)

    async def _admin(self, work: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, _T]]) -> _T:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            return await work(admin)
        finally:
            await admin.close()

    async def _committed(self, group: str) -> dict[tuple[str, int], int]:
        before = f"{self.prefix}."

        async def work(admin: AIOKafkaAdminClient) -> dict[tuple[str, int], int]:
            try:
                held = await admin.list_consumer_group_offsets(f"{self.prefix}-{group}")
            except GroupCoordinatorNotAvailableError:
                return {}  # no group has committed anything yet, or the broker has just come back
            return {
                (place.topic.removeprefix(before), place.partition): where.offset
                for place, where in held.items()
                if where.offset >= 0
            }

        return await self._admin(work)

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, request_timeout_ms=5000, enable_auto_commit=False,
            auto_offset_reset="earliest", max_partition_fetch_bytes=16 << 20,
        )  # fmt: skip

    async def _places(self, consumer: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
        metadata = await consumer._client.fetch_all_metadata()
        return [
            TopicPartition(f"{self.prefix}.{topic}", partition)
            for topic in topics
            for partition in sorted(metadata.partitions_for_topic(f"{self.prefix}.{topic}") or ())
        ]

    async def _ends(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        consumer = self._consumer()
        try:
            await consumer.start()
            places = await self._places(consumer, topics)
            ends = await consumer.end_offsets(places) if places else {}
            before = f"{self.prefix}."
            return {(place.topic.removeprefix(before), place.partition): end for place, end in ends.items()}
        finally:
            await consumer.stop()

    async def _messages(self, topic: str) -> list[Message]:
        consumer = self._consumer()
        try:
            await consumer.start()
            places = await self._places(consumer, [topic])
            ends = await consumer.end_offsets(places) if places else {}
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            found: list[Message] = []
            for place in places:
                while await consumer.position(place) < ends[place]:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += [Message(r.partition, r.offset, r.key or b"", r.value or b"") for r in records]
            return sorted(found, key=lambda message: (message.partition, message.offset))
        finally:
            await consumer.stop()


class InfluxProbe:
    """A bucket of its own for each run, so that what a run stored is what is found."""

    def __init__(self, environment: Mapping[str, str], token: str, bucket: str) -> None:
        self.url, self.org = environment["HEADWORKS_INFLUX_URL"], environment["HEADWORKS_INFLUX_ORG"]
        self.bucket, self._token = bucket, token

    def create(self) -> None:
        """Makes the bucket, without a retention limit: 2023 is not too old for it."""
        owner = self._ask(f"/api/v2/orgs?org={self.org}")["orgs"][0]["id"]
        self._ask("/api/v2/buckets", {"orgID": owner, "name": self.bucket, "retentionRules": []})

    def remove(self) -> None:
        """Removes the bucket with all that is in it."""
        for bucket in self._ask(f"/api/v2/buckets?name={urllib.parse.quote(self.bucket)}")["buckets"]:
            self._ask(f"/api/v2/buckets/{bucket['id']}", method="DELETE")

    def readings(self, wanted: Iterable[tuple[str, str, str]]) -> Readings:
        """What the measurement `readings` has of these points."""
        places: dict[tuple[str, str], list[str]] = {}
        for site, station, point in wanted:
            places.setdefault((site, station), []).append(point)
        found: dict[tuple[str, str, str], tuple[Any, Any]] = {}
        for (site, station), points in places.items():
            fields = ",".join(f'"{point}"' for point in points)
            where = f"\"site\"='{site}' AND \"station\"='{station}'"
            # ORDER BY time is InfluxDB's own order.
            series = self._query(f'SELECT {fields} FROM "readings" WHERE {where}')
            if not series:
                continue
            rows = series[0]["values"]
            for column, point in enumerate(series[0]["columns"][1:], 1):
                held = [(row[0], row[column]) for row in rows if row[column] is not None]
                if held:
                    times, values = zip(*held, strict=True)
                    found[site, station, point] = (np.array(times, np.int64), np.array(values, np.float64))
        return found

    def _query(self, text: str) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"db": self.bucket, "epoch": "ns", "q": text})
        (result,) = self._ask(f"/query?{query}", within=60.0)["results"]
        assert "error" not in result, result
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def _ask(self, path: str, body: object = None, method: str | None = None, within: float = 10.0) -> Any:
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with _OPENER.open(request, timeout=within) as answer:
            text = answer.read()
        return json.loads(text) if text else None
