"""The alarms page: the live list with its filters, and what people do to alarms there."""
