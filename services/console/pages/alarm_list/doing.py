"""From what was pressed to the act that is sent: what has to be asked first, and of whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.console.acting import comments
from services.console.acting.acts import Act, Forbidden
from services.console.acting.comments import BadComment, Comments
from services.console.pages.alarm_list import dialogs, shelf
from services.console.pages.frame import Frame
from services.console.view.alarms import Occurrence
from services.console.words import ALARM_ACTS, PAGE
from services.store.database import StoreError


async def asked(frame: Frame, what: str, fit: Sequence[Occurrence], left_out: int) -> Act | None:
    """The act, after what it needs has been asked; None: somebody thought better of it.

    what: one of bars.ACTS, or `noted`: to acknowledge with a comment.
    """
    moment = frame.room.moment()
    found = [moment.view.alarm(one) for one in fit]
    targets = [one.target for one in fit]
    match what:
        case "acknowledge" if len(fit) == 1:
            return Act("acknowledge", targets, "")
        case "acknowledge" | "noted":
            said = await dialogs.acknowledging(frame, found, left_out)
            return None if said is None else Act("acknowledge", targets, said)
        case "shelve":
            may = [(name, one) for name, one in zip(targets, found, strict=True) if shelf.longest([one])]
            if not may:
                frame.say(ALARM_ACTS["never"], bad=True)
                return None
            told = await dialogs.shelving(frame, moment, [one for _, one in may], left_out + len(fit) - len(may))
            if told is None:
                return None
            return Act("shelve_once" if told.once else "shelve", [name for name, _ in may], told.why, told.until)
        case "out_of_service" | "comment":
            said = await dialogs.reason(frame, what, len(fit), left_out)
            return None if said is None else Act(what, targets, said)
        case _:
            return Act(what, targets, "")


async def comment(frame: Frame, fit: Sequence[Occurrence], text: str) -> None:
    """Keeps a comment in the visitor's name, and says so on the page."""
    room, user = frame.room, await frame.present("comment")
    if user is None or room.desk is None or room.database is None:
        return
    names = [one.first.occurrence for one in fit]
    book = Comments(room.database)
    try:
        await asyncio.to_thread(comments.write, room.desk, book, user, frame.visitor.address, names, text)
    except (Forbidden, BadComment) as error:
        frame.say(str(error), bad=True)
    except StoreError as error:
        frame.say(PAGE["not_taken"].format(why=error), bad=True)
    else:
        frame.say(ALARM_ACTS["written"].format(n=len(fit)))
