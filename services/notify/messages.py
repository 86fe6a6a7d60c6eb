"""A page in words: short, in the reader's language, with what is wrong, how bad, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.alerts.oncall.decisions import Decision, Kind, Why

_PRIORITY = {
    "en": {"critical": "CRITICAL", "high": "HIGH", "medium": "medium", "journal": "journal"},
    "zh": {"critical": "紧急", "high": "高", "medium": "中", "journal": "记录"},
}
_WORDS = {
    "en": {
        "again": "WORSE", "repeat": "not acknowledged yet", "more": "and {n} more", "do": "Do", "since": "since",
        "phase": "phase", "digest": "Morning digest", "standing": "standing", "over": "over", "none": "nothing",
        "paged": "paged", "take": "Take it on", "last": "NOBODY HAS ANSWERED",
    },
    "zh": {
        "again": "恶化", "repeat": "尚未确认", "more": "另有{n}条", "do": "处置", "since": "起于",
        "phase": "阶段", "digest": "早报", "standing": "仍存在", "over": "已结束", "none": "无", "paged": "已呼叫",
        "take": "由我处理", "last": "无人应答",
    },
}  # fmt: skip

#: Of a message in all: a text to a phone is cut by the carrier anyway.
MOST = 900


def title_and_body(decision: Decision, language: str, site_names: Mapping[str, str], link: str = "") -> tuple[str, str]:
    """What the person reads. `site_names`: a site's name by its id, where it is known.  link: never cut off."""
    words = _WORDS.get(language, _WORDS["en"])
    text = decision.text
    if decision.kind is Kind.DIGEST:
        return words["digest"], _digest(text, words, language, site_names)
    site = _plain(site_names.get(str(text.get("site")), str(text.get("site"))))
    priority = _PRIORITY.get(language, _PRIORITY["en"]).get(str(text.get("priority")), "")
    head = str(text.get("incident") or "")
    alarms = [_plain(one) for one in _list(text.get("alarms"))]
    mark = {
        Why.WORSE: words["again"], Why.REPEAT: words["repeat"], Why.ESCALATE: words["repeat"],
        Why.LAST_RESORT: words["last"],
    }.get(decision.why, "")  # fmt: skip
    title = " · ".join(part for part in (priority, site, head or (alarms[0] if alarms else ""), mark) if part)
    lines = []
    if text.get("phase"):
        lines.append(f"{words['phase']}: {_plain(text['phase'])}")
    lines += alarms[:3]
    hidden = max(0, len(alarms) - 3) + _number(text.get("more"))
    if hidden:
        lines.append(words["more"].format(n=hidden))
    if text.get("next_step"):
        lines.append(f"{words['do']}: {_plain(text['next_step'])}")
    lines.append(f"{words['since']} {text.get('since')}")
    tail = f"\n{words['take']}: {link}" if link else ""
    return title[:200], "\n".join(lines)[: max(0, MOST - len(tail))] + tail


def _digest(text: Mapping[str, Any], words: Mapping[str, str], language: str, site_names: Mapping[str, str]) -> str:
    lines = []
    for part in ("standing", "over"):
        found = _list(text.get(part))
        lines.append(f"{words[part]}: {len(found) or words['none']}")
        for one in found[:10]:
            if isinstance(one, dict):
                site = _plain(site_names.get(str(one.get("site")), str(one.get("site"))))
                what = _plain(one.get("incident") or next(iter(_list(one.get("alarms"))), ""))
                priority = _PRIORITY.get(language, _PRIORITY["en"]).get(str(one.get("priority")), "")
                paged = f" ({words['paged']})" if one.get("paged") else ""
                lines.append(f"- {priority} {site} {what}{paged}")
    return "\n".join(lines)[: 4 * MOST]


def _plain(value: object) -> str:
    """One line without control characters: a point's name or a comment may be hostile."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:300]


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
