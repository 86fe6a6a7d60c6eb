"""YAML as hostile input: what is refused, and that the message names the line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.core.errors import ConfigError, Fault
from services.core.yaml_source import MAX_BYTES, MAX_DEPTH, MAX_SHOWN, dotted, read_yaml, validate


def fault(tmp_path: Path, text: str | bytes) -> Fault:
    path = tmp_path / "site.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        read_yaml(path, "site.yaml")
    (only,) = caught.value.faults
    assert only.file == "site.yaml"
    assert str(only).startswith(f"site.yaml:{only.line}: ")
    return only


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path: Path) -> None:
    found = fault(tmp_path, "a:\n  limit: 1\n  other: 2\n  limit: 3\n")
    assert (found.line, found.field, found.bound) == (4, "a.limit", "must stand only once")


def test_an_alias_is_refused_with_its_line(tmp_path: Path) -> None:
    found = fault(tmp_path, "a: &x [1]\nb: 2\nc: *x\n")
    assert "alias" in found.value
    assert (found.line, found.field) == (3, "c")
    assert fault(tmp_path, "a: &x [1]\nb:\n  - c: 1\n    d: *x\n").field == "b[0].d"


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    found = fault(tmp_path, b"id: m\nname: M\xfcnchen\n")
    assert (found.value, found.line) == ("not UTF-8", 2)


def test_too_deep_is_refused_before_python_gives_up(tmp_path: Path) -> None:
    assert f"more than {MAX_DEPTH}" in fault(tmp_path, "a: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5)).value
    block = "\n".join("  " * n + "a:" for n in range(MAX_DEPTH + 5))
    assert fault(tmp_path, block).line > MAX_DEPTH
    for bottomless in ("[" * 9_000, "{a: " * 9_000, "- " * 9_000):
        fault(tmp_path, bottomless)


def test_too_large_names_both_sizes(tmp_path: Path) -> None:
    found = fault(tmp_path, "#" * (MAX_BYTES + 1))
    assert str(MAX_BYTES + 1) in found.value
    assert str(MAX_BYTES) in found.bound


def test_a_caller_may_set_tighter_bounds(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: {b: {c: 1}}\n", encoding="utf-8")
    assert read_yaml(path, max_bytes=15, max_depth=3).data == {"a": {"b": {"c": 1}}}
    with pytest.raises(ConfigError, match="15 bytes: at most 14 bytes"):
        read_yaml(path, max_bytes=14)
    with pytest.raises(ConfigError, match=r"1: a\.b: nested more than 2 deep"):
        read_yaml(path, max_depth=2)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2\nb: 3\n", 2),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\nb: !!python/object/apply:os.getcwd []\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n? 2023-01-01\n: x\n", 2),
        ("a: 1\n? [1, 2]\n: x\n", 2),
        ("a: 1\nb: 2023-02-30\n", 2),
        ("a: 1\nb: !!bool perhaps\n", 2),
        ("a: 1\nb: \x07\n", 1),
    ],
)
def test_what_is_not_clean_yaml_is_a_fault_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert fault(tmp_path, text).line == line


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match="must be readable"):
            read_yaml(path)


def test_lines_of_fields_and_of_their_nearest_parent(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("# c\na:\n  b:\n    - one\n    - c: 2\n", encoding="utf-8")
    source = read_yaml(path)
    assert source.data == {"a": {"b": ["one", {"c": 2}]}}
    assert source.line(("a", "b", 1, "c")) == 5
    assert source.line(("a", "b", 0)) == 4
    assert source.line(("a", "b", 7, "nowhere")) == 3
    assert source.line(("else",)) == 2  # the file's own first line of data
    assert dotted(("a", "b", 1, "c")) == "a.b[1].c"


def test_words_that_yaml_takes_for_truth_are_names_where_a_name_stands(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("off: no outlet\nno: 1\n2.5: x\n", encoding="utf-8")
    assert read_yaml(path).data == {"off": "no outlet", "no": 1, "2.5": "x"}


def test_an_empty_file_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("# only a comment\n", encoding="utf-8")
    assert read_yaml(path).data is None


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Valve(Part):
    kind: Literal["valve"]
    turns: int


class Pump(Part):
    kind: Literal["pump"]
    start: str
    speed: Annotated[float, Field(le=100)]


class House(Part):
    parts: list[Annotated[Valve | Pump, Field(discriminator="kind")]]
    names: dict[Annotated[str, Field(pattern="^[a-z]+$")], str] = {}

    @field_validator("names")
    @classmethod
    def _few(cls, names: dict[str, str]) -> dict[str, str]:
        if len(names) > 2:
            raise ValueError("IANA would refuse more than 2")
        return names


def faults(tmp_path: Path, text: str) -> list[tuple[int, str, str, str]]:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        validate(House, read_yaml(path, "x.yaml"))
    assert all(f.file == "x.yaml" for f in caught.value.faults)
    return [(f.line, f.field, f.value, f.bound) for f in caught.value.faults]


def test_paths_are_those_of_the_file_whichever_kind_was_chosen(tmp_path: Path) -> None:
    assert faults(tmp_path, "parts:\n  - kind: pump\n    start: x\n    speed: 101\n") == [
        (4, "parts[0].speed", "101", "input should be less than or equal to 100")
    ]
    (wrong,) = faults(tmp_path, "parts: []\nnames:\n  a: x\n  B: y\n")
    assert wrong[:3] == (4, "names.B", "'B'")


def test_what_is_missing_is_told_at_its_parent_and_shows_no_value(tmp_path: Path) -> None:
    assert faults(tmp_path, "parts:\n  - kind: valve\n    turns: 1\n  - kind: valve\n") == [
        (4, "parts[1].turns", "", "is missing")
    ]
    assert str(Fault("x.yaml", 4, "parts[1].turns", "", "is missing")) == "x.yaml:4: parts[1].turns: is missing"
    assert faults(tmp_path, "# nothing\n") == [(1, "file", "", "is empty")]


def test_what_is_no_field_is_told_where_it_stands(tmp_path: Path) -> None:
    assert faults(tmp_path, "parts:\n  - kind: valve\n    turns: 1\n    turn: 2\n") == [
        (4, "parts[0].turn", "2", "is not a field here")
    ]


def test_a_clock_time_that_yaml_read_as_a_number_is_shown_with_quotes(tmp_path: Path) -> None:
    text = "parts:\n  - {kind: pump, speed: 1, start: 20:46}\n  - {kind: pump, speed: 1, start: 1246}\n"
    clock, number = faults(tmp_path, text)
    assert clock[:3] == (2, "parts[0].start", "1246")
    assert clock[3].endswith('(a clock time needs quotes: "20:46")')
    assert number[:3] == (3, "parts[1].start", "1246")
    assert "clock" not in number[3]


def test_a_long_value_is_shortened_and_a_model_speaks_for_itself(tmp_path: Path) -> None:
    names = "".join(f"  {chr(97 + n) * 9}: {'x' * 30}\n" for n in range(3))
    ((line, field, value, bound),) = faults(tmp_path, "parts: []\nnames:\n" + names)
    assert (line, field, bound) == (2, "names", "IANA would refuse more than 2")
    assert value.startswith("{'aaaaaaaaa': 'xxx")
    assert value.endswith("…")
    assert len(value) == MAX_SHOWN
