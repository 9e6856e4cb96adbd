"""Too much, too slow, too clever: what the service refuses, and what it tells of itself."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fakes import FakeScorer
from fastapi import FastAPI
from test_service import (
    PROBLEM,
    TEXT,
    FailingScorer,
    SlowScorer,
    analyze,
    app,
    ask,
    problem,
    started,
    tracker,
)

from service.app import create_app
from service.observing import set_up_log
from service.server import PromptProtocol
from service.settings import Settings
from stance.records import Scores
from stance.store import Store

JSON = {"content-type": "application/json"}


def test_too_many_texts_are_refused_at_once_and_the_others_answered() -> None:
    scorer = SlowScorer()
    limits = Settings(parallel_analyses=1, batch_characters=1, max_waiting_analyses=2)
    service = app(scorer, limits)

    async def check() -> list[httpx.Response]:
        async with started(service) as client:

            def send() -> asyncio.Task[httpx.Response]:
                body = {"text": "Corvo rejects the tolls."}
                return asyncio.create_task(client.post("/v1/analyze", json=body))

            tasks = [send()]
            while scorer.inside < 1:
                await asyncio.sleep(0.01)
            tasks += [send(), send()]
            while service.state.context.analyses.waiting < 2:
                await asyncio.sleep(0.01)
            refused = await send()
            assert "2 texts are waiting" in problem(refused, 429)["detail"]
            assert int(refused.headers["retry-after"]) > 0
            scorer.go.set()
            return await asyncio.gather(*tasks)

    assert [answer.status_code for answer in asyncio.run(check())] == [200] * 3


def test_a_text_does_not_wait_for_ever() -> None:
    scorer = SlowScorer()
    limits = Settings(parallel_analyses=1, batch_characters=1, max_wait_seconds=0.05)
    service = app(scorer, limits)

    async def check() -> None:
        async with started(service) as client:
            body = {"text": "Corvo rejects the tolls."}
            taken = asyncio.create_task(client.post("/v1/analyze", json=body))
            while scorer.inside < 1:
                await asyncio.sleep(0.01)
            late = await client.post("/v1/analyze", json=body)
            assert "no time" in problem(late, 429)["detail"]
            assert service.state.context.analyses.waiting == 0
            scorer.go.set()
            assert (await taken).status_code == 200  # what was begun is finished

    asyncio.run(check())


def test_a_text_that_fails_takes_no_other_down() -> None:
    class Picky(FakeScorer):
        def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
            if any("tolls" in premise for premise, _ in questions):
                raise RuntimeError("/srv/secret")
            return super().score(questions)

    async def check() -> list[int]:
        async with started(app(Picky(), Settings(parallel_analyses=1))) as client:
            texts = ["Alba backs a truce.", "Corvo rejects the tolls.", "?!", "It rained."] * 3
            sent = [client.post("/v1/analyze", json={"text": text}) for text in texts]
            return [answer.status_code for answer in await asyncio.gather(*sent)]

    assert asyncio.run(check()) == [200, 500, 422, 200] * 3


def test_so_many_requests_are_answered_at_once() -> None:
    scorer = SlowScorer()
    service = app(scorer, Settings(max_requests=2, batch_characters=1))

    async def check() -> None:
        async with started(service) as client:
            body = {"text": "Corvo rejects the tolls."}
            slow = [asyncio.create_task(client.post("/v1/analyze", json=body)) for _ in range(2)]
            while scorer.inside < 2:
                await asyncio.sleep(0.01)
            refused = await client.get("/v1/actors")
            problem(refused, 429)
            assert refused.headers["retry-after"] == "1"
            assert (await client.get("/v2/health/live")).status_code == 200
            assert (await client.get("/metrics")).status_code == 200
            scorer.go.set()
            assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}
            assert (await client.get("/v1/actors")).status_code == 200

    asyncio.run(check())


def test_so_many_requests_a_minute() -> None:
    async def check() -> list[int]:
        async with started(app(settings=Settings(requests_per_minute=3))) as client:
            answers = [await client.get("/v1/actors") for _ in range(4)]
            assert int(answers[-1].headers["retry-after"]) > 0
            return [answer.status_code for answer in answers]

    assert asyncio.run(check()) == [200, 200, 200, 429]


def test_a_body_that_does_not_come() -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b'{"text": '
        await asyncio.sleep(20)
        raise AssertionError("waited")

    async def send() -> httpx.Response:
        async with started(app(settings=Settings(body_seconds=0.05))) as client:
            return await client.post("/v1/analyze", content=never(), headers=JSON)

    answer = asyncio.run(send())
    assert "0.05 seconds" in problem(answer, 408)["detail"]
    assert answer.headers["connection"] == "close"


@contextmanager
def listening() -> Iterator[int]:
    """A service under its server, in a thread; gives the port."""
    server = uvicorn.Server(uvicorn.Config(app(), http=PromptProtocol, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def test_headers_that_do_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PromptProtocol, "seconds", 0.3)
    whole = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with listening() as port:
        for first in (b"", b"GET / HTTP/1.1\r\nHo", whole, whole + b"GET /"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                client.sendall(first)
                told = b""
                if first.startswith(whole):
                    told = client.recv(65536)
                    client.sendall(b"G")
                while more := client.recv(65536):
                    told += more
                assert told.startswith(b"HTTP/1.1 200" if first.startswith(whole) else b"")
                assert told.count(b"HTTP/1.1") == first.startswith(whole)


def test_a_request_in_time_is_answered_on_the_same_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PromptProtocol, "seconds", 0.3)
    with listening() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):
            assert client.get("/v1/actors").status_code == 200
            time.sleep(0.4)  # longer than headers may take, shorter than a connection is kept


@pytest.mark.parametrize("kind", ["gzip", "deflate", "br", "gzip, gzip", "x"])
def test_a_compressed_body_is_refused_unopened(kind: str) -> None:
    bomb = gzip.compress(json.dumps({"text": "a" * 10_000_000}).encode())
    answer = ask("POST", "/v1/analyze", content=bomb, headers=JSON | {"content-encoding": kind})
    problem(answer, 415)


@pytest.mark.parametrize("path", ["/v1/analyze", "/v1/articles", "/v1/positions/x/review"])
@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b'{"text": 1e999999}'])
def test_deep_and_wild_json(path: str, content: bytes, tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "db")) as store:
        service = create_app(tracker(), Settings(), store=store)
        answer = ask("POST", path, service=service, content=content, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../etc/passwd",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
        "/v1/jobs/..%2f..%2fetc%2fpasswd",
        "/v1/jobs/%00",
        "/v1/jobs/" + "x" * 5000,
        "/v1/jobs/%ff%fe",
        "/v1/jobs/'%20OR%201=1--",
        "//v1/actors",
        "/V1/actors",
        "/v1/actors;a=b",
    ],
)
def test_odd_paths(path: str, tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "db")) as store:
        answer = ask("GET", path, service=create_app(tracker(), Settings(), store=store))
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == PROBLEM
    assert "root:" not in answer.text
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "1.2.3.4", "x-forwarded-host": "evil", "forwarded": "host=evil"},
        {"x-http-method-override": "DELETE"},
        {"content-length": "9" * 5000},
        {"content-length": "-1"},
        {"x-original-url": "/v1/jobs"},
        {"accept": "text/\x7f", "range": "bytes=0-0"},
    ],
)
def test_odd_headers_change_nothing(headers: dict[str, str]) -> None:
    plain, odd = ask("GET", "/v1/actors"), ask("GET", "/v1/actors", headers=headers)
    assert (odd.status_code, odd.content) == (plain.status_code, plain.content)
    assert "evil" not in str(odd.headers)


# A store that is away


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    place = tmp_path / "secret-place"
    with Store.open(str(place)) as store:
        service = create_app(tracker(), Settings(), store=store)

        async def check() -> None:
            async with started(service) as client:
                assert (await client.get("/v2/health/ready")).status_code == 200
                store.close()
                place.write_bytes(b"no database" * 1000)
                for path in ("/v2/health/ready", "/v1/jobs"):
                    answer = await client.get(path)
                    assert "log tells why" in problem(answer, 503)["detail"]
                    assert "secret" not in answer.text
                assert (await client.get("/v2/health/live")).status_code == 200
                assert (await client.get("/metrics")).status_code == 200
                assert (await client.post("/v1/analyze", json={"text": TEXT})).status_code == 200

        asyncio.run(check())


# What it tells of itself


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1", True), ("", False), ("a b", False), ("x" * 65, False)]
)
def test_every_answer_has_an_id(given: str, kept: bool) -> None:
    for path in ("/v1/actors", "/nowhere", "/v1/jobs"):
        answer = ask("GET", path, headers={"x-request-id": given})
        found = answer.headers["x-request-id"]
        assert (found == given) == kept
        assert found
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_metrics_count_by_template_and_not_by_address() -> None:
    service = app()

    async def check() -> str:
        async with started(service) as client:
            for path in ("/v1/actors", "/v1/actors", "/nowhere/1", "/nowhere/2", "/v1/jobs/x"):
                await client.get(path)
            return (await client.get("/metrics")).text

    text = asyncio.run(check())
    asked = 'stance_requests_total{address="/v1/actors",method="GET",status="200"} 2.0'
    assert asked in text
    assert 'address="other",method="GET",status="404"} 2.0' in text
    assert 'address="/v1/jobs/{id}"' in text
    assert "stance_ready 1.0" in text
    assert 'stance_model{version="fake-1"} 1.0' in text
    assert "nowhere" not in text


def test_the_log_is_json_and_holds_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr("sys.stderr", stream)
    try:
        set_up_log("info")
        analyze("Alba backs a truce.", title="Harbour")
        analyze(service=failing())
        ask("GET", "/v1/actors?q=Harbour", headers={"authorization": "Bearer Harbour"})
    finally:
        root.handlers, root.level = handlers, level
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    asked = [one for one in lines if one["event"] == "request"]
    assert [(one["method"], one["address"], one["status"]) for one in asked] == [
        ("POST", "/v1/analyze", 200),
        ("POST", "/v1/analyze", 500),
        ("GET", "/v1/actors", 401),
    ]
    assert all(one["request"] and one["timestamp"] for one in asked)
    for word in ("Harbour", "truce", "Alba"):
        assert word not in stream.getvalue()


def failing() -> FastAPI:
    return app(FailingScorer(RuntimeError("broken")))


def test_settings_stand_in_the_contract() -> None:
    told: Any = ask("GET", "/openapi.json", service=app(settings=Settings(max_articles=7))).json()
    assert told["components"]["schemas"]["IngestRequest"]["properties"]["articles"]["maxItems"] == 7
    assert "7 articles" in told["info"]["description"]
