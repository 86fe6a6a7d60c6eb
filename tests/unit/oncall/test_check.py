"""What is wrong with a utility's paging is found before a night does."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.alerts.oncall.check import load_oncall
from services.alerts.oncall.doubts import doubts, open_secrets
from services.alerts.oncall.templates import PLACES, SHIPPED, TABLES, faults, shipped
from services.core.errors import ConfigError
from tests.unit.oncall.desk import RULES, START


def write(folder: Path, **change: Any) -> Path:
    """The utility of the desk as a file."""
    file = folder / "oncall.yaml"
    apart = json.loads(json.dumps(RULES | change))  # what stands twice would be written as an alias
    file.write_text(yaml.safe_dump(apart, sort_keys=False), encoding="utf-8")
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
        ({"policies": [WAKE, WAKE | {"id": "d", "match": {"incidents": ["intake-crisis"]}}]},
         "must be one of FreezeUp"),
        ({"policies": [{"id": "i", "because": "x", "match": {"incidents": ["IntakeCrisis"]}}, WAKE]},
         "any-other, IntakeCrisis, Tuesday 00:00"),
        ({"people": [RULES["people"][0] | {"language": "fr"}, *RULES["people"][1:]]},
         "must be one of en, zh, or have `texts`"),
        ({"texts": {"fr": {"title": "{site}"}}}, "fr comes with no texts, so all of them must be given"),
        ({"texts": {"zh": {"title": "{plant}{what}"}}}, "has the unknown place {plant}; its places are {priority}"),
        ({"texts": {"zh": {"tittle": "{what}"}}}, "must be one of title"),
        ({"texts": {"en": {"since": "x" * 400}}}, "must be at most 300 characters without its places, and has 400"),
        ({"texts": {"en": {"title": "a very long beginning of every title {what}"}}}, "must be at most 30 characters"),
        ({"texts": {"en": {"since": "Since\u0007 {time}"}}}, "must be printable characters"),
        ({"texts": {"en": {"since": "Since {time"}}}, "opens or closes no place"),
        ({"texts": {"en": {"rules": {"rise": "{speed}"}}}}, "has the unknown place {speed}; its places are {limit}"),
        ({"texts": {"en": {"kinds": "all"}}}, "must be a table of words"),
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


@pytest.mark.parametrize("language", SHIPPED)
def test_the_shipped_texts_are_whole_and_without_fault(language: str) -> None:
    found = shipped(language)
    own: dict[str, Any] = {**found.texts, **found.tables}

    assert not list(faults(language, own))
    assert set(own) == {*PLACES, *TABLES}
    assert {name: set(words) for name, words in found.tables.items()} == {
        name: set(words) for name, words in shipped("en").tables.items()
    }


def test_another_language_with_all_its_texts_is_taken(tmp_path: Path) -> None:
    english = shipped("en")
    people = [RULES["people"][0] | {"language": "fr"}, *RULES["people"][1:]]
    file = write(tmp_path, people=people, texts={"fr": {**english.texts, **english.tables}})

    assert load_oncall(file, START).people[0].language == "fr"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"policies": [WAKE, WAKE | {"id": "d", "match": {"priorities": ["critical"]}}]},
         "d: is never reached: c above it"),
        ({"channels": RULES["channels"] | {"fax": {"kind": "webhook", "url": "http://127.0.0.1:1"}}},
         "fax: reaches nobody"),
        ({"policies": [WAKE]}, "chief: is in no roster and no step that is used"),
        ({"rosters": [*RULES["rosters"], CREW | {"id": "spare", "layers": ALL}]}, "spare: is in no step"),
        ({}, "last_resort: is missing"),
        ({}, "heartbeat: is missing"),
        ({}, "the monthly test would go as any alarm"),
    ],
)  # fmt: skip
def test_what_works_but_is_doubtful_is_noted(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    oncall = load_oncall(write(tmp_path, **change), START)

    notes = [": ".join(filter(None, (".".join(map(str, where[-1:])), str(value), bound)))
             for where, value, bound in doubts(oncall, START)]  # fmt: skip
    assert any(says in note for note in notes), notes


def test_a_secret_that_anybody_may_read_is_a_fault_and_one_that_is_not_there_is_noted(tmp_path: Path) -> None:
    secret = tmp_path / "push-address"
    secret.write_text("https://push.example/token", encoding="utf-8")
    secret.chmod(0o644)
    push = {"kind": "webhook", "url_file": "push-address"}
    token = {"kind": "apprise", "url": "dingtalk://token@host/1"}
    channels = RULES["channels"] | {"push": push, "mail": {"kind": "webhook", "url_file": "gone"}, "call-b": token}
    file = write(tmp_path, channels=channels)
    file.chmod(0o644)
    oncall = load_oncall(file, START)

    wrong, doubtful = open_secrets(oncall, file)
    assert [(one[0], one[2]) for one in wrong] == [
        (("channels", "push", "url_file"), "anybody may read it: chmod o-r push-address")
    ]
    assert ("cannot be read here" in doubtful[1][2], "better in a file of its own" in doubtful[0][2]) == (True, True)
    assert "token" not in str(wrong) + str(doubtful)
    secret.chmod(0o600)
    file.chmod(0o600)
    wrong, doubtful = open_secrets(oncall, file)
    assert (wrong, len(doubtful)) == ([], 1)
