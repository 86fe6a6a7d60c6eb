"""The archive: whatever interrupts it, every offset is in one file once; what is missing is said; and the way back."""

from __future__ import annotations

import errno
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.sinks.parquet.archive import Archive, Limits, OffsetsMissing, Part
from services.aggregator.sinks.parquet.archive_files import ArchiveError, Source, folder_of, holding
from services.aggregator.sinks.parquet.archive_reading import ArchivedLog
from services.aggregator.sinks.parquet.spans import Span
from services.core.catalogue import Point, Rule, Site, Station, to_json
from services.core.clock import MINUTE
from services.core.codec import encode_records
from services.core.frame import make_frame
from services.core.ports import Entry
from services.core.records import Command, Config, Record, Tick

SOURCE = Source("headworks.sites", "id-1", 2)


def config(site: str = "no3", points: Sequence[str] = ("raw_turbidity", "raw_flow")) -> Config:
    stale = Rule(id="r", kind="stale", priority="medium", consequence="c", response="r", respond_within=MINUTE)
    model = Site(
        id=site, group="liuyang", name=site, kind="plant", time_zone="Asia/Shanghai",
        stations=(
            Station(id="intake", type="intake", name="Intake", heartbeat=MINUTE, stale_after=MINUTE, stale=stale),
        ),
        points=tuple(Point(station="intake", name=name) for name in points),
    )  # fmt: skip
    return Config(site, "v1", to_json(model), 1)


def frame(number: int, value: float = 1.0, site: str = "no3", n: int = 3) -> Record:
    times = number * 1000 + np.arange(n, dtype=np.int64)
    points = np.arange(n, dtype=np.int32) % 2
    return make_frame(site, "intake", times, points, np.full(n, value), epoch=7, number=number)


def entry(offset: int, *records: Record, key: str = "no3") -> Entry:
    return Entry(offset, "sites", key, encode_records(records))


def log(count: int) -> list[Entry]:
    """Messages of one, two and more records; ticks, a command, what is no record, and frames that come twice."""
    entries = [entry(0, config())]
    for offset in range(1, count):
        match offset % 7:
            case 0:
                entries.append(Entry(offset, "sites", "no3", b"\xff\xff"))
            case 1:
                entries.append(entry(offset, Tick(offset * 1000), key=""))
            case 2:
                entries.append(entry(offset, Command("c", "no3", offset, "li", "works", "acknowledge")))
            case 3:
                entries.append(entry(offset, frame(2 * offset), frame(2 * offset + 1)))
            case _:
                entries.append(entry(offset, frame(2 * (offset - offset % 7 + 3)), frame(100 + 2 * offset)))
    return entries


def opened(root: Path, **limits: float) -> Archive:
    return Archive(root, SOURCE, {}, Limits(**limits))  # type: ignore[arg-type]


def keep(part: Part) -> None:
    while part.write_one() is not None:
        pass


def feed(part: Part, entries: Sequence[Entry], chunk: int = 5) -> None:
    """As Kafka would, from the offset that is asked for."""
    asked = part.ask()
    wanted = [one for one in entries if one.offset >= asked]
    for at in range(0, len(wanted), chunk):
        part.take(wanted[at : at + chunk], entries[-1].offset + 1, 0.0)


def names(folder: Path) -> list[str]:
    return sorted(f"{path.parent.name}/{path.name}" for path in folder.glob("*/*"))


def test_every_message_comes_back_byte_for_byte_and_its_readings_have_names(tmp_path: Path) -> None:
    entries = log(40)
    archive = opened(tmp_path)
    feed(archive.parts[1], entries)
    keep(archive.parts[1])
    back = ArchivedLog(tmp_path)
    assert list(back.entries(1)) == entries
    assert list(back.entries(0)) == []
    assert back.missing(1) == []
    readings = pq.read_table(tmp_path / "partition-0001/readings").to_pylist()
    row = next(one for one in readings if one["log_offset"] == 3)
    assert (row["log_partition"], row["log_index"], row["site"], row["station"]) == (1, 0, "no3", "intake")
    assert (row["point"], row["time"].value, row["value"], row["quality"]) == ("raw_turbidity", 6000, 1.0, 0)
    assert [one["point"] for one in readings[:3]] == ["raw_turbidity", "raw_flow", "raw_turbidity"]
    records = pq.read_table(tmp_path / "partition-0001/records").to_pylist()
    assert [(r["log_index"], r["kind"], r["epoch"], r["number"]) for r in records if r["log_offset"] in (1, 2, 3)] == [
        (0, "tick", 0, 0), (0, "command", 0, 0), (0, "frame", 7, 6), (1, "frame", 7, 7),
    ]  # fmt: skip
    unread = pq.read_table(tmp_path / "partition-0001/unread").to_pylist()
    assert [(one["log_offset"], one["data"]) for one in unread] == [(at, b"\xff\xff") for at in range(7, 40, 7)]


