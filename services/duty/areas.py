"""Who answers for which site in the control room: the rules, without clock or database.

A site has one holder or none, and then it is nobody's, an orphan. A hand-over never makes one: the giver answers for
the sites until the taker has accepted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from services.core.errors import HeadworksError


class NotDone(HeadworksError):
    """It cannot be done, and why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Sites that `giver` would hand to `taker`. time: when it was offered (ns)."""

    number: int
    giver: str
    taker: str
    sites: tuple[str, ...]
    note: str = ""
    time: int = 0


@dataclass(frozen=True, slots=True)
class Areas:
    """holders: by site; a site that is not here is nobody's.  offers: the open ones, by number."""

    holders: Mapping[str, str] = field(default_factory=dict)
    offers: Mapping[int, Offer] = field(default_factory=dict)

    def orphans(self, sites: Iterable[str]) -> tuple[str, ...]:
        """Those of the sites that are nobody's."""
        return tuple(site for site in sites if site not in self.holders)

    def of(self, who: str) -> tuple[str, ...]:
        """The sites that somebody answers for."""
        return tuple(site for site, holder in self.holders.items() if holder == who)

    def taken(self, who: str, sites: Collection[str]) -> Areas:
        """Somebody takes what is nobody's. NotDone when one of the sites is somebody's already."""
        held = [f"{site} ({self.holders[site]})" for site in sites if self.holders.get(site, who) != who]
        if held:
            raise NotDone(f"somebody answers for it already: {', '.join(held)}")
        if not sites:
            raise NotDone("no site was named")
        return replace(self, holders={**self.holders, **dict.fromkeys(sites, who)})

    def offered(self, offer: Offer) -> Areas:
        """The giver offers what is theirs, and keeps it until the taker accepts. NotDone when it is not theirs."""
        if offer.giver == offer.taker:
            raise NotDone("the sites are yours already: choose somebody else")
        self._theirs(offer.giver, offer.sites)
        under_way = {site for one in self.offers.values() for site in one.sites} & set(offer.sites)
        if under_way:
            raise NotDone(f"it is being offered already: {', '.join(sorted(under_way))}")
        return replace(self, offers={**self.offers, offer.number: offer})

    def accepted(self, number: int, who: str) -> Areas:
        """The taker takes all of it. NotDone for anybody else, and when the giver has lost a part of it meanwhile."""
        offer = self._open(number)
        if offer.taker != who:
            raise NotDone(f"it was offered to {offer.taker}")
        self._theirs(offer.giver, offer.sites)
        return replace(self._without(number), holders={**self.holders, **dict.fromkeys(offer.sites, who)})

    def ended(self, number: int, who: str) -> Areas:
        """The taker declines, or the giver withdraws: the giver keeps the sites. NotDone for anybody else."""
        offer = self._open(number)
        if who not in (offer.giver, offer.taker):
            raise NotDone(f"it is between {offer.giver} and {offer.taker}")
        return self._without(number)

    def taken_over(self, who: str, sites: Collection[str]) -> Areas:
        """Somebody takes sites whoever held them, since they are gone; what was offered of them ends."""
        if not sites:
            raise NotDone("no site was named")
        void = [number for number, one in self.offers.items() if set(one.sites) & set(sites)]
        return replace(
            self,
            holders={**self.holders, **dict.fromkeys(sites, who)},
            offers={number: one for number, one in self.offers.items() if number not in void},
        )

    def among(self, able: Collection[str], sites: Collection[str] | None = None) -> Areas:
        """Without those who may not answer for sites any more, and without sites that are no more."""
        known = self.holders.keys() if sites is None else set(sites)
        holders = {site: who for site, who in self.holders.items() if who in able and site in known}
        offers = {
            number: one for number, one in self.offers.items()
            if one.taker in able and all(holders.get(site) == one.giver for site in one.sites)
        }  # fmt: skip
        return Areas(holders, offers)

    def _theirs(self, who: str, sites: Collection[str]) -> None:
        if not sites:
            raise NotDone("no site was named")
        others = [f"{site} ({self.holders.get(site, 'nobody')})" for site in sites if self.holders.get(site) != who]
        if others:
            raise NotDone(f"{who} does not answer for it: {', '.join(others)}")

    def _open(self, number: int) -> Offer:
        if number not in self.offers:
            raise NotDone("that hand-over is not open any more")
        return self.offers[number]

    def _without(self, number: int) -> Areas:
        return replace(self, offers={key: one for key, one in self.offers.items() if key != number})
