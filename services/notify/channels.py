"""Channels: the ways on which a message leaves. Each takes it, or says in a sentence why not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from services.alerts.oncall.policy import Address
from services.core.errors import HeadworksError

#: Seconds that a channel has to take a message.
PATIENCE = 10.0


class ChannelError(HeadworksError):
    """A message was not taken. The next channel, or the next person, is tried."""


class Channel(Protocol):
    """Takes a message. `page` is its name: the same when it is sent again because its fate was not known."""

    async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
        """Returns when it is taken; ChannelError when it is not."""
        ...


class Webhook:
    """POSTs JSON {page, title, body, urgent}; any answer of 2xx means taken."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url, self._client = url, client

    async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
        """See Channel."""
        message = {"page": page, "title": title, "body": body, "urgent": urgent}
        try:
            answer = await self._client.post(self._url, json=message, headers={"Idempotency-Key": page.encode().hex()})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChannelError(f"{_host(self._url)}: {type(error).__name__}") from None
        if not answer.is_success:
            raise ChannelError(f"{_host(self._url)} answered {answer.status_code}")


class AppriseChannel:
    """Any address that apprise knows. Its own threads send, since its services block."""

    def __init__(self, url: str, name: str) -> None:
        """HeadworksError when apprise does not know the address; the address itself is never shown."""
        import apprise  # many services: only loaded where one is used

        self._name, self._kinds = name, apprise.NotifyType
        self._sender = apprise.Apprise()
        if not self._sender.add(url):
            raise HeadworksError(
                f"channel {name}: apprise does not know this address (it is not shown: it may hold a secret)"
            )

    async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
        """See Channel."""
        kind = self._kinds.FAILURE if urgent else self._kinds.INFO
        try:
            async with asyncio.timeout(PATIENCE):
                taken = await asyncio.to_thread(self._sender.notify, body=body, title=title, notify_type=kind)
        except TimeoutError:
            raise ChannelError(f"{self._name}: no answer within {PATIENCE:g} s") from None
        except Exception as error:  # apprise's services raise what they like
            raise ChannelError(f"{self._name}: {type(error).__name__}") from None
        if not taken:
            raise ChannelError(f"{self._name}: not taken")


def open_channels(addresses: Mapping[str, Address], client: httpx.AsyncClient) -> dict[str, Channel]:
    """A channel for each address. HeadworksError for a secret that cannot be read, or an address nobody knows."""
    found: dict[str, Channel] = {}
    for name, address in addresses.items():
        url = address.url or _secret(name, Path(address.url_file or ""))
        if address.kind == "webhook":
            if urlsplit(url).scheme not in ("http", "https"):
                raise HeadworksError(f"channel {name}: a webhook's address must begin with http:// or https://")
            found[name] = Webhook(url, client)
        else:
            found[name] = AppriseChannel(url, name)
    return found


def _secret(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise HeadworksError(f"channel {name}: {file} cannot be read ({reason})") from None


def _host(url: str) -> str:
    """Of an address only the host: the rest may hold a token."""
    return urlsplit(url).hostname or "webhook"
