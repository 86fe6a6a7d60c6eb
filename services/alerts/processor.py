"""AlertProcessor: the alarm side of Headworks as a Processor, for whichever runtime carries it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from services.alerts.detection.layout import STATE_SCHEMA
from services.alerts.site import SiteFold
from services.core.catalogue import from_json
from services.core.frame import Frame
from services.core.packing import pack, unpack
from services.core.records import Command, Config, Output, Record, Tick


class AlertProcessor:
    """Folds site logs into alarm events, incidents and derived readings.

    A site exists from its first Config record on; what comes before it is not judged, nor obeyed.
    """

    name = "alerts"

    def __init__(self) -> None:
        self._folds: dict[str, SiteFold] = {}
        self._packed: dict[str, bytes] = {}  # compressed catalogue JSON, made once a version

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """See Processor. Raises ValueError for a Config that is not a catalogue."""
        out: list[Output] = []
        frames: list[Frame] = []
        for record in records:
            if isinstance(record, Frame):
                frames.append(record)
                continue
            if frames:
                out += self._frames(site, frames)
                frames = []
            match record:
                case Tick():
                    fold = self._folds.get(site)
                    out += fold.advance(record.time) if fold is not None else []
                case Config():
                    out += self._configure(site, record)
                case Command():
                    fold = self._folds.get(site)
                    out += fold.obey(record) if fold is not None else []
        if frames:
            out += self._frames(site, frames)
        return out

    def _frames(self, site: str, frames: list[Frame]) -> list[Output]:
        fold = self._folds.get(site)
        return fold.frames(frames) if fold is not None else []

    def _configure(self, site: str, record: Config) -> list[Output]:
        old = self._folds.get(site)
        if old is not None and old.plan.version == record.version:
            return []
        new = SiteFold(from_json(record.catalogue_json), record.version, record.time)
        out = new.adopt(old, record.time) if old is not None else []
        self._folds[site] = new
        self._packed[site] = zlib.compress(record.catalogue_json.encode(), 6)
        return out

    def refused(self, site: str) -> int:
        """Readings and frames of the site that broke the contract of frames, and were not judged."""
        fold = self._folds.get(site)
        return fold.lawful.refused if fold is not None else 0

    @property
    def refused_in_all(self) -> int:
        """The same of all sites."""
        return sum(fold.lawful.refused for fold in list(self._folds.values()))

    def dump(self, site: str) -> bytes:
        """See Processor. Empty for a site that has no Config yet."""
        fold = self._folds.get(site)
        if fold is None:
            return b""
        meta, arrays = fold.dump()
        head = {"schema": STATE_SCHEMA, "version": fold.plan.version, "fold": meta}
        catalogue = self._packed[site]
        return len(catalogue).to_bytes(4, "little") + catalogue + pack(head, arrays)

    def load(self, site: str, state: bytes) -> None:
        """See Processor."""
        if not state:
            self._folds.pop(site, None)
            return
        size = int.from_bytes(state[:4], "little")
        try:
            catalogue = zlib.decompress(state[4 : 4 + size]).decode()
        except zlib.error as error:
            raise ValueError(f"damaged state of {site}: {error}") from None
        meta, arrays = unpack(state[4 + size :])
        if meta["schema"] != STATE_SCHEMA:
            raise ValueError(f"state of {site} has schema {meta['schema']}, this version reads {STATE_SCHEMA}")
        fold = SiteFold(from_json(catalogue), meta["version"])
        fold.load(meta["fold"], arrays)
        self._folds[site] = fold
        self._packed[site] = state[4 : 4 + size]
