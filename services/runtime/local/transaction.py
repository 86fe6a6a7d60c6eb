"""What one transaction of the log does, on the writer's connection: nothing here waits or commits."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.core.codec import decode_record, encode_record
from services.core.frame import Frame
from services.core.ports import Position, Reject
from services.core.records import Config, Record, Tick

#: Topic of the sites' records; the processors' topics are named in services.core.codec.
SITES = "sites"

#: Of a rejected payload this much is kept; its size and count are exact.
KEPT_PAYLOAD = 256 * 1024

#: Rejects that are kept, the newest; and sources that are counted by name, the rest together as OTHERS.
KEPT_REJECTS, COUNTED_SOURCES = 5_000, 5_000
OTHERS = "(others)"

Output = tuple[str, str, bytes]


class OutOfSequence(AssertionError):
    """A frame that the log has already, by its gateway's number, or a cursor that goes back. Nothing was taken.

    The caller has to look at `positions()` or `load_cursor()` and go on from there.
    """


@dataclass(frozen=True, slots=True)
class Frontier:
    """What is durable; replaced as a whole after each commit, so that it can be read without a lock."""

    positions: Mapping[str, Position]
    heads: Mapping[str, int]
    next_offset: int
    last_tick: int

    def head(self, topics: Sequence[str] | None) -> int:
        """The last offset of `topics`, of all when None; 0 when there is none."""
        if topics is None:
            return max(self.heads.values(), default=0)
        return max((self.heads.get(topic, 0) for topic in topics), default=0)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records encoded for the log, before it is known where they will stand."""

    records: Sequence[Record]
    encoded: list[bytes]
    cost: int

    @classmethod
    def of(cls, records: Sequence[Record]) -> Prepared:
        encoded = [encode_record(record) for record in records]
        return cls(records, encoded, sum(map(len, encoded)) + 64 * len(encoded))


def read_frontier(connection: sqlite3.Connection) -> Frontier:
    """The frontier of a file that was just opened."""
    rows = connection.execute("SELECT site, epoch, number FROM positions")
    positions = {site: Position(int(epoch), number) for site, epoch, number in rows}
    topics = [row[0] for row in connection.execute("SELECT DISTINCT topic FROM log")]
    heads = {topic: last_offset(connection, topic) for topic in topics}
    used = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='log'").fetchone()
    tick = connection.execute("SELECT value FROM meta WHERE key='last_tick'").fetchone()
    return Frontier(positions, heads, (used[0] if used else 0) + 1, int(tick[0]) if tick else 0)


def last_offset(connection: sqlite3.Connection, topic: str, until: int = 2**62) -> int:
    """The last offset of `topic` that is at most `until`; 0 when there is none."""
    row = connection.execute("SELECT max(offset) FROM log WHERE topic=? AND offset<=?", (topic, until)).fetchone()
    return int(row[0] or 0)


