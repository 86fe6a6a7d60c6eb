"""PartitionFold: any split, any stop, records twice: the same outputs; and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import LogError
from services.core.records import Record, Tick
from services.runtime.cluster.partition import OffsetJump, PartitionFold
from services.runtime.cluster.rows import PARTITION, LogPart, decode_row, encode_row, newest
from tests.unit.runtime.sums import Sums, entries, frame

PART = LogPart("id-1", 2, 8)


def said(steps: Sequence[object]) -> list[tuple[str, str, bytes]]:
    return sorted({output for step in steps for output in step.outputs})  # type: ignore[attr-defined]


@st.composite
def logs(draw: st.DrawFn) -> list[list[Record]]:
    """Messages as a bridge writes them that is killed now and then: runs of numbers are said again."""
    numbers, messages, tick = {"a": 0, "b": 0}, list[list[Record]](), 0
    for _ in range(draw(st.integers(1, 25))):
        site = draw(st.sampled_from(["a", "b"]))
        match draw(st.sampled_from(["new", "new", "again", "tick", "old tick"])):
            case "new":
                count = draw(st.integers(1, 3))
                messages.append([frame(site, numbers[site] + k + 1, float(numbers[site] + k)) for k in range(count)])
                numbers[site] += count
            case "again" if numbers[site]:
                first = draw(st.integers(1, numbers[site]))
                messages.append([frame(site, k, float(k - 1)) for k in range(first, numbers[site] + 1)])
            case "tick":
                tick += 1
                messages.append([Tick(tick)])
            case "old tick" if tick:
                messages.append([Tick(draw(st.integers(1, tick)))])
    return messages


def once(messages: Sequence[Sequence[Record]]) -> list[list[Record]]:
    """The same log without what is said again."""
    seen, last, out = {"a": 0, "b": 0}, 0, list[list[Record]]()
    for message in messages:
        kept = list[Record]()
        for record in message:
            if isinstance(record, Tick):
                if record.time > last:
                    last = record.time
                    kept.append(record)
            elif record.number > seen[record.site]:  # type: ignore[union-attr]
                seen[record.site] = record.number  # type: ignore[union-attr]
                kept.append(record)
        if kept:
            out.append(kept)
    return out


@given(logs(), st.data())
def test_any_split_any_stop_and_any_repeat_give_the_same_outputs(messages, data):
    plain = PartitionFold(Sums, PART, {})
    whole = [plain.run(entries(once(messages)))] if once(messages) else []

    log, rows, steps = entries(messages), dict[str, bytes](), []
    fold, committed, at = PartitionFold(Sums, PART, rows), 0, 0
    while at < len(log):
        cut = data.draw(st.integers(at + 1, len(log)))
        steps.append(fold.run(log[at:cut]))
        at = cut
        match data.draw(st.sampled_from(["go on", "flush", "kill", "kill in the middle of a flush"])):
            case "flush":
                rows |= fold.dirty()
                committed = at
            case "kill":
                fold, at = PartitionFold(Sums, PART, rows), committed
            case "kill in the middle of a flush":
                # Some rows were written, the partition's was not: what is committed stays behind them.
                half = {k: v for k, v in fold.dirty().items() if k != PARTITION and data.draw(st.booleans())}
                rows |= half
                fold, at = PartitionFold(Sums, PART, rows), committed
    assert said(steps) == said(whole)


def test_a_jump_is_refused_before_anything_is_folded():
    log = entries([[frame("a", 1, 1.0)], [frame("a", 2, 1.0)], [frame("a", 3, 1.0)], [Tick(1)]])
    fold = PartitionFold(Sums, PART, {})
    fold.run(log[:1])
    with pytest.raises(OffsetJump, match="offset 7 came where 6 was due"):
        fold.run(log[2:])
    assert fold.position == 5
    fold.run(log[1:])
    assert fold.position == 8


def test_a_jump_is_refused_after_a_restart_too():
    log = entries([[frame("a", 1, 1.0)], [frame("a", 2, 1.0)], [frame("a", 3, 1.0)]])
    fold = PartitionFold(Sums, PART, {})
    fold.run(log[:1])
    with pytest.raises(OffsetJump):
        PartitionFold(Sums, PART, fold.dirty()).run(log[2:])


def test_a_new_log_begins_at_its_first_offset():
    log = entries([[frame("a", 1, 1.0)], [frame("a", 2, 1.0)]])
    with pytest.raises(OffsetJump, match="offset 6 came where 5 was due"):
        PartitionFold(Sums, PART, {}, first=5).run(log[1:])
    assert PartitionFold(Sums, PART, {}, first=5).run(log).cursor == 6


@pytest.mark.parametrize("other", [LogPart("id-2", 2, 8), LogPart("id-1", 2, 16), LogPart("id-1", 3, 8)])
def test_a_row_of_another_log_is_refused(other):
    fold = PartitionFold(Sums, PART, {})
    fold.run(entries([[frame("a", 1, 1.0)]]))
    with pytest.raises(LogError, match="was folded from partition 2 of 8, log id-1"):
        PartitionFold(Sums, other, fold.dirty())


def test_a_record_that_raises_alone_is_set_apart_and_the_rest_goes_on():
    fold = PartitionFold(Sums, PART, {})
    step = fold.run(entries([[frame("a", 1, 1.0), frame("a", 2, 13.0), frame("a", 3, 2.0)], [Tick(9)]]))
    assert [reject.reason for reject in step.rejects] == ["processor error"]
    assert "thirteen" in step.rejects[0].detail
    assert PartitionFold(Sums, PART, fold.dirty()).sites == ("a",)
    assert len(step.outputs) == 1


def test_only_changed_rows_are_flushed():
    fold = PartitionFold(Sums, PART, {})
    assert fold.dirty() == {}
    fold.run(entries([[frame("a", 1, 1.0)], [frame("b", 1, 1.0)]]))
    assert set(fold.dirty()) == {"a", "b", PARTITION}
    fold.run(entries([[frame("b", 2, 1.0)]], start=7))
    assert set(fold.dirty()) == {"b", PARTITION}


def test_of_two_rows_the_one_further_on_stands_whichever_was_written_last():
    fold = PartitionFold(Sums, PART, {})
    fold.run(entries([[frame("a", 1, 1.0)]]))
    old = fold.dirty()
    fold.run(entries([[frame("a", 2, 1.0)]], start=6))
    new = fold.dirty()
    assert newest([("a", new["a"]), ("a", old["a"])]) == {"a": new["a"]}
    assert decode_row(new["a"]).offset == 6


def test_a_row_of_another_schema_or_damaged_is_refused():
    fold = PartitionFold(Sums, PART, {})
    fold.run(entries([[frame("a", 1, 1.0)]]))
    row = fold.dirty()["a"]
    with pytest.raises(LogError):
        decode_row(row[:-3])
    assert encode_row(decode_row(row)) == row


def test_what_is_due_follows_the_position_and_a_new_log_its_beginning():
    fold = PartitionFold(Sums, PART, {}, first=5)
    assert fold.due == 5
    fold.run(entries([[frame("a", 1, 1.0)]]))
    assert fold.due == 6
    assert PartitionFold(Sums, PART, fold.dirty(), first=2).due == 6


def test_it_knows_how_far_each_sites_frames_reach():
    fold = PartitionFold(Sums, PART, {})
    fold.run(entries([[frame("a", 3, 1.0)], [frame("a", 2, 1.0)], [frame("b", 1, 1.0)]]))
    assert fold.event_times == {"a": 3, "b": 1}
