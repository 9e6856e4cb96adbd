"""Articles that come in, and the jobs that take them up."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from service.access import ASKED, READ, WRITE
from service.context import Here, Stored
from service.limits import json_only, no_parameters
from service.problems import Refused
from service.schemas import (
    MAX_DATE,
    MAX_SOURCE,
    MAX_TITLE,
    MAX_URL,
    Answer,
    Breach,
    Problem,
    Wire,
)
from service.worker import INGEST, MOST_REJECTED
from stance.store import Job as JobRecord

ARTICLES: Final = "/v1/articles"
_JOBS: Final = "/v1/jobs"
_LISTED: Final = 100

ingesting = APIRouter(
    tags=["ingest"],
    dependencies=[READ, Depends(no_parameters)],
    responses=ASKED
    | {
        404: {"model": Problem, "description": "Nothing is there"},
        422: {"model": Problem, "description": "An unknown parameter, or a body breaks a rule"},
        503: {"model": Problem, "description": "The store does not answer"},
    },
)


class IngestedArticle(Wire):
    """An article to be stored. Its url is never fetched."""

    text: str = Field(
        min_length=1,
        description="Plain text. One longer than maxLength (in characters as sent) is refused.",
    )
    title: str | None = Field(default=None, max_length=MAX_TITLE)
    published: str | None = Field(
        default=None,
        max_length=MAX_DATE,
        description="As in analyze; a date that cannot be read rejects this article alone.",
        examples=["2025-08-15"],
    )
    source: str | None = Field(default=None, max_length=MAX_SOURCE)
    url: str | None = Field(default=None, max_length=MAX_URL)


class IngestRequest(Wire):
    """Articles to be stored. One that is there already changes nothing."""

    articles: list[IngestedArticle] = Field(
        min_length=1,
        examples=[
            [
                {
                    "text": "Orban rejected a ceasefire. Zelensky called for more sanctions.",
                    "published": "2025-08-15",
                    "source": "Example News",
                }
            ]
        ],
    )


class Rejection(Wire):
    """An article that was not stored, and why."""

    row: int = Field(ge=1, description="which article of the request, from 1 on")
    field: str | None
    reason: str


class IngestResult(Wire):
    """What came of a request's articles: stored, rejected, and the rest were there twice."""

    articles: int = Field(ge=0)
    stored: int = Field(ge=0, description="different articles of it that the store has now")
    rejected: int = Field(ge=0)
    rejections: list[Rejection] = Field(description=f"the first {MOST_REJECTED}")
    model_version: str


class Job(Wire):
    """A piece of work that outlives the process that was asked for it."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed"]
    done: int = Field(ge=0, description="articles of it that were seen to, rejected ones also")
    total: int | None
    attempts: int = Field(ge=0, description="how often it was begun")
    created: str = Field(json_schema_extra={"format": "date-time"})
    updated: str = Field(json_schema_extra={"format": "date-time"})
    result: IngestResult | None = Field(description="null until it is done")
    error: str | None = Field(description="why it failed")

    @classmethod
    def of(cls, record: JobRecord) -> Job:
        """The wire form of a job."""
        return cls(
            id=record.id,
            kind=record.kind,
            state=record.state,
            done=record.done,
            total=record.total,
            attempts=record.attempts,
            created=record.created.isoformat(),
            updated=record.updated.isoformat(),
            result=None if record.result is None else IngestResult.model_validate(record.result),
            error=record.error,
        )


class JobAnswer(Answer):
    """One job."""

    job: Job


class JobsAnswer(Answer):
    """The jobs that were asked for last, newest first."""

    jobs: list[Job]


@ingesting.post(
    ARTICLES,
    operation_id="ingest_articles",
    status_code=202,
    dependencies=[WRITE, Depends(json_only)],
    responses={
        202: {
            "description": "The job that stores them; Location is its address",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        400: {"model": Problem, "description": "The body is no valid JSON"},
        413: {"model": Problem, "description": "The body has more bytes than are read"},
        415: {"model": Problem, "description": "The body does not say that it is JSON"},
    },
)
def ingest(request: IngestRequest, here: Here, store: Stored, response: Response) -> JobAnswer:
    """Store articles and find their positions, as a job. The same articles sent again give the
    same job, which is begun anew only where it had failed."""
    _check(request, here.settings.max_articles, here.settings.max_text_characters)
    job = submit(store, request, most_waiting=here.settings.max_waiting_jobs)
    if job is None:
        raise Refused(
            429,
            f"{here.settings.max_waiting_jobs} jobs are waiting, the most there may be",
            headers={"Retry-After": "30"},
        )
    response.headers["Location"] = f"{_JOBS}/{job.id}"
    return JobAnswer(versions=here.versions(), job=Job.of(job))


@ingesting.get(_JOBS, operation_id="list_jobs")
def jobs(here: Here, store: Stored) -> JobsAnswer:
    """The last 100 jobs, newest first."""
    found = [Job.of(job) for job in store.jobs(limit=_LISTED)]
    return JobsAnswer(versions=here.versions(), jobs=found)


@ingesting.get(_JOBS + "/{id}", operation_id="get_job")
def job(
    id: Annotated[str, Path(max_length=64, description="as in Location")],
    here: Here,
    store: Stored,
) -> JobAnswer:
    """How far a job is, and what came of it."""
    found = store.job(id)
    if found is None:
        raise Refused(404, f"there is no job '{id}'")
    return JobAnswer(versions=here.versions(), job=Job.of(found))


def submit(store: Any, request: IngestRequest, *, most_waiting: int | None) -> JobRecord | None:
    """Queue a request under a name made from what it holds; None where the queue is full."""
    payload = request.model_dump(exclude_none=True)
    text = json.dumps(payload, sort_keys=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    found: JobRecord | None = store.submit(
        INGEST, payload, total=len(request.articles), most_waiting=most_waiting, id=name
    )
    return found


def _check(request: IngestRequest, most: int, longest: int) -> None:
    if len(request.articles) > most:
        reason = f"articles: {len(request.articles)} of them, at most {most} are taken at once"
        raise Refused(422, reason, errors=[Breach(detail=reason, pointer="#/articles")])
    errors = [
        Breach(
            detail=f"articles.{at}.text: {len(one.text)} characters, at most {longest} are read",
            pointer=f"#/articles/{at}/text",
        )
        for at, one in enumerate(request.articles)
        if len(one.text) > longest
    ]
    if errors:
        raise Refused(422, errors[0].detail, errors=errors[:20])
