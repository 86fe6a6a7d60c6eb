"""Who answers for what in the control room: take, hand over, accept; what is nobody's stands first, in red."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nicegui import ui

from services.access.accounts import Identity
from services.console import wording
from services.console.acting.duties import Look
from services.console.markup import Markup, join, tag
from services.console.pages.duty.dialogs import Field, Values, ask
from services.console.pages.duty.doing import What, attempt, clicked, duties, text
from services.console.pages.duty.rows import Button, Handler, Row, Rows
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.words import AREAS, DUTY, speaking
from services.core.catalogue.model import Site
from services.duty.areas import Offer

#: Sites that a line names; of more it says how many.
NAMED = 6

#: Sites that are listed: what is nobody's first, then one's own; and of what is nobody's at most so many.
SHOWN, MOST = 40, 200


class Areas:
    """One browser's section."""

    def build(self, frame: Frame) -> None:
        """Inside the element that is open."""
        with ui.element("section").classes("panel").props('id="areas" tabindex="-1"'):
            with ui.element("div").classes("title-acts"):
                frame.fixed(tag("h2", AREAS["title"]))
                self._all = ui.element("button").props('type="button"').classes("act")
                with self._all:
                    ui.label(AREAS["give_all"])
                self._all.on("click", lambda _: hand_over(frame))
            self._offers = Rows(AREAS["give_title"])
            self._sites = Rows(AREAS["title"])
            frame.part("areas_more")
            frame.part("areas_ended")

    def refresh(self, frame: Frame, moment: Moment, look: Look) -> None:
        """As it is now."""
        me = frame.visitor.user.name if frame.visitor.user is not None else ""
        names = shown(look)
        self._all.set_visibility(bool(look.book.areas.of(me)) and frame.visitor.may("responsible"))
        self._offers.show([_offer(frame, one, me, names, moment) for one in look.book.areas.offers.values()])
        holders = look.book.areas.holders
        sites = sorted(moment.view.catalogue(), key=lambda site: (site.id in holders, holders.get(site.id) != me))
        shown_now = [site for i, site in enumerate(sites) if i < SHOWN or site.id not in holders][:MOST]
        self._sites.show([_site(frame, site, look, me, names, moment) for site in shown_now])
        left = len(sites) - len(shown_now)
        frame.show("areas_more", tag("p", AREAS["more"].format(n=left), _class="muted") if left else Markup(""))
        lately = [
            tag("li", AREAS["outcomes"][one.outcome].format(
                giver=names.get(one.offer.giver, one.offer.giver), taker=names.get(one.offer.taker, one.offer.taker),
                sites=named(one.offer.sites, moment),
            ), " ", tag("time", moment.at(one.ended)))
            for one in look.ended[:3] if one.outcome in AREAS["outcomes"]
        ]  # fmt: skip
        ended = join(tag("h3", AREAS["ended"]), tag("ul", *lately, _class="lately")) if lately else Markup("")
        frame.show("areas_ended", ended)


def shown(look: Look) -> Mapping[str, str]:
    """Users as people know them."""
    return look.book.able


def named(sites: Sequence[str], moment: Moment) -> str:
    """The sites by their names, the first of many."""
    names = {site.id: wording.said(site.name) for site in moment.view.catalogue()}
    told = ", ".join(names.get(one, one) for one in sites[:NAMED])
    return f"{told} … ({len(sites)})" if len(sites) > NAMED else told


def _site(frame: Frame, site: Site, look: Look, me: str, names: Mapping[str, str], moment: Moment) -> Row:
    book, who = look.book, look.book.areas.holders.get(site.id)
    buttons: tuple[Button, ...] = ()
    name = wording.said(site.name)
    may, over = frame.visitor.may("responsible"), frame.visitor.may("take_over")
    if who is None:
        told = AREAS["was"].format(who=book.was[site.id]) if site.id in book.was else ""
        holder = join(tag("b", AREAS["nobody"], _class="alarming"), " ", tag("small", told) if told else None)
        if may:
            buttons = (
                Button(AREAS["take"], clicked(frame, "responsible", _taking(frame, [site.id])), name, main=True),
            )
    else:
        since = AREAS["since"].format(time=moment.at(book.since.get(site.id)))
        holder = join(tag("b", names.get(who, who)), f" ({AREAS['you']}) " if who == me else " ", tag("small", since))
        if who == me and may:
            buttons = (Button(AREAS["give"], lambda: hand_over(frame, site.id), name),)
        elif over:
            buttons = (Button(AREAS["over"], lambda: _take_over(frame, site.id, name), name),)
    return Row(site.id, join(tag("span", name, _class="of"), holder), buttons, "orphan" if who is None else "")


