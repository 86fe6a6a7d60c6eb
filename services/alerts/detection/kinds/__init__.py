"""Every kind of rule as a sheet of its own: why, its parameters and where their values come from, a sample, its cases.

A sheet is `<kind>.yaml` beside this file. The sample is loaded as any catalogue is, its cases run through the whole of
alarm processing (tests/unit/alerts/test_kinds.py), and docs/guide/kinds.md is written from the sheets
(`python tools/kinds.py`): what the guide says of a kind is what is tested.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from services.core.catalogue.model import Finite, Identifier, RuleKind, Strict, Text
from services.core.yaml_source import read_yaml, validate

Seconds = Annotated[float, Field(ge=0, le=1e7)]


class Parameter(Strict):
    """unit: in words. start: a value to start from. source: where that comes from."""

    unit: Text
    means: Text
    start: str = ""
    source: str = ""


class Spell(Strict):
    """Readings every `every` s from `start` to before `end`: `value`, and `rises` (point's unit) more a minute.

    errs: s by which the station's clock is ahead of the run's.
    """

    start: Seconds
    end: Seconds
    every: Annotated[float, Field(gt=0)]
    value: Finite
    rises: Finite = 0.0
    errs: Finite = 0.0


Reading = tuple[Seconds, Finite] | tuple[Seconds, Finite, Literal["bad"]]


class Case(Strict):
    """What is read of point x, and what the alarm then does: nothing else. Times in s from the start.

    until: the run's clock at the end.
    """

    name: Text
    readings: list[Reading | Spell]
    until: Seconds
    expect: list[tuple[Seconds, Literal["raised", "cleared", "uncertain", "certain"]]]


class Sheet(Strict):
    """point: the fields of point x of the sample.  alarm: the alarm on it."""

    kind: RuleKind
    reason: Text
    raised: Text
    returns: Text
    source: Text
    parameters: dict[Identifier, Parameter]
    point: dict[str, Any] = {}
    alarm: dict[str, Any]
    cases: list[Case] = Field(min_length=2)


def load_sheets() -> dict[str, Sheet]:
    """Every sheet by its kind. ConfigError with file, line, field, value and bound."""
    files = sorted(Path(__file__).parent.glob("*.yaml"))
    sheets = {f.stem: validate(Sheet, read_yaml(f, f.name)) for f in files}
    for name, sheet in sheets.items():
        if name != sheet.kind:
            raise ValueError(f"{name}.yaml is of kind {sheet.kind}")
    return sheets
