"""The service over HTTP: its answers, its refusals, and that a slow text holds up nobody."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import FakeScorer
from fastapi import FastAPI

from service.app import create_app
from service.cli import serve
from service.schemas import MAX_DATE, MAX_SOURCE, MAX_TITLE, MAX_URL
from service.settings import Settings, is_loopback
from stance.errors import ModelError, StanceError, UnknownNameError
from stance.pipeline import Tracker
from stance.records import EVIDENCE_KINDS, STANCES, Article, Position, Scores
from stance.register import Actor, Actors, Issue, Issues, Office, data_version
from stance.stages import Reader
from stance.tables import POSITIONS

TESTS = Path(__file__).parent
PROBLEM = "application/problem+json"
IN_A_PROCESS = {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}

ACTORS = Actors(
    (
        Actor(id="ruritania", name="Ruritania", kind="collective", adjectives=("Ruritanian",)),
        Actor(
            id="alba",
            name="Berta Alba",
            kind="person",
            aliases=("Alba",),
            offices=(
                Office.model_validate(
                    {"titles": ["president"], "of": "ruritania", "from": "2024-05-01"}
                ),
            ),
        ),
        Actor(id="corvo", name="Dan Corvo", kind="person", aliases=("Corvo",)),
    )
)
ISSUES = Issues(
    (
        Issue(id="truce", title="Truce", proposition="The guns should rest", cues=("truce*",)),
        Issue(id="tolls", title="Tolls", proposition="Tolls should rise", cues=("toll*",)),
    )
)
TEXT = "Alba backs a truce. Nobody asked.\n\nCorvo rejects the tolls. Alba weighs the tolls."


def tracker(scorer: FakeScorer | None = None) -> Tracker:
    return Tracker(Reader(ACTORS, ISSUES), scorer or FakeScorer())


def app(scorer: FakeScorer | None = None, settings: Settings | None = None) -> FastAPI:
    return create_app(tracker(scorer), settings or Settings())


@asynccontextmanager
async def started(service: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that has started, as under a server."""
    async with service.router.lifespan_context(service), unstarted(service) as client:
        yield client


