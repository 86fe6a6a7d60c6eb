"""Values set in a YAML text: block and flow, with comments and odd ends, and every other byte as it was."""

from __future__ import annotations

import string

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.yaml_edit import scalar, set_fields

BLOCK = """\
# first
a:   # the head
  one: 1      # counted
  two: 'x'

  # behind
b: {c: 1}  # flow
d:
  - e: |
      text
      more

    f: 5
  - {g: [1, 2], h: {}}
"""

CASES = {
    "a value in a block": ((("a",), {"one": "2"}), ("  one: 1 ", "  one: 2 ")),
    "a text in quotes": ((("a",), {"two": '"y: #"'}), ("two: 'x'", 'two: "y: #"')),
    "a field more in a block": ((("a",), {"six": "6"}), ("  two: 'x'\n", "  two: 'x'\n  six: 6\n")),
    "a mapping more in a block": ((("a", "m"), {"p": "6"}), ("  two: 'x'\n", "  two: 'x'\n  m: {p: 6}\n")),
    "a field more in a flow": ((("b",), {"z": "2"}), ("{c: 1}  #", "{c: 1, z: 2}  #")),
    "mappings more in a flow": ((("b", "k/l"), {"off": '"x"'}), ("{c: 1}", '{c: 1, k/l: {"off": "x"}}')),
    "a block text": ((("d", 0), {"e": '"t"'}), ("|\n      text\n      more\n", '"t"\n')),
    "in a list": ((("d", 0), {"f": "7"}), ("f: 5", "f: 7")),
    "in an empty flow": ((("d", 1, "h"), {"i": "7"}), ("h: {}", "h: {i: 7}")),
    "a list for another": ((("d", 1), {"g": "[3]"}), ("[1, 2]", "[3]")),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", CASES)
def test_only_what_is_asked_for_changes(name: str, newline: str) -> None:
    (path, fields), (old, new) = CASES[name]
    text, old, new = (t.replace("\n", newline) for t in (BLOCK, old, new))
    if name == "a block text":  # the blank line after it was the text's
        assert yaml.safe_load(set_fields(text, {path: fields}))["d"][0] == {"e": "t", "f": 5}
        return
    assert text.count(old) == 1
    assert set_fields(text, {path: fields}) == text.replace(old, new)


def test_what_replaces_another_stands_in_its_place() -> None:
    text = "a: {ratio: 0.5, x: 1}\nb:\n  ratio: 0.5  # why\n"
    done = set_fields(text, {("a",): {"band": "2"}, ("b",): {"band": "3"}}, {"band": "ratio"})
    assert done == "a: {band: 2, x: 1}\nb:\n  band: 3  # why\n"


def test_a_field_without_a_value_and_a_file_without_its_last_newline() -> None:
    assert set_fields("a:\n  b:\n  c: 1", {("a",): {"b": "2", "d": "3"}}) == "a:\n  b: 2\n  c: 1\n  d: 3"
    assert yaml.safe_load(set_fields("a:\nb: 1\n", {("a", "k"): {"x": "1"}})) == {"a": {"k": {"x": 1}}, "b": 1}


def test_many_at_once_and_a_way_that_is_none() -> None:
    changes: dict[tuple[str | int, ...], dict[str, str]] = {
        ("a",): {"one": "3"},
        ("a", "m", "n"): {"o": "4"},
        ("a", "m", "p"): {"q": "5"},
        ("b",): {"r": "6"},
    }
    loaded = yaml.safe_load(set_fields(BLOCK, changes))
    assert loaded["a"] == {"one": 3, "two": "x", "m": {"n": {"o": 4}, "p": {"q": 5}}}
    assert loaded["b"] == {"c": 1, "r": 6}
    with pytest.raises(ValueError, match="'deep' has no place"):
        set_fields(BLOCK, {("a", "two", "deep"): {"x": "1"}})


VALUES = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(0, 62), max_size=3).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from(string.ascii_lowercase[10:13]))
def test_whatever_is_set_is_read_again(value: object, field: str) -> None:
    read = yaml.safe_load(set_fields(BLOCK, {("b",): {field: scalar(value)}, ("a",): {field: scalar(value)}}))
    for place in ("a", "b"):
        got = read[place][field]
        assert tuple(got) == value if isinstance(value, tuple) else got == value
