"""Who a request is from, by its token: sessions are for pages, so that no page of another site can use the API."""

# No postponed annotations here: FastAPI reads them.
import math
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.access.accounts import Accounts, Identity
from services.access.guesses import TooOften
from services.console.door.gate import address_of
from services.store.database import StoreError

_bearer = HTTPBearer(auto_error=False, description="A token of `headworks users token`")


class Who:
    """Of one folder of users."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def anybody(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None
    ) -> Identity:
        """The user; 401 for nobody, 429 after too many wrong guesses, 503 when it cannot be looked up."""
        try:
            found = self._accounts.by_token(given.credentials, address_of(request)) if given is not None else None
        except TooOften as error:
            raise HTTPException(429, str(error), {"Retry-After": str(math.ceil(error.seconds))}) from None
        except StoreError as error:
            raise HTTPException(503, str(error)) from None
        if found is None:
            raise HTTPException(401, "a valid token is needed", {"WWW-Authenticate": "Bearer"})
        return found