@asynccontextmanager
async def unstarted(service: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def ask(method: str, path: str, *, service: FastAPI | None = None, **given: Any) -> httpx.Response:
    """One request to a service of its own."""

    async def send() -> httpx.Response:
        async with started(service or app()) as client:
            return await client.request(method, path, **given)

    return asyncio.run(send())


def analyze(text: str = TEXT, *, service: FastAPI | None = None, **more: Any) -> httpx.Response:
    return ask("POST", "/v1/analyze", service=service, json={"text": text, **more})


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The one shape of every error."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "versions"}
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert len(body["detail"].splitlines()) == 1
    assert "Traceback" not in answer.text
    assert body["versions"]["model_version"] == "fake-1"
    for error in body["errors"]:
        assert set(error) == {"detail", "pointer", "parameter"}
    return body


# Answers


def test_every_answer_names_its_versions() -> None:
    expected = {
        "data_version": data_version(ACTORS, ISSUES),
        "model_version": "fake-1",
        "codebook_version": "1",
    }
    for path in (
        "/v1/actors",
        "/v1/issues",
        "/v1/versions",
        "/v2/health/live",
        "/v2/health/ready",
        "/nowhere",
    ):
        assert ask("GET", path).json()["versions"] == expected, path
    assert analyze().json()["versions"] == expected


def test_the_data_version_follows_what_is_tracked() -> None:
    fewer = Actors(ACTORS.entries[:2])
    noun = Actors(ACTORS.entries, bodies=("government",))
    versions = [data_version(actors, ISSUES) for actors in (ACTORS, fewer, noun)]
    assert len(set(versions)) == 3
    assert data_version(Actors(ACTORS.entries), ISSUES) == versions[0]


def test_actors_come_with_their_dated_offices() -> None:
    answer = ask("GET", "/v1/actors").json()
    assert [actor["id"] for actor in answer["actors"]] == ["ruritania", "alba", "corvo"]
    assert answer["actors"][1] == {
        "id": "alba",
        "name": "Berta Alba",
        "kind": "person",
        "aliases": ["Alba"],
        "speaks_for": None,
        "offices": [
            {"titles": ["president"], "of": "ruritania", "from": "2024-05-01", "until": None}
        ],
    }


def test_issues_come_with_their_proposition_and_cues() -> None:
    assert ask("GET", "/v1/issues").json()["issues"][1] == {
        "id": "tolls",
        "title": "Tolls",
        "proposition": "Tolls should rise",
        "support": "",
        "oppose": "",
        "cues": ["toll*"],
    }


def test_analyze_gives_the_positions_in_the_order_of_the_text() -> None:
    answer = analyze().json()
    found = [(p["actor"], p["issue"], p["stance"], p["text"]) for p in answer["positions"]]
    assert found == [
        ("alba", "truce", "support", "Alba backs a truce."),
        ("corvo", "tolls", "oppose", "Corvo rejects the tolls."),
        ("alba", "tolls", "neutral", "Alba weighs the tolls."),
    ]


def test_a_position_is_the_row_that_the_library_writes_to_a_file() -> None:
    given: dict[str, Any] = {
        "title": "On tolls",
        "published": "2025-08-15",
        "source": "Echo",
        "url": "http://x/",
    }
    answer = analyze(**given).json()
    rows = [
        dict(zip(POSITIONS.names, POSITIONS.cells(position), strict=True))
        for position in tracker().analyze(TEXT, **given)
    ]
    assert answer["positions"] == rows
    assert rows
    assert list(answer["positions"][0]) == list(POSITIONS.names)
    assert {*answer["positions"][0]} == {field.name for field in fields(Position)}
    assert answer["positions"][0]["published"] == "2025-08-15T00:00:00+00:00"


def test_offsets_slice_the_text_that_is_sent_back() -> None:
    # cleaning drops the invisible, opens the glue and puts the headline first
    answer = analyze(
        "Al\u00adba backs a truce.And\u200b so on. 🕊 Corvo rejects tolls.", title="Today"
    )
    article, positions = answer.json()["article"], answer.json()["positions"]
    assert article["text"].startswith("Today\n\nAlba backs")
    assert len(positions) == 2
    for position in positions:
        assert article["text"][position["start"] : position["end"]] == position["text"]
        assert position["article_id"] == article["id"]


def test_a_text_without_positions_is_an_answer() -> None:
    answer = analyze("It rained.")
    assert answer.status_code == 200
    assert answer.json()["positions"] == []
    assert answer.json()["article"]["published"] is None


def test_the_day_tells_who_held_the_office() -> None:
    text = "The Ruritanian president backs a truce."

    def actors(day: str) -> set[str]:
        return {p["actor"] for p in analyze(text, published=day).json()["positions"]}

    assert "alba" in actors("2025-01-01T00:00:00+01:00")
    assert "alba" not in actors("2023-01-01")


def test_the_same_text_gives_the_same_answer() -> None:
    assert analyze().content == analyze().content


# Refusals


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/actors/", "/v1/nobody", "/docs", "/v1/%0A%ff"])
def test_an_address_that_is_none(path: str) -> None:
    assert "/openapi.json" in problem(ask("GET", path), 404)["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("POST", "/v1/actors", "GET"), ("GET", "/v1/analyze", "POST")]
)
def test_a_method_that_is_not_allowed(method: str, path: str, allowed: str) -> None:
    answer = ask(method, path)
    assert allowed in problem(answer, 405)["detail"]
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/actors"),
        ("GET", "/v1/issues"),
        ("GET", "/v1/versions"),
        ("POST", "/v1/analyze"),
        ("GET", "/v2/health/live"),
        ("GET", "/v2/health/ready"),
    ],
)
def test_unknown_parameters_are_refused(method: str, path: str) -> None:
    given: dict[str, Any] = {"json": {"text": TEXT}} if method == "POST" else {}
    body = problem(ask(method, f"{path}?limit=3&x&limit=4", **given), 422)
    assert [error["parameter"] for error in body["errors"]] == ["limit", "x"]
    assert body["detail"] == f"unknown parameter 'limit'; {path} takes none (and 1 more)"


def test_a_long_list_of_errors_says_that_it_goes_on() -> None:
    query = "&".join(f"p{i}" for i in range(50))
    body = problem(ask("GET", f"/v1/actors?{query}"), 422)
    assert len(body["errors"]) == 20
    assert body["detail"].endswith("(and 49 more; the first 20 are listed)")


