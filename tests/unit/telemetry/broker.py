"""A broker of the tests' own: takes one client and says to it what the test wants."""

import asyncio
from contextlib import asynccontextmanager

from services.telemetry.link import Server


class ScriptedBroker:
    """What came from the client is in `heard`; `say` sends to it, `full` tells whether it no longer reads."""

    def __init__(self, code=0, granted=1):
        self.code, self.granted = code, granted
        self.heard: list[tuple[int, bytes]] = []
        self.writer: asyncio.StreamWriter
        self.port = 0
        self.here = asyncio.Event()

    async def serve(self, reader, writer):
        self.writer = writer
        try:
            while True:
                head = (await reader.readexactly(1))[0]
                length = shift = 0
                while True:
                    byte = (await reader.readexactly(1))[0]
                    length |= (byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                body = await reader.readexactly(length)
                self.heard.append((head, body))
                if head >> 4 == 1:
                    writer.write(bytes([0x20, 2, 0, self.code]))
                    self.here.set()
                elif head >> 4 == 8:
                    granted = bytes([self.granted]) * len(filters(body))
                    writer.write(bytes([0x90, 2 + len(granted)]) + body[:2] + granted)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def say(self, data):
        self.writer.write(data)

    def of_kind(self, kind):
        return [body for head, body in self.heard if head >> 4 == kind]

    @property
    def acknowledged(self):
        return [int.from_bytes(body) for body in self.of_kind(4)]


def filters(body):
    """The filters of a SUBSCRIBE."""
    found, at = [], 2
    while at < len(body):
        length = int.from_bytes(body[at : at + 2])
        found.append(body[at + 2 : at + 2 + length].decode())
        at += 3 + length
    return found


@asynccontextmanager
async def scripted(**options):
    """The broker, and where it is."""
    broker = ScriptedBroker(**options)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield broker, Server(port=port)
    finally:
        server.close()
        if hasattr(broker, "writer"):
            broker.writer.close()
