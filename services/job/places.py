"""Where events and sites are found, and what an event needs of a catalogue."""

from __future__ import annotations

import os
from pathlib import Path

from services.core.catalogue import Catalogue, load_catalogue
from services.core.errors import ConfigError, Fault
from services.core.yaml_source import read_yaml
from services.telemetry.simulator.described import Described
from services.telemetry.simulator.scene import Scene, model_of, read_event

PROJECT = Path(__file__).resolve().parents[2]


def home() -> Path:
    """The folder that holds sites/ and events/: HEADWORKS_HOME, else the working folder, else the project's own."""
    named = os.environ.get("HEADWORKS_HOME")
    if named:
        return Path(named)
    here = Path.cwd()
    return here if (here / "sites").is_dir() and (here / "events").is_dir() else PROJECT


def event_ids() -> list[str]:
    """The events of the library that drive the simulator."""
    return sorted(f.parent.name for f in (home() / "events").glob("*/event.yaml") if _drives(f))


def _drives(file: Path) -> bool:
    """Whether there is a model that plays the event; a recorded event has none."""
    try:
        return model_of(read_yaml(file).data) is not None
    except ConfigError:
        return False


def find_event(name: str) -> Described:
    """An event by id, or by the path of its file. ConfigError when it is not there or is wrong."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return read_event(path)
    path = home() / "events" / name / "event.yaml"
    if "/" in name or os.sep in name or not path.is_file():
        raise ConfigError([Fault(str(path), 1, "event", repr(name), f"must be one of {', '.join(event_ids())}")])
    return read_event(path)


def site_file(scene: Scene) -> Path:
    """Where the catalogue of the event's group is."""
    return home() / "sites" / f"{scene.event.group}.yaml"


def catalogue_for(scene: Scene, sites: Path | None = None) -> Catalogue:
    """The catalogue of the event's group (`sites`: another file), cut to the sites that the event plays.

    ConfigError when a site, station or point that the event plays is not in it.
    """
    path = sites or site_file(scene)
    catalogue = load_catalogue(path)
    known = {site.id: site for site in catalogue.sites}
    faults: list[Fault] = []
    for site, stations in scene.sites.items():
        if site not in known:
            faults.append(Fault(str(path), 1, "sites", site, "the event plays this site; it must be here"))
            continue
        index = known[site].point_index
        for station in stations:
            for point in scene.points(site, station):
                if f"{station}/{point}" not in index:
                    where = f"{site}/{station}/{point}"
                    faults.append(Fault(str(path), 1, "points", where, "the event plays this point; it must be here"))
    if faults:
        raise ConfigError(faults)
    return catalogue.model_copy(update={"sites": tuple(known[name] for name in scene.sites)})
