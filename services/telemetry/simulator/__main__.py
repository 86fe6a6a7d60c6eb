"""`python -m services.telemetry.simulator EVENT.yaml` prints an event, ten minutes a line."""

import argparse
import math
import sys
import time
from pathlib import Path

from services.core.errors import ConfigError
from services.telemetry.simulator.city import City
from services.telemetry.simulator.described import NS
from services.telemetry.simulator.night import Night
from services.telemetry.simulator.scene import load_scene
from services.telemetry.simulator.stepped import Stepped

COLUMNS = (
    ("rain", "rain", "mm/h", 1),
    ("stage", "gauge", "m", 2),
    ("river", "river", "m", 2),
    ("raw", "raw", "NTU", 0),
    ("blocked", "blind", "", 3),
    ("head", "Δh", "m", 2),
    ("sub", "subm", "m", 2),
    ("pumps", "pumps", "", 0),
    ("flow", "flow", "%", 0),
    ("dose", "dose", "mg/L", 1),
    ("settled", "settl", "NTU", 2),
    ("blanket", "blank", "m", 2),
    ("loss", "loss", "m", 2),
    ("queue", "queue", "", 0),
    ("worst", "worst", "NTU", 3),
    ("combined", "comb", "NTU", 3),
    ("inflow", "in", "m³/h", 0),
    ("outflow", "out", "m³/h", 0),
    ("level", "level", "m", 2),
    ("hours", "left", "h", 1),
    ("balance", "bal", "%", 1),
)


def main(arguments: list[str] | None = None) -> int:
    """Prints the table of one event, and of a city's what was crossed; 2 if its file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m services.telemetry.simulator")
    parser.add_argument("event", type=Path, help="an event.yaml")
    parser.add_argument("--seed", type=int, help="another seed than the event's")
    parser.add_argument("--every", type=int, default=10, metavar="MINUTES")
    chosen = parser.parse_args(arguments)
    begin = time.process_time()
    try:
        scene = load_scene(chosen.event, chosen.seed)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    if isinstance(scene, City):
        readings = _print_night(scene, chosen.every)
    else:
        assert isinstance(scene, Stepped)
        readings = _print_states(scene, chosen.every)
    spent = time.process_time() - begin
    print(f"\n{readings} readings, {spent:.1f} s of processor time")
    return 0


def _print_states(scene: Stepped, every: int) -> int:
    readings = 0
    print("time         " + "".join(f"{head:>12}" for head in scene.summary()))
    while scene.now < scene.end:
        readings += sum(map(len, scene.advance(every * 60).values()))
        clock = scene.event.clock((scene.now - scene.start) / NS)
        print(f"{clock:%m-%d %H:%M}  " + "".join(f"{value:>12.2f}" for value in scene.summary().values()))
    return readings


def _print_night(city: City, every: int) -> int:
    event, night = city.event, Night(city)
    print("time  " + "".join(f"{head:>6}" for _, head, _, _ in COLUMNS))
    print("      " + "".join(f"{unit:>6}" for _, _, unit, _ in COLUMNS))
    for index, row in enumerate(night.minutes()):
        if (index + 1) % every == 0:
            cells = "".join(_cell(row[key], digits) for key, _, _, digits in COLUMNS)
            print(f"{event.clock(row['seconds']):%H:%M} {cells}")
    print("\nheld for its delay        times")
    for name, crossing in night.crossings.items():
        times = "  ".join(f"{event.clock(at):%H:%M}" for at in crossing.at[:6]) or "never"
        print(f"{name:<38}{times}")
    print("\nextremes")
    for name, (seconds, value) in night.extremes.items():
        print(f"{name:<10}{value:>9.3f} at {event.clock(seconds):%H:%M}")
    return night.readings


def _cell(value: float, digits: int) -> str:
    return f"{'∞':>6}" if math.isinf(value) else f"{value:>6.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