@pytest.mark.parametrize(
    ("body", "pointer", "told"),
    [
        ({}, "#/text", "text: Field required"),
        ({"text": ""}, "#/text", "at least 1 character"),
        ({"text": 3}, "#/text", "valid string"),
        ({"text": None}, "#/text", "valid string"),
        ({"text": "a \ud800 b"}, "#/text", "unicode"),
        ({"text": "a", "titel": "b"}, "#/titel", "unknown field 'titel'; did you mean title"),
        ({"text": "a", "x/y~\n ü": "b"}, "#/x~1y~0%20%C3%BC", "unknown field 'x/y~ ü'"),
        ({"text": "a", "published": "soon"}, "#/published", "published: 'soon' is no date"),
        ({"text": "a", "published": "03/04/2025"}, "#/published", "day or month first"),
        ({"text": "a", "published": "1\ud800\n2"}, "#/published", "is no date"),
        ({"text": "a", "published": 20250815}, "#/published", "a date is a text"),
        ({"text": "a", "title": ["b"]}, "#/title", "valid string"),
        ({"text": "a", "\ud800": 1}, "#", "half a surrogate pair"),
        ([], "#", "no JSON object"),
        ("text", "#", "no JSON object"),
    ],
)
def test_a_body_that_breaks_a_rule(body: Any, pointer: str, told: str) -> None:
    content = json.dumps(body)
    answer = ask(
        "POST", "/v1/analyze", content=content, headers={"content-type": "application/json"}
    )
    found = problem(answer, 422)
    assert told in found["detail"]
    assert [error["pointer"] for error in found["errors"]] == [pointer]


def test_a_name_of_any_length_is_shown_short() -> None:
    long: dict[str, Any] = {"n" * 5000: 1}
    found = problem(analyze(**long), 422)
    assert len(found["detail"]) < 300
    assert len(found["errors"][0]["pointer"]) < 300


