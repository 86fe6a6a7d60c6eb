"""What the catalogue says follows the language of whoever looks; what people typed does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.console import wording
from services.console.pages import alarms
from services.console.words import speaking
from services.core.phrases import shipped


@pytest.fixture(autouse=True)
def _shipped_again() -> Iterator[None]:
    yield
    wording.use(shipped())


def test_a_text_of_the_catalogue_follows_the_language() -> None:
    with speaking("zh"):
        assert wording.said("The clear well drains") == "清水池液位下降"
        assert alarms.name_of("submergence", "Submergence of the pump bells") == "吸水喇叭口淹没深度"
    with speaking("en"):
        assert wording.said("The clear well drains") == "The clear well drains"


def test_a_utility_s_own_phrases_go_before() -> None:
    wording.use(shipped().with_own({"zh": {"Intake": "北岸取水口"}}))
    with speaking("zh"):
        assert wording.said("Intake") == "北岸取水口"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("headworks: chattering: raised 3 times within 1 minute", "抖动：1分钟内报警3次"),
        ("chattering: raised 3 times within 1 minute", "抖动：1分钟内报警3次"),
        ("a worse alarm of the same point", "同一测点有更严重的报警"),
        ("Wang: bad", "Wang: bad"),
        ("Wang: lost; closed", "Wang: lost; closed"),
    ],
)
def test_why_an_alarm_is_out_of_sight_is_told_and_a_person_s_words_stay(text: str, shown: str) -> None:
    with speaking("zh"):
        assert alarms.because(text) == shown
