"""What a stranger on the broker may say: nothing of it ends the bridge, stops the clock, or fills the memory."""

import json

import numpy as np
import pytest

from services.core.clock import DAY, SECOND
from services.core.pb import sparkplug_b_pb2 as pb
from services.core.ports import Position
from services.core.records import Tick
from services.runtime.local import LocalLog
from services.telemetry.bridge.session import EPOCHS
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.topics import clock_topic
from tests.unit.telemetry.field import EPOCH, START, columns
from tests.unit.telemetry.reader import Field


def heartbeat(number, epoch=EPOCH):
    """An empty message of that number."""
    none = (np.empty(0, t) for t in (np.int64, np.int64, float, np.uint8))
    return encode.encode_data(*none, through=START, epoch=epoch, number=number)


async def into_a_log(field, folder):
    """The positions of a real log that took what the reader gave."""
    log = LocalLog.open(folder / "log.sqlite")
    try:
        await log.append(field.records)
        await log.reject(field.digest.rejects)
        return dict(log.positions())
    finally:
        log.close()


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
async def test_a_number_that_the_log_cannot_hold_is_refused(tmp_path, number):
    field = Field().born()
    field.send(1)
    field.sequenced("DDATA", heartbeat(number), "intake")
    field.born(first=number, last=number)
    field.send(2)
    assert field.reasons == ["number out of bounds"] * 2
    assert await into_a_log(field, tmp_path) == {"no3": Position(EPOCH, 2)}
    assert field.counters.lost == 0


async def test_one_message_of_two_stations_takes_its_number_once(tmp_path):
    field = Field().born()
    both = [np.concatenate(pair) for pair in zip(columns(1, "intake")[:4], columns(1, "filters")[:4], strict=True)]
    payload = encode.encode_data(
        both[1].astype(np.int64) + encode.FIRST_ALIAS, both[0], both[2], both[3],
        through=START, epoch=EPOCH, number=1,
    )  # fmt: skip
    field.sequenced("NDATA", payload)
    field.send(2)
    assert [(frame.station, len(frame)) for frame in field.records] == [("filters", 6), ("intake", 6), ("intake", 6)]
    assert await into_a_log(field, tmp_path) == {"no3": Position(EPOCH, 2)}


def test_epochs_of_strangers_do_not_fill_the_memory_nor_push_out_the_one_in_use():
    field = Field().born()
    for epoch in range(1, EPOCHS + 50):
        field.born(epoch=epoch, first=2, last=1)
        if epoch % 100 == 0:
            field.born()
            field.send(epoch // 100)
    assert len(field.reader.sessions["no3"]._accepted) == EPOCHS
    assert field.reader.reached("no3", EPOCH) == EPOCHS // 100


def test_a_gateway_whose_epoch_a_stranger_has_changed_introduces_itself_again_and_goes_on():
    field = Field().born()
    field.send(1)
    field.born(epoch=99)
    field.asked.clear()
    field.mono += 10
    field.send(2)
    assert field.asked == [(True, None)]
    field.born(first=2, last=2)
    field.send(2)
    assert field.numbers == [1, 2]


def say(field, time, marks, end=False):
    said = {"run": "r", "time": time, "marks": {edge: [EPOCH, n] for edge, n in marks.items()}, "end": end}
    field.reader.take(clock_topic("liuyang"), json.dumps(said).encode(), START, field.digest)


@pytest.mark.parametrize("time", [2**63 - 1, START + DAY + 61 * SECOND])
def test_a_clock_beyond_all_that_can_be_is_refused(time):
    field = Field().born()
    say(field, time, {}, end=True)
    assert field.reasons == ["time out of bounds"]
    say(field, START, {})
    assert field.reader.ticks.due(field.reader.reached) == [Tick(START)]


def test_a_clock_that_waits_for_what_never_comes_does_not_stop_the_player():
    field = Field().born()
    say(field, START + 2 * SECOND, {"nobody": 1})
    assert field.reasons == ["unknown edge node"]
    say(field, START + 2 * SECOND + 1, {"no3": 10**9})
    field.send(1)
    say(field, START + SECOND, {"no3": 1})
    assert field.reader.ticks.due(field.reader.reached) == [Tick(START + SECOND)]
    say(field, START + 3 * SECOND, {"no3": 1}, end=True)
    assert field.reader.ticks.due(field.reader.reached) == [Tick(START + 3 * SECOND, True)]
    assert field.reader.ticks.holds(field.reader.reached) is None


def test_a_device_that_is_born_again_and_again_has_the_metrics_of_its_last_birth_alone():
    field = Field().born()
    for k in range(5):
        birth = pb.Payload(timestamp=START // 10**6)
        for i in range(50):
            birth.metrics.add(name=f"x{k}/{i}", alias=1_000 + 50 * k + i, datatype=10)
        field.sequenced("DBIRTH", birth.SerializeToString(), "filters")
    known = field.reader.sessions["no3"].aliases
    assert (len(known.known), len(known.names)) == (53, 53)
    field.send(1, "intake")
    assert len(field.records[-1]) == 6
    assert set(field.reasons) == {"unknown point"}
