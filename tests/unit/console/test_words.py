"""Every language says what English says: the same texts, with the same names to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from services.console.words import ALARMS, LANGUAGES, en, speaking

#: Texts that are the same in every language: addresses of points, and symbols.
_SAME = {"INCIDENT.points", "ALARMS.letters"}


def told(module: ModuleType) -> dict[str, str]:
    """Every text by its path."""
    return dict(pair for name in dir(module) if name.isupper() for pair in _walk(name, getattr(module, name)))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(f"{path}.{key}", inner)
    elif isinstance(value, tuple):
        for key, inner in enumerate(value):
            yield from _walk(f"{path}.{key}", inner)
    else:
        yield path, value


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_text_is_there_with_the_same_names_to_fill_in(language):
    here, there = told(en), told(LANGUAGES[language])
    assert set(there) == set(here)
    for path, text in there.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", here[path])), path
        written = re.sub(r"{\w+}", "", here[path])
        if path.rpartition(".")[0] not in _SAME and path != "PAGE.title" and re.search(r"[a-z]{3}", written):
            assert text != here[path], path


def test_each_page_is_drawn_in_its_own_language():
    with speaking("zh"):
        inside = ALARMS["none"]
        with speaking("nobody speaks this"):
            assert ALARMS["none"] == en.ALARMS["none"]
    assert inside != en.ALARMS["none"] == ALARMS["none"]
