"""Texts that are to be analysed → the model, a few of those that wait at a time.

A few threads of the model's own take what waits, as many articles as a budget of characters
allows, and put the questions of all of them to it in batches (`stance.engine`). Nobody else
waits for these threads, and once too many texts wait a further one is refused.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from service.refused import Refused
from stance.engine import Engine
from stance.pipeline import Tracker
from stance.records import Article, Position

RETRY_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Analysed:
    """The positions of an article, and the tracker that found them."""

    tracker: Tracker
    positions: tuple[Position, ...]


@dataclass(slots=True, eq=False)
class _Waiting:
    make: Callable[[Tracker], Article]
    size: int
    answer: Future[tuple[Article, Analysed]] = field(default_factory=Future)


class Analyses:
    """The queue before the model. ``tracker`` tells which one answers at a moment."""

    def __init__(
        self,
        tracker: Callable[[], Tracker],
        *,
        threads: int,
        most_waiting: int,
        characters: int,
        seconds: float,
    ) -> None:
        self._seconds = seconds
        self._tracker, self._most, self._characters = tracker, most_waiting, characters
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._count, self._threads = threads, 0
        self._stopped = False

    @property
    def waiting(self) -> int:
        """How many texts no thread has taken yet."""
        return len(self._queue)

    async def analyse(
        self, make: Callable[[Tracker], Article], size: int
    ) -> tuple[Article, Analysed]:
        """The positions of the article that ``make`` makes; ``size`` counts its characters.

        Raises what ``make`` raises, and `Refused` (429) where too many are waiting or none of
        the model's threads took it in time.
        """
        one = _Waiting(make, size)
        with self._changed:
            if len(self._queue) >= self._most:
                raise Refused(
                    429,
                    f"{self._most} texts are waiting for the model, the most there may be",
                    headers={"Retry-After": str(RETRY_SECONDS)},
                )
            self._stopped = False
            self._queue.append(one)
            while self._threads < self._count:
                self._threads += 1
                threading.Thread(target=self._work, name="analysis", daemon=True).start()
            self._changed.notify()
        answer = asyncio.wrap_future(one.answer)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), self._seconds)
        except TimeoutError:
            if not self._give_up(one):
                return await answer
        raise Refused(
            429,
            f"the model had no time for it within {self._seconds:g} seconds",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )

    def _give_up(self, one: _Waiting) -> bool:
        """Take a text back that no thread has taken; false where one has."""
        with self._changed:
            if one not in self._queue:
                return False
            self._queue.remove(one)
        return True

    def stop(self) -> None:
        """End the threads; what waits is given up."""
        with self._changed:
            self._stopped = True
            for one in self._queue:
                one.answer.cancel()
            self._queue.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        engine: Engine | None = None
        of: Tracker | None = None
        while batch := self._take():
            tracker = self._tracker()
            if engine is None or of is not tracker:
                engine, of = Engine(tracker), tracker
            _answer(engine, tracker, batch)

    def _take(self) -> list[_Waiting]:
        """The next texts of one batch; nothing once the threads are to end."""
        batch: list[_Waiting] = []
        with self._changed:
            while not batch:
                while not self._queue and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    self._threads -= 1
                    return []
                room = self._characters
                while self._queue and (not batch or self._queue[0].size <= room):
                    one = self._queue.popleft()
                    room -= one.size
                    if one.answer.set_running_or_notify_cancel():  # the asker is still there
                        batch.append(one)
        return batch


def _answer(engine: Engine, tracker: Tracker, batch: Sequence[_Waiting]) -> None:
    made: list[tuple[_Waiting, Article]] = []
    for one in batch:
        try:
            made.append((one, one.make(tracker)))
        except Exception as error:  # the asker's to hear, whatever it is
            one.answer.set_exception(error)
    try:
        found = [outcome.positions for outcome in engine.run(article for _, article in made)]
    except Exception as error:
        if len(made) == 1:
            made[0][0].answer.set_exception(error)
            return
        for one, article in made:  # one text must not take the others down
            _answer_alone(engine, tracker, one, article)
        return
    for (one, article), positions in zip(made, found, strict=True):
        one.answer.set_result((article, Analysed(tracker, positions)))


def _answer_alone(engine: Engine, tracker: Tracker, one: _Waiting, article: Article) -> None:
    try:
        (outcome,) = engine.run([article])
    except Exception as error:
        one.answer.set_exception(error)
    else:
        one.answer.set_result((article, Analysed(tracker, outcome.positions)))
