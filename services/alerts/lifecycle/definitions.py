"""What the catalogue says of an alarm's life, from the plan of a site."""

from __future__ import annotations

from services.alerts.detection.plan import Plan
from services.alerts.lifecycle import chatter
from services.alerts.lifecycle.causes import Causes
from services.alerts.lifecycle.keeper import Keeper
from services.alerts.lifecycle.memory import Key
from services.alerts.lifecycle.state import Definition
from services.core.records import AlarmEvent


def keeper_of(plan: Plan) -> Keeper:
    """The keeper of the plan's site, with nothing remembered."""
    rows = {"/".join(name): r for r, name in enumerate(plan.names)}
    definitions = {
        key: Definition(
            latching=plan.definitions[r].latching,
            realarm=plan.definitions[r].realarm,
            acknowledged=plan.definitions[r].priority != "journal",
            longest_shelf=plan.definitions[r].longest_shelf,
            chatter_shelf=chatter.shelf(plan.definitions[r]),
            hidden_by="/".join((*plan.names[r][:2], plan.definitions[r].hidden_by or "")),
        )
        for key, r in rows.items()
    }

    def blank(key: Key) -> AlarmEvent:
        r = rows[key]
        point = int(plan.rules[r]["point"])
        unit = plan.site.points[point].unit if point < len(plan.site.points) else ""
        return AlarmEvent(
            0, plan.site.id, *plan.names[r], "", 0, "", plan.definitions[r].priority, unit=unit, catalogue=plan.version
        )

    return Keeper(plan.site.id, definitions, blank, Causes(plan.site))
