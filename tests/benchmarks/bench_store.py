"""Asking a SQLite store of 10 thousand, 100 thousand and 1 million positions, and adding to it.

A seeded generator fills it: ten positions an article over three years, 200 actors and 20 issues,
one actor with 20 % and one with 1 % of the rows; every text is its own and has its signature in
the index. That is written in bulk. What is timed goes through the library: the full matrix, and
the shifts of the two actors, each asked for the first time and once more from a store that was
opened anew; and 200 articles appended one by one, every fifth a reprint of an earlier one and
every fifth with a quotation that goes round; after that, the matrix again, of which only the
cells that these articles touched are worked out.

    python tests/benchmarks/bench_store.py [POSITIONS ...]
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from stance import reprints
from stance.records import STANCES, Article, Position
from stance.store import Entry, Query, Store
from stance.store.coding import deflated

SIZES = (10_000, 100_000, 1_000_000)
PER_ARTICLE = 10
ACTORS, ISSUES, DAYS = 200, 20, 1095
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
APPENDED = 200
MODEL = "generated-1"
WORDS = [
    f"{a}{b}" for a in "ba de fi go ku la me no pu ri".split() for b in "rn st lk mp nd".split()
]


def text_of(draw: random.Random) -> str:
    """Words without a meaning, each text its own."""
    return " ".join(draw.choices(WORDS, k=80))


def actor_of(draw: random.Random) -> int:
    share = draw.random()
    return 0 if share < 0.2 else 1 if share < 0.21 else draw.randrange(2, ACTORS)


def probabilities(draw: random.Random, actor: int, issue: int, day: int) -> tuple[int, list[float]]:
    """A stance with its probabilities; one in ten series turns round half-way."""
    turned = (actor * ISSUES + issue) % 10 == 0 and day > DAYS // 2
    leaning = ((actor * 7 + issue * 3) % 2) ^ turned
    stance = leaning if draw.random() < 0.75 else draw.randrange(3)
    sure = round(draw.uniform(0.6, 0.97), 4)
    rest = round((1 - sure) / 4, 4)
    return stance, [sure if k == stance else rest for k in range(3)]


def fill(path: Path, positions: int) -> None:
    """Write the tables of a store in bulk; the library itself makes and opens it."""
    with Store.open(str(path)) as store:
        store.use_model(MODEL)
    draw = random.Random(positions)
    articles = positions // PER_ARTICLE
    bands: list[tuple[int, int]] = []
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("UPDATE state SET version = 2")
        put(db, "commits", "version at what", [(2, time.time(), "append")])
        put(db, "pairs", "number actor issue shown_actor shown_issue revision", _pairs())
        columns = "number id title source published moment text signature story added"
        put(db, "articles", columns, _articles(draw, articles, bands))
        put(db, "bands", "hash article", sorted(set(bands)))
        columns = "number article start end text candidates"
        put(db, "statements", columns, map(_statement, range(positions)))
        columns = (
            "number id article statement pair model stance score p_support p_oppose p_neutral "
            "evidence moment codebook cue via addressee name cluster compared added"
        )
        put(db, "positions", columns, _positions(draw, positions))
        put(db, "scored", "model article", ((1, n + 1) for n in range(articles)))
    db.close()


def put(db: sqlite3.Connection, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows whose values are in the order of these columns."""
    names = ", ".join(f'"{name}"' for name in columns.split())
    marks = ", ".join("?" * len(columns.split()))
    db.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def day_of(article: int) -> int:
    """Days after the first day; every day has about as many articles."""
    return (article * 7919) % DAYS


def _pairs() -> Iterator[tuple[Any, ...]]:
    for n in range(ACTORS * ISSUES):
        actor, issue = f"a{n // ISSUES:03}", f"i{n % ISSUES:02}"
        yield (n + 1, actor, issue, actor, issue, 2)


def _articles(
    draw: random.Random, count: int, bands: list[tuple[int, int]]
) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        text = text_of(draw)
        signature = reprints.signature(text)
        bands += [(int.from_bytes(b, "big", signed=True), n + 1) for b in reprints.bands(signature)]
        when = FIRST + timedelta(days=day_of(n))
        dated = (when.isoformat(), when.timestamp())
        kept = (deflated(text), signature.astype("<u4").tobytes())
        yield (n + 1, f"{n:016x}", "A title", f"outlet {n % 30}", *dated, *kept, n + 1, 2)


