"""A physical simulator of a city's water plants through one event.

`load_event` reads and validates an event file, `City` runs it. The model is plain NumPy and Python
and knows nothing of MQTT, of the catalogue or of the alarms: it gives what the instruments would
have shown, and somebody else carries it.

    event = load_event(Path("events/liuyang-2023-04-18-storm-turbidity/event.yaml"))
    city = City(event)
    while city.now < city.end:
        for (site, station), samples in city.advance(60).items():
            ...

Each file holds one physical unit: `river`, `screen`, `intake`, `rawmain`, `clarifier`, `filters`,
`clearwell`, `highlift`, `demand`. `plant` wires one plant, `city` all of them, `sensors` turns true
values into readings. `python -m services.telemetry.simulator EVENT.yaml` prints the night.
"""

from services.telemetry.simulator.city import City
from services.telemetry.simulator.event import Event
from services.telemetry.simulator.event_file import load_event
from services.telemetry.simulator.sensors import Samples

__all__ = ["City", "Event", "Samples", "load_event"]
