"""The addresses: thin handlers, each a call and a wire model."""

from __future__ import annotations

from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter, Depends

from service.access import ASKED, EVERYBODY, READ
from service.context import Here
from service.limits import json_only, no_parameters
from service.problems import Refused
from service.schemas import (
    Actor,
    ActorsAnswer,
    Analysis,
    AnalyzeRequest,
    Breach,
    Health,
    Issue,
    IssuesAnswer,
    Problem,
    VersionsAnswer,
)

Responses = dict[int | str, dict[str, Any]]

_REFUSED: Final[Responses] = {
    422: {"model": Problem, "description": "An unknown parameter, or a body that breaks a rule"}
}

v1 = APIRouter(
    prefix="/v1", dependencies=[READ, Depends(no_parameters)], responses=ASKED | _REFUSED
)
health = APIRouter(
    prefix="/v2/health",
    tags=["health"],
    dependencies=[EVERYBODY, Depends(no_parameters)],
    responses=_REFUSED,
)


@v1.get("/actors", operation_id="list_actors", tags=["registers"])
async def actors(here: Here) -> ActorsAnswer:
    """The actors whose positions are tracked."""
    entries = [Actor.model_validate(actor) for actor in here.tracker.actors.entries]
    return ActorsAnswer(versions=here.versions(), actors=entries)


@v1.get("/issues", operation_id="list_issues", tags=["registers"])
async def issues(here: Here) -> IssuesAnswer:
    """The issues on which positions are tracked."""
    entries = [Issue.model_validate(issue) for issue in here.tracker.issues.entries]
    return IssuesAnswer(versions=here.versions(), issues=entries)


@v1.get("/versions", operation_id="get_versions", tags=["registers"])
async def versions(here: Here) -> VersionsAnswer:
    """The versions of data, model and codebook that answers are made with."""
    return VersionsAnswer(versions=here.versions())


@v1.post(
    "/analyze",
    operation_id="analyze_text",
    tags=["analysis"],
    dependencies=[Depends(json_only)],
    responses={
        400: {"model": Problem, "description": "The body is no valid JSON"},
        413: {"model": Problem, "description": "The body has more bytes than are read"},
        415: {"model": Problem, "description": "The body does not say that it is JSON"},
    },
)
async def analyze(request: AnalyzeRequest, here: Here) -> Analysis:
    """The positions that one text expresses. Stateless: the same text, date and versions give
    the same answer."""
    most, found = here.settings.max_text_characters, len(request.text)
    if found > most:
        reason = f"text: {found} characters, at most {most} are read"
        raise Refused(422, reason, errors=[Breach(detail=reason, pointer="#/text")])
    return await here.analyze(request)


@health.get("/live", operation_id="get_live")
async def live(here: Here) -> Health:
    """Whether the process answers at all."""
    return Health(versions=here.versions(), status="live", model_update=here.model_update)


@health.get(
    "/ready",
    operation_id="get_ready",
    responses={
        503: {
            "model": Problem,
            "description": "The model is not warm, or the store does not answer",
        }
    },
)
async def ready(here: Here) -> Health:
    """Whether the model is loaded and warm, and the store answers."""
    if not here.ready:
        raise Refused(503, "the model is not warm yet", headers={"Retry-After": "1"})
    if here.store is not None:
        await anyio.to_thread.run_sync(here.store.data_version)  # raises, which becomes 503
    return Health(versions=here.versions(), status="ready", model_update=here.model_update)
