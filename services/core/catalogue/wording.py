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
    "clock": "its clock is wrong",
    "silent": "silent, though its station is heard",
    "not_equals": "not {state}",
    "state": "{states}",
    "saturated": "at the top of its range",
    "slope_up": "trend up {limit} in {window}",
    "slope_down": "trend down {limit} in {window}",
    "cusum_high": "over {reference} by more than {slack}: sum over {limit} in {window}",
    "cusum_low": "under {reference} by more than {slack}: sum over {limit} in {window}",
    "ewma_high": "mean of {window} over {limit}",
    "ewma_low": "mean of {window} under {limit}",
    "drift": "drifts {limit} in {window}",
    "spike": "{count} spikes of {limit} within {window}",
}


def condition(rule: Rule, unit: str, states: dict[int, str] | None = None) -> str:
    """What the rule waits for. `unit` is the point's; `states` name its values, if it has names."""
    names = states or {}
    return _FORMS[rule.kind].format(
        limit=f"{rule.limit:,.4g} {unit}".rstrip(),
        times=rule.limit,
        floor=f"{rule.floor:,.4g} {unit}".rstrip(),
        reference=f"{rule.reference:,.4g} {unit}".rstrip(),
        slack=f"{rule.slack:,.4g} {unit}".rstrip(),
        count=rule.count,
        states=" or ".join(names.get(code, str(code)) for code in rule.states),
        window=format_duration(rule.window),
        state=names.get(int(rule.limit), f"{rule.limit:g}"),
    )
