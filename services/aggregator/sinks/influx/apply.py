"""What InfluxDB should have: buckets with their retention, tokens that may no more than they must; made or checked.

Whoever calls this holds a token that may all of it. Nothing is removed and no retention is shortened unasked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import influxdb_client
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from services.aggregator.sinks.influx.buckets import RETENTION, Buckets
from services.core.errors import HeadworksError

#: The bucket of replays and simulations, after the bucket's name. Its times are of any year, so it has no limit.
REPLAY = "_replay"

_MILLISECONDS = 10_000

#: Its models are without types.
_api: Any = influxdb_client


@dataclass(frozen=True, slots=True)
class Token:
    """description: its name in InfluxDB.  reads, writes: buckets."""

    description: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """buckets: name → how long it keeps (None: for ever).  tokens: by the name that the command line has for them."""

    buckets: Mapping[str, timedelta | None]
    tokens: Mapping[str, Token]

    @classmethod
    def of(cls, bucket: str, split: bool) -> Wanted:
        """What the sink and Grafana need when the sink writes to `bucket`."""
        make = Buckets.split if split else Buckets.one
        live, replay = make(bucket), make(bucket + REPLAY)
        # Where everything is in one bucket it must be kept as long as the alarms are.
        keep = {bucket + end: limit for end, limit in RETENTION.items()} if split else {bucket: None}
        names = (*live.names, *replay.names)
        tokens = {
            "sink": Token(f"headworks sink: {bucket}", writes=names),
            "grafana": Token(f"headworks grafana: {bucket}", reads=names),
        }
        return cls(keep | dict.fromkeys(replay.names), tokens)


@dataclass(slots=True)
class Outcome:
    """done: what was made or changed.  drift: what is otherwise than it should be. Sentences, without secrets."""

    done: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


def apply(
    url: str,
    org: str,
    token: str,
    wanted: Wanted,
    *,
    check: bool = False,
    shorten: bool = False,
    files: Mapping[str, Path] | None = None,
) -> Outcome:
    """Makes what is missing, lengthens what keeps too short; with `check` only says so.

    shorten: also where a bucket keeps longer than it should: that deletes what is older.  files: where the token
    `sink` or `grafana` is to be written when it is made; mode 600, and it must not be there. One that may otherwise
    than it should is replaced when a file is given.  HeadworksError when InfluxDB cannot be asked or refuses.
    """
    out = Outcome()
    try:
        with _api.InfluxDBClient(url, token, org=org, timeout=_MILLISECONDS) as client:
            found = client.organizations_api().find_organizations(org=org)
            if not found:
                raise HeadworksError(f"{url}: there is no organisation {org!r}")
            ids = _buckets(client, found[0].id, wanted, out, check, shorten)
            _tokens(client, found[0].id, wanted, out, check, files or {}, ids)
    except ApiException as error:
        raise HeadworksError(_words(url, error)) from error
    except (HTTPError, OSError) as error:
        # A file's own message names it; of a connection the address is what helps.
        where = getattr(error, "filename", None) or url
        raise HeadworksError(f"{where} cannot be used ({_reason(error)})") from error
    return out


def _words(url: str, error: ApiException) -> str:
    if error.status in (401, 403):
        return f"{url}: InfluxDB does not let this token ({error.status}); HEADWORKS_INFLUX_TOKEN must be an operator's"
    return f"{url}: InfluxDB refuses ({error.status}: {str(error.message or error.reason)[:300]})"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


# --- buckets -------------------------------------------------------------------------------------------------------


def _buckets(client: Any, owner: str, wanted: Wanted, out: Outcome, check: bool, shorten: bool) -> dict[str, str]:
    """The ids of the buckets that are there now."""
    api = client.buckets_api()
    there = {bucket.name: bucket for bucket in api.find_buckets_iter(org_id=owner)}
    for name, keep in wanted.buckets.items():
        bucket = there.get(name)
        if bucket is None:
            if check:
                out.drift.append(f"bucket {name} is missing; it should keep {_shown(keep)}")
                continue
            there[name] = api.create_bucket(bucket_name=name, org_id=owner, retention_rules=_rules(keep))
            out.done.append(f"made bucket {name}, which keeps {_shown(keep)}")
            continue
        now = _keeps(bucket)
        if now == keep:
            continue
        sentence = f"bucket {name} keeps {_shown(now)} and should keep {_shown(keep)}"
        shorter = keep is not None and (now is None or keep < now)
        if check or (shorter and not shorten):
            hint = "; to delete what is older, ask with --shorten" if shorter else ""
            out.drift.append(sentence + hint)
            continue
        bucket.retention_rules = _rules(keep)
        api.update_bucket(bucket)
        out.done.append(f"bucket {name} kept {_shown(now)} and now keeps {_shown(keep)}")
    return {name: bucket.id for name, bucket in there.items()}


def _rules(keep: timedelta | None) -> list[Any]:
    # Nought is for ever; of no rule at all an update would change nothing.
    return [_api.BucketRetentionRules(type="expire", every_seconds=int(keep.total_seconds()) if keep else 0)]


def _keeps(bucket: Any) -> timedelta | None:
    seconds = sum(rule.every_seconds for rule in bucket.retention_rules or [])
    return timedelta(seconds=seconds) if seconds else None


def _shown(keep: timedelta | None) -> str:
    if keep is None:
        return "for ever"
    return f"{keep.days} days" if keep == timedelta(days=keep.days) else f"{keep.total_seconds():.0f} s"


# --- tokens --------------------------------------------------------------------------------------------------------


def _tokens(
    client: Any,
    owner: str,
    wanted: Wanted,
    out: Outcome,
    check: bool,
    files: Mapping[str, Path],
    ids: Mapping[str, str],
) -> None:
    api = client.authorizations_api()
    there = api.find_authorizations(org_id=owner)
    for name, token in wanted.tokens.items():
        may = {("read", ids.get(bucket, bucket)) for bucket in token.reads}
        may |= {("write", ids.get(bucket, bucket)) for bucket in token.writes}
        mine = [one for one in there if one.description == token.description]
        good = [one for one in mine if _may(one) == may and one.status == "active"]
        if good and len(mine) == len(good):
            continue
        path = files.get(name)
        what = "may otherwise than it should, or is inactive" if mine else "is missing"
        if check or path is None:
            hint = "" if check else f"; name a file for a new one with --{name}-token"
            out.drift.append(f"token {token.description!r} {what}{hint}")
            continue
        # The file first: a token that nobody can read would be of no use to anyone.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "w", encoding="ascii") as file:
                made = api.create_authorization(authorization=_authorization(owner, token, may))
                file.write(made.token)
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise
        for old in mine:
            api.delete_authorization(old)
        instead = " in place of one that could do otherwise" if mine else ""
        out.done.append(f"made token {token.description!r}{instead}; it is in {path}")


def _authorization(owner: str, token: Token, may: set[tuple[str, str]]) -> Any:
    permissions = [
        _api.Permission(action=action, resource=_api.PermissionResource(type="buckets", id=bucket, org_id=owner))
        for action, bucket in sorted(may)
    ]
    return _api.Authorization(org_id=owner, permissions=permissions, description=token.description)


def _may(one: Any) -> set[tuple[str, str]]:
    """What it may do; to more than a bucket that is named: the kind of thing."""
    return {
        (p.action, p.resource.id if p.resource.type == "buckets" and p.resource.id else f"all {p.resource.type}")
        for p in one.permissions
    }
