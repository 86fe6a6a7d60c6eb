"""Phrases: every text that the shipped catalogues and incident models can show is said in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import yaml

from services.core.catalogue import load_catalogue
from services.core.catalogue.station_alarms import CLOCK, SILENCE
from services.core.errors import ConfigError, HeadworksError
from services.core.phrases import beside, found, keep, kept, read_phrases, shipped
from services.core.phrases.book import Book, places_of
from services.core.quality import Quality

ROOT = Path(__file__).parents[3]
TYPES = sorted((ROOT / "services/core/catalogue/types").glob("*.yaml"))
SITES = sorted((ROOT / "sites").glob("*.yaml"))
ALERTS = ROOT / "services/alerts"
CODE = [
    *sorted((ALERTS / "incidents").rglob("*.py")),
    *sorted((ALERTS / "lifecycle").glob("*.py")),
    ALERTS / "detection/layout.py",
    ALERTS / "escalation.py",
]

_SHOWN = ("description", "consequence", "response", "because", "priority_because")


def _texts(node: object, key: str = "") -> Iterator[str]:
    """What of a station type or a site people are shown."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in _SHOWN and isinstance(value, str):
                yield value
            elif name == "states" and isinstance(value, dict):
                yield from (str(one) for one in value.values())
            else:
                yield from _texts(value, str(name))
    elif isinstance(node, list):
        for one in node:
            yield from _texts(one, key)


@pytest.mark.parametrize("file", TYPES, ids=lambda file: file.stem)
def test_each_text_of_a_station_type_has_a_phrase(file: Path) -> None:
    book = shipped().books["zh"]
    texts = {text for text in _texts(yaml.safe_load(file.read_text())) if text}

    assert texts
    assert not sorted(text for text in texts if not book.knows(text.replace("{n}", "01")))


def test_each_station_s_own_alarms_and_each_quality_have_a_phrase() -> None:
    book = shipped().books["zh"]
    texts = [text for one in (SILENCE, CLOCK) for text in (one.consequence, one.response)]

    assert not [text for text in [*texts, *(q.label for q in Quality)] if not book.knows(text)]


@pytest.mark.parametrize("file", SITES, ids=lambda file: file.stem)
def test_each_text_of_a_shipped_site_has_a_phrase_beside_it(file: Path) -> None:
    book = shipped().with_own(beside([file])).books["zh"]
    texts = set()
    catalogue = load_catalogue(file)
    texts.add(catalogue.name)
    for site in catalogue.sites:
        texts |= {site.name, *(station.name for station in site.stations)}
        texts |= {source.name for use in site.incidents for source in use.other_sources}
        texts |= {step for steps in site.playbooks.values() for phase in steps.values() for step in phase.split("; ")}
        texts |= {one.because for one in site.suppressions}
        texts |= {point.description for point in site.points if not point.removed}
        rules = [rule for point in site.points for rule in point.rules]
        rules += [rule for station in site.stations for rule in station.rules]
        texts |= {text for rule in rules for text in (rule.consequence, rule.response, rule.priority_because)}

    assert not sorted(text for text in texts - {""} if not book.knows(text))


#: Names that the code keeps things under, which are in places where no sentence is.
_KEEPERS = {"get", "pop", "held", "setdefault", "startswith", "endswith", "rpartition", "split", "strftime"}


