"""Held: what the sites of one fold have said of its last two days of windows, and what was given out of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.aggregator.zones.terms import PlantBalance, definition_of
from services.core.catalogue.zones import Zone
from services.core.clock import DAY
from services.core.records import FROM_ARCHIVE, SiteStep

#: Windows that ended longer ago than this (ns) before the newest are no longer kept, nor given out again.
KEEPS = 3 * DAY

_SCHEMA = 1


class Row(NamedTuple):
    """Of a member in a window: m3 (NaN: unknown), seconds not known, the last value (NaN: none)."""

    volume: float
    gap: float
    last: float


@dataclass(slots=True)
class Said:
    """What one site has said of a window, up to `revision`. definition: its number in Held.definitions."""

    end: int
    revision: int
    configured: int
    definition: int
    rows: dict[str, Row] = field(default_factory=dict)


_Window = tuple[int, int]


@dataclass(slots=True)
class Held:
    """windows: by (width, start) what each site has said.  given: by (kind, start, width) how often that was told."""

    windows: dict[_Window, dict[str, Said]] = field(default_factory=dict)
    given: dict[tuple[str, int, int], int] = field(default_factory=dict)
    definitions: list[str] = field(default_factory=list)
    newest: int = 0
    too_late: int = 0

    def take(self, step: SiteStep) -> bool:
        """Whether it says anything new. Steps that come again, as after a crash, say nothing new."""
        if step.end <= self.newest - KEEPS:
            self.too_late += 1
            return False
        window = self.windows.setdefault((step.width, step.start), {})
        said = window.get(step.origin)
        if said is not None and step.revision <= said.revision and step.revision < FROM_ARCHIVE:
            return False
        if step.definition not in self.definitions:
            self.definitions.append(step.definition)
        number = self.definitions.index(step.definition)
        if said is None:
            said = window[step.origin] = Said(step.end, step.revision, step.configured, number)
        else:
            said.revision = step.revision
            if step.configured >= said.configured:
                said.configured, said.definition = step.configured, number
        for name, *row in zip(step.members, step.volume, step.gap, step.last, strict=True):
            said.rows[name] = Row(*row)
        if step.end > self.newest:
            self.newest = step.end
            self._forget(self.newest - KEEPS)
        return True

    def _forget(self, until: int) -> None:
        old = [window for window, said in self.windows.items() if next(iter(said.values())).end <= until]
        for window in old:
            del self.windows[window]
        if old:
            self.given = {key: n for key, n in self.given.items() if key[1] + key[2] > until}
            used = sorted({said.definition for window in self.windows.values() for said in window.values()})
            for sites in self.windows.values():
                for said in sites.values():
                    said.definition = used.index(said.definition)
            self.definitions = [self.definitions[n] for n in used]

    def definition(self, key: str, width: int, start: int) -> Zone | PlantBalance:
        """What is in force in a window: of what its sites have said the newest."""
        window = self.windows[width, start].values()
        text = max((said.configured, self.definitions[said.definition]) for said in window)[1]
        return definition_of(key, text)

    def complete(self, width: int, start: int, sites: Iterable[str]) -> bool:
        """Whether each of these has said that the window is over."""
        return set(sites) <= self.windows.get((width, start), {}).keys()

    def row(self, width: int, start: int, member: str) -> Row:
        """A member's row; all unknown when its site has said nothing of it."""
        said = self.windows.get((width, start), {}).get(member.split("/", 1)[0])
        return (said.rows.get(member) if said else None) or Row(math.nan, math.nan, math.nan)

    def end(self, width: int, start: int) -> int:
        """Of a window that is held."""
        return next(iter(self.windows[width, start].values())).end

    def before(self, width: int, start: int) -> int | None:
        """The beginning of the window that ends where this one begins; None when it is not held."""
        return next((s for (w, s) in self.windows if w == width and s < start and self.end(w, s) == start), None)

    def revision(self, kind: str, start: int, width: int) -> int:
        """Counts one more giving out, and says how many there were before."""
        number = self.given.get((kind, start, width), -1) + 1
        self.given[kind, start, width] = number
        return number

    # -- state

    def dump(self) -> dict[str, Any]:
        """As JSON data; equal states give equal data."""
        windows = [
            [*window, [
                [site, s.end, s.revision, s.configured, s.definition,
                 [[name, *map(_told, row)] for name, row in sorted(s.rows.items())]]
                for site, s in sorted(said.items())
            ]]
            for window, said in sorted(self.windows.items())
        ]  # fmt: skip
        given = [[*key, n] for key, n in sorted(self.given.items())]
        return {
            "schema": _SCHEMA, "windows": windows, "given": given, "definitions": self.definitions,
            "newest": self.newest, "too_late": self.too_late,
        }  # fmt: skip

    @classmethod
    def load(cls, data: dict[str, Any]) -> Held:
        """What `dump` gave; ValueError for another schema version; KeyError, TypeError for what is damaged."""
        if data.get("schema") != _SCHEMA:
            raise ValueError(f"zones of schema {data.get('schema')}, where this reads schema {_SCHEMA}")
        windows = {
            (width, start): {
                site: Said(end, revision, configured, number, {name: Row(*map(_read, row)) for name, *row in rows})
                for site, end, revision, configured, number, rows in said
            }
            for width, start, said in data["windows"]
        }
        given = {(kind, start, width): n for kind, start, width, n in data["given"]}
        return cls(windows, given, list(data["definitions"]), data["newest"], data["too_late"])


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value


def _read(value: float | None) -> float:
    return math.nan if value is None else value
