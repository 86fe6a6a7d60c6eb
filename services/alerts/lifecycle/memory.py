"""What a keeper remembers of one site's alarms, and how that becomes plain data and comes back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from services.alerts.lifecycle.causes import Causes
from services.alerts.lifecycle.state import AlarmState, Letter
from services.core.records import AlarmEvent, Command

#: station/point/rule
Key = str


@dataclass(slots=True)
class Held:
    """An alarm that is not simply normal. `last`: its last transition; what follows is told in its terms."""

    state: AlarmState
    last: AlarmEvent


@dataclass(slots=True)
class Window:
    """Planned work: alarms under `prefix` are suppressed until `until` (ns)."""

    command: str
    prefix: str
    until: int
    who: str
    why: str

    @property
    def by(self) -> str:
        """What it is called among what suppresses an alarm."""
        return f"work {self.command}"


@dataclass(slots=True)
class Memory:
    """All that is kept of a site's alarms."""

    held: dict[Key, Held] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    obeyed: list[str] = field(default_factory=list)
    #: Causes that stand (0), or have cleared and suppress until then (ns).
    standing: dict[Key, int] = field(default_factory=dict)
    #: What causes and consequences said, until every station has told its part up to then.
    waiting: list[AlarmEvent] = field(default_factory=list)
    #: When alarms sounded lately by being raised (ns, oldest first): by this one sees which of them chatters.
    raises: dict[Key, tuple[int, ...]] = field(default_factory=dict)

    def dump(self, causes: Causes) -> dict[str, Any]:
        """All of it as plain data, in a fixed order."""
        return {
            "held": {
                key: {
                    "state": asdict(h.state) | {"suppressors": sorted(h.state.suppressors)},
                    "last": asdict(h.last),
                }
                for key, h in sorted(self.held.items())
            },
            "windows": [asdict(window) for window in self.windows],
            "obeyed": list(self.obeyed),
            "standing": dict(sorted(self.standing.items())),
            "waiting": [asdict(event) for event in causes.order(self.waiting)],
            "raises": {key: list(times) for key, times in sorted(self.raises.items())},
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Memory:
        """What `dump` gave."""
        return cls(
            {
                key: Held(
                    AlarmState(**(one["state"] | {"suppressors": frozenset(one["state"]["suppressors"])})),
                    AlarmEvent(**one["last"]),
                )
                for key, one in data["held"].items()
            },
            [Window(**window) for window in data["windows"]],
            list(data["obeyed"]),
            dict(data["standing"]),
            [AlarmEvent(**event) for event in data["waiting"]],
            {key: tuple(times) for key, times in data["raises"].items()},
        )


def key_of(event: AlarmEvent) -> Key:
    """Which alarm of the site the event is of."""
    return f"{event.station}/{event.point}/{event.rule}"


def under(prefix: str, site: str, key: Key) -> bool:
    """Whether the alarm lies under site, site/station, site/station/point or is the alarm itself."""
    name = f"{site}/{key}"
    return name == prefix or name.startswith(f"{prefix}/")


def until_of(transition: str, after: AlarmState, like: AlarmEvent | None, command: Command | None) -> int:
    """When it ends by itself (ns): a shelf, or planned work."""
    if transition == "shelved" or after.letter is Letter.G:
        return after.shelved_until
    if transition in ("suppressed", "unsuppressed") and command is not None:
        return command.until
    return like.until if like is not None else 0
