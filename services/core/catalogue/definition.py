"""An alarm as it is written: the type's words, what the site changes of them, and the rule that comes of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.core.catalogue.model import FALLING, Rule
from services.core.catalogue.priority import derive_priority
from services.core.catalogue.source import RuleOverride, RuleSource
from services.core.clock import parse_duration

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One alarm of a site. point: "station" for an alarm of the station itself.

    written: file and line of the type's words.  overrides: where in the site's file it is changed, the general before
    the particular; of each field the last one counts.
    """

    site: str
    station: str
    point: str
    source: RuleSource
    written: tuple[str, int]
    overrides: tuple[tuple[Path, RuleOverride], ...]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Site, station, point, rule."""
        return (self.site, self.station, self.point, self.source.rule)

    @property
    def change(self) -> RuleOverride | None:
        """All overrides as one."""
        return merged(one for _, one in self.overrides)

    @property
    def rule(self) -> Rule:
        """The rule that comes of it."""
        return make_rule(self.source, self.change)


def keys_of(point: str, rule: str) -> tuple[str, str]:
    """How `alarms:` may name an alarm, the general name first."""
    return rule, f"{point}/{rule}"


def merged(changes: Iterable[RuleOverride]) -> RuleOverride | None:
    """Overrides as one: of each field the last counts; a deadband and a ratio replace each other."""
    fields: dict[str, Any] = {}
    for change in changes:
        given = change.model_dump(exclude_none=True)
        if "deadband" in given or "clear_ratio" in given:
            fields.pop("deadband", None)
            fields.pop("clear_ratio", None)
        fields |= given
    return RuleOverride.model_validate(fields) if fields else None


def terms_of(source: RuleSource, change: RuleOverride | None) -> dict[str, Any]:
    """The fields of the rule as written: with deadband or ratio, and the priority, stated or derived."""
    fields = source.model_dump()
    if change is not None:
        given = change.model_dump(exclude_none=True, exclude={"off"})
        if "deadband" in given or "clear_ratio" in given:
            fields["deadband"] = fields["clear_ratio"] = None
        fields |= given
    if fields["priority"] is None:
        within = fields["respond_within"]  # as the model prints it: `5m`, or a number when no whole seconds say it
        within = parse_duration(within) if isinstance(within, str) else within
        fields["priority"] = derive_priority(fields["severity"], within)
    return fields


def make_rule(source: RuleSource, change: RuleOverride | None = None) -> Rule:
    """A resolved rule: the override's fields replace the type's, and the deadband becomes a clear limit."""
    fields = terms_of(source, change)
    deadband, ratio = fields.pop("deadband"), fields.pop("clear_ratio")
    clear = _clear(fields["kind"], fields["limit"], deadband, ratio)
    fields["limits"] = tuple(
        {k: v for k, v in one.items() if k not in ("deadband", "clear_ratio")}
        | {"clear": _clear(fields["kind"], one["limit"], *_own(one, deadband, ratio))}
        for one in fields["limits"]
    )
    fields["id"] = fields.pop("rule")
    fields.pop("point")
    return Rule.model_validate(fields | {"clear": clear})


def _own(one: dict[str, Any], deadband: float | None, ratio: float | None) -> tuple[float | None, float | None]:
    """The deadband or ratio of a limit by mode or season: its own, else the rule's."""
    given = one.get("deadband") is not None or one.get("clear_ratio") is not None
    return (one.get("deadband"), one.get("clear_ratio")) if given else (deadband, ratio)


def _clear(kind: str, limit: float, deadband: float | None, ratio: float | None) -> float:
    """Where the deadband ends, on the safe side of the limit."""
    return limit * ratio if ratio is not None else limit + (1 if kind in FALLING else -1) * (deadband or 0.0)
