"""The night comes out as assumed: what happens, in which order, near which times."""

import pytest

# Local time, as in the assumed night; minutes of tolerance.
EXPECTED = [
    ("stage rises ≥ 0.30 m/h", "18:45", 5),
    ("raw turbidity ×3 and > 60", "19:45", 5),
    ("raw turbidity > 200", "20:04", 4),
    ("rake starts", "20:05", 4),
    ("screen Δh > 0.30", "20:20", 4),
    ("screen Δh > 0.60", "20:34", 4),
    ("raw turbidity > 1000", "20:38", 4),
    ("screen Δh > 1.0", "20:46", 4),
    ("submergence < 2.0", "21:03", 4),
    ("raw flow < 85 %", "21:10", 4),
    ("raw flow < 60 %", "21:13", 4),
    ("raw turbidity ≥ 4000", "21:37", 4),
    # Inflow is taken as it is now, unsmoothed, so this comes early.
    ("forecast < 8 h", "21:43", 12),
    ("coagulant at its cap", "21:52", 6),
    ("raw turbidity < 4000 again", "22:30", 4),
    ("clear well < 2.2", "22:40", 8),
    ("settled > 5", "01:27", 10),
    ("forecast < 2 h", "05:44", 8),
    ("recovering: ≥ 85 %, Δh < 0.6, > 12 h", "08:48", 20),
    ("closed: ≥ 95 %, Δh < 0.15, rising", "09:50", 6),
]


@pytest.mark.parametrize(("what", "clock", "minutes"), EXPECTED)
def test_each_thing_happens_near_its_time(played, what, clock, minutes):
    found = played.first(what)
    assert found != "never"
    off = played.event.after_start(found) - played.event.after_start(clock)
    assert abs(off) <= minutes * 60, f"{what} at {found}, expected {clock} ± {minutes} min"


@pytest.mark.parametrize(
    "what",
    [
        "submergence < 1.3",
        "clear well < 1.5",
        "settled > 10",
        "combined > 0.5",
        "a filter > 0.3",
        "sludge blanket < 1.0",
        "coagulant < 80 % of target",
    ],
)
def test_what_must_not_happen_does_not(played, what):
    assert played.first(what) == "never"


def test_extremes_of_the_night(played):
    extremes = played.night.extremes
    assert 4200 < extremes["raw"][1] < 5000
    assert 6.5 < extremes["settled"][1] < 8.0
    assert 0.2 < extremes["combined"][1] < 0.3
    assert 1.5 < extremes["level"][1] < 1.7
    assert extremes["head"][1] < 1.5
    assert extremes["loss"][1] < 1.8


def test_flow_is_at_a_third_by_half_past_ten_and_the_well_refills_at_night(played):
    assert played.at("22:30")["flow"] == pytest.approx(34, abs=4)
    assert played.at("04:30")["level"] > played.at("00:30")["level"] + 0.2
    assert played.at("08:06")["level"] < played.at("04:30")["level"] - 0.4


def test_no_filters_queue_and_water_is_accounted_for(played):
    assert max(row["queue"] for row in played.rows) <= 2
    assert max(abs(row["balance"]) for row in played.rows) < 8


def test_the_countdown_uses_the_demand_to_come(played):
    """At 02:00 the well fills, so the present net outflow would say never."""
    row = played.at("02:00")
    assert row["inflow"] > row["outflow"]
    assert row["hours"] < 6


def test_the_night_is_a_flood_of_readings_of_the_right_size(played):
    assert 500_000 < played.night.readings < 2_000_000
