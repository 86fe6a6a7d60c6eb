"""The database behind an SQLAlchemy address: opened, brought to the present tables, and its errors in a sentence."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.core.errors import HeadworksError

_MIGRATIONS = Path(__file__).parent / "migrations"

#: The database's file in a data folder.
STORE_FILE = "people.sqlite"


class StoreError(HeadworksError):
    """The database cannot be read or written. Retry when the disk or the server is back."""


class Database:
    """Sessions of one database; several processes may have it open."""

    def __init__(self, engine: Engine) -> None:
        """Not for callers: use `open`."""
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Database:
        """The database behind `url`, made or brought to the present tables. StoreError when it cannot be."""
        try:
            engine = create_engine(url)
            if engine.dialect.name == "sqlite":
                _for_its_owner(engine.url.database)
                event.listen(engine, "connect", _durable)
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise explained(error) from None
        return cls(engine)

    @classmethod
    def in_folder(cls, data: Path) -> Database:
        """The database of a data folder."""
        return cls.open(f"sqlite:///{(data / STORE_FILE).resolve()}")

    def close(self) -> None:
        """Lets go of it."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that changes nothing; StoreError when the database does not answer."""
        try:
            with Session(self._engine) as session:
                yield session
        except SQLAlchemyError as error:
            raise explained(error) from None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are durable at its end, all or none; StoreError when they are not."""
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise explained(error) from None


def _for_its_owner(file: str | None) -> None:
    """It holds hashes of passwords, keys of links and addresses of channels: nobody else reads it, nor its journal,
    which takes its rights from it. StoreError when the file is not ours to guard.
    """
    if not file or file == ":memory:" or file.startswith("file:"):
        return
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        found = os.stat(file)
        if found.st_mode & 0o007 and found.st_uid == os.getuid():
            os.chmod(file, found.st_mode & 0o770)  # a group of console and paging may be meant
    except OSError as error:
        raise StoreError(
            f"the database of people cannot be used ({error.strerror or error}): check its place and its rights"
        ) from None


def _durable(connection: Any, _record: Any) -> None:
    """What a page's fate rests on is on the disk before anybody is called."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def explained(error: SQLAlchemyError) -> StoreError:
    """The error in a sentence, without the statement."""
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    return StoreError(
        f"the database of people cannot be used ({cause}): check its place, its rights and the space there"
    )
