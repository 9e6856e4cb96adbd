"""Another model is published while the service runs: it takes over, and nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import FakeScorer
from test_service import ACTORS, ISSUES, started, tracker
from tiny_models import tiny_model

from service.app import create_app
from service.models import EVERY, Follower, PublishedModels
from service.settings import Settings
from stance.errors import ModelError
from stance.pipeline import Tracker
from stance.registry import Registry
from stance.scorer import Scorer
from stance.stages import Reader


class Newer(FakeScorer):
    """The same answers by other weights."""

    version = "fake-2"


class FakeModels:
    """A registry in memory; loading waits until it may go on."""

    def __init__(self) -> None:
        self.version = "fake-1"
        self.looks = self.loads = 0
        self.go = threading.Event()
        self.error: Exception | None = None

    def stamp(self) -> object:
        self.looks += 1
        return self.version

    def current(self) -> str:
        return self.version

    def load(self, version: str) -> Scorer:
        self.loads += 1
        assert self.go.wait(timeout=20)
        if self.error:
            raise self.error
        return Newer()


@pytest.fixture(autouse=True)
def always(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks, so that no test waits for a second to pass."""
    monkeypatch.setattr("service.models.EVERY", 0.0)


async def health(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/v2/health/ready")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def until(client: httpx.AsyncClient, holds: Callable[[dict[str, Any]], bool]) -> None:
    for _ in range(2000):
        if holds(await health(client)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(await health(client))


def serves(version: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: body["versions"]["model_version"] == version


async def analyzed(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/analyze", json={"text": "Alba backs a truce."})
    body = answer.json()
    (position,) = body["positions"]
    assert position["model_version"] == body["versions"]["model_version"]
    return str(position["model_version"])


def test_the_old_model_answers_until_the_new_one_is_loaded() -> None:
    models = FakeModels()

    async def check() -> None:
        async with started(create_app(tracker(), Settings(), models)) as client:
            assert (await health(client))["model_update"] is None
            models.version = "fake-2"
            await until(client, lambda body: models.loads == 1)
            assert (await health(client))["model_update"]["state"] == "loading"
            assert (await health(client))["model_update"]["version"] == "fake-2"
            assert await analyzed(client) == "fake-1"
            models.go.set()
            await until(client, serves("fake-2"))
            await until(client, lambda body: body["model_update"] is None)
            assert await analyzed(client) == "fake-2"
        assert models.loads == 1

    asyncio.run(check())


def test_an_analysis_under_way_names_the_model_it_was_made_with() -> None:
    models = FakeModels()
    models.go.set()
    inside, go = threading.Event(), threading.Event()

    class Slow(FakeScorer):
        def score(self, questions: Any) -> Any:
            if any("tolls" in premise for premise, _ in questions):
                inside.set()
                assert go.wait(timeout=20)
            return super().score(questions)

    async def check() -> None:
        async with started(create_app(tracker(Slow()), Settings(), models)) as client:
            text = {"text": "Corvo rejects the tolls."}
            slow = asyncio.create_task(client.post("/v1/analyze", json=text))
            while not inside.is_set():
                await asyncio.sleep(0.01)
            models.version = "fake-2"
            await until(client, serves("fake-2"))
            go.set()
            body = (await slow).json()
            assert body["versions"]["model_version"] == "fake-1"
            assert body["positions"][0]["model_version"] == "fake-1"
            assert await analyzed(client) == "fake-2"

    asyncio.run(check())


@pytest.mark.parametrize(
    "error", [ModelError("/srv/secret/model.onnx: SHA-256 differs"), RuntimeError("/srv/secret")]
)
def test_a_model_that_cannot_be_loaded_leaves_the_old_one(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    models = FakeModels()
    models.error = error
    models.go.set()

    async def check() -> None:
        async with started(create_app(tracker(), Settings(), models)) as client:
            models.version = "fake-2"
            await until(client, lambda body: (body["model_update"] or {}).get("state") == "failed")
            told = await client.get("/v2/health/live")
            assert told.json()["model_update"]["version"] == "fake-2"
            assert "secret" not in told.text
            assert await analyzed(client) == "fake-1"
            assert models.loads == 1, "tried again although nothing changed"
            models.version = "fake-1"
            await until(client, lambda body: body["model_update"] is None)

    with caplog.at_level(logging.ERROR):
        asyncio.run(check())
    assert "/srv/secret" in caplog.text


def test_the_registry_is_looked_at_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.models.EVERY", EVERY)
    models, now = FakeModels(), 0.0

    async def check() -> None:
        nonlocal now
        follower = Follower(
            models, serving=lambda: "fake-1", adopt=lambda scorer: None, clock=lambda: now
        )
        for moment, looks in ((0.0, 1), (0.4, 1), (0.99, 1), (1.0, 2), (1.5, 2), (2.0, 3)):
            now = moment
            follower.look()
            await asyncio.sleep(0.05)
            assert models.looks == looks, moment

    asyncio.run(check())


def test_nothing_is_followed_where_a_model_was_named() -> None:
    async def check() -> None:
        async with started(create_app(tracker(), Settings())) as client:
            assert (await health(client))["model_update"] is None

    asyncio.run(check())


def test_a_publish_and_a_rollback_reach_the_running_service(tmp_path: Path) -> None:
    models = Registry(tmp_path / "models")

    def publish(version: str, after: str | None) -> None:
        with models.staged(tiny_model(tmp_path / version, version)) as staged:
            models.publish(staged, after=after, scores={})

    publish("v1", None)
    first = Tracker(Reader(ACTORS, ISSUES), PublishedModels(models).load("v1"))

    async def check() -> None:
        async with started(create_app(first, Settings(), PublishedModels(models))) as client:
            assert await analyzed(client) == "v1"
            publish("v2", "v1")
            await until(client, serves("v2"))
            assert await analyzed(client) == "v2"
            (models.folder / "v1" / "model.onnx").unlink()
            (models.folder / "v1" / "model.onnx").write_bytes(b"damaged")
            with pytest.raises(ModelError, match="SHA-256"):
                models.rollback()
            assert await analyzed(client) == "v2"
            publish("v3", "v2")
            await until(client, serves("v3"))
            assert models.rollback() == "v2"
            await until(client, serves("v2"))
            assert await analyzed(client) == "v2"

    asyncio.run(check())
