"""The pages' addresses: each reads its parameters, asks `service.queries` and fills a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qs, quote, urlencode

from fastapi import APIRouter, Depends, Path, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from service import queries
from service.access import EVERYBODY, READ, NeedsByForm
from service.context import Context, Here, Stored
from service.data import snapshot, versions_of
from service.filters import (
    ArticleAsked,
    MatrixAsked,
    Parameters,
    PositionsAsked,
    ShiftsAsked,
    TimelineAsked,
    names_of,
)
from service.pages.lines import HEIGHT, WIDTH, drawing
from service.pages.sheet import shade, style_sheet
from service.queries import Snapshot
from service.refused import Refused
from service.reviewing import MAX_NOTE, MAX_REVIEWER
from stance.course import smoothed
from stance.errors import StanceError
from stance.layout import MARKS, label, signed
from stance.positions import STATES
from stance.records import EVIDENCE_KINDS, Cell
from stance.sides import sides
from stance.store import Store
from stance.store.keys import Key
from stance.store.reviewing import VERDICTS

Asked = TypeVar("Asked", bound=Parameters)

pages = APIRouter(include_in_schema=False, dependencies=[READ])
forms = APIRouter(include_in_schema=False, dependencies=[Depends(NeedsByForm("review"))])
styles = APIRouter(include_in_schema=False, dependencies=[EVERYBODY])

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
Id = Annotated[str, Path(max_length=300)]


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("service.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"label": label, "signed": signed, "marks": MARKS, "states": STATES}
    found.globals |= {"shade": shade, "kinds": EVIDENCE_KINDS, "verdicts": VERDICTS}
    found.filters["percent"] = lambda share: f"{share:.0%}"
    found.filters["path"] = lambda text: quote(str(text), safe="")
    found.filters["day"] = lambda moment: "no date" if moment is None else f"{moment:%Y-%m-%d}"
    return found


def _page(name: str, status: int = 200, **given: Any) -> Response:
    text = _templates().get_template(name).render(**given)
    return Response(text, status, headers=HEADERS, media_type="text/html; charset=utf-8")


def _asked(request: Request, kind: type[Asked]) -> Asked:
    """A page's parameters; what a form sends empty is not there. Raises `Refused`."""
    several = {n for n, f in kind.model_fields.items() if "ist[" in str(f.annotation)}
    found: dict[str, Any] = {}
    for name in dict.fromkeys(request.query_params):
        values = [value for value in request.query_params.getlist(name) if value.strip()]
        if values:
            found[name] = values if name in several else values[-1]
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        known = ", ".join(names_of(kind))
        told = f"unknown; known are {known}" if first["type"] == "extra_forbidden" else first["msg"]
        raise Refused(422, f"{name}: {told}") from None


async def _shown(
    request: Request, here: Context, store: Store, kind: type[Asked], name: str,
    work: Callable[[Snapshot, Asked], Mapping[str, Any]],
) -> Response:  # fmt: skip
    """A page of the data; what is wrong with a request is told on a page, too."""
    try:
        asked = _asked(request, kind)
        at = await snapshot(here, store, getattr(asked, "as_of", None))

        def make() -> Response:
            given = work(at, asked)
            return _page(name, asked=asked, **_common(request, here, at), **given)

        return await here.aside(make)
    except (Refused, StanceError) as error:
        status = error.status_code if isinstance(error, Refused) else 422
        told = error.detail if isinstance(error, Refused) else str(error)
        return _page("problem.html", status, told=told, code=status)


def _common(request: Request, here: Context, at: Snapshot) -> dict[str, Any]:
    since = at.store.known_since(at.version)
    kept = [(k, v) for k, v in request.query_params.multi_items() if v.strip() and k != "as_of"]
    return {
        "versions": versions_of(here, at),
        "query": urlencode(kept),
        "moment": quote(since.isoformat()) if since else "",
        "actors": {one.id: one.name for one in at.actors.entries},
        "issues": {one.id: one for one in at.issues.entries},
    }


