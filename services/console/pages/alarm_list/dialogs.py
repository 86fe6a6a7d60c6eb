"""What is asked before an act: a comment, a reason, an end; and once more before critical alarms are acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from services.console import wording
from services.console.acting.comments import LONGEST
from services.console.pages import alarms
from services.console.pages.alarm_list import shelf
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.view.snapshots import AlarmView
from services.console.words import ALARM_ACTS, LIST
from services.core.clock import MINUTE

#: Critical alarms that are named one by one.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Shelf:
    """Why, until when (ns), and whether it ends already when the alarm clears."""

    why: str
    until: int
    once: bool


def _counted(word: str, count: int) -> str:
    return str(ALARM_ACTS[f"{word}_one"] if count == 1 else ALARM_ACTS[word].format(n=count))


async def _ask(frame: Frame, title: str, fill: Callable[[ui.dialog], None]) -> Any:
    """Shows a dialog that `fill` fills; what it submits, None when it is put away."""
    told = f'transition-duration=0 aria-label="{title}"'
    with frame.page, ui.dialog().props(told) as dialog, ui.card().classes("asked"):
        ui.label(title).props('role="heading" aria-level="2"').style("font-size: 17px; font-weight: 600")
        fill(dialog)
    try:
        return await dialog
    finally:
        dialog.delete()


def _buttons(dialog: ui.dialog, word: str, submit: Callable[[], None]) -> None:
    with ui.element("div").classes("row-of"):
        ui.button(ALARM_ACTS["cancel"], on_click=lambda: dialog.submit(None)).props("flat no-caps color=grey-4")
        ui.button(word, on_click=submit).props('no-caps color=blue-9 id="sure"')


def _passed_over(count: int) -> None:
    if count:
        ui.label(ALARM_ACTS["passed_over"].format(n=count))


def sure(found: Sequence[AlarmView]) -> str:
    """What the button says: among several, how many critical ones are acknowledged with it."""
    critical = sum(one.priority == "critical" for one in found)
    if critical and len(found) > 1:
        return str(ALARM_ACTS["sure"].format(n=len(found), critical=critical))
    return str(LIST["acts"]["acknowledge"])


async def acknowledging(frame: Frame, found: Sequence[AlarmView], left_out: int) -> str | None:
    """A comment, perhaps empty; None: they are not to be acknowledged. Critical ones are counted and named."""
    critical = [one for one in found if one.priority == "critical"]

    def fill(dialog: ui.dialog) -> None:
        _passed_over(left_out)
        if critical:
            with ui.element("div").classes("warn").props('role="alert"'):
                ui.label(ALARM_ACTS["critical"].format(n=len(critical)))
                with ui.element("ul"):
                    for one in critical[:_NAMED]:
                        with ui.element("li"):
                            ui.label(f"{one.site_name} · {one.station_name} · {alarms.named(one)}")
                    if len(critical) > _NAMED:
                        with ui.element("li"):
                            ui.label(ALARM_ACTS["and_more"].format(n=len(critical) - _NAMED))
        said = _text(ALARM_ACTS["comment"], 500)
        said.on("keydown.enter", lambda: dialog.submit(said.value or ""))
        _buttons(dialog, sure(found), lambda: dialog.submit(said.value or ""))

    told: str | None = await _ask(frame, _counted("acknowledge", len(found)), fill)
    return told


async def reason(frame: Frame, act: str, count: int, left_out: int) -> str | None:
    """Why something is taken out of service, or a comment; never empty. None: it was put away."""
    what = {"out_of_service": "out_of_service", "comment": "write"}[act]
    label = ALARM_ACTS["why" if act == "out_of_service" else "comment_needed"]
    missing = ALARM_ACTS["say_why" if act == "out_of_service" else "empty"]
    means = ALARM_ACTS["out_means"] if act == "out_of_service" else ""

    def fill(dialog: ui.dialog) -> None:
        _passed_over(left_out)
        if means:
            ui.label(means)
        said = _text(label, 500 if act == "out_of_service" else LONGEST)
        wrong = ui.label().classes("wrong").props('role="alert"')

        def submit() -> None:
            text = (said.value or "").strip()
            if text:
                dialog.submit(text)
            else:
                wrong.set_text(missing)

        said.on("keydown.enter", submit)
        _buttons(dialog, LIST["acts"][act], submit)

    told: str | None = await _ask(frame, _counted(what, count), fill)
    return told


async def shelving(frame: Frame, moment: Moment, found: Sequence[AlarmView], left_out: int) -> Shelf | None:
    """Why and until when; None: it was put away."""
    now, bound = moment.view.now or 0, shelf.longest(found)
    short = wording.age(bound)
    reasons: dict[str, str] = dict(ALARM_ACTS["reasons"])
    shift, whole = shelf.until("shift", None, now, moment.zone, bound), shelf.shift_end(now, moment.zone)
    ends = {
        name: ALARM_ACTS["ends"]["most" if name == "shift" and shift != whole else name].format(time=moment.at(shift))
        for name in shelf.ENDS
        if name == "custom" or shelf.until(name, None, now, moment.zone, bound) is not None
    }
    say_why, bad_end = ALARM_ACTS["say_why"], ALARM_ACTS["bad_end"].format(age=short)
    standing = all(one.cleared is None for one in found)

    def fill(dialog: ui.dialog) -> None:
        _passed_over(left_out)
        ui.label(ALARM_ACTS["shelved_means"]).classes("muted")
        ui.label(ALARM_ACTS["why"]).classes("muted")
        why = ui.radio(reasons, value="repair").props(f'dense aria-label="{ALARM_ACTS["why"]}"')
        more = _text(ALARM_ACTS["more_why"], 400)
        ui.label(f"{ALARM_ACTS['until']} ({ALARM_ACTS['bounded'].format(age=short)})").classes("muted")
        end = ui.radio(ends, value=next(iter(ends))).props(f'dense inline aria-label="{ALARM_ACTS["until"]}"')
        minutes = ui.number(ALARM_ACTS["minutes"], value=30, min=1, max=bound // MINUTE, precision=0)
        minutes.props('dense outlined input-id="minutes"').bind_visibility_from(end, "value", value="custom")
        once = ui.checkbox(ALARM_ACTS["once"]).props("dense")
        once.set_visibility(standing)
        wrong = ui.label().classes("wrong").props('role="alert"')

        def submit() -> None:
            text = (more.value or "").strip()
            # The clock has gone on while somebody thought.
            chosen = shelf.until(str(end.value), minutes.value, frame.room.view.now or now, moment.zone, bound)
            if why.value == "other" and not text:
                wrong.set_text(say_why)
            elif chosen is None:
                wrong.set_text(bad_end)
            else:
                said = ": ".join(filter(None, (reasons[why.value] if why.value != "other" else "", text)))
                dialog.submit(Shelf(said, chosen, bool(once.value)))

        more.on("keydown.enter", submit)
        _buttons(dialog, LIST["acts"]["shelve"], submit)

    told: Shelf | None = await _ask(frame, _counted("shelve", len(found)), fill)
    return told


def _text(label: str, longest: int) -> ui.input:
    return ui.input(label).props(f"dense outlined autofocus maxlength={longest}").style("width: 100%")
