"""What is being paged now, read from what the paging service wrote: problems, who was told, silences, is it alive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.duty.log import decision_of
from services.store.database import Database
from services.store.tables import DecisionRow, Progress

#: Problems whose messages are looked up; of more the newest are.
LOOKED_UP = 50

#: Messages of one problem that are shown.
MESSAGES = 30


@dataclass(frozen=True, slots=True)
class Told:
    """A message: outcome is `sent`, `failed`, or "" while its end is not known."""

    time: int
    person: str
    channel: str
    urgency: str
    outcome: str


@dataclass(frozen=True, slots=True)
class PagedProblem:
    """A problem as paging has it. status: quiet, paging, answered, gone or unanswered.  since, due: ns.

    unreached: why nobody could be told, or that nobody answered; "" where somebody was.  answer: what ended it.
    """

    id: str
    site: str
    place: str
    incident: str
    phase: str
    priority: str
    status: str
    since: int
    due: int
    alarms: tuple[str, ...]
    told: tuple[Told, ...] = ()
    unreached: str = ""
    answer: str = ""
    answered_at: int = 0


@dataclass(frozen=True, slots=True)
class Silenced:
    """Until `until` (ns) nothing under `prefix` pages."""

    id: str
    prefix: str
    until: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Paging:
    """All of it. running: whether a paging service ever wrote here.  seen: when it last was alive (wall, ns; 0: it
    does not say).
    """

    running: bool = False
    seen: int = 0
    problems: tuple[PagedProblem, ...] = ()
    silences: tuple[Silenced, ...] = ()

    @property
    def unreached(self) -> tuple[PagedProblem, ...]:
        """Problems of which nobody knows."""
        return tuple(one for one in self.problems if one.unreached)


_ORDER = {"unanswered": 0, "paging": 1, "answered": 2, "gone": 3, "quiet": 4}


def read(database: Database) -> Paging:
    """StoreError when the database fails."""
    with database.reading() as session:
        rows = list(session.scalars(select(Progress)))
        states = [json.loads(row.state) for row in rows]
        raw = [one for state in states for one in state.get("problems", ()) if one.get("status") != "quiet"]
        raw.sort(key=lambda one: -int(one["opened"]))
        problems = [_problem(session, one, looked_up=i < LOOKED_UP) for i, one in enumerate(raw)]
    problems.sort(key=lambda one: (not one.unreached, _ORDER.get(one.status, 9), -one.since))
    silences = [
        Silenced(one["id"], one["prefix"], int(one["until"]), one["who"], one["why"])
        for state in states for one in state.get("silences", ())
    ]  # fmt: skip
    silences.sort(key=lambda one: (one.until, one.id))
    return Paging(bool(rows), max((row.seen for row in rows), default=0), tuple(problems), tuple(silences))


def _problem(session: Session, one: Mapping[str, Any], *, looked_up: bool) -> PagedProblem:
    told: dict[str, Told] = {}
    unreached = "nobody answered" if one["status"] == "unanswered" else ""
    answer, answered_at = "", 0
    wanted = select(DecisionRow).where(DecisionRow.problem == one["id"]).order_by(DecisionRow.number.desc())
    rows = list(session.scalars(wanted.limit(10 * MESSAGES))) if looked_up else []
    for decision in (decision_of(row.body) for row in reversed(rows)):
        match decision.kind.value:
            case "page":
                told[decision.page] = Told(decision.time, decision.person, decision.channel, decision.urgency, "")
                answer = ""
            case "sent" | "failed" as outcome:
                told[decision.page] = Told(decision.time, decision.person, decision.channel, decision.urgency, outcome)
                unreached = "" if outcome == "sent" and one["status"] != "unanswered" else unreached
            case "unreached" if one["status"] in ("paging", "unanswered"):
                unreached = decision.why.value
            case "stop":
                answer, answered_at, unreached = decision.detail, decision.time, ""
    members = list(one.get("members", {}).values())
    return PagedProblem(
        one["id"], one["site"], one["place"], one["kind"], one["phase"], one["worst"], one["status"],
        int(one["since"]) or int(one["opened"]), int(one["due"]),
        tuple(str(m["text"]) for m in members[:5]), tuple(told.values())[-MESSAGES:], unreached,
        answer if one["status"] == "answered" else "", answered_at,
    )  # fmt: skip
