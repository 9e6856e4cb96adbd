"""What the handlers share: the tracker, the limits, and the room that analyses run in."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, cast

import anyio
import anyio.to_thread
from fastapi import Depends, Request

from service.schemas import Analysis, AnalyzeRequest, Article, Position, Versions
from service.settings import Settings
from stance.pipeline import Tracker
from stance.records import CODEBOOK_VERSION
from stance.register import Actors, Issues


class Context:
    """One per app. ``ready`` is true once the model has judged its first sentence."""

    def __init__(self, tracker: Tracker, settings: Settings) -> None:
        self.tracker, self.settings = tracker, settings
        self.ready = False
        self._data_version = data_version(tracker.actors, tracker.issues)
        self._room = anyio.CapacityLimiter(settings.parallel_analyses)

    def versions(self) -> Versions:
        """The versions that an answer names."""
        return Versions(
            data_version=self._data_version,
            model_version=self.tracker.model_version,
            codebook_version=CODEBOOK_VERSION,
        )

    async def analyze(self, request: AnalyzeRequest) -> Analysis:
        """The positions of a text, found on a thread so that other requests go on.

        Waits while ``parallel_analyses`` others run. Raises ``InputError`` for a text without
        words.
        """
        return await anyio.to_thread.run_sync(self._analyze, request, limiter=self._room)

    def _analyze(self, request: AnalyzeRequest) -> Analysis:
        article = self.tracker.article(
            request.text,
            title=request.title,
            published=request.published,
            source=request.source,
            url=request.url,
        )
        positions = self.tracker.positions(article)
        return Analysis(
            versions=self.versions(),
            article=Article.of(article),
            positions=[Position.of(position) for position in positions],
        )

    async def warm_up(self) -> None:
        """Put one sentence to the model, so that the first request does not wait for it."""
        actors, issues = self.tracker.actors.entries, self.tracker.issues.entries
        if actors and issues:
            sentence = f"{actors[0].name} spoke of {issues[0].cues[0].rstrip('*')}."
            await self.analyze(AnalyzeRequest(text=sentence))
        self.ready = True


def data_version(actors: Actors, issues: Issues) -> str:
    """16 hex digits over all that is tracked: another actor, alias or cue is another version."""
    dump = {
        "actors": [actor.model_dump(mode="json", by_alias=True) for actor in actors.entries],
        "bodies": actors.bodies,
        "ignore": actors.ignore,
        "issues": [issue.model_dump(mode="json", by_alias=True) for issue in issues.entries],
    }
    return hashlib.sha256(json.dumps(dump, sort_keys=True).encode()).hexdigest()[:16]


async def context_of(request: Request) -> Context:
    """The context of the app that answers a request."""
    return cast(Context, request.app.state.context)


Here = Annotated[Context, Depends(context_of)]