@dataclass
class Transaction:
    """A transaction under way: its operations see each other's positions before any is durable."""

    connection: sqlite3.Connection
    positions: dict[str, Position]
    heads: dict[str, int]
    next_offset: int
    last_tick: int
    moved: set[str] = field(default_factory=set)

    @classmethod
    def after(cls, frontier: Frontier, connection: sqlite3.Connection) -> Transaction:
        return cls(
            connection, dict(frontier.positions), dict(frontier.heads),
            frontier.next_offset, frontier.last_tick,
        )  # fmt: skip

    def close(self) -> Frontier:
        """Writes what is written once a transaction, and returns what will be durable with it."""
        self.connection.executemany(
            "INSERT INTO positions VALUES (?,?,?) ON CONFLICT (site) DO UPDATE SET "
            "epoch=excluded.epoch, number=excluded.number",
            [(s, str(self.positions[s].epoch), self.positions[s].number) for s in self.moved],
        )
        return Frontier(self.positions, self.heads, self.next_offset, self.last_tick)

    def append(self, prepared: Prepared) -> int:
        """The offset of the last record. OutOfSequence, with nothing changed, for a wrong number."""
        moved = self._next_positions(prepared.records)
        rows, ticks, catalogues = [], [], []
        for offset, (record, data) in enumerate(zip(prepared.records, prepared.encoded, strict=True), self.next_offset):
            rows.append((offset, SITES, "" if isinstance(record, Tick) else record.site, data))
            if isinstance(record, Tick):
                ticks.append((offset, record.time))
            elif isinstance(record, Config):
                catalogues.append((offset, record.site, record.version))
        self._insert(rows)
        if ticks:
            self.connection.executemany("INSERT INTO ticks VALUES (?,?)", ticks)
            self.last_tick = ticks[-1][1]
            self.set_meta("last_tick", str(self.last_tick))
        if catalogues:
            self.connection.executemany("INSERT INTO catalogues VALUES (?,?,?)", catalogues)
        self.positions.update(moved)
        self.moved.update(moved)
        return self.next_offset - 1

    def _next_positions(self, records: Sequence[Record]) -> dict[str, Position]:
        moved: dict[str, Position] = {}
        for record in records:
            if not isinstance(record, Frame) or not record.number:
                continue
            have = moved.get(record.site) or self.positions.get(record.site)
            same = have is not None and have.epoch == record.epoch
            # A jump forward is the bridge's word that numbers between were refused or given up, and counted.
            if have is not None and same and record.number <= have.number:
                raise OutOfSequence(
                    f"gateway {record.site}: frame {record.number} of epoch {record.epoch} "
                    f"is not beyond what the log has ({have})"
                )
            moved[record.site] = Position(record.epoch, record.number)
        return moved

    def _insert(self, rows: list[tuple[int, str, str, bytes]]) -> None:
        if not rows:
            return
        self.connection.executemany("INSERT INTO log VALUES (?,?,?,?)", rows)
        self.next_offset = rows[-1][0] + 1
        for offset, topic, _, _ in rows:
            self.heads[topic] = offset

    def commit_step(
        self,
        processor: str,
        cursor: int,
        states: Mapping[str, bytes],
        outputs: Sequence[Output],
        rejects: Sequence[Reject],
    ) -> None:
        """State, outputs, dead letters and cursor of a step. OutOfSequence when the cursor goes back."""
        row = self.connection.execute("SELECT offset FROM cursors WHERE name=?", (processor,)).fetchone()
        if row is not None and cursor < row[0]:
            raise OutOfSequence(f"{processor}: cursor {cursor} is behind the committed {row[0]}")
        self._insert([(i, *output) for i, output in enumerate(outputs, self.next_offset)])
        self.connection.executemany(
            "INSERT INTO states VALUES (?,?,?) ON CONFLICT (processor, site) DO UPDATE SET data=excluded.data",
            [(processor, site, data) for site, data in states.items()],
        )
        self.connection.execute(
            "INSERT INTO cursors VALUES (?,?) ON CONFLICT (name) DO UPDATE SET offset=excluded.offset",
            (processor, cursor),
        )
        if rejects:
            self.reject(rejects)

    def reject(self, rejects: Sequence[Reject]) -> None:
        """Keeps rejects, their payload cut, and counts them all: whoever sends rubbish must not fill the disk."""
        rejects = list(rejects)
        self.connection.executemany(
            "INSERT INTO rejects (source, reason, detail, payload, size, received) VALUES (?,?,?,?,?,?)",
            [(r.source, r.reason, r.detail, r.payload[:KEPT_PAYLOAD], len(r.payload), r.received) for r in rejects],
        )
        self.connection.execute("DELETE FROM rejects WHERE id <= (SELECT max(id) FROM rejects) - ?", (KEPT_REJECTS,))
        known = set(self.connection.execute("SELECT source, reason FROM reject_counts"))
        counted: Counter[tuple[str, str]] = Counter()
        for reject in rejects:
            key = (reject.source, reject.reason)
            if key not in known:
                key = key if len(known) < COUNTED_SOURCES else (OTHERS, reject.reason)
                known.add(key)
            counted[key] += 1
        self.connection.executemany(
            "INSERT INTO reject_counts VALUES (?,?,?) ON CONFLICT (source, reason) DO UPDATE "
            "SET count=count+excluded.count",
            [(*key, count) for key, count in counted.items()],
        )

    def set_meta(self, key: str, value: str) -> None:
        """Sets a named text."""
        self.connection.execute(
            "INSERT INTO meta VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value=excluded.value",
            (key, value),
        )

    def forget(self, name: str) -> None:
        """Removes a follower's cursor and states, so that retention no longer waits for it."""
        self.connection.execute("DELETE FROM cursors WHERE name=?", (name,))
        self.connection.execute("DELETE FROM states WHERE processor=?", (name,))

    def trim(self, before: int | None, max_bytes: int | None, limit: int) -> int:
        """Deletes at most `limit` of the oldest entries; see LocalLog.trim. Returns how many."""
        slowest = self.connection.execute("SELECT min(offset) FROM cursors").fetchone()[0]
        end = 0 if slowest is None else slowest + 1
        if max_bytes is None or self._used_bytes() <= max_bytes:
            # Without a byte limit in force, age decides: the last tick before the limit is the edge.
            row = self.connection.execute("SELECT max(offset) FROM ticks WHERE time<?", (before or 0,)).fetchone()
            end = min(end, row[0] or 0)
        doomed = (
            "SELECT offset FROM log WHERE offset<? AND offset NOT IN "
            "(SELECT max(offset) FROM catalogues GROUP BY site) ORDER BY offset LIMIT ?"
        )
        cursor = self.connection.execute(f"DELETE FROM log WHERE offset IN ({doomed})", (end, limit))
        if cursor.rowcount:
            for table in ("ticks", "catalogues"):
                self.connection.execute(
                    f"DELETE FROM {table} WHERE offset NOT IN (SELECT offset FROM log) AND offset<?",
                    (end,),
                )
        return cursor.rowcount

    def _used_bytes(self) -> int:
        values = [
            self.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        ]
        return int((values[0] - values[1]) * values[2])


def latest_configs(connection: sqlite3.Connection) -> dict[str, Config]:
    """By site: the last Config in the log."""
    rows = connection.execute("SELECT data FROM log WHERE offset IN (SELECT max(offset) FROM catalogues GROUP BY site)")
    found = [decode_record(data) for (data,) in rows]
    return {config.site: config for config in found if isinstance(config, Config)}
