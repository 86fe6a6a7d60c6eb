"""The file of people is nobody else's to read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.store.database import STORE_FILE, Database, StoreError


def rights(file: Path) -> str:
    return stat.filemode(file.stat().st_mode)


def test_it_is_made_for_its_owner_and_so_is_its_journal(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path)
    with database.writing() as session:
        session.connection().exec_driver_sql("create table t (x int)")
        found = {file.name: rights(file) for file in tmp_path.iterdir()}
    database.close()
    assert found[STORE_FILE] == "-rw-------"
    assert set(found.values()) == {"-rw-------"}


@pytest.mark.parametrize(("before", "after"), [(0o644, "-rw-r-----"), (0o660, "-rw-rw----"), (0o600, "-rw-------")])
def test_one_that_others_could_read_is_closed_to_them(tmp_path: Path, before: int, after: str) -> None:
    Database.in_folder(tmp_path).close()
    (tmp_path / STORE_FILE).chmod(before)
    Database.in_folder(tmp_path).close()
    assert rights(tmp_path / STORE_FILE) == after


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check its place"):
        Database.open(f"sqlite:///{tmp_path}/nowhere/people.sqlite")
