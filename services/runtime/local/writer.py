"""The one thread that writes: it takes all that is queued into one transaction, then answers everybody."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from services.core.errors import LogError
from services.runtime.local.faults import explain
from services.runtime.local.schema import WAL_BYTES
from services.runtime.local.transaction import Frontier, OutOfSequence, Transaction

T = TypeVar("T")
Act = Callable[[Transaction], Any]

#: Bytes that may wait; whoever brings more waits until the writer has caught up.
QUEUED_BYTES = 32 << 20
#: Bytes and operations of one transaction: enough to share a sync, few enough to answer soon.
GROUP_BYTES = 8 << 20
GROUP_OPERATIONS = 2000


@dataclass(slots=True)
class _Operation:
    act: Act
    cost: int
    alone: bool  # outside any transaction, with no other operation
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Writer:
    """Owns the writing connection from construction to `close`. Used from one event loop at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path, frontier: Frontier) -> None:
        self.frontier = frontier
        self._connection = connection
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._fold_in_at = WAL_BYTES
        self._queue: deque[_Operation] = deque()
        self._queued = 0
        self._closing = False
        self._condition = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._turn = asyncio.Lock()
        self._thread = threading.Thread(target=self._run, name=f"log {path.name}", daemon=True)
        self._thread.start()

    async def submit(self, act: Callable[[Transaction], T], cost: int, alone: bool = False) -> T:
        """What `act` returns, once it is durable; while too much is queued, waits first.

        Operations are done in the order of these calls. LogError when nothing was taken. An
        operation whose caller is cancelled after it was queued is still done.
        """
        loop = asyncio.get_running_loop()
        operation = _Operation(act, cost, alone, loop, loop.create_future())
        async with self._turn:  # nobody overtakes who waits for room
            await self.until(lambda: not self._queued or self._queued + cost <= QUEUED_BYTES)
            with self._condition:
                if self._closing:
                    raise LogError(f"the site log {self._path} is closed")
                self._queue.append(operation)
                self._queued += cost
                self._condition.notify()
        result: T = await operation.future
        return result

    async def until(self, reached: Callable[[], bool]) -> None:
        """Returns once `reached()`, asked anew after each transaction. LogError when closed first."""
        loop = asyncio.get_running_loop()
        while True:
            waiter = (loop, loop.create_future())
            with self._condition:  # asked under the lock, so that no transaction slips between
                if reached():
                    return
                if self._closing:
                    raise LogError(f"the site log {self._path} is closed")
                self._waiting.append(waiter)
            try:
                await waiter[1]
            finally:
                with self._condition:
                    if waiter in self._waiting:
                        self._waiting.remove(waiter)

    def close(self) -> None:
        """Does what is queued, then ends the thread. The connection stays with the caller."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        self._wake()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closing:
                    self._condition.wait()
                if not self._queue:
                    return
                group = self._take()
            results = self._alone(group[0]) if group[0].alone else self._commit(group)
            with self._condition:
                self._queued -= sum(operation.cost for operation in group)
            self._answer(group, results)

    def _take(self) -> list[_Operation]:
        group = [self._queue.popleft()]
        size = group[0].cost
        while not group[0].alone and self._queue and len(group) < GROUP_OPERATIONS:
            following = self._queue[0]
            size += following.cost
            if following.alone or size > GROUP_BYTES:
                break
            group.append(self._queue.popleft())
        return group

    def _commit(self, group: list[_Operation]) -> list[Any]:
        """A result or exception for each operation; the whole group fails with the file."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            transaction = Transaction.after(self.frontier, connection)
            results = [self._do(operation, transaction) for operation in group]
            frontier = transaction.close()
            connection.execute("COMMIT")
        except Exception as error:
            self._roll_back()
            fault = explain(error, self._path) if isinstance(error, sqlite3.Error) else error
            return [fault for _ in group]
        self.frontier = frontier
        self._fold_in()
        return results

    def _fold_in(self) -> None:
        """SQLite begins the write-ahead log anew only when nobody reads: with busy readers it grows for ever.

        Readers are briefly waited for; one that stays costs one attempt each WAL_BYTES.
        """
        with suppress(OSError, sqlite3.Error):  # what is committed stands; the next attempt tells
            if self._wal.stat().st_size < self._fold_in_at:
                return
            self._connection.execute("PRAGMA busy_timeout=500").fetchall()
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                self._connection.execute("PRAGMA busy_timeout=5000").fetchall()
                self._fold_in_at = self._wal.stat().st_size + WAL_BYTES

    @staticmethod
    def _do(operation: _Operation, transaction: Transaction) -> Any:
        try:
            return operation.act(transaction)
        except OutOfSequence as refusal:
            return refusal  # judged before anything was written: the others are not concerned

    def _alone(self, operation: _Operation) -> list[Any]:
        try:
            return [operation.act(Transaction.after(self.frontier, self._connection))]
        except sqlite3.Error as error:
            return [explain(error, self._path)]
        except Exception as error:
            return [error]

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # The next BEGIN fails and is answered with its own error: nothing is lost silently.
            pass

    def _answer(self, group: list[_Operation], results: list[Any]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for operation, result in zip(group, results, strict=True):
            by_loop.setdefault(operation.loop, []).append((operation.future, result))
        for loop, answers in by_loop.items():
            _call(loop, _resolve, answers)
        self._wake()

    def _wake(self) -> None:
        with self._condition:
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            _call(loop, _resolve, [(future, None)])


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[Any], None], argument: Any) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
        loop.call_soon_threadsafe(function, argument)


def _resolve(answers: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in answers:
        if future.done():
            continue  # its caller was cancelled
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
