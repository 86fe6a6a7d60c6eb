"""A static member leaves its group by name, so that others need not wait until its session is over."""

from __future__ import annotations

from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

_LEAVE = 13
_TEXT = String("utf-8")
_MEMBER = (("member_id", _TEXT), ("group_instance_id", _TEXT))


class _LeaveResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = _LEAVE, 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("members", Array(*_MEMBER, ("error_code", Int16))),
    )


class _LeaveRequest(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION = _LEAVE, 3
    RESPONSE_TYPE = _LeaveResponse
    SCHEMA = Schema(("group", _TEXT), ("members", Array(*_MEMBER)))


class _Leave(Request[_LeaveRequest]):  # type: ignore[misc]
    API_KEY = _LEAVE

    def __init__(self, group: str, member: str, instance: str) -> None:
        self._group, self._member, self._instance = group, member, instance

    def build(self, request_struct_class: type[_LeaveRequest]) -> _LeaveRequest:
        return request_struct_class(self._group, [(self._member, self._instance)])


async def leave(coordinator: Any, instance: str, *, joining: bool) -> bool:
    """Whether the group has let the member of this `coordinator` (aiokafka's) go. Kafka 2.4 or newer.

    `joining`: it has never been a member, but its asking may already have made it one; then it goes by its name
    alone. One that was a member and is none now does not: another of the same name may be in its place.
    """
    member = coordinator.member_id
    await coordinator.close()  # else it would join again as soon as it is out
    if not member and not joining:
        return True
    answer = await coordinator._send_req(_Leave(coordinator.group_id, member, instance))
    return not answer.error_code and not any(code for *_, code in answer.members)
