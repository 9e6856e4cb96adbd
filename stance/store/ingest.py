"""Articles → a store, by way of a tracker: the one place that knows both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stance.engine import Engine, Outcome, Settings
from stance.pipeline import Tracker
from stance.records import Article
from stance.store.store import Store
from stance.store.writing import Entry


def ingest(
    store: Store,
    tracker: Tracker,
    articles: Iterable[Article],
    noticed: Callable[[Outcome], None] | None = None,
    settings: Settings | None = None,
) -> tuple[int, int]:
    """Put those articles into a store that it does not have; returns their and their rows' number.

    Each article is a transaction of its own: whatever stops this, every article is there whole
    or not at all, and doing it again adds those that are missing. ``noticed`` is told what came
    of each new article. Raises ``StoreError``.
    """
    use_model(store, tracker)
    added = rows = 0
    fresh = (article for article in articles if not store.known([article.id]))
    for outcome in Engine(tracker, settings).run(fresh):
        entry = Entry(outcome.article, outcome.candidates, outcome.positions, outcome.said)
        if noticed is not None:
            noticed(outcome)
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
