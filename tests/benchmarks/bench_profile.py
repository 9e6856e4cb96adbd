"""The share of `stance run`'s wall time that the model's forward pass takes, on articles.

``python tests/benchmarks/bench_profile.py [N]`` runs the first N demonstration articles (all of
them without N) as `stance run` does: read, judged on one thread, clustered, written. Loading the
model and the register is left out, as it is paid once a run. The goal is a share of 0.70.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from stance.clusters import clustered
from stance.mentions import unresolved
from stance.pipeline import Tracker
from stance.reading import read
from stance.records import Article
from stance.tables import PositionWriter

SEEDS = Path(__file__).parent.parent.parent / "seeds" / "articles" / "articles.jsonl"
GOAL = 0.70

T = TypeVar("T")


class Clock:
    """Adds up the wall time of named parts of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, work: Callable[..., T]) -> Callable[..., T]:
        def call(*args: Any, **options: Any) -> T:
            start = time.perf_counter()
            try:
                return work(*args, **options)
            finally:
                spent = time.perf_counter() - start
                self.seconds[name] = self.seconds.get(name, 0.0) + spent

        return call


class TimedSession:
    """An ONNX Runtime session whose runs are timed."""

    def __init__(self, session: Any, clock: Clock) -> None:
        self.run = clock.timed("forward pass", session.run)


def articles(limit: int | None) -> Iterator[Article]:
    """The first demonstration articles."""
    found = (one for one in read([str(SEEDS)]) if isinstance(one, Article))
    return islice(found, limit)


def profile(tracker: Tracker, limit: int | None) -> tuple[Clock, float, int]:
    """The clock, the wall seconds of everything, and how many articles were read."""
    clock, count = Clock(), 0
    scorer: Any = tracker.scorer
    scorer._session = TimedSession(scorer._session, clock)
    parts: Any = tracker
    for name, part in (("reading", "read"), ("attribution", "report"), ("judging", "judge")):
        setattr(parts, part, clock.timed(name, getattr(tracker, part)))
    start = time.perf_counter()
    printed = []
    for article in articles(limit):
        reading = tracker.read(article)
        unresolved(article.text, reading.sentences, reading.mentions)
        printed.append((article, tracker.positions(article, reading)))
        count += 1
    with (
        tempfile.TemporaryDirectory() as folder,
        PositionWriter(Path(folder) / "positions.csv") as writer,
    ):
        for row in clustered(printed):
            writer.write(row)
    return clock, time.perf_counter() - start, count


def main() -> None:
    """Print each part's seconds and share."""
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
    tracker = Tracker.load(threads=1)
    tracker.analyze("Orban rejected sanctions on Russia.")  # what is lazy is loaded now
    clock, total, count = profile(tracker, limit)
    spent = clock.seconds
    forward = spent.get("forward pass", 0.0)
    rows = {
        "forward pass": forward,
        "rest of judging (questions, tokens)": spent.get("judging", 0.0) - forward,
        "sentences, mentions, candidates": spent.get("reading", 0.0),
        "rows and attribution": spent.get("attribution", 0.0),
    }
    rows["input, clusters, table"] = total - sum(rows.values())
    for name, seconds in rows.items():
        print(f"{name:36}{seconds:9.3f} s {seconds / total:7.1%}")
    print(
        f"{count} articles in {total:.2f} s; share of the forward pass {forward / total:.3f} "
        f"(goal {GOAL:.2f})"
    )


if __name__ == "__main__":
    main()