def _sentences(file: Path) -> Iterator[str]:
    """The literals of a module that can be shown: with a space in them, not docstrings, not names of what is kept."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed |= {id(node.value)}
        elif isinstance(node, ast.Subscript):
            passed |= {id(one) for one in ast.walk(node.slice)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEEPERS:
            passed |= {id(one) for one in node.args[:1]}
        elif isinstance(node, ast.Compare | ast.FormattedValue):
            passed |= {id(one) for one in ast.walk(node) if not isinstance(one, ast.JoinedStr)}
        elif isinstance(node, ast.AugAssign):
            passed |= {id(key) for one in ast.walk(node) if isinstance(one, ast.Dict) for key in one.keys}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id in ("lasting", "enduring") for one in targets):
                passed |= {id(one) for one in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in node.values}
            if id(node) in passed:
                continue
            parts = [one.value if isinstance(one, ast.Constant) else "\0" for one in node.values]
            text = "".join(str(one) for one in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            text = node.value
        else:
            continue
        if re.search(r"[a-z]{2} [a-z]{2}|[a-z]{2}: ", text) and "{" not in text:
            yield text.removeprefix("; ").removesuffix(": ")


@pytest.mark.parametrize("file", CODE, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_each_sentence_that_the_models_can_say_has_a_phrase(file: Path) -> None:
    book = shipped().books["zh"]
    unsaid = [text for text in _sentences(file) if not any(_chinese(book.said(one)) for one in _filled(text))]

    assert not unsaid


#: What the code may put into its sentences.
_SAMPLES = ("3", "04-18 21:40", "10%", "at worst", "stale", "; stale", "3 of 12 exposed meters")


def _filled(text: str) -> Iterator[str]:
    """The sentence with samples in its places, first and further ones."""
    first, *others = text.split("\0")
    for one, other in product(_SAMPLES, _SAMPLES if len(others) > 1 else ("",)):
        yield first + "".join((one if n == 0 else other) + part for n, part in enumerate(others))


def _chinese(text: str) -> bool:
    """Nothing of it is left in English, but for names that stay."""
    return not re.search(r"[A-Za-z]{3,}", re.sub("UPS|PLC|NTU", "", text))


def test_a_text_stands_in_one_file_only() -> None:
    keys: list[str] = []
    for file in (ROOT / "services/core/phrases/zh").glob("*.yaml"):
        keys += read_phrases(file)

    assert len(keys) == len(set(keys))


def test_no_phrase_is_left_over_from_a_text_that_has_changed() -> None:
    """Of the station types; sentences with numbers in them are made by code."""
    shown = {text for file in TYPES for text in _texts(yaml.safe_load(file.read_text()))}
    shown |= {text for one in (SILENCE, CLOCK) for text in (one.consequence, one.response)}
    kept_texts = {
        key
        for name in ("plant", "network", "source")
        for key in read_phrases(ROOT / f"services/core/phrases/zh/{name}.yaml")
    }

    assert sorted(kept_texts - shown - {yaml.safe_load(f.read_text())["description"] for f in TYPES}) == []


def test_forms_take_numbers_times_lists_and_sentences() -> None:
    book = shipped().books["zh"]

    assert book.said("chattering: raised 3 times within 1 minute") == "抖动：1分钟内报警3次"
    assert book.said("blind: raw turbidity, screen head unknown since 04-18 21:40 (stale); battery never seen") == (
        "失去监视：原水浊度、格栅水头差自04-18 21:40起未知（失联）；电池从未收到"
    )
    assert book.said("again: power is there, water falls; the generator runs") == "再次：有电，水位下降；发电机在运行"
    assert book.said("a text that nobody wrote") == "a text that nobody wrote"


def test_a_utility_s_own_text_goes_before() -> None:
    own = {"zh": {"The clear well drains": "三号池见底"}}

    assert shipped().with_own(own).said("The clear well drains", "zh") == "三号池见底"
    assert shipped().said("The clear well drains", "zh") == "清水池液位下降"
    assert shipped().with_own(own).said("The clear well drains", "en") == "The clear well drains"


def test_a_long_hostile_text_is_given_back_at_once() -> None:
    text = "again: " * 4000

    assert shipped().said(text, "zh") == text
    assert shipped().said("a, " * 300 + " unknown since", "zh")


@pytest.mark.parametrize(
    ("content", "bound"),
    [
        ("- a list", "must be a mapping"),
        ("a: 3", "must be a text and its phrase"),
        ("a: ''", "printable"),
        ('a: "x\\u0007y"', "printable"),
        ("a {n}: b {m}", "no other places than n"),
        ("a {n} {n}: b", "each of its places once"),
        ("a {b} {c} {d}: b", "at most 2"),
    ],
)
def test_a_wrong_file_names_line_value_and_bound(tmp_path: Path, content: str, bound: str) -> None:
    (tmp_path / "zh").mkdir()
    file = tmp_path / "zh" / "town.yaml"
    file.write_text(f"# Words\n{content}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=bound) as error:
        found([tmp_path])
    assert "zh/town.yaml:" in str(error.value)


def test_a_folder_without_phrases_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(HeadworksError, match=r"zh/name\.yaml"):
        found([tmp_path])


def test_a_run_leaves_its_own_phrases_for_the_services_beside_it(tmp_path: Path) -> None:
    own = beside([ROOT / "sites/liuyang.yaml"])
    keep(own, tmp_path)

    assert own["zh"]["No. 3 plant"] == "三水厂"
    assert kept(tmp_path) == own
    (tmp_path / "phrases.json").write_text('{"zh": {"a": "b\\u0007"}}')
    with pytest.raises(ConfigError, match="printable"):
        kept(tmp_path)


def test_every_place_of_a_shipped_form_is_used() -> None:
    book = shipped().books["zh"]

    assert not [key for key, phrase in book.texts.items() if set(places_of(key)) - set(places_of(phrase))]
    assert isinstance(book, Book)
