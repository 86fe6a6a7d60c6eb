"""Every service of a cluster that the command line knows is there under its name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from services.cli import daemons

NAMES = sorted(set(re.findall(r'serve\("(\w+)"', Path(daemons.__file__).read_text(encoding="utf-8"))))


def test_the_command_line_serves_them() -> None:
    assert {"alerts", "bridge", "console", "sink"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_its_work_and_says_what_it_needs(name: str) -> None:
    module = import_module(f"services.daemons.{name}")
    assert callable(module.work)
    assert isinstance(module.NEEDED, tuple)
