"""Who may ask: a bearer key (RFC 6750) with the scope, within its limit of requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from newsletter.model import ApiKey, ApiScope
from newsletter.pipeline import api_keys
from newsletter.pipeline.context import Context
from newsletter.web.limiting import Limiter, client_of

PER_KEY: Final = "600/minute"
FAILED: Final = "30/minute"
"""Of one client address, with keys that are none: nobody guesses 256 bits, and nobody shall try."""

BEARER: Final = HTTPBearer(auto_error=False, description="A key made by `newsletter keys new NAME --scope SCOPE`.")

Given = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


class Access:
    """Checks keys; what is counted against limits is kept in memory, for one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._per_key, self._failed = Limiter(PER_KEY), Limiter(FAILED)

    def need(self, scope: ApiScope) -> Callable[..., ApiKey]:
        """A dependency that gives the key of a request.

        Answers 401 without one that is good, 403 without the scope, and 429 over the limit.
        """

        def check(request: Request, given: Given) -> ApiKey:
            key = self._key(request, given)
            _within(self._per_key.wait_s("key", key.name))
            if scope not in key.scopes:
                raise HTTPException(403, f"this key has no scope {scope.value}; make one that has")
            return key

        return check

    def _key(self, request: Request, given: HTTPAuthorizationCredentials | None) -> ApiKey:
        who = client_of(request)
        _within(self._failed.wait_s("failed", who, count=False))
        key = api_keys.check(self._context, given.credentials) if given is not None else None
        if key is None:
            self._failed.wait_s("failed", who)
            why = "this key is none of ours, or was revoked" if given else "send your key as `Authorization: Bearer …`"
            raise HTTPException(401, why, {"WWW-Authenticate": "Bearer"})
        return key


def _within(wait_s: int | None) -> None:
    if wait_s is not None:
        raise HTTPException(429, f"too many requests; ask again in {wait_s} s", {"Retry-After": str(wait_s)})
