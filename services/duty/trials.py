"""The monthly tests of paging, as the notification log tells them: who was told, who answered, after how long."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.core.clock import DAY
from services.duty.log import decision_of
from services.store.database import Database
from services.store.tables import DecisionRow

#: The test sensor's alarm, as it stands in an occurrence (services/core/catalogue/types/paging_test.yaml).
_ALARM = "/test_signal/paging-test@"

#: A test is overdue after the longest time between two first weekdays of a month, and a day (ns).
OVERDUE = 36 * DAY


@dataclass(frozen=True, slots=True)
class Trial:
    """began: ns, when the first page was decided.  told: whom a channel took a message for, in order.

    answered: who acknowledged it, "" when nobody did.  after: ns from the first page to that.  failed: what went wrong.
    """

    problem: str
    began: int
    told: tuple[str, ...]
    answered: str
    after: int
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Somebody was told, and answered."""
        return bool(self.told) and bool(self.answered)


class Trials:
    """Of one database. StoreError when it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, limit: int = 12) -> list[Trial]:
        """The last tests, the newest first."""
        problems = (
            select(DecisionRow.problem).where(DecisionRow.problem.contains(_ALARM, autoescape=True))
            .where(DecisionRow.kind == Kind.PAGE.value).order_by(DecisionRow.number.desc()).limit(50 * limit)
        )  # fmt: skip
        with self._database.reading() as session:
            names = list(dict.fromkeys(session.scalars(problems)))[:limit]
            rows = session.scalars(
                select(DecisionRow).where(DecisionRow.problem.in_(names)).order_by(DecisionRow.number)
            )
            told: dict[str, list[Decision]] = {name: [] for name in names}
            for row in rows:
                told[row.problem].append(decision_of(row.body))
        return [_trial(name, decisions) for name, decisions in told.items()]

    def overdue(self, now: int) -> bool:
        """Whether the last test that somebody answered is too long ago at `now` (ns), or there was none."""
        passed = [one for one in self.newest() if one.passed]
        return not passed or now - passed[0].began > OVERDUE


def _trial(name: str, decisions: list[Decision]) -> Trial:
    began = next(one.time for one in decisions if one.kind is Kind.PAGE)
    answer = next((one for one in decisions if one.kind is Kind.STOP and one.why is Why.ACKNOWLEDGED), None)
    told = dict.fromkeys(one.person for one in decisions if one.kind is Kind.SENT)
    failed = [f"{one.person}: {one.detail}" for one in decisions if one.kind is Kind.FAILED]
    failed += [one.why.value for one in decisions if one.kind is Kind.UNREACHED]
    return Trial(
        name, began, tuple(told), answer.detail if answer is not None else "",
        answer.time - began if answer is not None else 0, tuple(dict.fromkeys(failed)),
    )  # fmt: skip
