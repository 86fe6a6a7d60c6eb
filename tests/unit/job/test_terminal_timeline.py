"""The timeline on the terminal says what an incident's hours are until."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from services.core.catalogue import load_catalogue
from services.core.records import IncidentEvent
from services.job.places import PROJECT
from services.job.timeline import Timeline


@pytest.mark.parametrize(
    ("what", "said"),
    [("the floor floods", "the floor floods in 0.9 to 2.4 h"), ("supply loss", "supply lasts 0.9 to 2.4 h")],
)
def test_the_hours_of_an_incident_say_until_what(what: str, said: str) -> None:
    out = io.StringIO()
    timeline = Timeline(Console(file=out, width=200), load_catalogue(PROJECT / "sites/dongtai.yaml"))
    left = {"what": what, "hours_pessimistic": 0.896, "hours_optimistic": 2.414, "horizon_hours": 24.0}
    timeline.take(
        IncidentEvent(10**18, "dongtai", "PowerLossFlooding", "dongtai/x@1", 1, "rising", "", "", {"forecast": left})
    )
    assert f"Dongtai isolation station · {said}" in out.getvalue()
    assert out.getvalue().count(" h\n") == 1