def test_a_site_whose_config_came_before_is_named_from_the_catalogues(tmp_path: Path) -> None:
    archive = Archive(tmp_path, SOURCE, {"no3": config(), "odd": Config("odd", "v", "{", 1)})
    feed(archive.parts[0], [entry(0, frame(1), frame(2, site="odd"), frame(3, site="new"))])
    keep(archive.parts[0])
    rows = pq.read_table(tmp_path / "partition-0000/readings").to_pylist()
    assert [row["point"] for row in rows] == ["raw_turbidity", "raw_flow", "raw_turbidity", *["#0", "#1", "#0"] * 2]


class Full(OSError):
    """No space left."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "No space left on device")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_whenever_it_fails_or_dies_every_offset_is_there_once(seed: int) -> None:
    """Fails or dies before or after any renaming and syncing; goes on in place or from its files."""
    draw, entries = random.Random(seed), log(60)

    def trip(real):
        def tripping(*arguments, **more):
            if draw.random() < 0.15:
                raise Full
            result = real(*arguments, **more)
            if draw.random() < 0.1:
                raise Full
            return result

        return tripping

    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        root = Path(name)
        opened(root)
        for owner, attribute in ((Path, "replace"), (pq, "write_table"), (Path, "unlink")):
            patched.setattr(owner, attribute, trip(getattr(owner, attribute)))
        for _ in range(200):
            try:
                part = opened(root).parts[0]
            except OSError:
                continue
            asked = part.ask()
            for at in range(asked, len(entries), 4):
                part.take(entries[at : at + 4], len(entries), 0.0)
                if draw.random() < 0.6:
                    while part.held:
                        try:
                            part.write_one()
                        except OSError:
                            if draw.random() < 0.3:
                                break
                    if part.held:
                        break  # died
            if part.next == len(entries) and not part.held:
                break
        patched.undo()
        feed(part := opened(root).parts[0], entries)
        keep(part)
        assert list(ArchivedLog(root).entries(0)) == entries
        folder = folder_of(root, 0)
        kept = set((folder / "records").iterdir())
        assert {path.name for path in kept} >= {path.name for path in folder.glob("*/*")}


def test_a_full_disk_leaves_nothing_behind_and_is_gone_on_from(tmp_path: Path, monkeypatch) -> None:
    part = opened(tmp_path).parts[0]
    feed(part, log(20))
    real, calls = pq.write_table, []

    def full(table: pa.Table, file: object, **more: object) -> None:
        calls.append(table)
        if len(calls) > 1:
            file.write(b"PAR1 half of it")  # type: ignore[attr-defined]
            raise Full
        real(table, file, **more)

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        part.write_one()
    assert names(part.folder) == []
    monkeypatch.undo()
    keep(part)
    assert list(ArchivedLog(tmp_path).entries(0)) == log(20)


def test_what_the_log_no_longer_has_is_marked_counted_and_not_asked_for_again(tmp_path: Path) -> None:
    entries = log(60)
    part = opened(tmp_path).parts[0]
    feed(part, entries[10:20])
    keep(part)
    assert part.lost == 10
    part = opened(tmp_path).parts[0]
    assert part.next == 20
    assert [word for word in part.said if "0-9 are in no file" in word]
    feed(part, entries[30:40])
    keep(part)
    again = opened(tmp_path).parts[0]
    assert (again.next, again.lost) == (40, 20)
    assert ArchivedLog(tmp_path).missing(0) == [Span(0, 9), Span(20, 29)]
    assert [one.offset for one in ArchivedLog(tmp_path).entries(0)] == [*range(10, 20), *range(30, 40)]


def test_a_jump_on_the_way_is_not_taken_for_a_loss_of_the_log(tmp_path: Path) -> None:
    entries = log(30)
    part = opened(tmp_path).parts[0]
    feed(part, entries[:10])
    with pytest.raises(OffsetsMissing, match="offset 15 came where 10 was due"):
        part.take(entries[15:], 30, 0.0)
    feed(part, entries)
    keep(part)
    assert list(ArchivedLog(tmp_path).entries(0)) == entries


def test_a_file_that_went_is_asked_for_again_and_the_others_are_not_taken_twice(tmp_path: Path) -> None:
    entries = log(40)
    part = opened(tmp_path).parts[0]
    for end in (10, 20, 30, 40):
        feed(part, entries[:end])
        keep(part)
    for path in part.folder.glob("*/*-*19.parquet"):
        path.unlink()
    part = opened(tmp_path).parts[0]
    assert part.next == 10
    assert ["10-19 are in no file: asked for again" in word for word in part.said] == [True]
    feed(part, [*entries, entry(40, frame(999))], chunk=100)
    assert [batch.span for batch in part.batches] == [Span(10, 19), Span(40, 40)]
    assert part.closed
    keep(part)
    assert list(ArchivedLog(tmp_path).entries(0))[:40] == entries


def test_what_two_files_hold_twice_is_removed_and_nothing_else(tmp_path: Path) -> None:
    entries = log(40)
    for root, cuts in ((tmp_path / "a", (10, 30)), (tmp_path / "b", (5, 20, 40))):
        part = opened(root).parts[0]
        for end in cuts:
            feed(part, entries[:end])
            keep(part)
    for path in (tmp_path / "b").glob("partition-*/*/*.parquet"):
        path.rename(tmp_path / "a" / path.relative_to(tmp_path / "b"))
    part = opened(tmp_path / "a").parts[0]
    assert part.next == 40
    assert len([word for word in part.said if "in two files" in word]) == 4
    assert list(ArchivedLog(tmp_path / "a").entries(0)) == entries
    readings = pq.read_table(tmp_path / "a/partition-0000/readings").to_pylist()
    places = [(row["log_offset"], row["log_index"], row["time"].value) for row in readings]
    assert len(places) == len(set(places))
    assert opened(tmp_path / "a").parts[0].said == []


def test_another_log_is_refused_and_the_archive_stays_as_it_is(tmp_path: Path) -> None:
    part = opened(tmp_path).parts[0]
    feed(part, log(5))
    keep(part)
    before = names(part.folder)
    for other in (Source("headworks.sites", "id-2", 2), Source("headworks.sites", "id-1", 4)):
        with pytest.raises(ArchiveError, match=r"made anew or its partitions were changed.*HEADWORKS_ARCHIVE_DIR"):
            Archive(tmp_path, other, {})
    assert names(part.folder) == before
    (tmp_path / "log.json").unlink()
    with pytest.raises(ArchiveError, match=r"no log\.json"):
        opened(tmp_path)
    with pytest.raises(ArchiveError, match="is not an archive"):
        ArchivedLog(tmp_path / "nowhere")


def test_a_file_of_another_log_among_the_files_is_not_read_as_this_one(tmp_path: Path) -> None:
    for root, source in ((tmp_path / "a", SOURCE), (tmp_path / "b", Source("headworks.sites", "id-2", 2))):
        part = Archive(root, source, {}).parts[0]
        feed(part, log(5))
        keep(part)
    (file,) = (tmp_path / "b/partition-0000/records").iterdir()
    file.replace(tmp_path / "a/partition-0000/records" / file.name)
    with pytest.raises(ArchiveError, match="holds log id-2"):
        list(ArchivedLog(tmp_path / "a").entries(0))


def test_a_log_that_lost_its_end_is_refused(tmp_path: Path) -> None:
    part = opened(tmp_path).parts[0]
    feed(part, log(20))
    keep(part)
    part = opened(tmp_path).parts[0]
    part.ask()
    with pytest.raises(ArchiveError, match="ends at offset 12, and the archive goes on to 19"):
        part.take(log(12), 12, 0.0)


def test_a_batch_is_due_by_rows_bytes_age_or_when_all_together_are_too_much(tmp_path: Path) -> None:
    tick, big = entry(0, Tick(1), key=""), entry(0, frame(1, n=99))
    archive = opened(tmp_path, readings=100, size=10 * len(big.data), seconds=60, total=20 * len(big.data))
    one, two = archive.parts
    feed(one, [big])
    assert (archive.due(59.0), archive.due(60.0)) == ([], [one])
    feed(one, [entry(1, frame(2, n=1))])
    assert archive.due(0.0) == [one]
    keep(one)
    assert (archive.messages, archive.size) == (0, 0)
    feed(one, [tick._replace(offset=2), tick._replace(offset=3)])
    feed(two, [tick])
    archive.limits = Limits(total=archive.size)
    assert archive.due(0.0) == []
    archive.limits = Limits(total=archive.size - 1)
    assert archive.due(0.0) == [one]
    archive.limits = Limits(total=0)
    assert archive.due(0.0) == [one, two]
    archive.limits = Limits(size=len(tick.data))
    assert archive.due(0.0) == [one, two]


def test_the_records_come_back_once_each(tmp_path: Path) -> None:
    part = opened(tmp_path).parts[0]
    feed(part, [
        entry(0, frame(1), frame(2)), entry(1, Tick(10), key=""), entry(2, frame(2), frame(3)),
        entry(3, Tick(10), Tick(9), Tick(11), key=""), entry(4, frame(3, site="other")),
    ])  # fmt: skip
    keep(part)
    records = list(ArchivedLog(tmp_path).records(0))
    assert [(r.time if isinstance(r, Tick) else (r.site, r.number)) for r in records] == [  # type: ignore[union-attr]
        ("no3", 1), ("no3", 2), 10, ("no3", 3), 11, ("other", 3),
    ]  # fmt: skip
    assert holding(part.folder).lost == []