@styles.get("/style.css")
def sheet() -> Response:
    """The style sheet of all pages."""
    return Response(style_sheet(), headers=HEADERS, media_type="text/css; charset=utf-8")


@pages.get("/")
async def matrix(request: Request, here: Here, store: Stored) -> Response:
    """The matrix as a heat map."""

    def work(at: Snapshot, asked: MatrixAsked) -> Mapping[str, Any]:
        cells = queries.matrix(at, asked)
        by_name = {(c.actor, c.issue): c for c in cells}
        issues = [i for i in at.known_issues() if any(c.issue == i for c in cells)]
        evidence: dict[str, int] = {}
        for cell in cells:
            evidence[cell.actor] = evidence.get(cell.actor, 0) + cell.n_independent
        actors = sorted(evidence, key=lambda a: (-evidence[a], a))
        return {
            "rows": [(a, [(i, by_name.get((a, i))) for i in issues]) for a in actors],
            "columns": issues,
            "window": _window(asked),
        }

    return await _shown(request, here, store, MatrixAsked, "matrix.html", work)


def _window(asked: MatrixAsked) -> str:
    """The filters of a matrix that its cells' evidence shares."""
    told: list[tuple[str, str]] = [("evidence", one) for one in asked.evidence]
    told += [("source", one) for one in asked.source]
    for name, value in (("from", asked.since), ("to", asked.until), ("as_of", asked.as_of)):
        if value is not None:
            told.append((name, value.isoformat()))
    return urlencode(told)


@pages.get("/actors/{id}")
async def actor(request: Request, id: Id, here: Here, store: Stored) -> Response:
    """An actor's course on each issue, with its shifts."""

    def work(at: Snapshot, asked: TimelineAsked) -> Mapping[str, Any]:
        name = at.found("actor", id)
        query = at.query(asked, [name])
        records = store.records(at.version)
        cells = store.matrix(query, min_n=asked.min_n)
        found = store.shifts(query).shifts
        drawn = []
        for cell in cells:
            if not cell.n_statements:
                continue
            mine = at.query(asked.model_copy(update={"issue": [cell.issue]}), [name])
            rows = list(store.positions(mine))
            course = smoothed(rows, records=records)
            shifts = [one for one in found if one.issue == cell.issue]
            drawn.append((cell, course, drawing(course, shifts) if course else None, shifts))
        return {"actor": name, "drawn": drawn, "width": WIDTH, "height": HEIGHT}

    return await _shown(request, here, store, TimelineAsked, "actor.html", work)


@pages.get("/shifts")
async def shifts(request: Request, here: Here, store: Stored) -> Response:
    """Every shift that was found, each with the sentences before and after."""

    def work(at: Snapshot, asked: ShiftsAsked) -> Mapping[str, Any]:
        found = queries.shifts(at, asked)
        records = store.records(at.version)
        return {"found": [(one, sides(one, records)) for one in found.shifts], "report": found}

    return await _shown(request, here, store, ShiftsAsked, "shifts.html", work)


@pages.get("/articles/{id}")
async def article(request: Request, id: Id, here: Here, store: Stored) -> Response:
    """An article with its positions marked."""

    def work(at: Snapshot, _: ArticleAsked) -> Mapping[str, Any]:
        reading = queries.article(at, id)
        return {"article": reading.article, "parts": _parts(reading), "rows": reading.rows}

    return await _shown(request, here, store, ArticleAsked, "article.html", work)


def _parts(reading: queries.Reading) -> list[tuple[str, list[Any]]]:
    """The text in pieces, each with the rows whose sentence it is."""
    by_place: dict[tuple[int, int], list[Any]] = {}
    for row in reading.rows:
        by_place.setdefault((row.position.start, row.position.end), []).append(row)
    text, parts, at = reading.article.text, [], 0
    for (start, end), rows in sorted(by_place.items()):
        if start < at:
            continue
        parts += [(text[at:start], []), (text[start:end], rows)]
        at = end
    return [*parts, (text[at:], [])]


