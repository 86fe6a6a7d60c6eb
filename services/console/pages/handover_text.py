"""The handover as plain text, to be copied into a message or a book: what the page says, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.alerts.lifecycle.standing import Standing
from services.console import wording
from services.console.pages import incident, naming
from services.console.pages.moment import Moment
from services.console.view.handover import ALARM_LISTS, Changes, Sheet
from services.console.words import ALARMS, HANDOVER
from services.core.records import AlarmEvent
from services.duty.notes import Note

#: Rows of a list; what is left out is counted.
MOST = 40


def text(moment: Moment, sheet: Sheet, note: Note | None, changes: Changes | None) -> str:
    """All of the sheet."""
    return "\n".join(_lines(moment, sheet, note, changes))


def _lines(moment: Moment, sheet: Sheet, note: Note | None, changes: Changes | None) -> Iterator[str]:
    yield f"{moment.utility} · {title(moment, sheet)}"
    yield load(moment, sheet)
    if note is not None:
        yield f"{HANDOVER['note_of'].format(who=note.user, time=moment.at(note.time))}: {note.text}"
    if changes:
        yield from (f"{word}: {', '.join(found)}" for word, found in changed(moment, changes))
    for name, count, rows in sections(moment, sheet):
        yield f"{HANDOVER['lists'][name]} ({count}){'' if count else ' ' + HANDOVER['nothing']}"
        yield from (f"  - {row}" for row in rows)
        if count > len(rows):
            yield f"  - {HANDOVER['more'].format(n=count - len(rows))}"


def title(moment: Moment, sheet: Sheet) -> str:
    """Which shift, and of when the lists are."""
    day = wording.local(sheet.start, moment.zone, "%Y-%m-%d %H:%M")
    end = wording.local(sheet.end, moment.zone, "%H:%M")
    return str(HANDOVER["shift"].format(start=day, end=end, now=moment.at(sheet.now)))


def load(moment: Moment, sheet: Sheet) -> str:
    """How many alarms sounded in the shift, and its worst ten minutes."""
    found = sheet.load
    split = ", ".join(
        f"{ALARMS['priorities'].get(name, name)} {found.counts[name]}"
        for name in ("critical", "high", "medium")
        if name in found.counts
    )
    said = HANDOVER["load"].format(n=found.total) + (f" ({split})" if split else "")
    if found.worst:
        said += " · " + HANDOVER["worst"].format(n=found.worst, time=moment.at(found.worst_at))
    return said if found.complete else f"{said} {HANDOVER['load_part']}"


def sections(moment: Moment, sheet: Sheet) -> Iterator[tuple[str, int, Sequence[str]]]:
    """(list, how many there are, the first of them in words), in the order in which a shift tells them."""
    incidents = [
        f"{incident.kind_of(one)}, {wording.said(one.site_name)}: {incident.phase_of(one.phase)}, "
        f"{moment.at(one.began)}; {wording.said(one.next_step)}"
        for one in sheet.incidents[:MOST]
    ]
    yield "incidents", len(sheet.incidents), incidents
    for name in ALARM_LISTS:
        found = sheet.of(name)
        yield name, len(found), [row(moment, one, name) for one in found[:MOST]]
    yield "work", len(sheet.alarms.work), [work(moment, one) for one in sheet.alarms.work[:MOST]]
    silent = [f"{_said(moment, 'silent', one.name)}: {moment.at(one.station.through)}" for one in sheet.silent[:MOST]]
    yield "silent", len(sheet.silent), silent
    bad = [
        f"{_said(moment, 'bad', one.name)} ({wording.said(one.point.why)}, {moment.at(one.point.good_at)})"
        for one in sheet.bad[:MOST]
    ]
    yield "bad", len(sheet.bad), bad


def row(moment: Moment, one: Standing, name: str) -> str:
    """An alarm on one of the lists, with what matters there."""
    letter = ALARMS["letters"].get(one.last.priority, "J")
    site, station, _, _ = one.name
    where = naming.place(moment, site, station)
    return f"[{letter}] {where}: {naming.alarm(moment, one.name)} · {detail(moment, one, name)}"


def detail(moment: Moment, one: Standing, name: str) -> str:
    """Since when, until when, by whom and why: what the list is about."""
    if name == "shelved" and one.shelved is not None:
        until = HANDOVER["until"].format(time=moment.at(one.shelved.until or None))
        return f"{until} · {naming.reason(one.shelved.who, one.shelved.why)}"
    if name == "removed" and one.removed is not None:
        since = HANDOVER["since"].format(time=moment.at(one.removed.since), age=_age(moment, one.removed.since))
        return f"{since} · {naming.reason(one.removed.who, one.removed.why)}"
    if name == "suppressed":
        return "; ".join(
            naming.reason(by.who, by.why)
            + (f" {HANDOVER['until'].format(time=moment.at(by.until))}" if by.until else "")
            for by in one.suppressed
        )
    if name == "returned":
        lasted = f"{moment.at(one.since)} – {moment.at(one.last.time)}"
        return f"{lasted} · {ALARMS['stands'][one.letter]}" if one.letter in "EF" else lasted
    began = one.unseen_since if name == "unseen" and one.unseen_since else one.since
    return str(HANDOVER["since"].format(time=moment.at(began), age=_age(moment, began)))


def work(moment: Moment, event: AlarmEvent) -> str:
    """Planned work that is in force."""
    until = HANDOVER["until"].format(time=moment.at(event.until or None))
    parts = [naming.place(moment, event.site, event.station), event.point, event.rule]
    return f"{' / '.join(part for part in parts if part)} · {until} · {naming.reason(event.who, event.cause)}"


def changed(moment: Moment, changes: Changes) -> Iterator[tuple[str, list[str]]]:
    """(what, names) of what came to the lists and what has gone from them."""
    for word, lists in (("came", changes.came), ("gone", changes.gone)):
        for name, found in lists.items():
            said = [_said(moment, name, one) for one in found[:MOST]]
            if len(found) > MOST:
                said.append(HANDOVER["more"].format(n=len(found) - MOST))
            if said:
                yield f"{HANDOVER[word]} · {HANDOVER['lists'][name]}", said


def _said(moment: Moment, kind: str, name: str) -> str:
    if kind == "incidents":
        found = next((one for one in moment.view.incidents() if one.incident == name), None)
        return f"{incident.kind_of(found)}, {wording.said(found.site_name)}" if found is not None else name
    if kind == "work":
        return name.removeprefix("command/")
    site, station, point, rule = [*name.split("/", 3), "", "", ""][:4]
    if kind == "silent":
        return naming.place(moment, site, station)
    if kind == "bad":
        view = moment.view.point(site, f"{station}/{point}")
        label = view.description or view.name if view is not None else point
        return f"{naming.place(moment, site, station)}: {wording.said(label)}"
    return f"{naming.place(moment, site)}: {naming.alarm(moment, (site, station, point, rule))}"


def _age(moment: Moment, since: int) -> str:
    return wording.age(max((moment.view.now or since) - since, 0))
