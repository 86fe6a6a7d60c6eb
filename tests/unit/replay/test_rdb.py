"""USGS RDB: every oddity of the format by a hand-written record."""

import io
import math

import numpy as np
import pytest

from services.core.clock import iso, parse_time
from services.core.errors import Rejected
from services.core.quality import Quality
from services.replay.importers.model import MAX_EXAMPLES, Recording, Series
from services.replay.importers.usgs_rdb import MAX_LINE, read_rdb

HEAD = (
    "# Data for the following 1 site(s)\n"
    "#    USGS 01234567 MILL CREEK AT MILL\n"
    "#   11   63680   Turbidity, FNU\n"
    "agency_cd\tsite_no\tdatetime\ttz_cd\t11_63680\t11_63680_cd\t12_00060\t12_00060_cd\n"
    "5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s\n"
)


def row(
    time: str,
    turbidity: str = "5",
    mark: str = "P",
    *,
    zone: str = "EST",
    flow: str = "8",
    station: str = "01234567",
) -> str:
    return f"USGS\t{station}\t{time}\t{zone}\t{turbidity}\t{mark}\t{flow}\tP\n"


def read(*rows: str, head: str = HEAD) -> Recording:
    return read_rdb(io.BytesIO((head + "".join(rows)).encode()))


def of(recording: Recording, code: str) -> Series:
    (found,) = [s for s in recording.series if s.code == code]
    return found


def test_columns_are_matched_by_parameter_code() -> None:
    swapped = (
        "agency_cd\tsite_no\tdatetime\ttz_cd\t99_00060\t99_00060_cd\t7_63680\t7_63680_cd\n"
        "5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s\n"
    )
    recording = read("USGS\t01234567\t2014-03-07 00:15\tEST\t38\tA\t1.4\tA\n", head=swapped)
    assert of(recording, "63680").values.tolist() == [1.4]
    assert of(recording, "00060").values.tolist() == [38.0]
    assert of(recording, "63680").id == "7"
    assert recording.rejects.total == 0


def test_names_and_descriptions_come_from_the_comments() -> None:
    recording = read(row("2014-03-07 00:15"))
    assert recording.names == {"01234567": "MILL CREEK AT MILL"}
    assert of(recording, "63680").description == "Turbidity, FNU"


def test_local_times_become_utc_by_the_zone_of_their_row() -> None:
    recording = read(
        row("2014-03-09 01:30"),
        row("2014-03-09 01:45"),
        row("2014-03-09 03:00", zone="EDT"),
        row("2014-03-09 03:15", zone="EDT"),
    )
    times = of(recording, "63680").times
    assert [iso(int(t)) for t in times] == [
        "2014-03-09T06:30:00Z",
        "2014-03-09T06:45:00Z",
        "2014-03-09T07:00:00Z",
        "2014-03-09T07:15:00Z",
    ]


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    recording = read(
        row("2014-11-02 01:00", "1", zone="EDT"),
        row("2014-11-02 01:30", "2", zone="EDT"),
        row("2014-11-02 01:00", "3"),
        row("2014-11-02 01:30", "4"),
    )
    series = of(recording, "63680")
    assert series.values.tolist() == [1, 2, 3, 4]
    assert set(np.diff(series.times).tolist()) == {1_800_000_000_000}
    assert recording.rejects.total == 0


def test_an_unknown_zone_is_refused_not_guessed() -> None:
    recording = read(row("2014-03-09 01:30", zone="XST"), row("2014-03-09 01:45"))
    assert len(of(recording, "63680")) == 1
    (bad,) = recording.rejects.examples
    assert (bad.where, bad.reason) == ("line 6", "unknown zone")
    assert "'XST'" in bad.detail


def test_an_empty_cell_is_no_reading() -> None:
    recording = read(row("2014-03-07 00:00", "", ""), row("2014-03-07 00:15", "-999999"))
    assert len(of(recording, "63680")) == 0
    assert len(of(recording, "00060")) == 2
    assert recording.rejects.total == 0


@pytest.mark.parametrize("word", ["Ice", "Eqp", "Bkw", "***", "Dis", "Ssn", "Mnt"])
def test_a_word_is_a_bad_reading(word: str) -> None:
    recording = read(row("2014-03-07 00:00", word), row("2014-03-07 00:15", "", f"P {word}"))
    series = of(recording, "63680")
    assert series.quality.tolist() == [Quality.BAD, Quality.BAD]
    assert all(math.isnan(v) for v in series.values)
    assert recording.rejects.total == 0


@pytest.mark.parametrize(
    ("cell", "mark", "quality"),
    [
        ("5", "A", Quality.GOOD),
        ("5", "P", Quality.GOOD),
        ("5", "A:e", Quality.UNCERTAIN),
        ("5", "P,<", Quality.UNCERTAIN),
        ("5", "P ~", Quality.UNCERTAIN),
        ("5", "P [never heard of]", Quality.UNCERTAIN),
        ("5", "A:>", Quality.SATURATED),
        ("5", "P:Ice", Quality.UNCERTAIN),
        ("5", "P:Eqp", Quality.BAD),
        ("> 5", "P", Quality.SATURATED),
        ("<5", "P", Quality.UNCERTAIN),
    ],
)
def test_qualifiers_become_quality(cell: str, mark: str, quality: Quality) -> None:
    series = of(read(row("2014-03-07 00:00", cell, mark)), "63680")
    assert series.values.tolist() == [5.0]
    assert series.quality.tolist() == [quality]


