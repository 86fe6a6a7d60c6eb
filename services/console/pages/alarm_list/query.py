"""What the alarms page is asked for, as its address says it: filters, search, order, page. Whatever else is said is
passed over, so that a hostile or an old address shows the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

PATH = "/alarms"

#: Groups of states by the letters of ISA-18.2. "": what wants somebody's attention.
GROUPS: Mapping[str, str] = {
    "": "BCDEF",
    "unacknowledged": "BDE",
    "active": "BC",
    "cleared": "DEF",
    "shelved": "G",
    "suppressed": "H",
    "out": "I",
    "all": "BCDEFGHI",
}
PRIORITIES = ("critical", "high", "medium", "journal")
SORTS = ("", "newest", "oldest", "left", "place")

#: Rows of a page, the longest search, and the last page that an address may name.
ROWS, LONGEST_TEXT, LAST_PAGE = 50, 80, 10_000


@dataclass(frozen=True, slots=True)
class Query:
    """site: its id.  state: one of GROUPS.  sort: one of SORTS, "": the worst first.  page: from 1."""

    site: str = ""
    priority: str = ""
    state: str = ""
    text: str = ""
    sort: str = ""
    page: int = 1

    @property
    def letters(self) -> str:
        """The states that it asks for."""
        return GROUPS[self.state]

    @property
    def words(self) -> tuple[str, ...]:
        """What every row must have, each in small letters."""
        return tuple(self.text.casefold().split())

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order and the page is asked for."""
        return bool(self.site or self.priority or self.state or self.text)

    def but(self, **changes: Any) -> Query:
        """The same with changes, on its first page unless a page is named."""
        return replace(self, **({"page": 1} | changes))

    @property
    def address(self) -> str:
        """As a bookmark: what is not asked for is not in it."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.page == 1:
            del told["page"]
        written = urlencode({name: value for name, value in told.items() if value != ""})
        return f"{PATH}?{written}" if written else PATH


def asked(said: Mapping[str, str]) -> Query:
    """The query of an address' parameters."""

    def one_of(name: str, known: Any) -> str:
        value = said.get(name, "")
        return value if value in known else ""

    page = said.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= 5 else 1
    text = "".join(c for c in said.get("text", "")[:LONGEST_TEXT] if c.isprintable()).strip()
    return Query(
        site=said.get("site", "")[:64], priority=one_of("priority", PRIORITIES), state=one_of("state", GROUPS),
        text=text, sort=one_of("sort", SORTS), page=min(max(number, 1), LAST_PAGE),
    )  # fmt: skip
