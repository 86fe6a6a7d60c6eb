"""Every text of the page that does not come from data, in one place, so that another language can follow."""

from __future__ import annotations

from typing import Any

PAGE: dict[str, str] = {
    "title": "Headworks",
    "skip": "Skip to the active alarms",
    "local": "local time",
    "simulation": "Simulation",
    "live": "Live",
    "finished": "Run finished",
    "connected": "Connected",
    "lost": "Connection lost. What you see is old: {since} s without an answer. Reconnecting …",
    "lost_short": "No connection",
    "no_clock": "waiting for the first tick",
    "waiting": "No data yet: nothing has arrived since the console started.",
    "stopped": "Data stopped at {time}. Nothing new for {silence}. Values and alarms below are old.",
    "processor": "Not running: {names}. New alarms may be missing. Watch the plants directly.",
    "ended": "The run ended at {time}. These are its last values.",
    "rate": "new in 10 min",
}

INCIDENT: dict[str, Any] = {
    "title": "Incident",
    "none": "No incident",
    "none_old": "Incidents: not known",
    "kinds": {"IntakeCrisis": "Intake crisis", "intake-crisis": "Intake crisis"},
    "again": "again: {cause}",
    "since": "since {time}, {age}",
    "phases": {
        "surge": "Surge",
        "restricted": "Restricted intake",
        "threatened": "Supply threatened",
        "recovering": "Recovering",
        "closed": "Closed",
    },
    "countdown": "Time to supply loss",
    "range": "expected {expected} · optimistic {optimistic}",
    "beyond": "> {hours} h",
    "beyond_unknown": "none in sight",
    "worst": "at worst",
    "at": "until about {time}",
    "assumptions": "Assumes",
    "no_assumptions": "Assumptions were not stated.",
    "no_forecast": "No forecast yet",
    "unknown": "Forecast unknown",
    "next": "Do next",
    "playbook": "Playbook",
    "was": "was {value} at {time}",
    "at_time": "{value} at {time}",
    #: Points of an incident's evidence, by the evidence's own names for them.
    "points": {
        "raw turbidity": "intake/raw_turbidity",
        "screen head": "intake/screen_head",
        "raw flow of required": "intake/flow_ratio",
        "clear-well level": "clearwell/level",
    },
    "why": "Why",
    "closed": "{kind}, {site}: closed at {time}",
}

ALARMS: dict[str, Any] = {
    "title": "Active alarms",
    "none": "No active alarm",
    "none_stopped": "Not known: data stopped",
    "none_yet": "Not known yet: waiting for the first data",
    "hidden": "Not sounding: hidden by another alarm, suppressed, shelved or out of service",
    "cleared": "Cleared in the last 6 hours, or still to be seen",
    "history": "Alarm history",
    "columns": ("Priority", "Since", "Where", "What", "Consequence → response", "To respond"),
    "priorities": {"critical": "Critical", "high": "High", "medium": "Medium", "journal": "Journal"},
    "letters": {"critical": "C", "high": "H", "medium": "M", "journal": "J"},
    "left": "{time} left",
    "overdue": "{time} over",
    "hold": "uncertain: held",
    "raised_at": "raised at {value}",
    "kinds": {
        "fault": "instrument fault", "flat": "does not change", "stale": "station silent",
        "rise": "rising", "fall": "falling", "rise_ratio": "rising fast",
        "silent": "point silent", "saturated": "at the top of its range", "drift": "drifting", "spike": "spikes",
        "slope_up": "rising steadily", "slope_down": "falling steadily", "cusum_high": "too high for long",
        "cusum_low": "too low for long",
    },
    "limit": "limit",
    "points": {
        "settled_turbidity": "Settled turbidity", "combined_turbidity": "Filtered turbidity",
        "raw_turbidity": "Raw turbidity", "level": "Clear-well level",
        "screen_head": "Screen head",
        "flow_ratio": "Raw flow, share of plan", "pressure_ratio": "Pressure, share of setpoint",
        "pump_flow_ratio": "Flow a pump, share of rated", "wash_queue": "Filters waiting for a wash",
        "coagulant_reserve": "Coagulant reserve",
        "supply_hours_pessimistic": "Time to supply loss",
    },
    "no_rule": "no longer in the catalogue",
    "cleared_at": "cleared {time}",
    "transitions": {
        "raised": "raised", "cleared": "cleared", "hidden": "hidden", "unhidden": "shown again",
        "uncertain": "uncertain", "certain": "certain again",
        "acknowledged": "acknowledged", "realarmed": "alarms again", "reset": "reset", "superseded": "raised again",
        "shelved": "shelved", "unshelved": "from the shelf", "suppressed": "suppressed", "unsuppressed": "released",
        "removed": "out of service", "returned": "in service again", "missed": "came and went unseen",
        "chattering": "chattering", "forgotten": "no longer in the catalogue", "refused": "command refused",
    },
    "stands": {
        "C": "acknowledged", "D": "returned, not acknowledged", "E": "latched, not acknowledged",
        "F": "latched, acknowledged", "G": "shelved", "H": "suppressed", "I": "out of service",
    },
    "until": "{how} until {time}",
    "silent": "new: 0",
}  # fmt: skip

PLANTS: dict[str, Any] = {
    "title": "Plants, in the water's way",
    "silent": "No data since {time}",
    "never": "No data yet",
    "link": "Link lost",
    "normal": "no alarm",
    "required": "of plan",
    "required_flow": "required by plan: {value} {unit}",
    "reported": "reported {time}",
    "kinds": {"plant": "Plant", "gauge": "River gauge", "booster": "Booster", "river": "River"},
    "points": {
        "raw_turbidity": "Raw turbidity", "screen_head": "Screen head", "raw_flow": "Raw flow",
        "settled_turbidity": "Settled", "combined_turbidity": "Filtered", "level": "Clear well",
        "pressure": "Pressure", "stage": "Stage", "rain": "Rain",
    },
    "whys": {"never": "no reading yet", "silent": "station silent", "stale": "stale",
             "link": "link lost"},
    "since": "{why}, last known {time}",
    "judged": "{priority}: {name}",
    "rising": "rising", "falling": "falling", "steady": "steady",
}  # fmt: skip

TRENDS: dict[str, str] = {
    "title": "Trends: {site}, last {hours} h",
    "turbidity": "Raw turbidity and river stage",
    "intake": "Screen head and raw flow",
    "supply": "Clear well and time to supply loss",
    "raw_turbidity": "Raw turbidity, NTU (log)",
    "stage": "Stage, m",
    "screen_head": "Screen head, m",
    "flow_ratio": "Raw flow, % of plan",
    "level": "Level, m",
    "hours": "At worst, h",
}

FOOTER: dict[str, str] = {"counters": "Log", "note": "All times are event time."}
