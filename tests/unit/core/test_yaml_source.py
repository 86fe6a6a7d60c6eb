"""YAML as hostile input: what is refused, and that the message names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.errors import ConfigError, Fault
from services.core.yaml_source import MAX_BYTES, MAX_DEPTH, dotted, read_yaml


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
    assert found.line == 3


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    assert fault(tmp_path, b"name: M\xfcnchen\n").value == "not UTF-8"


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
