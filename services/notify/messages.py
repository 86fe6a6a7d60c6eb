"""A page in words: short, in the reader's language, with what is wrong, how bad, how long there is, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.alerts.oncall.policy import WEIGHTS, OnCall
from services.alerts.oncall.templates import Templates, fill, templates_of
from services.core.clock import DAY, HOUR, MINUTE, to_datetime
from services.core.phrases import Phrases, shipped
from services.notify.known import RuleWords, SiteWords

#: Of a message in all, and of its title: a phone's lock screen shows no more, and a carrier cuts the rest.
MOST, MOST_TITLE = 900, 60

#: Alarms that a message names, and problems that a digest does.
_ALARMS, _ROWS = 3, 10

_MARKS = {
    Why.WORSE: "worse", Why.AGAIN: "again", Why.REPEAT: "repeat", Why.ESCALATE: "escalate", Why.LAST_RESORT: "last",
}  # fmt: skip

#: Kinds that say what state there is, in place of a number.
_STATES = ("equals", "not_equals", "state")
_STATION = ("stale", "clock")


@dataclass(frozen=True, slots=True)
class Message:
    """fault: why the plain facts stand in place of the text; "" when all is well."""

    title: str
    body: str
    fault: str = ""


class Writer:
    """`names`: what is known of each site, which may grow.  phrases: the catalogue's texts in other languages."""

    def __init__(self, names: Mapping[str, SiteWords], phrases: Phrases | None = None) -> None:
        self._names, self._phrases = names, phrases or shipped()

    def message(self, decision: Decision, language: str, rules: OnCall, link: str = "") -> Message:
        """What the person reads. link: never cut off. A text that fails gives the plain facts, and says so."""
        try:
            page = _Page(decision, language, rules, self._names, self._phrases)
            title, body = page.digest() if decision.kind is Kind.DIGEST else page.page(link)
        except Exception as error:  # at night somebody must be told whatever a utility's own texts do
            fault = f"the text failed ({type(error).__name__}: {error}): plain facts were sent"
            return Message(*_facts(decision, link), plain(fault))
        return Message(title, body)


