"""Incidents: situations made of several alarms, diagnosed on the grid, one folder or file each."""

from services.alerts.incidents.base import IncidentModel, Instant
from services.alerts.incidents.intake_crisis import IntakeCrisis

INCIDENTS: dict[str, type[IncidentModel]] = {model.name: model for model in (IntakeCrisis,)}

__all__ = ["INCIDENTS", "IncidentModel", "Instant"]
