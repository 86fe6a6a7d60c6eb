"""Messages: what somebody reads on a telephone at three in the morning, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.alerts.oncall.dispatch import Dispatch
from services.alerts.oncall.policy import OnCall
from services.alerts.oncall.problems import Problem
from services.alerts.oncall.words import facts_of, summary, text_of
from services.core.catalogue import load_catalogue
from services.core.clock import DAY, HOUR, MINUTE, SECOND, parse_time
from services.core.phrases import beside, shipped
from services.core.records import AlarmEvent, IncidentEvent
from services.notify.known import words_of
from services.notify.messages import MOST, MOST_TITLE, Message, Writer
from tests.unit.oncall.desk import rules

LIUYANG = Path(__file__).parents[3] / "sites/liuyang.yaml"
NAMES = {site.id: words_of(site) for site in load_catalogue(LIUYANG).sites}
WRITER = Writer(NAMES, shipped().with_own(beside([LIUYANG])))
NIGHT = parse_time("2023-04-18T21:43:00+08:00")
LINK = "https://console.example/p/" + "a" * 200
ALL = {"policies": [{"id": "all", "because": "a test", "steps": [{"to": ["crew"], "repeat": "5m", "times": 3}]}]}


def alarm(key: str, value: float | None, limit: float | None, unit: str, **more: Any) -> AlarmEvent:
    """Raised at 21:43 local time."""
    site, station, point, rule = key.split("/")
    given: dict[str, Any] = {"priority": "critical", "state": "B", "time": NIGHT} | more
    return AlarmEvent(
        site=site, station=station, point=point, rule=rule, occurrence=f"{key}@{given['time']}", number=1,
        transition="raised", value=value, limit=limit, unit=unit, **given,
    )  # fmt: skip


HEAD = alarm("no3/intake/screen_head/screen-head-structural", 1.02, 1.0, "m")
CRISIS = IncidentEvent(
    NIGHT + MINUTE, "no3", "IntakeCrisis", "no3/IntakeCrisis@1", 3, "restricted", "", "send the crew to the intake",
    {"rank": 2, "claims": ["intake/screen_head/screen-head-structural"],
     "forecast": {"what": "supply loss", "hours_pessimistic": 6.4, "known": True}},
)  # fmt: skip


def decided(*events: AlarmEvent | IncidentEvent, until: int = 0, **change: Any) -> tuple[Decision, OnCall]:
    """The newest page of it."""
    oncall = rules(**(ALL | change))
    dispatch = Dispatch(oncall)
    out = [one for event in events for one in dispatch.take(event, event.time)]
    out += dispatch.advance(until)
    return [one for one in out if one.kind is Kind.PAGE][-1], oncall


def said(*events: AlarmEvent | IncidentEvent, language: str = "en", until: int = 0, **change: Any) -> Message:
    decision, oncall = decided(*events, until=until, **change)
    return WRITER.message(decision, language, oncall, LINK)


def test_a_page_in_english_has_plant_problem_value_limit_time_and_what_to_do() -> None:
    told = said(HEAD)

    assert told.title == "CRITICAL No. 3 plant: Screen differential head high"
    assert told.body.split("\n") == [
        "Screen differential head high 1.02 m (limit 1 m)", "Act within 5 min",
        "Do: Throttle the pumps now, clear the screens", "Since 21:43", LINK,
    ]  # fmt: skip
    assert told.fault == ""


def test_the_same_in_chinese_has_no_english_left() -> None:
    told = said(HEAD, language="zh")

    assert told.title == "【紧急】三水厂：格栅水头差偏高"
    assert told.body.split("\n") == [
        "格栅水头差偏高 1.02 m（限值 1 m）", "请在5分钟内处置", "处置：立即压低取水泵流量，清理格栅",
        "起于 21:43", LINK,
    ]  # fmt: skip


def test_an_incident_tells_its_phase_how_long_supply_holds_and_both_things_to_do() -> None:
    told = said(HEAD, CRISIS, until=NIGHT + 6 * MINUTE, language="zh")

    assert told.title == "【紧急】三水厂：取水危机，尚无人应答"
    assert told.body.split("\n") == [
        "取水危机：取水受限", "格栅水头差偏高 1.02 m（限值 1 m）", "最不利6小时20分后断供（约04-19 04:08）",
        "处置：立即压低取水泵流量，清理格栅", "预案：派人赶赴取水口", "起于 21:43", "此前已通知1次", LINK,
    ]  # fmt: skip


def test_a_countdown_that_has_run_out_says_so() -> None:
    decision, oncall = decided(HEAD, CRISIS, until=NIGHT + 6 * MINUTE)
    left = {"what": "supply loss", "at": decision.time - SECOND}
    told = WRITER.message(_with(decision, left=left), "en", oncall)

    assert "Supply is lost: at worst now" in told.body


def _with(decision: Decision, **text: object) -> Decision:
    return replace(decision, text=decision.text | text)


def test_a_rise_is_not_set_beside_the_level_as_if_it_were_its_limit() -> None:
    told = said(alarm("upstream/gauge/stage/stage-rising", 3.4, 0.3, "m"), language="zh")

    assert told.title == "【紧急】上游河道水位站：河道水位上升"
    assert told.body.startswith("河道水位上升 3.40 m（30分钟内上升超过 0.3 m）\n")


def test_where_the_catalogue_is_not_known_no_limit_is_told() -> None:
    decision, oncall = decided(alarm("other/x/y/z", 3.4, 0.3, "m"))
    told = Writer({}).message(decision, "en", oncall)

    assert told.title == "CRITICAL other: x/y z"
    assert told.body == "x/y z 3.40 m\nSince 21:43"


def test_a_station_that_is_silent_is_named_and_a_saturated_reading_is_at_least_that() -> None:
    silent = said(alarm("no3/intake/station/station-silent", None, None, ""), language="zh")
    full = said(alarm("no3/intake/raw_turbidity/turbidity-surge", 4000.0, 3.0, "NTU", quality="saturated"))

    assert silent.title == "【紧急】三水厂：取水泵房 站点失联"
    assert full.body.startswith("Raw turbidity rising fast ≥ 4,000 NTU (more than 3× within 30 min)\n")


def test_what_was_to_be_done_is_overdue_after_its_time() -> None:
    assert "Was to be acted on within 5 min, 5 min ago" in said(HEAD, until=NIGHT + 10 * MINUTE).body


def test_a_day_later_the_date_is_told() -> None:
    decision, oncall = decided(HEAD)
    decision = _with(decision, opened=NIGHT - DAY)

    assert "Since 04-17 21:43" in WRITER.message(decision, "en", oncall).body


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_title_is_longer_than_a_lock_screen_and_no_link_is_cut_off(language: str) -> None:
    hostile = "\x1b[31m\u202e" + "x" * 900
    decision, oncall = decided(HEAD, CRISIS, until=NIGHT + 6 * MINUTE)
    decision = _with(decision, next_step=hostile, phase=hostile, incident=hostile, site=hostile)
    told = WRITER.message(decision, language, oncall, LINK)

    assert len(told.title) <= MOST_TITLE
    assert len(told.body) <= MOST
    assert told.body.endswith(LINK)
    assert (told.title + told.body.replace("\n", "")).isprintable()


def test_a_text_that_fails_gives_the_plain_facts_and_says_so() -> None:
    decision, oncall = decided(HEAD)
    broken = oncall.model_copy(update={"texts": {"en": {"alarm": "{nme} {value}"}}})
    told = WRITER.message(decision, "en", broken, LINK)

    assert told.title.startswith("critical no3: intake/screen_head screen-head-structural")
    assert "intake/screen_head screen-head-structural 1.02 m (limit 1)" in told.body
    assert told.body.endswith(LINK)
    assert "the text failed (KeyError: 'nme')" in told.fault


def test_a_utility_s_own_texts_are_used() -> None:
    told = said(
        HEAD, texts={"en": {"title": "{site} {what}!", "priorities": {"critical": "RED"}, "since": "From {time}"}}
    )

    assert told.title == "No. 3 plant Screen differential head high!"
    assert "From 21:43" in told.body


def test_the_digest_tells_in_local_time_what_stands_what_was_over_and_the_floods() -> None:
    oncall = rules(**ALL)
    dispatch = Dispatch(oncall)
    for n in range(12):
        dispatch.take(alarm(f"no3/intake/p{n}/high", 1.0, 0.5, "m", time=NIGHT + n * SECOND, priority="high"), NIGHT)
    dispatch.take(CRISIS, NIGHT + MINUTE)
    dispatch.take(HEAD, NIGHT + 2 * MINUTE)
    out = dispatch.advance(NIGHT + 10 * HOUR)
    digest = next(one for one in out if one.kind is Kind.DIGEST)
    told = WRITER.message(digest, "zh", oncall)

    assert told.title == "早报：仍存在2起，已结束0起"
    assert told.body.split("\n") == [
        "自 04-18 21:43 起", "仍存在：2", "- 紧急 三水厂 取水危机，起于 04-18 21:44（已呼叫）",
        "- 高 三水厂 取水泵房/p0 high，起于 04-18 21:43（已呼叫）", "已结束：无", "报警洪泛：1次",
        "- 04-18 21:43 至 04-18 21:53：13条报警，10分钟内最多13条",
    ]  # fmt: skip
    english = WRITER.message(digest, "en", oncall)
    assert english.title == "Morning digest: 2 standing, 0 over"
    assert "- CRITICAL No. 3 plant: Intake crisis, since 04-18 21:44 (paged)" in english.body


def test_a_flood_is_told_in_one_digest_only_and_survives_a_restart() -> None:
    oncall = rules(**ALL)
    dispatch = Dispatch(oncall)
    for n in range(12):
        dispatch.take(alarm(f"no3/intake/p{n}/high", 1.0, 0.5, "m", time=NIGHT + n * SECOND, priority="high"), NIGHT)
    again = Dispatch(oncall)
    again.load(dispatch.dump())
    first = next(one for one in again.advance(NIGHT + 10 * HOUR) if one.kind is Kind.DIGEST)
    again.take(alarm("no3/intake/q/high", 1.0, 0.5, "m", time=NIGHT + 20 * HOUR), NIGHT + 20 * HOUR)
    second = next(one for one in again.advance(NIGHT + 34 * HOUR) if one.kind is Kind.DIGEST)

    assert [flood["total"] for flood in first.text["floods"]] == [12]  # type: ignore[attr-defined]
    assert second.text["floods"] == []
    assert first.why is Why.MORNING


@pytest.mark.parametrize("file", sorted((LIUYANG.parent).glob("*.yaml")), ids=lambda file: file.stem)
def test_every_alarm_of_the_shipped_sites_is_told_whole_and_in_chinese(file: Path) -> None:
    catalogue = load_catalogue(file)
    names = {site.id: words_of(site) for site in catalogue.sites}
    writer, oncall = Writer(names, shipped().with_own(beside([file]))), rules(**ALL)
    count = 0
    for site in catalogue.sites:
        for key, rule in names[site.id].rules.items():
            states = rule.kind in ("equals", "not_equals", "state")
            event = alarm(f"{site.id}/{key}", float(rule.looked_for[0]) if states else 1234.5, 1.5, "m3/h")
            text = summary(problem := Problem(event.occurrence, site.id, event.station, NIGHT, worst="high"))
            text |= {"facts": [facts_of(event)], "alarms": [text_of(event)]}
            page = Decision(NIGHT, problem.id, 1, Kind.PAGE, Why.REPEAT, text=text)
            for language in ("en", "zh"):
                told = writer.message(page, language, oncall, LINK)
                assert told.fault == ""
                assert len(told.title) <= MOST_TITLE
                if language == "zh":
                    said_in_chinese = (told.title + told.body.replace(LINK, "")).replace("m³/h", "")
                    assert not _ENGLISH.search(said_in_chinese), (key, told)
            count += 1
    assert count


#: Words that stay as they are: units, standards, devices, the numbers of real gauges.
_ENGLISH = re.compile(r"(?!PLC|NTU|UPS|USGS)(?<![A-Z])[A-Za-z]{3,}")
