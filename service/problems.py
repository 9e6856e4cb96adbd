"""Errors → problem documents (RFC 9457), one shape for all of them.

What a user can mend is told in one line; what went wrong inside is not told at all, it
stands in the log. No answer repeats the text that was sent.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.context import context_of
from service.refused import Refused as Refused
from service.schemas import AnalyzeRequest, Breach, Problem
from stance.errors import (
    InputError,
    ModelError,
    RegisterError,
    StanceError,
    StoreError,
    UnknownNameError,
)

_log: Final = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

MOST_ERRORS: Final = 20
"""Errors that a problem document lists; it says how many more there are."""

_LONGEST_NAME: Final = 80
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}  # older in Python 3.11
_AWAY: Final = "the store does not answer; the service's log tells why"
_INSIDE: Final = "the service failed to answer; its log tells why"


async def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[Breach] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that an error becomes."""
    context = await context_of(request)
    document = Problem(
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=one_line(detail),
        errors=list(errors),
        versions=context.versions(),
    )
    return Response(
        document.model_dump_json(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def one_line(text: str) -> str:
    """Any text as one line that can be written as UTF-8."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def shown(name: object) -> str:
    """A name that a caller made up, fit to be shown."""
    text = one_line(str(name))
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def summary(errors: Sequence[Breach], count: int) -> str:
    """The first of ``count`` errors, and how many more there are; ``errors`` may list fewer."""
    first = errors[0].detail
    if count == 1:
        return first
    listed = "" if count == len(errors) else f"; the first {len(errors)} are listed"
    return f"{first} (and {count - 1} more{listed})"


# Handlers


async def _on_http(request: Request, error: HTTPException) -> Response:
    detail = error.detail
    if error.status_code == 404 and not isinstance(error, Refused):
        detail = f"nothing is at {shown(request.url.path)}; /openapi.json lists what there is"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        detail = f"{shown(request.method)} is not allowed here; allowed: {allowed}"
    errors = error.errors if isinstance(error, Refused) else ()
    return await problem(request, error.status_code, detail, errors=errors, headers=error.headers)


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if found[0]["type"] == "json_invalid":
        _, position = found[0]["loc"]
        reason = f"the body is no valid JSON: {found[0]['ctx']['error']} at character {position}"
        return await problem(request, 400, reason)
    known = _parameters(request)
    errors = [_breach(one, known) for one in found[:MOST_ERRORS]]
    return await problem(request, 422, summary(errors, len(found)), errors=errors)


async def _on_stance(request: Request, error: StanceError) -> Response:
    if isinstance(error, StoreError):
        _log.error("%s", error)
        return await problem(request, 503, _AWAY, headers={"Retry-After": "5"})
    if isinstance(error, ModelError | RegisterError):  # the service's to mend, not the caller's
        return await problem(request, 500, _INSIDE)
    status = 422 if isinstance(error, InputError | UnknownNameError) else 400
    return await problem(request, status, str(error))


async def _on_unexpected(request: Request, _: Exception) -> Response:
    return await problem(request, 500, _INSIDE)


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    HTTPException: _on_http,
    RequestValidationError: _on_invalid,
    StanceError: _on_stance,
    Exception: _on_unexpected,
}


# What pydantic found → what a person can mend

_WHOLE_BODY: Final = {
    "missing": "the body is missing",
    "string_unicode": "a key of the body holds half a surrogate pair, which is no text",
}


def _parameters(request: Request) -> list[str]:
    """The query parameters that the address takes."""
    route = request.scope.get("route")
    given = getattr(getattr(route, "dependant", None), "query_params", ())
    models = [one.field_info.annotation for one in given]
    return [
        field.alias or name
        for model in models
        for name, field in getattr(model, "model_fields", {}).items()
    ]


def _breach(found: Mapping[str, Any], parameters: Sequence[str]) -> Breach:
    where, *steps = found["loc"]
    if where == "query" and found["type"] == "extra_forbidden":
        name = shown(steps[-1])
        return Breach(detail=str(UnknownNameError("parameter", name, parameters)), parameter=name)
    reason = _reason(found, steps)
    if where == "query":
        return Breach(detail=reason, parameter=shown(steps[0]))
    return Breach(detail=reason, pointer="#" + "".join(map(_step, steps)))


def _reason(found: Mapping[str, Any], steps: Sequence[object]) -> str:
    if not steps:
        return _WHOLE_BODY.get(found["type"], "the body is no JSON object")
    if found["type"] == "extra_forbidden":
        return str(UnknownNameError("field", shown(steps[-1]), AnalyzeRequest.model_fields))
    told = found["ctx"]["error"] if found["type"] == "value_error" else found["msg"]
    return one_line(f"{'.'.join(map(shown, steps))}: {told}")


def _step(step: object) -> str:
    return "/" + quote(shown(step).replace("~", "~0").replace("/", "~1"), safe="~")