def _offer(frame: Frame, offer: Offer, me: str, names: Mapping[str, str], moment: Moment) -> Row:
    said = "offered_you" if offer.taker == me else "offered_by_you" if offer.giver == me else "offered"
    told = AREAS[said].format(
        giver=names.get(offer.giver, offer.giver), taker=names.get(offer.taker, offer.taker),
        sites=named(offer.sites, moment),
    )  # fmt: skip
    d, number = duties(frame), offer.number
    accept = clicked(frame, "responsible", lambda user, address: d.accept(user, address, number))
    end = clicked(frame, "responsible", lambda user, address: d.end_offer(user, address, number))
    buttons: tuple[Button, ...] = ()
    if offer.taker == me:
        buttons = (Button(AREAS["accept"], accept, told, main=True), Button(AREAS["decline"], end, told))
    elif offer.giver == me:
        buttons = (Button(AREAS["withdraw"], end, told),)
    note = tag("span", f"“{offer.note}”", _class="note") if offer.note else None
    return Row(str(number), join(tag("b", told), note), buttons, "offer")


def _taking(frame: Frame, sites: Sequence[str]) -> What:
    def what(user: Identity, address: str) -> None:
        duties(frame).take(user, address, sites)

    return what


def take_all(frame: Frame) -> Handler:
    """For the button that takes all that is nobody's."""

    def what(user: Identity, address: str) -> None:
        duties(frame).take(user, address, duties(frame).orphans())

    return clicked(frame, "responsible", what)


def bundles(sites: Sequence[Site], mine: Sequence[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What may be handed over at once, by a key: one's whole part of each group and position, and each site."""
    held = [site for site in sites if site.id in mine]
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    if len(held) > 1:
        for group in dict.fromkeys(site.group for site in held):
            of = tuple(site.id for site in held if site.group == group)
            found[f"group {group}"] = (AREAS["group"].format(name=group, n=len(of)), of)
        for position in dict.fromkeys(site.position for site in held):
            of = tuple(site.id for site in held if site.position == position)
            found[f"position {position}"] = (AREAS["position"].format(name=position, n=len(of)), of)
    return found | {site.id: (wording.said(site.name), (site.id,)) for site in held}


def hand_over(frame: Frame, site: str = "") -> None:
    """Asks for what, to whom, and what the next one must know."""
    with speaking(frame.visitor.language):
        d = duties(frame)
        look, me = d.look(), frame.visitor.user.name if frame.visitor.user is not None else ""
        known = bundles(frame.room.view.catalogue(), look.book.areas.of(me))
        others = {name: who for name, who in look.book.able.items() if name != me}
        first = [site] if site else list(known)[:1]
        fields = [
            Field("sites", "several", AREAS["which"], first, {key: label for key, (label, _) in known.items()}),
            Field("taker", "choose", AREAS["to"], next(iter(others), None), others),
            Field("note", "text", AREAS["note"]),
        ]

        def tells(values: Values) -> Markup:
            return tag("p", AREAS["stays"].format(who=others.get(str(values["taker"]), "…")))

        async def does(values: Values) -> str | None:
            chosen = [one for key in values["sites"] or () for one in known[key][1] if key in known]

            def what(user: Identity, address: str) -> None:
                d.offer(user, address, text(values, "taker"), list(dict.fromkeys(chosen)), text(values, "note"))

            return await attempt(frame, "responsible", what)

        ask(frame, AREAS["give_title"], fields, AREAS["offer"], does, tells)


def _take_over(frame: Frame, site: str, name: str) -> None:
    async def does(values: Values) -> str | None:
        def what(user: Identity, address: str) -> None:
            duties(frame).take_over(user, address, [site], text(values, "why"))

        return await attempt(frame, "take_over", what)

    with speaking(frame.visitor.language):
        title = f"{AREAS['over_title']}: {name}"
        ask(frame, title, [Field("why", "text", DUTY["why"])], AREAS["over"].rstrip("…. "), does)
