"""The cluster's guide says what is true: settings, ports, topics, metrics, and commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest
from typer.main import get_command

from services.cli.app import app
from services.core.settings import Settings
from services.daemons import alerts, recompute
from services.daemons.archive import missing_gauge
from services.daemons.daemon import PORTS
from services.daemons.metrics import Metrics
from services.notify import daemon as paging
from services.runtime.cluster.topics import topic_specs

GUIDE = (Path(__file__).resolve().parents[3] / "docs/guide/cluster.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    part = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def bare(cell: str) -> str:
    return cell.strip("`")


def test_the_table_of_settings_is_the_settings():
    told = {bare(name): bare(value) for name, value, _ in rows("Settings")}
    fields = Settings.model_fields
    assert list(told) == [f"HEADWORKS_{name.upper()}" for name in fields]
    for name, field in fields.items():
        default = field.default
        text = default.get_secret_value() if hasattr(default, "get_secret_value") else str(default)
        text = text.lower() if isinstance(default, bool) else text
        assert told[f"HEADWORKS_{name.upper()}"] == text, name


def test_the_table_of_topics_is_the_topics():
    settings = Settings(partitions=64, retention_days=7.0)
    told = {bare(name): (partitions, kept) for name, _, partitions, kept in rows("Topics")}
    specs = topic_specs(settings)
    assert set(told) == {settings.topic(name) for name in specs}
    for name, spec in specs.items():
        partitions, kept = told[settings.topic(name)]
        assert {"as set": 64, "at most 8": 8, "1": 1}[partitions] == spec.partitions, name
        days = int(spec.options.get("retention.ms", 0)) / 86_400_000
        assert spec.compacted == (kept == "the latest"), name
        if not spec.compacted:
            assert days == (7.0 if kept.startswith("retention") else float(kept.split()[0])), name


def test_ports_metrics_and_variables_are_there():
    ports = {row[0]: int(row[2]) for row in rows("Order of start")}
    assert ports == PORTS
    metrics = Metrics()
    for made in (missing_gauge, alerts.counted, recompute.counters, paging.counters):
        made(metrics.registry)
    known = set(re.findall(r"^# TYPE (\w+)", generate_latest(metrics.registry).decode(), re.MULTILINE))
    told = set(re.findall(r"`(headworks_\w+)`", GUIDE))
    assert told <= known
    assert len(told) >= 7
    variables = set(re.findall(r"HEADWORKS_[A-Z_]+[A-Z]", GUIDE)) - {"HEADWORKS_SETTINGS"}
    assert {name.removeprefix("HEADWORKS_").removesuffix("_FILE").lower() for name in variables} <= set(
        Settings.model_fields
    )


def test_every_command_is_one_of_the_command_line():
    commands = re.findall(r"^(headworks .*)$", GUIDE, re.MULTILINE) + re.findall(r"`(headworks [^`]*)`", GUIDE)
    commands = [line for line in commands if not line.startswith("headworks.")]
    assert len(commands) >= 12
    for line in commands:
        known: Any = get_command(app)
        words = shlex.split(line)[1:]
        while hasattr(known, "commands"):
            assert words[0] in known.commands, line
            known = known.commands[words.pop(0)]
        options = {name for parameter in known.params for name in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line