@pytest.mark.parametrize("cell", ["oops", "nan", "inf", "1e999", "1_000", "5,2", "0x10"])
def test_what_is_no_number_is_refused_and_the_rest_of_the_row_stays(cell: str) -> None:
    recording = read(row("2014-03-07 00:00", cell))
    assert len(of(recording, "63680")) == 0
    assert of(recording, "00060").values.tolist() == [8.0]
    (bad,) = recording.rejects.examples
    assert (bad.where, bad.reason) == ("line 6, 63680", "not a number")
    assert cell in bad.detail


def test_of_two_rows_of_one_time_the_first_stands() -> None:
    recording = read(row("2014-03-07 00:00", "5"), row("2014-03-07 00:00", "6"))
    assert of(recording, "63680").values.tolist() == [5.0]
    assert recording.rejects.counts == {"duplicate": 1}
    assert recording.rejects.examples[0].where == "line 7"


def test_a_row_that_goes_back_in_time_is_refused() -> None:
    recording = read(row("2014-03-07 00:15", "1"), row("2014-03-07 00:00", "2"), row("2014-03-07 00:30", "3"))
    assert of(recording, "63680").values.tolist() == [1, 3]
    assert recording.rejects.counts == {"out of order": 1}


@pytest.mark.parametrize(
    ("bad_row", "reason"),
    [
        ("USGS\t01234567\t2014-03-07 00:15\tEST\t5\n", "column count"),
        (row("2014-03-07 00:15")[:-1] + "\textra\n", "column count"),
        (row("2014-13-07 00:15"), "not a time"),
        (row("yesterday"), "not a time"),
        (row("2014-03-07 00:15+08:00"), "not a time"),
        (row("1066-10-14 09:00"), "time out of range"),
        (row("2999-01-01 00:00"), "time out of range"),
        (row("2014-03-07 00:15", station="../../etc"), "not a station"),
        ("x" * (MAX_LINE + 500) + "\n", "line too long"),
        ("\x00\x01\x02\ufffd\t\x07\n", "column count"),
    ],
)
def test_a_bad_row_is_counted_with_its_line_and_the_rest_goes_on(bad_row: str, reason: str) -> None:
    recording = read(row("2014-03-07 00:00"), bad_row, row("2014-03-07 00:30"))
    assert len(of(recording, "63680")) == 2
    (bad,) = recording.rejects.examples
    assert (bad.where, bad.reason) == ("line 7", reason)
    assert len(bad.detail) < 400


def test_a_truncated_last_row_is_counted() -> None:
    recording = read(row("2014-03-07 00:00"), row("2014-03-07 00:15")[:30])
    assert len(of(recording, "63680")) == 1
    assert recording.rejects.counts == {"column count": 1}


def test_windows_line_ends_and_a_byte_order_mark_are_taken() -> None:
    text = "\ufeff" + (HEAD + row("2014-03-07 00:00")).replace("\n", "\r\n")
    recording = read_rdb(io.BytesIO(text.encode()))
    assert of(recording, "63680").values.tolist() == [5.0]


def test_a_second_header_in_the_file_holds_from_there() -> None:
    second = (
        "#    USGS 07654321 OTHER CREEK\n"
        "agency_cd\tsite_no\tdatetime\ttz_cd\t3_00065\t3_00065_cd\n5s\t15s\t20d\t6s\t14n\t10s\n"
        "USGS\t07654321\t2014-03-06 00:00\tCST\t1.5\tP\n"
    )
    recording = read(row("2014-03-07 00:00"), second)
    stage = of(recording, "00065")
    assert (stage.station, stage.values.tolist()) == ("07654321", [1.5])
    assert stage.times.tolist() == [parse_time("2014-03-06T06:00:00Z")]
    assert recording.rejects.total == 0


def test_many_bad_rows_are_all_counted_but_not_all_kept() -> None:
    recording = read(*["USGS\tshort\n"] * (MAX_EXAMPLES + 50))
    assert recording.rejects.counts == {"column count": MAX_EXAMPLES + 50}
    assert len(recording.rejects.examples) == MAX_EXAMPLES


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# nothing found\n", "no data"),
        ("a\tb\n", "not a river record"),
        ("agency_cd\tsite_no\tdatetime\ttz_cd\n", "no parameter"),
        ("agency_cd\tsite_no\tdatetime\t11_00060_00003\t11_00060_00003_cd\n", "daily values"),
        ("datetime\ttz_cd" + "\tx" * 2000 + "\n", "not a river record"),
    ],
)
def test_what_is_no_record_of_instantaneous_values_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_rdb(io.BytesIO(text.encode()))
    assert refused.value.reason == reason
