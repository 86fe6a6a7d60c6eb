"""Every text of the pages that does not come from data, by language. English here is the list; the others follow it.

A page is drawn `with speaking(language)`, and asks `ALARMS["title"]` for the words of whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from services.console.words import en, zh

#: By the code that a browser sends and the address says.
LANGUAGES: Mapping[str, Any] = {"en": en, "zh": zh}
DEFAULT = "en"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Inside, texts are in `language`; one that is not known is English."""
    token = _language.set(language if language in LANGUAGES else DEFAULT)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """The language that is spoken now."""
    return _language.get()


class _Part:
    """A table of texts, looked up in the language that is spoken when it is asked."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, key: str) -> Any:
        return self._table()[key]

    def get(self, key: str, other: Any = None) -> Any:
        """The text, or `other`."""
        return self._table().get(key, other)

    def __contains__(self, key: object) -> bool:
        return key in self._table()

    def _table(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = getattr(LANGUAGES[_language.get()], self._name)
        return table


PAGE = _Part("PAGE")
INCIDENT = _Part("INCIDENT")
ALARMS = _Part("ALARMS")
PLANTS = _Part("PLANTS")
TRENDS = _Part("TRENDS")
FOOTER = _Part("FOOTER")
NAVIGATION = _Part("NAVIGATION")
SIGN_IN = _Part("SIGN_IN")
PEOPLE = _Part("PEOPLE")
LIST = _Part("LIST")
ALARM_ACTS = _Part("ALARM_ACTS")
LINK = _Part("LINK")
AREAS = _Part("AREAS")
DUTY = _Part("DUTY")
ONCALL = _Part("ONCALL")
WORK = _Part("WORK")
INCIDENTS = _Part("INCIDENTS")
TIMELINE = _Part("TIMELINE")
HANDOVER = _Part("HANDOVER")
