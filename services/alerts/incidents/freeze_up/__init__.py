"""FreezeUp: frost stops exposed meters by the dozen, the thaw bursts them; one problem, not forty (README.md)."""

from services.alerts.incidents.freeze_up.model import FreezeUp

__all__ = ["FreezeUp"]
