"""The arrays of detection: codes, and the columns of plan (what the catalogue says) and state (what happened).

Struct-of-arrays in NumPy record form: one row a point or rule, so that state is bytes and the kernel is a loop.
Rule state is 64 bytes, point state 40; a rate's ring is 800 more, the memory of a rule that remembers 88.
"""

from __future__ import annotations

import numpy as np

#: Version of the stored state; another one is refused at load.
STATE_SCHEMA = 5

KINDS = (
    "high", "low", "rise", "fall", "rise_ratio", "successive_high", "flat", "fault", "equals", "stale",
    "silent", "clock", "not_equals", "state", "saturated", "slope_up", "slope_down", "cusum_high", "cusum_low",
    "ewma_high", "ewma_low", "drift", "spike",
)  # fmt: skip
(
    HIGH, LOW, RISE, FALL, RISE_RATIO, SUCCESSIVE_HIGH, FLAT, FAULT, EQUALS, STALE,
    SILENT, CLOCK, NOT_EQUALS, STATE, SATURATED, SLOPE_UP, SLOPE_DOWN, CUSUM_HIGH, CUSUM_LOW, EWMA_HIGH, EWMA_LOW,
    DRIFT, SPIKE,
) = range(len(KINDS))  # fmt: skip

#: Kinds that keep a ring of their window, and kinds that keep a few numbers: the last ones, as the kernel knows.
RINGED = (RISE, FALL, RISE_RATIO, SLOPE_UP, SLOPE_DOWN)
REMEMBERING = (CUSUM_HIGH, CUSUM_LOW, EWMA_HIGH, EWMA_LOW, DRIFT, SPIKE)

NORMAL, PENDING, ACTIVE, CLEARING = range(4)

TRANSITIONS = ("raised", "cleared", "hidden", "unhidden", "uncertain", "certain")
RAISED, CLEARED, HIDDEN, UNHIDDEN, UNCERTAIN, CERTAIN = range(len(TRANSITIONS))

CAUSES = (
    "condition met",
    "returned to normal",
    "not applicable in this state",
    "rule changed",
    "a worse alarm of the same point",
    "the worse alarm has cleared",
    "quality lost",
    "quality regained",
    "station silent",
    "death certificate",
    "station heard again",
    "point silent",
    "left to the live readings",
    "clock ahead",
    "clock behind",
    "clock set back",
    "clock right again",
)
(
    BY_CONDITION, BY_RETURN, BY_GATE, BY_RULE_CHANGE, BY_WORSE, BY_WORSE_CLEARED,
    BY_QUALITY, BY_QUALITY_BACK, BY_SILENCE, BY_DEATH, BY_VOICE, BY_STALE, BY_LIVE, BY_CLOCK_AHEAD,
    BY_CLOCK_BEHIND, BY_CLOCK_BACK, BY_CLOCK_RIGHT,
) = range(len(CAUSES))  # fmt: skip

FLAG_HIDDEN, FLAG_UNCERTAIN, FLAG_RAISED_HIDDEN, FLAG_BY_DEATH = 1, 2, 4, 8

#: Whether a condition holds; between limit and clear limit nothing changes.
FALSE, TRUE, BETWEEN = 0, 1, 2

#: Buckets that a rate rule keeps over its window, and what one stores.
BUCKETS = 32

POINT_PLAN = np.dtype(
    [
        ("fault_low", "f8"), ("fault_high", "f8"),  # beyond these the instrument is broken (NE 43)
        ("top", "f8"),  # saturated at or above; +inf when it does not saturate
        ("hold", "i8"),  # ns for which a value holds
        ("switch", "i4"),  # index of the sample-flow switch, -1: none
        ("station", "i4"),
        ("voice", "i4"),  # the row that stands for the station, -1: what is computed has none
        # Wide, so that a rule's row has one type wherever it comes from: each type more is compiled anew.
        ("rule_from", "i8"), ("rule_to", "i8"),
        ("gated_from", "i8"), ("gated_to", "i8"),
    ],
    align=True,
)  # fmt: skip

RULE_PLAN = np.dtype(
    [
        ("limit", "f8"), ("clear", "f8"), ("floor", "f8"), ("reference", "f8"), ("slack", "f8"),
        ("on", "i8"), ("off", "i8"), ("window", "i8"), ("settle", "i8"), ("certain", "i8"),
        ("gate_mask", "i8"), ("states", "i8"),
        ("point", "i4"), ("gate", "i4"), ("hider", "i4"), ("ring", "i4"), ("memo", "i4"),
        ("kind", "i4"), ("count", "i4"),
        ("sets_from", "i4"), ("sets_to", "i4"),  # its limits by mode and season
    ],
    align=True,
)  # fmt: skip

#: A limit by mode and season. months: bit m for month m (0-11).  states: bit s; -1: in any.
LIMIT_SET = np.dtype([("limit", "f8"), ("clear", "f8"), ("months", "i8"), ("states", "i8")], align=True)

POINT_STATE = np.dtype(
    [
        ("time", "i8"),  # watermark: event time of the newest reading
        ("value", "f8"),
        ("changed", "i8"),  # since when the value has been the same; a station's row: newest sign of life
        ("late", "i8"),  # readings that came too late to be live
        ("quality", "u1"),
    ],
    align=True,
)

RULE_STATE = np.dtype(
    [
        ("since", "i8"),  # start of the running timer
        ("raised", "i8"),  # names the occurrence
        ("works_from", "i8"),  # the gate is open and settled from here; NEVER: closed
        ("good_since", "i8"),  # readings can be judged again since; 0: they are not, or were all the time
        ("limit", "f8"),  # in force at the newest reading, where it hangs on mode or season
        ("number", "i4"),  # transitions of this occurrence so far
        ("marks", "i4"),  # successive_high: records above the limit in a row
        ("mode", "i4"),  # what the point says that chooses the limits; -1: nothing yet
        ("phase", "i1"),
        ("flags", "u1"),
    ],
    align=True,
)

RING = np.dtype([("bucket", "i8"), ("first", "f8"), ("least", "f8")], align=True)

#: What a ring's buckets before `bucket` say. Not state: worked out from the ring when it is of another bucket.
SEEN = np.dtype(
    [
        ("bucket", "i8"), ("oldest", "i8"), ("base", "f8"), ("least", "f8"),
        ("n", "f8"), ("x", "f8"), ("y", "f8"), ("xx", "f8"), ("xy", "f8"),  # sums over the buckets, for a slope
    ],
    align=True,
)  # fmt: skip

#: What a rule that remembers keeps; `memories.py` says what each kind makes of it.
MEMO = np.dtype(
    [
        ("seen", "i8"), ("since", "i8"), ("dt", "i8"), ("count", "i8"),
        ("a", "f8"), ("b", "f8"), ("held", "f8"), ("fast", "f8"), ("slow", "f8"),
        ("w_fast", "f8"), ("w_slow", "f8"),
    ],
    align=True,
)  # fmt: skip

OUT = np.dtype(
    [
        ("time", "i8"), ("raised", "i8"), ("value", "f8"), ("limit", "f8"),
        ("rule", "i4"), ("number", "i4"),
        ("transition", "i1"), ("cause", "i1"), ("flags", "u1"), ("quality", "u1"),
    ],
    align=True,
)  # fmt: skip
