"""Which rows stand on the page, in which order: nothing moves while somebody is about to press."""

from __future__ import annotations

from collections.abc import Sequence

from services.console.view.alarms import Occurrence


class Order:
    """Of one browser. While it is held, its rows stay where they are, changed or gone; what is new is counted."""

    def __init__(self) -> None:
        self.rows: list[Occurrence] = []
        self.new = 0
        self.moved = False
        self._known: set[str] = set()
        self._asked: object = None

    def look(self, found: Sequence[Occurrence], asked: object, start: int, size: int, held: bool) -> None:
        """asked: what the page was asked for; another question is answered at once, held or not."""
        if held and asked == self._asked:
            self.new = sum(one.first.occurrence not in self._known for one in found)
            self.moved = [id(one) for one in found[start : start + size]] != [id(one) for one in self.rows]
            return
        self._asked, self.new, self.moved = asked, 0, False
        self.rows = list(found[start : start + size])
        self._known = {one.first.occurrence for one in found}

    def release(self) -> None:
        """The next look shows what is new, held or not."""
        self._asked = None
