"""The data over HTTP: its tables in every format, pages, tags and refusals."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import databases
import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored import article, articles, make_tracker
from test_service import problem, started

from service import answers, filters, tabular
from service.app import create_app
from service.settings import Settings
from stance.positions import build_matrix
from stance.store import Query, Store, ingest
from stance.tables import POSITIONS, read_matrix, write_matrix

TRACKER = make_tracker()


@pytest.fixture(name="store", scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store with the made-up articles; no test that shares it changes it."""
    with ExitStack() as open_until:
        if request.param == "sqlite":
            address = str(tmp_path_factory.mktemp("data") / "stance.db")
        else:
            server = request.getfixturevalue("postgres")
            address = open_until.enter_context(databases.database(server))
        opened = open_until.enter_context(Store.open(address, upgrade=True))
        ingest(opened, TRACKER, articles())
        yield opened


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Store]:
    """An empty store of a test's own."""
    with Store.open(str(tmp_path / "mine.db")) as opened:
        yield opened


def get(store: Store, path: str, **given: Any) -> httpx.Response:
    service = create_app(TRACKER, Settings(), store=store)

    async def send() -> httpx.Response:
        async with started(service) as client:
            return await client.get(path, **given)

    return asyncio.run(send())


def rows(store: Store, path: str) -> list[dict[str, Any]]:
    answer = get(store, path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


# The same everywhere


def test_the_matrix_is_that_of_the_library_and_of_its_file(store: Store, tmp_path: Path) -> None:
    cells = build_matrix(store.positions())
    write_matrix(tmp_path / "matrix.csv", cells)
    assert get(store, "/v1/matrix?format=csv").content == (tmp_path / "matrix.csv").read_bytes()
    told = rows(store, "/v1/matrix")
    assert [(r["actor"], r["issue"]) for r in told] == [(c.actor, c.issue) for c in cells]
    for row, cell in zip(told, cells, strict=True):
        assert row["position"] == pytest.approx(cell.position, abs=5e-5)
        assert (row["state"], row["n_independent"]) == (cell.state, cell.n_independent)
    (tmp_path / "again.csv").write_bytes(get(store, "/v1/matrix?format=csv").content)
    again, skipped = read_matrix(tmp_path / "again.csv")
    assert skipped == []
    assert [c.state for c in again] == [c.state for c in cells]


@pytest.mark.parametrize(
    "path",
    ["/v1/matrix", "/v1/positions", "/v1/articles", "/v1/shifts", "/v1/actors/alba/timeline"],
)
def test_every_format_has_the_same_rows(store: Store, path: str) -> None:
    told = rows(store, path)
    names = list(told[0]) if told else []
    for form in ("csv", "ndjson", "parquet"):
        answer = get(store, path, params={"format": form})
        assert answer.headers["content-type"] == tabular.MEDIA_TYPES[form]  # type: ignore[index]
        assert answer.headers["row-count"] == str(len(told))
        assert answer.headers["table-sha256"] == hashlib.sha256(answer.content).hexdigest()
        assert answer.headers["data-version"] == get(store, path).json()["versions"]["data_version"]
        if form == "parquet":
            found = pq.read_table(io.BytesIO(answer.content)).to_pylist()
        elif form == "ndjson":
            found = [json.loads(line) for line in answer.text.splitlines()]
        else:
            found = list(csv.DictReader(io.StringIO(answer.text)))
            assert len(found) == len(told)
            continue
        assert found == [{k: r.get(k) for k in (found[0] if found else names)} for r in told]


def test_the_contract_has_the_columns_of_the_tables() -> None:
    for row, sheet in (
        (answers.CellRow, tabular.CELLS),
        (answers.PositionRow, tabular.POSITION_ROWS),
        (answers.ArticleRow, tabular.ARTICLES),
        (answers.StretchRow, tabular.STRETCHES),
        (answers.ShiftFigures, tabular.SHIFT_ROWS),
    ):
        assert set(row.model_fields) == set(sheet.types)
    assert tuple(tabular.POSITION_ROWS.types)[:-1] == POSITIONS.names


# Choosing


def test_filters_sorting_and_columns(store: Store) -> None:
    assert {r["actor"] for r in rows(store, "/v1/matrix?actor=alba")} == {"alba"}
    assert {r["actor"] for r in rows(store, "/v1/positions?actor=alba,borea")} == {"alba", "borea"}
    assert {r["stance"] for r in rows(store, "/v1/positions?stance=oppose")} == {"oppose"}
    told = rows(store, "/v1/matrix?select=issue,actor&sort=-actor")
    assert all(list(r) == ["actor", "issue"] for r in told)
    assert [r["actor"] for r in told] == sorted((r["actor"] for r in told), reverse=True)
    later = rows(store, "/v1/positions?from=2025-03-08")
    assert later
    assert all(r["published"] >= "2025-03-08" for r in later)
    assert rows(store, "/v1/positions?as_of=2001-01-01") == []
    one = rows(store, "/v1/articles?source=Harbour%20Post")
    assert [r["source"] for r in one] == ["Harbour Post"]
    assert rows(store, "/v1/articles?actor=borea&issue=ban")


def test_an_actors_matrix_and_course(store: Store) -> None:
    assert rows(store, "/v1/actors/alba/matrix") == rows(store, "/v1/matrix?actor=alba")
    course = rows(store, "/v1/actors/alba/timeline?period=day&issue=tax")
    assert [r["first"] for r in course] == sorted(r["first"] for r in course)
    assert sum(r["printed"] for r in course) == len(
        rows(store, "/v1/positions?actor=alba&issue=tax&from=2000-01-01")
    )


def test_an_article_and_a_position_lead_to_each_other(store: Store) -> None:
    (row, *_) = rows(store, "/v1/positions?actor=alba")
    whole = get(store, f"/v1/articles/{row['article_id']}").json()
    assert whole["article"]["text"][row["start"] : row["end"]] == row["text"]
    assert row["id"] in [r["id"] for r in whole["positions"]]
    assert get(store, f"/v1/positions/{row['id']}").json()["position"] == row


def test_two_actors_are_compared(store: Store) -> None:
    found = get(store, "/v1/compare?a=alba&b=borea&issue=tax").json()["comparison"]
    assert 0 <= found["differ"] <= 1
    assert found["low"] <= found["difference"] <= found["high"]


def test_a_citation_shows_the_same_again(mine: Store) -> None:
    ingest(mine, TRACKER, articles()[:3])
    cited = get(mine, "/v1/cite").json()
    before = rows(mine, "/v1/matrix")
    ingest(mine, TRACKER, articles())
    assert rows(mine, "/v1/matrix") != before
    path = cited["address"].removeprefix("http://127.0.0.1")
    assert rows(mine, path) == before


# Pages


@pytest.mark.parametrize("path", ["/v1/positions", "/v1/articles"])
def test_pages_are_the_whole(store: Store, path: str) -> None:
    whole = rows(store, f"{path}?limit=1000")

    @settings(max_examples=8, deadline=None)
    @given(st.integers(1, 12))
    def check(limit: int) -> None:
        found: list[dict[str, Any]] = []
        address: str | None = f"{path}?limit={limit}"
        while address:
            answer = get(store, address)
            assert answer.json()["total"] == len(whole)
            found += answer.json()["rows"]
            address = answer.links.get("next", {}).get("url")
        assert found == whole

    check()


def test_a_page_does_not_see_what_came_after_the_first(mine: Store) -> None:
    ingest(mine, TRACKER, articles()[:4])
    before = rows(mine, "/v1/positions?limit=1000")
    first = get(mine, "/v1/positions?limit=2").json()
    ingest(mine, TRACKER, articles())
    second = get(mine, f"/v1/positions?limit=1000&cursor={first['next']}").json()
    assert first["rows"] + second["rows"] == before
    assert second["versions"] == first["versions"]
    other = get(mine, f"/v1/positions?limit=2&actor=alba&cursor={first['next']}")
    assert "other filters" in problem(other, 422)["detail"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=60))
