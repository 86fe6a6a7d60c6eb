"""The canonical journal: the same lines however the outputs came."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.frame import make_frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Derived, IncidentEvent, Output


def alarm(time: int, rule: str, number: int, raised: int = 0) -> AlarmEvent:
    name = f"no3/intake/p/{rule}@{raised}"
    return AlarmEvent(time, "no3", "intake", "p", rule, name, number, "raised", "high")


def incident(time: int, number: int) -> IncidentEvent:
    return IncidentEvent(time, "no3", "intake-crisis", "no3/intake-crisis@1", number, "surge", "c", "n", {"b": 1})


EVENTS: list[Output] = [
    *(alarm(t, rule, n, t // 10) for t in (5, 15, 25) for rule in ("high", "low") for n in (1, 2)),
    incident(15, 1), incident(25, 2),
    Derived(make_frame("no3", "derived", np.array([1]), np.array([0]), np.array([1.0]))),
]  # fmt: skip


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(EVENTS), max_size=8))
def test_neither_order_nor_repetition_changes_a_line(shuffle: random.Random, again: list[Output]) -> None:
    mixed = EVENTS + again
    shuffle.shuffle(mixed)
    assert list(canonical_journal(mixed)) == list(canonical_journal(EVENTS))


def test_lines_are_ordered_by_time_place_and_number_with_sorted_keys_and_the_kind_said() -> None:
    lines = [json.loads(line) for line in canonical_journal(EVENTS)]
    keys = [
        (x["time"], x["site"], x.get("station", ""), x.get("point", ""), x.get("rule", x.get("kind")), x["number"])
        for x in lines
    ]
    assert keys == sorted(keys)
    assert len(lines) == len(EVENTS) - 1  # a derived reading is no line
    assert {x["type"] for x in lines} == {"alarm", "incident"}
    assert all(list(x) == sorted(x) for x in lines)


def test_one_identity_with_two_contents_is_an_error() -> None:
    one = alarm(5, "high", 1)
    with pytest.raises(ValueError, match="two contents for no3/intake/p/high@0 transition 1"):
        list(canonical_journal([one, replace(one, priority="low")]))
    with pytest.raises(ValueError, match="two contents"):
        list(canonical_journal([one, replace(one, time=6)]))
