"""`headworks console`: the pages and the HTTP API over a cluster's topics; people's commands into the log of sites."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import structlog
from fastapi import FastAPI

from services.access.accounts import Accounts
from services.console.acting.acts import Desk
from services.console.acting.answers import Answers
from services.console.acting.keeping import keep
from services.console.app import bind, build, serve
from services.console.view.live import LiveView
from services.console.waiting import waiting
from services.console.wording import use
from services.core.catalogue import Catalogue, from_json
from services.core.errors import HeadworksError
from services.core.records import Config
from services.core.settings import Settings
from services.daemons.control_room.feed import Feed
from services.daemons.control_room.lookout import Lookout
from services.daemons.daemon import Daemon
from services.daemons.people import open_people
from services.daemons.phrases import phrases_of
from services.runtime.cluster.catalogues import load_catalogues
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.commands import Commands
from services.runtime.cluster.topics import check_topics

NEEDED = ("kafka", "log", "people")

#: Seconds between two tries to reach Kafka, and between two looks for the first catalogue.
_PAUSE = 1.0

_log = structlog.get_logger("headworks.console")


async def work(daemon: Daemon) -> None:
    """Serves until it is asked to stop.

    LogError for what waiting does not mend: topics that are absent, made anew, or not as the settings want them.
    HeadworksError when the address cannot be listened on, StoreError when the database cannot be used.
    """
    settings = daemon.settings
    phrases = phrases_of(settings)
    async with AsyncExitStack() as stack:
        bound = _listen(settings)
        stack.callback(bound.close)
        people = open_people(settings)
        stack.callback(people.close)
        configs: dict[str, Config] = {}
        early = waiting(lambda: "; ".join(f"{part}: {why}" for part, why in daemon.health.problems.items()))
        await daemon.together({
            "waiting": serve(early, sockets=[bound.dup()], started=_said(settings)),
            "catalogues": _first_catalogues(daemon, configs),
        })  # fmt: skip
        if daemon.stopping.is_set():
            return
        catalogue = _utility(settings, configs)
        view, answers = LiveView(catalogue.sites), Answers()
        feed = Feed(daemon, view, answers)
        feed.begin(configs)
        commands = await stack.enter_async_context(Commands(settings))
        lookout = Lookout(daemon, view, feed, people)
        accounts = Accounts(people, time.time_ns, time.monotonic)
        # Where a player owns the clock, a command is of the moment that the page shows.
        now: Callable[[], int] = (lambda: view.now or 0) if settings.player else time.time_ns
        desk = Desk(view, lookout.status, accounts, answers, commands.send, now)
        use(phrases)
        app = build(view, [catalogue], lookout.status, desk, people)
        await daemon.together({
            "pages": _pages(app, bound.dup(), settings.console_proxies),
            "readings": feed.follow_readings(),
            "alarms": feed.follow_alarms(),
            "lookout": lookout.run(),
            "keeping": keep(desk, people),
        })  # fmt: skip


async def _pages(app: FastAPI, bound: socket.socket, proxies: str) -> None:
    try:
        await serve(app, sockets=[bound], proxies=proxies)
    except ValueError as error:
        raise HeadworksError(f"HEADWORKS_CONSOLE_PROXIES: {error}") from error


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.console_host, settings.console_port
    try:
        return bind(port, host)
    except OSError as error:
        raise HeadworksError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}): "
            "set HEADWORKS_CONSOLE_PORT to a free port"
        ) from error


def _said(settings: Settings) -> Callable[[], None]:
    def say() -> None:
        _log.info("the console is served", host=settings.console_host, port=settings.console_port)

    return say


async def _first_catalogues(daemon: Daemon, found: dict[str, Config]) -> None:
    """Returns when there is a Kafka, and a site in it."""
    while True:
        try:
            await check_topics(daemon.settings)
            found |= await load_catalogues(daemon.settings)
        except Unreachable as error:
            daemon.health.ill("kafka", str(error))
            _log.warning(str(error))
        else:
            daemon.health.well("kafka")
            if found:
                return
            daemon.health.ill("log", "no site has been applied yet: `headworks apply FILE --cluster`")
        await daemon.pause(_PAUSE)


def _utility(settings: Settings, configs: Mapping[str, Config]) -> Catalogue:
    """All sites as one catalogue."""
    sites = tuple(from_json(configs[name].catalogue_json) for name in sorted(configs))
    group = sites[0].group
    return Catalogue(group=group, name=settings.utility or group, sites=sites)
