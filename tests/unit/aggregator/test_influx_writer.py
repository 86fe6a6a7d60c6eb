"""What InfluxDB refuses is set apart alone; what it cannot take now waits; nothing else is ever left out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.sinks.influx import Gathered, Lines, Meaning, Place, Server, Watch, Writer
from services.aggregator.sinks.influx.server import Answer, answer_of
from services.core.ports import Reject
from tests.unit.aggregator.influxd import Influxd

pytestmark = pytest.mark.usefixtures("no_pause")


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.aggregator.sinks.influx.writer._LONGEST", 0.002)


class Told(Watch):
    def __init__(self) -> None:
        self.problems: list[str] = []
        self.counted: dict[str, int] = {}

    def waiting(self, problem: str) -> None:
        self.problems.append(problem)

    def refused(self, reason: str, lines: Lines, detail: str) -> None:
        self.counted[reason] = self.counted.get(reason, 0) + len(lines)


class Letters:
    def __init__(self) -> None:
        self.held: list[Reject] = []

    async def take(self, rejects: Sequence[Reject]) -> None:
        self.held += rejects

    @property
    def lines(self) -> list[str]:
        return [line for one in self.held for line in one.payload.decode().splitlines()]


def gathered(*texts: str) -> Lines:
    out = Gathered()
    for n, text in enumerate(texts):
        out.add(text.encode() + b"\n", Place("sites", 2, n))
    return out.lines()


async def stored(influxd: Influxd, lines: Lines, **more: int) -> tuple[Told, Letters]:
    told, letters = Told(), Letters()
    async with influxd as url, Server(url, "headworks", "telemetry", "secret") as server:
        await Writer(server.write, letters.take, told, shortest=0.001, **more).store(lines)
    return told, letters


async def test_what_is_accepted_is_sent_once_with_org_bucket_and_token():
    influxd = Influxd()
    told, letters = await stored(influxd, gathered("m x=1 1", "m x=2 2"))
    assert influxd.requests == 1
    assert influxd.points == {("m", "x", 1): "1", ("m", "x", 2): "2"}
    assert (told.problems, letters.held) == ([], [])
    query, token = influxd.asked[0]
    assert query == {"org": "headworks", "bucket": "telemetry", "precision": "ns"}
    assert token == "Token secret"


async def test_a_server_that_is_busy_gone_or_broken_is_asked_until_it_has_all():
    influxd = Influxd(faults=[(503, ""), (429, "slow down"), (0, ""), (500, "no space left on device"), (408, "")])
    told, letters = await stored(influxd, gathered("m x=1 1"))
    assert influxd.points == {("m", "x", 1): "1"}
    assert letters.held == []
    assert len(told.problems) == 5
    assert all("nothing is lost" in problem for problem in told.problems)
    assert any("no space left on device" in problem for problem in told.problems)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "unauthorized access"), (404, 'bucket "telemetry" not found'), (403, "no"), (200, "")]
)
async def test_a_wrong_token_or_bucket_is_said_and_waited_for(status, words):
    influxd = Influxd(faults=[(status, words)] * 3)
    told, letters = await stored(influxd, gathered("m x=1 1"))
    assert influxd.points == {("m", "x", 1): "1"}
    assert letters.held == []
    assert len(told.problems) == 3
    assert all(words in problem and "HEADWORKS_INFLUX_URL" in problem for problem in told.problems)


async def test_of_a_line_with_a_field_of_another_type_only_that_field_is_set_apart():
    influxd = Influxd(types={("m", "bad"): str})
    lines = gathered("m,a=1 x=1,bad=2,y=3 1", "m,a=2 x=4 2", "other bad=1 3", "m,a=3 bad=9 4")
    told, letters = await stored(influxd, lines)
    assert influxd.points == {
        ("m,a=1", "x", 1): "1", ("m,a=1", "y", 1): "3", ("m,a=2", "x", 2): "4", ("other", "bad", 3): "1",
    }  # fmt: skip
    assert letters.lines == ["m,a=1 bad=2 1", "m,a=3 bad=9 4"]
    assert told.counted == {"field type": 2}
    (letter,) = letters.held
    assert (letter.source, letter.reason) == ("sites", "field type")
    assert letter.detail.startswith("sites/2@0 to sites/2@3: ")
    assert 'input field "bad" on measurement "m"' in letter.detail


async def test_two_fields_of_another_type_are_both_found_and_strings_are_not_cut():
    influxd = Influxd(types={("m", "b"): int, ("m", "c"): int})
    told, letters = await stored(influxd, gathered('m a="x, y=\\" z",b=1,c=2 1', "m b=1 2", "m b=3i,c=1 3"))
    assert influxd.points == {("m", "a", 1): '"x, y=\\" z"', ("m", "b", 3): "3i"}
    assert sorted(letters.lines) == ["m b=1 1", "m b=1 2", "m c=1 3", "m c=2 1"]
    assert told.counted == {"field type": 4}


async def test_what_is_older_than_the_bucket_keeps_is_set_apart_and_the_rest_stored():
    influxd = Influxd(oldest=100)
    texts = [f"m,a={n} x=1,y=2 {99 if n in (3, 4, 17) else 100 + n}" for n in range(40)]
    told, letters = await stored(influxd, gathered(*texts))
    assert sorted(letters.lines) == sorted(texts[n] for n in (3, 4, 17))
    assert len(influxd.points) == 37 * 2
    assert told.counted == {"outside retention": 3}
    assert influxd.requests < 40


async def test_a_body_that_is_refused_as_a_whole_costs_one_request():
    influxd = Influxd(oldest=100)
    texts = [f"m,a={n} x=1 5" for n in range(500)]
    told, letters = await stored(influxd, gathered(*texts))
    assert (letters.lines, influxd.requests, told.counted) == (texts, 1, {"outside retention": 500})


async def test_a_line_that_cannot_be_read_takes_no_other_with_it():
    influxd = Influxd(unreadable="a=13 ")
    texts = [f"m,a={n} x=1 5" for n in range(30)]
    told, letters = await stored(influxd, gathered(*texts))
    assert letters.lines == ["m,a=13 x=1 5"]
    assert letters.held[0].detail.startswith("sites/2@13: ")
    assert len(influxd.points) == 29
    assert told.counted == {"line refused": 1}


async def test_what_is_too_large_goes_in_smaller_pieces_and_a_line_that_is_too_large_alone_is_set_apart():
    influxd = Influxd(largest=50)
    giant = f'm s="{"g" * 60}" 1'
    told, letters = await stored(influxd, gathered(*(f"m,a={n} x=1 5" for n in range(10)), giant))
    assert letters.lines == [giant]
    assert len(influxd.points) == 10
    assert told.counted == {"line too large": 1}


async def test_bodies_are_bounded_and_sent_in_order():
    influxd = Influxd()
    await stored(influxd, gathered(*(f"m x={n} 1" for n in range(100))), body=64)
    assert influxd.points == {("m", "x", 1): "99"}
    assert influxd.requests > 10
    assert influxd.widest <= 64


async def test_lines_are_not_done_with_while_their_dead_letters_are_not():
    influxd, told = Influxd(oldest=100), Told()
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_rejects: Sequence[Reject]) -> None:
        held.set()
        await go_on.wait()

    async with influxd as url, Server(url, "o", "b", "t") as server:
        storing = asyncio.create_task(Writer(server.write, slow, told).store(gathered("m x=1 1")))
        await held.wait()
        await asyncio.sleep(0)
        assert not storing.done()
        go_on.set()
        await storing
    assert told.counted == {"outside retention": 1}


_bad = st.sampled_from(["", "old", "type", "unreadable"])


@settings(max_examples=60, deadline=None)
@given(st.lists(_bad, min_size=1, max_size=40), st.integers(30, 400))
def test_whatever_is_wrong_with_which_lines_all_others_are_stored(bad, body):
    texts = [
        f"m,a={n}{',z=q' if kind == 'unreadable' else ''} x=1,{'t=1' if kind == 'type' else 'u=1'} "
        f"{1 if kind == 'old' else 100 + n}"
        for n, kind in enumerate(bad)
    ]
    influxd, told, letters = Influxd(oldest=100, types={("m", "t"): str}, unreadable=",z=q"), Told(), Letters()

    async def write(data: bytes) -> Answer:
        status, words = influxd.take(data)
        return Answer(Meaning.ACCEPTED) if status == 204 else answer_of(status, words)

    asyncio.run(Writer(write, letters.take, told, body=body).store(gathered(*texts)))
    expected = {}
    for n, kind in enumerate(bad):
        if kind in ("", "type"):
            expected["m,a=" + str(n), "x", 100 + n] = "1"
        if kind == "":
            expected["m,a=" + str(n), "u", 100 + n] = "1"
    assert influxd.points == expected
    buried = {n: text.replace("x=1,", "") if bad[n] == "type" else text for n, text in enumerate(texts) if bad[n]}
    assert sorted(letters.lines) == sorted(buried.values())
