"""Folds over the windows of several stations: a zone's night flow and leakage, a plant's water balance. README.md."""

from services.aggregator.zones.balance import Balance, Meter, Store, water_balance
from services.aggregator.zones.leakage import Leakage, Zone, leakage_of, unavoidable
from services.aggregator.zones.members import Member, Members, Quarter
from services.aggregator.zones.night import NightFlow, night_flow, night_of

__all__ = [
    "Balance", "Leakage", "Member", "Members", "Meter", "NightFlow", "Quarter", "Store", "Zone", "leakage_of",
    "night_flow", "night_of", "unavoidable", "water_balance",
]  # fmt: skip
