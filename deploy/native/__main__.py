"""`python -m deploy.native up|status|down|check|build`: the native stack from the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.native.builds import BUILDS
from deploy.native.ports import HOST, Ports
from deploy.native.programs import NativeError
from deploy.native.stack import ROOT, Stack

DEFAULT = ROOT / "headworks-data" / "native"


def say(text: str) -> None:
    """To the person; the standard output is for what programs read."""
    print(f"native: {text}", file=sys.stderr, flush=True)


def up(folder: Path, free_ports: bool, plain: bool, kafka_heap: str) -> int:
    """Brings the stack up and prints the environment of the services."""
    saved = (folder / "ports.json").exists()
    ports = Ports.free() if free_ports and not saved else None
    stack = Stack(folder, ports, say=say, plain=plain, kafka_heap=kafka_heap)
    stack.up()
    say(f"up; the data is in {stack.folder}")
    say(f"for the services: set -a; . {stack.folder / 'env'}; set +a")
    for name, value in stack.environment().items():
        print(f"{name}={value}")
    return 0


def status(folder: Path) -> int:
    """One line a server; the status is 0 when all are healthy."""
    stack = Stack(folder)
    for name, server in stack.servers.items():
        state = "down" if not server.pid else "healthy" if server.healthy() else "not answering"
        more = f"pid {server.pid}, {server.memory / 1e6:.0f} MB" if server.pid else str(server.folder)
        print(f"{name:10} {server.version:8} {HOST}:{server.listens[0]:<6} {state:14} {more}")
    return 0 if stack.healthy() else 1


def down(folder: Path) -> int:
    """Stops every server of the folder; the data stays."""
    Stack(folder, say=say).down()
    say("down")
    return 0


def check() -> int:
    """Says what the machine lacks; the status is 0 when nothing."""
    lacks = Stack.lacks()
    if lacks:
        say(lacks)
    return 1 if lacks else 0


def build(names: list[str]) -> int:
    """Fetches and builds, so that a later start need not."""
    for name in names:
        print(f"{name} {BUILDS[name].ensure(say)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser("python -m deploy.native", description="The native stack of Headworks.")
    commands = whole.add_subparsers(dest="command", required=True)
    for name, what in (("up", "start what does not run"), ("status", "say how it is"), ("down", "stop all")):
        one = commands.add_parser(name, help=what)
        one.add_argument("--folder", type=Path, default=DEFAULT, help="everything that the servers keep")
        if name == "up":
            one.add_argument("--free-ports", action="store_true", help="ports that nobody uses, kept for this folder")
            one.add_argument("--no-plain", action="store_true", help="MQTT only with TLS and passwords")
            one.add_argument("--kafka-heap", default="768m", help="the most that Kafka's heap takes (768m)")
    commands.add_parser("check", help="say what must be installed first")
    building = commands.add_parser("build", help="fetch and build into the cache")
    building.add_argument("names", nargs="*", choices=[*BUILDS, []], help=f"{', '.join(BUILDS)}; none: the servers'")
    return whole


def main(arguments: list[str]) -> int:
    """Does one command; a sentence and status 2 for what a person can mend."""
    asked = parser().parse_args(arguments)
    try:
        match asked.command:
            case "up":
                return up(asked.folder, asked.free_ports, not asked.no_plain, asked.kafka_heap)
            case "status":
                return status(asked.folder)
            case "down":
                return down(asked.folder)
            case "check":
                return check()
            case _:
                return build(asked.names or ["kafka", "influxdb"])
    except NativeError as error:
        say(str(error))
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
