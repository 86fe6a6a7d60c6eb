"""The console beside the job: on the asked port of the loopback, or on another one, said so."""

from __future__ import annotations

from collections.abc import Callable

from services.console.live import LiveView
from services.console.snapshots import Status
from services.core.catalogue import Catalogue


async def serve_console(
    view: LiveView, catalogue: Catalogue, status: Callable[[], Status], port: int, show: Callable[[str], None]
) -> None:
    """Until cancelled. The web packages are loaded only here: a run without a console is quicker for it."""
    from services.console.app import bind, build, serve

    app = build(view, [catalogue], status)
    try:
        socket = bind(port)
    except OSError:
        socket = bind(0)
        show(f"port {port} is in use: the console takes another")
    address = f"http://127.0.0.1:{socket.getsockname()[1]}/"
    await serve(app, sockets=[socket], started=lambda: show(f"console: {address}"))