@pages.get("/evidence")
async def evidence(request: Request, here: Here, store: Stored) -> Response:
    """The statements behind cells, page by page."""

    def work(at: Snapshot, asked: PositionsAsked) -> Mapping[str, Any]:
        on, after = queries.start(at, asked)
        page = queries.positions(on, after, asked)
        kept = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
        following = urlencode([*kept, ("cursor", page.next)]) if page.next else ""
        return {"page": page, "following": following, "cell": _cell(at, asked)}

    return await _shown(request, here, store, PositionsAsked, "evidence.html", work)


def _cell(at: Snapshot, asked: PositionsAsked) -> Cell | None:
    """The cell whose evidence is shown, where it is that of one actor on one issue."""
    if len(asked.actor) != 1 or len(asked.issue) != 1 or asked.stance or asked.article:
        return None
    (cell,) = at.store.matrix(at.query(asked, asked.actor))
    return cell


@pages.get("/positions/{id}")
async def position(request: Request, id: Id, here: Here, store: Stored) -> Response:
    """One position, how sure it is, and what coders said of it."""

    def work(at: Snapshot, _: Parameters) -> Mapping[str, Any]:
        row, reviews = store.row(id), store.reviews(id)
        if row is None and not reviews:
            raise Refused(404, f"there is no position '{id}'")
        return {"row": row, "reviews": reviews, "id": id, "keys": store.has_keys()}

    return await _shown(request, here, store, Parameters, "position.html", work)


@forms.post("/positions/{id}")
async def review(request: Request, id: Id, here: Here, store: Stored) -> Response:
    """A coder's word, by the form of a position's page."""
    try:
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind != "application/x-www-form-urlencoded":
            raise Refused(415, "expected the form of this page")
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        given = {name: values[0].strip() for name, values in form.items()}
        key: Key | None = request.state.key
        reviewer = key.name if key is not None else given.get("reviewer", "")
        if not reviewer:
            raise Refused(422, "reviewer: a review without a key names its reviewer")
        verdict = next((one for one in VERDICTS if one == given.get("stance")), None)
        if verdict is None:
            raise Refused(422, f"stance: expected one of {', '.join(VERDICTS)}")
        note = given.get("note", "")
        for name, text, most in (("reviewer", reviewer, MAX_REVIEWER), ("note", note, MAX_NOTE)):
            if len(text) > most:
                raise Refused(422, f"{name}: at most {most} characters")

        def write() -> None:
            if store.row(id) is None and not store.reviews(id):
                raise Refused(404, f"there is no position '{id}'")
            store.review(id, verdict, reviewer=reviewer, note=note)

        await here.aside(write)
    except (Refused, StanceError) as error:
        status = error.status_code if isinstance(error, Refused) else 422
        told = error.detail if isinstance(error, Refused) else str(error)
        return _page("problem.html", status, told=told, code=status)
    return RedirectResponse(f"/positions/{quote(id, safe='')}", 303, headers=HEADERS)


@pages.get("/about")
async def about(request: Request, here: Here, store: Stored) -> Response:
    """The scale and its limits, in plain words."""
    return await _shown(
        request, here, store, Parameters, "about.html", lambda at, _: {"confusion": _worth(at)}
    )


def _worth(at: Snapshot) -> Sequence[tuple[str, int, int]]:
    """For each stance: of a hundred reports, those without a position and of another stance."""
    records = at.store.records(at.version)
    if not records:
        return ()
    of = list(records.values())[-1]
    return [
        (name, round(100 * of.false[k]), round(100 * (1 - of.false[k]) * (1 - of.meant[k][k])))
        for k, name in enumerate(("support", "oppose", "neutral"))
    ]
