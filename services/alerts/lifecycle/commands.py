"""What a person may do to an alarm, as moves of it, and how a refusal is told."""

from __future__ import annotations

from services.alerts.lifecycle import machine
from services.alerts.lifecycle.machine import Refused
from services.alerts.lifecycle.state import AlarmState, Definition
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


def refusal(site: str, command: Command, time: int, why: str) -> AlarmEvent:
    """What is journalled of a command that does not apply, under what it named."""
    name = command.occurrence.partition("@")[0].removeprefix(f"{site}/")
    station, point, rule = [*name.split("/"), "", "", ""][:3]
    return AlarmEvent(
        time, site, station, point, rule, f"command/{command.id}", 1, "refused", "journal",
        cause=f"{command.action}: {why}"[:500], annunciated=False, who=command.who, command=command.id,
    )  # fmt: skip
