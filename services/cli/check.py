"""`headworks check FILE`: is a site, event, on-call or phrase file right?"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.cli.terminal import people, print_json
from services.core.errors import ConfigError, Fault

HELP = """Check a site, event, on-call or phrase file: every fault with file, line, field, value and what would be
right. What is doubtful is a note; with --strict it is a fault.

Example: [bold]headworks check sites/liuyang.yaml[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="check", help=HELP)(_check)


def _check(
    files: Annotated[list[Path], typer.Argument(help="Files of sites, events, on-call rules, phrases.")],
    strict: Annotated[bool, typer.Option("--strict", help="What is doubtful is a fault too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    faults: list[Fault] = []
    notes: list[Fault] = []
    results = []
    for file in files:
        try:
            what, doubtful = examine(file)
        except ConfigError as error:
            faults += error.faults
            continue
        (faults if strict else notes).extend(doubtful)
        if not strict or not doubtful:
            results.append({"file": str(file), "what": what})
    if as_json:
        print_json({"ok": not faults, "files": results, "faults": _plain(faults), "notes": _plain(notes)})
    else:
        out = people()
        for result in results:
            out.print(f"[green]ok[/] {result['file']}: {result['what']}", highlight=False)
        for note in notes:
            out.print(f"[yellow]note[/] {escape(str(note))}", highlight=False)
        for fault in faults:
            print(fault, file=sys.stderr)
    if faults:
        sys.exit(1)


def _plain(faults: list[Fault]) -> list[dict[str, object]]:
    return [{n: getattr(f, n) for n in ("file", "line", "field", "value", "bound")} for f in faults]


def examine(file: Path) -> tuple[str, list[Fault]]:
    """What a right file holds, in words, and what of it is doubtful; ConfigError for a wrong one."""
    # Loaded here, so that `headworks --help` answers at once.
    from services.core.catalogue import to_json, version_of
    from services.core.catalogue.doubts import doubts
    from services.core.catalogue.resolve import read_catalogue
    from services.core.phrases import read_phrases
    from services.core.yaml_source import read_yaml

    data = read_yaml(file).data
    if isinstance(data, dict) and "sites" in data:
        reading = read_catalogue(file)
        catalogue = reading.catalogue
        points = sum(len(site.points) for site in catalogue.sites)
        rules = sum(len(p.rules) for site in catalogue.sites for p in site.points)
        versions = ", ".join(f"{site.id} {version_of(to_json(site))}" for site in catalogue.sites)
        sites = len(catalogue.sites)
        return f"{sites} site{'s' * (sites != 1)}, {points} points, {rules} alarms ({versions})", doubts(reading)
    if isinstance(data, dict) and ("plants" in data or "model" in data):
        from services.job.places import catalogue_for
        from services.telemetry.simulator.scene import load_scene

        scene = load_scene(file)
        catalogue_for(scene)
        event = scene.event
        hours = event.seconds / 3600
        return f"event {event.id}, {hours:.1f} h, {len(event.documented)} documented facts", []
    if isinstance(data, dict) and "surges" in data:
        from services.replay.expected import load_expected

        expected = load_expected(file)
        return f"what is expected of {expected.event}: {len(expected.surges)} surges", []
    if isinstance(data, dict) and "alarms" in data and "event" in data:
        from services.replay.timeline import load_expectation

        night = load_expectation(file)
        return f"what is expected of {night.event}: {len(night.alarms)} alarms, {len(night.phases)} phases", []
    if isinstance(data, dict) and ("policies" in data or "rosters" in data):
        return _oncall(file)
    if len(file.resolve().parent.name) == 2:
        return f"{len(read_phrases(file))} phrases in the language {file.resolve().parent.name}", []
    bound = "must have `sites:`, `plants:`, `model:` or `policies:` at the top, or be phrases in a folder `zh/`"
    raise ConfigError([Fault(str(file), 1, "file", "not a site or event", bound)])


def _oncall(file: Path) -> tuple[str, list[Fault]]:
    """Rosters, policies, channels and texts; where secrets are kept."""
    from services.alerts.oncall.doubts import doubts, open_secrets
    from services.core.yaml_source import read_yaml
    from services.duty.rules import read, version_of

    now = time.time_ns()
    rules, source = read(file, now), read_yaml(file)
    wrong, doubtful = open_secrets(rules, file)
    if wrong:
        raise ConfigError([source.fault(*one) for one in wrong])
    sizes = {"people": rules.people, "rosters": rules.rosters, "policies": rules.policies, "channels": rules.channels}
    counts = ", ".join(f"{name} {len(found)}" for name, found in sizes.items())
    found = [*doubts(rules, now), *doubtful]
    notes = [
        source.fault(where, value, bound) if value else source.absence(where, bound) for where, value, bound in found
    ]
    return f"{counts} ({version_of(rules)})", notes
