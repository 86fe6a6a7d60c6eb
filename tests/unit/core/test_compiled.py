"""The kernels' cache follows everything that kernels are made of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from numba import config

from services.core import compiled


def test_the_cache_lies_where_its_key_says() -> None:
    folder = vars(config)["CACHE_DIR"]
    assert folder, "kernels would be cached beside their own file, blind to changes elsewhere"
    assert Path(folder).name == compiled._key() or "NUMBA_CACHE_DIR" in os.environ


@pytest.mark.parametrize("file", ["core/quality.py", "alerts/detection/layout.py", "alerts/detection/rates.py"])
def test_a_change_in_what_a_kernel_takes_in_changes_the_key(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(compiled._SERVICES, tmp_path / "services", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiled, "_SERVICES", tmp_path / "services")
    before = compiled._key()
    assert before == compiled._key()
    with (tmp_path / "services" / file).open("a") as text:
        text.write("# changed\n")
    assert compiled._key() != before
