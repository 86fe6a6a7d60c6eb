"""A topic's id, which aiokafka does not ask for: metadata in version 10. A topic made anew has another id."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_METADATA = 3


class _Uuid(AbstractType):  # type: ignore[misc]
    """16 bytes."""

    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


_TAGS = ("tags", TaggedFields)
_TEXT = CompactString("utf-8")


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = _METADATA, 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS)),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("operations", Int32),
                _TAGS,
            ),
        ),
        ("operations", Int32),
        _TAGS,
    )


class _MetadataRequest(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION = _METADATA, 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("topic", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        _TAGS,
    )


class _Metadata(Request[_MetadataRequest]):  # type: ignore[misc]
    API_KEY = _METADATA

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequest]) -> _MetadataRequest:
        wanted: list[tuple[uuid.UUID, str, dict[int, bytes]]] = [
            (uuid.UUID(int=0), topic, {}) for topic in self._topics
        ]
        return request_struct_class(wanted, False, False, False, {})


async def ids_and_partitions(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> dict[str, tuple[str, int]]:
    """By topic's full name its id and its number of partitions; absent topics are left out. Kafka 2.8 or newer."""
    answer: Any = await admin._send_request(_Metadata(topics))
    return {
        name: (str(topic_id), len(partitions))
        for error, name, topic_id, _internal, partitions, *_ in answer.topics
        if error == 0
    }
