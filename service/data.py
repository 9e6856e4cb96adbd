"""The addresses of the data: each a query of `service.queries`, given as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from service import queries
from service.access import ASKED, READ
from service.answers import (
    ActorAnswer,
    ArticleAnswer,
    ArticlesAnswer,
    Citation,
    ComparisonAnswer,
    IssueAnswer,
    MatrixAnswer,
    PositionAnswer,
    PositionsAnswer,
    ShiftsAnswer,
    TimelineAnswer,
)
from service.context import Context, Here, Stored
from service.filters import (
    ActorMatrixAsked,
    ArticleAsked,
    ArticlesAsked,
    CompareAsked,
    MatrixAsked,
    Parameters,
    PositionsAsked,
    ShiftsAsked,
    TimelineAsked,
)
from service.limits import no_parameters
from service.queries import Page, Snapshot
from service.schemas import Actor, Issue, Problem, Versions
from service.tabular import (
    ARTICLES,
    CELLS,
    MEDIA_TYPES,
    POSITION_ROWS,
    SHIFT_ROWS,
    STRETCHES,
    Sheet,
    answered,
    as_json,
    etag,
    is_known,
    ordered,
    rows,
    unchanged,
    written,
)
from stance import sides as sided
from stance.records import CODEBOOK_VERSION, Shift
from stance.store import Store
from stance.tables import POSITIONS, as_cell

Responses = dict[int | str, dict[str, Any]]
Asked = TypeVar("Asked", bound=Parameters)

_INVALID: Final[Responses] = {
    422: {"model": Problem, "description": "A parameter that is unknown or breaks a rule"},
    404: {"model": Problem, "description": "Nothing of this name is here"},
}
_FORMATS: Final[dict[str, Any]] = {
    MEDIA_TYPES["csv"].partition(";")[0]: {"schema": {"type": "string"}},
    MEDIA_TYPES["ndjson"]: {"schema": {"type": "string"}},
    MEDIA_TYPES["parquet"]: {
        "schema": {"type": "string", "contentMediaType": MEDIA_TYPES["parquet"]}
    },
}
_HEADERS: Final[dict[str, Any]] = {
    name: {"description": told, "schema": {"type": "string"}}
    for name, told in {
        "ETag": "strong; the same address and versions give the same bytes",
        "Row-Count": "rows of this answer",
        "Table-SHA256": "SHA-256 of the body before compression, in hex",
        "Data-Version": "as in the JSON's versions",
        "Model-Version": "as in the JSON's versions",
        "Codebook-Version": "as in the JSON's versions",
        "Link": "rel=next: the address of the next page, where there is one",
    }.items()
}
_NOT_MODIFIED: Final[Responses] = {
    304: {"description": "Unchanged since the answer whose ETag was sent as If-None-Match"}
}


def _table(model: Any) -> dict[str, Any]:
    """What the contract says of an address that gives a table."""
    return {
        "response_model": model,
        "responses": _INVALID | _NOT_MODIFIED | {200: {"headers": _HEADERS, "content": _FORMATS}},
    }


data = APIRouter(prefix="/v1", tags=["data"], dependencies=[READ], responses=ASKED)


async def snapshot(here: Context, store: Store, as_of: datetime | None = None) -> Snapshot:
    """The store as it is, or as it was known at a moment."""
    tracker = here.tracker

    def at() -> Snapshot:
        version = store.data_version() if as_of is None else store.version_at(as_of)
        return Snapshot(store, tracker.actors, tracker.issues, version)

    return await here.aside(at)


def versions_of(here: Context, at: Snapshot) -> Versions:
    """The versions of an answer that is made of a snapshot."""
    named = here.versions()
    model = next((one.version for one in at.store.models() if one.current), None)
    return Versions(
        data_version=f"{named.data_version}-{at.version}",
        model_version=model or named.model_version,
        codebook_version=CODEBOOK_VERSION,
    )


async def _tabled(
    request: Request,
    here: Context,
    at: Snapshot,
    asked: Any,
    sheet: Sheet,
    work: Callable[[], Sequence[Any]],
    more: Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]] | None = None,
) -> Response:
    """A whole table, in the format that was asked for; ``more`` adds to the rows of its JSON."""

    def make() -> Response:
        versions = versions_of(here, at)
        tag = etag(request, versions)
        if is_known(request, tag):
            return unchanged(tag)
        sheet.check(asked.select)
        found = ordered(sheet, work(), asked.sort)
        if asked.format == "json":
            told = rows(sheet, found, asked.select)
            if more is not None:
                told = [a | dict(b) for a, b in zip(told, more(found), strict=True)]
            content = {"versions": versions.model_dump(), "count": len(found), "rows": told}
            body = as_json(content)
        else:
            body = written(sheet, found, asked.select, asked.format)
        return answered(body, asked.format, versions=versions, tag=tag, count=len(found))

    return await here.aside(make)


async def _paged(
    request: Request,
    here: Context,
    at: Snapshot,
    asked: ArticlesAsked | PositionsAsked,
    sheet: Sheet,
    work: Callable[[Snapshot, int], Page[Any]],
) -> Response:
    """One page of a long table."""

    def make() -> Response:
        here_at, after = queries.start(at, asked)
        versions = versions_of(here, here_at)
        tag = etag(request, versions)
        if is_known(request, tag):
            return unchanged(tag)
        sheet.check(asked.select)
        page = work(here_at, after)
        if asked.format == "json":
            told = {"count": len(page.rows), "total": page.total, "next": page.next}
            content = {"versions": versions.model_dump(), **told}
            body = as_json(content | {"rows": rows(sheet, page.rows, asked.select)})
        else:
            body = written(sheet, page.rows, asked.select, asked.format)
        return answered(
            body,
            asked.format,
            versions=versions,
            tag=tag,
            count=len(page.rows),
            following=None if page.next is None else _next(request, page.next),
        )

    return await here.aside(make)


def _next(request: Request, cursor: str) -> str:
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


async def _single(
    request: Request, here: Context, at: Snapshot, work: Callable[[], Mapping[str, Any]]
) -> Response:
    """One thing, as JSON."""

    def make() -> Response:
        versions = versions_of(here, at)
        tag = etag(request, versions)
        if is_known(request, tag):
            return unchanged(tag)
        body = as_json({"versions": versions.model_dump(), **work()})
        return answered(body, "json", versions=versions, tag=tag, count=1)

    return await here.aside(make)


Id = Annotated[str, Path(min_length=1, max_length=300)]


@data.get(
    "/actors/{id}",
    operation_id="get_actor",
    tags=["registers"],
    dependencies=[Depends(no_parameters)],
    responses=_INVALID,
)
async def actor(id: Id, here: Here) -> ActorAnswer:
    """One actor of the register."""
    queries.registered("actor", id, [one.id for one in here.tracker.actors.entries])
    return ActorAnswer(
        versions=here.versions(), actor=Actor.model_validate(here.tracker.actors[id])
    )


@data.get(
    "/issues/{id}",
    operation_id="get_issue",
    tags=["registers"],
    dependencies=[Depends(no_parameters)],
    responses=_INVALID,
)
async def issue(id: Id, here: Here) -> IssueAnswer:
    """One issue of the register."""
    queries.registered("issue", id, [one.id for one in here.tracker.issues.entries])
    return IssueAnswer(
        versions=here.versions(), issue=Issue.model_validate(here.tracker.issues[id])
    )


@data.get("/articles", operation_id="list_articles", **_table(ArticlesAnswer))
async def articles(
    request: Request, here: Here, store: Stored, asked: Annotated[ArticlesAsked, Query()]
) -> Response:
    """The articles, without their texts, in the order in which they came in."""
    at = await snapshot(here, store, asked.as_of)
    return await _paged(
        request, here, at, asked, ARTICLES, lambda on, after: queries.articles(on, after, asked)
    )


@data.get(
    "/articles/{id}",
    operation_id="get_article",
    response_model=ArticleAnswer,
    responses=_INVALID | _NOT_MODIFIED,
)
async def article(
    request: Request, id: Id, here: Here, store: Stored, asked: Annotated[ArticleAsked, Query()]
) -> Response:
    """An article with its text and its positions; offsets count characters of the text."""
    at = await snapshot(here, store, asked.as_of)

    def work() -> Mapping[str, Any]:
        found = queries.article(at, id)
        one = found.article
        told = {name: as_cell(getattr(one, name)) for name in ("id", "title", "source", "url")}
        told |= {"published": as_cell(one.published), "text": one.text}
        return {"article": told, "positions": rows(POSITION_ROWS, found.rows, ())}

    return await _single(request, here, at, work)


@data.get("/positions", operation_id="list_positions", **_table(PositionsAnswer))
async def positions(
    request: Request, here: Here, store: Stored, asked: Annotated[PositionsAsked, Query()]
) -> Response:
    """The positions, each a sentence with its evidence, in the order in which they came in."""
    at = await snapshot(here, store, asked.as_of)
    return await _paged(
        request,
        here,
        at,
        asked,
        POSITION_ROWS,
        lambda on, after: queries.positions(on, after, asked),
    )


@data.get(
    "/positions/{id}",
    operation_id="get_position",
    response_model=PositionAnswer,
    dependencies=[Depends(no_parameters)],
    responses=_INVALID | _NOT_MODIFIED,
)
async def position(request: Request, id: Id, here: Here, store: Stored) -> Response:
    """The position of an id as it counts now, and what coders said of it."""
    at = await snapshot(here, store)

    def work() -> Mapping[str, Any]:
        found = queries.position(at, id)
        (told,) = rows(POSITION_ROWS, [found.row], ())
        reviews = [
            {
                "number": one.number,
                "reviewer": one.reviewer,
                "stance": one.stance,
                "evidence": one.evidence,
                "note": one.note,
                "at": one.at.isoformat(),
                "supersedes": one.supersedes,
            }
            for one in found.reviews
        ]
        return {"position": told, "reviews": reviews}

    return await _single(request, here, at, work)


@data.get("/matrix", operation_id="get_matrix", **_table(MatrixAnswer))
async def matrix(
    request: Request, here: Here, store: Stored, asked: Annotated[MatrixAsked, Query()]
) -> Response:
    """Where each actor stands on each issue: position, 95 % interval, state and counts."""
    at = await snapshot(here, store, asked.as_of)
    return await _tabled(request, here, at, asked, CELLS, lambda: queries.matrix(at, asked))


@data.get("/actors/{id}/matrix", operation_id="get_actor_matrix", **_table(MatrixAnswer))
async def actor_matrix(
    request: Request, id: Id, here: Here, store: Stored, asked: Annotated[ActorMatrixAsked, Query()]
) -> Response:
    """Where one actor stands on each issue."""
    at = await snapshot(here, store, asked.as_of)

    def work() -> Sequence[Any]:
        return queries.actor_matrix(at, at.found("actor", id), asked)

    return await _tabled(request, here, at, asked, CELLS, work)


@data.get("/actors/{id}/timeline", operation_id="get_actor_timeline", **_table(TimelineAnswer))
async def timeline(
    request: Request, id: Id, here: Here, store: Stored, asked: Annotated[TimelineAsked, Query()]
) -> Response:
    """An actor's course on each issue, by day, week, month or article."""
    at = await snapshot(here, store, asked.as_of)

    def work() -> Sequence[Any]:
        return queries.timeline(at, at.found("actor", id), asked)

    return await _tabled(request, here, at, asked, STRETCHES, work)


