"""What of a utility's paging is doubtful though it works: who is never called, what ends in silence, open secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from services.alerts.oncall.policy import WEIGHTS, OnCall, Policy

#: The site of the monthly test (sites/paging-test.yaml).
TEST_SITE = "paging-test"

#: Anybody on the machine may read it.
_BY_ALL = 0o004

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Doubt = tuple[tuple[str | int, ...], object, str]


def doubts(rules: OnCall, at: int) -> Iterator[Doubt]:
    """(where, value, what would be better) of rules without a fault, at `at` (ns)."""
    yield from _never_called(rules)
    yield from _never_used(rules)
    if not rules.last_resort:
        yield ("last_resort",), "", "is missing: what nobody answers ends with the last step of its policy"
    if rules.heartbeat is None:
        yield ("heartbeat",), "", "is missing: a paging service that is down pages nobody, and nobody is told"
    if rules.console is None:
        yield ("console",), "", "is missing: messages carry no link to answer by"
    test = rules.policy_of(TEST_SITE, "critical", "", 0, at)
    if test is None or TEST_SITE not in test.match.sites:
        yield ("policies",), TEST_SITE, f"no policy names the site {TEST_SITE}: the monthly test would go as any alarm"


def _never_called(rules: OnCall) -> Iterator[Doubt]:
    named = {name for policy in rules.policies for step in policy.steps for name in step.to}
    named |= {*rules.digest_to, *rules.last_resort}
    called = named | {person for roster in rules.rosters if roster.id in named for person in roster.people()}
    for i, person in enumerate(rules.people):
        if person.id not in called:
            yield ("people", i, "id"), person.id, "is in no roster and no step that is used"
    for i, roster in enumerate(rules.rosters):
        if roster.id not in named:
            yield ("rosters", i, "id"), roster.id, "is in no step: nobody is called by it"
    reached = {way.channel for person in rules.people for way in person.reach}
    for name in rules.channels:
        if name not in reached:
            yield ("channels", name), name, "reaches nobody"


def _never_used(rules: OnCall) -> Iterator[Doubt]:
    for i, policy in enumerate(rules.policies):
        before = next((one for one in rules.policies[:i] if _covers(one, policy)), None)
        if before is not None:
            yield ("policies", i, "id"), policy.id, f"is never reached: {before.id} above it fits whatever it fits"


def _covers(first: Policy, second: Policy) -> bool:
    """Whether everything that fits the second fits the first, as far as that can be seen from each field alone."""
    a, b = first.match, second.match
    wanted = set(b.priorities or WEIGHTS)
    return (
        (not a.priorities or wanted <= set(a.priorities))
        and (not a.sites or (bool(b.sites) and set(b.sites) <= set(a.sites)))
        and (not a.incidents or (bool(b.incidents) and set(b.incidents) <= set(a.incidents)))
        and a.least_rank <= b.least_rank
        and (a.between is None or a.between == b.between)
        and (not a.days or set(b.days or range(1, 8)) <= set(a.days))
    )


def open_secrets(rules: OnCall, file: Path) -> tuple[list[Doubt], list[Doubt]]:
    """(faults, doubts) of where addresses are kept: files of secrets that anybody may read, or that are not there."""
    wrong: list[Doubt] = []
    doubtful: list[Doubt] = []
    for name, one in rules.channels.items():
        if one.url_file is not None:
            path = file.parent / one.url_file
            where = ("channels", name, "url_file")
            try:
                mode, secret = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
                doubtful.append((where, str(path), f"cannot be read here ({reason}): paging must be able to"))
                continue
            if mode & _BY_ALL:
                wrong.append((where, str(path), f"anybody may read it: chmod o-r {path.name}"))
            if not secret:
                wrong.append((where, str(path), "is empty: must hold the address"))
        elif one.url is not None and _secret(one.kind, one.url) and file.stat().st_mode & _BY_ALL:
            bound = "may hold a secret, and anybody may read this file: better in a file of its own, `url_file`"
            doubtful.append((("channels", name, "url"), "(not shown)", bound))
    return wrong, doubtful


def _secret(kind: str, url: str) -> bool:
    """An address of apprise is mostly a token; a webhook's is one where it has a password, a query or a long path."""
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK and parts.password is None:
        return False
    return kind == "apprise" or parts.password is not None or bool(parts.query) or len(parts.path) > 20
