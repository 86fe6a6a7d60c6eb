"""The API's routes for what people write about an occurrence."""

# No postponed annotations here: FastAPI reads them.
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from services.access.accounts import Identity
from services.access.roles import NEEDS, may
from services.console.acting.acts import Desk, Forbidden
from services.console.acting.comments import LONGEST, BadComment, Comment, Comments, write
from services.console.api.models import Body, Name, Problem
from services.console.api.who import Who
from services.console.door.gate import address_of
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

    def able(request: Request, user: Annotated[Identity, Depends(who.anybody)]) -> Identity:
        """The user, if the role allows comments: asked before the body is looked at."""
        if not may(user.role, "comment"):
            desk.accounts.record(user.name, address_of(request), "comment", request.url.path, "forbidden", "")
            raise HTTPException(403, f"comment: needs the role {NEEDS['comment'].value}, this is {user.role.value}")
        return user

    # Threads: the database may be slow, and nothing here walks the view.
    @router.get("/comments", dependencies=[Depends(who.anybody)])
    def told(occurrence: Annotated[str, Query(min_length=1, max_length=400)]) -> list[CommentOut]:
        """What was written about an occurrence, the oldest first; of very many the newest 200."""
        return [_out(one) for one in comments.of(occurrence)]

    @router.post("/comments", status_code=201, responses={403: {"model": Problem, "description": "The role may not"}})
    def say(body: CommentIn, request: Request, user: Annotated[Identity, Depends(able)]) -> CommentOut:
        """Keeps a comment in the name of the token's user."""
        try:
            write(desk, comments, user, address_of(request), [body.occurrence], body.text)
        except Forbidden as error:
            raise HTTPException(403, str(error)) from None
        except BadComment as error:
            raise HTTPException(422, str(error)) from None
        return _out(comments.of(body.occurrence)[-1])


def _out(one: Comment) -> CommentOut:
    return CommentOut(number=one.number, time=iso(one.time), user=one.user, occurrence=one.occurrence, text=one.text)
