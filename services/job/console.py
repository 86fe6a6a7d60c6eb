"""The console beside the job: on the asked port of the loopback, or on another one, said so."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.catalogue import Catalogue
from services.core.phrases import kept, shipped
from services.core.records import Record

#: Addresses of the proxies that may say for whom they ask, as the cluster's setting of that name.
PROXIES = "HEADWORKS_CONSOLE_PROXIES"


@dataclass(frozen=True, slots=True)
class Hands:
    """What people do by way of the console: where users are kept, how a command gets into the log, who answers."""

    data: Path
    append: Callable[[Sequence[Record]], Awaitable[None]]
    answers: Answers


async def serve_console(
    view: LiveView,
    catalogue: Catalogue,
    status: Callable[[], Status],
    port: int,
    show: Callable[[str], None],
    hands: Hands,
) -> None:
    """Until cancelled. The web packages are loaded only here: a run without a console is quicker for it."""
    from services.access.accounts import Accounts
    from services.console.acting.acts import Desk
    from services.console.acting.keeping import keep
    from services.console.app import bind, build, serve
    from services.console.wording import use
    from services.store.database import Database

    database = Database.in_folder(hands.data)
    accounts = Accounts(database, time.time_ns, time.monotonic)
    # The player's clock is the run's: a command is of the moment that the page shows.
    desk = Desk(view, status, accounts, hands.answers, hands.append, lambda: view.now or 0)
    use(shipped().with_own(kept(hands.data)))
    app = build(view, [catalogue], status, desk, database)
    try:
        socket = bind(port)
    except OSError:
        socket = bind(0)
        show(f"port {port} is in use: the console takes another")
    address = f"http://127.0.0.1:{socket.getsockname()[1]}/"
    keeping = asyncio.ensure_future(keep(desk, database))

    def started() -> None:
        show(f"console: {address}")
        if not accounts.any():
            add = f"headworks users add NAME --role operator --data {hands.data}"
            show(f"nobody can sign in yet, so the console only shows: `{add}`, then open it anew")

    try:
        await serve(app, sockets=[socket], started=started, proxies=os.environ.get(PROXIES, ""))
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        database.close()
