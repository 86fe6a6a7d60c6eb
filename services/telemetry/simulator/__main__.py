"""`python -m services.telemetry.simulator EVENT.yaml` prints an event, ten minutes a line."""

import argparse
import math
import sys
import time
from pathlib import Path

from services.core.errors import ConfigError
from services.telemetry.simulator.city import City
from services.telemetry.simulator.event_file import load_event
from services.telemetry.simulator.night import Night

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
    """Prints the table and the crossings of one event; 2 if its file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m services.telemetry.simulator")
    parser.add_argument("event", type=Path, help="an event.yaml")
    parser.add_argument("--seed", type=int, help="another seed than the event's")
    parser.add_argument("--every", type=int, default=10, metavar="MINUTES")
    chosen = parser.parse_args(arguments)
    try:
        event = load_event(chosen.event)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    begin = time.process_time()
    city = City(event, chosen.seed)
    night = Night(city)
    print("time  " + "".join(f"{head:>6}" for _, head, _, _ in COLUMNS))
    print("      " + "".join(f"{unit:>6}" for _, _, unit, _ in COLUMNS))
    for index, row in enumerate(night.minutes()):
        if (index + 1) % chosen.every == 0:
            cells = "".join(_cell(row[key], digits) for key, _, _, digits in COLUMNS)
            print(f"{event.clock(row['seconds']):%H:%M} {cells}")
    print("\nheld for its delay        times")
    for name, crossing in night.crossings.items():
        times = "  ".join(f"{event.clock(at):%H:%M}" for at in crossing.at[:6]) or "never"
        print(f"{name:<38}{times}")
    print("\nextremes")
    for name, (seconds, value) in night.extremes.items():
        print(f"{name:<10}{value:>9.3f} at {event.clock(seconds):%H:%M}")
    spent = time.process_time() - begin
    print(f"\n{night.readings} readings, {spent:.1f} s of processor time")
    return 0


def _cell(value: float, digits: int) -> str:
    return f"{'∞':>6}" if math.isinf(value) else f"{value:>6.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
