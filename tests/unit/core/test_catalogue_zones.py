"""Zones and balances in a catalogue: what is wrong is named with file and line, what is absent changes no version."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.catalogue import from_json, load_catalogue, to_json, version_of
from services.core.errors import ConfigError

FILE = """\
group: g
name: G
time_zone: Asia/Shanghai
station_types:
  - type: works
    points:
      raw: {unit: m3/h}
      out: {unit: m3/h}
      level: {unit: m}
sites:
  - id: a
    name: A
    kind: plant
    stations: [{id: s, type: works}]
  - id: b
    name: B
    kind: meter
    stations: [{id: s, type: works}]
"""
BALANCE = "    balance: {raw: [s/raw], finished: [s/out], stores: [{level: s/level, area: 400}]}\n"
ZONE = """\
zones:
  - id: east
    name: East
    inflow: [a/s/out]
    outflow: [b/s/raw]
    mains: 10
    connections: 1000
    pressure: 40
    night_use: 3
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigError) as caught:
        load_catalogue(written(folder, text))
    return [(one.line, one.field, f"{one.value}: {one.bound}") for one in caught.value.faults]


def test_a_site_has_its_zones_and_its_balance_and_one_without_them_the_version_that_it_had(tmp_path):
    bare = load_catalogue(written(tmp_path, FILE))
    # As it was before there were zones.
    assert version_of(to_json(bare.site("b"))) == "812c9a72a6fe9f72"
    full = load_catalogue(written(tmp_path, FILE.replace("  - id: b\n", BALANCE + "  - id: b\n") + ZONE))
    assert [zone.id for zone in full.site("a").zones] == ["east"]
    assert full.site("a").zones[0].time_zone == "Asia/Shanghai"
    assert full.site("a").zones[0].members == (("a/s/out", 1), ("b/s/raw", -1))
    assert full.site("a").balance is not None
    assert full.site("b").balance is None
    assert from_json(to_json(full.site("a"))) == full.site("a")
    assert version_of(to_json(full.site("a"))) != version_of(to_json(bare.site("a")))


@pytest.mark.parametrize(
    ("change", "line", "field", "says"),
    [
        (("a/s/out", "a/s/no"), 22, "zones[0].inflow[0]", "'a/s/no': must be a point of the file"),
        (("a/s/out", "a/s/level"), 22, "zones[0].inflow[0]", "its unit is 'm'"),
        (("b/s/raw", "a/s/out"), 23, "zones[0].outflow[0]", "must be a member only once"),
        (("mains: 10", "mains: -1"), 24, "zones[0].mains", "-1: "),
        (("connections: 1000", "connections: many"), 25, "zones[0].connections", "'many': "),
        (("pressure: 40", "pressure: .inf"), 26, "zones[0].pressure", "inf: "),
        (("inflow: [a/s/out]", "inflow: []"), 22, "zones[0].inflow", ""),
        (("name: East", "colour: red"), 20, "zones[0].name", ""),
    ],
)
def test_what_is_wrong_with_a_zone_is_said_with_its_line_and_bound(tmp_path, change, line, field, says):
    found = faults(tmp_path, FILE + ZONE.replace(*change))
    assert (line, field) in [one[:2] for one in found], found
    assert any(says in one[2] for one in found), found


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        (("[s/raw]", "[s/no]"), "balance.raw[0]", "must be a point of the site"),
        (("[s/out]", "[s/level]"), "balance.finished[0]", "must be a flow"),
        (("[s/out]", "[s/raw]"), "balance.finished[0]", "only once"),
        (("level: s/level", "level: s/out"), "balance.stores[0].level", "must be a level in m"),
        (("area: 400", "area: 0"), "balance.stores[0].area", "0"),
        (("raw: [s/raw]", "raw: [s/raw], wash: [s/out], wash_share: 0.05"), "balance.wash_share", "left out"),
    ],
)
def test_what_is_wrong_with_a_balance_likewise(tmp_path, change, field, says):
    found = faults(tmp_path, FILE.replace("  - id: b\n", BALANCE.replace(*change) + "  - id: b\n"))
    assert [one for one in found if one[0] == 15 and one[1].endswith(field) and says in one[2]], found


def test_a_zone_twice_is_refused(tmp_path):
    assert faults(tmp_path, FILE + ZONE + ZONE.split("\n", 1)[1])[0][1] == "zones[1].id"
