"""Grafana's dashboards as code, generated to deploy/grafana by `python -m services.dashboards`; README.md there."""
