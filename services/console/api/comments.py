"""The API's routes for what people write about an occurrence."""

# No postponed annotations here: FastAPI reads them.
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from services.access.accounts import Identity
from services.console.acts import Desk, Forbidden
from services.console.api.models import Body, Name
from services.console.api.who import Who
from services.console.comments import LONGEST, BadComment, Comments, write
from services.console.gate import address_of
from services.core.clock import iso


class CommentIn(Body):
    """occurrence: as `/alarms` names it, or an alarm, `site/station/point/rule`."""

    occurrence: Name
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)] = Field(
        description="What is to be remembered; shown as text"
    )


class CommentOut(BaseModel):
    """time: of the run's clock.  user: the name of whoever wrote it."""

    number: int
    time: str
    user: str
    occurrence: str
    text: str


def add(router: APIRouter, desk: Desk, who: Who, comments: Comments) -> None:
    """Adds the routes, under the router's prefix."""

    @router.get("/alarms/comments")
    def told(
        occurrence: Annotated[str, Query(min_length=1, max_length=400)],
        user: Annotated[Identity, Depends(who.anybody)],
    ) -> list[CommentOut]:
        """What was written about an occurrence, the oldest first; of very many the newest 200."""
        return [
            CommentOut(number=c.number, time=iso(c.time), user=c.user, occurrence=c.occurrence, text=c.text)
            for c in comments.of(occurrence)
        ]

    @router.post("/alarms/comments", status_code=201, responses={403: {"description": "The role may not"}})
    def say(body: CommentIn, request: Request, user: Annotated[Identity, Depends(who.anybody)]) -> CommentOut:
        """Keeps a comment in the name of the token's user."""
        try:
            write(desk, comments, user, address_of(request), [body.occurrence], body.text)
        except Forbidden as error:
            raise HTTPException(403, str(error)) from None
        except BadComment as error:
            raise HTTPException(422, str(error)) from None
        kept = comments.of(body.occurrence)[-1]
        return CommentOut(
            number=kept.number, time=iso(kept.time), user=kept.user, occurrence=kept.occurrence, text=kept.text
        )  # fmt: skip
