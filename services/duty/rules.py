"""The on-call rules in force: every version that was applied, by its content; the newest holds, with swaps on top.

An address (`url`) is stored as the file has it, since paging needs it; a secret is better in a `url_file`, of which
only the path is stored. Nothing but paging is given addresses: pages and commands show people and hours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import func, select

from services.alerts.oncall.check import load_oncall
from services.alerts.oncall.policy import OnCall
from services.core.errors import HeadworksError
from services.duty.changes import Change, Changes, applied
from services.store.database import Database
from services.store.tables import DutyChange, OncallRules

#: Who applied what came with a start of paging begins so.
_FILE = "file "


@dataclass(frozen=True, slots=True)
class Version:
    """number: of its row; version: the hash of its content; time: when it was applied (ns), by who."""

    number: int
    version: str
    time: int
    who: str
    rules: OnCall


def read(file: Path, at: int) -> OnCall:
    """The file's rules, validated for the time from `at` (ns) on, with the paths of its secrets made whole.

    A relative `url_file` is of the file's folder: whoever reads the stored rules may work in another one. ConfigError
    with file, line, field, value and bound.
    """
    rules = load_oncall(file, at)
    folder = file.resolve().parent
    channels = {
        name: one if one.url_file is None else one.model_copy(update={"url_file": str(folder / one.url_file)})
        for name, one in rules.channels.items()
    }
    return rules.model_copy(update={"channels": channels})


def body_of(rules: OnCall) -> str:
    """As JSON, the same for the same rules."""
    return json.dumps(rules.model_dump(mode="json", by_alias=True), ensure_ascii=False, sort_keys=True)


def version_of(rules: OnCall) -> str:
    """What the rules are called: the beginning of the hash of their content."""
    return hashlib.sha256(body_of(rules).encode()).hexdigest()[:16]


class Rules:
    """Of one database. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database, wall: Callable[[], int]) -> None:
        """`wall`: ns UTC, for when a version was applied."""
        self._database, self._wall = database, wall
        self._changes = Changes(database, wall)

    def apply(self, rules: OnCall, who: str) -> Version:
        """From now on these are in force. The same as those in force already: nothing is written."""
        version = version_of(rules)
        row = OncallRules(version=version, time=self._wall(), who=who[:64], body=body_of(rules))
        with self._database.writing() as session:
            # What is in force is not read: it may be of a version of the program whose rules this one does not take.
            last = session.scalars(select(OncallRules).order_by(OncallRules.number.desc()).limit(1)).first()
            if last is not None and last.version == version:
                return _version(last)
            session.add(row)
            session.flush()
            return _version(row)

    def started_with(self, rules: OnCall, name: str) -> bool:
        """Applies a file's rules at a start of paging, unless the file is what it was and people have applied others
        since: a restart at night undoes nothing. Whether they are in force.
        """
        who, version = f"{_FILE}{name}"[:64], version_of(rules)
        same = select(func.coalesce(func.max(OncallRules.number), 0)).where(OncallRules.version == version)
        other = select(func.coalesce(func.max(OncallRules.number), 0)).where(
            OncallRules.version != version, OncallRules.who == who
        )
        last = select(OncallRules.version, OncallRules.who).order_by(OncallRules.number.desc()).limit(1)
        with self._database.reading() as session:
            newest = session.execute(last).first()
            unchanged = session.execute(same).scalar_one() > session.execute(other).scalar_one()
        by_people = newest is not None and newest.version != version and not newest.who.startswith(_FILE)
        if by_people and unchanged:
            return False
        self.apply(rules, who)
        return True

    def newest(self) -> Version | None:
        """The version in force, without swaps; None: none was ever applied. HeadworksError for one that this version
        of the program does not take.
        """
        with self._database.reading() as session:
            row = session.scalars(select(OncallRules).order_by(OncallRules.number.desc()).limit(1)).first()
            return None if row is None else _version(row)

    def mark(self) -> tuple[int, int, int]:
        """Changes when the rules or their swaps do, and costs little: for whoever looks often."""
        last = select(func.coalesce(func.max(OncallRules.number), 0))
        swaps = select(func.coalesce(func.max(DutyChange.number), 0), func.count().filter(DutyChange.withdrawn > 0))
        with self._database.reading() as session:
            number, (change, withdrawn) = session.execute(last).scalar_one(), session.execute(swaps).one()
            return int(number), int(change), int(withdrawn)

    def in_force(self, at: int) -> OnCall | None:
        """The newest with the swaps that hold or are to come at `at` (ns) on top; None: none was ever applied.

        A swap to somebody who is not in the rules any more does not hold: the roster's own turn is no hole.
        """
        newest = self.newest()
        if newest is None:
            return None
        swaps = [one for one in self._changes.holding(at) if newest.rules.person(one.person) is not None]
        return applied(newest.rules, swaps)

    def lost(self, rules: OnCall, at: int) -> list[Change]:
        """Swaps that hold or are to come at `at` (ns), and would not under `rules`: their person or roster is gone."""
        return [
            one for one in self._changes.holding(at)
            if rules.person(one.person) is None or rules.roster(one.roster) is None
        ]  # fmt: skip


def in_force(database: Database) -> OnCall | None:
    """The rules in force, without swaps; None: none was ever applied. StoreError."""
    newest = Rules(database, lambda: 0).newest()
    return None if newest is None else newest.rules


def _version(row: OncallRules) -> Version:
    try:
        rules = OnCall.model_validate_json(row.body)
    except ValidationError as error:
        raise HeadworksError(
            f"the on-call rules in force ({row.version}) are not taken by this version: apply the file anew, "
            f"`headworks oncall apply FILE` ({error.error_count()} faults, the first: {error.errors()[0]['msg']})"
        ) from None
    return Version(row.number, row.version, row.time, row.who, rules)
