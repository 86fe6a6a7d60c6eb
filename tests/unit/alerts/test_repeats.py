"""Frames of sources without numbers that come again are known, station by station."""

from services.alerts.site import SiteFold
from tests.unit.alerts.build import point, site, station
from tests.unit.alerts.plants import T0, frame


def test_each_station_remembers_its_own_frames_however_much_the_others_say():
    stations = tuple(station(f"s{n:02d}") for n in range(100))
    made = site(*(point("level", station=one.id) for one in stations), stations=stations)
    rest = [frame(one.id, T0 + 60, (T0 + 60, n, 1)) for n, one in enumerate(stations) if n]
    first = frame("s00", T0 + 60, (T0 + 60, 0, 1))
    fold = SiteFold(made, "v1")
    fold.frames([first, *rest])
    stored = SiteFold(made, "v1")
    stored.load(*fold.dump())
    for one in (fold, stored):
        assert one.repeats.knows(0, first)
        assert not one.repeats.knows(0, frame("s00", T0 + 120, (T0 + 120, 0, 1)))
