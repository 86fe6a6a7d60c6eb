"""The alarms that every station has of itself, as of a point named `station`: its silence, and its clock."""

from __future__ import annotations

from services.core.catalogue.source import RuleSource
from services.core.clock import MINUTE

#: Row 41 of the starting alarm set: a station that is silent for three heartbeats, at least three minutes.
SILENCE = RuleSource(
    rule="station-silent",
    point="state",
    kind="stale",
    off_delay=5 * MINUTE,
    priority="medium",
    severity="minor",
    consequence="The station cannot be seen",
    response="Check link and power, send a crew if it lasts",
    respond_within=30 * MINUTE,
    source="engineering judgement",
)

#: A clock that is wrong makes every time wrong: which alarm came first, and what is live at all.
CLOCK = RuleSource(
    rule="station-clock",
    point="state",
    kind="clock",
    window=10 * MINUTE,
    off_delay=5 * MINUTE,
    priority="medium",
    severity="minor",
    consequence="The station's times are wrong: what came first cannot be told, and its readings may count as late",
    response="Set the station's clock, look after its time server; do not trust the order of its alarms",
    respond_within=60 * MINUTE,
    source="engineering judgement",
)