def _statement(n: int) -> tuple[Any, ...]:
    start = n % PER_ARTICLE * 50
    return (n + 1, n // PER_ARTICLE + 1, start, start + 40, "words of no meaning", "[]")


def _positions(draw: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        article, actor, issue = n // PER_ARTICLE, actor_of(draw), draw.randrange(ISSUES)
        day = day_of(article)
        stance, p = probabilities(draw, actor, issue, day)
        name = draw.getrandbits(63)
        when = (FIRST + timedelta(days=day)).timestamp()
        refers = (article + 1, n + 1, actor * ISSUES + issue + 1, 1)
        scores = (stance, max(p), *p, draw.randrange(5), when)
        yield (n + 1, f"{n:024x}", *refers, *scores, "1", "", "", "", name, name, 0, 2)


def entries(count: int) -> Iterator[Entry]:
    """New articles as a run would add them: reprints, quotations that go round, and plain ones."""
    draw = random.Random(count)
    earlier: list[str] = []
    quotation = "we will not be told by anybody what to do with our own money"
    for n in range(count):
        words = text_of(draw)
        if n % 5 == 0 and earlier:
            words = draw.choice(earlier) + f" extra{n}"
        earlier.append(words)
        said = f'He said: "{quotation}, not now in {n}".' if n % 5 == 1 else ""
        when = FIRST + timedelta(days=DAYS + n % 30)
        article = Article(f"{words} {said}", source="new outlet", published=when)
        spans = [(k * 30, k * 30 + 28) for k in range(PER_ARTICLE)]
        if said:
            spans[0] = (len(words) + 1, len(article.text))
        yield Entry(article, (), [_row(draw, article, span) for span in spans])


def _row(draw: random.Random, article: Article, span: tuple[int, int]) -> Position:
    actor, issue = actor_of(draw), draw.randrange(ISSUES)
    stance, (support, oppose, neutral) = probabilities(draw, actor, issue, DAYS)
    return Position(
        article_id=article.id,
        actor=f"a{actor:03}",
        issue=f"i{issue:02}",
        stance=STANCES[stance],
        score=max(support, oppose, neutral),
        p_support=support,
        p_oppose=oppose,
        p_neutral=neutral,
        evidence="quote",
        start=span[0],
        end=span[1],
        text=article.text[slice(*span)],
        published=article.published,
        model_version=MODEL,
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def asked(path: Path, ask: Callable[[Store], object]) -> float:
    """Seconds that an answer takes from a store opened for it, the opening left out."""
    with Store.open(str(path)) as store:
        store.data_version()
        return seconds(lambda: ask(store))


def measure(path: Path, positions: int) -> None:
    print(f"{positions:,} positions, {path.stat().st_size / 1e6:,.0f} MB, filled")
    questions: dict[str, Callable[[Store], object]] = {
        "full matrix": lambda store: store.matrix(),
        "shifts of the actor with 1 %": lambda store: store.shifts(Query(actors=["a001"])),
        "shifts of the actor with 20 %": lambda store: store.shifts(Query(actors=["a000"])),
    }
    for name, ask in questions.items():
        first = asked(path, ask)
        again = median(asked(path, ask) for _ in range(3))
        print(f"  {name}: first {first:,.2f} s, again {again * 1000:,.0f} ms", flush=True)
    with Store.open(str(path)) as store:
        took = [seconds(lambda e=one: store.append([e], MODEL)) for one in entries(APPENDED)]
    middle, high = 1000 * median(took), 1000 * float(np.percentile(took, 95))
    print(f"  append: median {middle:.1f} ms an article, 95th percentile {high:.1f} ms")
    again = asked(path, questions["full matrix"])
    print(f"  full matrix after {APPENDED} articles: {again:,.2f} s", flush=True)


def main(sizes: list[int]) -> None:
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "store.db"
            took = seconds(lambda p=path, n=size: fill(p, n))
            print(f"(generated in {took:.0f} s)")
            measure(path, size)


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or list(SIZES))
