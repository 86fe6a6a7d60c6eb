"""Writes docs/guide/kinds.md from the sheets of services/alerts/detection/kinds: `python tools/kinds.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from services.alerts.detection.kinds import Case, Parameter, Sheet, Spell, load_sheets
from services.core.catalogue.model import RuleTerms
from services.core.clock import format_duration

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guide" / "kinds.md"

HEAD = """\
# Every kind of rule

Written by `python tools/kinds.py` from `services/alerts/detection/kinds/*.yaml`: change those. Each sample is loaded
and each case run through the whole of alarm processing by tests/unit/alerts/test_kinds.py. What every rule has beside
this (gate, hidden_by, limits by season, words and priority) is in [rules.md](rules.md). Times of cases are seconds.
"""

#: The words that every alarm has; a sample shows what is its own.
WORDS = {"severity": "serious", "consequence": "…", "response": "…", "respond_within": "30m"}
_TIMES = ("on_delay", "off_delay", "window")


def write() -> str:
    """The guide's text."""
    return HEAD + "".join(_section(sheet) for sheet in load_sheets().values())


def _section(sheet: Sheet) -> str:
    rows = [_row(name, one) for name, one in sheet.parameters.items()]
    cases = [f"- {case.name}: {_told(case)}\n" for case in sheet.cases]
    return (
        f"\n## {sheet.kind}\n{sheet.reason}\n\nRaised while {sheet.raised}. Returns when {sheet.returns}.\n"
        f"Source: {sheet.source}.\n\n"
        "| parameter | unit | default | start with | what it is (source) |\n|---|---|---|---|---|\n"
        f"{''.join(rows)}\n```yaml\n{_sample(sheet)}```\n{''.join(cases)}"
    )


def _row(name: str, one: Parameter) -> str:
    source = f" ({one.source})" if one.source else ""
    return f"| `{name}` | {one.unit} | {_default(name)} | {one.start or 'as the plant is'} | {one.means}{source} |\n"


def _default(name: str) -> str:
    if name in ("deadband", "clear_ratio"):
        return "none"
    value: Any = RuleTerms.model_fields[name].default
    return format_duration(value) if name in _TIMES else "none" if value == () else f"{value:g}"


def _sample(sheet: Sheet) -> str:
    flow = yaml.safe_dump(sheet.point, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000).strip()
    if sheet.kind in ("stale", "clock"):
        change = {k: v for k, v in sheet.alarm.items() if k != "rule"}
        return yaml.safe_dump({"alarms": {sheet.alarm["rule"]: change}}, sort_keys=False)
    alarm = {"rule": sheet.alarm["rule"], "point": "x", "kind": sheet.kind, **sheet.alarm, **WORDS}
    text = yaml.safe_dump([alarm], sort_keys=False, allow_unicode=True, width=1000)
    return f"points:\n  x: {flow}\nalarms:\n" + "".join(f"  {line}\n" for line in text.splitlines())


def _told(case: Case) -> str:
    read = "; ".join(_read(one) for one in case.readings)
    said = ", ".join(f"{what} at {at:g}" for at, what in case.expect) or "nothing"
    return f"{read} → **{said}**"


def _read(one: Any) -> str:
    if isinstance(one, Spell):
        rises = f" and {one.rises:+g} a minute" if one.rises else ""
        errs = f", stamped {one.errs:g} ahead" if one.errs else ""
        return f"{one.value:g}{rises} every {one.every:g} from {one.start:g} to {one.end:g}{errs}"
    return f"{one[1]:g} at {one[0]:g}" + (" (bad)" if len(one) > 2 else "")


if __name__ == "__main__":
    GUIDE.write_text(write(), encoding="utf-8")
    sys.stdout.write(f"{GUIDE.name} written\n")
