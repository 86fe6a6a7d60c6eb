"""The rows of a worker's changelog: what it keeps of a site, and of a partition, with how far it has folded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from services.core.errors import LogError
from services.core.pb import headworks_pb2 as pb

ROW_SCHEMA = 1

#: The key of the row that stands for the partition as a whole.
PARTITION = ""


@dataclass(frozen=True, slots=True)
class LogPart:
    """One partition of a log of sites. `log` is the topic's id: one that is made anew has another."""

    log: str
    partition: int
    partitions: int

    def __str__(self) -> str:
        return f"partition {self.partition} of {self.partitions}, log {self.log}"


@dataclass(frozen=True, slots=True)
class Row:
    """`numbers`: (epoch, last number folded), the epoch last heard at the end. `state`: as the processor gave it."""

    part: LogPart
    offset: int
    numbers: tuple[tuple[int, int], ...] = ()
    last_tick: int = 0
    state: bytes = b""


def encode_row(row: Row) -> bytes:
    """The bytes of a changelog entry; equal rows give equal bytes."""
    part = row.part
    message = pb.StateRow(
        schema=ROW_SCHEMA,
        log=part.log,
        partition=part.partition,
        partitions=part.partitions,
        offset=row.offset,
        last_tick=row.last_tick,
        state=row.state,
        position=[pb.SitePosition(epoch=epoch, number=number) for epoch, number in row.numbers],
    )
    return message.SerializeToString(deterministic=True)


def decode_row(data: bytes) -> Row:
    """LogError for damaged bytes or another schema: such a state must not be gone on from."""
    try:
        message = pb.StateRow.FromString(data)
    except DecodeError as error:
        raise LogError(f"a state row cannot be read ({error}): the changelog is damaged") from error
    if message.schema != ROW_SCHEMA:
        raise LogError(f"a state row has schema {message.schema}, this version reads {ROW_SCHEMA}")
    return Row(
        LogPart(message.log, message.partition, message.partitions),
        message.offset,
        tuple((position.epoch, position.number) for position in message.position),
        message.last_tick,
        message.state,
    )


def newest(rows: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """By key the row with the highest offset, whatever order they come in.

    A worker that was paused and has lost its partition may still write an older row after the newer one.
    """
    best: dict[str, tuple[int, bytes]] = {}
    for key, data in rows:
        offset = decode_row(data).offset
        if key not in best or offset >= best[key][0]:
            best[key] = (offset, data)
    return {key: data for key, (_, data) in best.items()}
