# ruff: noqa: E501
"""Causes and consequences that come with a station type: told once, resolved at every station, checked like a site's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.core.catalogue import load_catalogue
from services.core.clock import MINUTE
from services.core.errors import ConfigError

FILE = """\
group: g
name: G
time_zone: Asia/Shanghai
station_types:
  - type: tank
    points:
      state: {states: {1: standby, 3: running}}
      mains: {states: {0: lost, 1: present}}
      flow: {unit: m3/h, range: [0, 100]}
    repeat:
      pump:
        points: {"p{n}_flow": {unit: m3/h, range: [0, 9]}}
        alarms:
          - {rule: none, point: "p{n}_flow", kind: low, limit: 1, priority: high, consequence: c, response: r, respond_within: 5m}
    alarms:
      - {rule: lost, point: mains, kind: equals, limit: 0, priority: high, consequence: c, response: r, respond_within: 5m}
      - {rule: none, point: flow, kind: low, limit: 1, priority: high, consequence: c, response: r, respond_within: 5m}
    suppressions:
      - cause: mains/lost
        hides: [flow/*, "p*_flow/none", station/station-silent]
        because: no power
        hold: 10m
sites:
  - id: one
    name: One
    kind: plant
    stations:
      - {id: east, type: tank, units: {pump: 2}}
      - {id: west, type: tank}
"""


def load(tmp_path: Path, text: str = FILE) -> Any:
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path).sites[0]


def refused(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    return [(fault.line, fault.field, fault.bound) for fault in error.value.faults]


def line(text: str, of: str) -> int:
    return next(n for n, one in enumerate(text.splitlines(), 1) if of in one)


def test_what_a_type_says_holds_at_every_station_of_it(tmp_path):
    east, west = load(tmp_path).suppressions
    assert (east.cause, east.hold, east.because) == ("east/mains/lost", 10 * MINUTE, "no power")
    assert east.hides == ("east/flow/*", "east/p*_flow/none", "east/station/station-silent")
    # The other station has no pumps, and so nothing of them to hide.
    assert (west.cause, west.hides) == ("west/mains/lost", ("west/flow/*", "west/station/station-silent"))


def test_what_a_site_has_switched_off_explains_nothing_there(tmp_path):
    text = FILE.replace("{id: west, type: tank}", "{id: west, type: tank, alarms: {mains/lost: {off: no meter}}}")
    assert [one.cause for one in load(tmp_path, text).suppressions] == ["east/mains/lost"]


def test_a_sites_own_causes_stand_beside_those_of_its_types(tmp_path):
    own = "    suppressions: [{cause: east/mains/lost, hides: [west/flow/none], because: upstream}]\n    stations:"
    found = load(tmp_path, FILE.replace("    stations:", own)).suppressions
    assert [one.cause for one in found] == ["east/mains/lost", "east/mains/lost", "west/mains/lost"]


@pytest.mark.parametrize(
    ("right", "wrong", "field", "bound"),
    [
        ("cause: mains/lost", "cause: mains/lots", "cause", "must be an alarm of the type, as point/rule"),
        ("flow/*", "flwo/*", "hides[0]", "must match an alarm of the type, as point/rule"),
    ],
)
def test_a_name_that_the_type_has_not_is_refused_where_it_stands(tmp_path, right, wrong, field, bound):
    text = FILE.replace(right, wrong, 1)
    for fault in refused(tmp_path, text):
        assert fault == (line(text, wrong), f"station_types[0].suppressions[0].{field}", bound)


def test_a_cause_that_hides_itself_or_another_cause_is_refused_at_the_station(tmp_path):
    itself = FILE.replace("flow/*", "mains/*", 1)
    found = refused(tmp_path, itself)
    assert found[0] == (line(itself, "id: east"), "sites[0].stations[0].type", "must not match the cause itself")
    loop = "      - {cause: flow/none, hides: [mains/lost], because: loop}\nsites:"
    looped = {bound for _, _, bound in refused(tmp_path, FILE.replace("sites:", loop, 1))}
    assert looped == {
        f"must not match another cause: {station}/{alarm}"
        for station in ("east", "west")
        for alarm in ("flow/none", "mains/lost")
    }


def test_a_booster_without_power_explains_its_pressure_and_its_silence_but_not_the_water_on_its_floor(tmp_path):
    text = FILE.replace("type: tank, units: {pump: 2}", "type: booster").replace(
        "type: tank}", "type: isolation_station}"
    )
    booster, isolation = load(tmp_path, text).suppressions
    assert (booster.cause, isolation.cause) == ("east/mains/mains-lost", "west/feeds/power-lost")
    for one in (booster, isolation):
        assert f"{one.cause.partition('/')[0]}/station/station-silent" in one.hides
        assert not any("floor" in pattern or "sump" in pattern for pattern in one.hides)
        # The silence clears five minutes after the station is heard again: it must not sound in between.
        assert one.hold >= 10 * MINUTE
