"""What a run came to, held against what it must come to: readings in the log and in InfluxDB, journal, state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.aggregator.sinks.parquet.archive_files import folder_of, holding
from services.aggregator.sinks.parquet.archive_reading import ArchivedLog
from services.core.codec import decode_records
from services.core.frame import Frame
from services.core.records import Tick
from services.runtime.cluster.rows import PARTITION, decode_row, newest
from tests.stack.cluster import Cluster, until
from tests.stack.part import Expected, Readings


@dataclass(frozen=True, slots=True)
class Count:
    """Readings found: right ones, and of those that must be there the missing and the wrong; more than must be."""

    stored: int = 0
    missing: int = 0
    wrong: int = 0
    doubled: int = 0

    @property
    def faultless(self) -> bool:
        """All there, all right, none twice."""
        return not (self.missing or self.wrong or self.doubled)


def count(wanted: Readings, found: Readings) -> Count:
    """`found` may hold a point's readings in any order, and one twice."""
    stored = missing = wrong = doubled = 0
    for key, (times, values) in wanted.items():
        got_times, got_values = found.get(key, (np.empty(0, np.int64), np.empty(0)))
        unique, first, repeats = np.unique(got_times, return_index=True, return_counts=True)
        doubled += int((repeats - 1).sum()) + int((~np.isin(unique, times)).sum())
        at = np.searchsorted(unique, times)
        there = (at < len(unique)) & (unique[np.minimum(at, len(unique) - 1)] == times if len(unique) else False)
        same = got_values[first][at[there]] == values[there]
        stored += int(same.sum())
        wrong += int((~same).sum())
        missing += int((~there).sum())
    return Count(stored, missing, wrong, doubled)


@dataclass(frozen=True, slots=True)
class LogContent:
    """Kafka's log of sites. `again`: frames that it has twice, the later of which every reader passes over."""

    readings: Readings
    frames: int
    again: int
    ended: bool


def read_log(cluster: Cluster) -> LogContent:
    """As a processor reads it: of numbered frames the first of each number, in order of their offsets."""
    catalogue = cluster.expected.catalogue
    names = {
        (site.id, index): (site.id, *name.split("/", 1)) for site in catalogue.sites
        for name, index in site.point_index.items()
    }  # fmt: skip
    columns: dict[tuple[str, str, str], tuple[list[int], list[float]]] = {}
    last: dict[tuple[str, int], int] = {}
    frames = again = 0
    ended: dict[int, bool] = {}
    for message in cluster.kafka.messages("sites"):
        for record in decode_records(message.value):
            if isinstance(record, Tick):
                ended[message.partition] = ended.get(message.partition, False) or record.end
            if not isinstance(record, Frame):
                continue
            ended.setdefault(message.partition, False)
            if record.number <= last.get((record.site, record.epoch), 0):
                again += 1
                continue
            last[record.site, record.epoch] = record.number
            frames += 1
            for time, point, value in zip(record.times, record.points, record.values, strict=True):
                site, station, name = names[record.site, int(point)]
                times, values = columns.setdefault((site, station, name), ([], []))
                times.append(int(time))
                values.append(float(value))
    readings = {key: (np.array(times, np.int64), np.array(values)) for key, (times, values) in columns.items()}
    return LogContent(readings, frames, again, bool(ended) and all(ended.values()))


def check_archive(cluster: Cluster, within: float = 30.0) -> None:
    """Every message of the log is in the archive's files, each once, byte for byte."""
    ends = cluster.kafka.ends("sites")

    def complete() -> bool:
        return all(
            sum(span.size for span in holding(folder_of(cluster.archive, partition)).files) >= end
            for (_, partition), end in ends.items()
        )

    until(complete, within, cluster.why)
    archive = ArchivedLog(cluster.archive)
    found = [
        (partition, entry.offset, entry.data)
        for _, partition in sorted(ends)
        for entry in archive.entries(partition)
    ]  # fmt: skip
    assert found == [(one.partition, one.offset, one.value) for one in cluster.kafka.messages("sites")]


def check_state(cluster: Cluster, wanted: Expected) -> None:
    """Each site's newest row is folded to its partition's end, and knows what an undisturbed processor knows."""
    ends = cluster.kafka.ends("sites")
    rows = newest(
        (message.key.decode(), message.value)
        for message in cluster.kafka.messages("alerts-state")
        if message.key.decode() != PARTITION
    )
    assert rows.keys() == wanted.states.keys()
    for site, data in rows.items():
        row = decode_row(data)
        assert row.offset == ends["sites", row.part.partition] - 1, f"{site} is not folded to the end"
        assert row.state == wanted.states[site], f"{site} knows something else"
