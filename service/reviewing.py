"""A coder's word on a position over HTTP: it overrides the model's and is kept with its origin."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from service.access import ASKED, READ, REVIEW
from service.context import Here, Stored
from service.limits import json_only, no_parameters
from service.problems import Refused
from service.schemas import Answer, Breach, Position, Problem, Wire
from stance.records import Evidence
from stance.store import Review as ReviewRecord
from stance.store import Store
from stance.store.reviewing import Verdict

MAX_NOTE: Final = 2_000
MAX_REVIEWER: Final = 100

reviewing = APIRouter(
    prefix="/v1/positions/{id}",
    tags=["reviews"],
    dependencies=[READ, Depends(no_parameters)],
    responses=ASKED
    | {
        404: {"model": Problem, "description": "There is no such position"},
        422: {"model": Problem, "description": "An unknown parameter, or a body breaks a rule"},
        503: {"model": Problem, "description": "The store does not answer"},
    },
)

Id = Annotated[str, Path(max_length=64, description="id of the position")]


class ReviewRequest(Wire):
    """What a coder says of a position."""

    stance: Verdict = Field(description="none: the sentence shows no position of this actor")
    evidence: Evidence | None = Field(None, description="null leaves the kind as it is")
    note: str = Field("", max_length=MAX_NOTE)
    reviewer: str | None = Field(
        None,
        max_length=MAX_REVIEWER,
        description="Who says so. With a key it is the key's name, and this may be left out.",
    )


class Review(Wire):
    """One verdict of a coder. A later one supersedes it, none is ever deleted."""

    number: int
    position_id: str
    reviewer: str
    stance: Verdict | Literal["model"] = Field(
        description="none: no position; model: withdraws the earlier review, the model's row stands"
    )
    evidence: Evidence | None
    note: str
    at: str = Field(json_schema_extra={"format": "date-time"})
    supersedes: int | None = Field(description="number of the review that it replaces")

    @classmethod
    def of(cls, record: ReviewRecord) -> Review:
        """The wire form of a review."""
        return cls(
            number=record.number,
            position_id=record.position_id,
            reviewer=record.reviewer,
            stance=record.stance,
            evidence=record.evidence,
            note=record.note,
            at=record.at.isoformat(),
            supersedes=record.supersedes,
        )


class ReviewAnswer(Answer):
    """A review, and the row that counts now; null where the coder sees no position."""

    review: Review
    position: Position | None


class ReviewsAnswer(Answer):
    """All that coders said of a position, oldest first."""

    reviews: list[Review]


@reviewing.post(
    "/review",
    operation_id="review_position",
    status_code=201,
    dependencies=[REVIEW, Depends(json_only)],
    responses={
        400: {"model": Problem, "description": "The body is no valid JSON"},
        413: {"model": Problem, "description": "The body has more bytes than are read"},
        415: {"model": Problem, "description": "The body does not say that it is JSON"},
    },
)
def review(
    id: Id, request: ReviewRequest, asked: Request, here: Here, store: Stored
) -> ReviewAnswer:
    """Override a position with a coder's word, which counts as certain from now on."""
    key = asked.state.key
    reviewer = key.name if key is not None else (request.reviewer or "").strip()
    if key is not None and request.reviewer not in (None, key.name):
        reason = f"reviewer: the key's name is '{key.name}', a review carries that"
        raise Refused(422, reason, errors=[Breach(detail=reason, pointer="#/reviewer")])
    if not reviewer:
        reason = "reviewer: a review without a key names its reviewer"
        raise Refused(422, reason, errors=[Breach(detail=reason, pointer="#/reviewer")])
    _check(store, id)
    written = store.review(
        id, request.stance, reviewer=reviewer, evidence=request.evidence, note=request.note
    )
    row = store.row(id)
    return ReviewAnswer(
        versions=here.versions(),
        review=Review.of(written),
        position=None if row is None else Position.of(row.position),
    )


@reviewing.get("/reviews", operation_id="list_reviews")
def reviews(id: Id, here: Here, store: Stored) -> ReviewsAnswer:
    """All that coders said of a position, oldest first."""
    _check(store, id)
    found = [Review.of(one) for one in store.reviews(id)]
    return ReviewsAnswer(versions=here.versions(), reviews=found)


def _check(store: Store, id: str) -> None:
    if store.row(id) is None and not store.reviews(id):
        raise Refused(404, f"there is no position '{id}'")