@pytest.mark.parametrize(
    "content",
    [
        b'{"text": "a"',
        b"{'text': 'a'}",
        b'{"text": "\xff"}',
        b"[" * 200_000,
        b'{"text": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json(content: bytes) -> None:
    answer = ask(
        "POST", "/v1/analyze", content=content, headers={"content-type": "application/json"}
    )
    problem(answer, 400)


@pytest.mark.parametrize("given", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
def test_a_body_that_does_not_say_it_is_json(given: str) -> None:
    answer = ask("POST", "/v1/analyze", content=b'{"text": "a"}', headers={"content-type": given})
    assert "application/json" in problem(answer, 415)["detail"]


def test_json_may_come_under_any_json_type() -> None:
    for given in ("application/json; charset=utf-8", "Application/JSON", "application/ld+json"):
        answer = ask(
            "POST", "/v1/analyze", content=b'{"text": "a"}', headers={"content-type": given}
        )
        assert answer.status_code == 200, given


def test_a_missing_body() -> None:
    assert problem(ask("POST", "/v1/analyze"), 422)["detail"] == "the body is missing"


def test_a_text_without_words() -> None:
    assert problem(analyze(" \u200b—!"), 422)["detail"] == "text: it holds no words"


# Limits, at n - 1, n and n + 1


def test_the_longest_text() -> None:
    service = app(settings=Settings(max_text_characters=100))
    for length in (99, 100):
        assert analyze("é" * length, service=service).status_code == 200
    body = problem(analyze("é" * 101, service=service), 422)
    assert body["detail"] == "text: 101 characters, at most 100 are read"
    assert body["errors"][0]["pointer"] == "#/text"


def test_the_longest_text_fits_into_the_largest_body_however_it_is_escaped() -> None:
    limits = Settings()
    assert limits.max_text_characters * len(r"\ud83d\udd4a") < limits.max_body_bytes


@pytest.mark.parametrize(
    ("field", "most"), [("title", MAX_TITLE), ("source", MAX_SOURCE), ("url", MAX_URL)]
)
def test_the_longest_other_fields(field: str, most: int) -> None:
    def send(length: int) -> httpx.Response:
        given: dict[str, Any] = {field: "b" * length}
        return analyze("a", **given)

    for length in (most - 1, most):
        answer = send(length)
        assert answer.status_code == 200
        assert answer.json()["article"][field] == "b" * length
    assert str(most) in problem(send(most + 1), 422)["detail"]


def test_the_longest_date() -> None:
    for length in (MAX_DATE - 1, MAX_DATE):
        assert analyze("a", published="2025-08-15".ljust(length)).status_code == 200
    problem(analyze("a", published="2025-08-15".ljust(MAX_DATE + 1)), 422)


@pytest.mark.parametrize("chunked", [False, True])
def test_the_largest_body(chunked: bool) -> None:
    def send(size: int) -> httpx.Response:
        content = b'{"text": "a"}'.ljust(size)

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, size, 7):
                yield content[start : start + 7]

        return ask(
            "POST",
            "/v1/analyze",
            service=app(settings=Settings(max_body_bytes=50)),
            content=chunks() if chunked else content,
            headers={"content-type": "application/json"},
        )

    for size in (49, 50):
        assert send(size).status_code == 200
    refused = problem(send(51), 413)
    assert "50 bytes" in refused["detail"]
    assert refused["title"] == "Content Too Large"


def test_a_body_declared_too_large_is_not_read() -> None:
    async def send() -> httpx.Response:
        async def endless() -> AsyncIterator[bytes]:
            raise AssertionError("the body was read")
            yield b""

        async with started(app(settings=Settings(max_body_bytes=50))) as client:
            headers = {"content-type": "application/json", "content-length": "51"}
            return await client.post("/v1/analyze", content=endless(), headers=headers)

    problem(asyncio.run(send()), 413)


# When something fails inside


class FailingScorer(FakeScorer):
    """Works for the first sentence, which warms the service up, and fails after it."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
        self.asked += 1
        if self.asked > 1:
            raise self.error
        return super().score(questions)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (UnknownNameError("actor", "albo", ["alba"]), 422, "did you mean alba?"),
        (StanceError("this\nis\r\nthe reason"), 400, "this is the reason"),
        (ModelError("/srv/secret: no model here"), 500, "log"),
        (RuntimeError("/srv/secret"), 500, "log"),
    ],
)
def test_what_fails_inside(error: Exception, status: int, told: str) -> None:
    answer = analyze(service=app(FailingScorer(error)))
    assert told in problem(answer, status)["detail"]
    assert "secret" not in answer.text


# A slow text


class SlowScorer(FakeScorer):
    """Judges a sentence about tolls only when it is let go; counts how many are in at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.inside = self.most = 0
        self.lock = threading.Lock()

    def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
        if any("tolls" in premise for premise, _ in questions):
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            assert self.go.wait(timeout=20)
            with self.lock:
                self.inside -= 1
        return super().score(questions)


def test_a_slow_text_holds_up_nobody_and_few_run_at_once() -> None:
    scorer = SlowScorer()

    async def check() -> None:
        async with started(
            app(scorer, Settings(parallel_analyses=2, batch_characters=1))
        ) as client:
            slow = [
                asyncio.create_task(
                    client.post("/v1/analyze", json={"text": "Corvo rejects the tolls."})
                )
                for _ in range(5)
            ]
            while scorer.inside < 2:
                await asyncio.sleep(0.01)
            for path in ("/v1/actors", "/v1/issues", "/v1/versions", "/v2/health/ready"):
                answer = await asyncio.wait_for(client.get(path), timeout=5)
                assert answer.status_code == 200
            assert not any(task.done() for task in slow)
            scorer.go.set()
            answers = await asyncio.gather(*slow)
        assert {answer.status_code for answer in answers} == {200}
        assert {len(answer.json()["positions"]) for answer in answers} == {1}

    asyncio.run(check())
    assert scorer.most == 2


# Health


def test_ready_only_once_the_model_has_judged_a_sentence() -> None:
    asked: list[tuple[str, str]] = []

    class Listening(FakeScorer):
        def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
            asked.extend(questions)
            return super().score(questions)

    service = app(Listening())

    async def check() -> None:
        async with unstarted(service) as client:
            assert (await client.get("/v2/health/live")).json()["status"] == "live"
            cold = await client.get("/v2/health/ready")
            assert "not warm" in problem(cold, 503)["detail"]
            assert cold.headers["retry-after"] == "1"
        assert not asked
        async with started(service) as client:
            assert asked
            assert (await client.get("/v2/health/ready")).json()["status"] == "ready"
        async with unstarted(service) as client:
            problem(await client.get("/v2/health/ready"), 503)

    asyncio.run(check())


def test_an_empty_register_is_ready_too() -> None:
    empty = create_app(Tracker(Reader(Actors(()), Issues(())), FakeScorer()), Settings())
    assert ask("GET", "/v2/health/ready", service=empty).status_code == 200
    assert analyze(service=empty).json()["positions"] == []


# The contract


def contract() -> dict[str, Any]:
    limits = Settings(max_text_characters=77, max_body_bytes=999)
    answer = ask("GET", "/openapi.json", service=app(settings=limits))
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_operation_ids_are_stable() -> None:
    found = {
        f"{method} {path}": operation["operationId"]
        for path, item in contract()["paths"].items()
        for method, operation in item.items()
    }
    assert found == {
        "get /v1/actors": "list_actors",
        "get /v1/issues": "list_issues",
        "get /v1/versions": "get_versions",
        "post /v1/analyze": "analyze_text",
        "post /v1/positions/{id}/review": "review_position",
        "get /v1/positions/{id}/reviews": "list_reviews",
        "post /v1/articles": "ingest_articles",
        "get /v1/actors/{id}": "get_actor",
        "get /v1/actors/{id}/matrix": "get_actor_matrix",
        "get /v1/actors/{id}/timeline": "get_actor_timeline",
        "get /v1/articles": "list_articles",
        "get /v1/articles/{id}": "get_article",
        "get /v1/cite": "cite",
        "get /v1/compare": "compare_actors",
        "get /v1/issues/{id}": "get_issue",
        "get /v1/matrix": "get_matrix",
        "get /v1/positions": "list_positions",
        "get /v1/positions/{id}": "get_position",
        "get /v1/shifts": "list_shifts",
        "get /v1/jobs": "list_jobs",
        "get /v1/jobs/{id}": "get_job",
        "get /v2/health/live": "get_live",
        "get /v2/health/ready": "get_ready",
    }


def test_the_contract_names_limits_and_errors() -> None:
    found = contract()
    assert found["openapi"].startswith("3.1")
    assert "999 bytes" in found["info"]["description"]
    schemas = found["components"]["schemas"]
    assert schemas["AnalyzeRequest"]["properties"]["text"]["maxLength"] == 77
    assert schemas["AnalyzeRequest"]["required"] == ["text"]
    assert all(schema["additionalProperties"] is False for schema in schemas.values())
    for item in found["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                kinds = list(response.get("content", ()))
                assert status == "304" or kinds[0] == (
                    "application/json" if status < "300" else PROBLEM
                ), operation
                assert status < "300" or len(kinds) <= 1
    analysis = found["paths"]["/v1/analyze"]["post"]["responses"]
    assert set(analysis) == {"200", "400", "401", "403", "413", "415", "421", "422", "429"}


def test_the_example_of_the_contract_works() -> None:
    (example,) = contract()["components"]["schemas"]["AnalyzeRequest"]["examples"]
    assert ask("POST", "/v1/analyze", json=example).status_code == 200


def test_the_wire_knows_every_stance_and_kind_of_evidence() -> None:
    position = contract()["components"]["schemas"]["Position"]["properties"]
    assert position["stance"]["enum"] == list(STANCES)
    assert position["evidence"]["enum"] == list(EVIDENCE_KINDS)


def test_settings_know_no_other_key() -> None:
    with pytest.raises(ValueError, match="prot"):
        Settings.model_validate({"prot": 8000})


# The command


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org", "127.0.0.1.x"])
def test_other_machines_are_not_served_without_a_key(host: str, tmp_path: Path) -> None:
    with pytest.raises(StanceError, match="stance keys add") as caught:
        serve(host=host, db=str(tmp_path / "db"))
    assert len(str(caught.value).splitlines()) == 1


def test_a_taken_port_is_told_before_the_model_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StanceError, match=rf"^127.0.0.1, port {port}: address already in use$"):
            serve(port=port, db=str(tmp_path / "db"), model=str(tmp_path / "none"))


def test_a_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        serve(port=0, db=str(tmp_path / "db"), model=str(tmp_path))


def test_the_command_costs_nothing_until_it_runs() -> None:
    code = (
        "import sys, service.cli\n"
        "heavy = {'fastapi', 'uvicorn', 'pydantic', 'numpy', 'stance.pipeline'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=IN_A_PROCESS
    )
    assert done.stdout.strip() == "[]"


def test_serve_prints_its_address_answers_and_stops(tmp_path: Path) -> None:
    code = (
        "import test_service as t\n"
        "from stance.pipeline import Tracker\n"
        "Tracker.load = lambda model: t.tracker()\n"
        f"t.serve(port=0, model='fake', db={str(tmp_path / 'db')!r})"
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=IN_A_PROCESS,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Serving http://127.0.0.1:"), process.communicate()
            address = line.split()[1]
            with urllib.request.urlopen(f"{address}/v2/health/ready", timeout=60) as answer:
                assert json.load(answer)["status"] == "ready"
                assert answer.headers["server"] is None
            assert "no articles yet" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    log = [json.loads(line) for line in errors.splitlines()]
    assert [(one["event"], one["address"], one["status"]) for one in log] == [
        ("request", "/v2/health/ready", 200)
    ]


def test_articles_are_not_kept_between_requests() -> None:
    """Stateless: one text does not answer for the next."""
    service = app()
    first = analyze("Alba backs a truce.", service=service).json()
    second = analyze("Corvo backs a truce.", service=service).json()
    assert [p["actor"] for p in first["positions"]] == ["alba"]
    assert [p["actor"] for p in second["positions"]] == ["corvo"]
    assert first["article"]["id"] == Article("Alba backs a truce.").id
