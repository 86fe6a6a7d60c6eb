"""What a person may do to an alarm, as moves of it, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.alerts.lifecycle import machine
from services.alerts.lifecycle.machine import Refused
from services.alerts.lifecycle.memory import Window
from services.alerts.lifecycle.state import AlarmState, Definition
from services.core.clock import DAY
from services.core.records import AlarmEvent, Command


def move(command: Command, definition: Definition, state: AlarmState, time: int) -> tuple[str, AlarmState]:
    """(transition, state after it) of a command in force at `time` (ns). Raises Refused, with why, if none follows."""
    match command.action:
        case "acknowledge":
            return "acknowledged", machine.acknowledged(definition, state, time)
        case "reset":
            return "reset", machine.reset(definition, state)
        case "shelve" | "shelve_once":
            once = command.action == "shelve_once"
            return "shelved", machine.shelved(definition, state, time, command.until, once)
        case "unshelve":
            return "unshelved", machine.unshelved(definition, state)
        case "out_of_service":
            return "removed", machine.taken_out(definition, state)
        case "in_service":
            return "returned", machine.put_back(definition, state)
        case _:
            raise Refused(f"{command.action!r} is not something that can be done to an alarm")


#: A slip of the year must not silence a plant: planned work ends by itself before anybody forgets it (ns).
LONGEST_WORK = 7 * DAY

WORK_OVER = "the planned work has ended"


def may_be_planned(command: Command, time: int) -> None:
    """Raises Refused for planned work without an end still to come, or with one too far away."""
    if command.until <= time:
        raise Refused("planned work needs an end that is still to come")
    if command.until - time > LONGEST_WORK:
        raise Refused("planned work may last 7 days at most: name it again when it goes on")


def named(command: Command, windows: Sequence[Window]) -> list[Window]:
    """The planned work that is to end: `target@command`, or all of just that target. Raises Refused for none."""
    target, _, name = command.occurrence.partition("@")
    found = [one for one in windows if one.prefix == target and name in ("", one.command)]
    if not found:
        raise Refused("no such planned work is in force")
    return found


def refusal(site: str, command: Command, time: int, why: str) -> AlarmEvent:
    """What is journalled of a command that does not apply, under what it named."""
    return AlarmEvent(
        time, site, *_named(site, command.occurrence), f"command/{command.id}", 1, "refused", "journal",
        cause=f"{command.action}: {why}"[:500], annunciated=False, who=command.who, command=command.id,
    )  # fmt: skip


def planned(site: str, window: Window, time: int) -> AlarmEvent:
    """Planned work begins at `time` (ns), whether or not an alarm stands that it suppresses."""
    return AlarmEvent(
        time, site, *_named(site, window.prefix), f"command/{window.command}", 1, "planned", "journal",
        cause=window.why, annunciated=False, who=window.who, command=window.command, until=window.until,
    )  # fmt: skip


def planned_over(site: str, window: Window, time: int, command: Command | None) -> AlarmEvent:
    """The end of planned work at `time` (ns): its own, or what somebody commanded."""
    begun = replace(planned(site, window, time), number=2, transition="planned_over", until=0)
    if command is None:
        return replace(begun, cause="its time is over")
    return replace(begun, cause=command.why, who=command.who, command=command.id)


def _named(site: str, name: str) -> tuple[str, str, str]:
    """(station, point, rule) of an occurrence or of what stands above it, "" for what it leaves open."""
    path = name.partition("@")[0]
    if path == site:
        return "", "", ""
    station, point, rule = [*path.removeprefix(f"{site}/").split("/"), "", "", ""][:3]
    return station, point, rule
