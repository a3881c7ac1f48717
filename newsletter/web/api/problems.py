"""What an error looks like: a problem document (RFC 9457), whose `detail` says what to do."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from newsletter.errors import StoreError, UsageError

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 60


class Wrong(BaseModel):
    """One part of a request that cannot be taken: where it stands, and why."""

    where: str
    problem: str


class Problem(BaseModel):
    """What went wrong (RFC 9457). `errors` names each part of the request that is at fault, where parts are."""

    title: str
    status: int
    detail: str
    errors: list[Wrong] = []


def answer(
    status: int, detail: str, *, headers: dict[str, str] | None = None, errors: list[Wrong] | None = None
) -> Response:
    """A problem as an answer."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return JSONResponse(body.model_dump(), status, headers, media_type=MEDIA_TYPE)


def add(api: FastAPI) -> None:
    """Give each error of the API its answer."""

    @api.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return answer(error.status_code, _said(error), headers=dict(error.headers or {}))

    @api.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> Response:
        # The value itself is left out: it may be an address, and answers end in logs.
        errors = [Wrong(where=".".join(map(str, e["loc"])), problem=str(e["msg"])) for e in error.errors()]
        return answer(422, "the request cannot be taken as it is: see errors", errors=errors)

    @api.exception_handler(UsageError)
    async def cannot(_: Request, error: UsageError) -> Response:
        return answer(422, str(error))

    @api.exception_handler(StoreError)
    async def no_store(_: Request, error: StoreError) -> Response:
        log.error("the database does not answer", error=str(error))
        return answer(503, "nothing was changed; ask again in a minute", headers={"Retry-After": str(RETRY_AFTER_S)})


def _said(error: HTTPException) -> str:
    usual = {404: "there is nothing at this address", 405: "this address takes no such request"}
    given = str(error.detail)
    return usual.get(error.status_code, given) if given == HTTPStatus(error.status_code).phrase else given
