"""The commands that speak to a cluster, where none is: what they refuse, and what they say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.catalogue import load_catalogue
from services.job.configure import CatalogueError, plan
from services.job.places import PROJECT
from tests.local.command import inside

LIUYANG = PROJECT / "sites" / "liuyang.yaml"

#: A port that nobody listens on.
NOWHERE = {"HEADWORKS_KAFKA": "127.0.0.1:1"}


@pytest.mark.parametrize(
    "command", [("topics", "check"), ("topics", "apply"), ("journal", "--cluster"), ("apply", LIUYANG, "--cluster")]
)
def test_a_kafka_that_is_not_there_is_one_sentence(command: tuple[str | Path, ...]) -> None:
    done = inside(*command, **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "error: Kafka at 127.0.0.1:1 cannot be reached: no broker answers there"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--only", "no3"), "--only and --at are for a cluster's log: say --cluster too"),
        (("--at", "2023-04-18T18:00:00+08:00"), "--only and --at are for a cluster's log: say --cluster too"),
        (("--cluster", "--add"), "--data and --add are for the log of one machine"),
        (("--cluster", "--data", "x"), "--data and --add are for the log of one machine"),
        (("--cluster", "--at", "2023-04-18T18:00"), "--at 2023-04-18T18:00: not a time with its zone"),
    ],
)
def test_options_that_do_not_go_together(options: tuple[str, ...], sentence: str) -> None:
    done = inside("apply", LIUYANG, *options, **NOWHERE)
    assert done.returncode == 1
    assert sentence in done.stderr


def test_a_variable_that_is_no_setting_is_named() -> None:
    done = inside("topics", "check", HEADWORKS_PARTITION="4")
    assert done.returncode == 1
    assert done.stderr.startswith("HEADWORKS_PARTITION")
    assert "is not a setting" in done.stderr


def test_a_plan_takes_the_sites_that_are_named_and_no_other() -> None:
    catalogue = load_catalogue(LIUYANG)
    records, configured = plan({}, catalogue, 5, only=["no3", "upstream"])
    assert [(record.site, record.time) for record in records] == [("no3", 5), ("upstream", 5)]
    assert all(one.changed for one in configured.values())
    held = {record.site: record for record in records}
    again, unchanged = plan(held, catalogue, 9, only=["no3"])
    assert again == []
    assert list(unchanged) == ["no3"]
    assert not unchanged["no3"].changed
    with pytest.raises(CatalogueError, match="the file has no site nowhere; it has "):
        plan(held, catalogue, 9, only=["no3", "nowhere"])
