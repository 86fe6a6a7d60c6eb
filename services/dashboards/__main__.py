"""`python -m services.dashboards [--check]`: writes what deploy/grafana has, or says what is out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from services.core.catalogue import Catalogue, load_catalogue
from services.core.errors import ConfigError
from services.dashboards.city import city
from services.dashboards.kpi import kpi
from services.dashboards.pipeline import pipeline
from services.dashboards.plant import plant
from services.dashboards.quality import quality
from services.dashboards.sheet import CONSOLE, Book
from services.dashboards.storm import storm
from services.dashboards.watch import rules
from services.dashboards.zones import zones

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "grafana"
SITES = ROOT / "sites" / "liuyang.yaml"

MAKERS = (city, storm, plant, quality, zones, kpi, pipeline)


def generate(catalogue: Catalogue, console: str = CONSOLE) -> dict[str, str]:
    """Paths below deploy/grafana and texts, the same for the same catalogue."""
    book = Book(catalogue, console)
    boards = {f"dashboards/{sheet.uid}.json": sheet.to_json() for sheet in (make(book) for make in MAKERS)}
    return boards | {"provisioning/alerting/pipeline.yaml": rules(catalogue)}


def stale(folder: Path, wanted: dict[str, str]) -> list[str]:
    """Paths that are missing, otherwise than they should be, or ours no longer; others' files are left alone."""
    there = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.glob("dashboards/*.json")}
    there = {name: text for name, text in there.items() if '"uid": "headworks-' in text}
    there |= {name: (folder / name).read_text("utf-8") for name in wanted if (folder / name).is_file()}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    """Writes, or with --check compares; status 1 when something is out of date, 2 for what is wrong with the sites."""
    asked = argparse.ArgumentParser("python -m services.dashboards", description="Make Grafana's dashboards.")
    asked.add_argument("--sites", type=Path, default=SITES, help="the catalogue whose limits and names are drawn")
    asked.add_argument("--folder", type=Path, default=FOLDER)
    asked.add_argument("--console", default=CONSOLE, help="address of the operators' console, for links to it")
    asked.add_argument("--check", action="store_true", help="write nothing; say what is out of date")
    said = asked.parse_args(arguments)
    try:
        wanted = generate(load_catalogue(said.sites), said.console)
    except ConfigError as error:
        print(*error.faults, sep="\n", file=sys.stderr)
        return 2
    old = stale(said.folder, wanted)
    for name in old:
        path = said.folder / name
        if said.check:
            print(f"{path} is out of date: run `make dashboards`", file=sys.stderr)
        elif name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
            print(f"wrote {path}")
        else:
            path.unlink()
            print(f"removed {path}")
    return 1 if said.check and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
