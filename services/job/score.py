"""Scorecards of the library's events: each played or read, folded, and held against its expected.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from services.alerts.processor import AlertProcessor
from services.core.errors import ConfigError, Fault, HeadworksError
from services.core.records import Output
from services.core.yaml_source import read_yaml
from services.job.headless import headless
from services.job.ledger import outputs_of
from services.job.options import LOG_FILE
from services.job.places import catalogue_for, find_event, home
from services.replay.expected import load_expected
from services.replay.opening import open_replay, span
from services.replay.player import play, records
from services.replay.scorecard import Scorecard, score
from services.replay.timeline import load_expectation
from services.replay.timeline_score import TimelineScore, score_timeline
from services.runtime.local import LogView
from services.telemetry.simulator.scene import model_of, scene_of

#: Where records lie that are not part of the repository: beside it.
RECORDS = ("..", "shared", "data")


class Skipped(HeadworksError):
    """An event that cannot be scored here, and why: its record is not there, or nothing is expected of it."""


@dataclass(frozen=True, slots=True)
class Expecting:
    """An event of the library.  recorded: its readings are a file that is not part of the repository."""

    name: str
    folder: Path
    recorded: bool


def library() -> list[Expecting]:
    """Every event of the library, by name. ConfigError when an event file cannot be read."""
    return [
        Expecting(file.parent.name, file.parent, model_of(read_yaml(file).data) is None)
        for file in sorted((home() / "events").glob("*/event.yaml"))
    ]


def find(name: str) -> Expecting:
    """The event of that name; ConfigError when there is none."""
    known = library()
    for one in known:
        if one.name == name:
            return one
    raise ConfigError([Fault(str(home() / "events"), 0, "event", repr(name), f"must be one of "
                             f"{', '.join(one.name for one in known)}")])  # fmt: skip


def score_event(
    event: Expecting,
    *,
    record: Path | None = None,
    data: Path | None = None,
    tell: Callable[[str], None] = lambda _words: None,
) -> Scorecard | TimelineScore:
    """The event's scorecard. record: of a recorded event, the file.  data: what this folder's run said, nothing played.

    Skipped when it cannot be had; ConfigError, Rejected or LogError when a file is wrong.
    """
    file = event.folder / "expected.yaml"
    if not file.exists():
        raise Skipped("no expected.yaml")
    return _recorded(event, file, record, tell) if event.recorded else _simulated(event, file, data, tell)


def _simulated(event: Expecting, file: Path, data: Path | None, tell: Callable[[str], None]) -> TimelineScore:
    expected = load_expectation(file)
    if expected.event != event.name:
        raise ConfigError([Fault(str(file), 1, "event", expected.event, f"must be {event.name}, as its folder")])
    described = find_event(str(event.folder / "event.yaml"))
    scene = scene_of(described)
    start, end = scene.start, scene.end
    outputs: Iterable[Output]
    if data is None:
        tell(f"playing {event.name}")
        outputs = headless(scene, catalogue_for(scene))
    else:
        with LogView.open(data / LOG_FILE) as view:
            held = view.meta("run") or "nothing"
            if not held.startswith(f"{event.name}/"):
                raise HeadworksError(f"{data} holds the run {held}, not one of {event.name}")
            if view.last_tick() < end:
                raise Skipped(f"the run in {data} has not come to the event's end")
            outputs = list(outputs_of(view))
    return score_timeline(outputs, expected, start, end)


def _recorded(event: Expecting, file: Path, record: Path | None, tell: Callable[[str], None]) -> Scorecard:
    expected = load_expected(file)
    path = record or home().joinpath(*RECORDS, f"{event.name}.rdb")
    if not path.is_file():
        if record is not None:
            raise HeadworksError(f"{record} is not a file: name the record of {event.name}")
        raise Skipped(f"its record {path.name} is not in {'/'.join(RECORDS)}; name it with --record")
    tell(f"reading {path.name}")
    prepared = open_replay(path, home() / "sites" / f"{expected.site}.yaml", expected.site)
    start, end = span(prepared)
    inside = expected.within(start, end)
    if inside is None:
        raise Skipped(f"{path.name} holds none of the {len(expected.surges)} surges")
    outputs = play(records(prepared.frames, prepared.site), AlertProcessor(), prepared.site.id)
    return score(outputs, inside, start, end)
