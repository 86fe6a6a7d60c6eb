"""IntakeCrisis: the river surges, screens clog, intake flow falls, the clear well runs down (README.md)."""

from services.alerts.incidents.intake_crisis.model import IntakeCrisis

__all__ = ["IntakeCrisis"]
