"""Acts on duty from a page: in the visitor's name as it is now, and said on the page what became of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from services.access.accounts import Identity
from services.console.acting.acts import Forbidden, NeedsEnd, Result
from services.console.acting.duties import Duties
from services.console.pages.frame import Frame
from services.console.words import DUTY, PAGE, speaking
from services.core.errors import HeadworksError
from services.duty.wishes import REFUSED

#: What is done, by whom and from where; it may give results of commands.
What = Callable[[Identity, str], Any]

#: Wall seconds in which paging takes what it is asked, when it runs.
_TAKEN_WITHIN = 6.0


async def attempt(frame: Frame, act: str, what: What) -> str | None:
    """Does it; None when it was done, else why not in a sentence ("": the page has said so already)."""
    user = await frame.present(act)
    if user is None:
        return ""
    with speaking(frame.visitor.language):
        try:
            found = what(user, frame.visitor.address)
            found = await found if inspect.isawaitable(found) else found
        except (Forbidden, NeedsEnd) as error:
            return str(error)
        except HeadworksError as error:
            return str(PAGE["not_taken"].format(why=error))
        if isinstance(found, list) and found and isinstance(found[0], Result):
            return _of_commands(found)
        return None


def _of_commands(results: Sequence[Result]) -> str | None:
    refused = [one.reason for one in results if one.outcome == "refused"]
    if refused:
        why = "; ".join(dict.fromkeys(refused))
        return str(PAGE["refused"].format(n=len(refused), of=len(results), why=why))
    pending = sum(one.outcome == "pending" for one in results)
    return str(PAGE["pending"].format(n=pending)) if pending else None


def clicked(frame: Frame, act: str, what: What) -> Callable[[], Awaitable[None]]:
    """For a button that asks nothing more."""

    async def click() -> None:
        told = await attempt(frame, act, what)
        with speaking(frame.visitor.language):
            if told is None:
                frame.say(DUTY["done"])
            elif told:
                frame.say(told, bad=True)
            frame.refresh()

    return click


def wished(frame: Frame, act: str, what: Callable[[Identity, str], str]) -> Callable[[], Awaitable[None]]:
    """For a button that asks something of paging, and waits until paging has taken it."""

    async def click() -> None:
        names: list[str] = []
        told = await attempt(frame, act, lambda user, address: names.append(what(user, address)))
        if told is None:
            await tell_wish(frame, names[0])
        elif told:
            frame.say(told, bad=True)

    return click


async def tell_wish(frame: Frame, name: str) -> None:
    """Says what paging made of it, or that it has not taken it."""
    outcome = await _outcome(duties(frame), name)
    with speaking(frame.visitor.language):
        if outcome is None:
            frame.say(DUTY["not_heard"], bad=True)
        elif outcome.startswith(REFUSED):
            frame.say(PAGE["refused"].format(n=1, of=1, why=outcome.removeprefix(REFUSED)), bad=True)
        else:
            frame.say(DUTY["done"])
        frame.refresh()


async def _outcome(known: Duties, name: str) -> str | None:
    for _ in range(round(_TAKEN_WITHIN / 0.25)):
        outcome = await asyncio.to_thread(known.wishes.outcome, name)
        if outcome:
            return outcome
        await asyncio.sleep(0.25)
    return None


def duties(frame: Frame) -> Duties:
    """Of the console; LookupError where it is only looked at."""
    if frame.room.duties is None:
        raise LookupError("this console is only looked at")
    return frame.room.duties


def text(values: Mapping[str, Any], name: str) -> str:
    """What was written into a field."""
    return str(values.get(name) or "").strip()
