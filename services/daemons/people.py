"""The database of people that HEADWORKS_PEOPLE names, shared by console and paging."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.core.errors import HeadworksError
from services.core.settings import Settings
from services.store.database import Database


def open_people(settings: Settings) -> Database:
    """The database of people; its folder is made where it is a file. StoreError when it cannot be opened."""
    url = settings.people.get_secret_value()
    try:
        known = make_url(url)
    except ArgumentError:
        raise HeadworksError(
            "HEADWORKS_PEOPLE: is not an SQLAlchemy address, such as sqlite:///people.sqlite"
        ) from None
    if known.get_backend_name() == "sqlite" and known.database:
        Path(known.database).parent.mkdir(parents=True, exist_ok=True)
    return Database.open(url)
