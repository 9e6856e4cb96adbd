"""What the handlers share: the tracker, the limits, and the room that analyses run in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar, cast

import anyio
import anyio.to_thread
from fastapi import Depends, HTTPException, Request

from service.analyses import Analyses
from service.models import Follower, Models
from service.observing import Figures
from service.rates import Rates
from service.schemas import Analysis, AnalyzeRequest, Article, ModelUpdate, Position, Versions
from service.settings import Settings
from stance.pipeline import Tracker
from stance.records import CODEBOOK_VERSION
from stance.records import Article as ArticleRecord
from stance.register import data_version
from stance.scorer import Scorer
from stance.store import Store

T = TypeVar("T")


class Worker(Protocol):
    """What works off the jobs of the store."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @property
    def alive(self) -> bool: ...


class Context:
    """One per app. ``ready`` is true once the model has judged its first sentence.

    ``models``, where given, may put another model in the tracker's place between requests.
    """

    def __init__(
        self,
        tracker: Tracker,
        settings: Settings,
        models: Models | None = None,
        store: Store | None = None,
        worker: Worker | None = None,
    ) -> None:
        self.tracker, self.settings = tracker, settings
        self.store, self.worker = store, worker
        self.ready = False
        self._data_version = data_version(tracker.actors, tracker.issues)
        self._readers = anyio.CapacityLimiter(settings.parallel_queries)
        self.figures = Figures()
        self.rates = Rates(settings.rate)
        self.analyses = Analyses(
            lambda: self.tracker,
            threads=settings.parallel_analyses,
            most_waiting=settings.max_waiting_analyses,
            characters=settings.batch_characters,
            seconds=settings.max_wait_seconds,
        )
        self._follower: Follower | None = None
        if models is not None:
            self._follower = Follower(
                models, serving=lambda: self.tracker.model_version, adopt=self._adopt
            )

    def versions(self, tracker: Tracker | None = None) -> Versions:
        """The versions that an answer names: those of ``tracker``, else of the one at present."""
        return Versions(
            data_version=self._data_version,
            model_version=(tracker or self.tracker).model_version,
            codebook_version=CODEBOOK_VERSION,
        )

    @property
    def model_update(self) -> ModelUpdate | None:
        """A current model that does not answer yet, or could not be loaded."""
        return self._follower.update if self._follower else None

    def look(self) -> None:
        """Between two requests: whether another model is current. Never waits."""
        if self._follower and self.ready:
            self._follower.look()

    def stop(self) -> None:
        """No request is taken from here on."""
        self.ready = False
        self.analyses.stop()
        if self._follower:
            self._follower.stop()

    def _adopt(self, scorer: Scorer) -> None:
        """A new tracker, so that analyses under way end with the model they began with."""
        self.tracker = Tracker(self.tracker.reader, scorer)

    async def aside(self, work: Callable[[], T]) -> T:
        """Work on the store, on a thread, so that other requests go on meanwhile."""
        return await anyio.to_thread.run_sync(work, limiter=self._readers)

    async def analyze(self, request: AnalyzeRequest) -> Analysis:
        """The positions of a text, found on the model's threads so that other requests go on.

        Raises ``InputError`` for a text without words, and `Refused` where too many wait.
        """

        def make(tracker: Tracker) -> ArticleRecord:
            return tracker.article(
                request.text,
                title=request.title,
                published=request.published,
                source=request.source,
                url=request.url,
            )

        article, analysed = await self.analyses.analyse(make, len(request.text))
        return Analysis(
            versions=self.versions(analysed.tracker),
            article=Article.of(article),
            positions=[Position.of(position) for position in analysed.positions],
        )

    async def warm_up(self) -> None:
        """Put one sentence to the model, so that the first request does not wait for it."""
        actors, issues = self.tracker.actors.entries, self.tracker.issues.entries
        if actors and issues:
            sentence = f"{actors[0].name} spoke of {issues[0].cues[0].rstrip('*')}."
            await self.analyze(AnalyzeRequest(text=sentence))
        self.ready = True


async def context_of(request: Request) -> Context:
    """The context of the app that answers a request."""
    context = cast(Context, request.app.state.context)
    context.look()
    return context


Here = Annotated[Context, Depends(context_of)]


async def store_of(here: Here) -> Store:
    """The store of the app; one that was started without has nothing at the addresses of data."""
    if here.store is None:
        raise HTTPException(404, "this service keeps no store")
    return here.store


Stored = Annotated[Store, Depends(store_of)]
