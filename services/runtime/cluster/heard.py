"""How far one partition of the log of sites is known to be: numbers by site, the last tick, up to which offset."""

from __future__ import annotations

from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from services.core.errors import LogError
from services.core.frame import Frame
from services.core.packed import Packed
from services.core.pb import headworks_pb2 as pb
from services.core.ports import Position
from services.core.records import Record, Tick

#: Epochs of a site that are remembered; a gateway goes back to an old one only by mistake.
_EPOCHS = 8

_ALSO = "remove that topic and `headworks topics apply`, and the log is read from its beginning"


@dataclass(slots=True)
class Heard:
    """`offset`: what is known covers every message up to it that this process wrote or read; -1: none.

    `numbers`: by site, by epoch, the last number in the log; the epoch last heard comes last. What another process
    lands unseen can only make these too low: a gateway then sends again what the log has, and no fold takes it twice.
    """

    offset: int = -1
    last_tick: int = 0
    numbers: dict[str, dict[int, int]] = field(default_factory=dict)

    def has_some(self, packed: Packed) -> bool:
        """Whether a first part of the frames is in the log, and a last part is not."""
        return packed.first <= self.numbers.get(packed.site, {}).get(packed.epoch, 0) < packed.last

    def has(self, record: Record | Packed) -> bool:
        """Whether numbered frames or a tick are in the log already, or stand behind what is."""
        match record:
            case Packed():
                return record.last <= self.numbers.get(record.site, {}).get(record.epoch, 0)
            case Frame():
                epochs = self.numbers.get(record.site)
                return bool(record.number) and epochs is not None and record.number <= epochs.get(record.epoch, 0)
            case Tick():
                return record.time <= self.last_tick and not record.end
            case _:
                return False

    def take(self, record: Record | Packed) -> None:
        """`record` is in the log."""
        if isinstance(record, Packed):
            self._number(record.site, record.epoch, record.last)
        elif isinstance(record, Frame):
            self._number(record.site, record.epoch, record.number)
        elif isinstance(record, Tick):
            self.last_tick = max(self.last_tick, record.time)

    def scan(self, offset: int, data: bytes) -> None:
        """A message that was read. One that cannot be read has no numbers."""
        self.offset = max(self.offset, offset)
        try:
            message = pb.Records.FromString(data)
        except DecodeError:
            return
        for record in message.record:
            if record.HasField("frame"):
                self._number(record.frame.site, record.frame.epoch, record.frame.number)
            elif record.HasField("tick"):
                self.last_tick = max(self.last_tick, record.tick.time)

    def join(self, other: Heard) -> None:
        """What another process knows of the same partition; of a site it leaves the epoch last heard, if there is one.

        Each knows only what is in the log, so the higher number is true.
        """
        self.offset, self.last_tick = max(self.offset, other.offset), max(self.last_tick, other.last_tick)
        for site, epochs in other.numbers.items():
            mine = self.numbers.get(site, {})
            older = {epoch: number for epoch, number in epochs.items() if epoch not in mine}
            self.numbers[site] = {**older, **{e: max(number, epochs.get(e, 0)) for e, number in mine.items()}}

    def positions(self) -> dict[str, Position]:
        """By site the epoch last heard and its number."""
        return {site: Position(*next(reversed(epochs.items()))) for site, epochs in self.numbers.items()}

    def _number(self, site: str, epoch: int, number: int) -> None:
        if not number:
            return
        epochs = self.numbers.setdefault(site, {})
        number = max(number, epochs.pop(epoch, 0))
        epochs[epoch] = number
        if len(epochs) > _EPOCHS:
            del epochs[next(iter(epochs))]


def encode_heard(log: str, partition: int, heard: Heard) -> bytes:
    """The bytes of a checkpoint."""
    return pb.PartitionPositions(
        log=log,
        partition=partition,
        offset=heard.offset,
        last_tick=heard.last_tick,
        position=[
            pb.SitePosition(site=site, epoch=epoch, number=number)
            for site, epochs in sorted(heard.numbers.items())
            for epoch, number in epochs.items()
        ],
    ).SerializeToString(deterministic=True)


def decode_heard(topic: str, log: str, data: bytes) -> tuple[int, Heard]:
    """(partition, what was heard of it). LogError when the bytes are damaged or tell of another log than `log`."""
    try:
        message = pb.PartitionPositions.FromString(data)
    except DecodeError as error:
        raise LogError(f"{topic}: a checkpoint cannot be read ({error}): {_ALSO}") from error
    if message.log != log:
        raise LogError(
            f"{topic} tells of the log of sites {message.log}, and this is {log}: the topic was made anew, and its "
            f"gateways' numbers are not in it. Take a new generation of topics (HEADWORKS_KAFKA_PREFIX), or {_ALSO}"
        )
    heard = Heard(message.offset, message.last_tick)
    for one in message.position:
        heard.numbers.setdefault(one.site, {})[one.epoch] = one.number
    return message.partition, heard
