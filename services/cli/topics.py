"""`headworks topics apply|check`: the topics of a cluster."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from services.cli.cluster import command_settings
from services.cli.terminal import people, print_json

HELP = "The topics of a cluster, as the settings want them (`headworks settings` lists these)."

APPLY = """Make the topics that are missing, and change retention and the like where the settings say otherwise. Another
number of partitions, or another way of keeping, is refused: nothing is changed then.

Example: [bold]HEADWORKS_PARTITIONS=64 headworks topics apply[/]
"""

CHECK = """Check that every topic is there and as the settings want it; say which log of sites this is.

Example: [bold]headworks topics check[/]
"""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    topics = typer.Typer(name="topics", help=HELP, no_args_is_help=True, rich_markup_mode="rich")
    topics.command(name="apply", help=APPLY)(_apply)
    topics.command(name="check", help=CHECK)(_check)
    app.add_typer(topics)


def _apply(as_json: AsJson = False) -> None:
    settings = command_settings()
    from services.runtime.cluster.topics import apply_topics

    done = asyncio.run(apply_topics(settings))
    if as_json:
        print_json({"kafka": settings.kafka, "done": done})
        return
    for sentence in done or ["nothing has changed"]:
        people().print(sentence, highlight=False, markup=False)


def _check(as_json: AsJson = False) -> None:
    settings = command_settings()
    from services.runtime.cluster.topics import check_topics

    identity = asyncio.run(check_topics(settings))
    if as_json:
        print_json({"kafka": settings.kafka, "log": identity.log, "partitions": identity.partitions})
        return
    sentence = f"{settings.topic('sites')} is log {identity.log}, {identity.partitions} partitions; all topics are well"
    people().print(sentence, highlight=False, markup=False)
