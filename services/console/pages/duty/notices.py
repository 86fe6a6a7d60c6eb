"""On every page: that nobody pages, problems of which nobody was reached, what is nobody's, what is offered."""

from __future__ import annotations

from nicegui import ui

from services.console.acting.duties import Look
from services.console.markup import Markup, join, tag
from services.console.pages.duty import style
from services.console.pages.duty.areas import named, shown, take_all
from services.console.pages.duty.doing import duties
from services.console.pages.duty.paged import dead
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.words import AREAS, ONCALL


class Notices:
    """One browser's lines above the content. Nothing where nobody has an account: nobody could take anything."""

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        ui.add_css(style.CSS)
        with ui.element("div").classes("banner alert orphans").props('role="alert"') as self._orphans:
            frame.part("orphans", "span")
            self._take = ui.element("button").props('type="button"').classes("act").on("click", take_all(frame))
            with self._take:
                ui.label(AREAS["take_all"])
        frame.part("notices").props('role="status"')
        self._orphans.set_visibility(False)
        self._take.set_visibility(frame.visitor.may("responsible"))

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        if frame.room.duties is None:
            return
        look = duties(frame).look()
        told = of_paging(look)
        if frame.visitor.user is None:
            frame.show("notices", join(*told))
            return
        orphans = duties(frame).orphans()
        self._orphans.set_visibility(bool(orphans))
        frame.show("orphans", tag("b", AREAS["orphans"].format(sites=named(orphans, moment))))
        names, me = shown(look), frame.visitor.user.name
        told += [
            tag("div", AREAS["offered_you"].format(giver=names.get(one.giver, one.giver),
                                                   sites=named(one.sites, moment)),
                " ", tag("a", AREAS["look"], href="/oncall#areas"), _class="banner offered")
            for one in look.book.areas.offers.values() if one.taker == me
        ]  # fmt: skip
        frame.show("notices", join(*told))


def of_paging(look: Look) -> list[Markup]:
    """That nobody pages, and of how many problems nobody was reached."""
    told = [found] if (found := dead(look)) else []
    if unreached := len(look.paging.unreached):
        words = ONCALL["unreached_short"].format(n=unreached)
        told.append(tag("div", tag("a", words, href="/oncall"), _class="banner alert"))
    return told
