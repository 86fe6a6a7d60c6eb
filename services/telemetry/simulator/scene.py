"""A simulated event as everybody outside this room sees it, whatever model plays it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from services.core.errors import ConfigError, Fault
from services.core.yaml_source import read_yaml
from services.telemetry.simulator.city import City
from services.telemetry.simulator.described import Described
from services.telemetry.simulator.event import Event
from services.telemetry.simulator.event_file import MAX_BYTES, MAX_DEPTH, load_event
from services.telemetry.simulator.freeze.event import FreezeEvent, load_freeze
from services.telemetry.simulator.freeze.scene import Freeze
from services.telemetry.simulator.isolation.event import IsolationEvent, load_isolation
from services.telemetry.simulator.isolation.scene import IsolationStation
from services.telemetry.simulator.sensors import Samples


class Scene(Protocol):
    """An event that can be played: the same event and seed give the same readings, however `advance` is called.

    start, end, now: ns UTC.  frame_seconds: how often its stations report.  sites: the stations of each.
    """

    seed: int
    start: int
    end: int
    now: int
    frame_seconds: int

    @property
    def event(self) -> Described:
        """What its file says."""
        ...

    @property
    def sites(self) -> Mapping[str, list[str]]:
        """The stations of each site."""
        ...

    def points(self, site: str, station: str) -> tuple[str, ...]:
        """Names of a station's points, in the order of the index in `Samples.points`; KeyError for no such station."""
        ...

    def advance(self, seconds: int = 60) -> dict[tuple[str, str], Samples]:
        """Moves on; the readings of every station after the previous `now` and up to the new one, at most `end`.

        ValueError if `seconds` is not positive.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Model:
    load: Callable[[Path], Described]
    event: type[Described]
    scene: Callable[[Any, int | None], Scene]


#: By what a file's `model:` says; a file with `plants:` is a city's.
MODELS: dict[str, _Model] = {
    "city": _Model(load_event, Event, City),
    "isolation-station": _Model(load_isolation, IsolationEvent, IsolationStation),
    "freeze": _Model(load_freeze, FreezeEvent, Freeze),
}


def model_of(data: object) -> str | None:
    """Which model plays an event file's plain data; None for what is no event of a simulator (a record)."""
    if not isinstance(data, dict):
        return None
    if "model" in data:
        return str(data["model"])
    return "city" if "plants" in data else None


def read_event(path: Path) -> Described:
    """Reads and validates an event file of any model. ConfigError with all faults found."""
    source = read_yaml(path, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    model = model_of(source.data)
    if model is None:
        raise ConfigError(
            [Fault(str(path), 1, "model", "no `model:`, no `plants:`", f"must be one of {', '.join(sorted(MODELS))}")]
        )
    if model not in MODELS:
        raise ConfigError([source.fault(("model",), model, f"must be one of {', '.join(sorted(MODELS))}")])
    return MODELS[model].load(path)


def scene_of(event: Described, seed: int | None = None) -> Scene:
    """The event at its start, with another seed than its own if one is given."""
    (model,) = (one for one in MODELS.values() if type(event) is one.event)
    return model.scene(event, seed)


def load_scene(path: Path, seed: int | None = None) -> Scene:
    """`read_event` and `scene_of`. ConfigError with all faults found."""
    return scene_of(read_event(path), seed)
