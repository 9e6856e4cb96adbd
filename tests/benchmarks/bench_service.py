"""The service under load: `stance serve` on a SQLite store of 100 thousand positions.

The store is filled as in `bench_store`, with the shipped register's actors and issues among its
names. In one run, by the same two clients: matrix queries (one actor's, one issue's) on the idle
service, and while a job of 500 made articles runs; then 50 clients that send texts to analyze as
quickly as they are answered. What to look at are the ratios; memory is that of the service with
its worker (resident, shared pages counted in each).

    python tests/benchmarks/bench_service.py [--positions N] [--articles N] [--seconds N]
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bench_store
import httpx
import numpy as np
import psutil
from made import made

from stance.register import load_actors, load_issues
from stance.registry import shipped_version

CLIENTS, CROWD = 2, 50
IDLE_SECONDS = 20.0
CROWD_SECONDS = 15.0
TEXT = (
    "Orban vetoed new sanctions on Russia. Zelensky called for more weapons and rejected a "
    "ceasefire on Russian terms. Macron said that troops should be sent to Ukraine. {}"
)


def fill(path: Path, positions: int) -> list[str]:
    """A store whose rows are the shipped model's; gives the addresses of its matrices."""
    bench_store.MODEL = shipped_version()
    bench_store.fill(path, positions)
    actors = [one.id for one in load_actors().entries][: bench_store.ACTORS]
    issues = [one.id for one in load_issues().entries][: bench_store.ISSUES]
    with sqlite3.connect(path) as db:
        for column, names, old in (("actor", actors, "a{:03}"), ("issue", issues, "i{:02}")):
            db.executemany(
                f"UPDATE pairs SET {column} = ?, shown_{column} = ? WHERE {column} = ?",
                [(name, name, old.format(n)) for n, name in enumerate(names)],
            )
    db.close()
    return [f"/v1/actors/{one}/matrix" for one in actors] + [
        f"/v1/matrix?issue={one}" for one in issues
    ]


@contextmanager
def served(store: Path) -> Iterator[tuple[str, psutil.Process, float]]:
    """The service in a process of its own: its address, itself, and its seconds until ready."""
    log = store.with_suffix(".log").open("w")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "stance", "serve", "--db", str(store), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=os.environ | {"STANCE_MAX_REQUESTS": "40"},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        while True:
            try:
                if httpx.get(f"{address}/v2/health/ready", timeout=60).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        yield address, psutil.Process(process.pid), time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def memory(process: psutil.Process) -> float:
    """Resident megabytes of the service and its worker."""
    return sum(one.memory_info().rss for one in [process, *process.children(True)]) / 1e6


class Asked:
    """What clients saw: seconds of each answer, and how often each status came."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()

    def percentile(self, q: float) -> float:
        return 1000 * float(np.percentile(self.seconds, q))

    def __str__(self) -> str:
        shown = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        times = " / ".join(f"{self.percentile(q):.0f}" for q in (50, 95, 99, 100))
        return f"{shown}; p50 / p95 / p99 / most {times} ms"


def crowd(
    count: int, ask: Callable[[httpx.Client, int], httpx.Response], going: Callable[[], bool]
) -> Asked:
    """So many clients, each sending its next request when the last is answered."""
    seen, lock = Asked(), threading.Lock()
    ready = threading.Barrier(count)

    def work(n: int) -> None:
        with httpx.Client(timeout=60, verify=False) as client:  # nothing here is encrypted
            ready.wait()
            while going():
                began = time.perf_counter()
                try:
                    status = str(ask(client, n).status_code)
                except httpx.TransportError as error:
                    status = type(error).__name__
                with lock:
                    seen.seconds.append(time.perf_counter() - began)
                    seen.statuses[status] += 1

    threads = [threading.Thread(target=work, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def measure(positions: int, articles: int, most: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "stance.db"
        matrices = fill(store, positions)
        with served(store) as (address, process, ready):
            print(f"ready after {ready:.1f} s, {memory(process):.0f} MB")
            _queries(address, process, matrices, articles, most)
            _overload(address, process)


def _queries(
    address: str, process: psutil.Process, matrices: list[str], articles: int, most: float
) -> None:
    draws = [random.Random(n) for n in range(CLIENTS)]

    def ask(client: httpx.Client, n: int) -> httpx.Response:
        time.sleep(0.05)  # a person or a script that does something with the answer
        return client.get(address + draws[n].choice(matrices))

    with httpx.Client(timeout=120) as client:
        began = time.perf_counter()
        for one in matrices:
            assert client.get(address + one).status_code == 200
        print(f"each matrix once: {time.perf_counter() - began:.1f} s")
        end = time.monotonic() + IDLE_SECONDS
        idle = crowd(CLIENTS, ask, lambda: time.monotonic() < end)
        print(f"idle: {idle}")
        before = memory(process)
        body = {
            "articles": [
                {"title": a["title"], "text": a["text"], "published": a["date"]}
                for a in made(articles)
            ]
        }
        sent = client.post(f"{address}/v1/articles", json=body)
        assert sent.status_code == 202, sent.text
        where = address + sent.headers["location"]
        end, peak = time.monotonic() + most, [before]
        job: dict[str, Any] = {}

        def watch() -> None:
            while job.get("state") not in ("done", "failed") and time.monotonic() < end:
                job.update(client.get(where).json()["job"])
                peak.append(memory(process))
                time.sleep(1)

        watcher = threading.Thread(target=watch)
        watcher.start()
        busy = crowd(CLIENTS, ask, watcher.is_alive)
        watcher.join()
    print(f"during the job: {busy}")
    print(f"job: {job['state']}, {job['done']} of {job['total']} articles")
    print(f"p99 during the job / idle: {busy.percentile(99) / idle.percentile(99):.1f}")
    print(f"memory before / most / last: {before:.0f} / {max(peak):.0f} / {peak[-1]:.0f} MB")


def _overload(address: str, process: psutil.Process) -> None:
    before, numbers = memory(process), iter(range(10**9))
    ends: list[float] = []

    def going() -> bool:
        if not ends:
            ends.append(time.monotonic() + CROWD_SECONDS)
        return time.monotonic() < ends[0]

    def ask(client: httpx.Client, _: int) -> httpx.Response:
        body = {"text": TEXT.format(f"Number {next(numbers)} said nothing.")}
        return client.post(f"{address}/v1/analyze", json=body)

    seen = crowd(CROWD, ask, going)
    print(f"{CROWD} clients at once: {seen}")
    print(f"memory before / after: {before:.0f} / {memory(process):.0f} MB")


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--positions", type=int, default=100_000)
    given.add_argument("--articles", type=int, default=500)
    given.add_argument("--seconds", type=float, default=900.0)
    asked = given.parse_args()
    measure(asked.positions, asked.articles, asked.seconds)


if __name__ == "__main__":
    main()
