"""What is counted over several meters: a plant's water balance, and zones (DMA) with what leakage is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

#: m3 a second of a flow's unit.
FLOWS = {
    "m3/h": 1 / 3600, "m³/h": 1 / 3600, "m3/s": 1.0, "m³/s": 1.0, "L/s": 1e-3, "l/s": 1e-3, "m3/d": 1 / 86_400,
    "m³/d": 1 / 86_400, "L/min": 1e-3 / 60, "ML/d": 1000 / 86_400,
}  # fmt: skip

_NAME = r"[a-z0-9][a-z0-9_\-]{0,63}"
#: `station/point` of the site itself.
_Own = Annotated[str, Field(pattern=rf"^{_NAME}/[a-z][a-z0-9_]{{0,63}}$")]
#: `site/station/point`.
_Anywhere = Annotated[str, Field(pattern=rf"^{_NAME}/{_NAME}/[a-z][a-z0-9_]{{0,63}}$")]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_Path = tuple[str | int, ...]
_Complaint = tuple[_Path, object, str]


def _up_to(most: float) -> Any:
    return Field(ge=0, le=most, allow_inf_nan=False)


class StoreUse(BaseModel):
    """A tank of the balance: its level (m) and area (m2); accuracy: standard uncertainty of a level, m."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: _Own
    area: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
    accuracy: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.01


class BalanceUse(BaseModel):
    """The flow points of a plant's water balance, and its tanks.

    accuracy: standard uncertainty of a meter as installed, as a share of what it shows.  wash_share: of a plant that
    does not meter its wash water the share of the raw water that it takes, known to no better than nought to double.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    raw: tuple[_Own, ...] = Field(min_length=1, max_length=20)
    finished: tuple[_Own, ...] = Field(min_length=1, max_length=20)
    wash: tuple[_Own, ...] = Field(default=(), max_length=20)
    stores: tuple[StoreUse, ...] = Field(default=(), max_length=20)
    accuracy: _Share = 0.01
    wash_share: Annotated[float, Field(ge=0, le=0.2, allow_inf_nan=False)] = 0.0
    source: str = Field(default="", max_length=500)

    @property
    def roles(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The flow points by role."""
        return ("raw", self.raw), ("wash", self.wash), ("finished", self.finished)

    @property
    def points(self) -> tuple[str, ...]:
        """All its points, levels last."""
        return (*self.raw, *self.wash, *self.finished, *(store.level for store in self.stores))


class ZoneSource(BaseModel):
    """A zone (DMA) as a catalogue file writes it.

    inflow, outflow: flow points as site/station/point.  mains, private_pipe: km (the latter from the property's edge
    to its meters).  connections: of service pipes.  pressure: mean, m.  night_use: what customers legitimately use
    between 02:00 and 04:00, m3/h.  night_day_hours: a day's leakage is this many hours of the night's (Lambert's
    night-day factor): 24, less where pressure falls by day.  roof_tanks: customers have tanks that fill at night.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=rf"^{_NAME}$")]
    name: str = Field(min_length=1, max_length=100)
    inflow: tuple[_Anywhere, ...] = Field(min_length=1, max_length=100)
    outflow: tuple[_Anywhere, ...] = Field(default=(), max_length=100)
    mains: Annotated[float, _up_to(100_000)]
    connections: Annotated[int, Field(ge=0, le=10_000_000)]
    private_pipe: Annotated[float, _up_to(100_000)] = 0.0
    pressure: Annotated[float, _up_to(200)]
    night_use: Annotated[float, _up_to(1_000_000)]
    night_day_hours: Annotated[float, Field(gt=0, le=48, allow_inf_nan=False)] = 24.0
    roof_tanks: bool = False
    source: str = Field(default="", max_length=500)

    @property
    def members(self) -> tuple[tuple[str, int], ...]:
        """(site/station/point, sign), in order: 1 for what comes in, -1 for what goes on."""
        return (*((one, 1) for one in self.inflow), *((one, -1) for one in self.outflow))

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that have a member, each once."""
        return tuple(dict.fromkeys(one.split("/")[0] for one, _ in self.members))


class Zone(ZoneSource):
    """Resolved: with the time zone of its nights."""

    time_zone: str


class _Unit(Protocol):
    @property
    def unit(self) -> str: ...


def verify_balance(balance: BalanceUse, names: Mapping[str, _Unit]) -> Iterator[_Complaint]:
    """(where below the site, value, bound). names: the site's points by `station/point`."""
    placed: list[tuple[_Path, str]] = [
        (("balance", role, n), one) for role, points in balance.roles for n, one in enumerate(points)
    ]
    placed += [(("balance", "stores", n, "level"), store.level) for n, store in enumerate(balance.stores)]
    yield from _twice(placed)
    if balance.wash and balance.wash_share:
        yield ("balance", "wash_share"), balance.wash_share, "must be left out where `wash` is metered"
    for role, points in balance.roles:
        for n, one in enumerate(points):
            yield from _flow(("balance", role, n), one, names, "a point of the site, as station/point")
    for n, store in enumerate(balance.stores):
        where = ("balance", "stores", n, "level")
        if store.level not in names:
            yield where, store.level, "must be a point of the site, as station/point"
        elif names[store.level].unit != "m":
            yield where, store.level, f"must be a level in m, and its unit is {names[store.level].unit or 'none'!r}"


def verify_zone(zone: ZoneSource, names: Mapping[str, _Unit]) -> Iterator[_Complaint]:
    """(where below the zone, value, bound). names: all points of the file by `site/station/point`."""
    placed: list[tuple[_Path, str]] = [(("inflow", n), one) for n, one in enumerate(zone.inflow)]
    placed += [(("outflow", n), one) for n, one in enumerate(zone.outflow)]
    yield from _twice(placed)
    for where, one in placed:
        yield from _flow(where, one, names, "a point of the file, as site/station/point")


def _twice(placed: Iterable[tuple[_Path, str]]) -> Iterator[_Complaint]:
    seen: set[str] = set()
    for where, one in placed:
        if one in seen:
            yield where, one, "must be a member only once"
        seen.add(one)


def _flow(where: _Path, one: str, names: Mapping[str, _Unit], bound: str) -> Iterator[_Complaint]:
    if one not in names:
        yield where, one, f"must be {bound}"
    elif names[one].unit not in FLOWS:
        yield where, one, f"must be a flow in one of {', '.join(FLOWS)}, and its unit is {names[one].unit or 'none'!r}"