class _Page:
    """One message under way."""

    def __init__(
        self, decision: Decision, language: str, rules: OnCall, names: Mapping[str, SiteWords], phrases: Phrases
    ) -> None:
        self._decision, self._text, self._names, self._rules = decision, decision.text, names, rules
        self._texts: Templates = templates_of(language, rules.texts)
        self._say: Callable[[str], str] = lambda text: plain(phrases.said(text, language))

    def page(self, link: str) -> tuple[str, str]:
        """Title and body."""
        text, fill_in = self._text, self._texts.fill
        facts = [one for one in _list(text.get("facts")) if isinstance(one, dict)]
        site = self._names.get(str(text.get("site")))
        incident = self._incident(text)
        rows = [self._alarm(one, site) for one in facts[:_ALARMS]] or [plain(one) for one in _list(text.get("alarms"))]
        name = incident or (self._name(facts[0], site) if facts else (rows[0] if rows else ""))
        lines = [fill_in("incident", incident=incident, phase=self._phase(text), site=self._site(text))] * bool(
            incident
        )
        lines += rows[:_ALARMS]
        if hidden := max(0, len(facts) - _ALARMS) + _number(text.get("more")):
            lines.append(fill_in("more", n=hidden))
        lines += self._time(text, facts, site)
        lines += self._to_do(text, facts, site)
        since = _number(text.get("opened")) or self._decision.time
        lines.append(fill_in("since", time=self._local(since, site)))
        if told := max(0, _number(text.get("told")) - (self._decision.why is Why.NEXT_WAY)):
            lines.append(fill_in("told", n=told))
        if self._decision.why is Why.LAST_RESORT:
            lines.append(fill_in("unreached"))
        body = "\n".join(line for line in lines if line)
        if link:
            ending = fill_in("link", link=link)
            body = body[: max(0, MOST - len(ending) - 1)] + "\n" + ending
        return self._title(text, name), body[: max(MOST, len(link))]

    def _title(self, text: Mapping[str, Any], what: str) -> str:
        mark = _MARKS.get(self._decision.why, "")
        parts = {
            "priority": self._texts.word("priorities", str(text.get("priority"))),
            "site": self._site(text), "mark": self._texts.word("marks", mark) if mark else "",
        }  # fmt: skip
        title = self._texts.fill("title", what=what, **parts)
        if (over := len(title) - MOST_TITLE) > 0 and len(what) > over + 1:
            title = self._texts.fill("title", what=what[: -over - 1] + "…", **parts)
        return title[:MOST_TITLE]

    def _time(self, text: Mapping[str, Any], facts: list[dict[str, Any]], site: SiteWords | None) -> list[str]:
        """How long until what: of the incident's forecast, else as the worst alarm's response allows."""
        now, left = self._decision.time, text.get("left")
        if isinstance(left, dict) and left.get("what"):
            what, at = self._texts.word("ends", str(left["what"])), _number(left.get("at"))
            if at <= now:
                return [self._texts.fill("left_now", what=what)]
            return [self._texts.fill("left", what=what, time=self._lasts(at - now), at=self._local(at, site))]
        rule = _rule(facts[0], site) if facts else None
        if rule is None or not rule.respond_within:
            return []
        rest = _number(facts[0].get("since")) + rule.respond_within - now
        if rest > 0:
            return [self._texts.fill("within", time=self._lasts(rest))]
        return [self._texts.fill("overdue", time=self._lasts(rule.respond_within), late=self._lasts(-rest))]

    def _to_do(self, text: Mapping[str, Any], facts: list[dict[str, Any]], site: SiteWords | None) -> list[str]:
        """The playbook's next step; and what the worst alarm asks for, where it is critical or there is no playbook."""
        step = self._say(str(text.get("next_step") or ""))
        found = [self._texts.fill("step", step=step)] if step else []
        worst = facts[0] if facts else {}
        rule = _rule(worst, site) if facts else None
        if rule is not None and (not step or worst.get("priority") == "critical"):
            found.insert(0, self._texts.fill("response", step=self._say(rule.response)))
        return found

    def _alarm(self, fact: dict[str, Any], site: SiteWords | None) -> str:
        rule = _rule(fact, site)
        name, limit = self._name(fact, site), self._limit(fact, rule)
        named = rule is not None and rule.kind in (*_STATION, *_STATES) and self._turn(fact, rule)
        return self._texts.fill(
            "alarm", name=name, station=self._station(fact, site), value="" if named else self._value(fact), limit=limit
        )

    def _name(self, fact: dict[str, Any], site: SiteWords | None) -> str:
        """What is wrong: the quantity, of which station where several have it, and which way it went."""
        rule, station = _rule(fact, site), self._station(fact, site)
        if rule is None or site is None:
            return plain(f"{station}/{fact.get('point')} {fact.get('rule')}")
        short = self._texts.tables["points"].get(str(fact.get("point")), "")
        what = short or self._say(rule.what) if rule.what else ""
        what = f"{station} {what}".strip() if not what or rule.what in site.shared else what
        turn = self._turn(fact, rule)
        # A station's name ends in a word, so that what it does stands apart from it in any language.
        return self._texts.fill("named", what=what if rule.what else f"{what} ", turn=turn)

    def _turn(self, fact: Mapping[str, Any], rule: RuleWords) -> str:
        """Which way, or in which state; "" where nobody has named the state."""
        if rule.kind not in _STATES:
            return self._texts.tables["turns"].get(rule.kind, "")
        state = fact.get("value")
        code = int(state) if isinstance(state, int | float) else rule.looked_for[0]
        return f" {self._say(rule.states[code])}" if code in rule.states else ""

    def _limit(self, fact: Mapping[str, Any], rule: RuleWords | None) -> str:
        """What the rule waits for, in words that hold whatever the reading shows; "" where that is not known."""
        template = self._texts.tables["rules"].get(rule.kind, "") if rule is not None else ""
        limit = fact.get("limit")
        if rule is None or not isinstance(limit, int | float):
            return template if "{" not in template else ""
        window = self._lasts(rule.window) if rule.window else ""
        number = f"{limit:,.6g}"
        return fill(template, {"limit": f"{number} {_unit(fact)}".strip(), "ratio": number, "window": window})

    def _value(self, fact: dict[str, Any]) -> str:
        value = fact.get("value")
        if not isinstance(value, int | float):
            return ""
        size = abs(value)
        digits = 0 if value == 0 or size >= 100 else 1 if size >= 10 else 2
        shown = f"{value:,.{digits}f} {_unit(fact)}".strip()
        return self._texts.fill("at_least", value=shown) if fact.get("quality") == "saturated" else shown

    def _site(self, text: Mapping[str, Any]) -> str:
        known = self._names.get(str(text.get("site")))
        return self._say(known.name) if known is not None else plain(text.get("site"))

    def _station(self, fact: Mapping[str, Any], site: SiteWords | None) -> str:
        station = str(fact.get("station"))
        return self._say(site.stations.get(station, station)) if site is not None else plain(station)

    def _incident(self, text: Mapping[str, Any]) -> str:
        kind = str(text.get("incident") or "")
        return plain(self._texts.word("kinds", kind)) if kind else ""

    def _phase(self, text: Mapping[str, Any]) -> str:
        phase = str(text.get("phase") or "")
        return plain(self._texts.word("phases", phase)) if phase else ""

    def _local(self, at: int, site: SiteWords | None) -> str:
        """The time of day at the site, with the date where that is not today's."""
        zone = ZoneInfo(site.zone if site is not None else self._rules.time_zone)
        moment, today = to_datetime(at).astimezone(zone), to_datetime(self._decision.time).astimezone(zone)
        return f"{moment:%H:%M}" if moment.date() == today.date() else f"{moment:%m-%d %H:%M}"

    def _lasts(self, ns: int) -> str:
        if ns < HOUR:
            return self._texts.fill("minutes", n=max(1, round(ns / MINUTE)))
        if ns < 2 * DAY and ns % HOUR < MINUTE:
            return self._texts.fill("whole_hours", h=ns // HOUR)
        if ns < 2 * DAY:
            return self._texts.fill("hours", h=ns // HOUR, n=ns % HOUR // MINUTE)
        return self._texts.fill("days", d=ns // DAY, h=ns % DAY // HOUR)

    def digest(self) -> tuple[str, str]:
        """The morning's: what stands, what was over, the floods of the night."""
        text, fill_in = self._text, self._texts.fill
        standing, over = (_worst_first(_list(text.get(part))) for part in ("standing", "over"))
        title = fill_in("digest_title", standing=len(standing), over=len(over))
        since = _number(text.get("opened"))
        lines = [fill_in("digest_since", time=self._local(since, None))] if since else []
        for name, found in (("digest_standing", standing), ("digest_over", over)):
            lines.append(fill_in(name, n=len(found) or self._texts.texts["none"]))
            lines += [self._row(one) for one in found[:_ROWS]]
            if len(found) > _ROWS:
                lines.append(fill_in("digest_more", n=len(found) - _ROWS))
        floods = [one for one in _list(text.get("floods")) if isinstance(one, dict)]
        if floods:
            lines.append(fill_in("digest_floods", n=len(floods)))
            lines += [self._flood(one) for one in floods[:_ROWS]]
        return title[:MOST_TITLE], "\n".join(lines)[: 4 * MOST]

    def _row(self, one: dict[str, Any]) -> str:
        site = self._names.get(str(one.get("site")))
        facts = [fact for fact in _list(one.get("facts")) if isinstance(fact, dict)]
        alarms = _list(one.get("alarms"))
        what = self._incident(one) or (self._name(facts[0], site) if facts else plain(alarms[0] if alarms else ""))
        ended = _number(one.get("ended"))
        values: dict[str, object] = {
            "priority": self._texts.word("priorities", str(one.get("priority"))), "site": self._site(one), "what": what,
            "from": self._local(_number(one.get("opened")), site),
            "paged": self._texts.texts["paged"] if one.get("paged") else "",
        }  # fmt: skip
        if not ended:
            return self._texts.fill("digest_row", **values)
        return self._texts.fill("digest_row_over", until=self._local(ended, site), **values)

    def _flood(self, one: dict[str, Any]) -> str:
        end = _number(one.get("end"))
        until = self._local(end, None) if end else self._texts.texts["lasts"]
        began = self._local(_number(one.get("begin")), None)
        values = {"from": began, "until": until, "n": one.get("total"), "peak": one.get("peak")}
        return self._texts.fill("digest_flood", **values)


def _rule(fact: Mapping[str, Any], site: SiteWords | None) -> RuleWords | None:
    key = f"{fact.get('station')}/{fact.get('point')}/{fact.get('rule')}"
    return site.rules.get(key) if site is not None else None


def _facts(decision: Decision, link: str) -> tuple[str, str]:
    """What cannot fail: identifiers and numbers as they are."""
    text = decision.text
    alarms = [plain(one) for one in _list(text.get("alarms"))[:_ALARMS]]
    what = plain(text.get("incident") or (alarms[0] if alarms else decision.problem))
    title = f"{text.get('priority', '')} {plain(text.get('site', ''))}: {what}"
    lines = [*alarms, plain(text.get("next_step") or ""), plain(text.get("since") or ""), link]
    return title[:MOST_TITLE], "\n".join(line for line in lines if line)


def _worst_first(problems: list[Any]) -> list[dict[str, Any]]:
    found = [one for one in problems if isinstance(one, dict)]
    return sorted(found, key=lambda one: -WEIGHTS.get(str(one.get("priority")), 0))


def _unit(fact: Mapping[str, Any]) -> str:
    return plain(fact.get("unit") or "").replace("m3/h", "m³/h")


def plain(value: object) -> str:
    """One line without control characters: a point's name or a comment may be hostile."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:300]


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
