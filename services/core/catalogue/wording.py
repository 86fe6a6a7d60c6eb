"""A rule's condition in a few words, for lists of alarms: `over 200 NTU`, `up 0.15 m in 30m`."""

from __future__ import annotations

from services.core.catalogue.model import Rule
from services.core.clock import format_duration

_FORMS = {
    "high": "over {limit}",
    "low": "under {limit}",
    "rise": "up {limit} in {window}",
    "fall": "down {limit} in {window}",
    "rise_ratio": "×{times:g} in {window}, and over {floor}",
    "successive_high": "over {limit} in two records {window} apart",
    "flat": "unchanged for {window}",
    "fault": "instrument fault",
    "equals": "{state}",
    "stale": "silent",
}


def condition(rule: Rule, unit: str, states: dict[int, str] | None = None) -> str:
    """What the rule waits for. `unit` is the point's; `states` name its values, if it has names."""
    return _FORMS[rule.kind].format(
        limit=f"{rule.limit:,.4g} {unit}".rstrip(),
        times=rule.limit,
        floor=f"{rule.floor:,.4g} {unit}".rstrip(),
        window=format_duration(rule.window),
        state=(states or {}).get(int(rule.limit), f"{rule.limit:g}"),
    )
