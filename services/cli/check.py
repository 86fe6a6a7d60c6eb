"""`headworks check FILE`: is a site or event file right?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.terminal import people, print_json
from services.core.errors import ConfigError, Fault

HELP = """Check a site or event file: every fault with file, line, field, value and what would be right.

Example: [bold]headworks check sites/liuyang.yaml[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="check", help=HELP)(_check)


def _check(
    files: Annotated[list[Path], typer.Argument(help="Site or event files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    faults: list[Fault] = []
    results = []
    for file in files:
        try:
            results.append({"file": str(file), "what": describe(file)})
        except ConfigError as error:
            faults += error.faults
    if as_json:
        wrong = [{n: getattr(f, n) for n in ("file", "line", "field", "value", "bound")} for f in faults]
        print_json({"ok": not faults, "files": results, "faults": wrong})
    else:
        out = people()
        for result in results:
            out.print(f"[green]ok[/] {result['file']}: {result['what']}", highlight=False)
        for fault in faults:
            print(fault, file=sys.stderr)
    if faults:
        sys.exit(1)


def describe(file: Path) -> str:
    """What a right file holds, in words; ConfigError for a wrong one."""
    # Loaded here, so that `headworks --help` answers at once.
    from services.core.catalogue import load_catalogue, to_json, version_of
    from services.core.yaml_source import read_yaml

    data = read_yaml(file).data
    if isinstance(data, dict) and "sites" in data:
        catalogue = load_catalogue(file)
        points = sum(len(site.points) for site in catalogue.sites)
        rules = sum(len(p.rules) for site in catalogue.sites for p in site.points)
        versions = ", ".join(f"{site.id} {version_of(to_json(site))}" for site in catalogue.sites)
        return f"{len(catalogue.sites)} sites, {points} points, {rules} alarms ({versions})"
    if isinstance(data, dict) and ("plants" in data or "model" in data):
        from services.job.places import catalogue_for
        from services.telemetry.simulator.scene import load_scene

        scene = load_scene(file)
        catalogue_for(scene)
        event = scene.event
        hours = event.seconds / 3600
        return f"event {event.id}, {hours:.1f} h, {len(event.documented)} documented facts"
    if isinstance(data, dict) and "surges" in data:
        from services.replay.expected import load_expected

        expected = load_expected(file)
        return f"what is expected of {expected.event}: {len(expected.surges)} surges"
    raise ConfigError([Fault(str(file), 1, "file", "neither", "must have `sites:`, `plants:` or `model:` at the top")])