@data.get("/shifts", operation_id="list_shifts", **_table(ShiftsAnswer))
async def shifts(
    request: Request, here: Here, store: Stored, asked: Annotated[ShiftsAsked, Query()]
) -> Response:
    """The changes of position that were found, with the statements on either side (JSON)."""
    at = await snapshot(here, store, asked.as_of)

    def more(found: Sequence[Shift]) -> list[dict[str, Any]]:
        records = store.records(at.version)
        return [_with_sides(one, sided.sides(one, records)) for one in found]

    return await _tabled(
        request, here, at, asked, SHIFT_ROWS, lambda: queries.shifts(at, asked).shifts, more
    )


def _with_sides(shift: Shift, sides: sided.Sides) -> dict[str, Any]:
    def told(side: Sequence[Any]) -> list[dict[str, Any]]:
        return [dict(zip(POSITIONS.names, POSITIONS.cells(one), strict=True)) for one in side]

    return {
        "before_interval": [round(x, 4) for x in sides.before],
        "after_interval": [round(x, 4) for x in sides.after],
        "note": sides.note or None,
        "evidence_before": told(shift.evidence_before),
        "evidence_after": told(shift.evidence_after),
    }


@data.get(
    "/compare",
    operation_id="compare_actors",
    response_model=ComparisonAnswer,
    responses=_INVALID | _NOT_MODIFIED,
)
async def compare(
    request: Request, here: Here, store: Stored, asked: Annotated[CompareAsked, Query()]
) -> Response:
    """How probable it is that two actors differ on an issue."""
    at = await snapshot(here, store, asked.as_of)

    def work() -> Mapping[str, Any]:
        found = asdict(queries.compared(at, asked))
        told = {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}
        return {"comparison": {"actor_a": asked.a, "actor_b": asked.b, "issue": asked.issue} | told}

    return await _single(request, here, at, work)


@data.get(
    "/cite",
    operation_id="cite",
    response_model=Citation,
    dependencies=[Depends(no_parameters)],
    responses=_INVALID,
)
async def cite(request: Request, here: Here, store: Stored) -> Response:
    """How to cite what is here now: its versions, and an address that will show the same again."""
    at = await snapshot(here, store)

    def work() -> Mapping[str, Any]:
        since = store.known_since(at.version)
        moment = (since or datetime.now(UTC)).astimezone(UTC).isoformat()
        base = str(request.base_url).rstrip("/")
        address = f"{base}/v1/matrix?{urlencode({'as_of': moment})}"
        versions = versions_of(here, at)
        return {
            "as_of": moment,
            "address": address,
            "citation": f"Stance tracker, data {versions.data_version}, model "
            f"{versions.model_version}, codebook {versions.codebook_version}. {address}",
        }

    return await _single(request, here, at, work)
