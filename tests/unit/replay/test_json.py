"""The two JSON formats, and which importer takes a file."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from services.core.clock import iso
from services.core.errors import Rejected
from services.core.quality import Quality
from services.replay.importers import read_record
from services.replay.importers.usgs_iv_json import read_iv
from services.replay.importers.usgs_ogc_json import read_ogc


def value(time: str, number: Any, *marks: str) -> dict[str, Any]:
    return {"value": number, "qualifiers": list(marks or ("P",)), "dateTime": time}


def iv(*methods: tuple[int, list[Any]], code: str = "63680", unit: str = "FNU") -> dict[str, Any]:
    return {
        "value": {
            "timeSeries": [
                {
                    "sourceInfo": {"siteName": "MILL CREEK", "siteCode": [{"value": "01234567"}]},
                    "variable": {
                        "variableCode": [{"value": code}],
                        "variableDescription": "Turbidity, 90 &#177;2.5",
                        "unit": {"unitCode": unit},
                        "noDataValue": -12345.0,
                    },
                    "values": [
                        {"value": values, "method": [{"methodID": m, "methodDescription": ""}]} for m, values in methods
                    ],
                }
            ]
        }
    }


def test_offsets_and_no_data_values() -> None:
    recording = read_iv(
        iv(
            (
                7,
                [
                    value("2019-05-23T16:00:00.000-04:00", "263"),
                    value("2019-05-23T16:05:00.000-04:00", "-12345"),
                    value("2019-05-23T16:10:00.000-04:00", "-999999"),
                    value("2019-05-23T20:15:00Z", "419", "A", "e"),
                    value("2019-05-23T16:20:00.000-04:00", "-12345.0", "P", "Eqp"),
                ],
            )
        )
    )
    (series,) = recording.series
    assert [iso(int(t)) for t in series.times] == [
        "2019-05-23T20:00:00Z",
        "2019-05-23T20:15:00Z",
        "2019-05-23T20:20:00Z",
    ]
    assert series.values[:2].tolist() == [263, 419]
    assert math.isnan(series.values[2])
    assert series.quality.tolist() == [Quality.GOOD, Quality.UNCERTAIN, Quality.BAD]
    assert (series.station, series.code, series.id, series.unit) == (
        "01234567",
        "63680",
        "7",
        "FNU",
    )
    assert series.description == "Turbidity, 90 ±2.5"
    assert recording.names == {"01234567": "MILL CREEK"}


def test_two_methods_are_two_series() -> None:
    data = iv(
        (1, [value("2020-04-18T00:26:00-07:00", "1.4")]),
        (2, [value("2020-04-18T00:26:00-07:00", "1.9"), value("2020-04-18T00:28:00-07:00", "2")]),
    )
    assert [(s.id, len(s)) for s in read_iv(data).series] == [("1", 1), ("2", 2)]


def test_bad_values_are_counted_with_their_place() -> None:
    data = iv(
        (
            1,
            [
                value("2020-04-18T00:26:00-07:00", "1.4"),
                value("2020-04-18T00:28:00", "1.5"),
                value("2020-04-18T00:30:00-07:00", "wet"),
                value("2020-04-18T00:26:00-07:00", "1.6"),
                value("2020-04-18T00:20:00-07:00", "1.7"),
                "not an object",
                value("1492-10-12T00:00:00Z", "1.8"),
                value("2020-04-18T00:40:00-07:00", {"a": 1}),
                {"value": "2", "dateTime": 5},
            ],
        )
    )
    recording = read_iv(data)
    (series,) = recording.series
    assert series.values.tolist() == [1.4]
    assert recording.rejects.counts == {
        "not a time": 2,
        "not a number": 1,
        "duplicate": 1,
        "out of order": 1,
        "time out of range": 1,
    }
    assert recording.rejects.examples[0].where == "timeSeries[0].values[0].value[1]"


def test_a_series_without_a_parameter_code_is_counted() -> None:
    recording = read_iv({"value": {"timeSeries": [{}, 5, None]}})
    assert recording.series == ()
    assert recording.rejects.counts == {"no parameter code": 3}


def feature(time: str, number: str, **other: object) -> dict[str, Any]:
    properties = {
        "approval_status": "Approved",
        "monitoring_location_id": "USGS-06904500",
        "parameter_code": "00065",
        "qualifier": None,
        "time": time,
        "time_series_id": "b36569",
        "unit_of_measure": "ft",
        "value": number,
    }
    return {"type": "Feature", "properties": properties | other}


def test_ogc_features_in_any_order() -> None:
    recording = read_ogc(
        {
            "type": "FeatureCollection",
            "features": [
                feature("2025-01-01T00:15:00+00:00", "1.80"),
                feature("2025-01-01T00:00:00+00:00", "1.76"),
                feature("2025-01-01T00:15:00+00:00", "9"),
                feature("2025-01-01T00:30:00+00:00", "1.9", qualifier=["ESTIMATED"]),
                feature("2025-01-01T00:45:00+00:00", "", qualifier="EQP"),
                feature("2025-01-01T01:00:00", "2"),
                {"properties": None},
            ],
        }
    )
    (series,) = recording.series
    assert (series.station, series.code, series.unit) == ("06904500", "00065", "ft")
    assert series.values[:3].tolist() == [1.76, 1.80, 1.9]
    assert series.quality.tolist() == [0, 0, Quality.UNCERTAIN, Quality.BAD]
    assert recording.rejects.counts == {
        "duplicate": 1,
        "not a time": 1,
        "no parameter code": 1,
    }


def test_the_importer_is_found_by_content(tmp_path: Path) -> None:
    ogc = {
        "type": "FeatureCollection",
        "features": [feature("2025-01-01T00:00:00Z", "1.76")],
    }
    rdb = (
        "agency_cd\tsite_no\tdatetime\ttz_cd\t3_00065\t3_00065_cd\n5s\t15s\t20d\t6s\t14n\t10s\n"
        "USGS\t07654321\t2014-03-06 00:00\tCST\t1.5\tP\n"
    )
    texts = {
        "USGS instantaneous values (JSON)": json.dumps(iv((1, [value("2020-04-18T00:26Z", "1")]))),
        "USGS OGC API, continuous (JSON)": "\n " + json.dumps(ogc),
        "USGS RDB": rdb,
    }
    for expected, text in texts.items():
        path = tmp_path / "download.txt"
        path.write_text(text)
        recording = read_record(path)
        assert (recording.format, recording.readings) == (expected, 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"<!DOCTYPE html><html>", "web page"),
        (bytes(range(256)) * 20, "known:"),
        (b"dear colleague,\n", "known:"),
        (b'{"value": {"timeSeries": [', "truncated"),
        (b'{"hello": 1}', "not of a known shape"),
        (b"[" * 200_000, "nested"),
    ],
)
def test_anything_else_is_refused_with_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(Rejected, match=says):
        read_record(path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(Rejected, match="cannot be read"):
            read_record(path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    for begin, size in ((b"{", 65_000_000), (b"#", 600_000_000)):
        path = tmp_path / "huge"
        with path.open("wb") as stream:
            stream.write(begin)
            stream.truncate(size)  # sparse: takes no disk
        with pytest.raises(Rejected, match="file too large"):
            read_record(path)
