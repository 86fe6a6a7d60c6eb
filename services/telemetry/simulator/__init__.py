"""Physical simulators of the library's events.

`load_scene` reads and validates an event file and picks the model that plays it by what it says: a city's plants
(`City`), an isolation station (`isolation/`), exposed meters in the frost (`freeze/`). A model is plain NumPy and
Python and knows nothing of MQTT, of the catalogue or of the alarms: it gives what the instruments would have shown,
and somebody else carries it; `sending` says when it leaves the site.

    scene = load_scene(Path("events/liuyang-2023-04-18-storm-turbidity/event.yaml"))
    while scene.now < scene.end:
        for (site, station), samples in scene.advance(60).items():
            ...

A model of one's own is an entry in `scene.MODELS`, and usually a `stepped.Stepped`. Of the city, each file holds one
physical unit: `river`, `screen`, `intake`, `rawmain`, `clarifier`, `filters`, `clearwell`, `highlift`, `demand`;
`plant` wires one plant, `city` all of them. `sensors` turns true values into readings.
`python -m services.telemetry.simulator EVENT.yaml` prints a city's night.
"""

from services.telemetry.simulator.city import City
from services.telemetry.simulator.event import Event
from services.telemetry.simulator.event_file import load_event
from services.telemetry.simulator.sensors import Samples

__all__ = ["City", "Event", "Samples", "load_event"]
