"""What is wrong with a utility's paging is found before a night does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.alerts.oncall.check import load_oncall
from services.core.errors import ConfigError
from tests.unit.oncall.desk import RULES, START


def write(folder: Path, **change: Any) -> Path:
    """The utility of the desk as a file."""
    file = folder / "oncall.yaml"
    file.write_text(yaml.safe_dump(RULES | change, sort_keys=False), encoding="utf-8")
    return file


def test_a_sound_one_is_taken(tmp_path: Path) -> None:
    assert load_oncall(write(tmp_path), START).on_duty(("crew",), START) == ("wang",)


CREW: dict[str, Any] = {"id": "crew", "time_zone": "Asia/Shanghai"}
DAYS = {"people": ["wang"], "start": "2023-04-01T00:00", "between": ["08:00", "20:00"]}
NIGHTS = {"people": ["li"], "start": "2023-04-01T00:00", "between": ["20:00", "08:00"]}
ALL = [{"people": ["wang"], "start": "2023-04-01T00:00"}]
WAKE: dict[str, Any] = {"id": "c", "because": "x", "steps": [{"to": ["crew"]}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rosters": [CREW | {"layers": [DAYS]}]}, "a hole: nobody is on call"),
        ({"rosters": [CREW | {"layers": [DAYS, NIGHTS | {"between": ["19:45", "08:00"]}]}]}, "an overlap: wang, li"),
        ({"rosters": [CREW | {"layers": [{"people": ["nobody"], "start": "2023-04-01T00:00"}]}]}, "one of the people"),
        ({"rosters": [CREW | {"time_zone": "Asia/Atlantis", "layers": ALL}]}, "must be an IANA time zone"),
        ({"policies": [WAKE | {"steps": [{"to": ["crew"], "urgency": "notify"}]}]}, "a push wakes nobody"),
        ({"policies": [WAKE | {"steps": [{"to": ["ghost"]}]}]}, "must be a roster or a person"),
        ({"policies": [WAKE | {"match": {"priorities": ["high"]}}]}, "would page nobody"),
        ({"policies": [WAKE | {"match": {"between": ["08:00", "20:00"]}}]}, "would page nobody"),
        ({"policies": [WAKE | {"steps": []}]}, "would page nobody"),
        ({"policies": [WAKE | {"steps": [{"to": ["crew"], "times": 3}]}]}, "must have `repeat`"),
        ({"policies": [WAKE, WAKE | {"steps": [{"to": ["li"]}]}]}, "must be unique"),
        ({"channels": {"push": {"kind": "webhook", "url": "http://127.0.0.1:1"}}}, "must be one of ['push']"),
        ({"channels": {"push": {"kind": "webhook"}}}, "either `url` or `url_file`"),
        ({"people": [{"id": "wang", "name": "W", "reach": [{"channel": "push", "urgency": "notify"}]},
                     {"id": "li", "name": "L", "reach": [{"channel": "call-a", "urgency": "wake"}]},
                     {"id": "chief", "name": "C", "reach": [{"channel": "call-b", "urgency": "wake"}]}]},
         "has no channel for wake"),
        ({"digest_to": ["ghost"]}, "must be a roster or a person"),
        ({"surprise": 1}, "surprise"),
    ],
)  # fmt: skip
def test_what_would_fail_at_night_is_refused_by_day(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    file = write(tmp_path, **change)
    with pytest.raises(ConfigError) as caught:
        load_oncall(file, START)
    assert says in str(caught.value)
    assert all(fault.file == str(file) and fault.line > 0 for fault in caught.value.faults)


def test_days_and_nights_that_fit_together_are_no_fault(tmp_path: Path) -> None:
    file = write(tmp_path, rosters=[CREW | {"layers": [DAYS, NIGHTS]}])
    assert load_oncall(file, START).roster("crew") is not None
