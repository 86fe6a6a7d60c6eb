"""PowerLossFlooding: an isolation station loses its power, its sump pump stands, water rises (README.md)."""

from services.alerts.incidents.power_loss_flooding.model import PowerLossFlooding

__all__ = ["PowerLossFlooding"]
