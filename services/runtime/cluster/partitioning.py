"""Where a site's log is: Java's murmur2 over the key, so that every Kafka client finds the same partition."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=1 << 17)
def partition_of(key: str, partitions: int) -> int:
    """The partition, 0 <= p < `partitions`, of a key (a site) in a topic with so many."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
