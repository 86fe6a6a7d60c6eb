"""Every topic's messages become lines; what cannot be read or named is set apart, and the rest goes on."""

from __future__ import annotations

import numpy as np

from services.aggregator.sinks.influx import Names, Place, nameless, translate
from services.core.codec import encode_output, encode_records
from services.core.ports import Entry
from services.core.records import Aggregates, AlarmEvent, Config, Derived, IncidentEvent, Output, Tick
from tests.unit.aggregator.influx import config, read
from tests.unit.aggregator.test_influx_encode import frame


def entry(number: int, topic: str, data: bytes) -> tuple[Place, Entry]:
    return Place(topic, 1, number), Entry(number, topic, "no3", data)


def said(number: int, output: Output) -> tuple[Place, Entry]:
    topic, data = encode_output(output)
    return entry(number, topic, data)


FRAME = frame("no3", [(5, 0, 1.5, 0), (8, 0, 2.5, 0)], "intake")


def test_all_topics_become_lines_with_the_names_of_the_catalogue_that_came_before():
    one = np.ones(1)
    entries = [
        entry(0, "sites", encode_records([config()])),
        entry(1, "sites", encode_records([FRAME, FRAME, Tick(9)])),
        said(0, Derived(frame("no3", [(5, 2, 3.0, 0)], "derived"))),
        said(0, Aggregates("no3", 0, 60_000_000_000, np.zeros(1, np.int32), one, one, one, one.astype(np.int64), one)),
        said(0, AlarmEvent(9, "no3", "intake", "raw_turbidity", "high", "o", 1, "raised", "high")),
        said(0, IncidentEvent(9, "no3", "IntakeCrisis", "i", 1, "surge", "c", "n")),
    ]
    made = translate(entries, Names())
    assert (made.rejects, made.unnamed, made.readings, made.latest) == ([], {}, 5, {"no3": 8})
    lines = read(made.lines.data)
    assert [line.measurement for line in lines] == ["readings"] * 5 + ["aggregates_1m", "alarms", "incidents"]
    assert lines[4].tags == {"site": "no3", "station": "filters"}
    assert made.lines.first == Place("sites", 1, 1)
    assert made.lines.last == Place("incidents", 1, 0)


def test_what_cannot_be_read_is_set_apart_with_its_place():
    names = Names()
    broken = Config("no3", "v", "{", 0)
    entries = [
        entry(0, "sites", encode_records([config()])),
        entry(1, "sites", b"\xff\xff"),
        entry(2, "sites", encode_records([FRAME])),
        entry(3, "alarms", b"\xff"),
        entry(4, "sites", encode_records([broken])),
    ]
    made = translate(entries, names)
    assert len(read(made.lines.data)) == 2
    assert [(r.source, r.reason, r.payload) for r in made.rejects] == [
        ("sites", "not records", b"\xff\xff"), ("alarms", "not an output", b"\xff"),
        ("sites", "catalogue", entries[4][1].data),
    ]  # fmt: skip
    assert made.rejects[0].detail.startswith("sites/1@1: ")


def test_readings_without_a_name_are_told_until_there_is_one():
    names = Names()
    entries = [entry(7, "sites", encode_records([FRAME])), entry(8, "sites", encode_records([config(name="no1")]))]
    made = translate(entries, names)
    assert made.lines.data == b""
    assert made.unnamed == {Place("sites", 1, 7): "site 'no3': no catalogue names [0]"}
    (letter,) = nameless(entries, made.unnamed)
    assert (letter.reason, letter.payload) == ("point without name", entries[0][1].data)
    assert letter.detail == "sites/1@7: site 'no3': no catalogue names [0]"
    names.learn([config()])
    made = translate(entries, names)
    assert made.unnamed == {}
    assert len(read(made.lines.data)) == 2
