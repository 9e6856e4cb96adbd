"""Which model answers: the one that is current in the registry, taken up without a restart."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import anyio.to_thread

from service.schemas import ModelUpdate
from stance.errors import StanceError
from stance.registry import Registry
from stance.scorer import Scorer, load_tried

EVERY: Final = 1.0
"""Seconds between two looks at the registry, at the least."""

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)


class Models(Protocol):
    """What a registry is asked of."""

    def stamp(self) -> object:
        """Changes whenever another model may have become current; costs next to nothing."""
        ...

    def current(self) -> str:
        """The version that is current; raises ``StanceError``."""
        ...

    def load(self, version: str) -> Scorer:
        """A model that has answered a question; raises ``StanceError``."""
        ...


class PublishedModels:
    """The models of a registry folder."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def stamp(self) -> object:
        return self._registry.stamp()

    def current(self) -> str:
        return self._registry.current_version()

    def load(self, version: str) -> Scorer:
        return load_tried(self._registry.find(version))


class Follower:
    """Loads the model that became current while the one before goes on answering.

    ``serving`` tells the version that answers; ``adopt`` is given the model that is to. A model
    that cannot be loaded is told in ``update`` and in the log, and tried again only when the
    registry changes again.
    """

    def __init__(
        self,
        models: Models,
        *,
        serving: Callable[[], str],
        adopt: Callable[[Scorer], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.update: ModelUpdate | None = None
        self._models, self._serving, self._adopt, self._clock = models, serving, adopt, clock
        self._seen: object = object()  # no stamp, so that the first look compares
        self._next_look = -float("inf")
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Start loading where the current model is another; called between requests."""
        if self._clock() < self._next_look or (self._task and not self._task.done()):
            return
        self._next_look = self._clock() + EVERY
        stamp = self._models.stamp()
        if stamp != self._seen:
            self._seen = stamp
            self._task = asyncio.get_running_loop().create_task(self._follow())

    def stop(self) -> None:
        """Give up what is being loaded."""
        if self._task:
            self._task.cancel()

    async def _follow(self) -> None:
        version: str | None = None
        try:
            version = current = await _aside(self._models.current)
            if current != self._serving():
                self.update = ModelUpdate(
                    version=current, state="loading", detail="the model before answers until then"
                )
                self._adopt(await _aside(lambda: self._models.load(current)))
            self.update = None
        except Exception as error:  # whatever it is, the model that answers goes on
            _log.error("%s", error, exc_info=not isinstance(error, StanceError))
            self.update = ModelUpdate(
                version=version,
                state="failed",
                detail="the current model could not be loaded, the log tells why; "
                "the model before goes on answering",
            )


async def _aside(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
