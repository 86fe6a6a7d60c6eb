"""A utility's own phrases reach a cluster's services by a setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.errors import HeadworksError
from services.core.settings import Settings
from services.daemons.phrases import phrases_of

SITES = Path(__file__).parents[3] / "sites"


@pytest.mark.parametrize("named", [str(SITES), f"{SITES / 'zh/dongtai.yaml'}, {SITES / 'zh/liuyang.yaml'}"])
def test_folders_and_files_are_read(named: str) -> None:
    phrases = phrases_of(Settings(phrases=named))

    assert phrases.said("No. 3 plant", "zh") == "三水厂"
    assert phrases.said("The clear well drains", "zh") == "清水池液位下降"


def test_without_any_the_shipped_ones_are_there_and_a_wrong_path_is_told(tmp_path: Path) -> None:
    assert phrases_of(Settings()).said("No. 3 plant", "zh") == "No. 3 plant"
    with pytest.raises(HeadworksError, match="has no phrases"):
        phrases_of(Settings(phrases=str(tmp_path)))
