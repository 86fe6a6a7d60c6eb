"""Clients of Kafka as this project uses them: acknowledged by all, bounded, and a sentence when it is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from services.core.errors import LogError
from services.core.settings import Settings

#: The largest message; the topics take it too. A site's catalogue is by far the largest there is.
MAX_MESSAGE = 8 << 20

#: Messages to one partition that travel together, bytes.
BATCH = 1 << 20

#: Seconds until a Kafka that does not answer counts as not reachable.
REACH = 10.0

#: A request without an answer for so long (ms) is given up and made again over a new connection.
_REQUEST_MS = 15_000

#: Seconds that a client has to take its leave.
_STOP = 3.0

#: Pause (ms) before a connection or request is tried again; each try that fails is a line in the log.
_BACKOFF_MS = 250

#: What a consumer holds of what it has fetched and nobody has taken yet, bytes.
_FETCH = 16 << 20


class Unreachable(LogError):
    """Kafka does not answer. It may later, unlike what other LogErrors say of it."""


def unreachable(settings: Settings, error: BaseException | str = "no answer") -> Unreachable:
    """The sentence for a Kafka that is not there."""
    if isinstance(error, KafkaConnectionError):
        error = "no broker answers there"
    elif isinstance(error, TimeoutError | KafkaTimeoutError):
        error = "no answer in time"
    reason = str(error) or type(error).__name__
    return Unreachable(f"Kafka at {settings.kafka} cannot be reached: {reason}")


def new_producer(settings: Settings, **more: Any) -> AIOKafkaProducer:
    """A producer, not started: idempotent, acknowledged by all replicas in sync, what is said is sent at once.

    Not compressed: of the codecs that every client can read only gzip is always there, and it costs more than the
    bytes that it saves.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka,
        "client_id": "headworks",
        "acks": "all",
        "enable_idempotence": True,
        "max_batch_size": BATCH,
        "max_request_size": MAX_MESSAGE,
        "request_timeout_ms": _REQUEST_MS,
        "retry_backoff_ms": _BACKOFF_MS,
        "metadata_max_age_ms": 60_000,
    }
    return AIOKafkaProducer(**{**options, **more})


def new_consumer(settings: Settings, **more: Any) -> AIOKafkaConsumer:
    """A consumer, not started: commits nothing by itself, holds at most 16 MB that nobody has taken."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka,
        "client_id": "headworks",
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "fetch_max_bytes": _FETCH,
        "max_partition_fetch_bytes": MAX_MESSAGE + BATCH,
        "fetch_max_wait_ms": 200,
        "request_timeout_ms": _REQUEST_MS,
        "retry_backoff_ms": _BACKOFF_MS,
        "metadata_max_age_ms": 60_000,
    }
    return AIOKafkaConsumer(**{**options, **more})


async def started(client: Any, settings: Settings, within: float = REACH) -> None:
    """Starts a producer, consumer or admin client; LogError when Kafka does not answer `within` seconds."""
    try:
        async with asyncio.timeout(within):
            await client.start()
    except TimeoutError:
        await given_up(client)
        raise unreachable(settings, f"no answer within {within:g} s") from None
    except (KafkaError, OSError) as error:
        await given_up(client)
        raise unreachable(settings, error) from error
    except BaseException:
        await given_up(client)
        raise


async def given_up(client: Any) -> None:
    """Ends a client, started or not. A producer's unsent messages are not sent from here on.

    A producer's own `stop` waits until all is sent, and goes on sending when that is cut short.
    """
    if isinstance(client, AIOKafkaProducer):
        await _silence(client)
        return
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(_STOP):
            await (client.stop() if isinstance(client, AIOKafkaConsumer) else client.close())
            return
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(_STOP):
            await client._client.close()


async def _silence(producer: AIOKafkaProducer) -> None:
    sending = producer._sender.sender_task
    producer._closed = True
    if sending is not None:
        sending.cancel()
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(_STOP):
            await producer.client.close()  # what is in flight fails by this, which lets the sender end
    # It would wait for news of the brokers before it tries again, and nobody fetches these any more.
    news = getattr(producer.client, "_md_update_fut", None)
    if news is not None:
        news.cancel()
    if sending is not None:
        await asyncio.wait({sending}, timeout=_STOP)
        if sending.done() and not sending.cancelled():
            sending.exception()


@asynccontextmanager
async def administering(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, started; LogError when Kafka cannot be reached or fails what it is asked."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=_REQUEST_MS)
    await started(admin, settings)
    try:
        async with asyncio.timeout(4 * REACH):
            yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        raise unreachable(settings, error) from error
    finally:
        await given_up(admin)
