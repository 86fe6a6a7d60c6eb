"""Every service of a cluster is there under the name by which the command line starts it."""

from __future__ import annotations

from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name", ["aggregate", "alerts", "archive", "bridge", "console", "recompute", "sink", "zones"]
)  # fmt: skip
def test_it_has_its_work_and_says_what_it_needs(name: str) -> None:
    module = import_module(f"services.daemons.{name}")
    assert callable(module.work)
    assert isinstance(module.NEEDED, tuple)
