"""What people ask of paging goes into the dispatch; of each wish it is said in words what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.alerts.oncall.decisions import Decision
from services.alerts.oncall.dispatch import Dispatch
from services.alerts.oncall.problems import Problem, Status
from services.alerts.oncall.silences import LONGEST, Silence
from services.core.clock import DAY, iso
from services.duty.wishes import DONE, REFUSED, Wish


def fold(dispatch: Dispatch, wish: Wish, now: int) -> tuple[list[Decision], str]:
    """At `now` (ns): what is decided, and the outcome. A wish that makes no sense is refused, and never raises."""
    if wish.kind == "answer":
        return _answer(dispatch, wish, now)
    if wish.kind == "silence":
        return _silence(dispatch, wish, now)
    name = str(wish.body.get("silence"))
    found = dispatch.unsilence(name, wish.who, now)
    return found, DONE if found else f"{REFUSED}there is no silence {name} (any more)"


def _answer(dispatch: Dispatch, wish: Wish, now: int) -> tuple[list[Decision], str]:
    problem = _find(dispatch, str(wish.body.get("problem")))
    if problem is None:
        return [], f"{REFUSED}it is over, or there is no such problem"
    if problem.status == Status.ANSWERED:
        return [], f"{REFUSED}answered by {problem.by} at {iso(problem.answered_at)}"
    turn = wish.body.get("round")
    if isinstance(turn, int) and turn < problem.asked and problem.id == wish.body.get("problem"):
        return [], f"{REFUSED}it has become worse since"
    how = str(wish.body.get("how") or "")
    out = dispatch.answer(problem.id, wish.who, now, how, _weight(wish.body, problem))
    return out, DONE


def _find(dispatch: Dispatch, name: str) -> Problem | None:
    """The problem, or the one that it went into."""
    found = dispatch.problems.open.get(name)
    return found or next((p for p in dispatch.problems.open.values() if name in p.members), None)


def _weight(body: Mapping[str, Any], problem: Problem) -> tuple[int, int, int] | None:
    given = body.get("weight")
    if not isinstance(given, list) or len(given) != 3 or not all(isinstance(one, int) for one in given):
        return None
    worst, criticals, rank = given
    return min((worst, criticals, rank), problem.weight)


def _silence(dispatch: Dispatch, wish: Wish, now: int) -> tuple[list[Decision], str]:
    prefix, until, why = wish.body.get("prefix"), wish.body.get("until"), wish.body.get("why")
    if not isinstance(prefix, str) or not prefix or not isinstance(until, int) or not isinstance(why, str):
        return [], f"{REFUSED}it needs a prefix, an end and a reason"
    if until <= now:
        return [], f"{REFUSED}it was to end at {_said(until)}, and it is {iso(now)}"
    if until > now + LONGEST:
        return [], f"{REFUSED}it was to end at {_said(until)}: at most {LONGEST // DAY} days from {iso(now)}"
    silence = Silence(wish.id, prefix, until, wish.who, why[:500], wish.body.get("critical") is True)
    return dispatch.silence(silence, now), DONE


def _said(at: int) -> str:
    """A time (ns) that somebody gave, which may be none: no wish may stop the service that all pages come from."""
    try:
        return iso(at)
    except (OverflowError, ValueError):
        return "a time that is none"
