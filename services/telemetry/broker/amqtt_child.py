"""`python -m services.telemetry.broker.amqtt_child PARENT PORT`: amqtt on the loopback, until told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import warnings
from typing import Any

from services.telemetry.broker.tether import die_with_parent, end_at_eof


def settings(port: int) -> dict[str, Any]:
    """amqtt's configuration. Naming the plugins keeps out the ones that log every packet."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(port: int) -> None:
    """Runs the broker until SIGTERM or SIGINT."""
    from amqtt.broker import Broker

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await Broker(settings(port)).start()
    # Its own way down waits seconds for every client; nothing here outlives the process, so it just ends.
    await ended.wait()


def main(arguments: list[str]) -> int:
    """Serves until told to end."""
    die_with_parent(int(arguments[0]))
    end_at_eof()
    warnings.simplefilter("ignore")
    # It reports clients that leave as errors with tracebacks; who stays away is for the bridge to say.
    logging.disable(logging.ERROR)
    asyncio.run(serve(int(arguments[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
