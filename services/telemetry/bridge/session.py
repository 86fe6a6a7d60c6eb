"""What the bridge knows of one gateway: its births, its numbers, and what it last asked of it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.core.catalogue import Site
from services.core.errors import Rejected
from services.core.ports import Position
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.decode import Certificate

#: Frames of a source without numbers that are remembered to recognise one that comes again.
RING = 512

#: A number is a position in the log, which holds it as a signed one.
LAST_NUMBER = 2**63 - 1

#: Epochs whose numbers are remembered; beyond it those least lately used are forgotten.
EPOCHS = 1_000

UNKNOWN, NOT_A_POINT, OTHER_UNIT = -1, -2, -3


@dataclass(slots=True)
class Aliases:
    """Alias → (point index or NOT_A_POINT, data type), and names for metrics that come without an alias."""

    known: dict[int, tuple[int, int]] = field(default_factory=dict)
    names: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    _owner: dict[int, str] = field(default_factory=dict)
    _keys: NDArray[np.int64] | None = None
    _rows: NDArray[np.int64] | None = None

    def add(self, device: str, name: str, alias: int | None, point: int, datatype: int) -> None:
        """Takes a metric of a birth."""
        self.names[device, name] = (point, datatype)
        if alias is not None:
            self.known[alias] = (point, datatype)
            self._owner[alias] = device
            self._keys = None

    def forget(self, device: str) -> None:
        """What an earlier birth of `device` said: a birth names all that the device has."""
        for key in [key for key in self.names if key[0] == device]:
            del self.names[key]
        for alias in [alias for alias, owner in self._owner.items() if owner == device]:
            del self.known[alias], self._owner[alias]
        self._keys = None

    def find(self, alias: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(point, data type) of each alias; point UNKNOWN where no birth named it."""
        keys, rows = self.sorted()
        if not len(keys):
            return np.full(len(alias), UNKNOWN, np.int64), np.zeros(len(alias), np.int64)
        at = np.minimum(np.searchsorted(keys, alias), len(keys) - 1)
        hit = keys[at] == alias
        return (
            np.where(hit, rows[at, 0], UNKNOWN),
            np.where(hit, rows[at, 1], 0),
        )

    def sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All aliases (n), ascending, and their (point, data type) (n, 2)."""
        if self._keys is None or self._rows is None:
            pairs = sorted(self.known.items())
            self._keys = np.array([key for key, _ in pairs], np.int64)
            self._rows = np.array([row for _, row in pairs], np.int64).reshape(-1, 2)
        return self._keys, self._rows


class Session:
    """One gateway. `accepted` is the last number taken in the present epoch, `committed` the last one in the log."""

    def __init__(self, site: Site, version: str, position: Position | None) -> None:
        #: Another one, whatever was made of the births and the catalogue before is void.
        self.stamp = 0
        self.revise(site, version)
        self.devices: set[str] = set()
        self.aliases = Aliases()
        self.bdseq: int | None = None
        self.seq = -1
        self.numbered = False
        self.epoch_alias = self.number_alias = -1
        self.epoch = position.epoch if position else 0
        #: By epoch, so that an old gateway's last messages do not make a new one's numbers forgotten.
        self._accepted = {self.epoch: position.number} if position else {}
        self.committed = position or Position(0, 0)
        self.reach = 0
        self.asked = -1e9
        self.gap_since: float | None = None
        self.gap_asks = 0
        self._ring: OrderedDict[bytes, None] = OrderedDict()

    def revise(self, site: Site, version: str) -> None:
        """Takes a version of the catalogue; the births that named the points of another are void."""
        self.site, self.version = site, version
        self.stations = {station.id for station in site.stations}
        self.station_of = np.array([p.station for p in site.points], dtype=object)
        self.die()

    def die(self) -> None:
        """Its aliases mean nothing until it is born again."""
        self.born = False
        self.stamp += 1

    @property
    def accepted(self) -> int:
        """The last number taken in the present epoch."""
        return self._accepted.get(self.epoch, 0)

    def reached(self, epoch: int) -> int:
        """The last number taken in `epoch`."""
        return self._accepted.get(epoch, 0)

    def accept(self, number: int) -> None:
        """`number` is taken: it is in the log, or refused for good."""
        self._accepted.pop(self.epoch, None)  # to the end: the first is the one least lately used
        self._accepted[self.epoch] = number
        if len(self._accepted) > EPOCHS:
            del self._accepted[next(iter(self._accepted))]
        self.gap_since, self.gap_asks = None, 0

    @property
    def backlog(self) -> bool:
        """Whether the gateway, when it came, held frames that are not taken yet."""
        return self.numbered and self.born and self.accepted < self.reach

    def birth(self, certificate: Certificate) -> int:
        """Takes an NBIRTH. Returns how many numbers are lost: the gateway begins beyond what was taken.

        Rejected("number out of bounds"), with nothing changed, when it begins where the log cannot count.
        """
        first = certificate.number(encode.FIRST) or 1
        if first > LAST_NUMBER:
            raise Rejected("number out of bounds", f"begins with {first}")
        self.born, self.devices, self.aliases = True, set(), Aliases()
        self.stamp += 1
        self.bdseq = certificate.number(encode.BDSEQ)
        self.seq = certificate.seq
        epoch = certificate.number(encode.EPOCH)
        self.numbered = epoch is not None
        for metric in certificate.metrics:
            if metric.alias is not None and metric.name == encode.EPOCH:
                self.epoch_alias = metric.alias
            elif metric.alias is not None and metric.name == encode.NUMBER:
                self.number_alias = metric.alias
        if epoch is None:
            return 0
        self.epoch = epoch
        self.reach = certificate.number(encode.LAST) or 0
        lost = first - 1 - self.accepted
        if lost > 0:
            self.accept(self.accepted + lost)
        return max(lost, 0)

    def name_metrics(self, device: str, certificate: Certificate) -> tuple[list[str], list[str]]:
        """Takes the metrics of a birth; returns the names that are no measured point, and whose unit is another.

        A device's metric is a point of that station; a node's may be named `station/point`. What is computed is not
        measured, and a number of another unit is not the point's.
        """
        strangers: list[str] = []
        otherwise: list[str] = []
        self.stamp += 1
        index = self.site.point_index
        if device in self.devices:
            self.aliases.forget(device)
        for metric in certificate.metrics:
            if not device and ("/" not in metric.name or metric.name.startswith(_OWN)):
                continue
            point = index.get(f"{device}/{metric.name}" if device else metric.name, NOT_A_POINT)
            if point >= 0 and self.site.points[point].derived is not None:
                point = NOT_A_POINT
            if point == NOT_A_POINT:
                strangers.append(metric.name)
            elif metric.unit and _plain(metric.unit) != _plain(self.site.points[point].unit):
                otherwise.append(f"{metric.name} ({metric.unit[:32]}, not {self.site.points[point].unit or 'none'})")
                point = OTHER_UNIT
            self.aliases.add(device, metric.name, metric.alias, point, metric.datatype)
        if device:
            self.devices.add(device)
        return strangers, otherwise

    def follows(self, seq: int) -> bool:
        """Whether Sparkplug's seq follows the last one; it is the last one from now on."""
        if seq < 0:
            return True
        expected, self.seq = (self.seq + 1) % 256, seq
        return seq == expected

    def seen_before(self, topic: str, payload: bytes) -> bool:
        """Whether this very message of a source without numbers came before, among the last RING."""
        key = hashlib.blake2b(payload, digest_size=16, key=topic.encode()[:64]).digest()
        if key in self._ring:
            return True
        self._ring[key] = None
        if len(self._ring) > RING:
            self._ring.popitem(last=False)
        return False


_OWN = ("Headworks/", "Node Control/", "Node Info/", "Properties/")


def _plain(unit: str) -> str:
    """The unit without what people write in different ways: m³/h and m3/h, µS/cm and uS/cm, NTU and ntu."""
    return unicodedata.normalize("NFKC", unit).casefold().replace("μ", "u").replace(" ", "")
