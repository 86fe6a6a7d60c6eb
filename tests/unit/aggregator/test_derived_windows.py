"""Windows of computed points: made where they are computed, the same however the log is cut, and no others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from services.aggregator.derived import DerivedWindows
from services.core.catalogue import Point, Site, Station, keep_indices, to_json, version_of
from services.core.catalogue.model import DerivedBy
from services.core.clock import MINUTE, SECOND
from services.core.codec import encode_output
from services.core.frame import Frame, make_frame
from services.core.records import Aggregates, Config, Derived, Output, Record, Tick
from services.runtime.beside import Beside
from tests.unit.aggregator.windows import rule

LEVEL, HOURS, FLOW = "tank/level", "tank/hours", "tank/flow"


def site(*points: str) -> Site:
    made = tuple(
        Point(
            station="tank", name=name.split("/")[1], unit="h" if name == HOURS else "m",
            derived=DerivedBy(function="f", inputs={}) if name == HOURS else None,
            rules=(rule("low", 8),) if name == HOURS else (),
        )
        for name in points
    )  # fmt: skip
    station = Station(id="tank", type="t", name="t", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=rule("stale"))
    return Site(
        id="no3", group="g", name="n", kind="plant", time_zone="Asia/Shanghai", stations=(station,), points=made
    )


def config(one: Site) -> Config:
    text = to_json(one)
    return Config("no3", version_of(text), text, 0)


def frame(at: int, point: int, value: float) -> Frame:
    return make_frame(
        "no3", "tank", np.array([at]), np.array([point], np.int32), np.array([value]), np.zeros(1, np.uint8), through=at
    )


class Doubling:
    """Stands for a processor that computes: of point 0 its double, as point 1."""

    name = "doubling"

    def __init__(self) -> None:
        self.frames = 0

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        out: list[Output] = []
        for record in records:
            if isinstance(record, Frame):
                self.frames += 1
                out.append(Derived(frame(int(record.times[0]), 1, 2 * float(record.values[0]))))
        return out

    def dump(self, site: str) -> bytes:
        return str(self.frames).encode()

    def load(self, site: str, state: bytes) -> None:
        self.frames = int(state)


def log(minutes: int = 3) -> list[Record]:
    out: list[Record] = [config(site(LEVEL, HOURS))]
    for second in range(0, 60 * minutes, 10):
        out += [frame(second * SECOND, 0, 2.0 + second / 60), Tick((second + 10) * SECOND)]
    return out


def ours() -> Beside:
    return Beside(Doubling(), DerivedWindows())


def test_computed_points_have_their_windows_by_the_site_s_own_indices_and_measured_ones_have_none_here():
    windows = [one for one in ours().step("no3", log()) if isinstance(one, Aggregates) and one.width == MINUTE]
    assert [one.start for one in windows] == [0, MINUTE, 2 * MINUTE]
    assert {point for one in windows for point in one.points.tolist()} == {1}
    first = windows[0]
    assert first.count.tolist() == [6]
    assert first.mean[0] == pytest.approx(2 * (2 + 25 / 60))
    assert first.below[0] == pytest.approx(60.0)


def test_they_are_the_same_however_the_log_is_cut_and_wherever_it_is_gone_on_from_its_state():
    whole = [*map(encode_output, ours().step("no3", log()))]
    one, said = ours(), list[tuple[str, bytes]]()
    for record in log():
        said += map(encode_output, one.step("no3", [record]))
        again = ours()
        again.load("no3", one.dump("no3"))
        assert again.dump("no3") == one.dump("no3")
        one = again
    assert said == whole


def test_a_point_that_comes_to_the_catalogue_later_does_not_move_the_others():
    before = site(LEVEL, HOURS)
    after = keep_indices(site(FLOW, HOURS), before)
    windows = DerivedWindows()
    out = windows.step("no3", [config(before), frame(0, 1, 5.0), config(after), frame(SECOND, 1, 7.0), Tick(MINUTE)])
    (minute,) = [one for one in out if isinstance(one, Aggregates) and one.width == MINUTE]
    assert (minute.points.tolist(), minute.mean.tolist()) == ([1], [6.0])
    assert len(windows.dump("no3")) < 4000


def test_a_state_without_them_and_a_catalogue_that_is_none_are_refused():
    with pytest.raises(ValueError, match="beside 1"):
        ours().load("no3", DerivedWindows().dump("no3"))
    one = ours()
    one.step("no3", log())
    before = one.dump("no3")
    with pytest.raises(ValueError, match="id"):
        one.step("no3", [Tick(10 * MINUTE), Config("no3", "v", "{}", 0)])
    assert one.dump("no3") == before
