"""How much the slow properties look at, and from which seed on."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scripts", type=int, default=330, help="base scripts for each allowed lateness")
    parser.addoption("--deliveries", type=int, default=16, help="deliveries of each script")
    parser.addoption("--seed", type=int, default=1000, help="of the first script; the next has the next")
