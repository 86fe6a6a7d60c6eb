"""Incidents: situations made of several alarms, diagnosed on the grid, one folder each; `INCIDENTS` is the registry."""

from services.alerts.incidents.base import IncidentModel, Instant
from services.alerts.incidents.freeze_up import FreezeUp
from services.alerts.incidents.intake_crisis import IntakeCrisis
from services.alerts.incidents.power_loss_flooding import PowerLossFlooding

INCIDENTS: dict[str, type[IncidentModel]] = {
    IntakeCrisis.name: IntakeCrisis,
    PowerLossFlooding.name: PowerLossFlooding,
    FreezeUp.name: FreezeUp,
}

__all__ = ["INCIDENTS", "IncidentModel", "Instant"]
