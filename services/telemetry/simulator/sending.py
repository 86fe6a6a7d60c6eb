"""What leaves a site, and when: a station's readings a frame at a time, kept back while the site's link is down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.telemetry.simulator.described import NS
from services.telemetry.simulator.scene import Scene
from services.telemetry.simulator.sensors import Samples


@dataclass(frozen=True, slots=True)
class Parcel:
    """A frame to be sent.  through (ns): everything of the station up to it has been given."""

    site: str
    station: str
    samples: Samples
    through: int


class Sending:
    """A scene's frames in the order in which its gateways send them.

    While a link is down nothing comes of its site, no heartbeat either. Once it is back, what was kept goes first, in
    order, so that it arrives after its time. A link changes at the frame that passes the moment of the change.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

        def moment(clock: str) -> int:
            return scene.start + int(scene.event.after_start(clock)) * NS

        self._down = [(one.site, moment(one.at), moment(one.until)) for one in scene.event.link_loss]
        self._kept: dict[str, list[Parcel]] = {}

    def up(self, site: str) -> bool:
        """Whether the site is connected now."""
        return not any(site == one and at <= self._scene.now < until for one, at, until in self._down)

    def advance(self) -> Iterator[Parcel]:
        """Moves the scene on by one frame of each station, and gives what is sent by then."""
        scene = self._scene
        given = scene.advance(scene.frame_seconds)
        for (site, station), samples in given.items():
            kept = self._kept.setdefault(site, [])
            kept.append(Parcel(site, station, samples, scene.now))
        for site, kept in self._kept.items():
            if self.up(site):
                yield from kept
                kept.clear()
