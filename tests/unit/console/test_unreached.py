"""What reached nobody calls the room: a number that grows with every call of the last resort, until it is answered."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from services.console.acting.duties import Duties, Look
from services.console.pages.attention import marks
from services.console.pages.duty.notices import of_paging
from services.core.clock import MINUTE, SECOND
from services.duty.paged import Paging
from services.duty.wishes import Wish, Wishes
from tests.unit.console.paged import PagedRoom


def test_what_reached_nobody_rings_until_it_is_answered(tmp_path: Path) -> None:
    plant = PagedRoom(tmp_path, last_resort=["wang"], last_resort_every="10m")
    room = replace(plant.room, duties=Duties(plant.desk, plant.database))

    def rings(minutes: int) -> int:
        for _ in range(minutes):
            plant.measure([9.0])
            plant.page()
        assert room.duties is not None
        room.duties._looked = float("-inf")
        room.duties._pagings._boards._looked = float("-inf")
        return room.unreached()

    assert rings(3) == 0
    first = rings(12)
    assert first > 0
    assert f'data-unreached="{first}"' in marks(plant.view, first)
    assert rings(10) == first + 1
    Wishes(plant.database).ask(Wish("a", 1, "li", "answer", {"problem": plant.standing()[0]}))
    assert rings(1) == 0
    assert replace(room, duties=None).unreached() == 0


def test_every_page_says_that_paging_has_died() -> None:
    def told(seen: int) -> str:
        return "".join(of_paging(Look(paging=Paging(True, seen))))

    assert told(0) == told(time.time_ns()) == ""
    assert "Paging does not run: last heard of 5 min ago" in told(time.time_ns() - 5 * MINUTE - 3 * SECOND)