def test_no_text_is_taken_for_a_cursor(token: str) -> None:
    asked = filters.PositionsAsked.model_validate({})
    from service.problems import Refused
    from service.queries import Cursor

    with pytest.raises(Refused):
        Cursor.read(token, asked)
    assert Cursor.read(Cursor(3, 5).written(asked), asked) == Cursor(3, 5)


# Tags


def test_an_answer_that_is_known_is_not_sent_again(store: Store) -> None:
    for path in ("/v1/matrix", "/v1/positions", "/v1/shifts?format=csv"):
        tag = get(store, path).headers["etag"]
        again = get(store, path, headers={"If-None-Match": f'"x", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        other = get(store, path, headers={"If-None-Match": tag, "Accept-Encoding": "identity"})
        assert other.status_code == 200
        assert other.headers["etag"] != tag


def test_a_change_of_the_data_is_another_tag(mine: Store) -> None:
    ingest(mine, TRACKER, articles()[:2])
    tag = get(mine, "/v1/matrix").headers["etag"]
    ingest(mine, TRACKER, [article("Borea backs the ban. It snowed again.", 9)])
    assert get(mine, "/v1/matrix", headers={"If-None-Match": tag}).status_code == 200


def test_an_empty_store_has_an_empty_matrix(mine: Store) -> None:
    answer = get(mine, "/v1/matrix")
    assert answer.json()["rows"] == []
    assert answer.headers["row-count"] == "0"
    assert rows(mine, "/v1/positions") == rows(mine, "/v1/shifts") == []


# Refusals


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v1/matrix?actr=alba", 422, "did you mean actor or"),
        ("/v1/matrix?actor=alda", 422, "did you mean alba?"),
        ("/v1/actors/boria/matrix", 404, "did you mean borea?"),
        ("/v1/actors/boria", 404, "did you mean borea?"),
        ("/v1/matrix?issue=taxx", 422, "did you mean tax?"),
        ("/v1/matrix?select=positon", 422, "did you mean position?"),
        ("/v1/matrix?sort=positon", 422, "did you mean position?"),
        ("/v1/matrix?format=xml", 422, "'json', 'csv', 'ndjson' or 'parquet'"),
        ("/v1/matrix?from=03/04/2025", 422, "from"),
        ("/v1/matrix?weight=rumour:1", 422, "expected one of"),
        ("/v1/matrix?weight=quote:2", 422, "from 0 to 1"),
        ("/v1/positions?cursor=abc", 422, "none that this service gave"),
        ("/v1/articles/none", 404, "no article"),
        ("/v1/positions/none", 404, "no position"),
        ("/v1/compare?a=alba", 422, "b"),
    ],
)
def test_what_is_refused(store: Store, path: str, status: int, told: str) -> None:
    assert told in problem(get(store, path), status)["detail"]


@pytest.mark.parametrize(("parameter", "most"), [("limit", filters.MOST_ROWS), ("min_n", 1_000)])
def test_limits_at_and_past_them(store: Store, parameter: str, most: int) -> None:
    path = "/v1/positions" if parameter == "limit" else "/v1/matrix"
    for value, status in ((most - 1, 200), (most, 200), (most + 1, 422), (0, 422), (1, 200)):
        assert get(store, path, params={parameter: value}).status_code == status


def test_the_most_names(store: Store) -> None:
    for count, status in ((filters.MOST_NAMES, 200), (filters.MOST_NAMES + 1, 422)):
        sources = ",".join(f"s{i}" for i in range(count))
        assert get(store, "/v1/positions", params={"source": sources}).status_code == status


def test_evidence_is_only_ever_text(mine: Store) -> None:
    hostile = "Alba backs the tax, said =HYPERLINK(1) <script>x</script> \u202eabc."
    ingest(mine, TRACKER, [article(hostile, 0)])
    assert "<script>" in rows(mine, "/v1/positions")[0]["text"]
    assert [r.position.text for r in mine.rows(Query())] == [rows(mine, "/v1/positions")[0]["text"]]
