"""Articles sent to the service: taken in once, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from stored import article, articles, in_order, make_tracker, many, whole
from test_service import started

from service.app import create_app
from service.demo import demonstration
from service.ingesting import IngestRequest
from service.settings import Settings
from service.worker import INGEST, MOST_REJECTED, JobWorker, WorkerProcess
from stance.errors import UnknownNameError
from stance.pipeline import Tracker
from stance.records import Article
from stance.store import Job, Store

HERE = Path(__file__).parent
LEASE = 0.6

WORKER = f"""
import sys, threading, time
import fakes, stored
from service.worker import JobWorker
from stance.store import Store
class Slow(fakes.FakeScorer):
    def score(self, questions):
        time.sleep(0.02)
        return super().score(questions)
store = Store.open(sys.argv[1])
JobWorker(store, lambda _: stored.make_tracker(Slow()), lease={LEASE}).run(threading.Event())
"""


def sent(given: list[Article]) -> dict[str, Any]:
    return {
        "articles": [
            {
                "text": one.text,
                "title": one.title,
                "source": one.source,
                "published": one.published.isoformat() if one.published else None,
            }
            for one in given
        ]
    }


def worker(store: Store, load: Callable[[str | None], Tracker] | None = None) -> JobWorker:
    return JobWorker(store, load or (lambda _: make_tracker()), lease=LEASE)


def post(service: FastAPI, body: dict[str, Any]) -> httpx.Response:
    async def send() -> httpx.Response:
        async with started(service) as client:
            return await client.post("/v1/articles", json=body)

    return asyncio.run(send())


def get(service: FastAPI, path: str) -> httpx.Response:
    async def send() -> httpx.Response:
        async with started(service) as client:
            return await client.get(path)

    return asyncio.run(send())


def app(store: Store | None, **settings: Any) -> FastAPI:
    return create_app(make_tracker(), Settings(**settings), store=store)


def only_job(store: Store) -> Job:
    (job,) = store.jobs()
    return job


def test_articles_become_the_rows_of_the_library(store: Store) -> None:
    service = app(store)
    answer = post(service, sent(articles()))
    assert answer.status_code == 202, answer.text
    address = answer.headers["location"]
    assert get(service, address).json()["job"]["state"] == "queued"
    assert worker(store).work()
    job = get(service, address).json()["job"]
    assert (job["state"], job["done"], job["total"]) == ("done", 10, 10)
    assert job["result"] == {
        "articles": 10,
        "stored": 10,
        "rejected": 0,
        "rejections": [],
        "model_version": "fake-1",
    }
    assert in_order(store.positions()) == whole(make_tracker(), articles())
    assert [one["id"] for one in get(service, "/v1/jobs").json()["jobs"]] == [job["id"]]


def test_the_same_articles_are_the_same_job(store: Store) -> None:
    service, body = app(store), sent(articles())
    first, second = post(service, body), post(service, body)
    assert first.headers["location"] == second.headers["location"]
    worker(store).work()
    again = post(service, body)
    assert again.json()["job"]["state"] == "done"
    assert not worker(store).work()
    other = post(service, sent(articles()[:3]))
    assert other.headers["location"] != first.headers["location"]
    assert worker(store).work()
    assert store.count_articles() == 10


def test_a_text_is_not_kept_with_its_job(store: Store) -> None:
    post(app(store), sent(articles()))
    worker(store).work()
    kept = store.job(only_job(store).id)
    assert kept is not None
    assert kept.payload == {}


def test_bad_articles_are_rejected_and_the_others_stored(store: Store) -> None:
    bad = [{"text": "?!"}, {"text": "Alba backs the tax.", "published": "31/31/2020"}]
    post(app(store), {"articles": [bad[0], *sent(articles())["articles"][:2], bad[1]]})
    worker(store).work()
    result = only_job(store).result
    assert result is not None
    assert (result["stored"], result["rejected"]) == (2, 2)
    assert [(one["row"], one["field"]) for one in result["rejections"]] == [
        (1, None),
        (4, "published"),
    ]
    assert "no words" in result["rejections"][0]["reason"]


def test_no_more_rejections_are_listed_than_said(store: Store) -> None:
    post(app(store), {"articles": [{"text": f"?{'!' * n}"} for n in range(MOST_REJECTED + 1)]})
    worker(store).work()
    result = only_job(store).result
    assert result is not None
    assert result["rejected"] == MOST_REJECTED + 1
    assert len(result["rejections"]) == MOST_REJECTED


def test_limits_of_a_request(store: Store) -> None:
    service = app(store, max_articles=2, max_text_characters=30, max_waiting_jobs=1)
    two = sent([article(f"Alba backs the tax {n}.") for n in range(2)])
    assert post(service, two).status_code == 202
    three = sent([article(f"Alba backs the tax {n}.") for n in range(3)])
    refused = post(service, three).json()
    assert (refused["status"], refused["errors"][0]["pointer"]) == (422, "#/articles")
    long = {"articles": [{"text": "a"}, {"text": "b" * 31}]}
    assert post(service, long).json()["errors"][0]["pointer"] == "#/articles/1/text"
    full = post(service, {"articles": [{"text": "b" * 30}]})
    assert full.status_code == 429
    assert int(full.headers["retry-after"]) > 0
    assert post(service, two).status_code == 202  # it is there already
    assert post(service, {"articles": []}).status_code == 422


def test_a_job_that_is_nowhere() -> None:
    assert get(app(None), "/v1/jobs").status_code == 404


def test_a_job_that_failed_is_begun_anew_when_asked_again(store: Store) -> None:
    body = sent(articles())

    def broken(_: str | None) -> Tracker:
        raise RuntimeError("/srv/secret")

    post(app(store), body)
    worker(store, broken).work()
    job = get(app(store), f"/v1/jobs/{only_job(store).id}").json()["job"]
    assert job["state"] == "failed"
    assert job["error"] == "it failed inside; the log tells why"
    assert post(app(store), body).json()["job"]["state"] == "queued"
    worker(store).work()
    assert only_job(store).state == "done"


def test_a_store_goes_on_with_its_model(store: Store) -> None:
    asked: list[str | None] = []

    def load(version: str | None) -> Tracker:
        asked.append(version)
        if version == "fake-0":
            raise UnknownNameError("model", "fake-0", [])
        return make_tracker()

    store.use_model("fake-0")
    post(app(store), sent(articles()))
    worker(store, load).work()
    assert asked == ["fake-0"]
    assert "stance db rescore" in (only_job(store).error or "")


def test_a_worker_that_is_told_to_stop_puts_its_job_back(store: Store) -> None:
    post(app(store), sent(many()))
    stop = threading.Event()
    stop.set()
    assert worker(store).work(stop)
    job = only_job(store)
    assert (job.state, job.attempts) == ("queued", 0)
    assert worker(store).work()
    assert only_job(store).state == "done"


def test_killed_workers_lose_nothing_and_double_nothing(store_url: str) -> None:
    """Two processes work on one store; one after the other is killed in the middle of a job."""
    with Store.open(store_url) as store:
        given = many()
        for start in range(0, len(given), 35):
            post(app(store), sent(given[start : start + 35]))
        total, kills = store.job_counts()["queued"], 0
        processes = [begin(store_url) for _ in range(2)]
        try:
            deadline = time.monotonic() + 120
            while store.job_counts()["done"] < total:
                assert time.monotonic() < deadline, store.jobs()
                if kills < 3 and store.count_articles() > 8 * (kills + 1):
                    victim = processes.pop(0)
                    victim.send_signal(signal.SIGKILL)
                    victim.wait()
                    kills += 1
                    processes.append(begin(store_url))
                time.sleep(0.02)
        finally:
            for process in processes:
                process.kill()
                process.wait()
        assert kills >= 1
        assert {job.done for job in store.jobs()} == {35}
        assert in_order(store.positions()) == whole(make_tracker(), given)


def test_a_worker_process_is_begun_anew_and_ends_with_the_service(tmp_path: Path) -> None:
    db = str(tmp_path / "db")
    process = WorkerProcess(Settings(db=db, job_lease=LEASE))
    with Store.open(db) as store:

        def works(text: str) -> None:
            job = store.submit(INGEST, {"articles": [{"text": text}]}, total=1)
            assert job is not None
            deadline = time.monotonic() + 120
            while (now := store.job(job.id)) is None or now.state != "done":
                assert time.monotonic() < deadline, now
                time.sleep(0.05)
            assert now.result is not None
            assert now.result["rejected"] == 1

        process.start()
        try:
            works("?!")
            first = process._process
            assert first is not None
            first.kill()
            works("!?")
        finally:
            process.stop()
    assert not process.alive


def begin(url: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    return subprocess.Popen([sys.executable, "-c", WORKER, url], env={"PYTHONPATH": path})


def test_the_demonstration_is_a_request_that_may_be_sent() -> None:
    request = demonstration()
    assert len(request.articles) == 48
    assert IngestRequest.model_validate_json(request.model_dump_json()) == request
    assert len(request.articles) <= Settings().max_articles
    assert INGEST == "ingest"
