"""Articles → a store, by way of a tracker: the one place that knows both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stance.attribution import Attribution
from stance.pipeline import Tracker
from stance.records import Article
from stance.stages import Reading
from stance.store.store import Store
from stance.store.writing import Entry


def ingest(
    store: Store,
    tracker: Tracker,
    articles: Iterable[Article],
    noticed: Callable[[Article, Reading], None] | None = None,
) -> tuple[int, int]:
    """Put those articles into a store that it does not have; returns their and their rows' number.

    Each article is a transaction of its own: whatever stops this, every article is there whole
    or not at all, and doing it again adds those that are missing. ``noticed`` is told what was
    read in each new article. Raises ``StoreError``.
    """
    use_model(store, tracker)
    added = rows = 0
    for article in articles:
        if store.known([article.id]):
            continue
        reading = tracker.read(article)
        entry = judged(tracker, article, reading)
        if noticed is not None:
            noticed(article, reading)
        if store.append([entry], tracker.model_version):
            added, rows = added + 1, rows + len(entry.positions)
    return added, rows


def use_model(store: Store, tracker: Tracker) -> None:
    """Make a tracker's model known to a store, with its thresholds and its confusion."""
    store.use_model(tracker.model_version, model_info(tracker))


def model_info(tracker: Tracker) -> dict[str, Any]:
    """What a tracker's model says of itself, if it does."""
    info = getattr(tracker.scorer, "info", None)
    return {} if info is None else info.model_dump(mode="json", exclude={"version"})


def judged(tracker: Tracker, article: Article, reading: Reading) -> Entry:
    """An article with all that its model was asked about it, and the rows that came of it."""
    found = tracker.judge(article, reading)
    candidates = [one.candidate for one in found]
    said = [
        Attribution() if one.voices is None else one.voices.of(c.actor, c.start, c.end)
        for one, c in zip(found, candidates, strict=True)
    ]
    return Entry(article, candidates, tracker.report(article, found), said)
